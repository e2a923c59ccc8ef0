"""From units as they were read to a snapshot that may be stored: redacted, numbered, in one order."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version

import msgspec

from scanner import __version__
from scanner.collect.aws.allowlist import apis_of
from scanner.collect.aws.authorization_pages import decode_documents_or_mark, decode_policy_content, entity_arns
from scanner.collect.aws.cloudtrail import keep_events
from scanner.collect.redact import Redactor
from scanner.collect.unit import UnitResult
from scanner.model import kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import (
    SNAPSHOT_SCHEMA,
    ApiCall,
    Caller,
    Scope,
    Snapshot,
    SourceKind,
    Unit,
    UnitError,
    UnitStatus,
)

UNKNOWN_ACCOUNT = "unknown"
_KINDS = (*kinds.AWS_UNIT_KINDS, *kinds.AWS_KINDS_ON_REQUEST)
_ORDER = {kind.kind: place for place, kind in enumerate(_KINDS)}
_REQUIRED = {kind.kind: kind.required for kind in _KINDS}


class Run(msgspec.Struct, frozen=True):
    """What one collection brought."""

    collected_at: datetime
    partition: str
    presence: str
    opening_calls: tuple[ApiCall, ...]
    results: tuple[UnitResult, ...]


def assemble(run: Run, redactor: Redactor) -> Snapshot:
    """Return the snapshot. The pages of `run` are redacted in place: nothing unredacted is left behind."""
    results = sorted(run.results, key=lambda result: (_ORDER[result.kind], result.region))
    account, partition = _identity(results, run.partition)
    for result in results:
        _redact(result, redactor)
    for result in results:
        for page in result.pages:
            redactor.scrub(page)
    closed = closed_regions(results)
    return Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.LIVE,
        tool_version=__version__,
        collected_at=run.collected_at,
        scopes=(Scope(cloud="aws", kind="account", id=account, partition=partition, presence=run.presence),),
        units=tuple(_unit(result, account, closed, redactor) for result in results),
        calls=tuple(_calls(results, run.opening_calls, account)),
        callers=tuple(_callers(results, account)),
        external_ids=redactor.facts(),
        sdk_versions=(("boto3", version("boto3")), ("botocore", version("botocore"))),
        redactions=redactor.count,
    )


def _identity(results: list[UnitResult], partition: str) -> tuple[str, str]:
    """Return account id and partition from the caller's ARN, else from the ARN of any IAM entity of the account."""
    arns = [page.get("Arn") for result in results if result.kind == kinds.CALLER_IDENTITY for page in result.pages]
    for result in results:
        if result.kind == kinds.AUTHORIZATION_DETAILS:
            arns.extend(arn for page in result.pages for _, arn in entity_arns(page))
    for arn in arns:
        parts = str(arn).split(":", 5)
        if len(parts) == 6 and parts[4].isdigit():
            return parts[4], parts[1]
    return UNKNOWN_ACCOUNT, partition


def _redact(result: UnitResult, redactor: Redactor) -> None:
    for page in result.pages:
        match result.kind:
            case kinds.AUTHORIZATION_DETAILS:
                decode_documents_or_mark(page)
            case kinds.ORGANIZATION_POLICIES:
                decode_policy_content(page)
            case kinds.ACCESS_KEYS:
                redactor.access_keys(page)
            case kinds.STACK:
                redactor.stack(page)
            case kinds.CALLER_IDENTITY:
                redactor.caller(page)
            case kinds.ACTIVITY:
                keep_events(page, redactor)
        redactor.document(page)


def closed_regions(results: list[UnitResult]) -> frozenset[str]:
    """Return the regions that a service control policy closes.

    A region is closed if every service asked there was refused in the name of such a policy. If that is so in all
    regions, it is the services that are closed, not the regions, and none is returned.
    """
    asked: dict[str, list[bool]] = {}
    for result in results:
        if result.kind in (kinds.STACK, kinds.CLUSTERS):
            asked.setdefault(result.region, []).append(_refused_by_scp(result))
    closed = frozenset(region for region, refused in asked.items() if all(refused))
    return closed if len(closed) < len(asked) else frozenset()


def _refused_by_scp(result: UnitResult) -> bool:
    message = result.error.message if result.error else ""
    return result.status is UnitStatus.DENIED and "service control policy" in message


def _unit(result: UnitResult, account: str, closed: frozenset[str], redactor: Redactor) -> Unit:
    return Unit(
        unit_id=kinds.aws_unit_id(account, result.region, result.kind),
        kind=result.kind,
        cloud="aws",
        scope_id=account,
        region=result.region,
        required=_REQUIRED[result.kind] and result.region not in closed,
        status=result.status,
        apis=apis_of(result.kind),
        pages=result.pages,
        items=result.items,
        error=_redacted_error(result.error, redactor),
        started=result.started,
        ended=result.ended,
    )


def _redacted_error(error: UnitError | None, redactor: Redactor) -> UnitError | None:
    return msgspec.structs.replace(error, message=redactor.message(error.message)) if error else None


def _calls(results: list[UnitResult], opening: tuple[ApiCall, ...], account: str) -> list[ApiCall]:
    """Return the ledger in unit order; becoming the reader belongs to the question who reads."""
    reader = kinds.aws_unit_id(account, "global", kinds.CALLER_IDENTITY)
    found = [msgspec.structs.replace(call, unit_id=reader) for call in opening]
    for result in results:
        unit_id = kinds.aws_unit_id(account, result.region, result.kind)
        found.extend(msgspec.structs.replace(call, unit_id=unit_id) for call in result.calls)
    return found


def _callers(results: list[UnitResult], account: str) -> list[Caller]:
    pages: list[JsonObject] = [
        page for result in results if result.kind == kinds.CALLER_IDENTITY for page in result.pages
    ]
    return [
        Caller(cloud="aws", scope_id=account, principal=str(page.get("Arn") or "unknown"), user_id=page.get("UserId"))
        for page in pages
    ]
