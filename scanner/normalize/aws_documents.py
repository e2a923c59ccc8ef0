"""Policy documents of a GetAccountAuthorizationDetails answer: managed policies by ARN, and what stands inline."""

from __future__ import annotations

from typing import Any

import msgspec

from scanner.model.common import EvidencePointer, JsonObject, NotObserved, Observed
from scanner.model.inventory import AttachedPolicy, Document
from scanner.model.kinds import UNREADABLE
from scanner.normalize.pointer import child, optional_text, records, text

Page = tuple[str, JsonObject]
"""A page of a unit with its pointer: `/0`, `/1`, ..."""


class ManagedPolicy(msgspec.Struct, frozen=True):
    """A managed policy in its default version."""

    name: str
    document: Document
    evidence: EvidencePointer
    version_id: str | None


class PolicyBook(msgspec.Struct, frozen=True):
    """The managed policies of one answer."""

    unit_id: str
    by_arn: dict[str, ManagedPolicy]


def read_document(value: Any, missing: str) -> Document:
    """Return a policy document, or why it cannot be judged; `missing` is the reason if there is none."""
    if value is None:
        return NotObserved(missing)
    if not isinstance(value, dict):
        return NotObserved("the policy document is not a JSON object")
    if UNREADABLE in value:
        return NotObserved(str(value[UNREADABLE]))
    return Observed(value)


def policy_book(unit_id: str, pages: list[Page]) -> PolicyBook:
    """Return the managed policies of all pages by ARN (an answer of some emulators has no names, so never by name)."""
    by_arn: dict[str, ManagedPolicy] = {}
    for pointer, page in pages:
        for at, raw in records(page, "Policies", pointer):
            arn = text(raw, "Arn", at)
            by_arn.setdefault(arn, _managed(unit_id, arn, raw, at))
    return PolicyBook(unit_id=unit_id, by_arn=by_arn)


def _managed(unit_id: str, arn: str, raw: JsonObject, at: str) -> ManagedPolicy:
    name = optional_text(raw, "PolicyName", at) or arn.rsplit("/", 1)[-1]
    found = _default_version(raw, at)
    if isinstance(found, NotObserved):
        return ManagedPolicy(name, found, EvidencePointer(unit_id, at), optional_text(raw, "DefaultVersionId", at))
    pointer, version = found
    return ManagedPolicy(
        name=name,
        document=read_document(version.get("Document"), "the default version has no document in the answer"),
        evidence=EvidencePointer(unit_id, child(pointer, "Document")),
        version_id=optional_text(version, "VersionId", pointer),
    )


def _default_version(raw: JsonObject, at: str) -> Page | NotObserved:
    """Return the version in force. Two candidates are a reason, not a choice."""
    versions = records(raw, "PolicyVersionList", at)
    default = optional_text(raw, "DefaultVersionId", at)
    flagged = [item for item in versions if item[1].get("IsDefaultVersion") is True]
    named = [item for item in versions if item[1].get("VersionId") == default] if default else flagged
    if len(named) != 1:
        return NotObserved("the default version is not in the answer" if not named else "several default versions")
    if flagged and flagged != named:
        return NotObserved("the answer contradicts itself on which version is the default")
    return named[0]


def managed_document(book: PolicyBook, arn: str) -> Document:
    """Return the document of a managed policy in its default version, or why there is none."""
    known = book.by_arn.get(arn)
    return known.document if known else NotObserved(f"`{arn}` is attached, but its document is not in the answer")


def identity_policies(book: PolicyBook, raw: JsonObject, at: str, inline_key: str) -> tuple[AttachedPolicy, ...]:
    """Return all permissions policies of one identity: inline by name, then managed by ARN. None is dropped."""
    inline = [_inline(book.unit_id, item, pointer) for pointer, item in records(raw, inline_key, at)]
    managed = [_attached(book, item, pointer) for pointer, item in records(raw, "AttachedManagedPolicies", at)]
    inline.sort(key=lambda policy: policy.name)
    managed.sort(key=lambda policy: policy.arn or "")
    return (*inline, *managed)


def _inline(unit_id: str, raw: JsonObject, at: str) -> AttachedPolicy:
    return AttachedPolicy(
        name=text(raw, "PolicyName", at),
        origin="inline",
        document=read_document(raw.get("PolicyDocument"), "the inline policy has no document in the answer"),
        evidence=EvidencePointer(unit_id, child(at, "PolicyDocument")),
    )


def _attached(book: PolicyBook, raw: JsonObject, at: str) -> AttachedPolicy:
    arn = text(raw, "PolicyArn", at)
    known = book.by_arn.get(arn)
    return AttachedPolicy(
        name=optional_text(raw, "PolicyName", at) or (known.name if known else arn.rsplit("/", 1)[-1]),
        origin="aws-managed" if is_aws_managed(arn) else "customer-managed",
        document=managed_document(book, arn),
        evidence=known.evidence if known else EvidencePointer(book.unit_id, at),
        arn=arn,
        version_id=known.version_id if known else None,
    )


def is_aws_managed(arn: str) -> bool:
    """Return whether AWS's own account owns the policy: the ARN's account field is `aws`, not its name or path."""
    parts = arn.split(":", 5)
    return len(parts) == 6 and parts[4] == "aws"
