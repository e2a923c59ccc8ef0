"""The period report as tables for an auditor's binder: nights, deviations, criteria, waivers, and notes on them."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.model.period import DeviationLine, NightLine, Period
from scanner.render.csv_report import table
from scanner.render.text import stamp

NIGHT_COLUMNS = (
    *("number", "scope", "cloud", "night", "state", "run_id", "as_of", "runs", "as_documented", "exit_code"),
    *("results_not_proven", "units_not_read", "evidence", "detail", "deviating", "waived", "documented_risks"),
    "not_known",
)
DEVIATION_COLUMNS = (
    *("finding_id", "axis", "severity", "rule_id", "rule_title", "cloud", "scope", "subject", "state", "episode"),
    *("opened", "last_seen", "fixed", "days_to_fix", "runs_that_could_not_tell", "waived_runs", "on_first_run"),
    "fingerprint",
)
CRITERION_COLUMNS = ("what", "value", "first", "last", "runs", "scopes")
WAIVER_COLUMNS = (
    *("id", "kind", "owner", "approved_by", "ticket", "reason", "created", "expires", "first_run", "last_run"),
    *("runs_in_force", "runs_expired", "covered"),
)
NOT_KNOWN = "not known"


def binder_files(period: Period) -> dict[str, bytes]:
    """Return the tables by file name; numbered nights are the population from which an auditor draws samples."""
    return {
        "period-nights.csv": table(NIGHT_COLUMNS, _nights(period)),
        "period-deviations.csv": table(
            DEVIATION_COLUMNS, (row for line in period.deviations for row in _deviation(line))
        ),
        "period-criteria.csv": table(CRITERION_COLUMNS, _criteria(period)),
        "period-waivers.csv": table(WAIVER_COLUMNS, _waivers(period)),
        "period-notes.csv": table(("number", "note"), [(str(n), note) for n, note in enumerate(period.notes, 1)]),
    }


def _nights(period: Period) -> Iterable[tuple[str, ...]]:
    pairs = [(scope, night) for scope in period.scopes for night in scope.nights]
    for number, (scope, night) in enumerate(pairs, 1):
        yield (str(number), scope.scope, scope.cloud, stamp(night.starts), night.state.value, *_night(night))


def _night(night: NightLine) -> tuple[str, ...]:
    if night.run_id is None:
        return ("",) * (len(NIGHT_COLUMNS) - 5)
    return (
        night.run_id,
        stamp(night.as_of) if night.as_of else "",
        *(str(night.runs), night.as_documented or "", str(night.exit_code)),
        *(str(night.not_proven), str(night.unread), night.kept.value if night.kept else "", night.detail),
        *(str(night.deviating), str(night.waived), str(night.risks), str(night.not_known)),
    )


def _deviation(line: DeviationLine) -> Iterable[tuple[str, ...]]:
    deviation = line.deviation
    for number, episode in enumerate(line.episodes, 1):
        fixed = episode.fixed
        last = number == len(line.episodes)
        yield (
            *(deviation.finding_id, deviation.axis, deviation.severity, deviation.rule_id, deviation.title),
            *(deviation.cloud, deviation.scope, deviation.subject, line.state if last else "fixed", str(number)),
            *(stamp(episode.opened), stamp(episode.last_seen), stamp(fixed) if fixed else ""),
            f"{(fixed - episode.opened).total_seconds() / 86_400:.1f}" if fixed else "",
            *(str(episode.not_known), str(line.waived_nights), "yes" if line.on_first_run else "no"),
            deviation.fingerprint,
        )


def _criteria(period: Period) -> Iterable[tuple[str, ...]]:
    for line in period.criteria:
        value = line.value or NOT_KNOWN
        yield line.what, value, stamp(line.first), stamp(line.last), str(line.runs), " ".join(line.scopes)


def _waivers(period: Period) -> Iterable[tuple[str, ...]]:
    for line in period.waivers:
        waiver = line.waiver
        yield (
            *(waiver.id, waiver.kind, waiver.owner, waiver.approved_by, waiver.ticket, waiver.reason),
            *(stamp(waiver.created), waiver.expires, stamp(line.first), stamp(line.last)),
            *(str(line.in_force), str(line.expired), " ".join(line.covered)),
        )
