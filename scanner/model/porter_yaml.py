"""What a porter.yaml declares: which service is connected to which cloud identity, with the lines that say so."""

from __future__ import annotations

from typing import Final

import msgspec

PORTER_YAML: Final = "porter-yaml"
"""Kind of the collection unit that holds a declared file."""
FILES: Final = "files"
"""What stands in place of a cloud for what is declared in files."""


class AwsRoleConnection(msgspec.Struct, frozen=True, tag_field="connection", tag="awsRole"):
    """An IAM role for a service."""

    line: int
    role: str
    """A role name, or a full ARN."""


class AzureIdentityConnection(msgspec.Struct, frozen=True, tag_field="connection", tag="azureManagedIdentity"):
    """A user-assigned managed identity for a service."""

    line: int
    identity_name: str
    resource_group: str


class GcpServiceAccountConnection(msgspec.Struct, frozen=True, tag_field="connection", tag="gcpServiceAccount"):
    """A GCP service account for a service."""

    line: int
    email: str


class CloudSqlConnection(msgspec.Struct, frozen=True, tag_field="connection", tag="cloudSql"):
    """A Cloud SQL instance, reached as a service account."""

    line: int
    connection_name: str
    """`project:region:instance`."""
    port: int
    service_account: str
    """A service account's name or e-mail."""


class DiskConnection(msgspec.Struct, frozen=True, tag_field="connection", tag="disk"):
    """A persistent disk; grants nothing in a cloud's IAM."""

    line: int
    disk_name: str


class UnreadConnection(msgspec.Struct, frozen=True, tag_field="connection", tag="unread"):
    """A connection that is not as documented, so that what it connects is not known; a problem says why."""

    line: int
    type: str


Connection = (
    AwsRoleConnection
    | AzureIdentityConnection
    | GcpServiceAccountConnection
    | CloudSqlConnection
    | DiskConnection
    | UnreadConnection
)


class EnvName(msgspec.Struct, frozen=True):
    """The name of an environment variable; values are never kept."""

    name: str
    line: int


class DeclaredService(msgspec.Struct, frozen=True):
    """One service of an app."""

    name: str
    line: int
    connections: tuple[Connection, ...] = ()
    env: tuple[EnvName, ...] = ()
    """Its own variables, without the app's."""


class Problem(msgspec.Struct, frozen=True):
    """Something in the file that is not as documented."""

    line: int
    code: str
    """UNKNOWN_TYPE, MISSING_FIELD, WRONG_FORMAT, NOT_RESOLVED, UNKNOWN_FIELD, DUPLICATE_TYPE, STATIC_CREDENTIAL,
    NOT_READ."""
    service: str
    """Empty: the app as a whole."""
    message: str


class PorterYaml(msgspec.Struct, frozen=True):
    """One porter.yaml."""

    file: str
    app: str | None
    """None: the file does not name its app."""
    services: tuple[DeclaredService, ...]
    env: tuple[EnvName, ...] = ()
    """The app's variables, which every service gets."""
    problems: tuple[Problem, ...] = ()
    """In line order."""
