"""Both Azure scenarios end to end: the real clients, a TLS cloud on this machine, every change found and no other."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.app.catalogue import load_catalogue
from scanner.assess.runner import ScopeResult, Terms
from scanner.baseline.load import find, load_azure
from scanner.collect.azure.allowlist import AZURE_CALLS, AzureCall
from scanner.collect.azure.session import AzureOptions, CloudEndpoints, Loopback
from scanner.collect.azure.subscriptions import collect_azure
from scanner.engine_azure import evaluate_azure
from scanner.localcloud.azure import LoopbackAzure
from scanner.localcloud.scenario_azure import AzureScenario, provisioned_azure
from scanner.model.finding import Axis, Finding, Result, Severity
from scanner.model.inventory import Inventory
from scanner.model.kinds_azure import AZURE_UNIT_KINDS, ENTRA_UNIT_KINDS
from scanner.model.snapshot import UnitStatus
from scanner.normalize.inventory import normalize
from scanner.rules.registry_azure import AZURE_RULES

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

from live_subscription import plan_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
REQUIRED = {k.kind for k in (*AZURE_UNIT_KINDS, *ENTRA_UNIT_KINDS) if k.required}


def judge(cloud: LoopbackAzure, version: str = "2026-05") -> tuple[Inventory, ScopeResult]:
    endpoints = CloudEndpoints(cloud.endpoint, cloud.endpoint, cloud.endpoint)
    options = AzureOptions(loopback=Loopback(endpoints, cloud.ca_file), max_attempts=2, read_timeout_s=2)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        snapshot = collect_azure(options, clock=lambda: NOW, presence="expected")
    inventory = normalize(snapshot)
    baseline = load_azure(find(f"porter@{version}"))
    given = {"porter_aws_account": "108458755588"}
    values = {v.name: given[v.name] for v in baseline.variables if v.name in given}
    return inventory, evaluate_azure(inventory.azure[0], inventory, baseline, Terms(NOW, load_catalogue(), values))


def deviations(result: ScopeResult) -> list[Finding]:
    return [
        f
        for f in result.findings
        if f.result in (Result.FAIL, Result.ERROR, Result.INCOMPLETE)
        and (f.axis is Axis.CONFORMANCE or f.rule_id == "AZURE-SECRET-001")
    ]


@pytest.mark.parametrize("version", ["2026-05", "2026-08"])
def test_the_documented_tenant_has_no_deviation(version: str) -> None:
    plan = plan_of(load_azure(find(f"porter@{version}")))
    with provisioned_azure("documented", plan, now=NOW) as (cloud, _):
        inventory, result = judge(cloud, version)
    assert deviations(result) == []
    assert {u.status for u in inventory.units} == {UnitStatus.COMPLETE}
    assert not [f for f in result.findings if f.result in (Result.MANUAL, Result.ERROR, Result.INCOMPLETE)]
    risks = {f.rule_id for f in result.findings if f.axis is Axis.POSTURE and f.result is Result.FAIL}
    assert risks == {"AZURE-RISK-001", "AZURE-GRAPH-004"}
    assert result.reviews[0].verdict == "equal"
    assert result.tie_outs[0].agrees


@pytest.fixture(scope="module")
def drifted() -> tuple[AzureScenario, ScopeResult]:
    plan = plan_of(load_azure(find("porter@2026-05")))
    with provisioned_azure("drifted", plan, now=NOW) as (cloud, scenario):
        return scenario, judge(cloud)[1]


def test_the_drifted_tenant_holds_at_least_twenty_changes(drifted: tuple[AzureScenario, ScopeResult]) -> None:
    scenario = drifted[0]
    assert len(scenario.changes) >= 20
    assert len({change.id for change in scenario.changes}) == len(scenario.changes)


def text_of(finding: Finding) -> str:
    witness = f"{finding.witness.action} {finding.witness.resource}" if finding.witness else ""
    observed = str(finding.observed.value) if finding.observed else ""
    return f"{finding.message} {witness} {observed}"


def test_every_change_is_found_by_the_rules_it_names_and_with_its_mark(
    drifted: tuple[AzureScenario, ScopeResult],
) -> None:
    scenario, result = drifted
    for change in scenario.changes:
        mine = [f for f in deviations(result) if f.subject.name == change.subject and f.rule_id in change.reported_by]
        assert {f.rule_id for f in mine} == change.reported_by, change.id
        assert any(change.mark in text_of(f) for f in mine), (change.id, [text_of(f) for f in mine])


def test_nothing_else_is_found(drifted: tuple[AzureScenario, ScopeResult]) -> None:
    scenario, result = drifted
    named = {(change.subject, rule) for change in scenario.changes for rule in change.reported_by}
    alarms = [
        f"{f.rule_id} {f.subject.name}: {f.message}"
        for f in deviations(result)
        if (f.subject.name, f.rule_id) not in named
    ]
    assert alarms == []


def test_access_that_was_added_is_shown_with_an_example_that_both_evaluators_allow(
    drifted: tuple[AzureScenario, ScopeResult],
) -> None:
    for rule in ("AZURE-ROLE-001", "AZURE-ASSIGN-001", "AZURE-ASSIGN-007"):
        found = [f for f in drifted[1].findings if f.rule_id == rule and f.result is Result.FAIL]
        assert found
        assert all(f.witness is not None and f.witness.replayed for f in found), rule


@pytest.fixture(scope="module")
def cloud() -> object:
    with provisioned_azure("documented", plan_of(load_azure(find("porter@2026-05"))), now=NOW) as (started, _):
        yield started


@pytest.mark.parametrize("kind", ["denied", "malformed"])
@pytest.mark.parametrize("call", [c for c in AZURE_CALLS if c.kind], ids=lambda c: c.api)
def test_no_rule_that_needs_a_broken_call_says_pass(cloud: LoopbackAzure, call: AzureCall, kind: str) -> None:
    cloud.forget_requests()
    cloud.fault(call.operation, kind)
    try:
        inventory, result = judge(cloud)
    finally:
        cloud.clear_faults()
    if not any(r.operation == call.operation for r in cloud.requests):
        assert call.operation in ("FederatedIdentityCredentials.List", "GetServicePrincipal")
        return
    unread = [u for u in inventory.units if u.kind == call.kind]
    assert [u.status for u in unread] != [UnitStatus.COMPLETE]
    needing = {r.id for r in AZURE_RULES if call.kind in (*r.requires, *r.supplementary)}
    assert not [f.rule_id for f in result.findings if f.rule_id in needing and f.result is Result.PASS]
    if call.kind in REQUIRED:
        assert any(f.blocking for f in result.findings if f.rule_id in needing) or not needing


def test_severities_of_the_worst_changes(drifted: tuple[AzureScenario, ScopeResult]) -> None:
    critical = {f.rule_id for f in deviations(drifted[1]) if f.severity is Severity.CRITICAL}
    assert {"AZURE-ASSIGN-001", "AZURE-ASSIGN-007", "AZURE-FED-001", "AZURE-GRAPH-001"} <= critical
