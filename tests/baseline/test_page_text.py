"""Importing a page saved as plain text: what is read, and that nothing is lost without a word."""

from __future__ import annotations

import msgspec
import pytest
from page_style import as_plain_text

from scanner.app.catalogue import load_catalogue
from scanner.baseline.page.records import PageInventory, PageNote, Settlement
from scanner.baseline.page.text import parse_lines
from scanner.baseline.records import AwsBaseline, DocumentedStatement, SourceRef
from scanner.model.common import JsonObject

CATALOGUE = load_catalogue()

PAGE = """\
About access
Words.| Role | Created by | Assumable from outside | Purpose |
|---|---|---|---|
acme-reader | Acme | Yes | Reads |
acme-s3-<hash> | Acme, per bucket | No | One bucket |
Click a role.acme-reader
Reads what it needs.
View permissions
| Statement | Resource path | Actions | Condition |
|---|---|---|---|
Read | arn:aws:s3:::a*arn:aws:s3:::b/* | s3:GetObjects3:PutObject | \u2014 |
Pass | arn:aws:iam::<account-id>:role/acme | iam:PassRole | iam:PassedToService = ec2.amazonaws.com |
acme-s3-*
One per bucket.
| Statement | Resource path | Actions | Condition |
|---|---|---|---|
Same | (same resources as above) | s3:GetObject | \u2014 |
Copy | * | (same as acme-reader\u2019s Read statement) | \u2014 |
"""


def _parse(text: str, settlements: tuple[Settlement, ...] = ()) -> PageInventory:
    return parse_lines(text.split("\n"), CATALOGUE, document="D", settlements=settlements)


def _sids(page: PageInventory) -> dict[str, list[str]]:
    return {role.name: [statement.sid for statement in role.statements] for role in page.roles}


def _content(statement: DocumentedStatement) -> tuple[object, ...]:
    return (
        statement.sid,
        statement.effect,
        statement.actions,
        statement.resources,
        statement.conditions,
        statement.same_as,
        statement.as_printed,
        statement.settled_by,
    )


def _settlements(porter: AwsBaseline) -> tuple[Settlement, ...]:
    return tuple(
        Settlement(
            arn=statement.settled_by,
            actions=frozenset(action.lower() for action in statement.actions),
            resources=frozenset(statement.resources),
            conditions=statement.conditions,
        )
        for role in porter.roles
        for statement in role.statements
        if statement.settled_by is not None
    )


@pytest.mark.parametrize("glued", [True, False])
def test_the_shipped_inventory_printed_as_a_page_is_imported_back(porter: AwsBaseline, glued: bool) -> None:
    page = _parse(as_plain_text(porter, glue_first_heading=glued), _settlements(porter))
    assert page.problems == ()
    assert [role.name for role in page.roles] == [role.key for role in porter.roles]
    for read, role in zip(page.roles, porter.roles, strict=True):
        assert list(map(_content, read.statements)) == list(map(_content, role.statements))
        assert (read.created_by, read.purpose) == (role.created_by, role.purpose)
    assert [note.text for note in page.unknown_actions] == ["ec2:DeleteVpcEndpoint"]


def test_rows_carry_heading_row_and_line() -> None:
    page = _parse(PAGE.replace("Same | (same resources as above)", "Same | *"))
    assert page.problems == ()
    sources = [statement.source for role in page.roles for statement in role.statements]
    assert sources == [
        SourceRef(document="D", heading="acme-reader", row=1, line=11),
        SourceRef(document="D", heading="acme-reader", row=2, line=12),
        SourceRef(document="D", heading="acme-s3-*", row=1, line=17),
        SourceRef(document="D", heading="acme-s3-*", row=2, line=18),
    ]
    copy = page.roles[1].statements[1]
    assert (copy.same_as, copy.actions) == ("acme-reader/Read", ("s3:GetObject", "s3:PutObject"))
    assert page.roles[0].statements[1].resources == ("arn:aws:iam::{account_id}:role/acme",)
    assert [(role.line, role.overview_row, role.overview_line) for role in page.roles] == [(6, 1, 4), (13, 2, 5)]
    assert page.roles[0].prose == ((7, "Reads what it needs."),)


def test_a_reference_above_the_first_row_is_a_problem_and_no_grant() -> None:
    page = _parse(PAGE)
    assert _sids(page) == {"acme-reader": ["Read", "Pass"], "acme-s3-*": ["Copy"]}
    assert page.problems == (
        PageNote(17, "(same resources as above)", "refers to resources that no earlier row holds"),
    )


def test_every_line_is_in_a_role_a_table_or_named() -> None:
    page = _parse(PAGE + "\nA last word.\n")
    assert [(note.line, note.text) for note in page.unused] == [
        (1, "About access"),
        (2, "Words."),
        (6, "Click a role.acme-reader"),
        (20, "A last word."),
    ]


# name: (what to replace, by what, line of the problem, its reason)
DAMAGE = {
    "row cut off": (" | s3:GetObjects3:PutObject | \u2014 |", "", 11, "a row of 2 cells where 4 are expected"),
    "row with a cell too many": (
        "| \u2014 |\nPass",
        "| \u2014 | x |\nPass",
        11,
        "a row of 5 cells where 4 are expected",
    ),
    "row after a gap": ("Pass |", "\nPass |", 13, "looks like a row, but stands in no table"),
    "no actions": ("s3:GetObjects3:PutObject", "", 11, "no actions"),
    "prose for actions": ("s3:GetObjects3:PutObject", "everything", 11, "not an action"),
    "prose for a resource": ("arn:aws:s3:::a*arn:aws:s3:::b/*", "buckets", 11, "neither `*` nor an ARN"),
    "two wildcards in a row": (
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/**",
        11,
        "two wildcards in a row: perhaps a resource and `*` whose break was lost",
    ),
    "no resource": ("arn:aws:s3:::a*arn:aws:s3:::b/*", "", 11, "no resources"),
    "prose for a condition": (
        "iam:PassedToService = ec2.amazonaws.com",
        "for EC2",
        12,
        "a condition of an unknown form",
    ),
    "sid with blanks": ("Read |", "Read it |", 11, "not a statement's name"),
    "row named twice": ("Pass |", "Read |", 12, "a second row of this name in the same role"),
    "reference to nothing": (
        "\u2019s Read statement",
        "\u2019s Gone statement",
        18,
        "refers to actions that no earlier row holds",
    ),
    "reference of another form": (
        "(same as acme-reader\u2019s Read statement)",
        "(see acme-reader)",
        18,
        "refers to actions that no earlier row holds",
    ),
    "table of another kind": (
        "| Statement | Resource path |",
        "| Sid | Where |",
        9,
        "a table of a kind that is not known",
    ),
    "heading lost": ("acme-s3-*\n", "\n", 15, "a table of permissions without a role's heading above it"),
    "section lost": (
        PAGE[PAGE.index("acme-s3-*\n") :],
        "",
        5,
        "role `acme-s3-*` is in the table of roles but has no table of permissions",
    ),
    "role twice": ("acme-s3-*\n", "acme-reader\n", 6, "role `acme-reader` has more than one section"),
}


@pytest.mark.parametrize(("old", "new", "line", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_reported_with_its_line(old: str, new: str, line: int, reason: str) -> None:
    assert old in PAGE
    page = _parse(PAGE.replace(old, new, 1))
    assert (line, reason) in [(note.line, note.reason) for note in page.problems]


def test_a_row_whose_condition_is_not_understood_grants_nothing() -> None:
    """Without its condition the row would document more than the page does."""
    page = _parse(PAGE.replace("iam:PassedToService = ec2.amazonaws.com", "for EC2"))
    assert _sids(page)["acme-reader"] == ["Read"]


@pytest.mark.parametrize("text", ["", "Hello.\n", "{}", "| Role | Purpose |\n|---|---|\n", "| a |\n|---|\n| b |\n"])
def test_a_page_without_an_inventory_says_so(text: str) -> None:
    page = _parse(text)
    assert page.roles == ()
    assert "the page holds no table of permissions" in [note.reason for note in page.problems]


def test_without_a_table_of_roles_a_bare_name_is_a_heading() -> None:
    text = "acme-reader\n" + PAGE[PAGE.index("| Statement") : PAGE.index("acme-s3-*\n")]
    assert _sids(_parse(text)) == {"acme-reader": ["Read", "Pass"]}


def test_an_ambiguous_cell_is_reported() -> None:
    class Two:
        name = "two"

        def actions(self, service: str) -> tuple[str, ...]:
            return ()

        def is_published(self, action: str) -> bool:
            return action in {"a:Xb", "c:Y", "a:X", "bc:Y"}

        def resource_templates(self, action: str) -> tuple[str, ...]:
            return ()

        def key_type(self, key: str) -> str | None:
            return None

    page = parse_lines(PAGE.replace("s3:GetObjects3:PutObject", "a:Xbc:Y").split("\n"), Two(), document="D")
    assert (11, "actions that can be split in more than one way") in [(n.line, n.reason) for n in page.problems]


TAGGED: JsonObject = {"ForAllValues:StringLike": {"aws:TagKeys": ["x"]}}


@pytest.mark.parametrize(
    ("change", "settled"),
    [
        ({}, True),
        ({"actions": frozenset({"iam:passrole", "iam:getrole"})}, False),
        ({"resources": frozenset({"*"})}, False),
        ({"conditions": {"StringEquals": {"aws:TagKeys": ["y"]}}}, False),
        ({"conditions": {"StringEquals": {"aws:TagKey": ["x"]}}}, False),
    ],
)
def test_a_published_statement_settles_only_the_very_row_that_prints_it(change: JsonObject, settled: bool) -> None:
    published = Settlement(
        arn="arn:aws:iam::aws:policy/P",
        actions=frozenset({"iam:passrole"}),
        resources=frozenset({"arn:aws:iam::{account_id}:role/acme"}),
        conditions=TAGGED,
    )
    text = PAGE.replace("iam:PassedToService = ec2.amazonaws.com", "aws:TagKeys = x")
    row = _parse(text, (msgspec.structs.replace(published, **change),)).roles[0].statements[1]
    own = {"ForAllValues:StringEquals": {"aws:TagKeys": ["x"]}}
    assert row.conditions == (TAGGED if settled else own)
    assert row.settled_by == ("arn:aws:iam::aws:policy/P" if settled else None)
    assert row.as_printed == "aws:TagKeys = x"
