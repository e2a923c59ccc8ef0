"""A documented version as records: what a vendor's page says, each claim with the place it was read."""

from __future__ import annotations

import msgspec

from scanner.model.common import JsonObject


class SourceDocument(msgspec.Struct, frozen=True):
    """A page or file the documented version was taken from."""

    name: str
    """Short name, for example `S003`."""
    title: str
    url: str | None
    retrieved: str
    """Date, ISO 8601."""
    sha256: str | None
    publication: str
    """In words: published, preview never merged, third-party, source code ..."""


class SourceRef(msgspec.Struct, frozen=True):
    """The sentence or table row a claim was read from."""

    document: str
    heading: str = ""
    row: int | None = None
    """1-based row of the heading's table."""
    line: int | None = None
    """1-based line of the document as retrieved."""
    quote: str = ""
    """At most a few words that find the place again; not the sentence."""


class DocumentedStatement(msgspec.Struct, frozen=True):
    """One row of an inventory as an IAM statement, with its origin."""

    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: JsonObject
    """Operator -> key -> list of values: the strict reading."""
    source: SourceRef
    same_as: str | None = None
    """`role/sid` this row refers to ("same as ..."), resolved here."""
    permissive: JsonObject | None = None
    """Weaker reading of a prose condition; None: the prose is not ambiguous."""
    settled_by: str | None = None
    """ARN of the AWS-managed policy whose own operators settle the prose."""
    as_printed: str = ""
    """The condition cell as on the page, where the operator had to be inferred."""


class TrustStatement(msgspec.Struct, frozen=True):
    """One documented statement of a trust policy."""

    sid: str
    effect: str
    principals: JsonObject
    """`{"AWS": [...], "Service": [...]}`."""
    actions: tuple[str, ...]
    conditions: JsonObject
    source: SourceRef


class DocumentedTrust(msgspec.Struct, frozen=True):
    """Who may assume the role, as documented."""

    statements: tuple[TrustStatement, ...]
    external_id: str
    """`required`, `none-documented` (the page says there is none: a documented exception) or `not-applicable`."""
    external_id_reason: str = ""
    external_id_source: SourceRef | None = None
    notes: tuple[str, ...] = ()


class ManagedPolicyRef(msgspec.Struct, frozen=True):
    """An AWS-managed policy that the page names for a role: documented by ARN, whatever AWS writes in it."""

    arn: str
    source: SourceRef
    sids: tuple[str, ...] = ()
    """The rows of the page that print its content."""


class DocumentedRole(msgspec.Struct, frozen=True):
    """One documented AWS role."""

    key: str
    """Name as documented; may hold a variable: `porter-s3-{hash}`."""
    name_pattern: str
    """The live name: literal, or with `*` where the document leaves a part open."""
    created_by: str
    purpose: str
    assumable_from_outside: bool
    optional: bool
    trust: DocumentedTrust
    statements: tuple[DocumentedStatement, ...]
    source: SourceRef
    managed_policies: tuple[ManagedPolicyRef, ...] = ()
    optional_reason: str = ""


class Variable(msgspec.Struct, frozen=True):
    """A value the document leaves open."""

    name: str
    description: str
    default: str | None = None
    source: str = ""
    sensitive: bool = False
    kind: str = "text"
    """`account-id` (12 digits), `external-id` (what STS accepts) or `text`; decides which values are accepted."""


class ActionAlias(msgspec.Struct, frozen=True):
    """An action the page misprints, and the action it must mean."""

    printed: str
    means: str
    reason: str
    source: SourceRef | None = None


class KnownExtra(msgspec.Struct, frozen=True):
    """A role, or outside AWS another thing, that other material of the vendor names although the inventory does not."""

    name_pattern: str
    severity: str
    reason: str
    source: str
    kind: str = ""
    """Outside AWS: `service-account`, `bucket`, ...; on AWS it is always a role."""


class Contradiction(msgspec.Struct, frozen=True):
    """Two places that cannot both be true, and how this file settles it."""

    id: str
    """For example `B5`."""
    summary: str
    settled: str
    sources: tuple[SourceRef, ...] = ()
    roles: tuple[str, ...] = ()


class RiskNote(msgspec.Struct, frozen=True):
    """Access that is documented and still dangerous."""

    id: str
    """For example `C1`."""
    roles: tuple[str, ...]
    summary: str
    severity: str


class StackClaim(msgspec.Struct, frozen=True):
    """The CloudFormation stack the vendor has customers create."""

    name: str
    region_hint: str | None
    creates_roles: tuple[str, ...]
    """Any one of these, first preferred."""
    resource_types: tuple[str, ...]
    source: SourceRef


class AwsBaseline(msgspec.Struct, frozen=True):
    """The AWS part of a documented version."""

    vendor: str
    version: str
    title: str
    publication: str
    documents: tuple[SourceDocument, ...]
    variables: tuple[Variable, ...]
    roles: tuple[DocumentedRole, ...]
    name_prefix: str
    """Roles whose name starts so are held to be the vendor's."""
    vendor_accounts: tuple[tuple[str, str], ...] = ()
    """Account ids known to be the vendor's, with what they are."""
    aliases: tuple[ActionAlias, ...] = ()
    known_extras: tuple[KnownExtra, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    risk_notes: tuple[RiskNote, ...] = ()
    stack: StackClaim | None = None
    digest: str = ""
    """sha256 of the file the records were read from; of both files, one after the other, where `same_as` is given."""
    same_as: str | None = None
    """The documented version this one repeats: roles, variables and the rest are that version's."""

    @property
    def id(self) -> str:
        """Return `vendor@version`."""
        return f"{self.vendor}@{self.version}"
