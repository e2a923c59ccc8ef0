"""What the process says with its exit code, and which code wins when several hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

CLEAN: Final = 0
FINDINGS: Final = 1
INCOMPLETE: Final = 2
USAGE: Final = 3
INTERNAL: Final = 4
MISMATCH: Final = 5
INTERRUPTED: Final = 130

MEANINGS: Final = (
    (CLEAN, "everything required was read, and nothing is at or above the gates"),
    (FINDINGS, "findings at or above --fail-on or --fail-on-posture"),
    (INCOMPLETE, "something required could not be read or decided"),
    (USAGE, "usage, configuration, input file or credentials"),
    (INTERNAL, "internal error, a rule that failed, or output that could not be written"),
)
"""Code and meaning, as printed in help and README."""

_STRONGEST_FIRST: Final = (INTERNAL, USAGE, FINDINGS, INCOMPLETE, CLEAN)


def strongest(codes: Iterable[int]) -> int:
    """Return the code that wins: 4, then 3, 1, 2, 0. No codes at all is 0."""
    held = set(codes)
    return next((code for code in _STRONGEST_FIRST if code in held), CLEAN)
