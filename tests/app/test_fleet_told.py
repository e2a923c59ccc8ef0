"""A real roll-up is told as one message, and a fleet's log has a line for each target."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from scanner.app import logs
from scanner.app.notify_input import read_given
from scanner.localcloud.fleet_content import running
from scanner.notify.message import message
from scanner.notify.notice import is_incomplete, notice

from ..localcloud.fleet import EXTERNAL_ID, accounts, configuration, organization, variables
from .fleet_setup import run

IDS = accounts(4)


def test_a_fleet_is_told_and_logged_target_by_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cloud").mkdir()
    stream = io.StringIO()
    with running(organization(IDS, drifted=IDS[:2], denied=IDS[3:]), tmp_path / "cloud") as address:
        for name, value in variables(address).items():
            monkeypatch.setenv(name, value)
        logs.start(logs.Log(logs.LogFormat.JSON, "info", "test", stream))
        try:
            outcome = run(configuration(tmp_path))
        finally:
            logs.stop()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    told = {line["target"]: line["outcome"] for line in lines if line["event"] == "target"}
    assert told == {f"aws:{account}": "read" if account in IDS[:3] else "failed" for account in IDS}
    assert EXTERNAL_ID not in stream.getvalue()
    given = read_given([outcome.folder])
    assert {scope.id for report in given.reports for scope in report.scopes} >= set(IDS[:3])
    missing = {gap.scope for gap in given.gaps}
    incomplete = {scope.id for report in given.reports if is_incomplete(report) for scope in report.scopes}
    assert IDS[3] in missing | incomplete
    made = notice(given.reports, given.where, given.gaps)
    assert any(cause.targets == 2 for cause in made.causes)
    assert made.targets == 4
    assert IDS[3] in message(replace(made, events=("incomplete",))).text
