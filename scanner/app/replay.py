"""Judging a bundle's evidence again, offline, and comparing with what it says: the auditor's re-performance."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from scanner import __version__
from scanner.app.bundle import CONTROLS_PATH, JUDGING_PATH, REPORT_PATH, RUN_PATH, baseline_file
from scanner.app.digests import controls_file
from scanner.app.held import held_manifest, held_snapshot, reader
from scanner.app.outputs import Format, render
from scanner.app.scan import Judging, judged
from scanner.baseline.load import CLOUDS
from scanner.baseline.version import DocumentedVersion, load_version
from scanner.engine import RunFacts
from scanner.errors import InputError

_MAX_TOLD = 20


class Replay(msgspec.Struct, frozen=True):
    """What came of judging again."""

    equal: bool
    """The new report has the same bytes as the bundle's."""
    findings: int
    differences: tuple[str, ...] = ()


def replay(bundle: Path) -> Replay:
    """Judge the evidence of a bundle again and compare report.json byte by byte.

    Needs no cloud, no credentials and no key of the installation that collected. Raises `InputError` if the bundle's
    files are not what its manifest says, `UsageError` if it holds not all evidence.
    """
    manifest = held_manifest(bundle)
    read = reader(bundle)
    report = judged(
        held_snapshot(bundle, manifest),
        _documented(bundle, manifest.run.baseline_id),
        _record(read, JUDGING_PATH, Judging),
        _record(read, RUN_PATH, RunFacts),
    )
    old, new = read(REPORT_PATH), render(report, Format.JSON)
    if old == new:
        return Replay(equal=True, findings=len(report.findings))
    told = list(_differences(_report_in(old), json.loads(new)))
    if read(CONTROLS_PATH) != controls_file():
        told.insert(0, "the mapping to controls is not the same")
    return Replay(False, len(report.findings), tuple(told))


def _documented(bundle: Path, baseline_id: str) -> DocumentedVersion:
    """Return the parts of a documented version that a bundle holds."""
    vendor, _, version = baseline_id.partition("@")
    files = {cloud: bundle / baseline_file(vendor, version, cloud) for cloud in CLOUDS}
    here = [cloud for cloud, file in files.items() if file.is_file()]
    if not here:
        raise InputError(f"bundle `{bundle}`: documented version `{baseline_id[:100]}` is not in it")
    return load_version(files[here[0]].parent, here)


def _record(read: Callable[[str], bytes], path: str, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(read(path), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"bundle: `{path}`: {' '.join(str(error).split())[:200]}") from error


class _Run(msgspec.Struct):
    version: str
    rules_digest: str
    catalogue: str


class _Finding(msgspec.Struct):
    finding_id: str
    rule_id: str
    status: str
    fingerprint: str


class _Report(msgspec.Struct):
    run: _Run
    findings: list[_Finding]


def _report_in(data: bytes) -> dict[str, Any]:
    """Return a report.json that may be of another version. Raises `InputError` where no difference could be named."""
    try:
        msgspec.json.decode(data, type=_Report)
        report: dict[str, Any] = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"bundle: `{REPORT_PATH}`: {' '.join(str(error).split())[:200]}") from error
    return report


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield what differs and, first, what explains it: another version of the program, its rules or its catalogue."""
    if old["run"]["version"] != __version__:
        yield f"made by porter-audit {old['run']['version']}, judged again by {__version__}"
    for name, words in (("rules_digest", "the rules"), ("catalogue", "the action catalogue")):
        if old["run"][name] != new["run"][name]:
            yield f"{words} are not the same: {old['run'][name][:40]}, now {new['run'][name][:40]}"
    changed = list(_changed_findings(old["findings"], new["findings"]))
    yield from changed[:_MAX_TOLD]
    if len(changed) > _MAX_TOLD:
        yield f"and {len(changed) - _MAX_TOLD} more findings"
    for name in sorted(set(old) | set(new)):
        if name != "findings" and old.get(name) != new.get(name):
            yield f"{REPORT_PATH}: `{name}` differs"


def _changed_findings(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[str]:
    before = {f["fingerprint"]: f for f in old}
    after = {f["fingerprint"]: f for f in new}
    for fingerprint in sorted(set(before) | set(after)):
        was, now = before.get(fingerprint), after.get(fingerprint)
        if was != now:
            one = was or now or {}
            said = f"{was['status'] if was else 'absent'}, now {now['status'] if now else 'absent'}"
            if was and now and was["status"] == now["status"]:
                said = f"{was['status']} as before, with other words, evidence or access"
            yield f"{one['finding_id']} {one['rule_id']}: {said}"
