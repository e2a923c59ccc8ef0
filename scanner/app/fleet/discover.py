"""From a configuration to the targets of a run: those it names, and those that the clouds list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import assert_never

import msgspec

from scanner.app.config.paths import declared_files, documented_spec
from scanner.app.config.read import LoadedConfig
from scanner.app.config.secrets import is_reference
from scanner.app.config.words import cloud_of, target_words
from scanner.collect.aws.session import AwsOptions
from scanner.collect.azure.session import AzureOptions
from scanner.collect.gcp.session import GcpOptions
from scanner.errors import PorterAuditError, UsageError
from scanner.model.config import AwsTarget, AzureTarget, GcpTarget, Judged, Presence, Target
from scanner.model.fleet import Approval, Asked, FleetTarget, Gap, Place, Skipped
from scanner.model.snapshot import ApiCall, UnitStatus

Clock = Callable[[], datetime]


class Found(msgspec.Struct, frozen=True):
    """What one entry of the configuration led to."""

    places: tuple[Place, ...]
    calls: tuple[ApiCall, ...] = ()
    closed: tuple[Skipped, ...] = ()
    problem: str = ""
    """Why it may not be all; empty: it is."""


class Discovery(msgspec.Struct, frozen=True):
    """What a configuration led to."""

    asked: tuple[Asked, ...]
    targets: tuple[FleetTarget, ...]
    skipped: tuple[Skipped, ...]
    gaps: tuple[Gap, ...]


def discover(loaded: LoadedConfig, default_version: str, clock: Clock) -> Discovery:
    """Return the targets of a configuration, in the order of its entries and then by id.

    A target that stands in the file by itself is never taken from a list. A list that cannot be read is a gap, not an
    error: what else there is, is still read. Raises `UsageError` if the file names nothing.
    """
    if not loaded.config.targets:
        raise UsageError(f"configuration `{loaded.path}` names no targets", advice="add them under `targets`")
    made = _Discovering(loaded, default_version, clock)
    for number, entry in enumerate(loaded.config.targets, 1):
        made.take(entry, f"targets[{number}]: {target_words(entry)}")
    return made.result()


class _Discovering:
    """Collects targets entry by entry."""

    def __init__(self, loaded: LoadedConfig, default_version: str, clock: Clock) -> None:
        self._loaded = loaded
        self._default = default_version
        self._clock = clock
        self._asked: list[Asked] = []
        self._targets: dict[tuple[str, str], FleetTarget] = {}
        self._skipped: list[Skipped] = []
        self._gaps: list[Gap] = []
        self._named = {(p.cloud, p.id) for p in map(_named_place, loaded.config.targets) if p is not None}

    def take(self, entry: Target, words: str) -> None:
        """Add what one entry stands for."""
        place = _named_place(entry)
        found = Found((place,)) if place is not None else self._listed(entry)
        self._asked.append(Asked(words, len(found.places), not found.problem, found.calls))
        self._skipped += [msgspec.structs.replace(one, asked=words) for one in found.closed]
        if found.problem:
            self._gaps.append(Gap(words, found.problem))
        if place is not None:
            self._add(entry, place, words, Approval.NAMED)
            return
        if not (found.places or found.closed or found.problem):
            self._gaps.append(Gap(words, "nothing was found there"))
        self._from_list(entry, found, words)

    def result(self) -> Discovery:
        """Return everything."""
        return Discovery(tuple(self._asked), tuple(self._targets.values()), tuple(self._skipped), tuple(self._gaps))

    def _from_list(self, entry: Target, found: Found, words: str) -> None:
        left_out = {one.id: one.reason for one in entry.skip}
        for place in found.places:
            key = (place.cloud, place.id)
            if place.id in left_out:
                self._skipped.append(Skipped(place, words, f"left out: {left_out[place.id]}"))
            elif key in self._named:
                self._skipped.append(Skipped(place, words, "named by an entry of its own"))
            elif key in self._targets:
                self._skipped.append(Skipped(place, words, f"found by {self._targets[key].asked} already"))
            else:
                self._add(entry, place, words, _approval(entry, place))
        known = {place.id for place in found.places} | {one.place.id for one in found.closed}
        for missing in sorted(set(entry.approved or ()) - known):
            self._gaps.append(Gap(words, f"`{missing}` is approved and was not found"))

    def _listed(self, entry: Target) -> Found:
        try:
            match entry:
                case AwsTarget():
                    return _accounts(entry, self._clock)
                case GcpTarget():
                    return _projects(entry, self._clock)
                case AzureTarget():
                    return _subscriptions(entry, self._clock)
                case _:
                    assert_never(entry)
        except PorterAuditError as error:
            return Found((), problem=f"nothing could be listed: {error}")

    def _add(self, entry: Target, place: Place, words: str, approval: Approval) -> None:
        defaults, base = self._loaded.config.defaults, self._loaded.path.parent
        made = FleetTarget(
            place=place,
            asked=words,
            approval=approval,
            documented=documented_spec(entry.documented or defaults.documented or self._default, base),
            parameters=_parameters(defaults, entry, base),
            presence=entry.presence or defaults.presence or Presence.UNKNOWN,
            porter_yaml=tuple(str(file) for file in declared_files(entry, base)),
        )
        self._targets[place.cloud, place.id] = _with_reader(made, entry, base)


def _with_reader(made: FleetTarget, entry: Target, base: Path) -> FleetTarget:
    """Return the target with what says as whom it is read."""
    match entry:
        case AwsTarget():
            return msgspec.structs.replace(
                made,
                profile=entry.profile,
                role=entry.role.replace("{account_id}", made.place.id) if entry.role else None,
                external_id=_absolute(entry.external_id, base) if entry.external_id else None,
                regions=entry.regions,
            )
        case GcpTarget():
            return msgspec.structs.replace(made, impersonate=entry.impersonate)
        case AzureTarget():
            return msgspec.structs.replace(made, tenant=entry.tenant)


def _named_place(entry: Target) -> Place | None:
    """Return the one place an entry names; None: it stands for many."""
    match entry:
        case AwsTarget():
            kind, one = "account", entry.account
        case GcpTarget():
            kind, one = "project", entry.project
        case AzureTarget():
            kind, one = "subscription", entry.subscription.lower() if entry.subscription else None
    return Place(cloud_of(entry), kind, one, entry.name or "") if one else None


def _approval(entry: Target, place: Place) -> Approval:
    if entry.approved is None:
        return Approval.NO_LIST
    return Approval.LISTED if place.id in entry.approved else Approval.NOT_APPROVED


def _parameters(defaults: Judged, entry: Judged, base: Path) -> tuple[str, ...]:
    values = {**defaults.parameters, **entry.parameters}
    return tuple(f"{name}={_absolute(value, base)}" for name, value in sorted(values.items()))


def _absolute(value: str, base: Path) -> str:
    """Return a value or reference; a file's path no longer depends on where the run is continued."""
    return f"@{(base / value[1:]).resolve()}" if is_reference(value) and value.startswith("@") else value


def _accounts(entry: AwsTarget, clock: Clock) -> Found:
    from scanner.collect.aws.organizations import list_accounts
    from scanner.collect.aws.session import AwsSession

    session = AwsSession(AwsOptions(profile=entry.profile), clock)
    found = list_accounts(session, entry.organization or "", clock)
    places = {account: Place("aws", "account", account.id, account.name) for account in found.accounts}
    return Found(
        tuple(place for account, place in places.items() if account.active),
        found.calls,
        tuple(Skipped(p, "", f"the account is {a.state}") for a, p in places.items() if not a.active),
        found.problem,
    )


def _projects(entry: GcpTarget, clock: Clock) -> Found:
    from scanner.collect.gcp import units as gcp_units
    from scanner.collect.gcp.session import GcpSession, start_error
    from scanner.collect.gcp.snapshot import Container
    from scanner.collect.gcp.unit import read_gcp_unit
    from scanner.model.kinds_gcp import PROJECTS

    named = f"folders/{entry.folder}" if entry.folder else f"organizations/{entry.organization}"
    session = GcpSession(GcpOptions(impersonate=entry.impersonate), clock)
    try:
        result = read_gcp_unit(PROJECTS, partial(gcp_units.projects_below, container=named), session, clock)
    finally:
        session.close()
    fatal = start_error(result.error.code) if result.error else None
    if fatal is not None:
        raise fatal
    names = Container(named, result).projects()
    rows = [row for page in result.pages for row in page.get("projects") or () if row.get("projectId")]
    closed = sorted({(str(r["projectId"]), str(r.get("state"))) for r in rows if str(r["projectId"]) not in names})
    complete = result.status is UnitStatus.COMPLETE
    problem = "" if complete else f"the list of projects was not read to the end: {result.status.value}"
    left = tuple(Skipped(Place("gcp", "project", one), "", f"the project is {state}") for one, state in closed)
    return Found(_places("gcp", "project", names), result.calls, left, problem)


def _subscriptions(entry: AzureTarget, clock: Clock) -> Found:
    from scanner.collect.azure.session import AzureSession
    from scanner.collect.azure.subscriptions import list_subscriptions

    asked = AzureOptions(management_group=entry.management_group, tenant=entry.tenant)
    found = list_subscriptions(AzureSession(asked, clock), clock)
    problem = f"the subscriptions were not listed to the end: {found.problem}" if found.problem else ""
    return Found(_places("azure", "subscription", found.ids), found.calls, problem=problem)


def _places(cloud: str, kind: str, ids: Iterable[str]) -> tuple[Place, ...]:
    return tuple(Place(cloud, kind, one) for one in sorted(set(ids)))
