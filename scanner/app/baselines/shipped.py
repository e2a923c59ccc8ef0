"""The documented versions that ship with the product, for people and for programs."""

from __future__ import annotations

from typing import Literal, TypeAlias, assert_never

import msgspec

from scanner.baseline.load import (
    SERVICES,
    AnyBaseline,
    clouds_of,
    find,
    has_services,
    known,
    load_part,
    load_services,
)
from scanner.baseline.records import AwsBaseline
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.records_services import ServicesBaseline
from scanner.errors import UsageError


class BaselineLine(msgspec.Struct, frozen=True):
    """One line of `baseline list`: one cloud's part of one version."""

    id: str
    cloud: str
    title: str
    publication: str
    """Whether and where the vendor published it, in words."""
    roles: int
    """Identities: AWS roles, GCP service accounts, Azure applications."""
    statements: int
    """What they hold: statements, granted roles, role assignments and application permissions."""
    retrieved: str
    """Latest date on which one of its documents was read, ISO 8601."""
    counted: str = ""
    """Both numbers in words."""
    same_as: str | None = None
    """The version it repeats, if it does."""


def list_baselines() -> tuple[BaselineLine, ...]:
    """Return every part of every version that ships; raises `BaselineError` if one is broken.

    Porter's come first, others serve as examples; then by name and cloud.
    """
    lines: list[BaselineLine] = []
    for spec in sorted(known(), key=lambda name: not name.startswith("porter@")):
        path = find(spec)
        lines += [_line(load_part(path, cloud), cloud) for cloud in clouds_of(path)]
        lines += [_line(load_services(path), SERVICES)] if has_services(path) else []
    return tuple(lines)


def _line(baseline: AnyBaseline | ServicesBaseline, cloud: str) -> BaselineLine:
    identities, held, words = _counts(baseline)
    return BaselineLine(
        id=baseline.id,
        cloud=cloud,
        title=baseline.title,
        publication=baseline.publication,
        roles=identities,
        statements=held,
        retrieved=max((document.retrieved for document in baseline.documents), default=""),
        counted=words,
        same_as=baseline.same_as,
    )


def _counts(baseline: AnyBaseline | ServicesBaseline) -> tuple[int, int, str]:
    match baseline:
        case AwsBaseline(roles=roles):
            held = sum(len(role.statements) for role in roles)
            return len(roles), held, f"{_count(len(roles), 'role')}, {_count(held, 'statement')}"
        case GcpBaseline(service_accounts=accounts):
            held = sum(len(account.grants) for account in accounts)
            return len(accounts), held, f"{_count(len(accounts), 'service account')}, {_count(held, 'granted role')}"
        case AzureBaseline(applications=applications):
            held = sum(len(item.role_assignments) + len(item.app_roles) for item in applications)
            return len(applications), held, f"{_count(len(applications), 'application')}, {_count(held, 'permission')}"
        case ServicesBaseline(connections=connections):
            held = sum(len(item.fields) for item in connections)
            return len(connections), held, f"{_count(len(connections), 'connection type')}, {_count(held, 'field')}"
        case _:
            assert_never(baseline)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


Form: TypeAlias = Literal["text", "json", "yaml"]


def show_baseline(spec: str, form: Form, *, cloud: str = "aws") -> str:
    """Return one cloud's part; ARNs as on the page, variables in braces.

    YAML is the whole part as a file of its own, also where the version only names another: to start one from it.
    Raises `BaselineError` if it cannot be read, `UsageError` if the version has no part for the cloud.
    """
    from scanner.baseline.show import show_json, show_text
    from scanner.baseline.show_others import show_other_json, show_other_text

    if cloud == SERVICES:
        return _show_services(spec, form)
    baseline = load_cloud(spec, cloud)
    if form == "yaml":
        return _as_yaml(baseline)
    if form == "text":
        return show_text(baseline) if isinstance(baseline, AwsBaseline) else show_other_text(baseline)
    plain = show_json(baseline) if isinstance(baseline, AwsBaseline) else show_other_json(baseline)
    return pretty_json(plain)


def _as_yaml(baseline: AnyBaseline) -> str:
    from scanner.baseline.dump import dump_aws
    from scanner.baseline.dump_others import dump_azure, dump_gcp

    match baseline:
        case AwsBaseline():
            return dump_aws(baseline)
        case GcpBaseline():
            return dump_gcp(baseline)
        case AzureBaseline():
            return dump_azure(baseline)
        case _:
            assert_never(baseline)


def _show_services(spec: str, form: Form) -> str:
    from scanner.baseline.show_services import show_services_json, show_services_text

    path = find(spec)
    if not has_services(path):
        advice = "see porter-audit baseline list"
        raise UsageError(f"`{spec[:80]}` has no part on services' own identities", advice=advice)
    baseline = load_services(path)
    if form == "yaml":
        raise UsageError("what is documented of services has no YAML form", advice="give --format json")
    return pretty_json(show_services_json(baseline)) if form == "json" else show_services_text(baseline)


def pretty_json(plain: object) -> str:
    """Return plain data as indented JSON with a final line end."""
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def load_cloud(spec: str, cloud: str) -> AnyBaseline:
    """Return one cloud's part of a version by name or path; raises as `show_baseline` does."""
    path = find(spec)
    clouds = clouds_of(path)
    if cloud not in clouds:
        held = ", ".join(clouds) or "no cloud"
        raise UsageError(
            f"`{spec[:80]}` has no part for {cloud}: it has {held}", advice="see porter-audit baseline list"
        )
    return load_part(path, cloud)


def baselines_json(lines: tuple[BaselineLine, ...]) -> str:
    """Return the list as JSON, one line."""
    return msgspec.json.encode({"baselines": lines}, order="sorted").decode() + "\n"
