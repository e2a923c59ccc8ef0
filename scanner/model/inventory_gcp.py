"""A GCP project as rules see it: service accounts, who may be them, and every policy that reaches the project."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scanner.model.common import EvidencePointer, JsonObject, NotObserved, Observed
from scanner.model.snapshot import Scope


class GcpBinding(msgspec.Struct, frozen=True):
    """One binding of an allow policy."""

    role: str
    members: tuple[str, ...]
    node: str
    """`projects/ID`, `folders/N`, `organizations/N`, or the e-mail of a service account."""
    evidence: EvidencePointer
    condition: JsonObject | None = None
    """None: the provider says the binding is unconditional."""


class GcpPolicy(msgspec.Struct, frozen=True):
    """An allow policy as the provider sent it, and its bindings."""

    node: str
    document: JsonObject
    bindings: tuple[GcpBinding, ...]
    evidence: EvidencePointer


class GcpKey(msgspec.Struct, frozen=True):
    """A user-managed key of a service account. Keys that Google manages are left out."""

    key_id_tail: str
    """Last four characters."""
    origin: str
    created_at: datetime | None
    expires_at: datetime | None
    """None: it never expires."""
    disabled: bool
    evidence: EvidencePointer


class GcpHmacKey(msgspec.Struct, frozen=True):
    """A key with which a service account reaches Cloud Storage through the API of S3."""

    email: str
    """Of the service account."""
    key_id_tail: str
    """Last four characters."""
    created_at: datetime | None
    active: bool
    """False: it is off, and can be turned on again."""
    evidence: EvidencePointer


class GcpServiceAccount(msgspec.Struct, frozen=True):
    """A service account of the project."""

    email: str
    unique_id: str
    evidence: EvidencePointer
    policy: GcpPolicy | NotObserved
    """Who may act as it."""
    keys: tuple[GcpKey, ...] | NotObserved
    display_name: str = ""
    description: str = ""
    disabled: bool = False

    @property
    def account_id(self) -> str:
        """Return the part before `@`."""
        return self.email.partition("@")[0]

    @property
    def member(self) -> str:
        """Return how policies name it."""
        return f"serviceAccount:{self.email}"


class GcpRole(msgspec.Struct, frozen=True):
    """A role definition with its permissions, or why it could not be read."""

    name: str
    definition: Observed[JsonObject] | NotObserved
    evidence: EvidencePointer

    @property
    def permissions(self) -> tuple[str, ...]:
        """Return what it grants today: nothing if it is deleted, disabled or was not read."""
        if not isinstance(self.definition, Observed):
            return ()
        body = self.definition.value
        if body.get("deleted") is True or body.get("stage") == "DISABLED":
            return ()
        return tuple(body.get("includedPermissions") or ())


class GcpCustomRole(msgspec.Struct, frozen=True):
    """A role that the project defines; a deleted one can be restored for a while."""

    name: str
    deleted: bool
    evidence: EvidencePointer


class GcpDenyPolicy(msgspec.Struct, frozen=True):
    """A deny policy of the project or of something above it."""

    name: str
    document: JsonObject
    evidence: EvidencePointer


class GcpProvider(msgspec.Struct, frozen=True):
    """A provider of a workload identity pool."""

    name: str
    evidence: EvidencePointer
    state: str = ""
    disabled: bool = False
    aws_account: str | None = None
    """None: it is not an AWS provider."""
    issuer: str | None = None
    attribute_mapping: tuple[tuple[str, str], ...] = ()
    attribute_condition: str = ""


class GcpPool(msgspec.Struct, frozen=True):
    """A workload identity pool of the project."""

    name: str
    evidence: EvidencePointer
    state: str
    disabled: bool
    providers: tuple[GcpProvider, ...]


class GcpNodePool(msgspec.Struct, frozen=True):
    """Nodes of a GKE cluster, and the service account they run as."""

    cluster: str
    location: str
    name: str
    service_account: str
    """`default` is the project's Compute Engine account."""
    metadata_mode: str
    evidence: EvidencePointer


class GcpAncestor(msgspec.Struct, frozen=True):
    """A folder or the organization above the project."""

    node: str
    policy: GcpPolicy | NotObserved


class GcpProject(msgspec.Struct, frozen=True):
    """One GCP project. An empty tuple means "none" only where the unit that feeds it is complete."""

    project_id: str
    number: str
    """Empty where the project itself could not be read."""
    scope: Scope
    policy: GcpPolicy | NotObserved
    state: str = ""
    parents: tuple[tuple[str, str], ...] = ()
    """Child to parent, from the project up."""
    service_accounts: tuple[GcpServiceAccount, ...] = ()
    roles: tuple[GcpRole, ...] = ()
    custom_roles: tuple[GcpCustomRole, ...] = ()
    ancestors: tuple[GcpAncestor, ...] = ()
    hmac_keys: tuple[GcpHmacKey, ...] = ()
    policies_below: tuple[GcpPolicy, ...] = ()
    """Of resources in the project and of the project itself, as Cloud Asset Inventory finds them; `node` is the
    resource's full name without leading slashes."""
    deny_policies: tuple[GcpDenyPolicy, ...] = ()
    services: tuple[str, ...] = ()
    """Names of the enabled APIs."""
    pools: tuple[GcpPool, ...] = ()
    node_pools: tuple[GcpNodePool, ...] = ()
    billing_enabled: bool | None = None
    """None: not read."""

    @property
    def node(self) -> str:
        """Return the project's name in policies."""
        return f"projects/{self.project_id}"
