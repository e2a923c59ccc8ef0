"""Mutate valid input of every kind and read it through the command line; keep what breaks the law.

Run: python benchmarks/fuzz_parsers.py MINUTES SEED [--only WORDS] [--keep DIR]

The law is `tests/hostile/law.py`: a result, or one line and exit 3; no crash, nothing that steers a terminal, bounded
time and memory. Input that reaches a line of the readers that none reached before becomes a seed itself. What breaks
the law is written to --keep (default `tests/hostile/cases`), from where the tests run it for ever.

Exit code 0: nothing was found. 1: something was; each is named with its file.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.hostile.law import Ended, command, private_environment  # noqa: E402 (the path is set above)
from tests.hostile.mutate import mutated  # noqa: E402
from tests.hostile.targets import Target, targets  # noqa: E402

CASES = ROOT / "tests" / "hostile" / "cases"
SECONDS = 20
"""Of the processor; a command that waits may take six times as long."""
MEMORY = 6_000_000_000
_READERS = tuple(
    str(ROOT / "scanner" / room)
    for room in ("collect", "baseline", "normalize", "app", "history", "evidence", "notify", "render/json_", "access")
)
# Every n-th run is traced: tracing costs several times what reading does.
_TRACED = 4
_MOST_SEEDS = 200


class Slow(BaseException):
    """A command that did not end in time; no `except Exception` may swallow it."""


class Lines:
    """Which lines of the readers were reached."""

    def __init__(self) -> None:
        self.seen: set[tuple[Any, int]] = set()
        self.fresh = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        """Take a call: follow it if it is of a reader."""
        return self._line if frame.f_code.co_filename.startswith(_READERS) else None

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        place = (frame.f_code, frame.f_lineno)
        if place not in self.seen:
            self.seen.add(place)
            self.fresh = True
        return self._line


def _too_slow(_: int, frame: FrameType | None) -> None:
    raise Slow


def _read(target: Target, data: bytes, home: Path, lines: Lines | None) -> list[str]:
    argv = target.lay(home, data)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(6 * SECONDS)
    sys.settrace(lines)
    try:
        ended: Ended = command(*argv)
    except Slow:
        return [f"more than {SECONDS} s"]
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
    return target.wrong(data, ended)


def _keep(target: Target, data: bytes, folder: Path) -> Path:
    path = folder / target.name.replace(" ", "_") / hashlib.sha256(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def fuzz(chosen: Sequence[Target], seconds: float, random: Random, keep: Path) -> int:
    """Read mutants until the time is over and return how many kinds of breach were found."""
    pools = {target.name: [target.seed] for target in chosen}
    found: Counter[tuple[str, str]] = Counter()
    inputs: Counter[str] = Counter()
    lines, runs = Lines(), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        target = random.choice(chosen)
        pool = pools[target.name]
        data = mutated(random.choice(pool), random, tuple(pool))
        traced = runs % _TRACED == 0
        lines.fresh = False
        home = Path(tempfile.mkdtemp())
        said = _read(target, data, home, lines if traced else None)
        shutil.rmtree(home, ignore_errors=True)
        runs += 1
        inputs[target.name] += 1
        if traced and lines.fresh and len(pool) < _MOST_SEEDS and len(data) < 2_000_000:
            pool.append(data)
        for what in said:
            found[target.name, what] += 1
            if found[target.name, what] == 1:
                print(f"{target.name}: {what}: {_keep(target, data, keep)}", flush=True)
    print("; ".join(f"{name}: {number}" for name, number in sorted(inputs.items())))
    seeds = sum(map(len, pools.values()))
    print(f"{runs} inputs to {len(chosen)} readers, {len(lines.seen)} lines reached, {seeds} seeds: {len(found)} found")
    return len(found)


def main(arguments: Sequence[str]) -> int:
    """Run and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float)
    parser.add_argument("seed", type=int)
    parser.add_argument("--only", default="", help="targets whose name holds one of these words, comma-separated")
    parser.add_argument("--keep", type=Path, default=CASES)
    options = parser.parse_args(arguments)
    for alarm in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(alarm, _too_slow)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as work:
        private_environment(Path(work))
        words = options.only.split(",")
        chosen = [target for target in targets(Path(work)) if any(word in target.name for word in words)]
        return 1 if fuzz(chosen, options.minutes * 60, Random(options.seed), options.keep) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
