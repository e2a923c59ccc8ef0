"""Run a fleet inside this process or a child of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from scanner.app.config.read import load_config
from scanner.app.fleet.lead import FleetOptions, FleetOutcome, run_fleet
from scanner.model.fleet import JournalLine, TargetResult


def options(config: Path, **changes: Any) -> FleetOptions:
    made = FleetOptions(config=load_config(config), default_version="porter@2026-05", executor="threads:2", grace_s=0.3)
    return msgspec.structs.replace(made, **changes)


def run(config: Path, tell: Callable[[str, str], None] | None = None, **changes: Any) -> FleetOutcome:
    return run_fleet(options(config, **changes), warn=lambda _: None, tell=tell)


def results(folder: Path) -> dict[str, TargetResult]:
    """Return the results on the disk by account id."""
    found = [msgspec.json.decode(p.read_bytes(), type=TargetResult) for p in folder.glob("targets/*/target.json")]
    return {one.place.id: one for one in found}


def journal(folder: Path) -> list[JournalLine]:
    return [
        msgspec.json.decode(line, type=JournalLine)
        for line in (folder / "journal.ndjson").read_bytes().split(b"\n")[:-1]
    ]


def in_child(work: Callable[[], int]) -> int:
    """Run `work` in a child process and return its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(step: str, times: int, config: Path, **changes: Any) -> int:
    """Run a fleet in a child that is killed when it has told of `step` so often."""
    seen = 0

    def tell(what: str, _: str) -> None:
        nonlocal seen
        seen += what == step
        if what == step and seen == times:
            os.kill(os.getpid(), signal.SIGKILL)

    return in_child(lambda: run(config, tell, **changes).exit_code)
