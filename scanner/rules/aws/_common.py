"""What the AWS rules share: subjects, references, expectations, and from the engine's answer to a result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.access.records import Answer
from scanner.baseline.records import AwsBaseline, DocumentedRole, SourceRef
from scanner.model.common import EvidencePointer
from scanner.model.finding import Expected, Outcome, Reference, Result, Subject
from scanner.model.inventory import AwsRole
from scanner.rules.base import AwsContext
from scanner.rules.differences import witness_of
from scanner.rules.words import count

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
