"""What lies beside a history: bundles, their tombstones, and reports without a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from scanner.app.run_facts import as_text
from scanner.errors import InputError, UsageError
from scanner.model.period import Kept, KnownBundle, KnownReport, KnownWaiver

REPORT = "report.json"
_MANIFEST = "manifest.json"
_PREFIX = "bundle-"
_PARTIAL = ".partial"
_MAX_BYTES = 512_000_000
# Nights in one directory, nights in directories of their own, targets in directories with nights in them.
_DEPTH = 3


class Evidence(msgspec.Struct, frozen=True):
    """What was found, by run."""

    bundles: dict[str, KnownBundle]
    reports: dict[str, KnownReport]


class _Baseline(msgspec.Struct, frozen=True):
    id: str
    digest: str


class _Run(msgspec.Struct, frozen=True):
    run_id: str
    version: str
    baseline: _Baseline
    rules_digest: str
    catalogue: str
    source: str = ""


class _Unit(msgspec.Struct, frozen=True):
    unit_id: str
    status: str
    required: bool = True


class _Report(msgspec.Struct, frozen=True):
    schema: str
    run: _Run
    units: tuple[_Unit, ...] = ()
    waivers: tuple[KnownWaiver, ...] = ()


def read_evidence(directory: Path) -> Evidence:
    """Return what a directory holds, up to three levels down; raises `UsageError` if it is none.

    A bundle that is not what its manifest says is `damaged`, and its report is believed in nothing; nor is one that
    lies where a tombstone says that nothing is left.
    """
    if not directory.is_dir():
        raise UsageError(f"bundles `{directory}`: no such directory")
    bundles: dict[str, KnownBundle] = {}
    reports: dict[str, KnownReport] = {}
    for path in _places(directory, _DEPTH):
        if path.name.startswith(_PREFIX):
            bundle, is_whole = _bundle(path)
            bundles[bundle.run_id] = bundle
            if not is_whole:
                continue
        report = _report(path / REPORT)
        # A report inside a bundle is covered by its hashes; it goes before one that lies about.
        if report is not None and (path.name.startswith(_PREFIX) or report.run_id not in reports):
            reports[report.run_id] = report
    return Evidence(bundles, reports)


def _places(directory: Path, depth: int) -> Iterator[Path]:
    """Yield directories that may hold a report or are bundles, those of reports first."""
    yield directory
    if depth == 0 or directory.name.startswith(_PREFIX):
        return
    try:
        inside = sorted(path for path in directory.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError as error:
        raise InputError(f"bundles `{directory}`: {(error.strerror or 'cannot be read').lower()}") from error
    for path in inside:
        if not path.name.endswith(_PARTIAL):
            yield from _places(path, depth - 1)


def _bundle(path: Path) -> tuple[KnownBundle, bool]:
    """Return a bundle, and whether its report was seen to be the one of its manifest."""
    from scanner.evidence.tombstone import read
    from scanner.evidence.verify import verify_bundle

    run_id = as_text(path.name.removeprefix(_PREFIX))
    place = as_text(str(path.parent))
    try:
        checked = verify_bundle(path, key=None)
        stone = read(path)
    except InputError as error:
        return KnownBundle(run_id, Kept.DAMAGED, as_text(str(error)), place=place), False
    if not checked.passed:
        problem = next((p for step in checked.steps for p in step.problems), "cannot be trusted")
        return KnownBundle(run_id, Kept.DAMAGED, problem, place=place), False
    manifest = checked.manifest
    before = manifest.previous_manifest_sha256 if manifest is not None else None
    kept, detail = Kept.REPLAYABLE, ""
    if stone is not None:
        before = stone.previous_manifest_sha256
        what = "everything" if manifest is None else "raw evidence"
        kept, detail = Kept.DIGEST_ONLY, f"{what} dropped {stone.written[:10]}, keep {stone.keep}"
    elif manifest is not None and manifest.profile != "full":
        kept = Kept.SHAREABLE
    return KnownBundle(run_id, kept, detail, checked.manifest_sha256, before, place), manifest is not None


def _report(path: Path) -> KnownReport | None:
    """Return what a report.json says, None where there is none or it is not one of ours."""
    if not path.is_file() or path.stat().st_size > _MAX_BYTES:
        return None
    try:
        raw: Any = msgspec.json.decode(path.read_bytes(), type=_Report)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    report: _Report = raw
    if report.schema != "porter-audit/report/v1":
        return None
    gaps = [f"{u.unit_id} ({u.status})" for u in report.units if u.status not in ("complete", "not_in_input")]
    return KnownReport(
        run_id=report.run.run_id,
        tool_version=report.run.version,
        baseline=report.run.baseline.id,
        baseline_digest=report.run.baseline.digest,
        rules_digest=report.run.rules_digest,
        catalogue=report.run.catalogue,
        source=report.run.source,
        waivers=report.waivers,
        unread=tuple(gaps),
    )
