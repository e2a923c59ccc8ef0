"""Parameters of a documented version, from the command line, files and the environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from scanner.app.scrub import hide
from scanner.errors import InputError, UsageError

SENSITIVE: Final = frozenset({"external_id"})
"""Never taken from the arguments: those are visible to every process of the machine, and end up in shell histories."""

# A value is an account id, an ExternalId (at most 1,224 characters in IAM) or a name; this is far above all of them.
_MAX_VALUE_BYTES: Final = 16_384
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


class Parameter(msgspec.Struct, frozen=True):
    """One parameter. Print `shown`, never `value`."""

    name: str
    value: str
    source: str
    """In words: `argument`, `file`, `environment variable NAME`."""

    @property
    def shown(self) -> str:
        """Return what reports may show: the value, or only where it came from."""
        return f"({self.source})" if self.name in SENSITIVE else f"{self.value} ({self.source})"


def parse_parameters(items: Iterable[str], *, environ: Mapping[str, str]) -> tuple[Parameter, ...]:
    """Return the parameters written as `KEY=VALUE`, `KEY=@FILE` or `KEY=env:NAME`, in order.

    Raises `UsageError` on a malformed or repeated key and on a sensitive value among the arguments, `InputError` on a
    file.
    """
    found: dict[str, Parameter] = {}
    for item in items:
        parameter = _parse_one(item, environ)
        if parameter.name in found:
            raise UsageError(f"parameter `{parameter.name}` is given twice")
        found[parameter.name] = parameter
        if parameter.name in SENSITIVE:
            hide(parameter.value)
    return tuple(found.values())


def _parse_one(item: str, environ: Mapping[str, str]) -> Parameter:
    name, equals, text = item.partition("=")
    if not equals:
        raise UsageError("a parameter without `=`", advice="write --param KEY=VALUE, KEY=@FILE or KEY=env:NAME")
    if not _NAME.fullmatch(name):
        raise UsageError(f"parameter name `{name[:60]}` is not lower-case letters, digits and underscores")
    if text.startswith("@"):
        return Parameter(name, read_value_file(text[1:], what=f"parameter `{name}`"), "file")
    if text.startswith("env:"):
        value = read_variable(text[4:], environ, what=f"parameter `{name}`")
        return Parameter(name, value, f"environment variable {text[4:]}")
    if name in SENSITIVE:
        advice = f"write --param {name}=@FILE or --param {name}=env:NAME"
        raise UsageError(f"parameter `{name}` is sensitive and is not taken from the arguments", advice=advice)
    if not text:
        raise UsageError(f"parameter `{name}` is empty")
    return Parameter(name, text, "argument")


def read_secret(spec: str, *, environ: Mapping[str, str], what: str) -> str:
    """Return a value named as `env:NAME` or as the path of a file (`@` before it is allowed).

    Raises `UsageError` if the variable is not set or the value is empty, `InputError` if the file cannot be read.
    """
    if spec.startswith("env:"):
        value = read_variable(spec[4:], environ, what=what)
    else:
        value = read_value_file(spec.removeprefix("@"), what=what)
    hide(value)
    return value


def read_variable(name: str, environ: Mapping[str, str], *, what: str) -> str:
    """Return an environment variable's value; raises `UsageError` if it is not set or empty."""
    value = environ.get(name, "")
    if not value:
        raise UsageError(f"{what}: environment variable `{name}` is not set or empty")
    return value


def read_value_file(path: str, *, what: str) -> str:
    """Return a small UTF-8 file's text without its last line break; the text never appears in a message."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MAX_VALUE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{what}: file `{path}`: {(error.strerror or 'cannot be read').lower()}") from error
    if len(raw) > _MAX_VALUE_BYTES:
        raise InputError(f"{what}: file `{path}` is longer than {_MAX_VALUE_BYTES} bytes")
    try:
        value = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise InputError(f"{what}: file `{path}` is not UTF-8 text") from error
    if not value or "\n" in value or "\0" in value:
        raise InputError(f"{what}: file `{path}` does not hold one line of text")
    return value
