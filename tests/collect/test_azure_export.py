"""What `az` prints, read without any cloud: recognised by content, judged for what it can show."""

from __future__ import annotations

import copy
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.app.catalogue import load_catalogue
from scanner.assess.runner import Terms
from scanner.baseline.load import find, load_azure
from scanner.collect.exports.read import read_input
from scanner.engine_azure import evaluate_azure
from scanner.errors import InputError
from scanner.localcloud.azure_tenant import documented_tenant
from scanner.model.finding import Finding, Result
from scanner.model.snapshot import UnitStatus
from scanner.normalize.inventory import normalize

sys.path.insert(0, str(Path(__file__).resolve().parent))

from azure_cloud import NOW

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

from live_subscription import plan_of

BASELINE = load_azure(find("porter@2026-05"))


def az(rows: list[dict[str, Any]], **renamed: str) -> list[dict[str, Any]]:
    """Return rows of the API as the command line prints them: without `properties`."""
    flat = []
    for row in copy.deepcopy(rows):
        inner = row.pop("properties")
        flat.append({**row, **{renamed.get(k, k): v for k, v in inner.items()}})
    return flat


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    state = documented_tenant(plan_of(BASELINE), now=NOW)
    definitions = az(state.rows("roleDefinitions"), type="roleType")
    principals = copy.deepcopy(state.rows("servicePrincipals"))
    for row in principals:
        row["appRoleAssignments"] = state.rows_below("appRoleAssignments", row["id"])
    lists = {
        "assignments.json": az(state.rows("roleAssignments")),
        "definitions.json": definitions,
        "principals.json": principals,
        "applications.json": state.rows("applications"),
    }
    for name, rows in lists.items():
        (tmp_path / name).write_text(json.dumps(rows))
    return tmp_path


def judged(path: Path) -> dict[str, list[Finding]]:
    snapshot = read_input(path, now=datetime(2026, 6, 1, tzinfo=UTC), hmac_key=b"k" * 32)
    inventory = normalize(snapshot)
    result = evaluate_azure(inventory.azure[0], inventory, BASELINE, Terms(NOW, load_catalogue()))
    found: dict[str, list[Finding]] = {}
    for finding in result.findings:
        found.setdefault(finding.rule_id, []).append(finding)
    return found


def test_four_lists_are_judged_for_what_they_can_show(exports: Path) -> None:
    found = judged(exports)
    for rule in ("AZURE-ROLE-001", "AZURE-ROLE-003", "AZURE-GRAPH-001", "AZURE-SECRET-002", "AZURE-SECRET-003"):
        assert [f.result for f in found[rule]] == [Result.PASS], rule
    for rule in ("AZURE-ASSIGN-003", "AZURE-OWNER-001", "AZURE-FED-001", "AZURE-DENY-001"):
        assert [f.reason_code for f in found[rule]] == ["NOT_IN_INPUT"], rule
    assert not [f for rows in found.values() for f in rows if f.result is Result.ERROR]


def test_what_the_command_line_prints_shows_a_broadened_role(exports: Path) -> None:
    path = exports / "definitions.json"
    rows = json.loads(path.read_text())
    rows[-1]["permissions"][0]["notActions"] = []
    path.write_text(json.dumps(rows))
    (failed,) = judged(exports)["AZURE-ROLE-001"]
    assert failed.result is Result.FAIL
    assert failed.witness is not None


def test_one_list_alone_leaves_the_rest_unjudged(exports: Path) -> None:
    found = judged(exports / "definitions.json")
    assert found["AZURE-ROLE-001"][0].result is Result.PASS
    assert found["AZURE-ASSIGN-001"][0].result is Result.NOT_APPLICABLE
    snapshot = read_input(exports / "definitions.json", now=NOW, hmac_key=b"k" * 32)
    assert sum(u.status is UnitStatus.COMPLETE for u in snapshot.units) == 1


def test_hints_of_secrets_are_dropped(exports: Path) -> None:
    snapshot = read_input(exports, now=NOW, hmac_key=b"k" * 32)
    assert snapshot.redactions > 0
    assert "hint" not in json.dumps([u.pages for u in snapshot.units])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: (d / "again.json").write_text((d / "assignments.json").read_text()), "of the same kind"),
        (lambda d: (d / "applications.json").write_text('[{"a": 1}]'), "not recognised"),
        (
            lambda d: (d / "assignments.json").write_text(
                (d / "assignments.json")
                .read_text()
                .replace('"scope": "/subscriptions/bbbb', '"scope": "/subscriptions/cccc')
            ),
            "several subscriptions",
        ),
    ],
)
def test_bad_input_is_one_line(exports: Path, change: Any, message: str) -> None:
    change(exports)
    with pytest.raises(InputError, match=message) as caught:
        read_input(exports, now=NOW, hmac_key=b"k" * 32)
    assert "\n" not in str(caught.value)


def test_only_applications_name_no_subscription(exports: Path) -> None:
    with pytest.raises(InputError, match="names a subscription"):
        read_input(exports / "applications.json", now=NOW, hmac_key=b"k" * 32)


@pytest.mark.parametrize("name", ["principals.json", "applications.json"])
def test_a_list_that_was_cut_down_to_less_than_its_credentials_proves_nothing_of_them(exports: Path, name: str) -> None:
    rows = json.loads((exports / name).read_text())
    for row in rows:
        del row["keyCredentials"]
    (exports / name).write_text(json.dumps(rows))
    found = judged(exports)["AZURE-SECRET-005"]
    assert {f.result for f in found} == {Result.INCOMPLETE}
    assert all("CredentialsLeftOut" in f.message for f in found)
