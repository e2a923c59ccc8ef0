"""Run every mutant of the three clouds, or a few of each kind, and count how the product did."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import msgspec

from mutations import documented, evaluate
from mutations.aws import AwsMutations
from mutations.azure import AzureMutations
from mutations.azure_state import AzureState
from mutations.gcp import GcpMutations
from mutations.gcp_state import GcpProjectState
from mutations.judge import Judge
from mutations.records import Mutant, Verdict
from scanner.app.catalogue import load_catalogue
from scanner.baseline.load import find, load_gcp
from scanner.localcloud.provision import demo_external_id

CLOUDS = ("aws", "gcp", "azure")


class Plan(msgspec.Struct, frozen=True):
    """What to run."""

    seed: int = 1
    per_kind: int | None = None
    """So many mutants of each kind, chosen by the seed; None: every one."""
    clouds: tuple[str, ...] = CLOUDS
    versions: tuple[str, ...] = documented.VERSIONS
    whole: bool = False
    """Judge an AWS role in its whole account; else in an account of its own, which is the same and quicker."""


class Row(msgspec.Struct, frozen=True):
    """One kind of mutation or rewrite, counted."""

    cloud: str
    kind: str
    rewrite: bool
    mutants: int
    """Those that changed something; for a rewrite, all."""
    same: int
    """Mutants that change nothing, by trying requests: they count as rewrites."""
    found: int
    right: int
    shown: int
    alarms: int
    blind: int
    """Of the mutants: those that only the product's own example shows to be any."""

    @property
    def missed(self) -> int:
        """Return how many fall short in any column."""
        return 0 if self.rewrite else self.mutants - min(self.found, self.right, self.shown)


State = Any
Maker = Callable[[State], Iterator[Mutant]]


def run(plan: Plan, jobs: int = 1) -> list[Verdict]:
    """Return a verdict per mutant, in the order of the clouds, versions and mutants.

    The clouds are provisioned and read once; the work is shared by `jobs` processes.
    """
    states = _states(plan)
    if jobs == 1:
        return list(_part(plan, states, 0, 1))
    # Forked: a mutant holds functions, so every process makes all of them and judges its share.
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        parts = list(pool.map(_share, [(plan, states, part, jobs) for part in range(jobs)]))
    order = {cloud: place for place, cloud in enumerate(plan.clouds)}
    return sorted((v for part in parts for v in part), key=lambda v: (order[v.cloud], v.version, v.kind, v.place))


def _states(plan: Plan) -> dict[tuple[str, str], State]:
    """Return the documented state of each cloud and version; that of AWS is one and the same in both versions."""
    found: dict[tuple[str, str], State] = {}
    for cloud in plan.clouds:
        for version in plan.versions:
            first = found.get((cloud, plan.versions[0]))
            if cloud == "aws" and first is not None and plan.per_kind is not None:
                continue  # said once is enough of the same inventory under another date
            found[cloud, version] = first if cloud == "aws" and first is not None else _state(cloud, version)
    return found


def _share(arguments: tuple[Plan, dict[tuple[str, str], State], int, int]) -> list[Verdict]:
    return list(_part(*arguments))


def _part(plan: Plan, states: dict[tuple[str, str], State], part: int, parts: int) -> Iterator[Verdict]:
    for (cloud, version), state in states.items():
        judge, make = judge_of(cloud, version, plan)
        some = chosen(make, state, plan, f"{cloud} {version}", _limit(plan, cloud, version))
        for place, mutant in enumerate(some):
            if place % parts == part:
                yield judge.verdict(mutant)


def _limit(plan: Plan, cloud: str, version: str) -> int | None:
    """Return how many of a kind to run: the AWS part of the later version is the earlier one under a new date."""
    return 3 if cloud == "aws" and version != plan.versions[0] else plan.per_kind


def chosen(make: Maker, state: State, plan: Plan, name: str, limit: int | None) -> Iterator[Mutant]:
    """Yield so many mutants of each kind, chosen by the plan's seed; all of them without a limit."""
    if limit is None:
        yield from make(state)
        return
    places: dict[tuple[bool, str], list[int]] = {}
    for place, mutant in enumerate(make(state)):
        places.setdefault((mutant.kind.rewrite, mutant.kind.name), []).append(place)
    rng = random.Random(f"{plan.seed} {name}")
    kept = {p for kind in sorted(places) for p in rng.sample(places[kind], min(limit, len(places[kind])))}
    yield from (mutant for place, mutant in enumerate(make(state)) if place in kept)


def _state(cloud: str, version: str) -> State:
    if cloud == "aws":
        return documented.aws_account(version)
    if cloud == "gcp":
        return GcpProjectState(documented.gcp_project(version))
    return AzureState(documented.azure_subscription(version))


def judge_of(cloud: str, version: str, plan: Plan) -> tuple[Judge, Maker]:
    """Return what judges the mutants of a cloud, and what makes them of its state."""
    if cloud == "aws":
        catalogue = load_catalogue()
        external_id = demo_external_id()
        return (
            Judge(version, evaluate.aws(version, catalogue)),
            lambda state: AwsMutations(state, catalogue, external_id, whole=plan.whole).mutants(),
        )
    if cloud == "gcp":
        pages = load_gcp(find(f"porter@{version}")).service_accounts
        roles = frozenset(grant.role for page in pages for grant in page.grants)
        return Judge(version, evaluate.gcp(version)), lambda state: GcpMutations(state, roles).mutants()
    return Judge(version, evaluate.azure(version)), lambda state: AzureMutations(state).mutants()


def rows(verdicts: Iterable[Verdict]) -> list[Row]:
    """Return the counts per cloud and kind."""
    groups: dict[tuple[str, bool, str], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.cloud, verdict.intended, verdict.kind), []).append(verdict)
    order = {cloud: place for place, cloud in enumerate(CLOUDS)}
    keys = sorted(groups, key=lambda key: (order[key[0]], key[1], key[2]))
    return [_row(*key, groups[key]) for key in keys]


def _row(cloud: str, rewrite: bool, kind: str, group: Sequence[Verdict]) -> Row:
    real = [v for v in group if not v.rewrite]
    return Row(
        cloud=cloud,
        kind=kind,
        rewrite=rewrite,
        mutants=len(group) if rewrite else len(real),
        same=0 if rewrite else len(group) - len(real),
        found=sum(v.found for v in real),
        right=sum(v.right for v in real),
        shown=sum(v.shown for v in real),
        alarms=sum(bool(v.alarms) for v in group),
        blind=sum(v.blind for v in real),
    )


def failures(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the misses and the false alarms."""
    return [v for v in verdicts if v.alarms or not (v.rewrite or (v.found and v.right and v.shown))]
