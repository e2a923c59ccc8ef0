"""What the AWS rules share: subjects, quoting, differences, and from the engine's answer to a result."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from scanner.access.records import Answer, Comparison, Piece, Request
from scanner.baseline.records import AwsBaseline, DocumentedRole, SourceRef
from scanner.model.common import EvidencePointer, JsonObject
from scanner.model.finding import Diff, DiffEntry, Expected, Outcome, Reference, Result, Severity, Subject, Witness
from scanner.model.inventory import AwsRole
from scanner.rules.base import AwsContext

PORTER_PERMISSIONS = Reference(
    "Porter: AWS permissions", "https://docs.porter.run/security-and-compliance/aws-permissions"
)
PORTER_CONNECT = Reference(
    "Porter: connecting a cloud account", "https://docs.porter.run/cloud-accounts/connecting-a-cloud-account"
)
PORTER_WORKLOADS = Reference(
    "Porter: secure cloud access", "https://docs.porter.run/applications/configure/secure-cloud-access"
)
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
IAM_BEST_PRACTICES = Reference("AWS: security best practices in IAM", _IAM + "best-practices.html")
IAM_EXTERNAL_ID = Reference(
    "AWS: access to accounts owned by third parties", _IAM + "id_roles_common-scenarios_third-party.html"
)
IAM_CONFUSED_DEPUTY = Reference("AWS: the confused deputy problem", _IAM + "confused-deputy.html")
IAM_PASS_ROLE = Reference("AWS: passing a role to a service", _IAM + "id_roles_use_passrole.html")
IAM_PRINCIPAL = Reference("AWS: Principal element", _IAM + "reference_policies_elements_principal.html")
IAM_BOUNDARIES = Reference("AWS: permissions boundaries", _IAM + "access_policies_boundaries.html")
IAM_MANAGED = Reference("AWS: managed and inline policies", _IAM + "access_policies_managed-vs-inline.html")
IAM_OPERATORS = Reference("AWS: condition operators", _IAM + "reference_policies_elements_condition_operators.html")
IAM_LAST_USED = Reference("AWS: last accessed information", _IAM + "access_policies_last-accessed.html")
EKS_POD_IDENTITY = Reference(
    "AWS: EKS Pod Identity", "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html"
)

_LONGEST_VALUE = 200
"""Longer values are cut in messages; the whole value stands in the evidence."""


def quote(value: str) -> str:
    """Return a value from the cloud for a sentence: in backticks, on one line, without control or direction marks."""
    plain = "".join("?" if unicodedata.category(c)[0] == "C" or c in "`\u2028\u2029" else c for c in value)
    return f"`{plain if len(plain) <= _LONGEST_VALUE else plain[:_LONGEST_VALUE] + '...'}`"


def listed(items: Iterable[str], most: int = 5) -> str:
    """Return items quoted and joined; above `most`, the rest is counted."""
    unique = list(dict.fromkeys(items))
    shown = ", ".join(quote(i) for i in unique[:most])
    return shown + (f" and {len(unique) - most} more" if len(unique) > most else "")


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 role`, `2 roles`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the most severe; INFO of nothing."""
    order = list(Severity)
    return min(severities, key=order.index, default=Severity.INFO)


def role_subject(role: AwsRole) -> Subject:
    """Return the subject for a live role."""
    return Subject(type="aws.iam.role", key=role.arn, name=role.name, id=role.role_id)


def account_subject(ctx: AwsContext) -> Subject:
    """Return the subject for the account as a whole."""
    account = ctx.account
    return Subject(type="aws.account", key=account.account_id, name=account.scope.name or account.account_id)


def not_applicable(ctx: AwsContext, reason: str, code: str = "NO_SUBJECT") -> Outcome:
    """Return the one outcome of a rule that has nothing to judge in this account."""
    return Outcome(subject=account_subject(ctx), result=Result.NOT_APPLICABLE, message=reason, reason_code=code)


def no_porter_role(ctx: AwsContext) -> Outcome:
    """Return the outcome for an account in which no role is the vendor's."""
    return not_applicable(ctx, "No role in this account is named like Porter's or admits a Porter account.")


def documented_roles(ctx: AwsContext) -> Iterator[tuple[AwsRole, DocumentedRole]]:
    """Yield each live role that is documented by name, with its documented role."""
    for role in ctx.porter_roles:
        page = ctx.documented(role)
        if page is not None:
            yield role, page


def key_of(ctx: AwsContext, role: AwsRole) -> str | None:
    """Return the documented name of a live role."""
    page = ctx.documented(role)
    return page.key if page else None


def evidence_of(role: AwsRole) -> tuple[EvidencePointer, ...]:
    """Return where the role and its policies stand in the snapshot."""
    return tuple(dict.fromkeys((role.evidence, *(p.evidence for p in role.policies))))


def source_text(source: SourceRef) -> str:
    """Return where a claim was read, for people: `S003, porter-manager, row 3`."""
    parts = [source.document, source.heading, f"row {source.row}" if source.row else ""]
    if not source.row and source.line:
        parts.append(f"line {source.line}")
    return ", ".join(p for p in parts if p)


def doc_url(baseline: AwsBaseline, source: SourceRef) -> str | None:
    """Return the public address of the page a claim was read from."""
    url = next((d.url for d in baseline.documents if d.name == source.document), None)
    return url if url and url.startswith("https://") else None


def expectation(
    ctx: AwsContext, value: object, source: SourceRef | None = None, statement: str | None = None
) -> Expected:
    """Return what the document says, with the place."""
    if source is None:
        return Expected(value=value)
    return Expected(
        value=value, source=source_text(source), statement_id=statement, doc_url=doc_url(ctx.baseline, source)
    )


def page_of(ctx: AwsContext, page: DocumentedRole) -> Expected:
    """Return the documented statements of a role as the expectation."""
    rows = [f"{s.sid}: {count(len(s.actions), 'action')} on {', '.join(s.resources)}" for s in page.statements]
    return expectation(ctx, rows, page.source)


def witness_of(request: Request | None, path: Sequence[str] = ()) -> Witness | None:
    """Return the engine's request as the finding's example; the engine has run it on the second evaluator."""
    if request is None:
        return None
    context: JsonObject = dict(request.context)
    return Witness(request.principal, request.action, request.resource, context, tuple(path), replayed=True)


def spoken(request: Request | Witness | None) -> str:
    """Return an example request in words."""
    if request is None:
        return "no example request"
    text = f"{quote(request.action)} on {quote(request.resource)}"
    if request.principal:
        text += f" by {quote(request.principal)}"
    pairs = [f"{k}={v if isinstance(v, str) else '|'.join(map(str, v))}" for k, v in sorted(request.context.items())]
    return text + (f" with {listed(pairs, 3)}" if pairs else "")


def entry(piece: Piece) -> DiffEntry:
    """Return a piece of access as a line of the difference."""
    return DiffEntry(
        kind=piece.kind,
        statement=f"{piece.document}: {piece.statement}",
        actions=piece.actions,
        resources=piece.resources,
        conditions=piece.conditions,
        principals=piece.principals,
        latent=piece.latent,
        witness=witness_of(piece.witness),
    )


def difference(comparison: Comparison, excess: Sequence[Piece] | None = None) -> Diff:
    """Return documented versus live, whole or for some of the excess."""
    added = comparison.excess if excess is None else excess
    return Diff(
        added=tuple(entry(p) for p in added),
        removed=tuple(entry(p) for p in comparison.missing),
        undecided=tuple(f"{u.document}: {u.statement}: {u.reason}" for u in comparison.undecided),
    )


def open_reasons(comparison: Comparison, direction: str = "excess") -> tuple[str, ...]:
    """Return why the comparison is not decided in one direction."""
    return tuple(u.reason for u in comparison.undecided if u.direction == direction)


def open_result(reasons: Sequence[str]) -> Result:
    """Return MANUAL where only the documents' meaning is open, else INCOMPLETE."""
    return Result.MANUAL if reasons and all(r.startswith("reading: ") for r in reasons) else Result.INCOMPLETE


def undecided_outcome(
    subject: Subject, what: str, answer: Answer, *, discriminator: str = "", porter_role: str | None = None
) -> Outcome:
    """Return the outcome for a question the engine could not decide."""
    return Outcome(
        subject=subject,
        result=open_result([answer.reason]),
        message=f"{what} could not be decided: {answer.reason}.",
        reason_code="UNDECIDED",
        discriminator=discriminator,
        porter_role=porter_role,
        witness=witness_of(answer.witness),
    )
