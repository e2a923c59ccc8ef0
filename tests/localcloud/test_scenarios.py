"""Documented: no rule says anything. Drifted: every change is said by its rules, and nothing else is."""

from __future__ import annotations

import json

import msgspec
import pytest

from scanner.localcloud.demo import provisioned_aws
from scanner.localcloud.provision import AwsFacts, demo_external_id
from scanner.localcloud.scenario import Change, apply, load_scenario
from scanner.model.finding import Axis, Finding, Result, Severity
from scanner.model.report import Report
from scanner.rules.base import Settings
from scanner.rules.registry import ALL_RULES

from .conftest import NOW

FACTS = AwsFacts(account_id="111122223333", external_id=demo_external_id(), now=NOW)
DRIFTED = load_scenario("drifted", FACTS).aws


@pytest.fixture(scope="module")
def documented_report(documented, scan) -> Report:
    with provisioned_aws("documented", documented.roles, now=NOW) as account:
        report = scan(account)
        assert account.cloud.refused == ()
        return report


@pytest.fixture(scope="module")
def drifted_reports(documented, scan) -> dict[str, Report]:
    """Report without, and with knowledge of the previous run."""
    head = f"arn:aws:iam::{FACTS.account_id}:role/"
    boundaries = tuple((head + c.subject, c.previous_boundary) for c in DRIFTED.since_previous)
    with provisioned_aws("drifted", documented.roles, now=NOW) as account:
        return {
            "alone": scan(account),
            "after": scan(account, Settings(previous_boundaries=boundaries, has_previous=True)),
        }


def failures(report: Report) -> list[Finding]:
    return [f for f in report.findings if f.result is Result.FAIL]


def deviations(report: Report) -> list[Finding]:
    """What fails conformance; access that is documented and absent is information."""
    return [f for f in failures(report) if f.axis is Axis.CONFORMANCE and f.severity is not Severity.INFO]


def said_by(change: Change, report: Report) -> dict[str, list[Finding]]:
    """Return the findings for a change by the rules that must report it."""
    mine = [f for f in failures(report) if f.subject.name == change.subject]
    return {rule: [f for f in mine if f.rule_id == rule] for rule in change.reported_by}


def unexplained(report: Report, changes: tuple[Change, ...]) -> list[str]:
    explained = {(rule, change.subject) for change in changes for rule in change.reported_by}
    return [f"{f.rule_id} {f.message}" for f in deviations(report) if (f.rule_id, f.subject.name) not in explained]


def test_documented_account_has_no_deviation(documented_report):
    assert [f"{f.rule_id} {f.message}" for f in deviations(documented_report)] == []
    assert documented_report.verdict.as_documented == "yes"


def test_documented_account_lacks_nothing(documented_report):
    lacking = [f for f in failures(documented_report) if f.axis is Axis.CONFORMANCE and f.severity is Severity.INFO]
    assert [f"{f.rule_id} {f.message}" for f in lacking] == []


def test_documented_account_leaves_nothing_open(documented_report):
    open_results = (Result.INCOMPLETE, Result.MANUAL, Result.ERROR)
    assert [f"{f.rule_id} {f.message}" for f in documented_report.findings if f.result in open_results] == []


def test_every_documented_statement_is_matched(documented_report):
    reviews = [r for r in documented_report.reviews if r.documented_as]
    assert len(reviews) == 10
    assert [r.name for r in reviews if r.matched_statements != r.documented_statements] == []
    assert sum(r.documented_statements for r in reviews) == 112


def test_customers_own_identities_are_in_no_finding(documented_report):
    named = {f.subject.name for f in documented_report.findings}
    own = ["AcmeMonitoringIntegration", "OrganizationAccountAccessRole", "transporter-batch", "build+legacy"]
    assert [name for name in own if name in named] == []


@pytest.mark.parametrize("change", DRIFTED.changes, ids=lambda c: c.id)
def test_each_change_is_reported_by_each_of_its_rules(change, drifted_reports):
    found = said_by(change, drifted_reports["alone"])
    assert [rule for rule, findings in found.items() if not findings] == []


@pytest.mark.parametrize("change", DRIFTED.changes, ids=lambda c: c.id)
def test_each_change_is_told_by_its_mark(change, drifted_reports):
    texts = [msgspec.json.encode(f).decode() for fs in said_by(change, drifted_reports["alone"]).values() for f in fs]
    assert any(change.mark in text for text in texts)


def test_nothing_else_fails_conformance(drifted_reports):
    assert unexplained(drifted_reports["alone"], DRIFTED.changes) == []


def test_access_beyond_the_document_comes_with_a_request(drifted_reports):
    rules = ("AWS-PERM-001", "AWS-TRUST-001", "AWS-PASS-001")
    found = [f for f in deviations(drifted_reports["alone"]) if f.rule_id in rules]
    assert found
    assert [f.message for f in found if f.witness is None] == []


@pytest.mark.parametrize("change", DRIFTED.since_previous, ids=lambda c: c.id)
def test_a_change_since_the_previous_run_is_reported_only_when_that_run_is_known(change, drifted_reports):
    assert not any(said_by(change, drifted_reports["alone"]).values())
    found = said_by(change, drifted_reports["after"])
    assert [rule for rule, findings in found.items() if not findings] == []
    assert any(change.mark in msgspec.json.encode(f).decode() for findings in found.values() for f in findings)


def test_no_report_holds_the_external_id(documented_report, drifted_reports):
    for report in (documented_report, *drifted_reports.values()):
        assert FACTS.external_id.encode() not in msgspec.json.encode(report)


def test_weakened_external_ids_are_each_reported(documented, scan):
    """One account, one trust policy after the other; the rules of conformance are enough."""
    rules = [rule for rule in ALL_RULES if rule.axis is Axis.CONFORMANCE]
    with provisioned_aws("documented", documented.roles, now=NOW) as account:
        account.cloud.read_only = False
        iam = account.cloud.client("iam")
        before = json.dumps(iam.get_role(RoleName="porter-manager")["Role"]["AssumeRolePolicyDocument"])
        for change in DRIFTED.alternatives:
            iam.update_assume_role_policy(RoleName="porter-manager", PolicyDocument=before)
            apply(account.cloud, change)
            report = scan(account, rules=rules)
            found = said_by(change, report)
            assert [rule for rule, findings in found.items() if not findings] == [], change.id
            texts = [msgspec.json.encode(f).decode() for findings in found.values() for f in findings]
            assert any(change.mark in text for text in texts), change.id
            assert unexplained(report, (change,)) == [], change.id


def test_drift_is_wide_enough_to_mean_something():
    ids = [c.id for c in (*DRIFTED.changes, *DRIFTED.alternatives, *DRIFTED.since_previous)]
    assert len(ids) == len(set(ids))
    assert len(DRIFTED.changes) >= 34
    assert len({c.kind for c in DRIFTED.changes}) >= 20


def test_scenarios_name_only_rules_that_exist():
    named = {rule for c in (*DRIFTED.changes, *DRIFTED.alternatives, *DRIFTED.since_previous) for rule in c.reported_by}
    assert named - {rule.id for rule in ALL_RULES} == set()
