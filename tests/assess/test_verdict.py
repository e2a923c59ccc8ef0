"""What the first line says where the vendor is named nowhere, or by something else than a role that is compared."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scanner.app.baselines.versions import chosen_version
from scanner.app.fleet.digest import digest
from scanner.app.fleet.work import Work
from scanner.app.scan import Judging, judged
from scanner.assess.verdict import verdict
from scanner.engine import RunFacts
from scanner.localcloud.azure_tenant import documented_tenant
from scanner.model.config import Thresholds
from scanner.model.finding import Axis, Result, Severity
from scanner.model.fleet import Approval, FleetTarget, Place
from scanner.model.report import Report
from scanner.model.snapshot import SourceKind, Unit, UnitError, UnitStatus

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

import live_subscription

AT = datetime(2026, 6, 1, tzinfo=UTC)


def report(case: dict[str, Any]) -> Report:
    baseline = live_subscription.bound_baseline("2026-05")
    state = documented_tenant(live_subscription.plan_of(baseline), now=AT)
    if case.get("start") == "empty":
        for name in ("applications", "servicePrincipals"):
            state.rows(name).clear()
    if "start" in case:
        state.rows("roleDefinitions").pop()
        state.rows("roleAssignments").pop(0)
    documented = chosen_version("porter@2026-05", ("azure",))
    judging = Judging(values={}, as_of=AT, allow_incomplete=case.get("allow_incomplete", False))
    return judged(live_subscription.snapshot_of(state, case), documented, judging, RunFacts("run", AT, AT))


def test_where_nothing_is_expected_and_nothing_is_found_the_answer_is_yes() -> None:
    found = report({"start": "empty"})
    assert (found.verdict.as_documented, found.summary.exit_code) == ("yes", 0)
    assert found.verdict.headline == "No Porter access found."


def test_where_porter_is_expected_and_nothing_goes_by_its_name_nothing_is_proven() -> None:
    found = report({"start": "empty", "presence": "expected"})
    assert (found.verdict.as_documented, found.summary.exit_code) == ("not proven", 2)
    assert "bbbbbbbb-0000-4000-8000-000000000002, where Porter is expected" in found.verdict.headline
    assert report({"start": "empty", "presence": "expected", "allow_incomplete": True}).summary.exit_code == 0


@pytest.mark.parametrize("presence", ["unknown", "expected"])
def test_a_fleet_counts_no_target_as_complete_where_what_is_expected_was_not_found(presence: str) -> None:
    """Its scan alone is incomplete; without an open point the roll-up and its metrics called it complete."""
    place = Place("azure", "subscription", "bbbbbbbb-0000-4000-8000-000000000002")
    target = FleetTarget(place, "named", Approval.NAMED, "porter@2026-05", ())
    ended = digest(Work(target, "run", Thresholds(), AT, 60.0, ""), report({"start": "empty", "presence": presence}))
    assert [point.what for point in ended.open_points] == ([place.id] if presence == "expected" else [])
    assert ended.exit_code == (2 if presence == "expected" else 0)


@pytest.mark.parametrize("presence", ["unknown", "expected"])
def test_a_principal_that_is_left_without_its_role_is_not_no_access(presence: str) -> None:
    found = report({"start": "without the role", "presence": presence})
    assert "No Porter access found" not in found.verdict.headline
    assert found.verdict.headline.startswith("2 principals and registrations of Porter's found")
    assert found.verdict.as_documented == "yes"


def test_a_template_with_more_in_it_than_identities_says_that_the_rest_was_not_judged() -> None:
    error = UnitError("NotJudged", "other resources, not judged: AWS::EKS::PodIdentityAssociation (1)")
    kind = "aws.template.other_resources"
    rest = Unit(kind, kind, "aws", "111122223333", "global", False, UnitStatus.NOT_IN_INPUT, (), error=error)
    assert "neither its other resources" in verdict((), (), (rest,), SourceKind.TEMPLATE).headline
    assert "other resources" not in verdict((), (), (), SourceKind.TEMPLATE).headline


def risks_of(*rules: str, deviates: bool = False) -> str:
    """Return the second line over findings of posture rules, one each, and perhaps a deviation."""
    base = next(f for f in report({"presence": "expected"}).findings if f.axis is Axis.POSTURE)
    failed = replace(base, result=Result.FAIL, status="FAIL", severity=Severity.HIGH)
    made = [replace(failed, rule_id=rule, rule_title=f"Title {rule}") for rule in rules]
    if deviates:
        made.append(replace(made[0], axis=Axis.CONFORMANCE))
    return verdict(made, (), (), SourceKind.LIVE).allows


PLAIN = ("AWS-ESC-001", "AWS-TRUST-003", "AWS-PASS-002", "AWS-CLAIM-003", "AWS-TRUST-004")


def test_what_is_not_told_in_words_is_counted() -> None:
    """Of five rules that have words three are told: the others are among those that are more."""
    assert risks_of(*PLAIN[:3]).count(";") == 2
    assert risks_of(*PLAIN).endswith("; 2 more documented risks.")
    assert risks_of(*PLAIN, "AWS-RISK-001", PLAIN[0]).endswith("; 3 more documented risks.")
    assert risks_of("AWS-RISK-001", "AWS-RISK-001") == "Title AWS-RISK-001."
    assert risks_of("AWS-RISK-001", "AWS-RISK-002").endswith("; 1 more documented risk.")


def test_where_live_access_goes_beyond_the_documents_its_risks_are_not_called_documented() -> None:
    said = risks_of(*PLAIN, deviates=True)
    assert said.endswith("; 2 more risks. Risks of undocumented access are counted too.")
    assert "documented risk" not in said
