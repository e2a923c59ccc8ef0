"""A documented version's GCP part: service accounts, their grants, keys and federation, each with its source."""

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


class ApiClaim(msgspec.Struct, frozen=True):
    """A Google API that the document has the customer enable."""

    name: str
    """For example `iam.googleapis.com`."""
    source: SourceRef
    purpose: str = ""


class DocumentedGrant(msgspec.Struct, frozen=True):
    """One role that a service account holds according to a document."""

    role: str
    """`roles/...`, `projects/{project_id}/roles/...` or `organizations/.../roles/...`."""
    scope: str
    """`project`, `folder` or `organization`: the resource the binding is on."""
    granted_by: str
    """`customer` or `vendor`: the vendor may grant itself what its own role lets it."""
    standing: str
    """`documented`: on a published page; `proposed`: in a pull request that never was; `code`: in published code."""
    source: SourceRef
    as_printed: str = ""
    """The role's name as on the page, where the page gives no id."""
    optional: bool = False


class OpenList(msgspec.Struct, frozen=True):
    """The document says that there is more than it lists ("etc."); what is not listed is for a person to judge."""

    summary: str
    source: SourceRef


class KeyClaim(msgspec.Struct, frozen=True):
    """What the document says of keys that the customer creates for a service account."""

    user_managed: str
    """`expected`: the document has one made; `forbidden`: access is federated, any key is undocumented."""
    at_most: int
    reason: str
    source: SourceRef


class FederationClaim(msgspec.Struct, frozen=True):
    """A workload identity pool whose AWS provider lets a role of the vendor act as the service account."""

    pool_pattern: str
    provider_pattern: str
    aws_account: str
    """Account id or variable in braces."""
    attribute_mapping: dict[str, str]
    conjuncts: tuple[str, ...]
    """Conditions that must all hold; joined by `&&` they are the provider's attribute condition."""
    member: str
    """Principal bound on the service account."""
    member_role: str
    source: SourceRef


class DocumentedServiceAccount(msgspec.Struct, frozen=True):
    """One documented service account."""

    key: str
    name_pattern: str
    """Account id, the part before `@`."""
    created_by: str
    purpose: str
    grants: tuple[DocumentedGrant, ...]
    keys: KeyClaim
    source: SourceRef
    name_is_example: bool = False
    """The document lets the customer choose another name."""
    optional: bool = False
    optional_reason: str = ""
    open_list: OpenList | None = None
    federation: FederationClaim | None = None
    description_marks: tuple[str, ...] = ()
    """Words the account's description carries, for example `managed-by=porter`."""
    notes: tuple[str, ...] = ()


class GcpBaseline(msgspec.Struct, frozen=True):
    """The GCP part of a documented version."""

    vendor: str
    version: str
    title: str
    publication: str
    documents: tuple[SourceDocument, ...]
    variables: tuple[Variable, ...]
    service_accounts: tuple[DocumentedServiceAccount, ...]
    apis: tuple[ApiClaim, ...]
    name_prefix: str
    known_extras: tuple[KnownExtra, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    """`roles` of a contradiction are keys of service accounts."""
    risk_notes: tuple[RiskNote, ...] = ()
    digest: str = ""
    same_as: str | None = None

    @property
    def id(self) -> str:
        """Return `vendor@version`."""
        return f"{self.vendor}@{self.version}"
