"""CloudTrail's events to records: each once, whichever look-up found it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from scanner.errors import InputError
from scanner.model.common import EvidencePointer, JsonObject
from scanner.model.inventory import AwsActivity, AwsEvent
from scanner.model.kinds import CALL
from scanner.model.snapshot import Unit
from scanner.normalize.pointer import child, optional_text, record, records, text

_ANYWHERE: Final = EvidencePointer("")


def activity_of(units: Sequence[Unit]) -> AwsActivity | None:
    """Return what the activity units of an account tell, in order of time; None where nobody asked for them.

    What two look-ups found is one event; events of one id that differ stay two, so that none can hide another.
    Raises `InputError` (JSON pointer) on an event that is not what the collector keeps of one.
    """
    if not units:
        return None
    events: dict[AwsEvent, AwsEvent] = {}
    unreadable = 0
    since: list[datetime] = []
    until: list[datetime] = []
    for unit in units:
        for index, page in enumerate(unit.pages):
            params = page.get(CALL, {}).get("params", {})
            since += _time_in(params, "StartTime", f"/{index}")
            until += _time_in(params, "EndTime", f"/{index}")
            for at, raw in records(page, "Events", f"/{index}"):
                if raw.get("unreadable"):
                    unreadable += 1
                    continue
                event = _event(raw, EvidencePointer(unit.unit_id, at), at)
                events.setdefault(msgspec.structs.replace(event, evidence=_ANYWHERE), event)
    ordered = sorted(events.values(), key=lambda event: (event.time, event.event_id))
    return AwsActivity(tuple(ordered), min(since, default=None), max(until, default=None), unreadable)


def _event(raw: JsonObject, evidence: EvidencePointer, at: str) -> AwsEvent:
    identity = record(raw, "userIdentity", at)
    request = record(raw, "requestParameters", at)
    where = child(at, "userIdentity")
    asked = child(at, "requestParameters")

    def of(owner: JsonObject, key: str, pointer: str) -> str:
        return optional_text(owner, key, pointer) or ""

    return AwsEvent(
        event_id=text(raw, "eventID", at),
        name=text(raw, "eventName", at),
        source=of(raw, "eventSource", at),
        time=_moment(text(raw, "eventTime", at), child(at, "eventTime")),
        region=of(raw, "awsRegion", at),
        identity_type=of(identity, "type", where),
        identity_arn=of(identity, "arn", where),
        identity_account=of(identity, "accountId", where),
        invoked_by=of(identity, "invokedBy", where),
        source_ip=of(raw, "sourceIPAddress", at),
        role=of(request, "roleArn", asked) or of(request, "roleName", asked),
        policy=of(request, "policyArn", asked) or of(request, "policyName", asked),
        session_name=of(request, "roleSessionName", asked),
        external_id=optional_text(request, "externalId", asked),
        error_code=of(raw, "errorCode", at),
        evidence=evidence,
    )


def _time_in(params: JsonObject, key: str, at: str) -> list[datetime]:
    value = optional_text(params, key, at)
    return [_moment(value, child(at, key))] if value else []


def _moment(value: str, at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise InputError(f"{at}: is not a time") from None
    if moment.tzinfo is None:
        raise InputError(f"{at}: has no time zone")
    return moment
