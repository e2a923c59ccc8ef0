"""Targets that GCP and Azure list, on loopback clouds, and a GCP folder read as a fleet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from scanner.app.config.read import load_config
from scanner.app.fleet.discover import Discovery, discover
from scanner.app.fleet.target import _live
from scanner.app.sources.azure import AzureOptions
from scanner.app.sources.gcp import GcpOptions
from scanner.collect.azure.session import LOOPBACK_VARIABLE
from scanner.localcloud.gcp_demo import KEYED, ProvisionedGcp, provisioned_gcp
from scanner.localcloud.gcp_state import DEMO_PROJECT
from scanner.model.fleet import Approval, Reach

from ..collect.azure_cloud import running as azure_running
from .fleet_setup import run

HEAD = "schema: porter-audit/config/v1\n"


def now() -> datetime:
    return datetime.now(UTC)


def found(tmp_path: Path, targets: str) -> Discovery:
    file = tmp_path / "porter-audit.yaml"
    file.write_text(f"{HEAD}targets:\n{targets}outputs: {{directory: runs, formats: [json]}}\n")
    return discover(load_config(file), "porter@2026-05", now)


@pytest.fixture(scope="module")
def gcp() -> Iterator[ProvisionedGcp]:
    with provisioned_gcp("documented", start=KEYED, now=now()) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(autouse=True)
def _right_again(gcp: ProvisionedGcp) -> Iterator[None]:
    yield
    gcp.cloud.clear_faults()


@pytest.mark.parametrize("container", ['folder: "456"', 'organization: "789"'])
def test_the_projects_below_a_folder_or_organization_are_targets(
    gcp: ProvisionedGcp, tmp_path: Path, container: str
) -> None:
    made = found(tmp_path, f"  - {{cloud: gcp, {container}, impersonate: reader@x.iam.gserviceaccount.com}}\n")
    listed = [(t.place.id, t.approval, t.impersonate) for t in made.targets]
    assert made.gaps == ()
    assert listed == [(DEMO_PROJECT, Approval.NO_LIST, "reader@x.iam.gserviceaccount.com")]
    assert {call.operation for call in made.asked[0].calls} >= {"projects.list", "folders.list"}


def test_an_entry_that_leads_to_nothing_is_a_gap_and_never_a_clean_fleet(gcp: ProvisionedGcp, tmp_path: Path) -> None:
    made = found(tmp_path, '  - {cloud: gcp, folder: "999"}\n')
    assert made.targets == ()
    assert made.gaps[0].reason == "nothing was found there"


def test_a_folder_that_may_not_be_listed_is_a_gap(gcp: ProvisionedGcp, tmp_path: Path) -> None:
    gcp.cloud.fault("projects.list", "denied")
    made = found(tmp_path, '  - {cloud: gcp, folder: "456"}\n')
    assert made.targets == ()
    assert "the list of projects was not read to the end: denied" in made.gaps[0].reason


def test_a_folder_is_read_as_a_fleet(gcp: ProvisionedGcp, tmp_path: Path) -> None:
    found(tmp_path, '  - {cloud: gcp, folder: "456", presence: expected}\n')
    outcome = run(tmp_path / "porter-audit.yaml")
    rows = outcome.rollup.targets
    assert [(row.place.id, row.reach, row.presence.value) for row in rows] == [(DEMO_PROJECT, Reach.READ, "expected")]
    assert (outcome.rollup.as_documented, outcome.exit_code) == ("yes", 0)


@pytest.mark.parametrize("entry", ["{cloud: azure, management_group: platform}", "{cloud: azure, tenant: TENANT}"])
def test_the_subscriptions_below_a_management_group_or_in_a_tenant_are_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    with azure_running() as cloud:
        monkeypatch.setenv(LOOPBACK_VARIABLE, f"{cloud.endpoint},{cloud.ca_file}")
        made = found(tmp_path, f"  - {entry.replace('TENANT', cloud.state.tenant_id)}\n")
        assert made.gaps == ()
        assert [target.place.id for target in made.targets] == [cloud.state.subscription_id]


def test_each_clouds_target_is_read_as_what_it_names(tmp_path: Path) -> None:
    made = found(
        tmp_path,
        "  - {cloud: gcp, project: acme-prod, impersonate: a@b.c}\n"
        "  - {cloud: azure, subscription: 8A3D1F6E-6F0E-4A2B-9D5C-1F2E3D4C5B6A, tenant: acme}\n",
    )
    first, second = (_live(target, 7.0, "run") for target in made.targets)
    assert first == GcpOptions(projects=("acme-prod",), impersonate="a@b.c", deadline_s=7.0)
    assert second == AzureOptions(
        subscriptions=("8a3d1f6e-6f0e-4a2b-9d5c-1f2e3d4c5b6a",), tenant="acme", deadline_s=7.0, fleet_run_id="run"
    )


def test_a_file_that_a_parameter_names_is_found_from_wherever_the_run_is_continued(tmp_path: Path) -> None:
    made = found(tmp_path, '  - {cloud: gcp, project: acme-prod, parameters: {note: "@notes/n"}}\n')
    assert made.targets[0].parameters == (f"note=@{tmp_path / 'notes' / 'n'}",)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Discovery) == made
