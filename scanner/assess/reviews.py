"""One review per identity: documented versus live, with the statements of both sides ready to be shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from scanner.access.records import Comparison, Piece, Request
from scanner.baseline.records import DocumentedRole, DocumentedTrust
from scanner.errors import PolicyError
from scanner.model.common import JsonObject, Observed
from scanner.model.finding import Diff, Witness
from scanner.model.inventory import AwsAccount, AwsRole
from scanner.model.kinds import ORGANIZATION_POLICIES
from scanner.model.report import RoleReview, StatementRow
from scanner.model.snapshot import UnitStatus
from scanner.rules.base import AwsContext
from scanner.rules.differences import entry
from scanner.rules.judge import RoleJudgement

OWN_DOCUMENTS = "evaluated: permissions policies (inline and attached, default versions), trust policy"
NEVER_READ = (
    "not evaluated: session policies, policies and grants of single resources (buckets, keys, secrets, queues, "
    "images), access inside EKS clusters (access entries, aws-auth), Roles Anywhere, shared resources"
)


def aws_reviews(context: AwsContext) -> tuple[RoleReview, ...]:
    """Return a review of every documented role, present or not, and of every other role that is the vendor's."""
    live: dict[str, list[AwsRole]] = {}
    others: list[AwsRole] = []
    for role in context.porter_roles:
        documented = context.documented(role)
        if documented is None:
            others.append(role)
        else:
            live.setdefault(documented.key, []).append(role)
    reviews: list[RoleReview] = []
    for documented in context.baseline.roles:
        roles = live.get(documented.key, [])
        reviews += [_review(context, role, documented) for role in sorted(roles, key=lambda r: r.arn)]
        if not roles:
            reviews.append(_absent(context, documented))
    return (*reviews, *(_undocumented(context, role) for role in sorted(others, key=lambda r: r.arn)))


def _review(context: AwsContext, role: AwsRole, documented: DocumentedRole) -> RoleReview:
    try:
        judgement = context.judge(role)
    except PolicyError:
        return _undocumented(context, role, documented)
    permissions = judgement.permissions or judgement.readable
    trust = judgement.trust
    excess = _documents_of(permissions.excess if permissions else ())
    missing = {p.statement for p in (permissions.missing if permissions else ())}
    return RoleReview(
        cloud="aws",
        scope_id=context.account.account_id,
        name=role.name,
        arn=role.arn,
        documented_as=documented.key,
        present=True,
        optional=documented.optional,
        verdict=judgement.permissions.verdict if judgement.permissions else "undecided",
        trust_verdict=trust.verdict if trust else "undecided",
        external_id=external_id_words(documented.trust, role),
        external_principals=external_principals(role),
        diff=diff_of(permissions, judgement.unread),
        trust_diff=diff_of(trust, (judgement.trust_unread,) if judgement.trust_unread else ()),
        live=_live_rows(role, excess, judgement),
        documented=_documented_rows(documented, missing),
        live_trust=_pretty(role.trust.value) if isinstance(role.trust, Observed) else None,
        documented_trust=_pretty(_trust_json(documented.trust)),
        certificate=permissions.certificate if permissions else None,
        layers=_layer_words(context, judgement),
        boundary=role.boundary_arn,
        last_used_at=role.last_used_at,
        created_at=role.created_at,
        excess=len(permissions.excess if permissions else ()) + len(trust.excess if trust else ()),
        missing=len(permissions.missing) if permissions else 0,
        undecided=_open_count(permissions) + _open_count(trust) + len(judgement.unread),
        matched_statements=len(documented.statements) - len(missing) if permissions else 0,
        documented_statements=len(documented.statements),
        live_actions=len(_live_actions(role)),
    )


def _layer_words(context: AwsContext, judgement: RoleJudgement) -> tuple[str, ...]:
    """Return which layers were evaluated, what they leave of the excess, and which were not."""
    layers, effective = judgement.layers, judgement.effective
    words = [OWN_DOCUMENTS, *(f"evaluated: {name}" for name in layers.evaluated)]
    if effective is not None and judgement.permissions is not None:
        before, after = len(judgement.permissions.excess), len(effective.excess)
        open_ones = _open_count(effective)
        words.append(
            f"within these layers {after} of {before} pieces of excess can be used today"
            + (f", {open_ones} not decided" if open_ones else "")
        )
    words += [f"not evaluated: {name}" for name in layers.skipped]
    if not context.account.control_levels:
        status = next((u.status for u in context.inventory.units if u.kind == ORGANIZATION_POLICIES), None)
        complete = status is UnitStatus.COMPLETE
        words.append(
            "no control policies: the account is in no organization, or manages it"
            if complete
            else "not evaluated: the organization's control policies, which were not read"
        )
    return (*words, *_never_read(context.account))


def _never_read(account: AwsAccount) -> tuple[str, ...]:
    """Return what no rule looks at, and what this run was not asked to read."""
    if not account.regions_named:
        return (NEVER_READ,)
    return NEVER_READ, f"not evaluated: stacks, clusters and pods in other regions than {', '.join(account.regions)}"


def _open_count(comparison: Comparison | None) -> int:
    return sum(u.direction == "excess" for u in comparison.undecided) if comparison else 0


def _absent(context: AwsContext, documented: DocumentedRole) -> RoleReview:
    return absent_review(
        "aws",
        context.account.account_id,
        documented.key,
        optional=documented.optional,
        documented=_documented_rows(documented, set()),
        documented_trust=_pretty(_trust_json(documented.trust)),
        layers=_never_read(context.account),
    )


def absent_review(
    cloud: str,
    scope_id: str,
    key: str,
    *,
    optional: bool,
    documented: tuple[StatementRow, ...],
    documented_trust: str | None,
    layers: tuple[str, ...] = (),
) -> RoleReview:
    """Return the review of an identity that is documented and not there; a row stands for each documented grant."""
    return RoleReview(
        cloud=cloud,
        scope_id=scope_id,
        name=key,
        arn=None,
        documented_as=key,
        present=False,
        optional=optional,
        verdict="absent",
        trust_verdict="absent",
        external_id="",
        external_principals=(),
        diff=Diff(),
        trust_diff=Diff(),
        documented=documented,
        documented_trust=documented_trust,
        layers=layers,
        documented_statements=len(documented),
    )


def _undocumented(context: AwsContext, role: AwsRole, documented: DocumentedRole | None = None) -> RoleReview:
    return RoleReview(
        cloud="aws",
        scope_id=context.account.account_id,
        name=role.name,
        arn=role.arn,
        documented_as=documented.key if documented else None,
        present=True,
        optional=False,
        verdict="undecided" if documented else "undocumented",
        trust_verdict="undecided" if documented else "undocumented",
        external_id=external_id_words(None, role),
        external_principals=external_principals(role),
        diff=Diff(),
        trust_diff=Diff(),
        live=_live_rows(role, {}, None),
        live_trust=_pretty(role.trust.value) if isinstance(role.trust, Observed) else None,
        layers=(OWN_DOCUMENTS, *_never_read(context.account)),
        boundary=role.boundary_arn,
        last_used_at=role.last_used_at,
        created_at=role.created_at,
        live_actions=len(_live_actions(role)),
    )


def diff_of(comparison: Comparison | None, unread: Sequence[str]) -> Diff:
    """Return a comparison as a diff, with what could not be read among the undecided."""
    if comparison is None:
        return Diff(undecided=tuple(unread))
    return Diff(
        added=tuple(entry(p) for p in comparison.excess),
        removed=tuple(entry(p) for p in comparison.missing),
        undecided=(
            *(f"{u.document}: {u.statement}: {u.reason}" for u in comparison.undecided if u.direction == "excess"),
            *unread,
        ),
    )


def witness_of(request: Request) -> Witness:
    """Return a request as a witness; the comparison has run it on the second evaluator."""
    return Witness(request.principal, request.action, request.resource, dict(request.context), replayed=True)


def _documents_of(pieces: Iterable[Piece]) -> dict[tuple[str, str], str]:
    return {(p.document, p.statement): p.kind for p in pieces}


def _live_rows(
    role: AwsRole, excess: dict[tuple[str, str], str], judgement: RoleJudgement | None
) -> tuple[StatementRow, ...]:
    rows: list[StatementRow] = []
    for policy in role.policies:
        if not isinstance(policy.document, Observed):
            rows.append(StatementRow(f"{policy.name}: not read", "", ("unread",)))
            continue
        for index, statement in enumerate(statements_of(policy.document.value)):
            ref = str(statement.get("Sid") or index)
            marks = ["excess"] if (policy.name, ref) in excess else []
            if judgement and policy.arn in judgement.aws_managed_used:
                marks.append("aws-managed")
            rows.append(StatementRow(f"{policy.name}: {ref}", _pretty(statement), tuple(marks)))
    return tuple(rows)


def statements_of(body: JsonObject) -> list[JsonObject]:
    """Return the statements of a policy document, one or many."""
    raw = body.get("Statement", [])
    return [s for s in (raw if isinstance(raw, list) else [raw]) if isinstance(s, dict)]


def _documented_rows(documented: DocumentedRole, missing: set[str]) -> tuple[StatementRow, ...]:
    rows = []
    for s in documented.statements:
        body: JsonObject = {
            "Sid": s.sid,
            "Effect": s.effect,
            "Action": list(s.actions),
            "Resource": list(s.resources),
        }
        if s.conditions:
            body["Condition"] = s.conditions
        where = f" (row {s.source.row})" if s.source.row else ""
        rows.append(StatementRow(f"{s.sid}{where}", _pretty(body), ("missing",) if s.sid in missing else ()))
    return tuple(rows)


def _trust_json(trust: DocumentedTrust) -> JsonObject:
    statements: list[JsonObject] = []
    for s in trust.statements:
        body: JsonObject = {
            "Sid": s.sid,
            "Effect": s.effect,
            "Principal": s.principals,
            "Action": list(s.actions),
        }
        if s.conditions:
            body["Condition"] = s.conditions
        statements.append(body)
    return {"Version": "2012-10-17", "Statement": statements}


def _pretty(body: JsonObject) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)


def _live_actions(role: AwsRole) -> set[str]:
    found: set[str] = set()
    for policy in role.policies:
        if isinstance(policy.document, Observed):
            for statement in statements_of(policy.document.value):
                if statement.get("Effect") == "Allow":
                    found |= {a.lower() for a in _texts(statement.get("Action", statement.get("NotAction", [])))}
    return found


def _texts(value: object) -> list[str]:
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]


def external_principals(role: AwsRole) -> tuple[str, ...]:
    """Return the AWS and federated principals of other accounts that Allow statements of the trust policy name."""
    if not isinstance(role.trust, Observed):
        return ()
    found: dict[str, None] = {}
    for statement in statements_of(role.trust.value):
        block = statement.get("Principal", {})
        if statement.get("Effect") != "Allow":
            continue
        if "NotPrincipal" in statement:
            found["everyone but some"] = None
        named = {"AWS": ["*"]} if block == "*" else block if isinstance(block, dict) else {}
        for kind in ("AWS", "Federated", "CanonicalUser"):
            for text in _texts(named.get(kind, [])):
                if f":{role.account_id}:" not in text and text != role.account_id:
                    found[text] = None
    return tuple(sorted(found))


def external_id_words(trust: DocumentedTrust | None, role: AwsRole) -> str:
    """Return what documents and trust policy say of the ExternalId, in a few words for a table."""
    live = _external_id_operators(role)
    if trust is None:
        return f"live: {', '.join(live)}" if live else "none"
    if trust.external_id == "required":
        return f"required; live: {', '.join(live)}" if live else "required; live: none"
    if trust.external_id == "none-documented":
        return f"not documented; live: {', '.join(live)}" if live else "none, as documented"
    return f"live: {', '.join(live)}" if live else "not needed"


def _external_id_operators(role: AwsRole) -> list[str]:
    if not isinstance(role.trust, Observed):
        return ["not read"]
    found: dict[str, None] = {}
    for statement in statements_of(role.trust.value):
        conditions = statement.get("Condition")
        for operator, keys in (conditions if isinstance(conditions, dict) else {}).items():
            if isinstance(keys, dict) and any(k.lower() == "sts:externalid" for k in keys):
                found[operator] = None
    return list(found)
