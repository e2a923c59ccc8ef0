"""What the GCP rules share: subjects, references, who may impersonate, and what an account's roles hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.baseline.records import SourceRef
from scanner.model.common import EvidencePointer, NotObserved
from scanner.model.finding import Expected, Outcome, Reference, Result, Subject
from scanner.model.inventory_gcp import GcpBinding, GcpProject, GcpServiceAccount
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import count, listed, quote

_DOCS = "https://cloud.google.com/iam/docs/"
PORTER_CONNECT = Reference(
    "Porter: connecting a cloud account", "https://docs.porter.run/cloud-accounts/connecting-a-cloud-account"
)
PORTER_ONBOARDING = Reference("Porter: GCP set-up code", "https://github.com/porter-dev/gcp-onboarding")
IAM_ROLES = Reference("Google: roles and permissions", _DOCS + "roles-overview")
IAM_BASIC = Reference("Google: basic roles", _DOCS + "roles-overview#basic")
IAM_KEYS = Reference(
    "Google: managing service account keys", _DOCS + "best-practices-for-managing-service-account-keys"
)
STORAGE_KEYS = Reference("Google: HMAC keys", "https://cloud.google.com/storage/docs/authentication/hmackeys")
IAM_IMPERSONATION = Reference("Google: service account impersonation", _DOCS + "service-account-impersonation")
IAM_FEDERATION = Reference(
    "Google: workload identity federation", _DOCS + "best-practices-for-using-workload-identity-federation"
)
IAM_CONDITIONS = Reference("Google: IAM conditions", _DOCS + "conditions-overview")
IAM_DENY = Reference("Google: deny policies", _DOCS + "deny-overview")
IAM_PRINCIPALS = Reference("Google: principal identifiers", _DOCS + "principal-identifiers")
USAGE = Reference("Google: enabled services", "https://cloud.google.com/service-usage/docs/overview")
GKE_IDENTITY = Reference(
    "Google: node service accounts", "https://cloud.google.com/kubernetes-engine/docs/how-to/service-accounts"
)
ASSETS = Reference(
    "Google: searching IAM policies", "https://cloud.google.com/asset-inventory/docs/search-iam-policies"
)
BILLING = Reference("Google: billing of projects", "https://cloud.google.com/billing/docs/how-to/modify-project")

IMPERSONATING = (
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccountKeys.create",
    "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccounts.getOpenIdToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccountApiKeyBindings.create",
)
"""Permissions with which somebody becomes a service account, at once or in one more step."""
_KNOWN = {
    "roles/iam.serviceAccountTokenCreator": "iam.serviceAccounts.getAccessToken",
    "roles/iam.serviceAccountOpenIdTokenCreator": "iam.serviceAccounts.getOpenIdToken",
    "roles/iam.serviceAccountUser": "iam.serviceAccounts.actAs",
    "roles/iam.workloadIdentityUser": "iam.serviceAccounts.getAccessToken",
    "roles/iam.serviceAccountKeyAdmin": "iam.serviceAccountKeys.create",
    "roles/iam.serviceAccountAdmin": "iam.serviceAccounts.setIamPolicy",
    "roles/owner": "iam.serviceAccounts.actAs",
    "roles/editor": "iam.serviceAccounts.actAs",
}
PUBLIC = ("allUsers", "allAuthenticatedUsers")


def account_subject(account: GcpServiceAccount) -> Subject:
    """Return the subject for a service account."""
    return Subject("gcp.service_account", account.email, account.account_id, account.unique_id or None)


def project_subject(ctx: GcpContext) -> Subject:
    """Return the subject for the project as a whole."""
    return Subject("gcp.project", ctx.project.project_id, ctx.project.project_id)


def key_of(ctx: GcpContext, account: GcpServiceAccount) -> str | None:
    """Return the documented name of a live account."""
    page = ctx.documented(account)
    return page.key if page else None


def not_applicable(ctx: GcpContext, reason: str = "No service account of Porter in the project.") -> Outcome:
    """Return the one outcome of a rule that has nothing to judge."""
    return Outcome(project_subject(ctx), Result.NOT_APPLICABLE, reason, reason_code="NO_SUBJECT")


def source_words(source: SourceRef) -> str:
    """Return where a claim stands, in words."""
    line = f"line {source.line}" if source.line else ""
    return ", ".join(part for part in (source.document, source.heading, line) if part)


def expected(value: object, source: SourceRef) -> Expected:
    """Return what a document says and where."""
    return Expected(value=value, source=source_words(source))


def permissions_of(ctx: GcpContext, bindings: Iterable[GcpBinding]) -> dict[str, GcpBinding]:
    """Return what bindings grant, as far as roles were read: each permission with the first binding that has it."""
    found: dict[str, GcpBinding] = {}
    for binding in bindings:
        role = ctx.role(binding.role)
        for permission in role.permissions if role else ():
            found.setdefault(permission, binding)
    return found


def impersonation(ctx: GcpContext, role: str) -> str | NotObserved | None:
    """Return a permission of the role that makes its holder a service account; None: it has none."""
    return becoming(ctx.project, role)


def becoming(project: GcpProject, role: str) -> str | NotObserved | None:
    """Return a permission of a role that makes its holder a service account, as the project's roles were read."""
    read = next((r for r in project.roles if r.name == role), None)
    if read is not None and not isinstance(read.definition, NotObserved):
        return next((p for p in IMPERSONATING if p in read.permissions), None)
    return _KNOWN.get(role, NotObserved(f"role {quote(role)} was not read"))


def opaque(ctx: GcpContext) -> str:
    """Return a sentence on bound groups and domains, whose members no policy shows; empty where there are none."""
    sets = {m for p in ctx.policies() for b in p.bindings for m in b.members if m.startswith(("group:", "domain:"))}
    return f" Who is in {listed(sorted(sets), 3)} is not in any policy, and was not read." if sets else ""


def is_public(member: str) -> bool:
    """Return whether a member is everybody, or everybody of a whole pool of identities."""
    return member in PUBLIC or (member.startswith("principalSet://") and member.endswith("/*"))


def is_own_agent(ctx: GcpContext, member: str) -> bool:
    """Return whether a member is one of Google's own agents of this project."""
    return is_agent_of(ctx.project, member)


def is_agent_of(project: GcpProject, member: str) -> bool:
    """Return whether a member is one of Google's own agents of a project, which Google binds by itself.

    https://cloud.google.com/iam/docs/service-agents: `service-PROJECT_NUMBER@HOST`. Of another project it is somebody
    else's, and a name in front of the number is anybody's.
    """
    name, _, host = member.removeprefix("serviceAccount:").partition("@")
    number = name.removeprefix("service-")
    mine = number == project.number if project.number else number.isdigit()
    return (
        member.startswith("serviceAccount:service-")
        and mine
        and (host.startswith("gcp-sa-") or host in _AGENT_HOSTS)
        and host.endswith(".iam.gserviceaccount.com")
    )


# https://cloud.google.com/iam/docs/service-agents; those that customers let act as their accounts.
_AGENT_HOSTS = (
    "cloud-ml.google.com.iam.gserviceaccount.com",
    "cloudcomposer-accounts.iam.gserviceaccount.com",
    "dataflow-service-producer-prod.iam.gserviceaccount.com",
    "dataproc-accounts.iam.gserviceaccount.com",
    "gae-api-prod.google.com.iam.gserviceaccount.com",
    "gcf-admin-robot.iam.gserviceaccount.com",
    "compute-system.iam.gserviceaccount.com",
    "container-engine-robot.iam.gserviceaccount.com",
    "serverless-robot-prod.iam.gserviceaccount.com",
)


def strongest(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield one outcome per discriminator: several bindings of one role are said once, by the gravest of them."""
    found: dict[str, Outcome] = {}
    for outcome in outcomes:
        known = found.setdefault(outcome.discriminator, outcome)
        if _GRAVITY.index(outcome.result) < _GRAVITY.index(known.result):
            found[outcome.discriminator] = outcome
    yield from found.values()


_GRAVITY = (Result.ERROR, Result.FAIL, Result.INCOMPLETE, Result.MANUAL, Result.PASS, Result.NOT_APPLICABLE)


def evidence_of(bindings: Iterable[GcpBinding]) -> tuple[EvidencePointer, ...]:
    """Return where bindings stand."""
    return tuple(b.evidence for b in bindings)


__all__ = ["count", "listed", "quote"]
