"""SVC-AZURE-004: Each service has a managed identity of its own.

## What it checks
Each declared identity: one service declares it, over all porter.yaml files that were given, and its federated
credentials name one Kubernetes service account. The same app and service in two files is one service.

## Why it matters
The pages recommend an identity per service, with everything that service needs on it. A shared identity gives each
service what any of them needs, and the log cannot tell them apart.

## Remediation
Make an identity per service with what that service needs.

## Limits
Services in files that were not given are seen only through their credentials.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.porter.run/applications/configuration-as-code/services/connections
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import AzureManagedIdentity
from scanner.model.kinds_azure import MANAGED_IDENTITIES
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    PORTER_CONNECTIONS,
    PORTER_WORKLOADS,
    advised,
    identity_subject,
    nothing,
    per_service,
    services_of,
)
from scanner.rules.services._federation import credentials_of
from scanner.rules.services_context import AzureServices, Declared
from scanner.rules.words import count, listed, quote


def check(ctx: AzureServices) -> Iterator[Outcome]:
    """Yield one outcome per declared identity that exists."""
    found = False
    for identity, connections in ctx.identities():
        found = True
        yield _judge(ctx, identity, connections)
    if not found:
        yield nothing(ctx, "No declared managed identity exists in this subscription.")


def _judge(ctx: AzureServices, identity: AzureManagedIdentity, connections: Sequence[Declared]) -> Outcome:
    services = services_of(connections)
    subjects = list(dict.fromkeys(c.subject or c.expression for c in credentials_of(identity)))
    shared = len(services) > 1 or len(subjects) > 1
    result, code = (Result.FAIL, "SHARED") if shared else (Result.PASS, "OWN")
    said = f"{quote(identity.name)} is declared by {count(len(services), 'service')} ({listed(services)})"
    said += f" and takes {count(len(subjects), 'subject')}" + (f" ({listed(subjects)})" if subjects else "")
    if not shared and isinstance(identity.credentials, NotObserved):
        result, code, said = Result.INCOMPLETE, "CREDENTIALS_UNREAD", f"{said}; {identity.credentials.reason}"
    return Outcome(
        subject=identity_subject(identity),
        result=result,
        message=f"{said}.",
        reason_code=code,
        expected=advised(ctx.baseline, "azure-dedicated"),
        observed=ObservedValue({"services": list(services), "subjects": subjects}),
        evidence=(identity.evidence, *(c.evidence for c in credentials_of(identity)), *per_service(connections)),
    )


RULE = Rule(
    id="SVC-AZURE-004",
    title="Each service has a managed identity of its own",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(MANAGED_IDENTITIES,),
    check=check,
    remediation=Remediation(summary="Make an identity per service with what that service needs."),
    references=(PORTER_WORKLOADS, PORTER_CONNECTIONS),
    claims=(82,),
    cloud="azure",
    services=True,
)
