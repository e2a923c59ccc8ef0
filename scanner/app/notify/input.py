"""What `notify` is given: reports, bundles, or the roll-up of a fleet with its targets' reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from scanner.app.run_facts import as_text
from scanner.errors import InputError, UsageError
from scanner.model.notice import Gap
from scanner.notify.source import ToldReport, read_report

_REPORT, _ROLLUP, _TARGETS = "report.json", "rollup.json", "targets"
_ROLLUP_SCHEMA = "porter-audit/rollup/v1"
_MAX_BYTES = 512_000_000


class Given(msgspec.Struct, frozen=True):
    """All reports of one night, and targets without one."""

    reports: tuple[ToldReport, ...]
    gaps: tuple[Gap, ...]
    where: str


class _Place(msgspec.Struct, frozen=True):
    cloud: str
    id: str


class _Target(msgspec.Struct, frozen=True):
    place: _Place
    reach: str
    why: str = ""


class _Gap(msgspec.Struct, frozen=True):
    asked: str
    reason: str


class _Rollup(msgspec.Struct, frozen=True):
    schema: str
    targets: tuple[_Target, ...] = ()
    gaps: tuple[_Gap, ...] = ()


class _Head(msgspec.Struct, frozen=True):
    schema: str = ""


def read_given(paths: Sequence[Path]) -> Given:
    """Return what is to be told of some files or directories; raises `InputError`, `UsageError` if none is given."""
    if not paths:
        raise UsageError("no report is given")
    reports: list[ToldReport] = []
    gaps: list[Gap] = []
    for path in paths:
        file = _file(path)
        data = _bytes(file)
        if _schema(data) == _ROLLUP_SCHEMA:
            found, missing = _fleet(file, data)
            reports += found
            gaps += missing
        else:
            reports.append(read_report(data, f"report `{file}`"))
    unique = {report.run.run_id: report for report in reports}
    where = as_text(str(paths[0].resolve())) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
    return Given(tuple(unique[name] for name in sorted(unique)), tuple(gaps), where)


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    return path / _ROLLUP if (path / _ROLLUP).is_file() else path / _REPORT


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"report `{path}`: {(error.strerror or 'cannot be read').lower()}") from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"report `{path}`: larger than {_MAX_BYTES} bytes")
    return data


def _schema(data: bytes) -> str:
    try:
        return msgspec.json.decode(data, type=_Head).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _fleet(file: Path, data: bytes) -> tuple[list[ToldReport], list[Gap]]:
    """Return the reports of a fleet's targets; a target without one is a gap, whatever the reason."""
    try:
        rollup = msgspec.json.decode(data, type=_Rollup)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"roll-up `{file}`: {' '.join(str(error).split())[:200]}") from error
    reports, gaps = [], [Gap("", gap.asked, (gap.reason,)) for gap in rollup.gaps]
    for target in rollup.targets:
        place = target.place
        path = file.parent / _TARGETS / f"{place.cloud}-{place.id}" / _REPORT
        if target.reach == "read" and path.is_file():
            reports.append(read_report(_bytes(path), f"report `{path}`"))
        else:
            why = target.why or ("its report is not there" if target.reach == "read" else target.reach)
            gaps.append(Gap(place.cloud, place.id, (why,)))
    return reports, gaps
