"""The use case of a fleet: find the targets, bring each to its end, and roll everything up into one report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from scanner import __version__
from scanner.app.config.paths import declared_files
from scanner.app.config.read import LoadedConfig
from scanner.app.exit_codes import CLEAN, INCOMPLETE, strongest
from scanner.app.files import prepare_directory, write_all
from scanner.app.fleet.discover import discover
from scanner.app.fleet.executor import open_executor, parse_executor
from scanner.app.fleet.journal import ROLLUP, RunFolder, after_all, only_run, unfinished
from scanner.app.fleet.ready import ready
from scanner.app.fleet.rollup import roll_up
from scanner.app.fleet.run import GRACE_S, FleetRun, Orders, Tell, at_once
from scanner.app.fleet.target import key_check
from scanner.app.outputs import Format
from scanner.app.past import Past, past
from scanner.app.run_facts import new_run_id, now
from scanner.app.sources.aws import Progress
from scanner.app.waivers import read
from scanner.errors import InputError, UsageError
from scanner.model.fleet import PLAN_SCHEMA, Plan, Rollup, TargetResult

if TYPE_CHECKING:
    from scanner.evidence.signing import FileSigner

INDEX = "index.html"
_DEFAULT_FORMATS = (Format.JSON, Format.HTML)


class FleetOptions(msgspec.Struct, frozen=True):
    """Everything the user decided."""

    config: LoadedConfig
    default_version: str
    """Documented version for targets of which nothing else is said."""
    directory: Path | None = None
    """Where runs go; None: what the configuration says."""
    executor: str | None = None
    """None: what the configuration says."""
    resume: bool = False
    argv: tuple[str, ...] = ()
    grace_s: float = GRACE_S


class FleetOutcome(msgspec.Struct, frozen=True):
    """How a run ended, and where its report is."""

    rollup: Rollup
    folder: Path
    exit_code: int
    abandoned: int
    """Targets that are still being read by threads of this process: the time was over, and nobody waits for them."""


def run_fleet(
    options: FleetOptions,
    *,
    warn: Callable[[str], None],
    tell: Tell | None = None,
    progress: Progress | None = None,
) -> FleetOutcome:
    """Read and judge every target of a configuration and write one report over all of them.

    A target that fails is incomplete and the others go on. `tell` is told of every step, `progress` of every target.
    Raises `UsageError` on options that cannot be used, `InputError` on damaged files, `RenderError` if results cannot
    be written.
    """
    config = options.config.config
    steps = _Steps(tell, progress)
    directory = _directory(options)
    prepare_directory(directory)
    signer = _signer(options)
    spec = parse_executor(options.executor or config.fleet.executor)
    ready()
    with only_run(directory), _past(options, warn) as known:
        folder, plan = _begin(options, directory, steps)
        with open_executor(spec) as executor:
            orders = _orders(options, executor.hands)
            run = FleetRun(folder, plan, orders, clock=now, tell=steps, past=known, signer=signer)
            run.go(executor)
        rollup = write_rollup(folder, plan, allow_incomplete=config.thresholds.allow_incomplete)
        steps("rolled up", plan.run_id)
        lost = config.thresholds.ratchet and known is not None and known.lost
    code = strongest([rollup.exit_code, INCOMPLETE if lost else CLEAN])
    return FleetOutcome(rollup, folder.path, code, run.abandoned)


def summary_text(rollup: Rollup) -> str:
    """Return the answer and what is open, in lines that are safe to print."""
    from scanner.render.fleet import render_rollup_text

    return render_rollup_text(rollup)


class _Steps:
    """Passes steps on, and counts the targets that are done."""

    def __init__(self, tell: Tell | None, progress: Progress | None) -> None:
        self.total = 0
        self._tell = tell
        self._progress = progress
        self._done = 0

    def __call__(self, what: str, key: str) -> None:
        self._done += what == "journaled"
        if self._progress is not None:
            self._progress(f"{what} {key}", self._done, self.total)
        if self._tell is not None:
            self._tell(what, key)


def write_rollup(folder: RunFolder, plan: Plan, *, allow_incomplete: bool = False) -> Rollup:
    """Write index.html, a page per target and, last, rollup.json. The same results give the same bytes."""
    from scanner.render.fleet import render_rollup_json
    from scanner.render.html.fleet import render_index, render_target

    rollup = roll_up(plan, _results(folder, plan), allow_incomplete=allow_incomplete)
    groups = {group.group: group for group in rollup.groups}
    for result in _results(folder, plan):
        page = folder.target(result.place.key) / INDEX
        write_all({page: render_target(rollup, result, groups)})
    write_all({folder.path / INDEX: render_index(rollup)})
    write_all({folder.path / ROLLUP: render_rollup_json(rollup)})
    return rollup


def _results(folder: RunFolder, plan: Plan) -> Iterator[TargetResult]:
    """Yield the results one by one from the disk: a thousand of them are not held at once."""
    for target in plan.targets:
        result = folder.result(target.place.key)
        if result is None:
            raise InputError(f"result of `{target.place.key}` in `{folder.path}` is missing or damaged")
        yield result


def _directory(options: FleetOptions) -> Path:
    outputs = options.config.config.outputs
    if options.directory is not None:
        return options.directory
    if outputs.directory is None:
        raise UsageError("a fleet run has nowhere to write", advice="give --out DIR, or `outputs: {directory: DIR}`")
    return options.config.beside(outputs.directory)


def _signer(options: FleetOptions) -> FileSigner | None:
    from scanner.app.keys import read_signer

    key = options.config.config.outputs.sign_key
    return read_signer(options.config.beside(key)) if key is not None else None


@contextmanager
def _past(options: FleetOptions, warn: Callable[[str], None]) -> Iterator[Past | None]:
    """Yield the history of all nights, locked; None if the configuration has none."""
    config = options.config.config
    if config.history is None:
        yield None
        return
    with past(options.config.beside(config.history), None, warn, ratchet=config.thresholds.ratchet) as known:
        yield known


def _begin(options: FleetOptions, directory: Path, tell: _Steps) -> tuple[RunFolder, Plan]:
    """Return the run to continue, or a new one with its plan written."""
    wanted = _config_digest(options)
    if options.resume:
        found = unfinished(directory)
        if found is None:
            raise UsageError(f"no run in `{directory}` was broken off", advice="leave out --resume")
        folder = RunFolder(found)
        plan = folder.plan()
        if plan.config_sha256 != wanted:
            raise UsageError(
                f"the configuration is not the one that run `{plan.run_id}` began with",
                advice="leave out --resume: a new run reads every target",
            )
        tell.total = len(plan.targets)
        return folder, plan
    created = now()
    found_targets = discover(options.config, options.default_version, now)
    plan = Plan(
        schema=PLAN_SCHEMA,
        run_id=new_run_id(after_all(directory, created)),
        created=created,
        tool_version=__version__,
        config_sha256=wanted,
        asked=found_targets.asked,
        targets=found_targets.targets,
        skipped=found_targets.skipped,
        gaps=found_targets.gaps,
    )
    folder = RunFolder.begin(directory, plan)
    tell.total = len(plan.targets)
    tell("planned", plan.run_id)
    return folder, plan


def _config_digest(options: FleetOptions) -> str:
    """Return the hash of what decides the targets and the results: the file, those it names, and this program."""
    loaded = options.config
    waivers = loaded.config.waivers
    files = [loaded.path, *([loaded.beside(waivers)] if waivers else [])]
    files += [file for target in loaded.config.targets for file in declared_files(target, loaded.path.parent)]
    made = hashlib.sha256(f"{__version__}\0{options.default_version}\0".encode())
    for file in files:
        try:
            made.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise InputError(f"`{file}`: {(error.strerror or 'cannot be read').lower()}") from error
    return made.hexdigest()


def _orders(options: FleetOptions, hands: int) -> Orders:
    config = options.config.config
    named = config.outputs.formats
    bundle = config.outputs.bundle
    return Orders(
        thresholds=config.thresholds,
        ends_at=now() + timedelta(seconds=config.fleet.deadline_s),
        target_deadline_s=config.fleet.target_deadline_s,
        key_check=key_check(),
        formats=tuple(Format(name) for name in named) if named is not None else _DEFAULT_FORMATS,
        bundle=bundle.value if bundle is not None else "full" if config.outputs.sign_key is not None else None,
        waivers=read(options.config.beside(config.waivers) if config.waivers else None),
        at_once=at_once(config.fleet.at_once, hands),
        argv=options.argv,
        grace_s=options.grace_s,
    )
