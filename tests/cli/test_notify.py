"""`notify`: who is told, what is remembered, and how it ends when somebody cannot be reached."""

from __future__ import annotations

import json
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notify.reports import blind, finding, gone, report, written
from tests.notify.servers import Web, web_server

from .process import porter_process

Porter = Callable[..., Any]
URL = "PORTER_AUDIT_TEST_URL"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    with web_server() as server:
        monkeypatch.setenv(URL, f"{server.url}/services/planted")
        yield server


@pytest.fixture
def tell(porter: Porter, tmp_path: Path) -> Callable[..., Any]:
    """Tell a channel of a report, with a state of its own."""

    def call(made: dict[str, Any], *options: str | Path) -> Any:
        path = written(tmp_path / "out" / "report.json", made)
        channel = () if "--config" in options else ("--channel", "slack", "--secret", f"env:{URL}")
        return porter("notify", path, "--state", tmp_path / "state.json", *channel, *options)

    return call


def test_a_change_is_told_once_and_what_was_told_is_private(
    tell: Callable[..., Any], web: Web, tmp_path: Path
) -> None:
    done = tell(report(finding()))
    assert (done.code, done.out, done.lines) == (0, "", ["slack: 1 message sent"])
    done = tell(report(finding()))
    assert (done.code, done.lines) == (0, ["slack: nothing new to tell"])
    assert tell(report(finding(delta="unchanged"), day=1)).lines == ["slack: nothing new to tell"]
    assert tell(report(gone=[gone()], day=2)).lines == ["slack: 1 message sent"]
    assert len(web.requests) == 2
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600
    assert "planted" not in (tmp_path / "state.json").read_text()


def test_incomplete_is_always_told_and_the_recovery_too(tell: Callable[..., Any], web: Web) -> None:
    for day in (0, 1):
        assert tell(blind(day)).lines == ["slack: 1 message sent"]
    assert tell(report(day=2)).lines == ["slack: 1 message sent"]
    assert tell(report(day=3)).lines == ["slack: nothing new to tell"]
    titles = [json.loads(request.body)["text"] for request in web.requests]
    assert ["INCOMPLETE" in title for title in titles] == [True, True, False]
    assert "complete again" in titles[2]


def test_what_could_not_be_delivered_is_sent_first_the_next_night(
    tell: Callable[..., Any], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.answer(404)
    done = tell(report(finding("first")))
    assert (done.code, done.out) == (6, "")
    assert done.lines == [
        "porter-audit: not delivered: channel `slack`: the server answered 404; it is sent first the next time"
    ]
    assert tell(report(finding("first", "unchanged"), finding("second"), day=1)).lines == ["slack: 2 messages sent"]
    told = [request.body.decode() for request in web.requests[1:]]
    assert "first" in told[0]
    assert "second" in told[1]


def test_what_waited_too_long_is_given_up_and_said(tell: Callable[..., Any], web: Web) -> None:
    web.answers = [(400, {}, b"no_service")] * 21
    said = [tell(report(finding(f"role-{day}"), day=day)) for day in range(21)]
    assert {done.code for done in said} == {6}
    assert [day for day, done in enumerate(said) if "the oldest are given up: 1" in done.err] == [20]


def test_what_could_not_be_delivered_is_sent_too_where_the_fleet_has_another_target_by_then(
    porter: Porter, web: Web, tmp_path: Path
) -> None:
    """Another set of targets is remembered apart; what waited for the old one was never sent."""
    first = written(tmp_path / "a" / "report.json", report(finding()))
    second = written(tmp_path / "b" / "report.json", report(account="222222222222", day=1))
    told = ("--state", tmp_path / "state.json", "--channel", "slack", "--secret", f"env:{URL}")
    web.answers = [(400, {}, b"no_service")]
    assert porter("notify", first, *told).code == 6
    assert porter("notify", first, second, *told).lines == ["slack: 2 messages sent"]
    assert porter("notify", first, second, *told).lines == ["slack: nothing new to tell"]


def test_one_channel_that_is_not_there_keeps_no_other_from_being_told(porter: Porter, web: Web, tmp_path: Path) -> None:
    (tmp_path / "porter-audit.yaml").write_text(
        f"""schema: porter-audit/config/v1
notifications:
  channels:
    - {{kind: slack, name: gone, secret: env:NOT_SET_ANYWHERE}}
    - {{kind: teams, name: here, secret: env:{URL}, minimal: true}}
"""
    )
    path = written(tmp_path / "out" / "report.json", report(finding()))
    done = porter("notify", path, "--config", tmp_path / "porter-audit.yaml")
    assert done.code == 6
    assert done.lines[0].startswith("porter-audit: not delivered: channel `gone`: `env:NOT_SET_ANYWHERE` is empty")
    assert done.lines[1] == "here: 1 message sent"
    assert b"porter-manager" not in web.requests[0].body
    assert (tmp_path / "porter-audit-notify.json").is_file()
    again = porter("notify", path, "--config", tmp_path / "porter-audit.yaml")
    assert again.lines[1] == "here: nothing new to tell"


def test_a_dry_run_prints_and_sends_and_remembers_nothing(
    tell: Callable[..., Any], web: Web, tmp_path: Path
) -> None:
    done = tell(report(finding("\x1b[31mred\u202e")), "--dry-run", "--digest")
    assert done.code == 0
    assert done.out.startswith("# slack\nporter-audit: 1 change in 1 AWS account, weekly: 1 AWS account")
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert web.requests == []
    assert not (tmp_path / "state.json").exists()


def test_a_fleet_is_told_as_one(tell: Callable[..., Any], porter: Porter, web: Web, tmp_path: Path) -> None:
    accounts = [f"{n:012}" for n in range(1, 8)]
    targets = [{"place": {"cloud": "aws", "id": account}, "reach": "read"} for account in accounts]
    for account in accounts[:5]:
        written(
            tmp_path / "fleet" / "targets" / f"aws-{account}" / "report.json",
            report(finding(account=account), account=account),
        )
    targets[6] |= {"reach": "failed", "why": "access denied"}
    rollup = {"schema": "porter-audit/rollup/v1", "targets": targets, "gaps": []}
    written(tmp_path / "fleet" / "rollup.json", rollup)
    state = ("--state", tmp_path / "state.json", "--channel", "slack", "--secret", f"env:{URL}")
    assert porter("notify", tmp_path / "fleet", *state).code == 0
    text = web.body["blocks"][1]["text"]["text"]
    assert "the same in 5 AWS accounts" in text
    assert "`000000000006`: its report is not there" in text
    assert "`000000000007`: access denied" in text
    assert "INCOMPLETE" in web.body["text"]


WRONG = {
    "no channel": ([], "no channel is given"),
    "a secret on the command line": (
        ["--channel", "slack", "--secret", "https://hooks.example/planted"],
        "channel slack: `--secret` is not of the right form",
    ),
    "an option that is missing": (["--channel", "webhook", "--secret", "env:X"], "channel webhook: `--url` is missing"),
    "an option of no use": (["--channel", "slack", "--secret", "env:X", "--topic", "t"], "`--topic` is of no use"),
    "a topic that is none": (["--channel", "sns", "--topic", "audit"], "`--topic` is not of the right form"),
    "config and channel": (["--channel", "slack", "--config", "x"], "leave out --channel"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_bad_usage_is_one_line(porter: Porter, tmp_path: Path, options: list[str], message: str) -> None:
    done = porter("notify", written(tmp_path / "report.json", report()), *options)
    assert (done.code, done.out) == (3, "")
    assert message in done.lines[0]
    assert "planted" not in done.err


STATES = {
    "damaged": (b"{", "damaged, or not one of `notify`"),
    "of something else": (b'{"schema": "porter-audit/report/v1"}', "is not `porter-audit/notify-state/v1`"),
    "of a newer program": (b'{"schema": "porter-audit/notify-state/v2"}', "is not `porter-audit/notify-state/v1`"),
}


@pytest.mark.parametrize(("data", "message"), STATES.values(), ids=STATES)
def test_a_state_that_is_not_well_is_named_and_left_alone(
    tell: Callable[..., Any], web: Web, tmp_path: Path, data: bytes, message: str
) -> None:
    (tmp_path / "state.json").write_bytes(data)
    done = tell(report(finding()))
    assert (done.code, done.out) == (3, "")
    assert message in done.err
    assert (tmp_path / "state.json").read_bytes() == data
    assert web.requests == []


def test_where_the_clock_went_back_nothing_is_lost_and_nothing_is_told_twice(
    tell: Callable[..., Any], web: Web
) -> None:
    assert tell(report(finding("first"), day=9)).lines == ["slack: 1 message sent"]
    earlier = report(finding("first", "unchanged"), finding("second"), day=1)
    assert tell(earlier).lines == ["slack: 1 message sent"]
    assert tell(earlier).lines == ["slack: nothing new to tell"]
    assert tell(blind(0)).lines == ["slack: 1 message sent"]
    assert ["second" in request.body.decode() for request in web.requests] == [False, True, False]


def test_two_at_once_do_not_tell_twice(tell: Callable[..., Any], web: Web, tmp_path: Path) -> None:
    from scanner.app.notify.state import only_teller

    with only_teller(tmp_path / "state.json"):
        done = tell(report(finding()))
    assert (done.code, web.requests) == (3, [])
    assert "another `notify` is running" in done.err


@pytest.mark.parametrize(("event", "where", "messages"), [("socket.connect", "", 0), ("os.rename", "state.json", 1)])
def test_killed_while_telling_the_next_run_tells_and_loses_nothing(
    tell: Callable[..., Any], web: Web, tmp_path: Path, event: str, where: str, messages: int
) -> None:
    path = written(tmp_path / "out" / "report.json", report(finding()))
    channel = ("--channel", "slack", "--secret", f"env:{URL}")
    killed = porter_process("notify", path, "--state", tmp_path / "state.json", *channel, when=event, where=where)
    assert (killed.returncode, len(web.requests)) == (-signal.SIGKILL, messages)
    assert tell(report(finding())).lines == ["slack: 1 message sent"]
    assert tell(report(finding())).lines == ["slack: nothing new to tell"]
