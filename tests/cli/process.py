"""The command line in a process of its own, with something done to it: killed, short of disk, without root's powers."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])

_RUN = """
import os, signal, sys
when, where, number, *argv = sys.argv[1:]
left = int(number)
def is_meant(one):
    return str(one).endswith(where[1:]) if where[:1] == "*" else where in str(one)
def watch(event, args):
    global left
    if when and event == when and any(map(is_meant, args)):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
sys.argv = ["porter-audit", *argv]
from scanner.cli.main import run
sys.exit(run())
"""


def porter_process(
    *argv: str | Path, when: str = "", where: str = "", number: int = 1, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command; it kills itself at the `number`th audit event `when` with `where` in an argument.

    `where` that starts with `*` is the end of an argument.
    """
    return subprocess.run(
        [sys.executable, "-c", _RUN, when, where, str(number), *(str(one) for one in argv)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
        preexec_fn=before,
    )


def small_files(bytes_: int) -> Callable[[], None]:
    """Let no file grow beyond so many bytes, as on a disk that is full."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))

    return limit


_PR_CAPBSET_DROP, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2


def obey_modes() -> None:
    """Take from root the power to write where modes forbid it; anybody else has none."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "cannot drop a capability")
