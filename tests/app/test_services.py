"""Services from porter.yaml to verdict: the demo's three clouds with real clients, bundles, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from scanner.app.bundle import plan_bundle, write
from scanner.app.demo.show import DemoOptions, demo
from scanner.app.outputs import plan_outputs
from scanner.app.replay import replay
from scanner.app.scan import ScanOptions, ScanOutcome, scan
from scanner.collect.exports.read import read_input
from scanner.collect.snapshot_io import dump_snapshot
from scanner.model.finding import Result
from scanner.model.kinds_azure import AKS_CLUSTERS, MANAGED_IDENTITIES
from scanner.model.porter_yaml import PORTER_YAML
from scanner.model.services import (
    AS_DOCUMENTED,
    FOR_A_PERSON,
    NO_ACCESS,
    NOT_AS_DOCUMENTED,
    NOT_JUDGED,
    NOT_PROVEN,
    RISK,
)
from scanner.model.snapshot import UnitError, UnitStatus
from scanner.render.json_report import render_json

ROOT = Path(__file__).resolve().parents[2]
ORDERS, STOREFRONT = ROOT / "examples" / "porter.yaml", ROOT / "examples" / "porter-storefront.yaml"


@pytest.fixture(scope="module")
def drifted() -> ScanOutcome:
    """The three clouds after somebody changed some of what services run with; read with the real SDK clients."""
    return demo(DemoOptions("drifted", "porter@2026-05", cloud="all", porter_yaml=(ORDERS, STOREFRONT)))


@pytest.fixture(scope="module")
def documented() -> ScanOutcome:
    """One cloud as documented, with the version that repeats another one's part on services."""
    return demo(DemoOptions("documented", "porter@2026-08", cloud="azure", porter_yaml=(ORDERS,)))


def verdicts(outcome: ScanOutcome) -> dict[str, str]:
    return {f"{r.app}/{r.service} {r.type}": r.verdict for r in outcome.report.services}


def test_each_connection_of_the_examples_has_its_verdict_in_three_clouds(drifted: ScanOutcome) -> None:
    assert verdicts(drifted) == {
        "orders/api awsRole": FOR_A_PERSON,
        "orders/api disk": NO_ACCESS,
        "orders/billing awsRole": NOT_AS_DOCUMENTED,
        "orders/billing azureManagedIdentity": AS_DOCUMENTED,
        "orders/ledger azureManagedIdentity": NOT_AS_DOCUMENTED,
        "orders/reports gcpServiceAccount": AS_DOCUMENTED,
        "orders/reports cloudSql": AS_DOCUMENTED,
        "orders/exports gcpServiceAccount": NOT_AS_DOCUMENTED,
        "storefront/web awsRole": AS_DOCUMENTED,
        "storefront/thumbnails awsRole": FOR_A_PERSON,
        "storefront/catalog gcpServiceAccount": AS_DOCUMENTED,
        "storefront/search awsRole": NOT_AS_DOCUMENTED,
        "storefront/mailer azureManagedIdentity": NOT_PROVEN,
    }


def test_every_planted_deviation_is_found_by_its_rule_and_nothing_else_of_the_kind(drifted: ScanOutcome) -> None:
    found = {
        (f.rule_id, f.subject.name)
        for f in drifted.report.findings
        if f.rule_id.startswith("SVC-") and f.result is Result.FAIL
    }
    assert found == {
        ("SVC-AWS-001", "storefront/search awsRole"),
        ("SVC-AWS-003", "orders-billing"),
        ("SVC-AWS-007", "orders-api-uploads"),
        ("SVC-AWS-008", "orders-billing"),
        ("SVC-AZURE-002", "orders-ledger-identity"),
        ("SVC-AZURE-004", "orders-ledger-identity"),
        ("SVC-AZURE-005", "orders-ledger-identity"),
        ("SVC-GCP-002", "orders-exports"),
        ("SVC-GCP-005", "orders-exports"),
        ("SVC-GCP-006", "orders-exports"),
        ("SVC-GCP-007", "prod/main"),
        ("SVC-ENV-001", "storefront/thumbnails"),
    }


def test_live_associations_that_nobody_declares_are_for_a_person(drifted: ScanOutcome) -> None:
    left = {f.subject.name: f.result for f in drifted.report.findings if f.rule_id == "SVC-AWS-006"}
    assert left["default/orders-legacy"] is Result.MANUAL
    assert "default/orders-api" not in left


def test_what_stands_behind_a_connection_is_named(drifted: ScanOutcome) -> None:
    live = {f"{r.service} {r.type}": r.live for r in drifted.report.services}
    assert live["billing awsRole"] == (
        "arn:aws:iam::111122223333:role/team/orders-billing",
        "porter-prod: default/orders-billing",
    )
    assert live["reports cloudSql"][1] == "serviceAccount:porter-demo-project.svc.id.goog[default/orders-reports]"
    assert live["billing azureManagedIdentity"][1] == "system:serviceaccount:default:orders-billing"
    assert live["search awsRole"] == ()


def test_the_report_rests_on_the_part_of_services_too(drifted: ScanOutcome) -> None:
    report = drifted.report
    assert {"S002", "S004"} <= {document["name"] for document in report.baseline_documents}
    assert {u.scope_id for u in report.units if u.kind == PORTER_YAML} == {"porter.yaml", "porter-storefront.yaml"}
    assert {p.scope_id for p in report.populations if p.name == "declared connections"} == {
        "porter.yaml",
        "porter-storefront.yaml",
    }


def test_no_value_of_a_variable_is_in_report_or_snapshot(drifted: ScanOutcome) -> None:
    secret = b"set-in-the-dashboard"
    assert secret in STOREFRONT.read_bytes()
    assert secret not in render_json(drifted.report)
    assert secret not in dump_snapshot(drifted.snapshot)


def test_a_bundle_replays_without_the_files(documented: ScanOutcome, tmp_path: Path) -> None:
    plan = plan_bundle("full", plan_outputs(None, str(tmp_path)), "porter@2026-08", sign_key=None, previous=None)
    assert plan is not None
    bundle = write(documented, plan)
    for version in ("2026-05", "2026-08"):
        assert (bundle / f"inputs/baselines/porter/{version}/services.yaml").is_file()
    assert replay(bundle).equal
    again = scan(ScanOptions("porter@2026-08", cloud="azure", source=bundle))
    assert verdicts(again) == verdicts(documented)


def test_one_cloud_alone_judges_its_own_connections_only(drifted: ScanOutcome, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot.json"
    snapshot.write_bytes(dump_snapshot(drifted.snapshot))
    said = verdicts(scan(ScanOptions("porter@2026-08", cloud="azure", source=snapshot, porter_yaml=(ORDERS,))))
    assert said["orders/billing azureManagedIdentity"] == AS_DOCUMENTED
    assert said["orders/ledger azureManagedIdentity"] == NOT_AS_DOCUMENTED
    assert said["orders/billing awsRole"] == NOT_JUDGED
    assert "storefront/web awsRole" not in said


def test_as_documented_nothing_deviates_and_the_exit_code_is_zero(documented: ScanOutcome) -> None:
    assert documented.exit_code == 0
    assert {r.verdict for r in documented.report.services} == {AS_DOCUMENTED, NO_ACCESS, NOT_JUDGED}
    assert documented.report.verdict.as_documented == "yes"


def test_a_credential_in_the_environment_is_a_risk_of_each_connection(tmp_path: Path, drifted: ScanOutcome) -> None:
    snapshot, file = tmp_path / "snapshot.json", tmp_path / "porter.yaml"
    snapshot.write_bytes(dump_snapshot(drifted.snapshot))
    text = ORDERS.read_text(encoding="utf-8").replace("  LOG_LEVEL: info", "  GOOGLE_APPLICATION_CREDENTIALS: /k.json")
    file.write_text(text, encoding="utf-8")
    said = verdicts(scan(ScanOptions("porter@2026-05", cloud="gcp", source=snapshot, porter_yaml=(file,))))
    assert said["orders/reports gcpServiceAccount"] == RISK
    assert said["orders/api disk"] == NO_ACCESS


@pytest.mark.parametrize("kind", [MANAGED_IDENTITIES, AKS_CLUSTERS])
def test_what_services_need_and_was_not_read_ends_with_exit_code_two(
    documented: ScanOutcome, tmp_path: Path, kind: str
) -> None:
    """Both are supplementary for a scan without files."""
    error = UnitError("AuthorizationFailed", "no")
    units = tuple(
        replace(u, status=UnitStatus.DENIED, pages=(), error=error) if u.kind == kind else u
        for u in documented.snapshot.units
    )
    path = tmp_path / "snapshot.json"
    path.write_bytes(dump_snapshot(replace(documented.snapshot, units=units)))
    outcome = scan(ScanOptions("porter@2026-08", cloud="azure", source=path))
    assert outcome.exit_code == 2
    assert verdicts(outcome)["orders/billing azureManagedIdentity"] == NOT_PROVEN
    bare = tuple(u for u in units if u.kind != PORTER_YAML)
    path.write_bytes(dump_snapshot(replace(documented.snapshot, units=bare)))
    assert scan(ScanOptions("porter@2026-08", cloud="azure", source=path)).exit_code == 0


def test_a_file_that_does_not_show_associations_proves_no_connection(tmp_path: Path) -> None:
    """The rules that need more are not asked of a file (exit 0), but nothing reads as documented for that."""
    trust = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}}
    role = {
        "Path": "/", "RoleName": "orders-api-uploads", "RoleId": "AROAEXAMPLE00000000A",
        "Arn": "arn:aws:iam::111122223333:role/orders-api-uploads",
        "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{**trust, "Action": ["sts:AssumeRole", "sts:TagSession"]}],
        },
        "InstanceProfileList": [], "RolePolicyList": [], "AttachedManagedPolicies": [], "Tags": [],
    }
    lists = {"UserDetailList": [], "GroupDetailList": [], "Policies": [], "IsTruncated": False}
    path = tmp_path / "gaad.json"
    path.write_text(json.dumps({**lists, "RoleDetailList": [role]}), encoding="utf-8")
    outcome = scan(ScanOptions("porter@2026-05", source=path, porter_yaml=(ORDERS,)))
    results = {f.rule_id: f.result for f in outcome.report.findings if f.subject.name == "orders-api-uploads"}
    assert results["SVC-AWS-003"] is Result.PASS
    assert verdicts(outcome)["orders/api awsRole"] == NOT_PROVEN
    assert outcome.exit_code == 0


def test_a_declared_file_in_a_snapshot_is_read_back_from_it(drifted: ScanOutcome, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_bytes(dump_snapshot(drifted.snapshot))
    read = read_input(path, now=drifted.judging.as_of, hmac_key=b"k" * 32)
    kept = [unit for unit in read.units if unit.kind == PORTER_YAML]
    assert [u.pages for u in kept] == [u.pages for u in drifted.snapshot.units if u.kind == PORTER_YAML]
