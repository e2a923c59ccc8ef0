"""What a configuration must be beyond its form: keys that exclude each other, names that exist, numbers in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, assert_never
from urllib.parse import urlsplit

import msgspec

from scanner.app.config.declared import declared_problems
from scanner.app.config.paths import documented_spec
from scanner.app.config.secrets import is_reference
from scanner.app.config.shape import Place, Problem, shape_problems
from scanner.app.fleet.executor import parse_executor
from scanner.app.outputs import FILE_NAMES, Format
from scanner.baseline.load import find
from scanner.errors import BaselineError, PorterAuditError, UsageError
from scanner.history.waiver_file import load_waivers
from scanner.model.config import (
    AwsTarget,
    AzureTarget,
    Channel,
    EmailChannel,
    Fleet,
    GcpTarget,
    Judged,
    Notifications,
    Outputs,
    Target,
    Thresholds,
    WebhookChannel,
)

CLOUDS: Final = ("aws", "gcp", "azure")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]*\Z")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ACCOUNT_IN_BRACES = "{account_id}"


class Ground(msgspec.Struct, frozen=True):
    """What surrounds the values: where they stand, and which directory paths start from."""

    place: Place
    directory: Path


def meaning_problems(top: dict[str, Any], ground: Ground) -> Iterator[Problem]:
    """Yield what is wrong beyond the form; a part whose form is wrong is left to `shape_problems`."""
    place = ground.place
    defaults = _part(top.get("defaults"), Judged, place.at("defaults"))
    targets: list[tuple[Target, Place]] = []
    rows = top.get("targets")
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        at = place.at("targets").at(number)
        target = _part(row, Target, at)
        if target is not None:
            targets.append((target, at))
            yield from _target(target, at, ground.directory)
            yield from declared_problems(target, at, ground.directory, _documented(target, defaults))
    yield from _twice(targets)
    if defaults is not None:
        yield from _judged(defaults, place.at("defaults"), ground.directory)
    yield from _settings(top, place)
    yield from _files(top, ground)


def _part(value: Any, kind: Any, place: Place) -> Any:
    """Return the record of a part whose form is right, else None."""
    if value is None or shape_problems(value, kind, place):
        return None
    return msgspec.convert(value, kind)


def _target(target: Target, place: Place, directory: Path) -> Iterator[Problem]:
    yield from _judged(target, place, directory)
    match target:
        case AwsTarget():
            yield from _aws(target, place)
        case GcpTarget():
            yield from _one_of(target, ("project", "folder", "organization"), place)
            yield from _single(target, target.project is not None, place)
        case AzureTarget():
            yield from _azure(target, place)
        case _:
            assert_never(target)


def _one_of(target: Target, keys: tuple[str, ...], place: Place) -> Iterator[Problem]:
    given = [key for key in keys if getattr(target, key) is not None]
    if len(given) != 1:
        said = f"has {' and '.join(given)}" if given else "names nothing to read"
        yield place.problem(f"{said}; give one of {', '.join(keys)}")


def _single(target: Target, is_one: bool, place: Place) -> Iterator[Problem]:
    """Yield what belongs only to a target that stands for many, or only to one that does not."""
    for key in ("approved", "skip") if is_one else ():
        if getattr(target, key):
            yield place.at(key).problem("is for a target that stands for many, and this one names one")
    if target.porter_yaml and not is_one:
        said = "is for one account, project or subscription, and this target stands for many: name that one by itself"
        yield place.at("porter_yaml").problem(said)


def _aws(target: AwsTarget, place: Place) -> Iterator[Problem]:
    yield from _one_of(target, ("account", "organization"), place)
    yield from _single(target, target.account is not None, place)
    braces = _ACCOUNT_IN_BRACES in (target.role or "")
    if target.organization is not None and not braces:
        yield place.at("role").problem(f"must hold `{_ACCOUNT_IN_BRACES}`: one role is assumed in each account")
    if target.account is not None and target.role is not None and not braces:
        if target.role.split(":")[4] != target.account:
            yield place.at("role").problem("is in another account than `account`")
    if target.external_id is not None and target.role is None:
        yield place.at("external_id").problem("is given without `role`")
    ids = [("approved", n, one) for n, one in enumerate(target.approved or ())]
    ids += [("skip", n, one.id) for n, one in enumerate(target.skip)]
    for key, number, one in ids:
        if not _ACCOUNT.match(one):
            yield place.at(key).at(number).problem("must be twelve digits in quotes")


def _azure(target: AzureTarget, place: Place) -> Iterator[Problem]:
    given = [key for key in ("subscription", "management_group") if getattr(target, key) is not None]
    if len(given) == 2 or (not given and target.tenant is None):
        said = "has subscription and management_group" if given else "names nothing to read"
        yield place.problem(f"{said}; give subscription, management_group, or tenant alone")
    yield from _single(target, target.subscription is not None, place)
    if target.subscription is not None and not _GUID.match(target.subscription):
        yield place.at("subscription").problem("must be a subscription id, as `az account list` shows it")


def _documented(target: Target, defaults: Judged | None) -> str | None:
    return target.documented or (defaults.documented if defaults is not None else None)


def _judged(judged: Judged, place: Place, directory: Path) -> Iterator[Problem]:
    if judged.documented is not None:
        try:
            find(documented_spec(judged.documented, directory))
        except BaselineError as error:
            yield place.at("documented").problem(str(error))
    for name, value in judged.parameters.items():
        if not _PARAMETER.match(name):
            yield place.at("parameters").at(name).problem("is not lower-case letters, digits and underscores")
        if is_reference(value) and len(value.removeprefix("env:").removeprefix("@")) == 0:
            yield place.at("parameters").at(name).problem("must be a value, env:NAME or @FILE")


def _twice(targets: Iterable[tuple[Target, Place]]) -> Iterator[Problem]:
    seen: dict[tuple[str, ...], str] = {}
    for target, place in targets:
        for key, said in ((_identity(target), "reads the same as"), (("name", target.name or ""), "has the name of")):
            if not key[-1]:
                continue
            if key in seen:
                yield place.problem(f"{said} {seen[key]}")
            seen.setdefault(key, place.where)


def _identity(target: Target) -> tuple[str, ...]:
    match target:
        case AwsTarget():
            return ("aws", "account" if target.account else "organization", target.account or target.organization or "")
        case GcpTarget():
            kinds = (("project", target.project), ("folder", target.folder), ("organization", target.organization))
            return next((("gcp", kind, one) for kind, one in kinds if one), ("gcp", ""))
        case AzureTarget():
            one = target.subscription or target.management_group
            return ("azure", "tenant" if one is None else "", (one or target.tenant or "").lower())


def _settings(top: dict[str, Any], place: Place) -> Iterator[Problem]:
    thresholds = _part(top.get("thresholds"), Thresholds, place.at("thresholds"))
    if thresholds is not None:
        yield from _thresholds(thresholds, top, place.at("thresholds"))
    outputs = _part(top.get("outputs"), Outputs, place.at("outputs"))
    if outputs is not None:
        yield from _outputs(outputs, place.at("outputs"))
    fleet = _part(top.get("fleet"), Fleet, place.at("fleet"))
    if fleet is not None:
        yield from _fleet(fleet, place.at("fleet"))
    told = _part(top.get("notifications"), Notifications, place.at("notifications"))
    if told is not None:
        yield from _channels(told.channels, place.at("notifications").at("channels"))


def _thresholds(thresholds: Thresholds, top: dict[str, Any], place: Place) -> Iterator[Problem]:
    if thresholds.ratchet and not top.get("history"):
        yield place.at("ratchet").problem("needs `history`")
    days = thresholds.secret_expiry_days
    if days is not None and not days[0] > days[1] > days[2]:
        yield place.at("secret_expiry_days").problem("must be three falling numbers, for example [30, 14, 7]")


def _outputs(outputs: Outputs, place: Place) -> Iterator[Problem]:
    known = {one.value for one in FILE_NAMES}
    for number, name in enumerate(outputs.formats or ()):
        if name == Format.TERMINAL.value:
            yield place.at("formats").at(number).problem("is no file; leave it out")
        elif name not in known:
            yield place.at("formats").at(number).problem(f"is no format; known: {', '.join(sorted(known))}")
    for key in ("formats", "bundle", "sign_key"):
        if getattr(outputs, key) is not None and outputs.directory is None:
            yield place.at(key).problem("has nowhere to go without `directory`")


def _fleet(fleet: Fleet, place: Place) -> Iterator[Problem]:
    try:
        parse_executor(fleet.executor)
    except UsageError as error:
        yield place.at("executor").problem(str(error))
    for cloud in fleet.at_once:
        if cloud not in CLOUDS:
            yield place.at("at_once").at(cloud).problem(f"must be one of {', '.join(CLOUDS)}")


def _channels(channels: tuple[Channel, ...], place: Place) -> Iterator[Problem]:
    names: set[str] = set()
    for number, channel in enumerate(channels):
        at = place.at(number)
        if channel.name in names:
            yield at.at("name").problem("is the name of a channel before")
        names.add(channel.name)
        if isinstance(channel, EmailChannel) and (channel.username is None) != (channel.secret is None):
            yield at.problem("`username` and `secret` go together")
        if isinstance(channel, WebhookChannel) and not is_reference(channel.url):
            yield from _address(channel.url, at.at("url"))


def _address(url: str, place: Place) -> Iterator[Problem]:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host:
        yield place.problem("is no address")
    elif parts.scheme != "https" and host not in _LOOPBACK:
        yield place.problem("must start with https://")


def _files(top: dict[str, Any], ground: Ground) -> Iterator[Problem]:
    waivers = top.get("waivers")
    if isinstance(waivers, str) and waivers.strip():
        try:
            load_waivers(ground.directory / waivers)
        except PorterAuditError as error:
            yield ground.place.at("waivers").problem(str(error))
