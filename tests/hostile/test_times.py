"""Times without a zone, of no day, or at the end of the calendar, wherever a file of the program's own holds one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.law import USAGE, breaches, command
from tests.hostile.mutate import Path as Place
from tests.hostile.mutate import places, replaced, value_at, written
from tests.hostile.target import Target

_TIME = re.compile(r"\d{4}-\d\d-\d\d")
ZONELESS, FIRST, LAST = "2026-05-01T00:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"
NO_DAY = "2026-13-45T99:99:99Z"
WITH_TIMES = (
    "aws snapshot", "gcp snapshot", "azure snapshot", "report to diff", "report to render", "report to tell",
    "report to remember", "report to be the night before", "resealed report.json to replay",
    "resealed snapshot to replay", "resealed snapshot to scan", "resealed judging to replay", "resealed run to replay",
    "history rows to show", "history rows to period", "history rows to scan", "fleet plan to resume",
    "fleet result to resume", "tombstone that was signed", "state of what was told",
)  # fmt: skip


def times(value: Any) -> Iterator[Place]:
    """Yield one place for each field that holds a time."""
    seen = set()
    for at in places(value):
        held, kind = value_at(value, at), (at[:1], at[-1:])
        if isinstance(held, str) and _TIME.match(held) and len(held) < 40 and kind not in seen:
            seen.add(kind)
            yield at


@pytest.mark.parametrize("name", WITH_TIMES)
def test_a_time_that_cannot_be_reckoned_with_never_breaks_a_command(
    known: dict[str, Target], tmp_path: Path, name: str
) -> None:
    target = known[name]
    seed = json.loads(target.seed)
    found = [at for at in times(seed) if "pages" not in at]
    assert found
    for number, at in enumerate(found):
        for text in (ZONELESS, LAST, *((FIRST, NO_DAY) if number == 0 else ())):
            data = written(replaced(seed, at, lambda _, text=text: text))  # type: ignore[misc]
            assert target.wrong(data, command(*target.lay(tmp_path, data))) == [], (at, text)


@pytest.mark.parametrize("text", [ZONELESS, FIRST, LAST, NO_DAY, "", "\x00", "9" * 5_000])
def test_a_clock_on_the_command_line_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "w.yaml").write_text("schema: porter-audit/waivers/v1\nwaivers: []\n")
    ended = command("waivers", "lint", tmp_path / "w.yaml", "--as-of", text)
    assert (ended.code, breaches(ended, frozenset())) == (USAGE, []), ended.err[:300]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", ""])
def test_a_period_at_the_end_of_the_calendar_is_refused_in_one_line(tmp_path: Path, day: str) -> None:
    ended = command("period-report", "--history", tmp_path / "h", "--from", day, "--to", day, "--out", tmp_path / "o")
    assert (ended.code, breaches(ended, frozenset())) == (USAGE, []), ended.err[:300]
