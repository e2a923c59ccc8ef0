"""Azure documents that leave something open, or say a thing twice: never read as less than they may grant."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.access.azure.compare import ask_azure, compare_azure
from scanner.access.azure.document import normalized_condition, parse_azure
from scanner.access.records import NamedDocument
from scanner.errors import PolicyError

Body = dict[str, Any]
SCOPE = "/subscriptions/s"
EVERYONE = {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}


def named(*bodies: Body) -> list[NamedDocument]:
    return [NamedDocument(f"document {i}", body) for i, body in enumerate(bodies)]


def assigned(role: str, **more: object) -> Body:
    return {"roleDefinitionId": f"/x/{role}", "scope": SCOPE, "principalId": "p", **more}


DENY: Body = {
    "denyAssignmentName": "d",
    "scope": SCOPE,
    "permissions": [{"actions": ["A.X/*"]}],
    "principals": [EVERYONE],
}


@pytest.mark.parametrize(
    ("live", "documented"),
    [
        ([assigned("r8")], [assigned("r9")]),
        ([assigned("r9")], [assigned("r9", scope=f"{SCOPE}/resourceGroups/g")]),
        ([assigned("r9")], [assigned("r9", principalId="q")]),
        ([assigned("r9")], [assigned("r9", condition="ActionMatches{'o'}")]),
        ([assigned("r9")], [assigned("r9"), DENY]),
        ([assigned("r9", condition="ActionMatches{'o'}")], [assigned("r9", condition="ActionMatches{'p'}")]),
    ],
)
def test_a_role_nobody_gave_is_inside_only_itself_assigned_as_widely(live: list[Body], documented: list[Body]) -> None:
    result = compare_azure(named(*live), named(*documented))
    assert [u.direction for u in result.undecided][:1] == ["excess"]
    assert result.certificate["discharged"] == []
    assert result.contained is None


@pytest.mark.parametrize(
    ("live", "documented"),
    [
        ([assigned("r9", scope=f"{SCOPE}/resourceGroups/g")], [assigned("r9")]),
        ([assigned("r9", condition="ActionMatches{'o'}")], [assigned("r9")]),
        ([assigned("r9"), DENY], [assigned("r9")]),
    ],
)
def test_a_role_nobody_gave_is_inside_itself(live: list[Body], documented: list[Body]) -> None:
    (entry,) = compare_azure(named(*live), named(*documented)).certificate["discharged"]
    assert entry["by"] == ["document 0: "]
    assert entry["how"] == "the same role, by its id"


QUOTED = st.text("ab ',", max_size=5).map(lambda t: "'" + t.replace("'", "''") + "'")
WORDS = st.sampled_from(["@Request[a]", "  ", "\t", "(", " ) ", "{", "}", ",", "StringEquals", "AND"])


@given(st.lists(st.one_of(QUOTED, WORDS), max_size=12).map("".join))
def test_uniform_white_space_changes_no_quoted_text_and_is_done_once(text: str) -> None:
    uniform = normalized_condition(text)
    quotes = re.compile(r"'(?:[^']|'')*'")
    assert quotes.findall(uniform) == quotes.findall(text)
    assert normalized_condition(uniform) == uniform
    assert re.sub(r"\s", "", uniform) == re.sub(r"\s", "", text)


def test_white_space_outside_quotes_means_nothing_wherever_it_stands() -> None:
    loose = "  @R[a]\n StringEquals 'a  b'  AND ( @R[b]  StringEquals 'c ( d' ) AND @R[c] StringEquals { 'e' , 'f' } "
    tight = "@R[a]StringEquals 'a  b' AND(@R[b]StringEquals 'c ( d')AND @R[c]StringEquals{'e','f'}"
    assert normalized_condition(loose) == tight


@pytest.mark.parametrize(
    ("key", "inside", "outside"),
    [
        ("permissions", [{"actions": ["*"]}], [{"actions": ["A.X/*"]}]),
        ("scope", "/", SCOPE),
        ("assignableScopes", ["/"], [SCOPE]),
        ("principalId", "p", "q"),
        ("roleDefinitionId", "/x/r1", "/x/r2"),
        ("condition", "ActionMatches{'o'}", "ActionMatches{'p'}"),
        ("principals", [{"id": "p"}], [{"id": "q"}]),
    ],
)
def test_what_decides_is_not_given_twice(key: str, inside: object, outside: object) -> None:
    with pytest.raises(PolicyError, match=f"`{key.lower()}` is given twice"):
        parse_azure(named({key: outside, "properties": {key: inside}}))


@pytest.mark.parametrize("kind", ["Microsoft.Authorization/roleAssignments", "microsoft.authorization/roleassignments"])
@pytest.mark.parametrize("inner", [False, True])
def test_the_type_alone_says_that_a_document_is_an_assignment(kind: str, inner: bool) -> None:
    body: Body = {"properties": {"scope": SCOPE, "principalId": "p"}}
    (body["properties"] if inner else body)["type"] = kind
    with pytest.raises(PolicyError, match="roleDefinitionId"):
        parse_azure(named(body))


def test_the_type_of_a_resource_stands_outside_its_properties_and_that_of_a_role_inside() -> None:
    body: Body = {"type": "CustomRole", "properties": {**DENY, "type": "Microsoft.Authorization/denyAssignments"}}
    del body["properties"]["denyAssignmentName"]
    assert parse_azure(named(body)).denies
    body["type"], body["properties"]["type"] = body["properties"]["type"], "CustomRole"
    assert parse_azure(named(body)).denies


@pytest.mark.parametrize(
    ("kind", "expected"), [({"type": "Group"}, True), ({"type": "User"}, False), ({}, True), ({"type": None}, True)]
)
def test_a_principal_of_a_deny_may_be_a_group_unless_it_says_otherwise(kind: Body, expected: bool) -> None:
    (deny,) = parse_azure(named({**DENY, "principals": [{"id": "Q", **kind}]})).denies
    assert deny.principals == (("q", expected),)


@pytest.mark.parametrize("kind", [{"principalType": "Group"}, {"principalType": "group"}])
def test_an_assignment_to_a_group_leaves_open_whom_it_is_for(kind: Body) -> None:
    role = {"name": "r1", "permissions": [{"actions": ["*"]}]}
    documents = named(role, assigned("r1")), named(role, assigned("r1", principalId="q", **kind))
    assert compare_azure(*documents).contained is None
    assert ask_azure(documents[0], ["A.X/t/read"]).outcome == "possible"
