"""Who runs what, when, on which machine: everything a report says of its own run."""

from __future__ import annotations

import platform
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from scanner.app.params import Parameter
from scanner.baseline.records import Variable
from scanner.baseline.version import DocumentedVersion


def now() -> datetime:
    """Return the current time in UTC; the one place in the product, beside the collector, that asks for it.

    In whole milliseconds, as reports write it: one that is read back says the same to the last digit.
    """
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def new_run_id(moment: datetime) -> str:
    """Return a UUID of version 7: it sorts by time and tells nothing of the machine (RFC 9562)."""
    milliseconds = int(moment.timestamp() * 1000) & ((1 << 48) - 1)
    number = (milliseconds << 80) | secrets.randbits(80)
    number = number & ~(0xF << 76) | (0x7 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def as_text(name: str) -> str:
    """Return a file's name or an argument as it may stand in a report: what is no text, or steers a screen, is `?`.

    Names of files are bytes; those that are no UTF-8 arrive as halves of characters, which nothing can write.
    """
    return "".join(char if char.isprintable() else "?" for char in name)


def host() -> str:
    """Return the name of this machine."""
    return platform.node()


def python_version() -> str:
    """Return the version of the interpreter."""
    return platform.python_version()


def effective_parameters(
    documented: DocumentedVersion, given: Sequence[Parameter]
) -> tuple[tuple[str, str], ...]:
    """Return each variable of a documented version with where its value came from, and the value if it may be shown."""
    by_name = {parameter.name: parameter for parameter in given}
    variables = {variable.name: variable for part in documented.parts for variable in part.variables}
    return tuple((name, _shown(variable, by_name.get(name))) for name, variable in variables.items())


_OWN: Final = {
    "account_id": "the audited account",
    "project_id": "the audited project",
    "project_number": "the audited project's",
    "subscription_id": "the audited subscription",
}


def _shown(variable: Variable, given: Parameter | None) -> str:
    if given is not None:
        return given.shown if not variable.sensitive else f"({given.source})"
    if variable.default is not None:
        return f"{variable.default} ({variable.source or 'default of the documented version'})"
    return _OWN.get(variable.name, "not given")
