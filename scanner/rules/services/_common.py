"""What the rules on services share: subjects, places in the documents, and whose service account is whose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from scanner.baseline.records import SourceRef
from scanner.baseline.records_services import ServicesBaseline
from scanner.model.common import EvidencePointer
from scanner.model.finding import Expected, Outcome, Reference, Result, Subject
from scanner.model.inventory import AwsRole, PodIdentityAssociation
from scanner.model.inventory_azure import AzureManagedIdentity
from scanner.model.inventory_gcp import GcpServiceAccount
from scanner.rules.aws._common import source_text
from scanner.rules.services_context import Declared, ServicesContext
from scanner.rules.words import count, listed, quote

PORTER_WORKLOADS = Reference(
    "Porter: secure cloud access", "https://docs.porter.run/applications/configure/secure-cloud-access"
)
PORTER_CONNECTIONS = Reference(
    "Porter: connections in porter.yaml",
    "https://docs.porter.run/applications/configuration-as-code/services/connections",
)
EKS_POD_IDENTITY = Reference(
    "AWS: EKS Pod Identity", "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html"
)
EKS_POD_ROLE = Reference(
    "AWS: the trust policy of a pod's role", "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html"
)
AWS_LEAST_PRIVILEGE = Reference(
    "AWS: security best practices in IAM", "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"
)
AKS_WORKLOADS = Reference(
    "Azure: workload identity on AKS", "https://learn.microsoft.com/en-us/azure/aks/workload-identity-overview"
)
AZURE_SCOPES = Reference(
    "Azure: scope of role assignments", "https://learn.microsoft.com/azure/role-based-access-control/scope-overview"
)
GKE_WORKLOADS = Reference(
    "Google: Workload Identity Federation for GKE",
    "https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity",
)
GOOGLE_ACCOUNTS = Reference(
    "Google: best practices for service accounts", "https://cloud.google.com/iam/docs/best-practices-service-accounts"
)
GOOGLE_KEYS = Reference(
    "Google: managing service account keys",
    "https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys",
)

Account = tuple[str, str]
"""Namespace and name of a Kubernetes service account."""


def connection_subject(declared: Declared) -> Subject:
    """Return a declared connection as a subject."""
    return Subject("porter.connection", declared.key, f"{declared.who} {declared.type or 'unknown'}")


def role_subject(role: AwsRole) -> Subject:
    """Return an IAM role as a subject."""
    return Subject("aws.iam.role", role.arn, role.name, role.role_id)


def association_subject(item: PodIdentityAssociation) -> Subject:
    """Return a Pod Identity association as a subject."""
    key = f"{item.region}/{item.cluster}/{item.association_id}"
    return Subject("aws.eks.pod_identity_association", key, f"{item.namespace}/{item.service_account}")


def identity_subject(identity: AzureManagedIdentity) -> Subject:
    """Return a managed identity as a subject."""
    return Subject("azure.managed_identity", identity.id, identity.name, identity.principal_id or None)


def service_account_subject(account: GcpServiceAccount) -> Subject:
    """Return a GCP service account as a subject."""
    return Subject("gcp.service_account", account.email, account.account_id, account.unique_id or None)


def nothing(ctx: ServicesContext, reason: str) -> Outcome:
    """Return the one outcome of a rule that has nothing to judge in this scope."""
    scope = ctx.account.scope
    subject = Subject(f"{scope.cloud}.{scope.kind}", scope.id, scope.name or scope.id)
    return Outcome(subject, Result.NOT_APPLICABLE, reason, reason_code="NO_SUBJECT")


def scope_outcome(ctx: ServicesContext, result: Result, message: str, code: str) -> Outcome:
    """Return an outcome about the scope as a whole."""
    scope = ctx.account.scope
    return Outcome(
        Subject(f"{scope.cloud}.{scope.kind}", scope.id, scope.name or scope.id), result, message, reason_code=code
    )


def expected(baseline: ServicesBaseline, value: object, source: SourceRef | None) -> Expected:
    """Return what the documents say, with the place."""
    if source is None:
        return Expected(value=value)
    url = next((d.url for d in baseline.documents if d.name == source.document), None)
    return Expected(value=value, source=source_text(source), doc_url=url if url and url.startswith("https") else None)


def advised(baseline: ServicesBaseline, key: str) -> Expected | None:
    """Return a piece of advice with its place, if the documents give it."""
    found = baseline.advised(key)
    return expected(baseline, found.summary, found.source) if found else None


def place_of(declared: Declared) -> EvidencePointer:
    """Return where a connection stands in the snapshot."""
    return EvidencePointer(declared.unit_id, declared.pointer)


def services_of(connections: Iterable[Declared]) -> tuple[str, ...]:
    """Return the services behind connections, each once: the same app and service in two files is one service."""
    return tuple(dict.fromkeys(declared.who for declared in connections))


def named(connections: Sequence[Declared]) -> str:
    """Return the connections with their places, for a sentence."""
    shown = [f"{quote(d.who)} ({plain(d.where)})" for d in connections[:3]]
    more = f" and {len(connections) - 3} more" if len(connections) > 3 else ""
    return ", ".join(shown) + more


def plain(text: str) -> str:
    """Return text from a file's name fit for a sentence."""
    return quote(text).strip("`")


def accounts_in(accounts: Iterable[Account]) -> str:
    """Return Kubernetes service accounts for a sentence."""
    return listed(f"{namespace}/{name}" for namespace, name in accounts)


def whose(connections: Sequence[Declared], accounts: Sequence[Account]) -> tuple[Result, str, str]:
    """Return whether one account is certainly the service's own: result, code, words.

    How Porter names service accounts is not documented. A single account that bears the service's name passes; any
    other case is for a person.
    """
    services = services_of(connections)
    only = list(dict.fromkeys(accounts))
    if len(only) == 1 and len(services) == 1 and bears(only[0], connections[0].service.name, connections[0].file.app):
        return Result.PASS, "AS_DOCUMENTED", f"{accounts_in(only)} is the one account that gets it"
    if len(only) == 1 and len(services) == 1:
        words = f"{accounts_in(only)} gets it; that this is the service's own account rests on its name"
        return Result.MANUAL, "NAME_NOT_DOCUMENTED", words
    words = f"{count(len(only), 'service account')} ({accounts_in(only)}) for {count(len(services), 'service')}"
    return Result.MANUAL, "WHOSE_IS_NOT_DOCUMENTED", f"{words}: which is whose rests on names that are not documented"


def bears(account: Account, service: str, app: str | None) -> bool:
    """Return whether a service account is named for a service: with the app's name, or in a namespace that bears it.

    Exact: `orders-api` is no name of a service `orders`, nor `payments-api` one of the app `orders`.
    """
    namespace, name = account[0].lower(), account[1].lower()
    own, whole = _folded(service), _folded(app or "")
    if not whole or not own:
        return bool(own) and name == own
    if name == own:
        return f"-{whole}-" in f"-{namespace}-" or own.startswith(f"{whole}-")
    return name == f"{whole}-{own}"


def _folded(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def shape(pattern: str, values: dict[str, str]) -> re.Pattern[str]:
    """Return a documented pattern as a regular expression with groups for the words that stay open."""
    parts = re.split(r"\{([a-z_]+)\}", pattern)
    text = ""
    for place, part in enumerate(parts):
        fixed = part if place % 2 == 0 else values.get(part)
        text += re.escape(fixed) if fixed is not None else f"(?P<{part}>[a-z0-9.-]+)"
    return re.compile(text)


def per_service(connections: Sequence[Declared]) -> Iterator[EvidencePointer]:
    """Yield where each connection stands."""
    yield from (place_of(declared) for declared in connections)
