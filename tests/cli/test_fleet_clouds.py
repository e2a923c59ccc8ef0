"""`scan all` over Azure, GCP and all three clouds, by the command line in a process of its own.

The clouds are loopback servers of this process (AWS: of a third), so that faults and requests can be looked at.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.history.store import open_store
from scanner.localcloud.azure import LoopbackAzure
from scanner.localcloud.azure_tenant import DEMO_SUBSCRIPTION_ID as FIRST
from scanner.localcloud.fleet_aws import ORGANIZATION
from scanner.localcloud.fleet_content import running
from scanner.localcloud.gcp import LoopbackGcp
from scanner.localcloud.gcp_state import DEMO_PROJECT
from scanner.render.prometheus import parsed

from ..localcloud.fleet import accounts, organization, variables
from ..localcloud.many import SECOND, STAGING, THIRD, arrived, azure_variables, projects, subscriptions
from .process import porter_process

HEAD = "schema: porter-audit/config/v1\ndefaults: {documented: porter@2026-05, presence: expected}\ntargets:\n"
GROUP = "  - {cloud: azure, management_group: platform}\n"
FOLDER = '  - {cloud: gcp, folder: "456"}\n'
OF_AWS = (
    f"  - {{cloud: aws, organization: {ORGANIZATION}, role: 'arn:aws:iam::{{account_id}}:role/porter-audit',\n"
    "     external_id: env:FLEET_EXTERNAL_ID, parameters: {external_id: env:FLEET_EXTERNAL_ID}}\n"
)
OF_THE_TENANT = ("ListApplications", "ListServicePrincipals", "ListDeletedApplications", "ListAppRoleAssignments")
Written = Callable[..., Path]


@pytest.fixture(scope="module")
def tenant() -> Iterator[LoopbackAzure]:
    with subscriptions() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def folder() -> Iterator[LoopbackGcp]:
    with projects() as cloud:
        yield cloud


@pytest.fixture
def azure(tenant: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackAzure]:
    for name, value in azure_variables(tenant).items():
        monkeypatch.setenv(name, value)
    tenant.forget_requests()
    yield tenant
    tenant.clear_faults()


@pytest.fixture
def gcp(folder: LoopbackGcp, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackGcp]:
    for name, value in folder.environment().items():
        monkeypatch.setenv(name, value)
    folder.forget_requests()
    yield folder
    folder.clear_faults()


@pytest.fixture
def config(tmp_path: Path) -> Written:
    def write(*targets: str, formats: str = "json") -> Path:
        file = tmp_path / "porter-audit.yaml"
        rest = f"outputs: {{directory: runs, formats: [{formats}]}}\nhistory: nights.db\n"
        file.write_text(HEAD + "".join(targets) + rest)
        return file

    return write


def scan_all(file: Path, *more: str | Path, **how: Any) -> subprocess.CompletedProcess[str]:
    return porter_process("scan", "all", "--config", file, "--executor", "threads:2", *more, **how)


def rolled(tmp_path: Path) -> dict[str, Any]:
    """Return the roll-up of the newest run."""
    file = max(tmp_path.glob("runs/*/rollup.json"))
    found: dict[str, Any] = json.loads(file.read_bytes())
    return found


def ends(tmp_path: Path) -> dict[str, tuple[str, int, str]]:
    rows = rolled(tmp_path)["targets"]
    return {row["place"]["id"]: (row["reach"], row["exit_code"], row["as_documented"]) for row in rows}


def nights(tmp_path: Path) -> int:
    store = open_store(tmp_path / "nights.db", create=False)
    try:
        return len(store.runs())
    finally:
        store.close()


def test_one_denied_subscription_of_a_group_is_incomplete_and_the_others_are_judged(
    azure: LoopbackAzure, config: Written, tmp_path: Path
) -> None:
    azure.fault("*", "denied", service="arm", contains=SECOND)
    file, prom = config(GROUP, formats="json, html"), tmp_path / "fleet.prom"
    done = scan_all(file, "--metrics", prom)
    assert done.returncode == 1, done.stderr
    assert ends(tmp_path) == {FIRST: ("read", 0, "yes"), SECOND: ("read", 2, "not proven"), THIRD: ("read", 1, "no")}
    assert "1 of 3 targets are as documented, 1 are not, 1 are not proven" in done.stdout
    found = rolled(tmp_path)
    assert [(one["found"], one["complete"], len(one["calls"])) for one in found["asked"]] == [(3, True, 1)]
    run = max(tmp_path.glob("runs/*"))
    index = (run / "index.html").read_text()
    for one in (FIRST, SECOND, THIRD):
        target = run / "targets" / f"azure-{one}"
        assert f"targets/azure-{one}/index.html" in index
        assert {"index.html", "report.json", "report.html", "target.json"} <= {path.name for path in target.iterdir()}
    report = json.loads((run / "targets" / f"azure-{SECOND}" / "report.json").read_bytes())
    mine = {unit["status"] for unit in report["units"] if unit["scope_id"] == SECOND}
    assert mine == {"denied"}
    assert nights(tmp_path) == 3
    times = {dict(s.labels)["scope"]: s.value for s in parsed(prom.read_bytes()) if "complete_time" in s.name}
    assert [one for one in (FIRST, SECOND, THIRD) if times[one]] == [FIRST, THIRD]

    assert {name: arrived(azure, name) for name in OF_THE_TENANT} == dict.fromkeys(OF_THE_TENANT, 1)
    for one in (FIRST, SECOND, THIRD):
        report = json.loads((run / "targets" / f"azure-{one}" / "report.json").read_bytes())
        lines = [call for call in report["calls"] if call["service"] == "graph"]
        assert {call["operation"] for call in lines} >= set(OF_THE_TENANT)
        assert all(call["request_id"] and call["started"] <= call["ended"] for call in lines)

    azure.clear_faults()
    assert scan_all(file).returncode == 1
    assert ends(tmp_path)[SECOND] == ("read", 0, "yes")
    assert nights(tmp_path) == 6
    deltas = {(group["rule_id"], *group["deltas"].items()) for group in rolled(tmp_path)["groups"]}
    assert ("AZURE-ASSIGN-001", ("unchanged", 1)) in deltas


KILLED = [
    ("before the plan is whole", "os.rename", "*plan.json", 1),
    ("before a target is whole", "os.rename", "*target.json", 2),
    ("between a target and its line", "open", "*journal.ndjson", 3),
]


@pytest.mark.parametrize(("when", "where", "number"), [row[1:] for row in KILLED], ids=[row[0] for row in KILLED])
def test_killed_in_any_phase_an_azure_fleet_is_continued(
    azure: LoopbackAzure, config: Written, tmp_path: Path, when: str, where: str, number: int
) -> None:
    file = config(GROUP)
    killed = scan_all(file, when=when, where=where, number=number)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    whole = {path.name for path in tmp_path.glob("runs/*/targets/*") if (path / "target.json").is_file()}
    whole = {name for name in whole if not name.endswith(".partial")}
    azure.forget_requests()
    begun = any(tmp_path.glob("runs/*/plan.json"))
    done = scan_all(file, *(["--resume"] if begun else []))
    assert done.returncode == 1, done.stderr
    assert ends(tmp_path) == {FIRST: ("read", 0, "yes"), SECOND: ("read", 0, "yes"), THIRD: ("read", 1, "no")}
    for one in (FIRST, SECOND, THIRD):
        assert arrived(azure, "RoleAssignments.ListForSubscription", one) == (f"azure-{one}" not in whole)
    assert nights(tmp_path) == 3
    lines = max(tmp_path.glob("runs/*/journal.ndjson")).read_bytes().splitlines()
    assert sorted(json.loads(line)["key"] for line in lines) == sorted(f"azure-{one}" for one in (FIRST, SECOND, THIRD))


def test_one_denied_project_of_a_folder_is_incomplete_and_the_run_is_continued(
    gcp: LoopbackGcp, config: Written, tmp_path: Path
) -> None:
    gcp.fault("*", "denied", contains=STAGING)
    file = config(FOLDER, formats="json, html")
    killed = scan_all(file, when="os.rename", where="*rollup.json")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    gcp.forget_requests()
    done = scan_all(file, "--resume")
    assert done.returncode == 2, done.stderr
    assert gcp.requests == ()
    assert ends(tmp_path) == {DEMO_PROJECT: ("read", 0, "yes"), STAGING: ("read", 2, "not proven")}
    assert nights(tmp_path) == 2
    gcp.clear_faults()
    assert scan_all(file).returncode == 0
    assert ends(tmp_path) == {DEMO_PROJECT: ("read", 0, "yes"), STAGING: ("read", 0, "yes")}


def test_three_clouds_are_one_run(
    azure: LoopbackAzure, gcp: LoopbackGcp, config: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = accounts(2)
    azure.fault("ManagementGroups.GetDescendants", "denied")
    with running(organization(ids, drifted=ids[:1]), tmp_path) as endpoint:
        for name, value in variables(endpoint).items():
            monkeypatch.setenv(name, value)
        named = f"  - {{cloud: azure, subscription: {SECOND}}}\n"
        done = scan_all(config(OF_AWS, FOLDER, named, GROUP))
    assert done.returncode == 1, done.stderr
    found = rolled(tmp_path)
    by_cloud = {row["place"]["id"]: (row["place"]["cloud"], row["reach"]) for row in found["targets"]}
    assert by_cloud.pop("999999999999", ("aws", "failed")) == ("aws", "failed")
    assert by_cloud == {
        **dict.fromkeys(ids, ("aws", "read")),
        **dict.fromkeys((DEMO_PROJECT, STAGING), ("gcp", "read")),
        SECOND: ("azure", "read"),
    }
    assert [gap["asked"] for gap in found["gaps"]] == ["targets[4]: azure management group platform"]
    assert "management group `platform` cannot be read: AuthorizationFailed" in found["gaps"][0]["reason"]
    assert found["as_documented"] == "no"


def test_a_list_of_subscriptions_that_breaks_off_is_a_gap_and_what_was_listed_is_read(
    azure: LoopbackAzure, config: Written, tmp_path: Path
) -> None:
    azure.page_size = 2
    azure.fault("ManagementGroups.GetDescendants", "denied", after=1)
    try:
        done = scan_all(config(GROUP))
    finally:
        azure.page_size = 100
    assert done.returncode == 2, done.stderr
    assert ends(tmp_path) == {FIRST: ("read", 0, "yes"), SECOND: ("read", 0, "yes")}
    assert "were not listed to the end" in rolled(tmp_path)["gaps"][0]["reason"]


def test_where_the_environment_names_another_machine_nothing_is_sent(
    config: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTER_AUDIT_AZURE_ENDPOINT", "https://cloud.example.com,/ca.pem")
    done = scan_all(config(f"  - {{cloud: azure, subscription: {FIRST}}}\n"))
    assert done.returncode == 3
    assert "`https://cloud.example.com` is not on this machine" in rolled(tmp_path)["targets"][0]["why"]
