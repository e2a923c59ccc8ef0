"""What a tenant may hold that nobody expects: judged, never an error, and said in lines of a bounded length."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.assess.runner import run_rule
from scanner.model.finding import Finding, Result
from scanner.rules.registry_azure import AZURE_RULES

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_subscription import AS_OF, context

PORTER = "azure-porter-restricted-sp"


def every(*do: dict[str, Any], **case: Any) -> list[Finding]:
    ctx = context({"do": list(do), **case})
    errors: list[Exception] = []
    found = [
        finding
        for rule in AZURE_RULES
        for finding in run_rule(rule, ctx, ctx.inventory.units, "x", False, lambda _, error: errors.append(error))
    ]
    assert not errors, errors
    return found


def test_an_application_with_400_secrets_is_judged_in_short_lines() -> None:
    secrets = [
        {"op": "add_secret", "to": PORTER, "name": f"s{n}", "start_days": -300 + n, "end_days": n - 100}
        for n in range(400)
    ]
    found = every(*secrets)
    told = {f.rule_id: f for f in found if f.result is Result.FAIL and "SECRET" in f.rule_id}
    assert {"AZURE-SECRET-001", "AZURE-SECRET-003"} <= set(told)
    assert max(len(f.message) for f in found) < 2_000


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_dates_at_the_edges_of_the_calendar_are_read(end: str) -> None:
    ctx = context({"do": [{"op": "add_secret", "to": PORTER, "name": "x", "start_days": 0, "end_days": 1}]})
    raw = ctx.applications[0].secrets[-1]
    assert raw.ends == AS_OF + timedelta(days=1)
    found = every({"op": "set_secret_end", "of": PORTER, "end": end})
    assert [f for f in found if f.result is Result.ERROR] == []


def test_a_role_through_a_group_and_directly_is_told_once_each() -> None:
    group = "dddddddd-0000-4000-8000-000000000001"
    found = every(
        {"op": "assign", "role": "Owner", "to": PORTER},
        {"op": "join", "who": PORTER, "name": "ops", "identity": group},
        {"op": "assign", "role": "Owner", "principal": group, "kind": "Group"},
    )
    assert len([f for f in found if f.rule_id == "AZURE-ASSIGN-007" and f.result is Result.FAIL]) == 2
