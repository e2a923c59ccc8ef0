"""One role against its documented self: the comparisons that several rules share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.access.compare import compare
from scanner.access.records import Comparison, NamedDocument, Piece
from scanner.access.statement import parse_documents
from scanner.baseline.documents import (
    has_permissive_reading,
    permission_documents,
    permissive_documents,
    trust_document,
)
from scanner.baseline.records import ActionAlias, AwsBaseline, DocumentedRole, ManagedPolicyRef
from scanner.errors import PolicyError
from scanner.model.common import JsonObject, NotObserved, Observed
from scanner.model.inventory import AttachedPolicy, AwsAccount, AwsRole, Document
from scanner.model.snapshot import ExternalIdFact
from scanner.rules.callers import with_callers_named
from scanner.rules.external_id import bind_external_id, live_external_id
from scanner.rules.layers import Layers, layers_of

TRUST_NAME = "trust policy"
"""What a role's trust policy is called in statement references."""


class RoleJudgement(msgspec.Struct, frozen=True):
    """A live role, its documented role, and how they compare."""

    role: AwsRole
    documented: DocumentedRole
    permissions: Comparison | None
    """None: a permissions document could not be read (see `unread`)."""
    trust: Comparison | None
    """None: the trust policy could not be read."""
    permissive: Comparison | None = None
    """Against the permissive reading of prose conditions, where there is one and the strict one is exceeded."""
    unread: tuple[str, ...] = ()
    """Names of documents that could not be read or are not valid, with the reason."""
    aws_managed_used: tuple[str, ...] = ()
    """ARNs of attached AWS-managed policies that the document names."""
    aws_managed_changed: tuple[str, ...] = ()
    """Notes: what AWS changed in them since the page was written."""
    readable: Comparison | None = None
    """Where `permissions` is None: the documents that could be read. Shows excess, never containment."""
    trust_unread: str = ""
    """Why `trust` is None."""
    layers: Layers = Layers()
    """What restricts the role besides its own policies."""
    effective: Comparison | None = None
    """What of the excess is left within the layers; None: there is no excess, or no layer was applied."""


Compare = Callable[..., Comparison]


def judge_role(
    role: AwsRole,
    documented: DocumentedRole,
    *,
    baseline: AwsBaseline,
    external_ids: Sequence[ExternalIdFact],
    account: AwsAccount,
    catalogue: Catalogue,
) -> RoleJudgement:
    """Compare a live role with its documented role: permissions and trust, in both directions.

    A document that could not be read, or is not valid, is named in `unread`; it never counts as empty.
    """
    decide = _comparer(account, catalogue)
    live, unread = readable_documents(role.policies)
    managed = documented_managed(role, documented, account.partition)
    live_managed = _contents([p for p, _ in managed], unread)
    strict = [*permission_documents(documented, baseline.aliases), *live_managed]
    permissions = _without_echo(decide(live, strict), _printed(documented, baseline.aliases))
    permissive = None
    if permissions.excess and has_permissive_reading(documented):
        permissive = decide(live, [*permissive_documents(documented, baseline.aliases), *live_managed])
    trust, trust_unread = _judge_trust(role, documented, external_ids, decide)
    layers = layers_of(role, account)
    within = permissions.excess and layers.documents
    return RoleJudgement(
        role=role,
        documented=documented,
        permissions=None if unread else permissions,
        trust=trust,
        permissive=permissive,
        unread=tuple(f"{name}: {reason}" for name, reason in unread)
        + ((f"{TRUST_NAME}: {trust_unread}",) if trust_unread else ()),
        aws_managed_used=tuple(sorted(p.arn or p.name for p, _ in managed)),
        aws_managed_changed=_changes(managed, documented, baseline, decide),
        readable=permissions if unread else None,
        trust_unread=trust_unread,
        layers=layers,
        effective=decide(live, strict, layers=layers.documents) if within else None,
    )


def readable_documents(
    policies: Sequence[AttachedPolicy],
) -> tuple[list[NamedDocument], list[tuple[str, str]]]:
    """Return the valid documents, and name with reason of each that could not be read or is not valid."""
    good: list[NamedDocument] = []
    bad: list[tuple[str, str]] = []
    for policy in policies:
        match policy.document:
            case NotObserved(reason):
                bad.append((policy.name, reason))
            case Observed(body):
                document = NamedDocument(policy.name, body)
                problem = invalid(document)
                if problem:
                    bad.append((policy.name, problem))
                else:
                    good.append(document)
    return good, bad


def invalid(document: NamedDocument, kind: str = "identity") -> str:
    """Return why a document is not valid, or an empty string."""
    try:
        parse_documents([document], kind)
    except PolicyError as error:
        return str(error)
    return ""


def documented_managed(
    role: AwsRole, documented: DocumentedRole, partition: str
) -> list[tuple[AttachedPolicy, ManagedPolicyRef]]:
    """Return the attached AWS-managed policies whose ARN the document names for this role."""
    by_arn = {in_partition(ref.arn, partition): ref for ref in documented.managed_policies}
    return [(p, by_arn[p.arn]) for p in role.policies if p.arn in by_arn and p.origin == "aws-managed"]


def in_partition(arn: str, partition: str) -> str:
    """Return the ARN as it is written in `partition`."""
    head, _, rest = arn.partition(":")
    _, _, tail = rest.partition(":")
    return f"{head}:{partition}:{tail}"


def _contents(policies: Sequence[AttachedPolicy], unread: Sequence[tuple[str, str]]) -> list[NamedDocument]:
    skipped = {name for name, _ in unread}
    return [
        NamedDocument(p.name, p.document.value)
        for p in policies
        if isinstance(p.document, Observed) and p.name not in skipped
    ]


def _comparer(account: AwsAccount, catalogue: Catalogue) -> Compare:
    def decide(
        live: Sequence[NamedDocument],
        documented: Sequence[NamedDocument],
        *,
        kind: str = "identity",
        layers: Sequence[Sequence[NamedDocument]] = (),
    ) -> Comparison:
        return compare(
            live,
            documented,
            kind=kind,
            catalogue=catalogue,
            account_id=account.account_id,
            partition=account.partition,
            layers=layers,
        )

    return decide


def _printed(documented: DocumentedRole, aliases: Sequence[ActionAlias]) -> list[ActionAlias]:
    """Return the aliases whose misprint stands in one of the role's rows."""
    rows = {action.lower() for statement in documented.statements for action in statement.actions}
    return [alias for alias in aliases if alias.printed.lower() in rows]


def _without_echo(comparison: Comparison, aliases: Sequence[ActionAlias]) -> Comparison:
    """Leave out of `missing` what is held in its other spelling, and one of the two where neither is held."""
    lacking = {a.lower() for p in comparison.missing for a in p.actions}
    echoes = {
        (alias.means if alias.printed.lower() in lacking and alias.means.lower() in lacking else spelling).lower()
        for alias in aliases
        for spelling in (alias.printed, alias.means)
    }
    missing = tuple(p for p in comparison.missing if not (p.actions and {a.lower() for a in p.actions} <= echoes))
    if missing == comparison.missing:
        return comparison
    verdict = comparison.verdict
    if not missing:
        settled = "equal" if not comparison.undecided else "undecided"
        verdict = {"different": "broader", "narrower": settled}.get(verdict, verdict)
    return msgspec.structs.replace(comparison, missing=missing, verdict=verdict)


def _judge_trust(
    role: AwsRole, documented: DocumentedRole, external_ids: Sequence[ExternalIdFact], decide: Compare
) -> tuple[Comparison | None, str]:
    body = trust_body(role.trust)
    if isinstance(body, NotObserved):
        return None, body.reason
    value = live_external_id(body, external_ids)
    page = trust_document(documented)
    bound = NamedDocument(page.name, bind_external_id(page.body, value))
    try:
        return decide([NamedDocument(TRUST_NAME, with_callers_named(body))], [bound], kind="trust"), ""
    except PolicyError as error:
        return None, str(error)


def trust_body(trust: Document) -> JsonObject | NotObserved:
    """Return the trust policy's body, or why there is none to look at."""
    match trust:
        case NotObserved():
            return trust
        case Observed(value):
            return value


def _changes(
    managed: Sequence[tuple[AttachedPolicy, ManagedPolicyRef]],
    documented: DocumentedRole,
    baseline: AwsBaseline,
    decide: Compare,
) -> tuple[str, ...]:
    """Return a note for each documented AWS-managed policy whose live content is no longer what the page prints."""
    notes: list[str] = []
    for policy, ref in managed:
        rows = tuple(s for s in documented.statements if s.sid in ref.sids)
        live = _contents([policy], ())
        if not rows or not live:
            continue
        page = permission_documents(msgspec.structs.replace(documented, statements=rows), baseline.aliases)
        try:
            note = _change_note(decide(live, page))
        except PolicyError:
            continue  # named in `unread` already
        if note:
            notes.append(f"{policy.name}: {note}")
    return tuple(notes)


def _change_note(comparison: Comparison) -> str:
    added = _actions(comparison.excess)
    removed = _actions(comparison.missing)
    parts = [f"AWS added {added}"] if added else []
    if removed:
        parts.append(f"AWS removed {removed}")
    if comparison.undecided:
        parts.append("part of the change could not be decided")
    return "; ".join(parts)


def _actions(pieces: Sequence[Piece]) -> str:
    names = sorted({p.witness.action for p in pieces})
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
