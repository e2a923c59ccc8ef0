"""Our escalation paths: published actions only, each found where its steps are held, not where one is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.rules.aws._reach import Reach
from scanner.rules.aws.escalation_paths import EscalationPath
from scanner.rules.aws.escalation_services import ALL_PATHS

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_account import CATALOGUE, context

NAME = "porter-x"


def reach(*statements: dict[str, Any]) -> Reach:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **s} for s in statements]}
    ctx = context({"roles": {NAME: {"add_policy": {"p": policy}}}})
    return Reach(ctx, ctx.porter_roles[0])


def possible(found: Reach, path: EscalationPath) -> bool:
    return isinstance(found.all_of(*path.steps), list)


def test_ids_are_unique_and_titles_too() -> None:
    assert len({p.id for p in ALL_PATHS}) == len(ALL_PATHS)
    assert len({p.title for p in ALL_PATHS}) == len(ALL_PATHS)


@pytest.mark.parametrize("path", ALL_PATHS, ids=lambda p: p.id)
def test_every_action_is_published(path: EscalationPath) -> None:
    assert [s.action for s in path.steps if not CATALOGUE.is_published(s.action)] == []


@pytest.mark.parametrize("path", ALL_PATHS, ids=lambda p: p.id)
def test_a_path_is_found_where_its_steps_are_held_and_not_where_one_is_missing(path: EscalationPath) -> None:
    actions = sorted({s.action for s in path.steps})
    assert possible(reach({"Action": actions}), path)
    for left_out in actions:
        others = [a for a in actions if a != left_out] or ["sts:GetCallerIdentity"]
        assert not possible(reach({"Action": others}), path)


@pytest.mark.parametrize("path", [p for p in ALL_PATHS if p.id.startswith("pass-")], ids=lambda p: p.id)
def test_passing_only_oneself_or_to_another_service_is_no_path(path: EscalationPath) -> None:
    runs = {"Action": sorted({s.action for s in path.steps if s.action != "iam:PassRole"})}
    itself = {"Action": "iam:PassRole", "Resource": f"arn:aws:iam::111122223333:role/{NAME}"}
    elsewhere = {
        "Action": "iam:PassRole",
        "Condition": {"StringEquals": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}},
    }
    assert not possible(reach(runs, itself), path)
    assert not possible(reach(runs, elsewhere), path)


def test_limited_resources_are_told_from_all() -> None:
    path = next(p for p in ALL_PATHS if p.id == "role-inline-policy")
    (step,) = path.steps
    assert reach({"Action": "iam:PutRolePolicy"}).everywhere(step)
    limited = reach({"Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::*:role/porter*"})
    assert possible(limited, path)
    assert not limited.everywhere(step)
