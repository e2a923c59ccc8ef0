"""CloudTrail's event history, answered as the service does: by resource, by time, by region, fifty a page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from scanner.localcloud.aws_wire import Call, Reply, json_reply
from scanner.model.common import JsonObject

_PAGE = 50


def look_up(events: list[JsonObject], call: Call) -> Reply:
    """Return one page of the records in `events` that a LookupEvents call asks for, newest first."""
    asked: dict[str, Any] = json.loads(call.body or b"{}")
    names = {a["AttributeValue"] for a in asked.get("LookupAttributes") or () if a["AttributeKey"] == "ResourceName"}
    start, end = (_moment(asked.get(key)) for key in ("StartTime", "EndTime"))
    found = [
        event
        for event in events
        if event["awsRegion"] == call.region
        and (not names or names & _resources(event))
        and (start is None or start <= datetime.fromisoformat(event["eventTime"]))
        and (end is None or datetime.fromisoformat(event["eventTime"]) <= end)
    ]
    found.sort(key=lambda event: str(event["eventTime"]), reverse=True)
    first = int(asked.get("NextToken", "0"))
    answer: JsonObject = {"Events": [_entry(event) for event in found[first : first + _PAGE]]}
    if first + _PAGE < len(found):
        answer["NextToken"] = str(first + _PAGE)
    return json_reply(answer)


def _moment(value: Any) -> datetime | None:
    """Return a time as the protocol writes it: seconds since 1970."""
    return None if value is None else datetime.fromtimestamp(float(value), UTC)


def _resources(event: JsonObject) -> set[str]:
    asked = event.get("requestParameters") or {}
    return {str(asked[key]) for key in ("roleArn", "roleName") if key in asked} | set(event.get("resources", ()))


def _entry(event: JsonObject) -> JsonObject:
    """Return an event as the look-up wraps it: the whole record is text inside."""
    when = datetime.fromisoformat(event["eventTime"]).timestamp()
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "EventTime": when,
        "AccessKeyId": (event.get("userIdentity") or {}).get("accessKeyId", ""),
        "Resources": [{"ResourceType": "AWS::IAM::Role", "ResourceName": name} for name in sorted(_resources(event))],
        "CloudTrailEvent": json.dumps(event),
    }
