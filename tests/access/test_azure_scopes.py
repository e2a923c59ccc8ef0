"""Places to try on Azure: a new child is below its scope and in nothing named, and what is beyond says in which way."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.access.azure.compare import compare_azure
from scanner.access.azure.scope import child_of, contains, segments
from scanner.access.records import NamedDocument

Body = dict[str, Any]
S = "/subscriptions/s"
GROUP = "/providers/Microsoft.Management/managementGroups/g"


@pytest.mark.parametrize(
    ("scope", "like"),
    [
        ("/", "/subscriptions/00000000-0000-0000-0000-000000000000"),
        (S, f"{S}/resourceGroups/example"),
        (f"{S}/", f"{S}/resourceGroups/example"),
        (f"{S}/resourceGroups/r", f"{S}/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/example"),
        (f"{S}/resourcegroups/R", f"{S}/resourcegroups/R/providers/Microsoft.Storage/storageAccounts/example"),
        (f"{S}/resourceGroups/r/providers/A.X/t/n", None),
        (GROUP, f"{GROUP}/providers/Microsoft.Example/examples/example"),
    ],
)
def test_a_new_child_lies_below_its_scope_and_in_nothing_named(scope: str, like: str | None) -> None:
    named: list[str] = [scope, "/", S]
    for _ in range(4 if scope != "/" else 1):
        child = child_of(scope, named)
        assert like is None or child.startswith(like)
        assert contains(scope, child, {}) is True
        assert segments(child) != segments(scope)
        assert not any(contains(n, child, {}) for n in named if len(segments(n)) > len(segments(scope)))
        named.append(child.upper().replace("/", "//")[1:])


def role(*actions: str, data: tuple[str, ...] = ()) -> Body:
    return {"name": "r", "permissions": [{"actions": list(actions), "dataActions": list(data)}]}


def assigned(scope: str = S, principal: str = "p", **more: object) -> Body:
    return {"roleDefinitionId": "/x/r", "scope": scope, "principalId": principal, **more}


DENY: Body = {
    "denyAssignmentName": "d",
    "scope": S,
    "permissions": [{"actions": ["A.X/*"], "dataActions": ["A.X/*"]}],
    "principals": [{"id": "p", "type": "User"}],
}
BOTH = role("A.X/t/write", data=("A.X/t/look",))


@pytest.mark.parametrize(
    ("live", "documented", "kinds"),
    [
        ([BOTH, assigned()], [role("B.Y/t/write"), assigned()], ["action", "data"]),
        ([BOTH, assigned()], [BOTH, assigned(f"{S}/resourceGroups/g")], ["scope", "scope"]),
        ([BOTH, assigned()], [BOTH, assigned(GROUP + "x")], []),
        ([BOTH, assigned()], [BOTH, assigned(principal="q")], ["principal", "principal"]),
        ([BOTH, assigned()], [BOTH, assigned(), DENY], ["action", "data"]),
        ([BOTH, assigned()], [BOTH, assigned(condition="ActionMatches{'A.X/t/read'}")], ["condition", "condition"]),
        ([BOTH], [{**BOTH, "permissions": [{**BOTH["permissions"][0], "condition": "ActionMatches{'o'}"}]}],
         ["condition", "condition"]),
    ],
)  # fmt: skip
def test_what_is_beyond_is_named_for_the_first_thing_in_which_nothing_covers_it(
    live: list[Body], documented: list[Body], kinds: list[str]
) -> None:
    ours = [NamedDocument(f"live {i}", body) for i, body in enumerate(live)]
    theirs = [NamedDocument(f"documented {i}", body) for i, body in enumerate(documented)]
    assert [p.kind for p in compare_azure(ours, theirs).excess] == kinds


def test_an_excess_and_a_certificate_say_where_and_under_which_condition() -> None:
    condition = "ActionMatches{'A.X/t/*'}"
    live = [NamedDocument("live", role("A.X/t/write")), NamedDocument("held", assigned(condition=condition))]
    none = [NamedDocument("page", role("B.Y/t/write")), NamedDocument("page's", assigned())]
    (piece,) = compare_azure(live, none).excess
    assert piece.conditions == {"condition": [condition]}
    assert (piece.resources, piece.principals) == ((S,), {"principalId": ["p"]})
    (entry,) = compare_azure(live, live).certificate["discharged"]
    where = {"document": "held", "statement": "0", "actions": ["A.X/t/write"], "resources": [S]}
    assert entry == {"live": where, "by": ["held: 0"], "how": "one grant covers it"}


@pytest.mark.parametrize("stops", [False, True])
@pytest.mark.parametrize("where", [S, f"{S}/resourceGroups/g", f"{S}/resourceGroups/g/providers/A.X/t/n"])
def test_a_documented_deny_anywhere_below_a_grant_puts_it_beyond_there(where: str, stops: bool) -> None:
    deny = {**DENY, "scope": where, "doNotApplyToChildScopes": stops}
    live = [NamedDocument("role", BOTH), NamedDocument("held", assigned())]
    page = [*live, NamedDocument("denied", deny)]
    excess = compare_azure(live, page).excess
    assert [contains(where, p.witness.resource, {}) for p in excess] == [True, True]
    assert not stops or [p.witness.resource for p in excess] == [where, where]
    assert compare_azure(page, page).verdict == "equal"
    assert compare_azure(page, live).verdict == "narrower"


@pytest.mark.parametrize(
    "perhaps",
    [
        {"principals": [{"id": "g", "type": "Group"}]},
        {"excludePrincipals": [{"id": "g", "type": "Group"}]},
        {"condition": "@Resource[x] SomethingNew 'a'"},
        {"scope": GROUP},
    ],
)
@pytest.mark.parametrize("side", ["live", "documented"])
def test_what_a_deny_only_may_take_away_is_there_live_and_not_documented(perhaps: Body, side: str) -> None:
    held, deny = [NamedDocument("role", BOTH), NamedDocument("held", assigned())], {**DENY, **perhaps}
    none = [NamedDocument("other", role("B.Y/t/write")), NamedDocument("held", assigned())]
    denied = [*held, NamedDocument("denied", deny)]
    result = compare_azure(denied, none) if side == "live" else compare_azure(held, denied)
    assert result.contained is None
    assert {u.direction for u in result.undecided} >= {"excess"}
