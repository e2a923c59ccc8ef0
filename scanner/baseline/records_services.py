"""A documented version's part on services' own identities: connections, their forms, and what the pages advise."""

from __future__ import annotations

import msgspec

from scanner.baseline.records import Contradiction, KnownExtra, RiskNote, SourceDocument, SourceRef, Variable


class ConnectionField(msgspec.Struct, frozen=True):
    """A field that a connection must have."""

    name: str
    """Dotted below the connection: `config.diskName`."""
    form: str
    """What it holds, in a word: role, email, instance, ..."""
    source: SourceRef


class DocumentedConnection(msgspec.Struct, frozen=True):
    """A connection type of porter.yaml."""

    key: str
    """The `type` in the file."""
    cloud: str
    """aws, azure, gcp or none."""
    purpose: str
    at_most: int
    """How many of this type one service may have."""
    fields: tuple[ConnectionField, ...]
    source: SourceRef
    notes: tuple[str, ...] = ()


class PodTrustClaim(msgspec.Struct, frozen=True):
    """Who may assume a service's IAM role, and how."""

    principal: str
    actions: tuple[str, ...]
    source: SourceRef
    association: SourceRef
    """Where the page says that an association maps the service's account to the role."""
    made_by_customer: SourceRef
    """Where the page says that Porter neither makes nor changes the role."""


class WorkloadCredentialClaim(msgspec.Struct, frozen=True):
    """The federated credential of a service's managed identity."""

    credentials_per_service: int
    subject: str
    """With `{namespace}` and `{service_account}` left open: Porter's names are not documented."""
    audience: str
    source: SourceRef
    form: SourceRef
    """Where subject and audience are documented."""
    same_subscription: SourceRef


class WorkloadBindingClaim(msgspec.Struct, frozen=True):
    """The binding by which a service becomes its GCP service account."""

    role: str
    member: str
    """With `{project_id}`, `{namespace}` and `{service_account}` left open."""
    metadata_mode: str
    source: SourceRef
    form: SourceRef
    same_project: SourceRef
    nodes: SourceRef


class Advice(msgspec.Struct, frozen=True):
    """What a page recommends."""

    key: str
    summary: str
    source: SourceRef


class ServicesBaseline(msgspec.Struct, frozen=True):
    """The part of a documented version that is about services' own identities."""

    vendor: str
    version: str
    title: str
    publication: str
    documents: tuple[SourceDocument, ...]
    connections: tuple[DocumentedConnection, ...]
    aws: PodTrustClaim
    azure: WorkloadCredentialClaim
    gcp: WorkloadBindingClaim
    advice: tuple[Advice, ...]
    static_credentials: tuple[str, ...]
    """Names of environment variables that hold a credential which does not expire by itself."""
    static_source: SourceRef
    variables: tuple[Variable, ...] = ()
    known_extras: tuple[KnownExtra, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    """`roles` of a contradiction are connection types."""
    risk_notes: tuple[RiskNote, ...] = ()
    digest: str = ""
    same_as: str | None = None

    @property
    def id(self) -> str:
        """Return `vendor@version`."""
        return f"{self.vendor}@{self.version}"

    def advised(self, key: str) -> Advice | None:
        """Return a recommendation, if the documents make it."""
        return next((one for one in self.advice if one.key == key), None)
