"""Showing a documented version to other tools and to people."""

from __future__ import annotations

import json
from pathlib import Path

from small_baseline import small

from scanner.baseline.load import load_aws
from scanner.baseline.records import AwsBaseline
from scanner.baseline.show import show_json, show_text


def test_json_has_the_documented_shape(porter: AwsBaseline) -> None:
    shown = json.loads(json.dumps(show_json(porter)))
    assert shown["id"] == "porter@2026-05"
    assert list(shown["roles"]) == [role.key for role in porter.roles]
    for role in shown["roles"].values():
        assert isinstance(role["trust"], dict)
        for statement in role["statements"]:
            assert {"sid", "effect", "actions", "resources", "conditions", "source"} <= set(statement)


def test_json_holds_every_statement_in_page_order(porter: AwsBaseline) -> None:
    shown = show_json(porter)
    for role in porter.roles:
        assert [
            (s["sid"], s["actions"], s["resources"], s["conditions"], s["source"]["line"])
            for s in shown["roles"][role.key]["statements"]
        ] == [(s.sid, list(s.actions), list(s.resources), s.conditions, s.source.line) for s in role.statements]


def test_json_prints_arns_as_on_the_page_with_variables_in_braces(porter: AwsBaseline) -> None:
    shown = json.dumps(show_json(porter)["roles"])
    assert "arn:aws:iam::{account_id}:role/porter-node-manager" in shown
    assert "arn:aws:iam::{porter_account_id}:role/CAPIManagement" in shown
    assert "arn:*:secretsmanager:*:*:secret:/porter/env-groups/*" in shown
    assert "108458755588" not in shown


def test_text_names_every_role_statement_action_and_note(porter: AwsBaseline) -> None:
    words = set(show_text(porter).replace(",", " ").split())
    for role in porter.roles:
        assert role.key in words
        for statement in role.statements:
            assert {statement.sid, *statement.actions, *statement.resources} <= words
    assert {f"{item.id}:" for item in porter.contradictions} <= words
    assert {note.id for note in porter.risk_notes} <= words


def test_text_states_the_totals(porter: AwsBaseline) -> None:
    first = show_text(porter).splitlines()
    assert first[0].startswith("porter@2026-05 (AWS): ")
    assert "10 roles, 112 statements, 813 actions (451 different), 25 statements with conditions" in first


def test_text_of_a_hostile_file_holds_no_control_characters(tmp_path: Path) -> None:
    data = small()
    data["title"] = "x\x1b[2Jy"
    data["roles"]["acme-reader"]["purpose"] = "a\u202eb\x07"
    file = tmp_path / "aws.yaml"
    file.write_text(json.dumps(data), encoding="utf-8")
    assert all(line.isprintable() for line in show_text(load_aws(file)).split("\n"))
