"""Lead a fleet run: hand out targets, take results, write each down before the next, and stop when the time is over.

A target's result counts in this order: its folder is renamed into place, history has it, the journal has it. Killed
between any two of these, a continued run takes up exactly where this one ended.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from scanner.app.digests import digest
from scanner.app.fleet.executor import OpenExecutor
from scanner.app.fleet.journal import RESULT, RunFolder, previous_target
from scanner.app.fleet.target import broken, read_target, unread
from scanner.app.fleet.work import Done, Work
from scanner.app.logs import event
from scanner.app.past import Past
from scanner.errors import InputError
from scanner.history.report_file import night_from
from scanner.model.config import Thresholds
from scanner.model.fleet import FleetTarget, JournalLine, Plan, Reach, TargetResult
from scanner.model.waiver import Waiver

if TYPE_CHECKING:
    from scanner.app.outputs import Format
    from scanner.evidence.bundle import Contents
    from scanner.evidence.signing import FileSigner

GRACE_S = 5.0
"""How long after the deadline results are still taken: what was read until then is judged and counts."""
_LATE = "the time of the whole run was over while this target was being read"

Tell = Callable[[str, str], None]
"""Told of each step: what happened (`begun`, `published`, `remembered`, `journaled`), and to which target."""


class Orders(msgspec.Struct, frozen=True):
    """What holds for every target of a run."""

    thresholds: Thresholds
    ends_at: datetime
    target_deadline_s: float
    key_check: str
    formats: tuple[Format, ...]
    bundle: str | None = None
    waivers: tuple[Waiver, ...] = ()
    at_once: dict[str, int] = {}
    """Cloud -> how many of its targets are worked on side by side."""
    argv: tuple[str, ...] = ()
    grace_s: float = GRACE_S


class FleetRun:
    """One run, from its plan to the last target's line in the journal."""

    def __init__(
        self,
        folder: RunFolder,
        plan: Plan,
        orders: Orders,
        *,
        clock: Callable[[], datetime],
        tell: Tell,
        past: Past | None = None,
        signer: FileSigner | None = None,
    ) -> None:
        self._folder = folder
        self._plan = plan
        self._orders = orders
        self._clock = clock
        self._tell = tell
        self._past = past
        self._signer = signer
        self.abandoned = 0
        """Targets that are still being read, though nobody waits for them any more."""

    def go(self, executor: OpenExecutor) -> None:
        """Bring every target to its end; what ended in an earlier part of the same run is not read again."""
        waiting = deque(self._take_up())
        under_way: dict[Future[Done], FleetTarget] = {}
        while (waiting or under_way) and self._left_s() > -self._orders.grace_s:
            self._hand_out(waiting, under_way, executor)
            if not under_way:
                break
            self._take_what_ended(under_way)
        self.abandoned = sum(not future.cancel() for future in under_way)
        for target in (*under_way.values(), *waiting):
            self._keep(unread(self._work(target), Reach.LATE, _LATE))

    def _take_up(self) -> list[FleetTarget]:
        """Return what is left to read; what was published and not yet noted is noted now.

        What is not as it was written down is read again. Raises `InputError` if the journal is of other targets.
        """
        self._folder.tidy()
        noted = self._folder.journaled()
        unknown = set(noted) - {target.place.key for target in self._plan.targets}
        if unknown:
            raise InputError(f"journal in `{self._folder.path}`: names `{min(unknown)[:130]}`, which the plan does not")
        left = []
        for target in self._plan.targets:
            key = target.place.key
            result = self._folder.result(key)
            if result is None or not self._folder.is_whole(result):
                left.append(target)
            elif key not in noted:
                self._note(result, self._report_of(key))
            elif noted[key].sha256 != self._digest(key):
                left.append(target)
        return left

    def _hand_out(
        self, waiting: deque[FleetTarget], under_way: dict[Future[Done], FleetTarget], executor: OpenExecutor
    ) -> None:
        """Submit as many targets as there are hands, no cloud's more than its limit."""
        busy = Counter(target.place.cloud for target in under_way.values())
        held_back = []
        while waiting and len(under_way) < executor.hands and self._left_s() > 0:
            target = waiting.popleft()
            cloud = target.place.cloud
            if busy[cloud] >= self._orders.at_once.get(cloud, executor.hands):
                held_back.append(target)
                continue
            busy[cloud] += 1
            self._tell("begun", target.place.key)
            under_way[executor.executor.submit(read_target, self._work(target))] = target
        waiting.extendleft(reversed(held_back))

    def _take_what_ended(self, under_way: dict[Future[Done], FleetTarget]) -> None:
        """Wait for the next results and take them; afterwards nothing here holds their files, which can be large."""
        timeout = max(0.0, self._left_s() + self._orders.grace_s)
        for future in wait(under_way, timeout=timeout, return_when=FIRST_COMPLETED).done:
            self._take(under_way.pop(future), future)

    def _take(self, target: FleetTarget, future: Future[Done]) -> None:
        error = future.exception()
        if error is None:
            self._keep(future.result())
        elif type(error).__name__ == "KilledWorker":
            why = "the process that read this target was killed each time it tried"
            self._keep(unread(self._work(target), Reach.FAILED, why))
        else:
            self._keep(broken(self._work(target), error))

    def _keep(self, done: Done) -> None:
        also = self._bundle_writer(done.result.place.key, done.bundle) if done.bundle is not None else None
        result = self._folder.publish(done.result, done.files, also)
        self._tell("published", result.place.key)
        self._note(result, done.files.get("report.json"))

    def _note(self, result: TargetResult, report: bytes | None) -> None:
        """Let history and then the journal know of a target that is published; history takes a night only once."""
        key = result.place.key
        if self._past is not None and report is not None:
            self._past.keep_night(lambda: night_from(report, f"report of `{key}`"))
            self._tell("remembered", key)
        self._folder.journal(JournalLine(key, result.reach, result.exit_code, self._digest(key), self._clock()))
        self._tell("journaled", key)
        event(
            "target",
            target=f"{result.place.cloud}:{result.place.id}",
            fleet_run_id=self._plan.run_id,
            run_id=result.run_id,
            outcome=result.reach.value,
            as_documented=result.as_documented,
            exit_code=result.exit_code,
        )

    def _work(self, target: FleetTarget) -> Work:
        orders, past = self._orders, self._past
        previous = past.previous([target.place.id]) if past is not None else None
        return Work(
            target=target,
            fleet_run_id=self._plan.run_id,
            thresholds=orders.thresholds,
            ends_at=orders.ends_at,
            target_deadline_s=orders.target_deadline_s,
            key_check=orders.key_check,
            formats=orders.formats,
            bundle=orders.bundle,
            waivers=orders.waivers,
            with_history=past is not None,
            previous=previous,
            history_lost=past is not None and past.lost,
            argv=orders.argv,
        )

    def _bundle_writer(self, key: str, contents: Contents) -> Callable[[Path], None]:
        """Return what writes a target's evidence bundle, chained to the one of the run before."""
        from scanner.evidence.bundle import latest_bundle, manifest_digest, write_bundle

        before = previous_target(self._folder.path.parent, self._plan.run_id, key)
        bundle = latest_bundle(before, contents.run.run_id) if before is not None else None
        digest_before = manifest_digest(bundle) if bundle is not None else None

        def write(folder: Path) -> None:
            write_bundle(contents, folder, previous=digest_before, signer=self._signer)

        return write

    def _report_of(self, key: str) -> bytes | None:
        try:
            return (self._folder.target(key) / "report.json").read_bytes()
        except OSError:
            return None

    def _digest(self, key: str) -> str:
        file = self._folder.target(key) / RESULT
        try:
            return digest(file.read_bytes())
        except OSError as error:
            raise InputError(f"result `{file}`: {(error.strerror or 'cannot be read').lower()}") from error

    def _left_s(self) -> float:
        return (self._orders.ends_at - self._clock()).total_seconds()


def at_once(given: Mapping[str, int], hands: int) -> dict[str, int]:
    """Return each cloud's limit: what the configuration says, else as many as there are hands."""
    return {cloud: min(given.get(cloud, hands), hands) for cloud in ("aws", "gcp", "azure")}
