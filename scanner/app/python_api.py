"""A scan for programs: from plain arguments to the document of report.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

from scanner.app.clouds import WORDS
from scanner.app.outputs import Format, render
from scanner.app.params import Parameter
from scanner.app.scan import ScanOptions, scan
from scanner.errors import UsageError


def scan_document(
    cloud: str,
    source: str | PathLike[str] | None,
    baseline: str,
    parameters: Mapping[str, str],
    presence: str,
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """Return the document of report.json. Raises `UsageError` on an unknown cloud or a time without zone."""
    if cloud not in WORDS:
        raise UsageError(f"cloud `{cloud[:40]}` is unknown: known are {', '.join(WORDS)}")
    if as_of is not None and as_of.tzinfo is None:
        raise UsageError("`as_of` has no time zone")
    outcome = scan(
        ScanOptions(
            baseline=baseline,
            cloud=cloud,
            source=None if source is None else Path(source),
            parameters=tuple(Parameter(name, value, "argument") for name, value in parameters.items()),
            presence=presence,
            as_of=as_of,
        )
    )
    document: dict[str, Any] = json.loads(render(outcome.report, Format.JSON))
    return document
