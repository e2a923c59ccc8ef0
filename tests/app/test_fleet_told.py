"""A real roll-up is told as one message, and a fleet's log has a line for each target."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from scanner.app import logs
from scanner.app.metrics import write_fleet_metrics
from scanner.app.notify.input import read_given
from scanner.localcloud.fleet_content import running
from scanner.model.fleet import Reach
from scanner.notify.message import message
from scanner.notify.notice import is_incomplete, notice
from scanner.render.prometheus import parsed

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
    prom = tmp_path / "fleet.prom"
    write_fleet_metrics(prom, outcome.rollup)
    samples = parsed(prom.read_bytes())
    complete = {dict(s.labels)["scope"]: s.value for s in samples if s.name == "scan_last_complete_timestamp_seconds"}
    assert {scope for scope, when in complete.items() if when} == set(IDS[:3])
    assert complete[IDS[3]] == 0
    assert {dict(s.labels)["scope"] for s in samples if s.name == "scan_exit_code"} == {*IDS, "fleet"}
    ended = {dict(s.labels)["scope"]: dict(s.labels)["outcome"] for s in samples if s.name == "target_outcome"}
    assert ended == {account: "read" if account in IDS[:3] else "failed" for account in IDS}
    found = [(dict(s.labels), s.value) for s in samples if s.name == "findings"]
    for account in IDS:
        report = json.loads((outcome.folder / "targets" / f"aws-{account}" / "report.json").read_bytes())
        told_of = sum(n for labels, n in found if labels["scope"] == account)
        assert told_of == sum(f["status"] not in ("PASS", "NOT_APPLICABLE") for f in report["findings"]) > 0
    assert sum(s.value for s in samples if s.name == "fleet_causes") == len(outcome.rollup.groups)
    later = replace(outcome.rollup, targets=tuple(replace(t, reach=Reach.LATE) for t in outcome.rollup.targets))
    write_fleet_metrics(prom, later)
    assert [s for s in parsed(prom.read_bytes()) if s.name.startswith("scan_last")] == [
        s for s in samples if s.name.startswith("scan_last")
    ]
    assert IDS[3] in message(replace(made, events=("incomplete",))).text
