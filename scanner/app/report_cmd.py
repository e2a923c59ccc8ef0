"""Reports made again, in any format, from what a run left: an evidence bundle or a report.json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from scanner.app.held import held_manifest, is_bundle
from scanner.app.outputs import FILE_NAMES, Format, OutputPlan, plan_outputs, render, write_files
from scanner.errors import InputError, UsageError
from scanner.model.report import Report

if TYPE_CHECKING:
    from scanner.evidence.manifest import Manifest

BINDER: Final = "binder"
OSCAL_VERSIONS: Final = ("1.1.2", "1.2.1")
# The report of 20,000 findings has 40 MB.
_MAX_BYTES: Final = 512_000_000


class Opened(msgspec.Struct, frozen=True):
    """A report with where it was read from."""

    report: Report
    bundle: Path | None = None
    """The bundle, where it is one; its files are what its manifest says."""
    manifest_sha256: str | None = None
    profile: str = "full"
    raw_sha256: dict[str, str] = {}
    """Path of each raw answer the manifest lists -> SHA-256."""


class ReportPlan(msgspec.Struct, frozen=True):
    """What is to be made."""

    outputs: OutputPlan
    binder: bool
    """A folder per control, in the directory of the outputs."""


def open_report(source: Path) -> Opened:
    """Return the report of a bundle, of a report.json, or of a directory that holds one.

    It is the report as it was made then, not a new judgement: that is `porter-audit scan --from BUNDLE`. Raises
    `InputError` if a bundle's files are not what its manifest says, or the report is none of this version.
    """
    from scanner.render.json_read import read_report

    if is_bundle(source):
        manifest = held_manifest(source)
        _check_named(source, manifest)
        data = _bytes(source / "report.json")
        return Opened(
            report=read_report(data, f"bundle `{source}`"),
            bundle=source,
            manifest_sha256=_manifest_digest(source),
            profile=manifest.profile,
            raw_sha256={file.path: file.sha256 for file in manifest.files if file.role == "evidence"},
        )
    file = source / "report.json" if source.is_dir() else source
    return Opened(read_report(_bytes(file), f"report `{file}`"))


def _check_named(bundle: Path, manifest: Manifest) -> None:
    if not any(file.path == "report.json" for file in manifest.files):
        raise InputError(f"bundle `{bundle}`: its manifest names no report.json")


def _manifest_digest(bundle: Path) -> str:
    from scanner.evidence.bundle import manifest_digest

    return manifest_digest(bundle)


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"report `{file}`: {(error.strerror or 'cannot be read').lower()}") from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"report `{file}`: larger than {_MAX_BYTES:,} bytes")
    return data


def plan_report(formats: str | None, out: str | None) -> ReportPlan:
    """Return the plan for `--format` and `--out`; `binder` is a format here, beside those of a scan.

    Raises `UsageError` if a format is unknown or has nowhere to go.
    """
    names = [name.strip().lower() for name in (formats or "").split(",")]
    binder = BINDER in names
    if not binder:
        return ReportPlan(plan_outputs(formats, out), binder=False)
    if out is None or out == "-":
        raise UsageError("a binder has nowhere to go", advice="give --out DIR")
    others = ",".join(name for name in names if name != BINDER)
    outputs = plan_outputs(others, out) if others else OutputPlan(terminal=False, directory=Path(out))
    return ReportPlan(outputs, binder=True)


def write_report(report: Report, plan: OutputPlan, oscal_version: str) -> tuple[Path, ...]:
    """Write the files of a plan and return their paths; raises `RenderError`, and then writes none."""
    if oscal_version == OSCAL_VERSIONS[0] or Format.OSCAL not in plan.files or plan.directory is None:
        return write_files(report, plan)
    from scanner.app.files import write_all

    path = plan.directory / FILE_NAMES[Format.OSCAL]
    rest = msgspec.structs.replace(plan, files=tuple(f for f in plan.files if f is not Format.OSCAL))
    written = write_files(report, rest)
    write_all({path: render_as(report, Format.OSCAL, oscal_version)})
    return (*written, path)


def render_as(report: Report, chosen: Format, oscal_version: str) -> bytes:
    """Return a report in one format; OSCAL in the version that was asked for."""
    if chosen is not Format.OSCAL:
        return render(report, chosen)
    from scanner.render.oscal import render_oscal

    return render_oscal(report, "1.1.2" if oscal_version == "1.1.2" else "1.2.1")
