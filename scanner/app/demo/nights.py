"""`demo --nights`: a fortnight of one cloud or of all, and the period report that has to tell all of it.

There is drift, a fix, what came back, a waiver whose time was over, a night that could not read, one without a run.
Each state of a cloud is read once; each night is then judged as of its own time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from scanner.app.demo.nights_aws import read_states_aws
from scanner.app.demo.nights_azure import read_states_azure
from scanner.app.demo.nights_gcp import read_states_gcp
from scanner.app.demo.nights_states import ReadStates, States, reading_of
from scanner.app.demo.reading import DemoReading
from scanner.app.demo.show import ALL
from scanner.app.files import prepare_directory, write_all
from scanner.app.outputs import Format, documents, plan_outputs
from scanner.app.past import past
from scanner.app.period.report import FORMATS, PeriodOptions, PeriodOutcome, period_report
from scanner.app.scan import OnRuleError, ScanOptions, ScanOutcome, judge
from scanner.app.snapshots import join_snapshots
from scanner.app.sources.aws import Progress
from scanner.app.waivers import read as read_waivers
from scanner.assess.delta import DELTAS, UNCHANGED, UNKNOWN
from scanner.baseline.load import find
from scanner.baseline.version import DocumentedVersion, load_version
from scanner.errors import UsageError
from scanner.model.finding import Axis, Finding
from scanner.model.report import Report
from scanner.model.snapshot import UnitStatus
from scanner.model.waiver import Waiver

if TYPE_CHECKING:
    from scanner.app.bundle import BundlePlan

HISTORY, WAIVERS, NIGHTS, BUNDLES, PERIOD = "history.sqlite", "waivers.yaml", "nights", "bundles", "period"
MAX_NIGHTS = 120
_HOUR = 2

READERS: Final[dict[str, ReadStates]] = {
    "aws": read_states_aws,
    "gcp": read_states_gcp,
    "azure": read_states_azure,
}
_WAIVED_FROM, _WAIVED_TO = 3, 8
"""Numbers of the nights on which the waiver is made and ends."""

Tell = Callable[[str], None]


class NightsOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    nights: int
    out: Path
    baseline: str
    cloud: str = "aws"
    """aws, gcp, azure, or all of them in one run each night."""
    fail_on: str = "high"
    fail_on_posture: str = "none"
    argv: tuple[str, ...] = ()
    bundle: bool = False
    sign_key: Path | None = None


def demo_nights(
    options: NightsOptions,
    *,
    now: datetime,
    tell: Tell,
    progress: Progress | None = None,
    on_rule_error: OnRuleError | None = None,
) -> PeriodOutcome:
    """Live through the nights that end with the last one before `now`, and write reports, history and period report.

    Raises `UsageError` if the directory holds a history already, `PorterAuditError` without the demo's libraries.
    """
    history = options.out / HISTORY
    if history.exists():
        raise UsageError(f"`{history}` is there already", advice="give --out a directory that is not there")
    times = night_times(options.nights, now)
    _bundle_plan(options)  # says now, and not after the first night, that a key is not fit
    prepare_directory(options.out)
    clouds = tuple(READERS) if options.cloud == ALL else (options.cloud,)
    documented = load_version(find(options.baseline), clouds)
    states = {cloud: READERS[cloud](options.baseline, made=times[0], progress=progress) for cloud in clouds}
    waivers: tuple[Waiver, ...] = ()
    before: ScanOutcome | None = None
    for number, moment in enumerate(times):
        reading = _reading(states, number)
        if reading is None:
            tell(f"{moment:%Y-%m-%d}  no run")
            continue
        if number == _WAIVED_FROM and before is not None:
            waivers = _accepted(options.out / WAIVERS, before, times[_WAIVED_FROM : _WAIVED_TO + 1])
        before = _night(options, reading, documented, moment, waivers, tell, on_rule_error)
    asked = PeriodOptions(
        history=history,
        first=times[0].date(),
        last=times[-1].date(),
        out=options.out / PERIOD,
        bundles=options.out,
        formats=FORMATS,
    )
    return period_report(asked, now=now)


def night_times(nights: int, now: datetime) -> list[datetime]:
    """Return the times of the nights, the last of which was the last before `now`; raises `UsageError`."""
    if not 2 <= nights <= MAX_NIGHTS:
        raise UsageError(f"`--nights` is from 2 to {MAX_NIGHTS}")
    last = datetime.combine(now.astimezone(UTC).date() - timedelta(days=1), time(_HOUR), UTC)
    return [last - timedelta(days=nights - 1 - number) for number in range(nights)]


def _reading(states: Mapping[str, States], number: int) -> DemoReading | None:
    """Return what a night reads of all its clouds together, None where there is no run."""
    read = [reading_of(of_cloud, cloud, number) for cloud, of_cloud in states.items()]
    there = [reading for reading in read if reading is not None]
    if not there:
        return None
    parameters = {p.name: p for reading in there for p in reading.parameters}
    return DemoReading(join_snapshots([reading.snapshot for reading in there]), tuple(parameters.values()))


def _night(
    options: NightsOptions,
    reading: DemoReading,
    documented: DocumentedVersion,
    moment: datetime,
    waivers: tuple[Waiver, ...],
    tell: Tell,
    on_rule_error: OnRuleError | None,
) -> ScanOutcome:
    """Judge one night, remember it and write its reports."""
    snapshot = msgspec.structs.replace(reading.snapshot, collected_at=moment)
    with past(options.out / HISTORY, None, tell) as known:
        asked = ScanOptions(
            baseline=options.baseline,
            parameters=reading.parameters,
            presence="expected",
            fail_on=options.fail_on,
            fail_on_posture=options.fail_on_posture,
            as_of=moment,
            argv=options.argv,
            waivers=waivers,
            past=known,
        )
        outcome = judge(asked, snapshot, documented, moment, on_rule_error)
        # The clock of a made-up night stands still: what it took says nothing.
        run = msgspec.structs.replace(outcome.report.run, ended=moment)
        outcome = msgspec.structs.replace(outcome, report=msgspec.structs.replace(outcome.report, run=run))
        _write(options, outcome, moment.date())
        known.keep(outcome.report)
    tell(_line(outcome, moment))
    return outcome


def _write(options: NightsOptions, outcome: ScanOutcome, day: date) -> None:
    folder = options.out / NIGHTS / day.isoformat()
    prepare_directory(folder)
    formats = (Format.JSON, Format.HTML)
    write_all(
        {folder / name: made for chosen in formats for name, made in documents(outcome.report, chosen).items()}
    )
    plan = _bundle_plan(options)
    if plan is not None:
        from scanner.app.bundle import write

        write(outcome, plan)


def _bundle_plan(options: NightsOptions) -> BundlePlan | None:
    if not options.bundle:
        return None
    from scanner.app.bundle import plan_bundle

    outputs = plan_outputs("json", str(options.out / BUNDLES))
    return plan_bundle("full", outputs, options.baseline, sign_key=options.sign_key, previous=None)


def _line(outcome: ScanOutcome, moment: datetime) -> str:
    from scanner.render.words import delta_words

    report = outcome.report
    changes = [
        f"{what}: " + ", ".join(f"{count} {delta_words(delta)}" for delta, count in deltas.items())
        for what, deltas in _changes(report)
    ]
    unknown = sum(f.delta == UNKNOWN for f in report.findings)
    refused = sorted({unit.kind for unit in report.units if unit.required and unit.status is UnitStatus.DENIED})
    changes += [f"{unknown} results not known, for it could not read {', '.join(refused)}"] if unknown else []
    answer = report.verdict.as_documented
    return f"{moment:%Y-%m-%d}  as documented: {answer}, exit {outcome.exit_code}; {'; '.join(changes) or 'no change'}"


def _changes(report: Report) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield what became of deviations since the night before, then of all else; nothing where nothing changed."""
    gone = report.history.gone if report.history is not None else ()
    axes = {finding.rule_id: finding.axis for finding in report.findings}
    moved = [(finding.axis, finding.delta) for finding in report.findings]
    moved += [(axes.get(one.rule_id, Axis.CONFORMANCE), one.delta) for one in gone]
    for what, is_deviation in (("deviations", True), ("risks and the rest", False)):
        deltas = Counter(delta for axis, delta in moved if (axis is Axis.CONFORMANCE) is is_deviation)
        told = {delta: deltas[delta] for delta in DELTAS if deltas[delta] and delta not in (UNCHANGED, UNKNOWN)}
        if told:
            yield what, told


def _accepted(path: Path, before: ScanOutcome, span: Sequence[datetime]) -> tuple[Waiver, ...]:
    """Write the waivers of what deviated the night before, and return them as they are read from the file."""
    deviating = [f for f in before.report.findings if f.status == "FAIL" and f.axis is Axis.CONFORMANCE]
    entries = [_entry(number, f, span[0].date(), span[-1].date()) for number, f in enumerate(deviating, 1)]
    text = "schema: porter-audit/waivers/v1\nwaivers:" + ("".join(f"\n{entry}" for entry in entries) or " []") + "\n"
    write_all({path: text.encode()})
    return read_waivers(path)


def _entry(number: int, finding: Finding, first: date, last: date) -> str:
    return f"""  - id: W-DEMO-{number}
    kind: accept
    match: {{fingerprint: "{finding.fingerprint}"}}
    ceiling: {{content_hash: "{finding.content_hash}"}}
    reason: Needed until the state tables have moved; made up by the demo.
    owner: platform@example.com
    approved_by: security@example.com
    ticket: https://tickets.example.com/SEC-{number}
    created: {first.isoformat()}
    expires: {last.isoformat()}"""
