"""SVC-ENV-001: No service takes a static credential from its environment.

## What it checks
The names of the environment variables of each service and of its app: none is one from which the clouds' SDKs and
tools take a key, a secret or a key file. Only names are read; values never leave the file.

## Why it matters
The pages promise access without static keys. A key in an environment variable works from anywhere, does not expire,
and SDKs prefer it to the service's own identity, so that the connection is there and unused.

## Remediation
Remove the variable, revoke the key, and let the service use its connection.

## Limits
A credential under another name is not recognised. Variables that are set outside of porter.yaml are not seen.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.porter.run/applications/configuration-as-code/services/connections
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.common import EvidencePointer
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.porter_yaml import PORTER_YAML, EnvName
from scanner.rules.base import Rule
from scanner.rules.services._common import PORTER_CONNECTIONS, PORTER_WORKLOADS, expected, plain
from scanner.rules.services_context import FilesContext
from scanner.rules.words import listed


def check(ctx: FilesContext) -> Iterator[Outcome]:
    """Yield one outcome per service, and one for the variables of the app, which every service gets."""
    file = ctx.account.file
    app = Subject("porter.file", file.file, file.app or file.file)
    yield _judge(ctx, app, file.env, "", "/0/env")
    for place, service in enumerate(file.services):
        who = f"{file.app}/{service.name}" if file.app else service.name
        subject = Subject("porter.service", f"{file.file}#{service.name}", who)
        yield _judge(ctx, subject, service.env, service.name, f"/0/services/{place}/env")


def _judge(ctx: FilesContext, subject: Subject, names: Sequence[EnvName], service: str, pointer: str) -> Outcome:
    file = ctx.account.file
    static = [name for name in names if name.name.upper() in ctx.baseline.static_credentials]
    unread = [p for p in file.problems if p.code == "NOT_READ" and p.service == service]
    result, code, said = Result.PASS, "NONE", "No variable's name is one of a static credential."
    if static:
        result, code = Result.FAIL, "STATIC_CREDENTIAL"
        lines = ", ".join(f"line {name.line}" for name in static[:5])
        said = f"{listed(name.name for name in static)} ({plain(file.file)} {lines}) holds a static credential."
    elif unread:
        result, code = Result.INCOMPLETE, "NOT_READ"
        said = f"{plain(file.file)} line {unread[0].line}: {unread[0].message}."
    return Outcome(
        subject=subject,
        result=result,
        message=said,
        reason_code=code,
        expected=expected(ctx.baseline, "no static credential", ctx.baseline.static_source),
        observed=ObservedValue([name.name for name in static]) if static else None,
        evidence=(EvidencePointer(ctx.account.unit_id, pointer),),
    )


RULE = Rule(
    id="SVC-ENV-001",
    title="No service takes a static credential from its environment",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(PORTER_YAML,),
    check=check,
    remediation=Remediation(
        summary="Remove the variable, revoke the key, and let the service use its connection.",
        risk_of_change="The service loses access if its connection does not work yet.",
    ),
    references=(PORTER_WORKLOADS, PORTER_CONNECTIONS),
    claims=(90,),
    cloud="files",
    services=True,
)
