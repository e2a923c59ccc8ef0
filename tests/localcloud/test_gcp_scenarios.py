"""Both scenarios end to end with Google's own clients: nothing on the documented project, every change on the other."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from gcp_cloud import read

from scanner.app.catalogue import load_catalogue
from scanner.assess.runner import ScopeResult, Terms
from scanner.baseline.load import find, load_gcp
from scanner.engine_gcp import evaluate_gcp
from scanner.localcloud.gcp_demo import FEDERATED, KEYED, GcpChange, load_gcp_scenario, provisioned_gcp
from scanner.localcloud.gcp_provision import gcp_parameters
from scanner.model.finding import Axis, Finding, Result, Severity
from scanner.model.snapshot import UnitStatus
from scanner.normalize.inventory import normalize

STARTS = {KEYED: "porter@2026-05", FEDERATED: "porter@2026-08"}


def judged(name: str, start: str) -> tuple[ScopeResult, tuple[GcpChange, ...]]:
    version = STARTS[start]
    now = datetime.now(UTC)
    with provisioned_gcp(name, start=start, now=now) as project, pytest.MonkeyPatch.context() as patch:
        for key, value in project.environment.items():
            patch.setenv(key, value)
        snapshot = read()
        assert {u.status for u in snapshot.units} == {UnitStatus.COMPLETE}
        inventory = normalize(snapshot)
        baseline = load_gcp(find(version))
        terms = Terms(now, load_catalogue(), gcp_parameters(version))
        result = evaluate_gcp(inventory.gcp[0], inventory, baseline, terms)
        return result, project.expected


@pytest.fixture(scope="module", params=list(STARTS))
def drifted(request: pytest.FixtureRequest) -> tuple[ScopeResult, tuple[GcpChange, ...]]:
    return judged("drifted", request.param)


def text(finding: Finding) -> str:
    witness = finding.witness
    seen = f"{finding.observed.value}" if finding.observed else ""
    path = " ".join(witness.path) if witness else ""
    beyond = " ".join(a for e in finding.diff.added for a in e.actions) if finding.diff else ""
    return f"{finding.message} {seen} {finding.discriminator} {finding.subject.name} {path} {beyond}"


@pytest.mark.parametrize("start", list(STARTS))
def test_the_documented_project_has_no_conformance_failure_and_nothing_open(start: str) -> None:
    result, _ = judged("documented", start)
    assert result.errors == ()
    assert [f.message for f in result.findings if f.result in (Result.INCOMPLETE, Result.ERROR, Result.MANUAL)] == []
    failed = [f for f in result.findings if f.result is Result.FAIL and f.axis is Axis.CONFORMANCE]
    assert [f.message for f in failed] == []
    assert [r.verdict for r in result.reviews] == ["equal"]


def test_the_scenario_has_at_least_twenty_distinct_changes() -> None:
    changes = load_gcp_scenario("drifted").changes
    assert len({c.id for c in changes}) == len(changes)
    assert sum(KEYED in c.starts for c in changes) >= 20


def test_every_change_is_reported_by_every_rule_it_names(drifted: tuple[ScopeResult, tuple[GcpChange, ...]]) -> None:
    result, changes = drifted
    said = [f for f in result.findings if f.result in (Result.FAIL, Result.MANUAL)]
    for change in changes:
        about = [f for f in said if f.subject.name == change.subject and f.rule_id in change.reported_by]
        # A key that is documented not at all makes more rules speak than one that is one too many.
        assert change.reported_by <= {f.rule_id for f in about}, change.id
        marked = [f for f in about if change.mark in text(f)]
        assert marked, (change.id, [text(f) for f in about])
        if change.witness:
            assert any(f.witness and f.witness.action and f.witness.principal for f in marked), change.id


def test_no_conformance_rule_fails_for_a_subject_that_nobody_changed(
    drifted: tuple[ScopeResult, tuple[GcpChange, ...]],
) -> None:
    result, changes = drifted
    named = {(rule, c.subject) for c in changes for rule in c.reported_by}
    failed = [
        f
        for f in result.findings
        if f.axis is Axis.CONFORMANCE and f.result in (Result.FAIL, Result.MANUAL) and f.severity is not Severity.INFO
    ]
    assert [(f.rule_id, f.subject.name, f.message) for f in failed if (f.rule_id, f.subject.name) not in named] == []
    assert result.errors == ()
    assert [f.message for f in result.findings if f.result in (Result.INCOMPLETE, Result.ERROR)] == []
