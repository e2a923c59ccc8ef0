"""From a scan's outcome to an evidence bundle: every format, every answer, and everything a replay needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from scanner.app.digests import controls_file
from scanner.app.keys import read_signer
from scanner.app.outputs import Format, OutputPlan, documents
from scanner.app.scan import Judging, ScanOutcome
from scanner.app.timestamp import check as check_authority
from scanner.baseline.load import SERVICES, AnyBaseline, find, load_part, load_services
from scanner.baseline.records_services import ServicesBaseline
from scanner.engine import RunFacts
from scanner.errors import BaselineError, RenderError, UsageError
from scanner.model.porter_yaml import PORTER_YAML
from scanner.model.question import Question
from scanner.model.report import Population, Report
from scanner.model.snapshot import Snapshot
from scanner.rules.base import Rule
from scanner.rules.registry_all import rules_of
from scanner.rules.registry_revoked import REVOKED_RULES

if TYPE_CHECKING:
    from scanner.evidence.bundle import Contents
    from scanner.evidence.manifest import Profile, RunSummary
    from scanner.evidence.signing import FileSigner

JUDGING_PATH = "inputs/judging.json"
RUN_PATH = "inputs/run.json"
RULES_PATH = "inputs/rules.json"
CONTROLS_PATH = "inputs/controls.yaml"
BASELINES_PATH = "inputs/baselines"
REPORT_PATH = "report.json"

_ALWAYS = (Format.JSON, Format.HTML, Format.CSV)
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


class BundlePlan(msgspec.Struct, frozen=True):
    """What a bundle is to hold and where it goes."""

    directory: Path
    profile: str
    formats: tuple[Format, ...]
    baseline: str
    """As the user named it."""
    sign_key: Path | None = None
    previous: Path | None = None
    tsa_url: str | None = None
    """Of the authority that stamps it; None: nobody is asked."""


def plan_bundle(
    profile: str | None,
    outputs: OutputPlan,
    baseline: str,
    *,
    sign_key: Path | None,
    previous: Path | None,
    tsa_url: str | None = None,
    pretended_time: bool = False,
) -> BundlePlan | None:
    """Return the plan of a bundle, or None where none is asked for; a key asks for one.

    `pretended_time`: a live account is judged as if it were another time, which nobody may sign. Raises `UsageError`
    where the bundle has no place or its key is not fit, `InputError` if that cannot be read: before the scan, not
    after it.
    """
    from scanner.evidence.bundle import manifest_digest

    if profile is None and sign_key is None:
        if previous is not None:
            raise UsageError("`--previous` is given without `--bundle`")
        if tsa_url is not None:
            raise UsageError("`--tsa-url` is given without `--bundle`")
        return None
    if outputs.directory is None:
        raise UsageError("a bundle has nowhere to go", advice="give --out DIR")
    if sign_key is not None:
        if pretended_time:
            raise UsageError("`--as-of` and `--sign-key` do not go together: a live scan is signed with its own time")
        read_signer(sign_key)
    if previous is not None:
        manifest_digest(previous)
    if tsa_url is not None:
        check_authority(tsa_url)
    formats = tuple(dict.fromkeys((*_ALWAYS, *outputs.files)))
    return BundlePlan(outputs.directory, profile or "full", formats, baseline, sign_key, previous, tsa_url)


def write(outcome: ScanOutcome, plan: BundlePlan) -> Path:
    """Write the bundle of a scan and return its path.

    The bundle before it is the one that was named, else the newest in the same directory.
    """
    from scanner.evidence.bundle import latest_bundle, manifest_digest, write_bundle

    before = plan.previous or latest_bundle(plan.directory, outcome.report.run.run_id)
    digest = manifest_digest(before) if before is not None else None
    return write_bundle(contents(outcome, plan), plan.directory, previous=digest, signer=_signer(plan))


def _signer(plan: BundlePlan) -> FileSigner | None:
    return read_signer(plan.sign_key) if plan.sign_key is not None else None


def contents(outcome: ScanOutcome, plan: BundlePlan) -> Contents:
    """Return everything a bundle holds beside its manifest."""
    from scanner.evidence.bundle import Contents
    from scanner.evidence.shareable import shareable_report, shareable_snapshot

    report, snapshot = outcome.report, outcome.snapshot
    profile: Profile = "full"
    if plan.profile == "shareable":
        profile = "shareable"
        snapshot = shareable_snapshot(snapshot, report)
        report = shareable_report(report, snapshot)
    files = {
        **_reports(report, plan),
        **_evidence(snapshot),
        **_inputs(outcome, report, plan),
    }
    return Contents(
        files=files,
        run=_summary(report),
        profile=profile,
        units=len(snapshot.units),
        pages=sum(len(unit.pages) for unit in snapshot.units),
        calls=len(snapshot.calls),
        findings=len(report.findings),
        populations=len(report.populations),
        redactions=snapshot.redactions,
    )


def _reports(report: Report, plan: BundlePlan) -> dict[str, bytes]:
    from scanner.render.csv_report import render_counts_csv, render_population_csv, render_tie_outs_csv

    files = {name: made for chosen in plan.formats for name, made in documents(report, chosen).items()}
    files["populations/counts.csv"] = render_counts_csv(report)
    files["populations/tie-outs.csv"] = render_tie_outs_csv(report)
    for name, population in _named_populations(report):
        files[f"populations/{name}.csv"] = render_population_csv(population)
    return files


def _named_populations(report: Report) -> Iterator[tuple[str, Population]]:
    taken = {"counts", "tie-outs"}
    for population in sorted(report.populations, key=lambda p: (p.scope_id, p.name)):
        slug = _NOT_SLUG.sub("-", f"{population.scope_id} {population.name}".lower()).strip("-")[:120]
        name = next(n for n in chain((slug,), (f"{slug}-{i}" for i in count(2))) if n not in taken)
        taken.add(name)
        yield name, population


def _evidence(snapshot: Snapshot) -> dict[str, bytes]:
    from scanner.evidence.pages import ledger_lines, snapshot_files

    return {**snapshot_files(snapshot), "calls.ndjson": ledger_lines(snapshot.calls)}


def _inputs(outcome: ScanOutcome, report: Report, plan: BundlePlan) -> dict[str, bytes]:
    from scanner.evidence.pages import encoded

    rules = [
        {"id": r.id, "version": r.version, "title": r.title, "severity": r.severity, "axis": r.axis}
        for name, _ in _parts(outcome)
        for r in _rules(outcome.judging, name)
    ]
    return {
        JUDGING_PATH: encoded(outcome.judging),
        RUN_PATH: encoded(run_facts(report)),
        RULES_PATH: encoded(rules),
        CONTROLS_PATH: controls_file(),
        **_baseline_files(outcome, plan),
    }


def _rules(judging: Judging, cloud: str) -> tuple[Rule, ...]:
    """Return the rules that a run of a cloud is made of: what is asked decides."""
    if judging.question is Question.REVOKED:
        return tuple(rule for rule in REVOKED_RULES if rule.cloud == cloud)
    return rules_of(cloud)


def run_facts(report: Report) -> RunFacts:
    """Return what only this run knows: who, when, where. A replay takes it from the bundle."""
    run = report.run
    return RunFacts(run.run_id, run.started, run.ended, run.argv, run.host, run.python, run.parameters)


def baseline_file(vendor: str, version: str, cloud: str) -> str:
    """Return where the part of a documented version for one cloud stands in a bundle."""
    return f"{BASELINES_PATH}/{vendor}/{version}/{cloud}.yaml"


def _baseline_files(outcome: ScanOutcome, plan: BundlePlan) -> dict[str, bytes]:
    """Return the files of the documented version, and of the ones they name; `RenderError` if one has changed."""
    files: dict[str, bytes] = {}
    named = find(plan.baseline)
    for cloud, part in _parts(outcome):
        path = named / f"{cloud}.yaml" if named.is_dir() else named
        try:
            again = load_services(path) if cloud == SERVICES else load_part(path, cloud)
            unchanged = again.digest == part.digest
            files[baseline_file(part.vendor, part.version, cloud)] = path.read_bytes()
            if part.same_as:
                vendor, _, version = part.same_as.partition("@")
                files[baseline_file(vendor, version, cloud)] = _other(path, vendor, version, cloud).read_bytes()
        except (OSError, BaselineError) as error:
            raise RenderError(f"bundle: documented version `{plan.baseline}` cannot be read again: {error}") from error
        if not unchanged:
            raise RenderError(f"bundle: documented version `{plan.baseline}` was changed during the scan")
    return files


def _parts(outcome: ScanOutcome) -> list[tuple[str, AnyBaseline | ServicesBaseline]]:
    """Return what a run was judged by: the parts of its clouds and, where files declare any, the one on services."""
    documented = outcome.documented
    parts: list[tuple[str, AnyBaseline | ServicesBaseline]] = [
        *zip(documented.clouds, documented.parts, strict=True),
    ]
    declared = any(unit.kind == PORTER_YAML for unit in outcome.snapshot.units)
    if declared and documented.services is not None:
        parts.append((SERVICES, documented.services))
    return parts


def _other(path: Path, vendor: str, version: str, cloud: str) -> Path:
    """Return the file of the version that `path` names: beside it, else the shipped one, as when it was read."""
    beside = path.resolve().parent.parent.parent / vendor / version / f"{cloud}.yaml"
    return beside if beside.is_file() else find(f"{vendor}@{version}") / f"{cloud}.yaml"


def _summary(report: Report) -> RunSummary:
    from scanner.evidence.manifest import RunSummary
    from scanner.render.text import one_line, stamp

    run = report.run
    return RunSummary(
        run_id=run.run_id,
        started=stamp(run.started),
        ended=stamp(run.ended),
        tool_version=run.tool_version,
        baseline_id=run.baseline_id,
        baseline_digest=run.baseline_digest,
        rules_digest=run.rules_digest,
        scopes=tuple(sorted(one_line(f"{s.cloud}/{s.kind}/{s.id}") for s in report.scopes)),
        as_documented=report.verdict.as_documented,
        results=dict(report.summary.results),
        exit_code=report.summary.exit_code,
    )
