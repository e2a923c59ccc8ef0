"""The table of documented risks is true to the document: published actions, each held by a role that the risk names."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from scanner.baseline.load import find, load_aws
from scanner.rules.aws.documented_risks import RISKS, DocumentedRisk

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_account import CATALOGUE

PAGE = {role.key: role for role in load_aws(find("porter@2026-05")).roles}


def documented(role: str, action: str) -> bool:
    patterns = [pattern for statement in PAGE[role].statements for pattern in statement.actions]
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


@pytest.mark.parametrize("risk", RISKS, ids=lambda risk: risk.id)
def test_every_action_is_published_and_held_by_a_role_that_the_risk_names(risk: DocumentedRisk) -> None:
    for step in risk.steps:
        assert CATALOGUE.is_published(step.action), step.action
        assert any(documented(role, step.action) for role in risk.roles), step.action


def test_every_role_that_a_risk_names_holds_one_of_its_steps() -> None:
    for risk in RISKS:
        for role in risk.roles:
            assert any(documented(role, step.action) for step in risk.steps), (risk.id, role)
