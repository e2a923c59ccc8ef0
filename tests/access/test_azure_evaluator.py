"""Azure's second evaluator by itself: what it says of one request is what Azure documents, or nothing."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from scanner.access.azure.abac import holds
from scanner.access.azure.authorize import allows_azure
from scanner.access.azure.scope import contains
from scanner.access.records import Request

Body = dict[str, Any]
EVERYONE = {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}
USER = {"id": "p", "type": "User"}
ROLE: Body = {"name": "r", "permissions": [{"actions": ["*"]}]}


@pytest.mark.parametrize(
    ("operator", "satisfied"),
    [
        ("StringEquals", "a"),
        ("StringNotEquals", "0 A ab b"),
        ("StringEqualsIgnoreCase", "a A"),
        ("StringNotEqualsIgnoreCase", "0 ab b"),
        ("StringStartsWith", "a ab"),
        ("StringNotStartsWith", "0 A b"),
        ("StringStartsWithIgnoreCase", "a A ab"),
        ("StringNotStartsWithIgnoreCase", "0 b"),
        ("GuidEquals", "a A"),
        ("GuidNotEquals", "0 ab b"),
        ("BoolEquals", "a A"),
        ("BoolNotEquals", "0 ab b"),
    ],
)
def test_an_operator_holds_for_these_values_and_no_other(operator: str, satisfied: str) -> None:
    values = ("0", "a", "A", "ab", "b")
    found = [v for v in values if holds(f"@Request[x] {operator} 'a'", "o", {"@Request[x]": v})]
    assert sorted(found) == sorted(satisfied.split())


@pytest.mark.parametrize(
    ("quantifier", "satisfied"),
    [
        ("ForAnyOfAnyValues", ["a", "b", "ac", "ab", "abc"]),
        ("ForAllOfAnyValues", ["a", "b", "ab"]),
        ("ForAnyOfAllValues", []),
        ("ForAllOfAllValues", []),
    ],
)
def test_a_quantifier_counts_values_of_both_sides(quantifier: str, satisfied: list[str]) -> None:
    condition = f"@Request[x] {quantifier}:StringEquals {{'a', 'b'}}"
    lists = ("a", "b", "c", "ac", "ab", "abc")
    assert [v for v in lists if holds(condition, "o", {"@Request[x]": list(v)})] == satisfied


@pytest.mark.parametrize(("left", "right"), list(itertools.product((True, False, None), repeat=2)))
@pytest.mark.parametrize(
    ("word", "decisive"), [("OR", True), ("||", True), ("AND", False), ("&&", False), ("and", False)]
)
def test_what_is_not_given_decides_nothing_and_what_decides_needs_no_more(
    word: str, decisive: bool, left: bool | None, right: bool | None
) -> None:
    sides = {"@Request[l]": left, "@Request[r]": right}
    given = {side: "x" if value else "y" for side, value in sides.items() if value is not None}
    expected = decisive if decisive in (left, right) else None if None in (left, right) else not decisive
    assert holds(f"@Request[l] StringEquals 'x' {word} @Request[r] StringEquals 'x'", "o", given) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "ActionMatches{'o}",
        "ActionMatches{'o'} & ActionMatches{'o'}",
        "ActionMatches{'o'} ActionMatches{'o'}",
        "ActionMatches{'o'",
        "(ActionMatches{'o'}",
        "ActionMatches{,}",
        "@Request[x] StringEquals @Resource[y]",
        "@Request[x] StringEquals {'a', @Resource[y]}",
        "@Request[x] StringEquals !",
        "@Request[x] SomeOfTheValues:StringEquals {'a'}",
        "@Request[x] StringEquals {'a', 'b'}",
        "x StringEquals 'a'",
        "NOT",
        "",
    ],
)
def test_what_is_outside_the_language_is_neither_true_nor_false(condition: str) -> None:
    given = {"@Request[x]": "a", "@Resource[y]": "a", "x": "a"}
    assert holds(condition, "o", given) is None
    assert holds(f"NOT ({condition})", "o", given) is None


def test_no_values_satisfy_no_quantifier() -> None:
    assert holds("@Request[x] ForAllOfAllValues:StringEquals {'a'}", "o", {"@Request[x]": []}) is None


GROUPS = "/providers/Microsoft.Management/managementGroups"
SCOPES = (
    "/",
    f"{GROUPS}/top",
    f"{GROUPS}/MID",
    f"{GROUPS}/elsewhere",
    "/subscriptions/s",
    "/Subscriptions/S/resourceGroups/g",
    "/subscriptions/s/resourceGroups/g2",
    "/subscriptions/stranger",
    "/providers/Microsoft.Other/things/top",
)
PARENTS = {
    "/subscriptions/s": f"{GROUPS}/mid",
    f"{GROUPS}/mid": f"{GROUPS}/top",
    f"{GROUPS}/elsewhere": f"{GROUPS}/elsewhere",
}
ABOVE = {
    "/subscriptions/s": ["/", f"{GROUPS}/top", f"{GROUPS}/MID"],
    "/subscriptions/s/resourceGroups/g2": ["/", f"{GROUPS}/top", f"{GROUPS}/MID", "/subscriptions/s"],
    f"{GROUPS}/MID": ["/", f"{GROUPS}/top"],
}


def applies(scope: str, resource: str) -> bool | None:
    assigned = {"roleDefinitionId": "/x/r", "scope": scope, "principalId": "p", "principalType": "User"}
    return allows_azure(Request("p", "A.X/t/read", resource), [ROLE, assigned], parents=PARENTS)


@pytest.mark.parametrize("inner", SCOPES)
@pytest.mark.parametrize("outer", SCOPES)
def test_both_engines_read_the_hierarchy_alike(outer: str, inner: str) -> None:
    assert contains(outer, inner, PARENTS) is applies(outer, inner)


@pytest.mark.parametrize("inner", ABOVE)
def test_a_scope_lies_in_these_and_in_no_other(inner: str) -> None:
    inside = [s for s in SCOPES if applies(s, inner)]
    assert sorted(inside) == sorted([*ABOVE[inner], *(s for s in SCOPES if s.lower() == inner.lower())])


def test_above_a_subscription_that_the_hierarchy_does_not_name_nothing_is_known() -> None:
    above = [applies(f"{GROUPS}/top", s) for s in ("/subscriptions/stranger", f"{GROUPS}/top2", "/subscriptions/s")]
    assert above == [None, None, True]
    assert applies("/providers/Microsoft.Other/things/top", "/subscriptions/s") is False


def assigned(principal: str, **more: object) -> Body:
    return {"roleDefinitionId": "/x/r", "scope": "/subscriptions/s", "principalId": principal, **more}


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        (assigned("p"), True),
        (assigned("P"), True),
        (assigned("q"), False),
        (assigned("q", principalType="User"), False),
        (assigned("q", principalType="Group"), None),
        (assigned("q", principalType="group"), None),
        (assigned("p", condition="ActionMatches{'A.X/t/*'}"), True),
        (assigned("p", condition="ActionMatches{'B.Y/*'}"), False),
        (assigned("p", condition="@Resource[x] StringEquals 'a'"), None),
        (assigned("p", condition="   "), True),
    ],
)
def test_an_assignment_is_for_its_principal_and_a_group_may_hold_anybody(
    assignment: Body, expected: bool | None
) -> None:
    assert allows_azure(Request("p", "A.X/t/read", "/subscriptions/s"), [ROLE, assignment]) is expected


def deny(principals: list[Body], excluded: list[Body] | None = None, **more: object) -> Body:
    return {
        "denyAssignmentName": "d",
        "scope": "/subscriptions/s",
        "permissions": [{"actions": ["A.X/*"]}],
        "principals": principals,
        "excludePrincipals": excluded or [],
        **more,
    }


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (deny([USER]), False),
        (deny([{"id": "P", "type": "User"}]), False),
        (deny([{"id": "q", "type": "User"}]), True),
        (deny([{"id": "q", "type": "Group"}]), None),
        (deny([{"id": "q"}]), None),
        (deny([EVERYONE]), False),
        (deny([EVERYONE], [USER]), True),
        (deny([EVERYONE], [{"id": "q", "type": "User"}]), False),
        (deny([EVERYONE], [{"id": "q", "type": "Group"}]), None),
        (deny([EVERYONE], [{**EVERYONE, "type": "User"}]), False),
        (deny([]), True),
        (deny([USER], doNotApplyToChildScopes=True), True),
        (deny([USER], scope="/subscriptions/s/resourceGroups/g", doNotApplyToChildScopes=True), False),
        (deny([USER], scope="/subscriptions/s2"), True),
        (deny([USER], permissions=[{"actions": ["B.Y/*"]}]), True),
        (deny([USER], permissions=[{"actions": ["A.X/*"], "notActions": ["*/read"]}]), True),
        (deny([USER], permissions=[{"dataActions": ["A.X/*"]}]), True),
        (deny([USER], condition="ActionMatches{'A.X/t/*'}"), False),
        (deny([USER], condition="@Resource[x] StringEquals 'a'"), None),
        (deny([USER], scope=None), None),
    ],
)  # fmt: skip
def test_a_deny_assignment_takes_away_what_it_names_and_leaves_open_what_it_may_name(
    document: Body, expected: bool | None
) -> None:
    request = Request("p", "A.X/t/read", "/subscriptions/s/resourceGroups/g")
    assert allows_azure(request, [ROLE, assigned("p", principalType="User"), document]) is expected
