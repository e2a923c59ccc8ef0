"""The law for everything that reads: a result, or one line that says what is wrong; never a crash or a false pass."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from scanner.cli.main import run

ERROR = "porter-audit: error: "
USAGE = 3
INTERNAL = 4


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@contextmanager
def _caught(argv: Sequence[str]) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    out, err = io.BytesIO(), io.BytesIO()
    before = sys.argv, sys.stdout, sys.stderr
    path = os.environ.get("PATH", "")
    # No browser starts: readers are at work here, and it would print thousands of pages.
    os.environ["PATH"] = ""
    sys.argv = ["porter-audit", *argv]
    sys.stdout, sys.stderr = io.TextIOWrapper(out, "utf-8"), io.TextIOWrapper(err, "utf-8")
    try:
        yield out, err
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            stream.detach()
        sys.argv, sys.stdout, sys.stderr = before
        os.environ["PATH"] = path


def command(*argv: str | Path) -> Ended:
    """Run the command line inside this process."""
    with _caught([str(argument) for argument in argv]) as (out, err):
        code = run()
    return Ended(code, out.getvalue().decode(), err.getvalue().decode())


def breaches(ended: Ended, allowed: frozenset[int], *, lists_problems: bool = False) -> list[str]:
    """Return in which ways the end of a command breaks the law; `allowed` are the codes of a result."""
    found = []
    if "Traceback" in ended.err or "internal error" in ended.err:
        found.append("an internal error")
    if ended.code not in allowed | {USAGE}:
        found.append(f"exit code {ended.code}")
    for name, text in (("output", ended.out), ("message", ended.err)):
        bad = {char for char in text if not char.isprintable() and char not in "\n"}
        if bad:
            found.append(f"{name} holds {sorted(map(ascii, bad))}")
    if any(len(line) >= 1_000 for line in ended.err.splitlines() if not line.startswith("hint: ")):
        found.append("a message of 1,000 characters or more")
    errors = [line for line in ended.err.splitlines() if line.startswith(ERROR)]
    if ended.code == USAGE and len(errors) != 1 and not (lists_problems and (ended.out or ended.err)):
        found.append(f"{len(errors)} lines say what is wrong")
    return found


def private_environment(home: Path) -> None:
    """Keep commands from reading or writing anything of this machine outside `home`."""
    os.environ["PORTER_AUDIT_KEY_FILE"] = str(home / "installation.key")
    os.environ["NO_COLOR"] = "1"
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        del os.environ[name]
    # A damaged fleet reads its targets again: without credentials that ends at once.
    nothing = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    os.environ.update(nothing, AWS_EC2_METADATA_DISABLED="true")
