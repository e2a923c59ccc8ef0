"""Azure from options to exit code: live on a loopback cloud, from what it wrote, and what a reader is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.app.can.aws import can
from scanner.app.collect import CollectOptions, collect
from scanner.app.demo.show import DemoOptions, demo
from scanner.app.doctor import diagnose
from scanner.app.permissions.azure import azure_role_json, azure_tier_lines
from scanner.app.run_facts import now
from scanner.app.scan import ScanOptions, scan
from scanner.app.sources.azure import AzureOptions
from scanner.baseline.load import find, load_azure
from scanner.collect.azure.session import CloudEndpoints, Loopback
from scanner.localcloud.azure import LoopbackAzure
from scanner.localcloud.scenario_azure import provisioned_azure
from scanner.model.finding import Axis, Result
from scanner.render.json_report import render_json
from scanner.rules.registry_azure import AZURE_RULES

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

from live_subscription import plan_of

PLAN = plan_of(load_azure(find("porter@2026-05")))


def options(cloud: LoopbackAzure) -> AzureOptions:
    endpoints = CloudEndpoints(cloud.endpoint, cloud.endpoint, cloud.endpoint)
    return AzureOptions(loopback=Loopback(endpoints, cloud.ca_file), max_attempts=2, read_timeout_s=5)


@pytest.fixture
def cloud() -> Iterator[LoopbackAzure]:
    with provisioned_azure("documented", PLAN, now=now()) as (started, _), pytest.MonkeyPatch.context() as patch:
        for name, value in started.environment().items():
            patch.setenv(name, value)
        yield started


def asked(cloud: LoopbackAzure, **more: object) -> ScanOptions:
    return ScanOptions(baseline="porter@2026-05", cloud="azure", live=options(cloud), presence="expected", **more)


def test_the_documented_subscription_is_clean_and_complete(cloud: LoopbackAzure) -> None:
    outcome = scan(asked(cloud))
    assert outcome.exit_code == 0
    assert outcome.report.verdict.as_documented == "yes"
    assert outcome.report.summary.rules_evaluated == len(AZURE_RULES)
    assert json.loads(render_json(outcome.report))


def test_a_drifted_subscription_exits_one_and_says_no() -> None:
    with provisioned_azure("drifted", PLAN, now=now()) as (cloud, _), pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        outcome = scan(asked(cloud))
    assert outcome.exit_code == 1
    assert outcome.report.verdict.as_documented == "no"


def test_without_graph_the_verdict_is_open_and_what_was_read_is_judged(cloud: LoopbackAzure) -> None:
    cloud.fault("*", "denied", service="graph")
    outcome = scan(asked(cloud))
    assert outcome.exit_code == 2
    assert outcome.report.verdict.as_documented == "not proven"
    passed = {f.rule_id for f in outcome.report.findings if f.result is Result.PASS and f.axis is Axis.CONFORMANCE}
    assert {"AZURE-ROLE-001", "AZURE-ROLE-003"} <= passed
    assert not {rule for rule in passed if rule.split("-")[1] in ("GRAPH", "SECRET", "OWNER", "FED", "APP")}


def test_a_snapshot_is_judged_elsewhere_to_the_same_findings(cloud: LoopbackAzure, tmp_path: Path) -> None:
    written = tmp_path / "azure.json"
    assert collect(CollectOptions(options(cloud), written, presence="expected")).exit_code == 0
    again = scan(ScanOptions(baseline="porter@2026-05", cloud="azure", source=written))
    live = scan(asked(cloud))
    assert [(f.rule_id, f.result, f.subject.key) for f in again.report.findings] == [
        (f.rule_id, f.result, f.subject.key) for f in live.report.findings
    ]


def test_one_operation_of_the_principal_is_decided_from_a_snapshot(cloud: LoopbackAzure, tmp_path: Path) -> None:
    scope, name = f"/subscriptions/{cloud.state.subscription_id}/resourceGroups/rg", "azure-porter-restricted-sp"
    written = tmp_path / "azure.json"
    collect(CollectOptions(options(cloud), written))

    def effect(operation: str, where: str = scope) -> str:
        return can(written, name, operation, where, {}, now=now()).decision.effect

    assert effect("Microsoft.Authorization/roleAssignments/write") == "allowed"
    assert effect("Microsoft.Compute/galleries/share/action") == "implicit_deny"
    assert effect("Microsoft.Compute/virtualMachines/read", "/subscriptions/other") == "implicit_deny"
    cloud.fault("DenyAssignments.List", "denied")
    collect(CollectOptions(options(cloud), written))
    assert effect("Microsoft.Compute/virtualMachines/read") == "undecided"


def test_the_reader_is_told_which_rules_are_lost_and_what_mends_it(cloud: LoopbackAzure) -> None:
    assert diagnose(options(cloud)).exit_code == 0
    cloud.fault("ListApplications", "denied")
    diagnosis = diagnose(options(cloud))
    assert diagnosis.exit_code == 2
    lost = next(r for r in diagnosis.readings if r.kind == "entra.applications").lost_rules
    assert "AZURE-SECRET-001" in lost
    assert any("Application.Read.All" in line for line in diagnosis.advice)


def test_the_printed_role_only_reads_and_every_rule_has_a_tier() -> None:
    document = json.loads(azure_role_json("graph"))
    assert all(action.endswith("/read") for action in document["roleDefinition"]["Actions"])
    assert {p["value"] for p in document["graphApplicationPermissions"]} == {
        "Application.Read.All",
        "Directory.Read.All",
    }
    assert json.loads(azure_role_json("porter-only"))["graphApplicationPermissions"] == []
    assert sum(len(line.rules) for line in azure_tier_lines()) == len(AZURE_RULES)


@pytest.mark.parametrize("version", ["2026-05", "2026-08"])
def test_the_demo_runs_both_scenarios_with_either_documented_version(version: str) -> None:
    clean = demo(DemoOptions(scenario="documented", baseline=f"porter@{version}", cloud="azure"))
    assert (clean.exit_code, clean.report.verdict.as_documented) == (0, "yes")
    assert "Owner of the subscription" in clean.report.verdict.allows
    assert "the whole Entra tenant" in clean.report.verdict.allows
    drifted = demo(DemoOptions(scenario="drifted", baseline=f"porter@{version}", cloud="azure"))
    assert (drifted.exit_code, drifted.report.verdict.as_documented) == (1, "no")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["scan", "azure", "--from", "x.json", "--subscription", "a"], "do not go together"),
        (["scan", "azure", "--subscription", "not-an-id"], "no Azure credentials found"),
        (
            ["collect", "azure", "--out", "x.json", "--subscription", "a", "--management-group", "b"],
            "do not go together",
        ),
    ],
)
def test_what_cannot_work_is_said_in_one_line(argv: list[str], said: str, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AZURE_")}
    environment |= {"PATH": "/nowhere", "HOME": str(tmp_path), "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}
    done = subprocess.run(
        [sys.executable, "-m", "scanner", *argv], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr
