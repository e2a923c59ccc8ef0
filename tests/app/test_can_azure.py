"""One concrete operation, decided from a snapshot of an Azure subscription."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.app.can.aws import CanOutcome, as_json, can
from scanner.collect.snapshot_io import save_snapshot
from scanner.errors import InputError, UsageError
from scanner.localcloud.azure_operations import apply_azure
from scanner.localcloud.azure_tenant import documented_tenant, object_id

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

from live_subscription import AS_OF, bound_baseline, plan_of, snapshot_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SCOPE = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002"
PORTER = "azure-porter-restricted-sp"
WRITE = "Microsoft.Authorization/roleAssignments/write"
SHARE = "Microsoft.Compute/galleries/share/action"
READ_BLOB = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"


def asked(
    tmp_path: Path,
    operation: str = WRITE,
    scope: str = SCOPE,
    identity: str = PORTER,
    context: dict[str, list[str]] | None = None,
    **case: Any,
) -> CanOutcome:
    state = documented_tenant(plan_of(bound_baseline("2026-05")), now=AS_OF)
    apply_azure(state, case.get("do", []))
    save_snapshot(snapshot_of(state, case), tmp_path / "snapshot.json")
    return can(tmp_path / "snapshot.json", identity, operation, scope, context or {}, now=NOW)


@pytest.mark.parametrize("identity", [PORTER, PORTER.upper(), object_id(f"sp/{PORTER}"), object_id(f"client/{PORTER}")])
def test_an_assignment_allows_and_is_named(tmp_path: Path, identity: str) -> None:
    outcome = asked(tmp_path, scope=f"{SCOPE}/resourceGroups/rg", identity=identity)
    assert (outcome.decision.effect, outcome.exit_code) == ("allowed", 0)
    assert [s.statement for s in outcome.decision.statements] == [f"porter-aks-restricted at {SCOPE}"]
    assert json.loads(as_json(outcome))["layers"][1]["effect"] == "allowed"


CONDITION = {"op": "condition", "to": PORTER, "text": "@Request[Microsoft.X/y:z] StringEquals 'a'"}
OWNER_OF_GROUP = [
    {"op": "join", "who": PORTER, "name": "ops", "identity": "dddddddd-0000-4000-8000-000000000001"},
    {"op": "assign", "role": "Owner", "principal": "dddddddd-0000-4000-8000-000000000001", "kind": "Group"},
]


@pytest.mark.parametrize(
    ("operation", "context", "do", "effect"),
    [
        (SHARE, {}, [], "implicit_deny"),
        (SHARE, {}, OWNER_OF_GROUP, "allowed"),
        (READ_BLOB, {"plane": ["data"]}, [], "implicit_deny"),
        (WRITE, {}, [CONDITION], "undecided"),
        (WRITE, {"@Request[Microsoft.X/y:z]": ["a"]}, [CONDITION], "allowed"),
        (WRITE, {"@Request[Microsoft.X/y:z]": ["b"]}, [CONDITION], "implicit_deny"),
        (WRITE, {}, [{"op": "deny", "name": "guard", "actions": ["Microsoft.Authorization/*"]}], "explicit_deny"),
        (SHARE, {}, [{"op": "assign", "role": "Owner", "to": PORTER, "eligible": True}], "implicit_deny"),
    ],
)
def test_roles_groups_conditions_and_denials_decide(
    tmp_path: Path, operation: str, context: dict[str, list[str]], do: list[Any], effect: str
) -> None:
    assert asked(tmp_path, operation, context=context, do=do).decision.effect == effect


@pytest.mark.parametrize(
    ("kind", "operation", "effect"),
    [
        ("azure.authorization.role_definitions", WRITE, "undecided"),
        ("azure.authorization.role_assignments", SHARE, "undecided"),
        ("azure.authorization.deny_assignments", WRITE, "undecided"),
        ("entra.memberships", SHARE, "undecided"),
        ("entra.memberships", WRITE, "allowed"),
        ("azure.resources.providers", SHARE, "implicit_deny"),
    ],
)
def test_an_unread_unit_is_never_taken_for_an_empty_one(
    tmp_path: Path, kind: str, operation: str, effect: str
) -> None:
    assert asked(tmp_path, operation, units={kind: "denied"}).decision.effect == effect


@pytest.mark.parametrize(("identity", "scope", "error"), [("x", SCOPE, InputError), (PORTER, "rg", UsageError)])
def test_what_cannot_be_asked_is_refused(tmp_path: Path, identity: str, scope: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        asked(tmp_path, scope=scope, identity=identity)
