"""CloudTrail's event history, from the real client to the rules: who came in, who changed what, and no secret kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scanner.app.catalogue import load_catalogue
from scanner.assess.runner import Terms
from scanner.baseline.controls import shipped_controls
from scanner.baseline.version import DocumentedVersion
from scanner.collect.aws.account import collect_aws
from scanner.collect.aws.session import AwsOptions
from scanner.collect.exports.read import read_input
from scanner.collect.snapshot_io import dump_snapshot
from scanner.engine import RunFacts, evaluate
from scanner.localcloud.demo import ProvisionedAws, provisioned_aws
from scanner.model.finding import Finding, Result
from scanner.model.kinds import ACTIVITY
from scanner.model.report import Report
from scanner.model.snapshot import Snapshot, SourceKind, UnitStatus

from .conftest import NOW

KEY = b"key of the tests, of no use elsewhere"
VENDOR = "108458755588"
Provisioned = Callable[[], ProvisionedAws]


@pytest.fixture(scope="module")
def account(documented: Any) -> Any:
    with provisioned_aws("documented", documented.roles, now=NOW) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(autouse=True)
def _quiet_again(account: ProvisionedAws) -> Any:
    yield
    account.cloud.events.clear()
    account.cloud.clear_faults()


def session(role: str, *, number: int = 1, by: str = VENDOR, external_id: str | None = None, **more: Any) -> Any:
    asked = {"roleArn": f"arn:aws:iam::111122223333:role/{role}", "roleSessionName": "deploy"}
    return {
        "eventVersion": "1.11",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "eventTime": (NOW - timedelta(days=1)).isoformat(),
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "awsRegion": "us-east-1",
        "userIdentity": {"type": "AWSAccount", "accountId": by, "principalId": "AROAEXAMPLE:session"},
        "requestParameters": asked | ({} if external_id is None else {"externalId": external_id}),
        "responseElements": {"credentials": {"sessionToken": "a token that nobody may keep"}},
        **more,
    }


def change(role: str, *, by: str = "arn:aws:iam::111122223333:user/somebody", **more: Any) -> Any:
    made = session(role, number=77)
    return made | {
        "eventSource": "iam.amazonaws.com",
        "eventName": "PutRolePolicy",
        "userIdentity": {"type": "IAMUser", "arn": by, "accountId": "111122223333"},
        "requestParameters": {"roleName": role, "policyName": "more", "policyDocument": "{}"},
        **more,
    }


def read(account: ProvisionedAws, days: int = 7) -> Snapshot:
    return collect_aws(
        AwsOptions(activity_days=days),
        clock=lambda: NOW,
        hmac_key=KEY,
        expected_external_id=account.facts.external_id,
        presence="expected",
    )


def judged(snapshot: Snapshot, unbound: Any) -> Report:
    return evaluate(
        snapshot,
        documented=DocumentedVersion(aws=unbound),
        terms=Terms(NOW, load_catalogue(), controls=shipped_controls().by_cloud()),
        facts=RunFacts("test", NOW, NOW),
    )


def of(report: Report, rule: str, role: str) -> Finding:
    return next(f for f in report.findings if f.rule_id == rule and f.subject.name == role)


def test_nobody_asks_for_events_unless_told_to(account: ProvisionedAws, unbound: Any) -> None:
    report = judged(read(account, days=0), unbound)
    assert not any(f.rule_id.startswith("AWS-ACT") for f in report.findings)
    assert not any(link.id.startswith("CC7") for f in report.findings for link in f.controls)
    assert not any(unit.kind == ACTIVITY for unit in report.units)


def test_documented_sessions_pass_and_the_control_is_listed(account: ProvisionedAws, unbound: Any) -> None:
    secret = account.facts.external_id
    account.cloud.events += [
        session("porter-manager", external_id=secret),
        session("porter-access-manager", number=2),
        session("porter-manager", number=3, by="444455556666", errorCode="AccessDenied"),
        session("porter-manager", number=4, by="444455556666", eventTime=(NOW - timedelta(days=30)).isoformat()),
    ]
    report = judged(read(account), unbound)
    found = of(report, "AWS-ACT-001", "porter-manager")
    assert found.result is Result.PASS
    assert "1 session in 2026-05-25 to 2026-06-01" in found.message
    assert "1 refused" in found.message
    assert {link.id for link in found.controls} >= {"CC7.2"}
    assert of(report, "AWS-ACT-002", "porter-manager").result is Result.PASS
    assert report.verdict.as_documented == "yes"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (session("porter-manager", by="444455556666"), "opened by 444455556666"),
        (session("porter-manager"), "without ExternalId"),
        (session("porter-manager", external_id="of-somebody-else"), "with another ExternalId"),
        (
            session(
                "porter-manager",
                userIdentity={"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
            ),
            "opened by lambda.amazonaws.com",
        ),
        (session("porter-access-manager", userIdentity={}), "somebody who is not named"),
    ],
    ids=["another account", "no ExternalId", "another ExternalId", "a service", "nobody named"],
)
def test_a_session_that_is_not_documented_is_found(
    account: ProvisionedAws, unbound: Any, event: dict[str, Any], said: str
) -> None:
    account.cloud.events.append(event)
    report = judged(read(account), unbound)
    role = event["requestParameters"]["roleArn"].rpartition("/")[2]
    found = of(report, "AWS-ACT-001", role)
    assert (found.result, found.severity.value) == (Result.FAIL, "high")
    assert said in found.message
    assert report.verdict.as_documented == "no"


def test_changes_are_listed_for_somebody_to_confirm(account: ProvisionedAws, unbound: Any) -> None:
    account.cloud.events += [
        change("porter-manager"),
        change("porter-manager", eventName="GetRole", eventID="x" * 36),
        change("porter-manager", eventName="DeleteRole", errorCode="AccessDenied", eventID="y" * 36),
    ]
    found = of(judged(read(account), unbound), "AWS-ACT-002", "porter-manager")
    assert found.result is Result.MANUAL
    assert "1 change" in found.message
    assert "`PutRolePolicy` by `arn:aws:iam::111122223333:user/somebody` at 2026-05-31 12:00 UTC" in found.message


def test_an_event_that_many_look_ups_find_is_counted_once_and_all_pages_are_read(
    account: ProvisionedAws, unbound: Any
) -> None:
    secret = account.facts.external_id
    account.cloud.events += [session("porter-manager", number=n, external_id=secret) for n in range(130)]
    assert "130 sessions" in of(judged(read(account), unbound), "AWS-ACT-001", "porter-manager").message


@pytest.mark.parametrize("kind", ["denied", "throttled", "malformed"])
def test_events_that_were_not_read_are_no_pass_and_do_not_open_the_verdict(
    account: ProvisionedAws, unbound: Any, kind: str
) -> None:
    account.cloud.fault("LookupEvents", kind)
    report = judged(read(account), unbound)
    assert {u.status for u in report.units if u.kind == ACTIVITY} != {UnitStatus.COMPLETE}
    assert {f.result for f in report.findings if f.rule_id.startswith("AWS-ACT")} == {Result.INCOMPLETE}
    assert report.verdict.as_documented == "yes"


def test_an_event_that_cannot_be_read_is_no_pass(account: ProvisionedAws, unbound: Any) -> None:
    snapshot = read(account)
    units = tuple(
        replace(u, pages=(*u.pages, {"Events": [{"unreadable": True}]})) if u.kind == ACTIVITY else u
        for u in snapshot.units
    )
    report = judged(replace(snapshot, units=units), unbound)
    assert of(report, "AWS-ACT-001", "porter-manager").result is Result.INCOMPLETE


@pytest.mark.parametrize("lost", [None, {}, {"roleSessionName": "deploy"}], ids=["null", "empty", "without its role"])
@pytest.mark.parametrize("made", [session, change], ids=["session", "change"])
def test_an_event_that_does_not_say_which_role_is_no_pass(
    account: ProvisionedAws, unbound: Any, made: Any, lost: Any
) -> None:
    """CloudTrail leaves out what is too long; the look-up found it all the same."""
    account.cloud.events.append(made("porter-manager", requestParameters=lost, resources=["porter-manager"]))
    report = judged(read(account), unbound)
    for rule in ("AWS-ACT-001", "AWS-ACT-002"):
        assert of(report, rule, "porter-manager").result is Result.INCOMPLETE


def test_no_secret_of_an_event_is_kept(account: ProvisionedAws) -> None:
    account.cloud.events.append(session("porter-manager", external_id=account.facts.external_id))
    stored = dump_snapshot(read(account)).decode()
    assert "AssumeRole" in stored
    assert account.facts.external_id not in stored
    assert "a token that nobody may keep" not in stored


@pytest.mark.parametrize("form", ["log file", "look-up"])
def test_exported_events_are_judged_with_the_export_beside_them(
    account: ProvisionedAws, unbound: Any, tmp_path: Path, form: str
) -> None:
    pages = account.cloud.client("iam").get_paginator("get_account_authorization_details").paginate()
    for number, page in enumerate(pages):
        page.pop("ResponseMetadata")
        (tmp_path / f"gaad-{number}.json").write_text(json.dumps(page, default=str))
    event = session("porter-manager", by="444455556666", external_id="of-somebody-else")
    wrapped = {"Events": [{"EventName": "AssumeRole", "CloudTrailEvent": json.dumps(event)}]}
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [event]} if form == "log file" else wrapped))
    snapshot = read_input(tmp_path, now=NOW, hmac_key=KEY, expected_external_id=account.facts.external_id)
    assert snapshot.source is SourceKind.EXPORT
    assert "of-somebody-else" not in dump_snapshot(snapshot).decode()
    assert of(judged(snapshot, unbound), "AWS-ACT-001", "porter-manager").result is Result.FAIL
