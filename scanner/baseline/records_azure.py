"""A documented version's Azure part: role definitions, the application and its credentials, each with its source."""

from __future__ import annotations

import msgspec

from scanner.baseline.records import (
    Contradiction,
    KnownExtra,
    RiskNote,
    SourceDocument,
    SourceRef,
    Variable,
)


class ProviderClaim(msgspec.Struct, frozen=True):
    """A resource provider that the document has the customer register."""

    namespace: str
    source: SourceRef
    optional: bool = False


class AzurePermissions(msgspec.Struct, frozen=True):
    """One permissions block of a role definition; control plane and data plane are apart."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()


class DocumentedRoleDefinition(msgspec.Struct, frozen=True):
    """One documented role definition. Its name says nothing about its power: compare permissions."""

    key: str
    name_patterns: tuple[str, ...]
    kind: str
    """`CustomRole` or `BuiltInRole`."""
    description: str
    permissions: tuple[AzurePermissions, ...]
    assignable_scopes: tuple[str, ...]
    source: SourceRef
    notes: tuple[str, ...] = ()


class RoleAssignmentClaim(msgspec.Struct, frozen=True):
    """A role that the service principal holds on a scope."""

    role: str
    """Key of a documented role definition."""
    scope: str
    source: SourceRef


class AppRoleClaim(msgspec.Struct, frozen=True):
    """An application permission of an API, granted by admin consent."""

    value: str
    """For example `Directory.ReadWrite.All`."""
    id: str
    resource: str
    """The API, for example `Microsoft Graph`."""
    source: SourceRef


class SecretClaim(msgspec.Struct, frozen=True):
    """What the document says of client secrets."""

    client_secret: str
    """`expected` or `forbidden`."""
    max_age_days: int
    """Longest life of one secret; 0 where none is allowed."""
    reason: str
    source: SourceRef


class FederatedCredentialClaim(msgspec.Struct, frozen=True):
    """A federated identity credential; parts left open are `*` in a pattern or a variable in braces."""

    name_pattern: str
    issuer_pattern: str
    subject_pattern: str
    audience: str
    source: SourceRef


class DocumentedApplication(msgspec.Struct, frozen=True):
    """One documented app registration with its service principal."""

    key: str
    """Display name."""
    name_pattern: str
    created_by: str
    purpose: str
    role_assignments: tuple[RoleAssignmentClaim, ...]
    app_roles: tuple[AppRoleClaim, ...]
    secrets: SecretClaim
    source: SourceRef
    federated_credentials: tuple[FederatedCredentialClaim, ...] = ()
    optional: bool = False
    optional_reason: str = ""
    notes: tuple[str, ...] = ()


class AzureBaseline(msgspec.Struct, frozen=True):
    """The Azure and Entra part of a documented version."""

    vendor: str
    version: str
    title: str
    publication: str
    documents: tuple[SourceDocument, ...]
    variables: tuple[Variable, ...]
    role_definitions: tuple[DocumentedRoleDefinition, ...]
    applications: tuple[DocumentedApplication, ...]
    providers: tuple[ProviderClaim, ...]
    name_prefix: str
    known_extras: tuple[KnownExtra, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    """`roles` of a contradiction are keys of role definitions or applications."""
    risk_notes: tuple[RiskNote, ...] = ()
    digest: str = ""
    same_as: str | None = None

    @property
    def id(self) -> str:
        """Return `vendor@version`."""
        return f"{self.vendor}@{self.version}"
