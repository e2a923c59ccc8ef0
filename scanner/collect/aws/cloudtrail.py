"""CloudTrail's events, cut down to what rules need before anything is stored.

An event repeats requests and answers in full: ExternalIds, session tokens, key ids. What is kept is a list of fields;
everything else is dropped here, unseen.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from scanner.collect.redact import Redactor
from scanner.collect.strict_json import InputDocument, without_lone_surrogates
from scanner.errors import InputError
from scanner.model.common import JsonObject
from scanner.model.kinds import ACTIVITY, CALL, aws_unit_id
from scanner.model.snapshot import Snapshot, Unit, UnitStatus

# Names of fields: CloudTrail record contents, version 1.11 (docs.aws.amazon.com/awscloudtrail/latest/userguide).
_EVENT: Final = (
    *("eventID", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "errorCode", "readOnly"),
    *("recipientAccountId", "sharedEventID", "eventVersion"),
)
_OF_ROLES: Final = ("iam.amazonaws.com", "sts.amazonaws.com")
_IDENTITY: Final = ("type", "principalId", "arn", "accountId", "invokedBy")
_REQUEST: Final = (
    *("roleArn", "roleName", "policyName", "policyArn", "roleSessionName", "permissionsBoundary", "versionId"),
    *("instanceProfileName", "userName"),
)


def keep_events(page: JsonObject, redactor: Redactor) -> None:
    """Replace the events of a LookupEvents answer, in place, by what may be stored of them.

    An event that cannot be read becomes `{"unreadable": true}`: it is counted, never passed over.
    """
    if isinstance(page.get("Events"), list):
        page["Events"] = [kept_event(_record_in(entry), redactor) for entry in page["Events"]]


def is_event_file(value: Any) -> bool:
    """Return whether a JSON value is a log file of CloudTrail, or what `aws cloudtrail lookup-events` prints."""
    if not isinstance(value, dict):
        return False
    events = value.get("Events")
    found = isinstance(events, list) and all(isinstance(e, dict) and "CloudTrailEvent" in e for e in events)
    records = value.get("Records")
    return found or (isinstance(records, list) and all(isinstance(r, dict) and "eventName" in r for r in records))


def with_event_files(snapshot: Snapshot, documents: list[InputDocument], redactor: Redactor) -> Snapshot:
    """Return the snapshot with a unit that holds the events of exported files.

    Whether the files hold every event of their days is for who exported them to know. Raises `InputError` if the
    snapshot is not of one AWS account.
    """
    accounts = [scope.id for scope in snapshot.scopes if scope.cloud == "aws"]
    if len(accounts) != 1:
        raise InputError(f"input `{documents[0].name}`: CloudTrail's events need one AWS account to belong to")
    pages = tuple(_file_page(document, redactor) for document in documents)
    unit = Unit(
        unit_id=aws_unit_id(accounts[0], "global", ACTIVITY),
        kind=ACTIVITY,
        cloud="aws",
        scope_id=accounts[0],
        region="global",
        required=False,
        status=UnitStatus.COMPLETE,
        apis=("cloudtrail:LookupEvents",),
        pages=pages,
        items=sum(len(page["Events"]) for page in pages),
    )
    facts = {fact.token: fact for fact in (*snapshot.external_ids, *redactor.facts())}
    return msgspec.structs.replace(
        snapshot,
        units=(*(u for u in snapshot.units if u.kind != ACTIVITY), unit),
        external_ids=tuple(facts[token] for token in sorted(facts)),
        redactions=redactor.count,
    )


def _file_page(document: InputDocument, redactor: Redactor) -> JsonObject:
    lists = {key: document.value.get(key, []) for key in ("Events", "Records")}
    for key, found in lists.items():
        if not isinstance(found, list):
            raise InputError(f"input `{document.name}`: `{key}` is not a list of events")
    records = [*map(_record_in, lists["Events"]), *lists["Records"]]
    call = {"operation": "file", "params": {"file": document.name}}
    return {CALL: call, "Events": [kept_event(record, redactor) for record in records]}


def _record_in(entry: Any) -> Any:
    """Return the record inside a look-up's entry, which is JSON in a string; None where it is not."""
    text = entry.get("CloudTrailEvent") if isinstance(entry, dict) else None
    if not isinstance(text, str):
        return None
    try:
        return without_lone_surrogates(json.loads(text))
    except (ValueError, RecursionError):
        return None


def kept_event(record: Any, redactor: Redactor) -> JsonObject:
    """Return what may be stored of one CloudTrail record."""
    if not isinstance(record, dict) or not _is_event(record):
        return {"unreadable": True}
    kept = _some(record, _EVENT)
    identity, request = record.get("userIdentity"), record.get("requestParameters")
    kept["userIdentity"] = _some(identity, _IDENTITY)
    kept["requestParameters"] = _some(request, _REQUEST)
    if isinstance(request, dict) and isinstance(request.get("externalId"), str):
        kept["requestParameters"]["externalId"] = redactor.external_id(request["externalId"])
    return {"unreadable": True} if _hides_its_role(kept) else kept


def _is_event(record: JsonObject) -> bool:
    """Return whether everything that tells what an event is about is of its type: a field left out would hide it."""
    if not all(isinstance(record.get(name), str) for name in ("eventName", "eventSource")):
        return False
    if not all(isinstance(record.get(name), str | bool | None) for name in _EVENT):
        return False
    request = record.get("requestParameters")
    if record["eventSource"] not in _OF_ROLES or request is None:
        return True
    return isinstance(request, dict) and all(isinstance(request.get(name), str | None) for name in _REQUEST)


def _hides_its_role(kept: JsonObject) -> bool:
    """Return whether an event that took effect is about a role and does not say which: long requests are cut.

    The one that makes a service's own role never names it.
    """
    name, request = kept["eventName"], kept["requestParameters"]
    changes = kept.get("eventSource") == "iam.amazonaws.com" and "Role" in name and kept.get("readOnly") is not True
    about_roles = name.startswith("AssumeRole") or (changes and name != "CreateServiceLinkedRole")
    return about_roles and "errorCode" not in kept and not (request.get("roleArn") or request.get("roleName"))


def _some(value: Any, names: tuple[str, ...]) -> JsonObject:
    if not isinstance(value, dict):
        return {}
    return {name: value[name] for name in names if isinstance(value.get(name), str | bool)}
