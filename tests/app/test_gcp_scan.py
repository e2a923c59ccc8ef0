"""GCP from the command line to the exit code, on the loopback organization, and every call denied in turn."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

from live_project import snapshot_of

from scanner.app.doctor import diagnosis_of
from scanner.app.params import Parameter
from scanner.app.past import past
from scanner.app.permissions.gcp import gcp_tier_lines
from scanner.app.scan import ScanOptions, ScanOutcome, scan
from scanner.collect.gcp.allowlist import GCP_CALLS, GcpCall
from scanner.collect.gcp.session import GcpOptions
from scanner.collect.snapshot_io import save_snapshot
from scanner.errors import CollectError, UsageError
from scanner.localcloud.gcp_demo import KEYED, ProvisionedGcp, provisioned_gcp
from scanner.localcloud.gcp_provision import gcp_parameters
from scanner.localcloud.gcp_state import DEMO_PROJECT
from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Result
from scanner.model.kinds_gcp import GCP_UNIT_KINDS
from scanner.model.snapshot import UnitStatus
from scanner.rules.registry_gcp import GCP_RULES

REQUIRED = {k.kind for k in GCP_UNIT_KINDS if k.required}
PER_PROJECT = [c for c in GCP_CALLS if c.kind != kinds.PROJECTS]
# The documented project has no pool whose providers could be listed, and no deny policy to read.
NOT_CALLED = {"projects.locations.workloadIdentityPools.providers.list", "policies.get"}


@pytest.fixture(scope="module")
def project() -> Iterator[ProvisionedGcp]:
    with (
        provisioned_gcp("documented", start=KEYED, now=datetime.now(UTC)) as running,
        pytest.MonkeyPatch.context() as p,
    ):
        for name, value in running.environment.items():
            p.setenv(name, value)
        yield running


@pytest.fixture(autouse=True)
def _right_again(project: ProvisionedGcp) -> Iterator[None]:
    yield
    project.cloud.clear_faults()


def run(**more: object) -> ScanOutcome:
    reading = GcpOptions(projects=(DEMO_PROJECT,), backoff_s=0.01, call_timeout_s=0.5, max_attempts=2)
    return scan(ScanOptions(cloud="gcp", baseline="porter@2026-05", live=reading, presence="expected", **more))  # type: ignore[arg-type]


def test_the_documented_project_is_clean_and_complete() -> None:
    outcome = run()
    assert outcome.exit_code == 0
    assert outcome.report.verdict.as_documented == "yes"
    assert "owner of the project" in outcome.report.verdict.allows
    assert [r.trust_verdict for r in outcome.report.reviews] == ["equal"]


@pytest.mark.parametrize("kind", ["denied", "throttled", "timeout"])
@pytest.mark.parametrize("call", PER_PROJECT, ids=lambda c: c.operation)
def test_no_rule_that_needs_a_failed_call_says_pass(project: ProvisionedGcp, call: GcpCall, kind: str) -> None:
    project.cloud.forget_requests()
    project.cloud.fault(call.operation, kind)
    report = run().report
    if not any(r.operation == call.operation for r in project.cloud.requests):
        assert call.operation in NOT_CALLED
        return
    unread = [u for u in report.units if u.kind == call.kind and u.status is not UnitStatus.COMPLETE]
    assert unread, f"{call.api} failed and its unit still says complete"
    needing = {r.id for r in GCP_RULES if call.kind in (*r.requires, *r.supplementary)}
    assert [f.rule_id for f in report.findings if f.rule_id in needing and f.result is Result.PASS] == []
    assert any(call.kind in line for line in report.verdict.unread)
    assert report.summary.exit_code == (2 if call.kind in REQUIRED else 0)
    assert report.verdict.as_documented == ("not proven" if call.kind in REQUIRED else "yes")


def test_half_of_the_calls_denied_is_incomplete_and_never_a_pass(project: ProvisionedGcp) -> None:
    for call in PER_PROJECT[::2]:
        project.cloud.fault(call.operation, "denied")
    report = run().report
    unread = {u.kind for u in report.units if u.status is not UnitStatus.COMPLETE}
    needing = {r.id for r in GCP_RULES if unread & {*r.requires, *r.supplementary}}
    assert report.summary.exit_code == 2
    assert [f.rule_id for f in report.findings if f.rule_id in needing and f.result is Result.PASS] == []


def test_a_snapshot_gives_the_same_findings_as_the_live_project(tmp_path: Path) -> None:
    from scanner.collect.snapshot_io import save_snapshot

    live = run()
    save_snapshot(live.snapshot, tmp_path / "snapshot.json")
    again = run(source=tmp_path / "snapshot.json")
    assert again.report.findings == live.report.findings


def test_another_project_than_the_one_named_is_refused() -> None:
    from scanner.app.params import Parameter

    with pytest.raises(UsageError, match="project_id"):
        run(parameters=(Parameter("project_id", "other", "argument"),))


def test_doctor_names_what_is_lost_and_the_command_that_mends_it(project: ProvisionedGcp) -> None:
    project.cloud.fault("roles.get", "denied")
    diagnosis = diagnosis_of(run().snapshot)
    assert diagnosis.exit_code == 2
    assert any("GCP-PERM-001" in r.lost_rules for r in diagnosis.readings)
    assert any("gcloud iam roles create" in line for line in diagnosis.advice)


def test_every_rule_stands_in_one_tier() -> None:
    listed = [rule for line in gcp_tier_lines() for rule in line.rules]
    assert sorted(listed) == sorted(r.id for r in GCP_RULES)


def test_reading_nothing_at_all_is_an_error_not_a_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PORTER_AUDIT_GCP_ENDPOINT")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    with pytest.raises(CollectError, match="no Google credentials"):
        run()


def test_a_folder_whose_projects_cannot_be_listed_is_not_proven(project: ProvisionedGcp) -> None:
    reading = GcpOptions(folder="456", backoff_s=0.01, max_attempts=1)
    asked = ScanOptions(cloud="gcp", baseline="porter@2026-05", live=reading)
    whole = scan(asked)
    assert whole.report.verdict.as_documented == "yes"
    assert whole.exit_code == 0
    project.cloud.fault("projects.list", "denied")
    denied = scan(asked)
    assert denied.report.verdict.as_documented == "not proven"
    assert denied.exit_code == 2


def test_a_condition_that_lost_a_part_since_the_night_before_is_told(tmp_path: Path) -> None:
    night = datetime(2026, 6, 1, tzinfo=UTC)
    found = []
    parameters = tuple(Parameter(k, v, "argument") for k, v in gcp_parameters("2026-08").items())
    for number, drop in enumerate(([], ["porter-tenant"])):
        do = [{"op": "edit_condition", "drop": drop}] if drop else []
        save_snapshot(snapshot_of({"start": "federated", "do": do}), tmp_path / f"{number}.json")
        with past(tmp_path / "history.db", None, lambda line: None) as known:
            asked = ScanOptions(
                cloud="gcp",
                baseline="porter@2026-08",
                source=tmp_path / f"{number}.json",
                parameters=parameters,
                as_of=night + timedelta(days=number),
                past=known,
            )
            outcome = scan(asked)
            known.keep(outcome.report)
        told = [f for f in outcome.report.findings if f.rule_id == "GCP-COND-002" and f.subject.name == "porter-aws"]
        found.append([f.reason_code for f in told])
    assert found == [["FIRST_SEEN"], ["WEAKER"]]
