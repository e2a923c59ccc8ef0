"""What the rules on services' own identities look at: what is declared, and what stands behind it in a cloud.

The join is by role, identity or account name. Porter's names of Kubernetes service accounts are not documented, so
they never decide which live object a connection means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.baseline.records_services import ServicesBaseline
from scanner.model.common import NotObserved
from scanner.model.inventory import AwsAccount, AwsRole, Inventory, PodIdentityAssociation
from scanner.model.inventory_azure import AzureManagedIdentity, AzureSubscription
from scanner.model.inventory_gcp import GcpProject, GcpServiceAccount
from scanner.model.porter_yaml import (
    FILES,
    PORTER_YAML,
    AwsRoleConnection,
    AzureIdentityConnection,
    CloudSqlConnection,
    Connection,
    DeclaredService,
    GcpServiceAccountConnection,
    PorterYaml,
)
from scanner.model.snapshot import Scope
from scanner.rules.base import Settings


class Declared(msgspec.Struct, frozen=True):
    """One connection of one service, with the file it stands in."""

    file: PorterYaml
    service: DeclaredService
    connection: Connection
    unit_id: str
    pointer: str
    """Of the connection, into the pages of the file's unit."""
    repeated: int = 0
    """How many of the same type stand before it in the service."""

    @property
    def type(self) -> str:
        """Return the connection's type as the file spells it."""
        return type_of(self.connection)

    @property
    def key(self) -> str:
        """Return what names the connection from night to night."""
        again = f":{self.repeated + 1}" if self.repeated else ""
        return f"{self.file.file}#{self.service.name}/{self.type or 'unknown'}{again}"

    @property
    def who(self) -> str:
        """Return app and service."""
        return f"{self.file.app}/{self.service.name}" if self.file.app else self.service.name

    @property
    def where(self) -> str:
        """Return file and line."""
        return f"{self.file.file} line {self.connection.line}"


class DeclaredFile(msgspec.Struct, frozen=True):
    """One porter.yaml as a scope of its own."""

    scope: Scope
    file: PorterYaml
    unit_id: str


class FilesContext(msgspec.Struct, frozen=True):
    """What the rules on a file itself look at."""

    account: DeclaredFile
    inventory: Inventory
    baseline: ServicesBaseline
    settings: Settings
    as_of: datetime
    connections: tuple[Declared, ...]


class AwsServices(msgspec.Struct, frozen=True):
    """What the rules on services' IAM roles look at, for one account."""

    account: AwsAccount
    inventory: Inventory
    baseline: ServicesBaseline
    settings: Settings
    as_of: datetime
    catalogue: Catalogue
    connections: tuple[Declared, ...]
    """The role connections that this account has to answer for."""
    is_vendors: Callable[[AwsRole], str]
    """Return by what a role is the vendor's own, in words; empty: it is not."""

    def role(self, declared: Declared) -> AwsRole | None:
        """Return the role that a connection names, if it was read."""
        connection = declared.connection
        return role_named(self.account, connection.role) if isinstance(connection, AwsRoleConnection) else None

    def roles(self) -> Iterator[tuple[AwsRole, tuple[Declared, ...]]]:
        """Yield each live role that is declared, once, with the connections that name it."""
        found: dict[str, list[Declared]] = {}
        roles: dict[str, AwsRole] = {}
        for declared in self.connections:
            role = self.role(declared)
            if role is not None:
                roles[role.arn] = role
                found.setdefault(role.arn, []).append(declared)
        for arn in sorted(roles):
            yield roles[arn], tuple(found[arn])

    def associations(self, role: AwsRole) -> tuple[PodIdentityAssociation, ...]:
        """Return the associations that give a role to pods."""
        return tuple(one for one in self.account.pod_identities if one.role_arn == role.arn)

    def unread_associations(self) -> tuple[PodIdentityAssociation, ...]:
        """Return the associations whose role was not read."""
        return tuple(one for one in self.account.pod_identities if isinstance(one.role_arn, NotObserved))


class AzureServices(msgspec.Struct, frozen=True):
    """What the rules on services' managed identities look at, for one subscription."""

    account: AzureSubscription
    inventory: Inventory
    baseline: ServicesBaseline
    settings: Settings
    as_of: datetime
    connections: tuple[Declared, ...]

    def identity(self, declared: Declared) -> AzureManagedIdentity | None:
        """Return the identity that a connection names, if it was read; Azure ignores the case of names."""
        connection = declared.connection
        if not isinstance(connection, AzureIdentityConnection):
            return None
        wanted = (connection.resource_group.lower(), connection.identity_name.lower())
        return next((i for i in self.account.identities if (i.resource_group, i.name.lower()) == wanted), None)

    def identities(self) -> Iterator[tuple[AzureManagedIdentity, tuple[Declared, ...]]]:
        """Yield each live identity that is declared, once, with the connections that name it."""
        for identity in sorted(self.account.identities, key=lambda i: i.id.lower()):
            mine = tuple(d for d in self.connections if self.identity(d) == identity)
            if mine:
                yield identity, mine


class GcpServices(msgspec.Struct, frozen=True):
    """What the rules on services' GCP accounts look at, for one project."""

    account: GcpProject
    inventory: Inventory
    baseline: ServicesBaseline
    settings: Settings
    as_of: datetime
    connections: tuple[Declared, ...]

    @property
    def project(self) -> GcpProject:
        """Return the project."""
        return self.account

    def service_account(self, declared: Declared) -> GcpServiceAccount | None:
        """Return the account that a connection names, if it was read."""
        wanted = email_of(declared, self.account.project_id)
        return next((a for a in self.account.service_accounts if a.email == wanted), None)

    def service_accounts(self) -> Iterator[tuple[GcpServiceAccount, tuple[Declared, ...]]]:
        """Yield each live account that is declared, once, with the connections that name it."""
        for account in sorted(self.account.service_accounts, key=lambda a: a.email):
            mine = tuple(d for d in self.connections if self.service_account(d) == account)
            if mine:
                yield account, mine


ServicesContext = FilesContext | AwsServices | AzureServices | GcpServices


def type_of(connection: Connection) -> str:
    """Return a connection's type as porter.yaml spells it; of one that was not understood, what it says."""
    config = connection.__struct_config__
    return str(getattr(connection, "type", None) or (config.tag if config.tag != "unread" else ""))


def declared_connections(inventory: Inventory) -> tuple[Declared, ...]:
    """Return every connection of every file, in file and line order."""
    return tuple(found for file in inventory.porter_yaml for found in _of_file(file, unit_of(inventory, file)))


def unit_of(inventory: Inventory, file: PorterYaml) -> str:
    """Return the id of the unit that holds a file."""
    named = (u.unit_id for u in inventory.units if u.kind == PORTER_YAML and u.scope_id == file.file)
    return next(named, f"{FILES}/{file.file}/global/{PORTER_YAML}")


def _of_file(file: PorterYaml, unit_id: str) -> Iterator[Declared]:
    for place, service in enumerate(file.services):
        seen: dict[str, int] = {}
        for number, connection in enumerate(service.connections):
            pointer = f"/0/services/{place}/connections/{number}"
            kind = type_of(connection)
            yield Declared(file, service, connection, unit_id, pointer, seen.get(kind, 0))
            seen[kind] = seen.get(kind, 0) + 1


def role_named(account: AwsAccount, named: str) -> AwsRole | None:
    """Return the role of a name or ARN; IAM keeps names unique whatever their case, an ARN is taken as written."""
    if named.startswith("arn:"):
        return next((r for r in account.roles if r.arn == named), None)
    return next((r for r in account.roles if r.name.lower() == named.lower()), None)


def account_of_role(named: str) -> str:
    """Return the account of a role's ARN; empty for a name."""
    return named.split(":")[4] if named.startswith("arn:") else ""


def email_of(declared: Declared, project: str) -> str:
    """Return the e-mail address that a connection names; a short name is one of `project`."""
    match declared.connection:
        case GcpServiceAccountConnection(email=email):
            return email
        case CloudSqlConnection(service_account=named):
            return named if "@" in named else f"{named}@{_domain(project)}.iam.gserviceaccount.com"
    return ""


def _domain(project: str) -> str:
    """Return a project's part of e-mail addresses: that of `example.com:name` is `name.example.com`."""
    domain, _, name = project.rpartition(":")
    return f"{name}.{domain}" if domain else name


def project_of_email(email: str) -> str:
    """Return the project of a service account's address."""
    name, _, domain = email.partition("@")[2].removesuffix(".iam.gserviceaccount.com").partition(".")
    return f"{domain}:{name}" if domain else name


def project_of(declared: Declared) -> str:
    """Return the project that a GCP connection names; empty where it names none."""
    match declared.connection:
        case GcpServiceAccountConnection(email=email):
            return project_of_email(email)
        case CloudSqlConnection(service_account=named, connection_name=instance):
            return project_of_email(named) if "@" in named else instance.rpartition(":")[0].rpartition(":")[0]
    return ""


def _mine(
    found: Iterable[Declared], scopes: Iterable[str], scope: str, belongs: Callable[[Declared, str], bool]
) -> tuple[Declared, ...]:
    """Return the connections that a scope answers for: what belongs to no scope that was read is the first one's."""
    known = list(scopes)
    return tuple(
        d for d in found if next((one for one in known if belongs(d, one)), known[0] if known else scope) == scope
    )


def aws_connections(inventory: Inventory, account: AwsAccount) -> tuple[Declared, ...]:
    """Return the role connections that an account answers for."""
    accounts = {one.account_id: one for one in inventory.aws}

    def belongs(declared: Declared, scope: str) -> bool:
        connection = declared.connection
        if not isinstance(connection, AwsRoleConnection):
            return False
        named = account_of_role(connection.role)
        return named == scope if named else role_named(accounts[scope], connection.role) is not None

    found = (d for d in declared_connections(inventory) if isinstance(d.connection, AwsRoleConnection))
    return _mine(found, accounts, account.account_id, belongs)


def azure_connections(inventory: Inventory, subscription: AzureSubscription) -> tuple[Declared, ...]:
    """Return the identity connections that a subscription answers for."""
    held = {
        one.subscription_id: {(i.resource_group, i.name.lower()) for i in one.identities} for one in inventory.azure
    }

    def belongs(declared: Declared, scope: str) -> bool:
        named = declared.connection
        if not isinstance(named, AzureIdentityConnection):
            return False
        return (named.resource_group.lower(), named.identity_name.lower()) in held[scope]

    found = (d for d in declared_connections(inventory) if isinstance(d.connection, AzureIdentityConnection))
    return _mine(found, held, subscription.subscription_id, belongs)


def gcp_connections(inventory: Inventory, project: GcpProject) -> tuple[Declared, ...]:
    """Return the connections to service accounts that a project answers for."""
    found = (
        d
        for d in declared_connections(inventory)
        if isinstance(d.connection, GcpServiceAccountConnection | CloudSqlConnection)
    )
    known = [one.project_id for one in inventory.gcp]
    return _mine(found, known, project.project_id, lambda declared, scope: project_of(declared) == scope)


def file_scope(file: PorterYaml) -> Scope:
    """Return the scope that the findings on a file itself have."""
    return Scope(FILES, PORTER_YAML, file.file, name=file.app)
