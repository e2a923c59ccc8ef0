"""What rules see of an Azure subscription and its Entra tenant."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scanner.model.common import EvidencePointer, JsonObject, NotObserved
from scanner.model.snapshot import Scope


class AzureRoleDefinition(msgspec.Struct, frozen=True):
    """A role definition. Its name says nothing about its power."""

    id: str
    role_id: str
    """Last segment of the id, lower-cased: what assignments are matched by."""
    name: str
    kind: str
    """`CustomRole` or `BuiltInRole`."""
    description: str
    assignable_scopes: tuple[str, ...]
    body: JsonObject
    """Id, name and permissions, as the engine reads them."""
    evidence: EvidencePointer


class AzureRoleAssignment(msgspec.Struct, frozen=True):
    """A role given to a principal at a scope; `eligible` ones become active on request."""

    id: str
    role_definition_id: str
    role_id: str
    """Lower-cased."""
    principal_id: str
    """Lower-cased."""
    principal_type: str
    """User, Group, ServicePrincipal, ForeignGroup, or empty where the provider does not say."""
    scope: str
    body: JsonObject
    """As the engine reads it."""
    evidence: EvidencePointer
    condition: str | None = None
    eligible: bool = False
    role_name: str = ""
    """As an export prints it; empty for live reads."""


class AzureDenyAssignment(msgspec.Struct, frozen=True):
    """A deny assignment: it beats every role assignment."""

    id: str
    name: str
    scope: str
    principals: tuple[str, ...]
    """Lower-cased; the all-zero id stands for everyone."""
    excluded: tuple[str, ...]
    body: JsonObject
    evidence: EvidencePointer


class AzureProvider(msgspec.Struct, frozen=True):
    """A resource provider and whether it is registered."""

    namespace: str
    state: str
    evidence: EvidencePointer


class FederatedCredential(msgspec.Struct, frozen=True):
    """Whose tokens are taken for this identity's."""

    name: str
    issuer: str
    subject: str
    """Empty where a matching expression stands in its place."""
    audiences: tuple[str, ...]
    evidence: EvidencePointer
    expression: str = ""


class AzureManagedIdentity(msgspec.Struct, frozen=True):
    """A user-assigned managed identity."""

    id: str
    name: str
    principal_id: str
    """Lower-cased."""
    evidence: EvidencePointer
    credentials: tuple[FederatedCredential, ...] | NotObserved = ()

    @property
    def resource_group(self) -> str:
        """Return the resource group, lower-cased: Azure ignores its case."""
        parts = self.id.lower().split("/")
        return parts[4] if len(parts) > 4 else ""


class AksCluster(msgspec.Struct, frozen=True):
    """An AKS cluster, as far as it vouches for workloads."""

    id: str
    name: str
    evidence: EvidencePointer
    issuer: str | None = None
    """OIDC issuer; None: the cluster has none switched on."""
    workload_identity: bool = False
    node_group: str = ""
    """Resource group that AKS made for it, lower-cased; empty where the input does not say."""


class LighthouseAssignment(msgspec.Struct, frozen=True):
    """A delegation of the subscription to another tenant: its roles stand in no role assignment."""

    id: str
    name: str
    managing_tenant: str
    authorizations: tuple[tuple[str, str, str], ...]
    """Principal id, role id (lower-cased), display name; eligible ones included."""
    evidence: EvidencePointer
    tenant_name: str = ""


class EntraCredential(msgspec.Struct, frozen=True):
    """A client secret or certificate: ids and dates only."""

    key_id: str
    name: str
    evidence: EvidencePointer
    starts: datetime | None = None
    ends: datetime | None = None
    """None: the provider names no end."""


class EntraOwner(msgspec.Struct, frozen=True):
    """Who may add credentials."""

    object_id: str
    name: str


class EntraApplication(msgspec.Struct, frozen=True):
    """An app registration."""

    object_id: str
    app_id: str
    name: str
    evidence: EvidencePointer
    secrets: tuple[EntraCredential, ...] = ()
    certificates: tuple[EntraCredential, ...] = ()
    requested: tuple[tuple[str, str, str], ...] = ()
    """Resource application's id, permission's id, `Role` (application) or `Scope` (delegated)."""
    federated: tuple[FederatedCredential, ...] = ()
    owners: tuple[EntraOwner, ...] = ()


class EntraAppRole(msgspec.Struct, frozen=True):
    """An application permission that was consented to."""

    id: str
    """Lower-cased."""
    resource: str
    """Display name of the API."""
    evidence: EvidencePointer
    resource_id: str = ""
    """Object id of the API's service principal, lower-cased; empty where the input does not say."""


class EntraGrant(msgspec.Struct, frozen=True):
    """Delegated permissions that were consented to, for one user or all."""

    scopes: tuple[str, ...]
    consent: str
    evidence: EvidencePointer


class EntraMembership(msgspec.Struct, frozen=True):
    """A group or directory role that the principal is in, directly or through another group."""

    object_id: str
    name: str
    kind: str
    """`group`, `directoryRole` or what else Graph calls it."""
    evidence: EvidencePointer
    scope: str = "/"
    """Of a directory role: the whole tenant, or one unit or object."""


class EntraServicePrincipal(msgspec.Struct, frozen=True):
    """A service principal: what the application is in this tenant."""

    object_id: str
    """Lower-cased."""
    app_id: str
    name: str
    evidence: EvidencePointer
    kind: str = ""
    """Application, ManagedIdentity, Legacy or SocialIdp; empty where the input does not say."""
    owner_tenant: str = ""
    """Where its app registration is, lower-cased; empty where the input does not say."""
    enabled: bool = True
    secrets: tuple[EntraCredential, ...] = ()
    certificates: tuple[EntraCredential, ...] = ()
    app_roles: tuple[EntraAppRole, ...] = ()
    grants: tuple[EntraGrant, ...] = ()
    owners: tuple[EntraOwner, ...] = ()
    memberships: tuple[EntraMembership, ...] = ()


class DeletedApplication(msgspec.Struct, frozen=True):
    """An app registration or service principal in the bin: it can be restored for 30 days."""

    object_id: str
    name: str
    evidence: EvidencePointer
    deleted_at: datetime | None = None
    is_principal: bool = False
    """A service principal; False: an app registration."""


class AzureSubscription(msgspec.Struct, frozen=True):
    """One subscription with its tenant. An empty tuple means "none" only where the unit that feeds it is complete."""

    subscription_id: str
    tenant_id: str
    scope: Scope
    state: str = ""
    definitions: tuple[AzureRoleDefinition, ...] = ()
    assignments: tuple[AzureRoleAssignment, ...] = ()
    """Active and eligible ones, at, above and below the subscription."""
    denies: tuple[AzureDenyAssignment, ...] = ()
    providers: tuple[AzureProvider, ...] = ()
    identities: tuple[AzureManagedIdentity, ...] = ()
    clusters: tuple[AksCluster, ...] = ()
    clusters_read: bool = True
    """Whether these are all the clusters there are."""
    lighthouse: tuple[LighthouseAssignment, ...] = ()
    managed_by: tuple[str, ...] = ()
    """Ids of the tenants that the subscription itself names as managing it, lower-cased."""
    reported_assignments: int | None = None
    """The service's own count of assignments at and below the subscription."""
    applications: tuple[EntraApplication, ...] = ()
    principals: tuple[EntraServicePrincipal, ...] = ()
    gone: frozenset[str] = frozenset()
    """Object ids that were looked up and that Graph does not know."""
    deleted: tuple[DeletedApplication, ...] = ()
