"""Our own list of escalation paths knows every path of a published list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.rules.aws.escalation_services import ALL_PATHS

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
PUBLISHED = json.loads((SHARED / "data/pathfinding_required_permissions.json").read_text())
OURS = [{step.action.lower() for step in path.steps} for path in ALL_PATHS]


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda p: p["id"])
def test_a_published_path_is_one_of_ours(published: dict[str, Any]) -> None:
    assert {action.lower() for action in published["required"]} in OURS
