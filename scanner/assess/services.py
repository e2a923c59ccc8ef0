"""Each declared connection with what stands behind it live and the verdict that its findings come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from scanner.model.finding import SEVERITY_ORDER, Axis, Finding, Result, Severity
from scanner.model.porter_yaml import (
    AwsRoleConnection,
    AzureIdentityConnection,
    CloudSqlConnection,
    Connection,
    DiskConnection,
    GcpServiceAccountConnection,
)
from scanner.model.services import (
    AS_DOCUMENTED,
    FOR_A_PERSON,
    NO_ACCESS,
    NOT_AS_DOCUMENTED,
    NOT_JUDGED,
    NOT_PROVEN,
    RISK,
    SERVICE_VERDICTS,
    ServiceReview,
)
from scanner.rules.services._binding import members
from scanner.rules.services._federation import credentials_of
from scanner.rules.services_context import AwsServices, AzureServices, Declared, GcpServices

NOT_IN_INPUT: Final = "NOT_IN_INPUT"
"""Reason code of a rule whose input, a file, does not hold what it needs."""
_OF_THE_ACCOUNT: Final = frozenset({"SVC-AWS-006", "SVC-AZURE-003", "SVC-GCP-003", "SVC-GCP-007"})
"""Rules on what nobody declared, and on node pools: they say nothing of a connection."""
CloudContext = AwsServices | AzureServices | GcpServices


class Live(msgspec.Struct, frozen=True):
    """What stands behind a connection."""

    key: str
    """Key of the identity's findings."""
    words: tuple[str, ...]


def service_reviews(
    declared: Iterable[Declared], contexts: Sequence[CloudContext], findings: Sequence[Finding]
) -> tuple[ServiceReview, ...]:
    """Return a review per connection, in file and line order."""
    by_subject: dict[str, list[Finding]] = {}
    for finding in findings:
        by_subject.setdefault(finding.subject.key, []).append(finding)
    return tuple(_review(one, contexts, by_subject) for one in declared)


def _review(
    declared: Declared, contexts: Sequence[CloudContext], by_subject: dict[str, list[Finding]]
) -> ServiceReview:
    context = next((c for c in contexts if any(d.key == declared.key for d in c.connections)), None)
    live = _live(context, declared) if context is not None else None
    cloud = _cloud(declared.connection)
    keys = [declared.key, *([live.key] if live else ())]
    if cloud != "none":
        # A credential in the environment goes before the connection, and then the connection is there for nothing.
        keys += [declared.file.file, f"{declared.file.file}#{declared.service.name}"]
    found = [finding for key in keys for finding in by_subject.get(key, ())]
    if context is not None:
        found += [f for f in by_subject.get(context.account.scope.id, ()) if _leaves_open(f)]
    told = sorted((f for f in found if _rank(f) < SERVICE_VERDICTS.index(AS_DOCUMENTED)), key=_weight)
    return ServiceReview(
        file=declared.file.file,
        line=declared.connection.line,
        app=declared.file.app,
        service=declared.service.name,
        type=declared.type,
        cloud=cloud,
        declared=_named(declared.connection),
        scope_id=context.account.scope.id if context is not None else None,
        live=live.words if live else (),
        verdict=_verdict(cloud, context, found),
        reasons=tuple(f.message for f in told),
        findings=tuple(f.finding_id for f in sorted(found, key=_weight)),
    )


def _leaves_open(finding: Finding) -> bool:
    """Return whether a finding on a whole account says that a rule on its services could not look."""
    if finding.rule_id in _OF_THE_ACCOUNT:
        return False
    return finding.result in (Result.INCOMPLETE, Result.ERROR) or finding.reason_code == NOT_IN_INPUT


def _verdict(cloud: str, context: CloudContext | None, found: Sequence[Finding]) -> str:
    """Return the worst of what the findings say; a connection nobody could look at is never as documented."""
    worst = min((_rank(f) for f in found), default=len(SERVICE_VERDICTS) - 1)
    if worst < SERVICE_VERDICTS.index(AS_DOCUMENTED):
        return SERVICE_VERDICTS[worst]
    if context is None:
        return NO_ACCESS if cloud == "none" and found else NOT_JUDGED
    return SERVICE_VERDICTS[worst]


def _rank(finding: Finding) -> int:
    deviates = finding.result is Result.FAIL and finding.severity is not Severity.INFO
    if finding.reason_code == NOT_IN_INPUT:
        return SERVICE_VERDICTS.index(NOT_PROVEN)
    match finding.result, finding.axis:
        case (Result.FAIL, Axis.CONFORMANCE) if deviates:
            word = NOT_AS_DOCUMENTED
        case (Result.INCOMPLETE | Result.ERROR, _):
            word = NOT_PROVEN
        case (Result.MANUAL, _):
            word = FOR_A_PERSON
        case (Result.FAIL, _) if deviates:
            word = RISK
        case (Result.PASS | Result.FAIL, _):
            word = AS_DOCUMENTED
        case _:
            word = NOT_JUDGED
    return SERVICE_VERDICTS.index(word)


def _weight(finding: Finding) -> tuple[int, int, str]:
    return _rank(finding), SEVERITY_ORDER.index(finding.severity), finding.rule_id


def _cloud(connection: Connection) -> str:
    match connection:
        case AwsRoleConnection():
            return "aws"
        case AzureIdentityConnection():
            return "azure"
        case GcpServiceAccountConnection() | CloudSqlConnection():
            return "gcp"
    return "none" if isinstance(connection, DiskConnection) else ""


def _named(connection: Connection) -> str:
    match connection:
        case AwsRoleConnection(role=role):
            return role
        case AzureIdentityConnection(identity_name=name, resource_group=group):
            return f"{name} in {group}"
        case GcpServiceAccountConnection(email=email):
            return email
        case CloudSqlConnection(connection_name=name, service_account=account):
            return f"{name} as {account}"
        case DiskConnection(disk_name=name):
            return name
    return ""


def _live(context: CloudContext, declared: Declared) -> Live | None:
    match context:
        case AwsServices():
            role = context.role(declared)
            if role is None:
                return None
            pods = (f"{i.cluster}: {i.namespace}/{i.service_account}" for i in context.associations(role))
            return Live(role.arn, (role.arn, *pods))
        case AzureServices():
            identity = context.identity(declared)
            if identity is None:
                return None
            return Live(identity.id, (identity.id, *(c.subject or c.expression for c in credentials_of(identity))))
        case GcpServices():
            account = context.service_account(declared)
            if account is None:
                return None
            return Live(account.email, (account.email, *(m.name for m in members(context, account))))
