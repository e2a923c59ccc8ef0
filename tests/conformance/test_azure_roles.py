"""The built-in Azure roles: each inside itself, and held against the documented role and Contributor."""

from __future__ import annotations

import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scanner.access.azure.authorize import allows_azure
from scanner.access.azure.compare import compare_azure
from scanner.access.records import Comparison, NamedDocument, Request

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
ROLES: list[dict[str, Any]] = json.loads((SHARED / "data/azure_built_in_roles_raw.json").read_text())
CONTRIBUTOR = next(r for r in ROLES if r["roleName"] == "Contributor")
# The role as the onboarding page documents it: everything, without four operations.
RESTRICTED = {
    "name": "porter-aks-restricted",
    "permissions": [
        {
            "actions": ["*"],
            "notActions": [
                "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write",
                "Microsoft.Blueprint/blueprintAssignments/delete",
                "Microsoft.Compute/galleries/share/action",
            ],
            "dataActions": [],
            "notDataActions": [],
        }
    ],
}
OTHERS = {"documented": RESTRICTED, "contributor": CONTRIBUTOR}


def compared(live: dict[str, Any], documented: dict[str, Any]) -> Comparison:
    return compare_azure([NamedDocument("live", live)], [NamedDocument("documented", documented)])


def patterns(role: dict[str, Any], plane: str) -> set[str]:
    keys = ("dataActions", "notDataActions") if plane == "data" else ("actions", "notActions")
    return {a for block in role["permissions"] for key in keys for a in block[key]}


@cache
def sampled(plane: str) -> tuple[str, ...]:
    """Return operations of every kind for every pattern that a role names in the plane."""
    named = set().union(*(patterns(r, plane) for r in (*ROLES, RESTRICTED)))
    return tuple(sorted({o.lower() for p in named for o in concrete(p)}))


def concrete(pattern: str) -> set[str]:
    """Return operations the pattern matches: one of each verb where it leaves the verb open."""
    stem, star, last = pattern.rpartition("*")
    stem = stem.replace("*", "Contoso.Example/example")
    ends = (
        ("read", "write", "delete", "start/action")
        if star and not last
        else ("Contoso.Example/example" if star else "",)
    )
    return {f"{stem}{end}{last}" for end in ends}


@cache
def held(name: str, operation: str, plane: str) -> bool:
    other = OTHERS[name]
    return allows_azure(Request(None, operation, "/", {"plane": plane}), [other]) is True


def beyond(role: dict[str, Any], name: str) -> str | None:
    """Return a sampled operation the role surely allows and the other role does not, found by trying them."""
    for plane in ("control", "data"):
        for operation in sampled(plane) if patterns(role, plane) else ():
            if held(name, operation, plane):
                continue
            if allows_azure(Request(None, operation, "/", {"plane": plane}), [role]) is True:
                return operation
    return None


def conditional(role: dict[str, Any]) -> bool:
    return any(block["condition"] for block in role["permissions"])


def test_there_are_as_many_roles_as_the_note_on_origins_says() -> None:
    assert len(ROLES) == 928
    assert len({r["name"] for r in ROLES}) == 928


def test_every_built_in_role_is_inside_itself() -> None:
    assert {compared(r, r).verdict for r in ROLES} == {"equal"}


@pytest.mark.parametrize("name", OTHERS)
def test_held_against_another_role_the_verdict_is_that_of_trying_every_named_operation(name: str) -> None:
    outside = 0
    for role in ROLES:
        result = compared(role, OTHERS[name])
        found = beyond(role, name)
        assert result.contained is not None, role["roleName"]
        if not conditional(role):
            assert result.contained == (found is None), (role["roleName"], found, result.excess[:1])
        else:
            # What is allowed under some condition only is beyond as well; trying without attributes cannot see that.
            assert not (found and result.contained), (role["roleName"], found)
        outside += not result.contained
    assert 0 < outside < len(ROLES)


@pytest.mark.parametrize("name", OTHERS)
def test_every_excess_is_shown_by_an_operation_only_one_side_allows(name: str) -> None:
    for role in ROLES:
        for piece in compared(role, OTHERS[name]).excess:
            assert allows_azure(piece.witness, [role]) is True
            assert allows_azure(piece.witness, [OTHERS[name]]) is False
            assert piece.witness.action.count("/") >= 1


def test_the_documented_role_goes_beyond_contributor_by_writing_role_assignments() -> None:
    result = compared(RESTRICTED, CONTRIBUTOR)
    assert result.verdict == "broader"
    assert [p.witness.action for p in result.excess] == ["Microsoft.Authorization/roleAssignments/write"]
    assert compared(CONTRIBUTOR, RESTRICTED).verdict == "narrower"


def test_owner_goes_beyond_the_documented_role_by_what_it_leaves_out() -> None:
    owner = next(r for r in ROLES if r["roleName"] == "Owner")
    (piece,) = compared(owner, RESTRICTED).excess
    left_out = {a.lower() for a in RESTRICTED["permissions"][0]["notActions"]}  # type: ignore[index]
    assert piece.witness.action.lower() in left_out


def test_three_comparisons_of_every_role_take_seconds() -> None:
    started = time.process_time()
    for role in ROLES:
        for other in (role, RESTRICTED, CONTRIBUTOR):
            compared(role, other)
    assert time.process_time() - started < 15
