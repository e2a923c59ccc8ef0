"""A fleet run on disk: what is to do, what is done, and nothing that is done by halves.

    DIR/<run id>/plan.json            written once, before the first target is read
    DIR/<run id>/journal.ndjson       one line per target that is done for good; only ever appended to
    DIR/<run id>/targets/<key>/       made under another name and renamed when it is whole
    DIR/<run id>/rollup.json          written last: a run that has it is over

A process may be killed between any two steps. What was renamed and is not in the journal is whole, and is taken up.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from scanner.app.digests import digest
from scanner.app.files import write_all
from scanner.errors import InputError, RenderError, UsageError
from scanner.history.lock import locked
from scanner.model.fleet import PLAN_SCHEMA, TARGET_SCHEMA, JournalLine, Plan, TargetResult

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = "plan.json"
JOURNAL = "journal.ndjson"
TARGETS = "targets"
RESULT = "target.json"
ROLLUP = "rollup.json"
_LOCK = ".fleet.lock"
_PARTIAL = ".partial"
_RUN_ID_LENGTH = 36
# A UUID of version 7 begins with milliseconds; until the year 2527 its first digit is 0.
_RUN_ID = re.compile(r"0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_PLAN_BYTES = 512_000_000
_DAMAGED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@contextmanager
def only_run(directory: Path) -> Iterator[None]:
    """Hold the lock of a directory of runs; raises `UsageError` if another run has it."""
    advice = "wait for it to end, or give this one a directory of its own"
    with locked(
        directory / _LOCK,
        refused=lambda said: UsageError(f"cannot write into `{directory}`: {said}"),
        taken=UsageError(f"another fleet run is writing into `{directory}`", advice=advice),
    ):
        yield


def unfinished(directory: Path) -> Path | None:
    """Return the newest run, by run id, if it has a plan and is not over; None otherwise.

    A run that was broken off before a newer one is of no use any more: its targets have been read since.
    """
    newest = max((path for path in _runs(directory) if (path / PLAN).is_file()), default=None)
    return newest if newest is not None and not (newest / ROLLUP).is_file() else None


def after_all(directory: Path, moment: datetime) -> datetime:
    """Return when a new run begins, for its id: now, or just after the newest run where the clock went back since.

    Runs are continued, and bundles chained, in the order of their ids.
    """
    newest = max((path.name for path in _runs(directory) if _RUN_ID.fullmatch(path.name)), default=None)
    if newest is None:
        return moment
    last = _EPOCH + timedelta(milliseconds=int(newest[:8] + newest[9:13], 16))
    return max(moment, last + timedelta(milliseconds=1))


def _runs(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return [path for path in directory.iterdir() if path.is_dir() and len(path.name) == _RUN_ID_LENGTH]


def previous_target(directory: Path, run_id: str, key: str) -> Path | None:
    """Return where the newest run before this one keeps a target; None if none has it."""
    before = sorted((path for path in _runs(directory) if path.name < run_id), reverse=True)
    return next((path / TARGETS / key for path in before if (path / TARGETS / key).is_dir()), None)


class RunFolder:
    """The folder of one run. For use by one thread of one process, which holds the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def begin(cls, directory: Path, plan: Plan) -> RunFolder:
        """Make a run's folder and write its plan. Raises `RenderError`."""
        folder = cls(directory / plan.run_id)
        with _written(folder.path):
            (folder.path / TARGETS).mkdir(mode=0o700, parents=True)
        write_all({folder.path / PLAN: msgspec.json.encode(plan)})
        return folder

    def plan(self) -> Plan:
        """Return the plan; raises `InputError` if it is damaged."""
        file = self.path / PLAN
        try:
            with file.open("rb") as stream:
                plan = msgspec.json.decode(stream.read(_MAX_PLAN_BYTES), type=Plan)
        except OSError as error:
            raise InputError(f"plan `{file}`: {(error.strerror or 'cannot be read').lower()}") from error
        except _DAMAGED as error:
            raise InputError(f"plan `{file}`: {' '.join(str(error).split())[:200]}") from error
        if plan.schema != PLAN_SCHEMA:
            raise InputError(f"plan `{file}`: schema `{plan.schema[:60]}` is not `{PLAN_SCHEMA}`")
        if plan.run_id != self.path.name:
            raise InputError(f"plan `{file}`: is of another run than its directory")
        keys = [target.place.key for target in plan.targets]
        if len(set(keys)) != len(keys):
            raise InputError(f"plan `{file}`: names a target twice")
        return plan

    def target(self, key: str) -> Path:
        """Return where a target's files are."""
        return self.path / TARGETS / key

    def result(self, key: str) -> TargetResult | None:
        """Return how a target ended, if it is there and whole."""
        try:
            data = (self.target(key) / RESULT).read_bytes()
            found = msgspec.json.decode(data, type=TargetResult)
        except (OSError, *_DAMAGED):
            return None
        mine = found.schema == TARGET_SCHEMA and found.fleet_run_id == self.path.name and found.place.key == key
        return found if mine else None

    def is_whole(self, result: TargetResult) -> bool:
        """Return whether the files of a target are what its result says of them."""
        folder = self.target(result.place.key)
        try:
            return all("/" not in name and digest((folder / name).read_bytes()) == sha for name, sha in result.files)
        except (OSError, ValueError):
            return False

    def tidy(self) -> None:
        """Remove what was begun and is not whole. Raises `RenderError`."""
        with _written(self.path):
            for path in (self.path / TARGETS).iterdir():
                if path.name.endswith(_PARTIAL):
                    shutil.rmtree(path)

    def publish(
        self, result: TargetResult, files: Mapping[str, bytes], also: Callable[[Path], None] | None = None
    ) -> TargetResult:
        """Write a target, whole or not at all, and return its result with the hashes of its files.

        `also` may write more into the folder before it counts. What an earlier attempt left is replaced.
        Raises `RenderError`.
        """
        target = self.target(result.place.key)
        draft = target.with_name(target.name + _PARTIAL)
        hashes = tuple(sorted((name, digest(content)) for name, content in files.items()))
        result = msgspec.structs.replace(result, files=hashes)
        with _written(target):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(mode=0o700)
            write_all({draft / name: content for name, content in files.items()})
            if also is not None:
                also(draft)
            write_all({draft / RESULT: msgspec.json.encode(result, order="sorted")})
            shutil.rmtree(target, ignore_errors=True)
            draft.replace(target)
            _sync(target.parent)
        return result

    def journal(self, line: JournalLine) -> None:
        """Append one line and see it on the disk. Raises `RenderError`."""
        file = self.path / JOURNAL
        with _written(file):
            descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                os.write(descriptor, msgspec.json.encode(line) + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def journaled(self) -> dict[str, JournalLine]:
        """Return what is done for good; a last line that was cut off by a crash is taken out of the file.

        Raises `InputError` on a line that is damaged otherwise.
        """
        file = self.path / JOURNAL
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise InputError(f"journal `{file}`: {(error.strerror or 'cannot be read').lower()}") from error
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) != len(data):
            write_all({file: whole})
        try:
            lines = [msgspec.json.decode(line, type=JournalLine) for line in whole.splitlines()]
        except _DAMAGED as error:
            raise InputError(f"journal `{file}`: {' '.join(str(error).split())[:200]}") from error
        return {line.key: line for line in lines}


@contextmanager
def _written(what: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RenderError(f"cannot write `{what}`: {(error.strerror or 'no access').lower()}") from error


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
