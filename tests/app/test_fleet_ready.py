"""Two threads of a process that judge for the first time at once: msgspec would end the process."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scanner.app.fleet.ready import DECODING

ROOT = Path(__file__).resolve().parents[2]

# Forty young processes of four threads each, switched between as often as can be, as on a machine that is busy.
JUDGING = """
import os, sys, threading
sys.path.insert(0, "tests/render")
import sample_report as sample
from scanner.app.fleet.ready import ready
from scanner.history.report_file import night_from
from scanner.render.json_report import render_json
data = render_json(sample.drifted())
sys.setswitchinterval(1e-6)
def judge(start):
    start.wait()
    ready()
    night_from(data, "report")
def young():
    start = threading.Barrier(4)
    threads = [threading.Thread(target=judge, args=[start]) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    os._exit(0)
ends = [os.waitstatus_to_exitcode(os.waitpid(os.fork() or young(), 0)[1]) for _ in range(40)]
sys.exit(0 if set(ends) == {0} else f"ended by {ends}")
"""


def test_threads_that_judge_for_the_first_time_at_once_survive_it() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", JUDGING],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


OF_ONE_THREAD = {
    "scanner/app/config/check.py": "before the run",
    "scanner/app/config/read.py": "before the run",
    "scanner/app/fleet/journal.py": "by the thread that leads",
    "scanner/history/store.py": "by the thread that leads",
    "scanner/history/period_store.py": "another command",
    "scanner/app/replay.py": "another command",
    "scanner/app/period/bundles.py": "another command",
    "scanner/render/period_json.py": "another command",
    "scanner/render/json_read.py": "another command",
    "scanner/collect/snapshot_io.py": "another command: a fleet reads what is live",
}
ROOMS_OF_OTHER_COMMANDS = ("scanner/notify/", "scanner/app/notify/", "scanner/evidence/", "scanner/localcloud/")
COVERED = {
    "scanner/app/past.py": "scanner.history.report_file",
    "scanner/render/json_report.py": "scanner.render.json_types",
}
"""Files that decode records of another module in `DECODING`."""


def decodes(file: Path) -> Iterator[str]:
    """Yield the calls of a file that decode into a record."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            typed = any(keyword.arg == "type" for keyword in node.keywords) or len(node.args) > 1
            if (node.func.attr == "convert" and typed) or (node.func.attr == "decode" and "type" in ast.unparse(node)):
                yield ast.unparse(node)


def test_every_file_that_decodes_records_while_targets_are_judged_is_known() -> None:
    known = {name.replace(".", "/") + ".py" for name in DECODING} | set(OF_ONE_THREAD) | set(COVERED)
    found = {
        str(file.relative_to(ROOT)): calls
        for file in (ROOT / "scanner").rglob("*.py")
        if (calls := list(decodes(file))) and not str(file.relative_to(ROOT)).startswith(ROOMS_OF_OTHER_COMMANDS)
    }
    assert not {file: calls for file, calls in found.items() if file not in known}
    assert set(COVERED.values()) <= set(DECODING)
    assert [file for file in (*OF_ONE_THREAD, *COVERED) if not (ROOT / file).is_file()] == []
