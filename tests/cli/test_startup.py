"""The first help page answers at once."""

from __future__ import annotations

import runpy
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "startup.py"


def test_help_takes_less_than_six_bare_interpreter_starts() -> None:
    bare, full = runpy.run_path(str(BENCHMARK))["measure"](7)
    assert full < 6 * bare
