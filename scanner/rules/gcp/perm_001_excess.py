"""GCP-PERM-001: Porter's service account holds no role beyond those documented.

## What it checks
Every binding that names Porter's service account, or every service account or everybody, on the project and on the
folders and the organization above it, is compared with the documented roles, permission by permission. A binding
inside them passes, whatever its name.

## Why it matters
A role that the documents do not name is access nobody agreed to. On a folder or the organization even a documented
role reaches projects that Porter was never given.

## Remediation
Remove the binding, or have Porter document why it is needed.

## Limits
The page ends its list of roles with an open word: another predefined role on the project is for a person to judge
(MANUAL). Roles held through a group or a domain are not seen: no policy says who is in one. Bindings on resources
below the project are judged by GCP-PERM-005.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/roles-overview
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from scanner.access.gcp.compare import TELLING
from scanner.access.records import Comparison, Piece
from scanner.errors import PolicyError
from scanner.model import kinds_gcp as kinds
from scanner.model.finding import (
    Axis,
    Diff,
    DiffEntry,
    Expected,
    ObservedValue,
    Outcome,
    Remediation,
    Result,
    Severity,
    Witness,
)
from scanner.model.inventory_gcp import GcpBinding, GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import (
    IAM_ROLES,
    IMPERSONATING,
    PORTER_CONNECT,
    account_subject,
    key_of,
    not_applicable,
    opaque,
    strongest,
)
from scanner.rules.gcp_context import GcpContext, documented_grant, holds, via
from scanner.rules.words import count, listed, quote

_BASIC = ("roles/owner", "roles/editor", "roles/admin", "roles/writer")


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per binding that is not inside the documents, or one PASS per account."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        beyond = [o for b in ctx.grants(account) if (o := judge_binding(ctx, account, b)) is not None]
        beyond += [o for b, member in ctx.perhaps_granted() if (o := _perhaps(ctx, account, b, member)) is not None]
        yield from strongest(beyond)
        if not beyond:
            held = count(len(ctx.grants(account)), "binding")
            message = f"{held} of the account, inside the documented roles.{opaque(ctx)}"
            yield Outcome(
                account_subject(account),
                Result.PASS,
                message,
                reason_code="INSIDE",
                porter_role=key_of(ctx, account),
                evidence=(account.evidence,),
            )


def _perhaps(ctx: GcpContext, account: GcpServiceAccount, binding: GcpBinding, member: str) -> Outcome | None:
    """Return what to say of a binding of a set that may hold the account; None: it is inside the documents."""
    if judge_binding(ctx, account, binding) is None:
        return None
    message = (
        f"{quote(member)} holds {quote(binding.role)} on {quote(binding.node)}. Whether the account is one of them is "
        "open: where the project stands was not read."
    )
    return _outcome(ctx, account, binding, Result.INCOMPLETE, "SET_UNDECIDED", message)


def _place(ctx: GcpContext, account: GcpServiceAccount, binding: GcpBinding) -> str:
    """Return where a binding stands and, if it does not name the account, by which member it holds."""
    member = "" if holds(binding, account.member) else via(binding, ctx.sets_of_accounts())
    return f"{quote(binding.node)}{f' through {quote(member)}' if member else ''}"


def judge_binding(ctx: GcpContext, account: GcpServiceAccount, binding: GcpBinding) -> Outcome | None:
    """Return what to say of one binding, here or on a resource below; None: it is inside the documents."""
    if documented_grant(ctx.documented(account), binding) is not None:
        return None
    try:
        comparison = ctx.compare(account, binding)
    except PolicyError as error:
        return _outcome(ctx, account, binding, Result.INCOMPLETE, "UNREADABLE", f"The binding cannot be read: {error}.")
    if comparison.contained:
        return None
    if comparison.excess:
        return _excess(ctx, account, binding, comparison)
    reasons = listed(u.reason for u in comparison.undecided if u.direction == "excess")
    if binding.role in _BASIC:
        where = _place(ctx, account, binding)
        message = f"Holds the basic role {quote(binding.role)} on {where}, which no document names."
        return _outcome(ctx, account, binding, Result.FAIL, "NOT_DOCUMENTED", message, Severity.CRITICAL)
    where = _place(ctx, account, binding)
    message = f"Whether {quote(binding.role)} on {where} is inside the documents is open: {reasons}."
    return _outcome(ctx, account, binding, Result.INCOMPLETE, "UNDECIDED", message)


def _excess(ctx: GcpContext, account: GcpServiceAccount, binding: GcpBinding, comparison: Comparison) -> Outcome:
    pieces = comparison.excess
    request = pieces[0].witness
    witness = Witness(request.principal, request.action, request.resource, dict(request.context), replayed=True)
    said = f"{quote(binding.role)} on {_place(ctx, account, binding)} is not documented for this account"
    shown = f"{said}; for example it allows {quote(request.action)} on {quote(request.resource)}."
    result, code, severity = _weight(ctx, account, binding, pieces)
    if result is Result.MANUAL:
        shown += " The page does not enumerate the roles that Porter grants itself."
    outcome = _outcome(ctx, account, binding, result, code, shown, severity)
    entries = tuple(
        DiffEntry(
            kind=p.kind,
            statement=f"{p.document}: {p.statement}",
            actions=p.actions,
            resources=p.resources,
            conditions=p.conditions,
            principals=p.principals,
            witness=witness if p is pieces[0] else None,
        )
        for p in pieces
    )
    return replace(outcome, diff=Diff(added=entries), witness=witness)


def _telling(piece: Piece) -> bool:
    return any(action in TELLING or action in IMPERSONATING for action in piece.actions)


def _weight(
    ctx: GcpContext, account: GcpServiceAccount, binding: GcpBinding, pieces: Sequence[Piece]
) -> tuple[Result, str, Severity | None]:
    """Return how an undocumented binding counts."""
    page = ctx.documented(account)
    if binding.role in _BASIC:
        return Result.FAIL, "BASIC_ROLE", Severity.CRITICAL
    if binding.node.startswith(("folders/", "organizations/")):
        return Result.FAIL, "ABOVE_PROJECT", Severity.CRITICAL
    custom = not binding.role.startswith("roles/")
    own = binding.role.rpartition("/")[2]
    known = any(e.kind == "role" and e.name_pattern == own for e in ctx.baseline.known_extras)
    # The name is known, what such a role may hold is not: it makes light of nothing that leads to other access.
    if known and binding.role.startswith("projects/") and not any(_telling(p) for p in pieces):
        return Result.FAIL, "KNOWN_EXTRA", Severity.LOW
    if page is not None and page.open_list is not None and not custom:
        return Result.MANUAL, "OPEN_LIST", Severity.MEDIUM
    return Result.FAIL, "NOT_DOCUMENTED", None


def _outcome(
    ctx: GcpContext,
    account: GcpServiceAccount,
    binding: GcpBinding,
    result: Result,
    code: str,
    message: str,
    severity: Severity | None = None,
) -> Outcome:
    page = ctx.documented(account)
    documented = sorted({g.role for g in page.grants}) if page else []
    return Outcome(
        account_subject(account),
        result,
        message,
        reason_code=code,
        discriminator=f"{binding.role} on {binding.node}" + (" with condition" if binding.condition else ""),
        severity=severity,
        porter_role=key_of(ctx, account),
        expected=Expected(documented, "documented roles"),
        observed=ObservedValue({"role": binding.role, "node": binding.node}, f"policy of {binding.node}"),
        evidence=(binding.evidence,),
    )


RULE = Rule(
    id="GCP-PERM-001",
    title="Porter's service account holds no role beyond those documented",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
        kinds.ROLES,
    ),
    supplementary=(kinds.ANCESTORS,),
    check=check,
    remediation=Remediation(
        summary="Remove the binding.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_ROLES,
    ),
    claims=(
        55,
        56,
        60,
    ),
    cloud="gcp",
)
