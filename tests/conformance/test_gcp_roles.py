"""Predefined GCP roles: each inside itself, each pair held against plain set inclusion, alone and bound."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from scanner.access.gcp.authorize import allows_gcp
from scanner.access.gcp.compare import compare_gcp
from scanner.access.records import NamedDocument

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
FILES = sorted((SHARED / "data/gcp_roles").glob("*.json"))
ROLES: dict[str, dict[str, Any]] = {r["name"]: r for r in (json.loads(f.read_text()) for f in FILES)}
DOCUMENTS = [NamedDocument(name, role) for name, role in ROLES.items()]
PORTER = "serviceAccount:porter-manager@example-project.iam.gserviceaccount.com"
VERDICTS = {(True, True): "equal", (True, False): "narrower", (False, True): "broader", (False, False): "different"}


def permissions(name: str) -> set[str]:
    return set(ROLES[name]["includedPermissions"])


def policy(*roles: str) -> NamedDocument:
    bindings = [{"role": role, "members": [PORTER]} for role in roles]
    return NamedDocument("policy", {"resource": "projects/example-project", "bindings": bindings, "version": 3})


def test_the_fixtures_are_there() -> None:
    assert len(ROLES) == 17
    assert {"roles/owner", "roles/editor", "roles/resourcemanager.projectIamAdmin"} <= set(ROLES)


@pytest.mark.parametrize("name", ROLES)
def test_every_role_is_inside_itself(name: str) -> None:
    document = NamedDocument(name, ROLES[name])
    assert compare_gcp([document], [document]).verdict == "equal"
    assert compare_gcp([policy(name), *DOCUMENTS], [policy(name), *DOCUMENTS]).verdict == "equal"


@pytest.mark.parametrize(("live", "documented"), list(itertools.product(ROLES, repeat=2)))
def test_every_pair_of_roles_agrees_with_set_inclusion(live: str, documented: str) -> None:
    here, there = permissions(live), permissions(documented)
    result = compare_gcp([NamedDocument("live", ROLES[live])], [NamedDocument("documented", ROLES[documented])])
    assert result.verdict == VERDICTS[here <= there, there <= here]
    assert {a for p in result.excess for a in p.actions} == here - there
    assert {a for p in result.missing for a in p.actions} == there - here


@pytest.mark.parametrize("granted", sorted(set(ROLES) - {"roles/resourcemanager.projectIamAdmin"}))
def test_a_role_beside_the_documented_one_is_beyond_it(granted: str) -> None:
    documented = "roles/resourcemanager.projectIamAdmin"
    live = [policy(documented, granted), *DOCUMENTS]
    result = compare_gcp(live, [policy(documented), *DOCUMENTS])
    extra = permissions(granted) - permissions(documented)
    assert result.verdict == ("broader" if extra else "equal")
    for piece in result.excess:
        assert set(piece.actions) == extra
        assert allows_gcp(piece.witness, [d.body for d in live]) is True


def test_owner_may_set_the_policy_of_the_project_and_editor_may_not() -> None:
    (piece,) = compare_gcp([policy("roles/owner"), *DOCUMENTS], [policy("roles/editor"), *DOCUMENTS]).excess
    assert piece.witness.action == "resourcemanager.projects.setIamPolicy"
