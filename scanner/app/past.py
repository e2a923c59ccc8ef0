"""What is known of earlier nights, for a scan: from a history, from one report, or from nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from scanner.app.exit_codes import CLEAN, INCOMPLETE, strongest
from scanner.assess.delta import comparable, compare_nights, known_from, with_history
from scanner.errors import HistoryError, UsageError
from scanner.history.lock import only_writer
from scanner.history.report_file import read_night
from scanner.history.store import Store, open_store
from scanner.model.history import Night, Previous
from scanner.model.report import Report
from scanner.rules.base import Settings

Warn = Callable[[str], None]
_MANIFEST = "manifest.json"
MIXED = "what a template or plan would make and what is there are not compared with each other"
OWN_HISTORY = "give plans a `--history` or `--previous` of their own"


class Past:
    """Earlier nights. Without history and report it knows nothing, and says that nobody asked."""

    def __init__(self, warn: Warn, *, store: Store | None = None, night: Night | None = None) -> None:
        self._warn = warn
        self._store = store
        self._night = night
        self.lost = False
        """There should be a history, and it could not be read or written."""

    def previous(self, scopes: Sequence[str]) -> Previous | None:
        """Return what is known of these scopes; None if nobody asked for history, or it is lost."""
        if self._night is not None:
            return known_from(self._night)
        if self._store is None:
            return None
        try:
            return self._store.previous(scopes)
        except HistoryError as error:
            self.lose(error)
            return None

    def keep(self, report: Report, *, ratchet: bool = False) -> int:
        """Write tonight into the history, if there is one, and return the run's exit code.

        A failure is told of, and is no failure of the scan; with `ratchet` the run is then incomplete.
        """
        if report.history is not None:
            self.keep_night(lambda: night_of(report))
        lost = INCOMPLETE if ratchet and self.lost else CLEAN
        return strongest([report.summary.exit_code, lost])

    def keep_night(self, night: Callable[[], Night]) -> None:
        """Write a night into the history, if there is one and it is not lost; the same night is written once."""
        if self._store is not None and not self.lost:
            try:
                remember(self._store, night())
            except HistoryError as error:
                self.lose(error)

    def lose(self, error: HistoryError) -> None:
        """Say once that the history is of no use tonight."""
        self.lost = True
        self._warn(f"warning: {error}; this run goes on without it" + (f" ({error.advice})" if error.advice else ""))


@contextmanager
def past(history: Path | None, previous: Path | None, warn: Warn, *, ratchet: bool = False) -> Iterator[Past]:
    """Yield what is known of earlier nights; a history is locked until the end.

    Raises `UsageError` if the options contradict each other or another scan holds the history, `InputError` on a
    report. A history that is damaged or cannot be written is only told of.
    """
    if history is not None and previous is not None:
        raise UsageError("`--history` and `--previous` do not go together", advice="a history knows the run before")
    if ratchet and history is None and previous is None:
        raise UsageError("`--ratchet` needs to know the run before", advice="give --history FILE or --previous REPORT")
    if history is None:
        yield Past(warn, night=read_night(previous) if previous is not None else None)
        return
    with ExitStack() as stack:
        known = Past(warn)
        try:
            stack.enter_context(only_writer(history))
            store = open_store(history)
            stack.callback(store.close)
            known = Past(warn, store=store)
        except HistoryError as error:
            known.lose(error)
        yield known


def chained(previous: Path | None) -> Path | None:
    """Return the bundle that a new bundle names as the one before it: `--previous`, unless that is a mere report."""
    is_bundle = previous is not None and (previous.is_dir() or previous.name == _MANIFEST)
    return previous if is_bundle else None


def compared(previous: Path | None, chain: Path | None, history: Path | None) -> Path | None:
    """Return what to compare with; beside a history, a bundle that is given is only the chain's link."""
    if previous is None or (history is not None and chain is not None):
        return None
    return previous.parent if previous.name == _MANIFEST else previous


def night_of(report: Report) -> Night:
    """Return the part of a report that history reads, exactly as its report.json would say it."""
    from scanner.render.json_report import report_document

    return msgspec.convert(msgspec.to_builtins(report_document(report)), Night)


def with_past(report: Report, previous: Previous | None) -> Report:
    """Return the report with what is known of earlier nights; the same if nobody asked."""
    if previous is None:
        return report
    return with_history(report, previous, compare_nights(previous, night_of(report)))


def settings_of(previous: Previous | None, secret_expiry_days: tuple[int, int, int] | None = None) -> Settings:
    """Return what rules may know of the run before, and what the operator set."""
    days = secret_expiry_days or Settings().secret_expiry_days
    if previous is None or previous.run_id is None:
        return Settings(secret_expiry_days=days)
    return Settings(
        previous_boundaries=tuple(sorted(previous.facts.boundaries.items())),
        previous_external_ids=tuple(sorted(previous.facts.external_ids.items())),
        previous_gcp_roles=tuple(sorted(previous.facts.gcp_roles.items())),
        previous_credentials=tuple(sorted(previous.facts.credentials.items())),
        previous_conditions=tuple(sorted(previous.facts.conditions.items())),
        has_previous=True,
        secret_expiry_days=days,
    )


def remember(store: Store, night: Night) -> bool:
    """Write a night into a history, judged by what the history knows; False if it is there already."""
    known = store.previous([scope.id for scope in night.scopes])
    if not comparable(known, planned=night.run.planned):
        raise HistoryError(f"run `{night.run.run_id[:60]}`: {MIXED}", advice=OWN_HISTORY)
    compared = compare_nights(known, night)
    return store.record(
        night,
        compared.states,
        {name: change.delta for name, change in compared.changes.items()},
        compared.facts,
        compared.gone,
    )
