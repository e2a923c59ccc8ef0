"""The documented versions that ship with the product, for people and for programs."""

from __future__ import annotations

import msgspec

from scanner.baseline.load import find, known, load_aws
from scanner.baseline.records import AwsBaseline


class BaselineLine(msgspec.Struct, frozen=True):
    """One line of `baseline list`."""

    id: str
    cloud: str
    title: str
    publication: str
    """Whether and where the vendor published it, in words."""
    roles: int
    statements: int
    retrieved: str
    """Latest date on which one of its documents was read, ISO 8601."""


def list_baselines() -> tuple[BaselineLine, ...]:
    """Return every documented version that ships with the product, by name; raises `BaselineError` if one is broken."""
    return tuple(_line(load_aws(find(spec))) for spec in dict.fromkeys(known()))


def _line(baseline: AwsBaseline) -> BaselineLine:
    return BaselineLine(
        id=baseline.id,
        cloud="aws",
        title=baseline.title,
        publication=baseline.publication,
        roles=len(baseline.roles),
        statements=sum(len(role.statements) for role in baseline.roles),
        retrieved=max((document.retrieved for document in baseline.documents), default=""),
    )


def show_baseline(spec: str, *, as_json: bool) -> str:
    """Return a documented version as text or JSON; ARNs as on the page, variables in braces. Raises `BaselineError`."""
    from scanner.baseline.show import show_json, show_text

    baseline = load_aws(find(spec))
    if not as_json:
        return show_text(baseline)
    return msgspec.json.format(msgspec.json.encode(show_json(baseline)), indent=2).decode() + "\n"


def baselines_json(lines: tuple[BaselineLine, ...]) -> str:
    """Return the list as JSON, one line."""
    return msgspec.json.encode({"baselines": lines}, order="sorted").decode() + "\n"
