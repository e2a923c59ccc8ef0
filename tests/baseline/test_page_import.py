"""The inventory printed as a page of each style is the same version again; odd pages are named for what they are."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_style import STYLES, as_html, as_json_policies, as_markdown, as_plain_text

from scanner.app.baselines.notes import import_lines
from scanner.app.baselines.page_import import ImportOptions, ImportResult, import_page
from scanner.app.catalogue import load_catalogue
from scanner.baseline.load import find, load_aws
from scanner.baseline.page.read import read_inventory
from scanner.baseline.page.source import read_page
from scanner.baseline.records import AwsBaseline
from scanner.errors import BaselineError, InputError, UsageError

CATALOGUE = load_catalogue()
TODAY = date(2026, 11, 22)
PERMISSIONS = "\n| Statement | Resource | Actions | Condition |\n|---|---|---|---|\nA | * | s3:GetObject | - |\n"
_PLACES = {"source", "external_id_source", "documents", "digest", "sources"}


def _bare(value: Any) -> Any:
    """Return records as data without the places they were read from."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if key not in _PLACES}
    return [_bare(item) for item in value] if isinstance(value, (list, tuple)) else value


def _import(tmp_path: Path, text: str | bytes, **options: Any) -> ImportResult:
    page = tmp_path / "page"
    page.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_page(ImportOptions(page=page, **options), TODAY)


def _loaded(tmp_path: Path, result: ImportResult) -> AwsBaseline:
    assert result.text is not None
    (tmp_path / "aws.yaml").write_text(result.text, encoding="utf-8")
    return load_aws(tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_the_shipped_version_printed_in_any_style_is_imported_back(
    tmp_path: Path, porter: AwsBaseline, style: str
) -> None:
    result = _import(tmp_path, STYLES[style](porter), based_on="porter@2026-05")
    assert (result.style, result.problems) == (style, ())
    assert [note.text for note in result.notices] == ["ec2:DeleteVpcEndpoint"]
    again = _loaded(tmp_path, result)
    assert _bare(msgspec.to_builtins(again)) == _bare(msgspec.to_builtins(porter))


# name: how sites differ in HTML that means the same
HTML_HABITS: dict[str, Callable[[str], str]] = {
    "link marks in headings": lambda page: page.replace("<h3>", "<h3><a href='#x'>#</a>").replace(
        "</h3>", " \u00b6</h3>"
    ),
    "upper-case tags": lambda page: re.sub(r"</?[a-z0-9]+", lambda match: match[0].upper(), page),
    "no closing tags of rows and cells": lambda page: re.sub(r"</t[dr]>", "", page),
    "lists in cells": lambda page: page.replace("<div>", "<li>").replace("</div>", "</li>"),
    "attributes and wrappers": lambda page: page.replace("<td>", '<td class="a|b"><span data-x=">">').replace(
        "</td>", "</span></td>"
    ),
    "named entities": lambda page: page.replace("\u2014", "&mdash;").replace("\u2019", "&rsquo;"),
    "lines inside cells": lambda page: page.replace("<td>", "<td>\n        ").replace("</td>", "\n    </td>"),
    "no table head": lambda page: re.sub(r"</?t(?:head|body)>", "", page),
    "comments": lambda page: page.replace("<tr>", "<!-- <td>row</td> --><tr>"),
}


@pytest.mark.parametrize("habit", HTML_HABITS.values(), ids=HTML_HABITS)
def test_html_of_other_habits_is_the_same_page(
    tmp_path: Path, porter: AwsBaseline, habit: Callable[[str], str]
) -> None:
    page = as_html(porter)
    assert habit(page) != page
    result = _import(tmp_path, habit(page), based_on="porter@2026-05")
    assert result.problems == ()
    assert _bare(msgspec.to_builtins(_loaded(tmp_path, result))) == _bare(msgspec.to_builtins(porter))


@pytest.mark.parametrize("style", STYLES)
def test_every_row_points_at_its_line_of_the_file(tmp_path: Path, porter: AwsBaseline, style: str) -> None:
    text = STYLES[style](porter)
    lines = text.split("\n")
    for role in _loaded(tmp_path, _import(tmp_path, text)).roles:
        for statement in role.statements:
            assert statement.sid in lines[(statement.source.line or 0) - 1]
        for sentence in role.trust.statements:
            assert "Assumable by" in lines[(sentence.source.line or 0) - 1]


def test_alone_a_page_yields_names_statements_trust_and_variables(tmp_path: Path, porter: AwsBaseline) -> None:
    alone = _loaded(tmp_path, _import(tmp_path, as_markdown(porter)))
    assert (alone.id, alone.name_prefix) == ("porter@imported", "porter")
    for role, shipped in zip(alone.roles, porter.roles, strict=True):
        assert _bare(msgspec.to_builtins(role.statements)) == _bare(msgspec.to_builtins(shipped.statements))
        assert role.trust.external_id == shipped.trust.external_id
        assert [(s.sid, s.principals, s.actions, s.conditions) for s in role.trust.statements] == [
            (s.sid, s.principals, s.actions, s.conditions) for s in shipped.trust.statements
        ]
        assert role.assumable_from_outside == shipped.assumable_from_outside
    assert {variable.name for variable in alone.variables} == {"account_id", "porter_account_id", "external_id"}


def test_policy_documents_under_headings_are_roles_with_their_trust(tmp_path: Path, porter: AwsBaseline) -> None:
    result = _import(tmp_path, as_json_policies(porter), name="porter@json")
    assert result.problems == ()
    again = _loaded(tmp_path, result)
    assert [role.key for role in again.roles] == [role.key for role in porter.roles]
    for role, shipped in zip(again.roles, porter.roles, strict=True):
        assert [(s.sid, s.effect, s.actions, s.resources, s.conditions) for s in role.statements] == [
            (s.sid, s.effect, s.actions, s.resources, s.conditions) for s in shipped.statements
        ]
        assert [(s.principals, s.actions, s.conditions) for s in role.trust.statements] == [
            (s.principals, s.actions, s.conditions) for s in shipped.trust.statements
        ]
        assert role.trust.external_id == shipped.trust.external_id


def _named_policies() -> dict[str, Any]:
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Sid": "Read"}
    trust = {"Effect": "Allow", "Principal": {"AWS": "VENDOR_ROLE_ARN"}, "Action": "sts:AssumeRole"}
    return {
        "policy_acme_reader_inline_json": {"Version": "2012-10-17", "Statement": [allow]},
        "role_acme_reader_trust_json": {
            "Version": "2012-10-17",
            "Statement": {**trust, "Condition": {"StringEquals": {"sts:ExternalId": "an-example"}}},
        },
        "role_trust_template_json": {"Statement": [trust]},
    }


def test_an_exported_object_of_named_policies_is_read_by_its_keys(tmp_path: Path) -> None:
    text = "---\ntitle: x\n---\n\nexport const policies = " + json.dumps(_named_policies(), indent=2) + "\n"
    result = _import(tmp_path, text, name="acme@1")
    (role,) = _loaded(tmp_path, result).roles
    assert role.key == "acme-reader"
    (statement,) = role.trust.statements
    assert statement.principals == {"AWS": ["{vendor_role_arn}"]}
    assert statement.conditions == {"StringEquals": {"sts:ExternalId": ["{external_id}"]}}
    assert "an-example" not in (result.text or "")
    assert text.split("\n")[(role.statements[0].source.line or 0) - 1].strip() == "{"
    assert [note.reason for note in result.notices] == ["a trust policy that no permissions of this name go with"]


# name: (what to change in the reader's statement, reason of the problem)
JSON_DAMAGE = {
    "NotAction": ({"NotAction": "iam:*"}, "a statement that this format cannot hold, or that lacks a part"),
    "no resource": ({"Resource": []}, "a statement that this format cannot hold, or that lacks a part"),
    "prose for an action": (
        {"Action": "read things"},
        "a statement that this format cannot hold, or that lacks a part",
    ),
    "condition as text": ({"Condition": "only ours"}, "a statement that this format cannot hold, or that lacks a part"),
}


@pytest.mark.parametrize(("change", "reason"), JSON_DAMAGE.values(), ids=JSON_DAMAGE)
def test_a_statement_that_cannot_be_held_is_a_problem(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    policies = _named_policies()
    policies["policy_acme_reader_inline_json"]["Statement"][0].update(change)
    result = _import(tmp_path, json.dumps(policies))
    assert reason in [note.reason for note in result.problems]
    assert result.text is None


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"Sid": "Read"}]', '"Sid": "Read",}]', "JSON that cannot be read"),
        ('"Effect": "Allow"', '"Effect": "Allow", "Effect": "Deny"', "key `Effect` stands twice"),
        ('"Sid": "Read"}]}', '"Sid": "Read"', "JSON that cannot be read"),
    ],
    ids=["trailing comma", "duplicate key", "cut off"],
)
def test_json_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, old: str, new: str, reason: str) -> None:
    text = "words\n" + json.dumps(_named_policies()).replace(old, new, 1)
    result = _import(tmp_path, text)
    assert any(note.line == 2 and reason in note.reason for note in result.problems)
    assert result.text is None


def test_curly_quotes_around_json_are_read_as_quotes(tmp_path: Path) -> None:
    text = json.dumps(_named_policies()).replace('"', "\u201d")
    assert _import(tmp_path, text).problems == ()


# name: what is done to the bytes of a Markdown page
ENCODINGS = {
    "UTF-8 with a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "Windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "old Mac line ends": lambda text: text.replace("\n", "\r").encode(),
    "no-break spaces": lambda text: text.replace("For its", "For\u00a0its").encode(),
    "invisible characters": lambda text: text.replace("porter-karpenter`\n", "porter-karpenter\u200b`\n").encode(),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_encodings_make_no_difference(tmp_path: Path, porter: AwsBaseline, encode: Any) -> None:
    result = _import(tmp_path, encode(as_markdown(porter)), based_on="porter@2026-05")
    assert result.problems == ()
    assert _bare(msgspec.to_builtins(_loaded(tmp_path, result))) == _bare(msgspec.to_builtins(porter))


@pytest.mark.parametrize(
    ("encode", "reason"),
    [
        (lambda text: text.encode("cp1252"), "not UTF-8: read as Windows-1252"),
        (lambda text: text.encode().decode("cp1252").encode(), "encoded twice: read as it was meant"),
    ],
    ids=["windows-1252", "encoded twice"],
)
def test_lines_in_another_encoding_are_read_and_named(
    tmp_path: Path, porter: AwsBaseline, encode: Any, reason: str
) -> None:
    result = _import(tmp_path, encode(as_markdown(porter)), based_on="porter@2026-05")
    assert result.problems == ()
    assert {note.reason for note in result.notices} == {reason, "no catalogue publishes this action"}
    assert _bare(msgspec.to_builtins(_loaded(tmp_path, result))) == _bare(msgspec.to_builtins(porter))


# name: (page, what a problem says)
TRUNCATED = {
    "text cut in a row": (lambda b: as_plain_text(b, trust=True)[:-60], "a row of"),
    "markdown cut before a role": (
        lambda b: as_markdown(b).partition("### `porter-karpenter`")[0],
        "role `porter-karpenter` is in the table of roles but has no table of permissions",
    ),
    "html cut in a table": (
        lambda b: as_html(b)[: as_html(b).rindex("<code>S3ObjectAccess")] + "<code>S3Obj",
        "a row of 1 cells where 4 are expected",
    ),
    "headings changed": (
        lambda b: as_markdown(b).replace("| Statement | Resource path |", "| What | Where to |"),
        "the page holds no table of permissions",
    ),
    "a role twice": (
        lambda b: as_markdown(b).replace("### `porter-karpenter`", "### `porter-manager`"),
        "role `porter-manager` has more than one section",
    ),
}


@pytest.mark.parametrize(("page", "reason"), TRUNCATED.values(), ids=TRUNCATED)
def test_an_incomplete_page_is_named_and_gives_no_file(
    tmp_path: Path, porter: AwsBaseline, page: Any, reason: str
) -> None:
    out = tmp_path / "out.yaml"
    result = _import(tmp_path, page(porter), out=out)
    assert not result.complete
    assert any(reason in note.reason for note in result.problems)
    assert not out.exists()
    assert any("nothing is written" in line for line in import_lines(result))


def test_an_incomplete_page_is_written_when_asked_for(tmp_path: Path, porter: AwsBaseline) -> None:
    out = tmp_path / "out.yaml"
    page = as_markdown(porter).partition("### `porter-karpenter`")[0]
    result = _import(tmp_path, page, out=out, partial=True)
    assert not result.complete
    assert [role.key for role in load_aws(out).roles] == [role.key for role in porter.roles[:5]]


@pytest.mark.parametrize("page", [b"", b"  \n", b"PK\x03\x04\0\0", b"\x89PNG\r\n\x1a\n\0"])
def test_what_is_no_text_is_refused(tmp_path: Path, page: bytes) -> None:
    with pytest.raises(BaselineError, match="the page is"):
        _import(tmp_path, page)


@pytest.mark.parametrize(
    "page", ["Hello.\n", "<html><body><p>Hi</p></body></html>", "# Title\n\n| a | b |\n|---|---|\n"]
)
def test_a_page_that_is_no_inventory_says_so(tmp_path: Path, page: str) -> None:
    result = _import(tmp_path, page)
    assert (result.complete, result.text, result.roles) == (False, None, 0)


def test_a_page_that_is_not_there_and_a_bad_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        import_page(ImportOptions(page=tmp_path / "none"), TODAY)
    with pytest.raises(UsageError, match="vendor@version"):
        _import(tmp_path, "x", name="porter")


def test_a_role_that_came_or_went_since_the_earlier_version_is_named(tmp_path: Path, porter: AwsBaseline) -> None:
    page = as_markdown(porter).replace("porter-karpenter", "porter-scaler")
    result = _import(tmp_path, page, based_on="porter@2026-05")
    notes = {(note.text, note.reason) for note in result.notices}
    assert ("porter-scaler", "a role that porter@2026-05 does not have") in notes
    assert ("porter-karpenter", "a role of porter@2026-05 that the page does not have: left out") in notes
    again = _loaded(tmp_path, result)
    assert "porter-karpenter" not in {name for note in again.risk_notes for name in note.roles}


def test_sentences_the_importer_does_not_understand_are_named(porter: AwsBaseline) -> None:
    page = as_markdown(porter).replace(
        "EKS service principals (not by Porter)", "EKS and Quantum principals (not by Porter)"
    )
    inventory = read_inventory(read_page(page.encode()), CATALOGUE, document="D", vendor="porter")
    assert ("Quantum", "words of a trust sentence that were not understood") in {
        (note.text, note.reason) for note in inventory.notices
    }


def test_a_role_whose_trust_no_sentence_tells_is_named(porter: AwsBaseline) -> None:
    inventory = read_inventory(read_page(as_plain_text(porter).encode()), CATALOGUE, document="D", vendor="porter")
    reason = "no sentence says who may assume the role: nobody is documented"
    assert [note.reason for note in inventory.notices] == [reason] * 10


def test_contradicting_sentences_on_the_external_id_are_named(porter: AwsBaseline) -> None:
    page = as_markdown(porter).replace(
        "`porter-manager` trust requires a per-project", "`porter-manager` trust uses no"
    )
    inventory = read_inventory(read_page(page.encode()), CATALOGUE, document="D", vendor="porter")
    assert "two sentences disagree on the ExternalId; the role's own counts" in {n.reason for n in inventory.notices}


# name: text whose reading must not cost the square of its length
HOSTILE = {
    "bars": "# x\n" + "| a " * 20000 + "\n|---|---|\n",
    "bold": "# x\n" + "**a " * 20000,
    "comments": "# x\n" + "{/*" * 20000,
    "quotes in braces": "# x\n" + "{ '" * 20000,
    "tags": "# x\n" + "<a b " * 20000,
    "braces": '{"Statement":' * 20000,
    "cells": "<table>" + "<tr><td>" * 20000,
    "pods": "acme-a\nAssumable by " + "A pod " * 20000 + PERMISSIONS,
    "actions": "acme-a" + PERMISSIONS.replace("s3:GetObject", "s3:GetObject" * 2000),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_page_is_read_in_a_moment(text: str) -> None:
    started = time.perf_counter()
    read_inventory(read_page(text.encode()), CATALOGUE, document="D", vendor="acme")
    assert time.perf_counter() - started < 5


_PIECES = st.sampled_from(
    [
        *("|", "---", "\n", "<td>", "</table>", "<table>", "{", "}", '"Statement"', ":", "[", "`", "**", "<", ">"),
        *("acme-a", "s3:Get*", PERMISSIONS, "Assumable by ", "EC2 ", "ExternalId ", "<br/>", "(same as above)"),
        *("arn:aws:s3:::x", "\u2014"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.lists(_PIECES, max_size=40).map("".join).map(str.encode), st.binary(max_size=200)))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    try:
        page = read_page(data)
    except BaselineError:
        return
    inventory = read_inventory(page, CATALOGUE, document="D", vendor="acme")
    assert inventory.roles or inventory.problems


_ACTIONS = st.lists(
    st.sampled_from([f"{s}:{n}" for s in ("s3", "rds", "ecr-public", "events", "sts") for n in CATALOGUE.actions(s)]),
    min_size=1,
    max_size=6,
    unique=True,
)
# `*` after a resource that ends so is lost with the break between them; a test of its own tells.
_RESOURCES = st.one_of(
    st.just(["*"]),
    st.lists(
        st.sampled_from(["arn:aws:s3:::a*", "arn:*:rds:*:*:db:x/*", "arn:aws:iam::{account_id}:role/r"]),
        min_size=1,
        max_size=3,
        unique=True,
    ),
)
_CONDITIONS = st.sampled_from(
    [
        ("", {}),
        ("aws:ResourceTag/a.b/c = x", {"StringEquals": {"aws:ResourceTag/a.b/c": ["x"]}}),
        ("s3:prefix in [a, b]; aws:SourceVpc like v*", None),
        ("aws:RequestTag/k is not null", {"Null": {"aws:RequestTag/k": ["false"]}}),
    ]
)
_BOTH = {"StringEquals": {"s3:prefix": ["a", "b"]}, "StringLike": {"aws:SourceVpc": ["v*"]}}


@st.composite
def _versions(draw: st.DrawFn) -> AwsBaseline:
    """Draw a version with roles that only differ in what they hold."""
    shipped = load_aws(find("porter@2026-05"))
    roles = []
    for number in range(draw(st.integers(1, 3))):
        like = draw(st.sampled_from(shipped.roles))
        statements = []
        for row in range(draw(st.integers(1, 3))):
            printed, conditions = draw(_CONDITIONS)
            first = shipped.roles[0].statements[0]
            statements.append(
                msgspec.structs.replace(
                    first,
                    sid=f"Row{row}",
                    actions=tuple(draw(_ACTIONS)),
                    resources=tuple(draw(_RESOURCES)),
                    conditions=_BOTH if conditions is None else conditions,
                    as_printed=printed,
                )
            )
        key = f"porter-drawn-{number}"
        roles.append(msgspec.structs.replace(like, key=key, name_pattern=key, statements=tuple(statements)))
    return msgspec.structs.replace(shipped, roles=tuple(roles))


@settings(max_examples=25, deadline=None)
@given(_versions(), st.sampled_from(sorted(STYLES)))
def test_what_is_printed_in_any_style_is_read_back(version: AwsBaseline, style: str) -> None:
    page = read_page(STYLES[style](version).encode())
    inventory = read_inventory(page, CATALOGUE, document="D", vendor="porter")
    assert inventory.problems == ()
    assert [role.name for role in inventory.roles] == [role.key for role in version.roles]
    for read, role in zip(inventory.roles, version.roles, strict=True):
        assert _bare(msgspec.to_builtins(read.statements)) == _bare(msgspec.to_builtins(role.statements))
        assert read.trust is not None
        assert [(s.principals, s.actions, s.conditions) for s in read.trust.statements] == [
            (s.principals, s.actions, s.conditions) for s in role.trust.statements
        ]
        assert read.trust.external_id == role.trust.external_id
