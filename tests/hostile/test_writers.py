"""A report full of hostile text through the writers that no other test gives one: metrics, logs and messages."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from scanner.app.logs import Log, LogFormat, report_events, start, stop
from scanner.render.json_report import render_json
from scanner.render.prometheus import parsed, prometheus_text, written
from tests.hostile.law import command
from tests.render.sample_report import HOSTILE, hostile

_SAMPLE = re.compile(r'\w+(\{(\w+="([^"\\\n]|\\[\\n"])*"(,(?=\w)|(?=\})))*\})? [-+0-9.e]+\Z')


def unsteady(text: str) -> set[str]:
    """Return the characters that could steer a terminal."""
    return {char for char in text if not char.isprintable() and char != "\n"}


def test_metrics_of_a_hostile_report_are_samples_only_and_read_back_equal() -> None:
    text = prometheus_text(hostile())
    lines = [line for line in text.decode().split("\n") if line and not line.startswith("#")]
    assert len(lines) > 10
    assert [line for line in lines if not _SAMPLE.match(line)] == []
    assert written(parsed(text)) == text


@pytest.mark.parametrize("form", ["json", "text"])
def test_logs_of_a_hostile_report_are_one_printable_line_for_each_event(form: str) -> None:
    stream = io.StringIO()
    start(Log(LogFormat(form), "debug", "s", stream))
    try:
        report_events(hostile())
    finally:
        stop()
    lines = stream.getvalue().splitlines()
    assert lines
    assert unsteady(stream.getvalue()) == set()
    if form == "json":
        assert all(isinstance(json.loads(line), dict) for line in lines)


@pytest.mark.parametrize("channel", ["slack", "teams", "sns", "github"])
def test_messages_about_a_hostile_report_cannot_steer_a_terminal_in_a_dry_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channel: str
) -> None:
    monkeypatch.setenv("HOOK", "https://hooks.example.com/x")
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "key"))
    (tmp_path / "report.json").write_bytes(render_json(hostile()))
    needs = {"sns": ["--topic", "arn:aws:sns:us-east-1:111122223333:t"], "github": ["--repository", "acme/audit"]}
    secret = [] if channel == "sns" else ["--secret", "env:HOOK"]
    state = ("--state", tmp_path / "state.json", "--dry-run")
    ended = command("notify", tmp_path / "report.json", "--channel", channel, *needs.get(channel, []), *secret, *state)
    assert ended.code == 0, ended.err
    assert unsteady(ended.out + ended.err) == set()
    assert max(map(len, ended.out.split())) < 20_000


def test_hostile_texts_hold_what_the_writers_are_held_against() -> None:
    held = "".join(HOSTILE)
    assert all(sign in held for sign in ("\x1b", "\u202e", "\x00", "\ud800", "=cmd", "</script>", "<!channel>"))
