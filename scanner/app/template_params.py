"""Values for the parameters of a CloudFormation template, from the command line, files and the environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from scanner.app.params import read_value_file, read_variable
from scanner.collect.redact import names_external_id
from scanner.errors import UsageError

_NAME: Final = re.compile(r"(?:AWS::)?[A-Za-z0-9]{1,255}")


def parse_template_values(items: Iterable[str], *, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return names and values written as `KEY=VALUE`, `KEY=@FILE` or `KEY=env:NAME`, in order.

    Raises `UsageError` on a malformed or repeated name, and on an ExternalId among the arguments.
    """
    found: dict[str, str] = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise UsageError(
                f"template parameter `{name[:60]}` is not KEY=VALUE",
                advice="write --template-param KEY=VALUE, KEY=@FILE or KEY=env:NAME",
            )
        if name in found:
            raise UsageError(f"template parameter `{name}` is given twice")
        found[name] = _value(name, text, environ)
    return tuple(found.items())


def _value(name: str, text: str, environ: Mapping[str, str]) -> str:
    what = f"template parameter `{name}`"
    if text.startswith("@"):
        return read_value_file(text[1:], what=what)
    if text.startswith("env:"):
        return read_variable(text[4:], environ, what=what)
    if names_external_id(name):
        advice = f"write --template-param {name}=@FILE or --template-param {name}=env:NAME"
        raise UsageError(f"{what} is sensitive and is not taken from the arguments", advice=advice)
    return text
