"""Compare two documented versions and tell the difference in words, Markdown or JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import msgspec

from scanner.app.baselines.shipped import load_cloud, pretty_json
from scanner.app.catalogue import load_catalogue
from scanner.baseline.diff import diff
from scanner.baseline.diff_records import SCHEMA, Access, BaselineDiff, IdentityChange
from scanner.baseline.load import clouds_of, find
from scanner.errors import UsageError

_WIDTH = 110


def diff_baselines(before: str, after: str, *, cloud: str | None = None) -> tuple[BaselineDiff, ...]:
    """Return the differences of one cloud's part, or of every part that both versions have.

    Raises `BaselineError` if a part cannot be loaded, `UsageError` if there is no common part.
    """
    both = [name for name in clouds_of(find(before)) if name in clouds_of(find(after))]
    clouds = [cloud] if cloud else both
    if not clouds:
        raise UsageError(f"`{before[:80]}` and `{after[:80]}` have no part for the same cloud")
    catalogue = load_catalogue()
    return tuple(diff(load_cloud(before, name), load_cloud(after, name), catalogue) for name in clouds)


def grants_more(results: Sequence[BaselineDiff]) -> bool:
    """Return whether the newer version documents access that the older does not, or that could not be decided."""
    return any(result.grants_more for result in results)


def diff_json(results: Sequence[BaselineDiff]) -> str:
    """Return the differences as indented JSON."""
    return pretty_json({"schema": SCHEMA, "parts": msgspec.to_builtins(results)})


def diff_text(results: Sequence[BaselineDiff]) -> str:
    """Return the differences for a terminal."""
    return "".join(f"{printable(line)}\n" for result in results for line in _text(result))


def _text(result: BaselineDiff) -> Iterator[str]:
    yield f"{result.cloud}: {result.after} compared with {result.before}: {summary(result)}"
    for identity in result.identities:
        if identity.change == "unchanged":
            continue
        yield ""
        yield f"{identity.key} ({identity.change})"
        for heading, items in _sections(identity):
            yield f"  {heading}"
            for item in items:
                yield from _wrapped(item, "    - ", "      ")
    if result.facts:
        yield ""
        yield "The version as a whole"
        for fact in result.facts:
            yield from _wrapped(fact, "  - ", "    ")
    yield ""


def diff_markdown(results: Sequence[BaselineDiff]) -> str:
    """Return the differences as Markdown, for a changelog or an approval."""
    return "".join(f"{printable(line)}\n" for result in results for line in _markdown(result))


def _markdown(result: BaselineDiff) -> Iterator[str]:
    yield f"## {result.cloud}: {result.after} compared with {result.before}"
    yield ""
    yield f"{summary(result)[:1].upper()}{summary(result)[1:]}."
    for identity in result.identities:
        if identity.change == "unchanged":
            continue
        yield from ("", f"### {_code(identity.key)} ({identity.change})")
        for heading, items in _sections(identity):
            yield from ("", f"{heading}:", "")
            yield from (f"- {_escaped(item)}" for item in items)
    if result.facts:
        yield from ("", "### The version as a whole", "")
        yield from (f"- {_escaped(fact)}" for fact in result.facts)
    yield ""


def summary(result: BaselineDiff) -> str:
    """Return the whole difference in one sentence."""
    adds = sum(len(item.adds) for item in result.identities)
    takes = sum(len(item.takes) for item in result.identities)
    who = sum(len(item.who_adds) + len(item.who_takes) for item in result.identities)
    undecided = sum(len(item.undecided) for item in result.identities)
    came = sum(item.change == "added" for item in result.identities)
    gone = sum(item.change == "removed" for item in result.identities)
    parts = [
        _count(came, "identity came", "identities came"),
        _count(gone, "identity is gone", "identities are gone"),
        _count(adds, "grant added", "grants added"),
        _count(takes, "grant taken away", "grants taken away"),
        _count(who, "change of who may use them", "changes of who may use them"),
        _count(undecided, "piece not decided", "pieces not decided"),
    ]
    told = ", ".join(part for part in parts if part)
    return told or "the same access"


def _sections(identity: IdentityChange) -> Iterator[tuple[str, list[str]]]:
    """Yield (heading, items) of what changed."""
    groups: tuple[tuple[str, Sequence[Access]], ...] = (
        ("May now also", identity.adds),
        ("May no longer", identity.takes),
        ("May now also be used by", identity.who_adds),
        ("May no longer be used by", identity.who_takes),
    )
    for heading, accesses in groups:
        if accesses:
            yield heading, [_spoken(access) for access in accesses]
    if identity.undecided:
        yield "Not decided", list(identity.undecided)
    if identity.facts:
        yield "Also changed", list(identity.facts)


def _spoken(access: Access) -> str:
    statement = f" (statement {access.statement})" if access.statement else ""
    example = f"; for example {access.example}" if access.example and access.example != access.what else ""
    latent = "; no action published today matches" if access.latent else ""
    return f"{access.what}{statement}{example}{latent}"


def _wrapped(text: str, first: str, rest: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return "".join(f"\\{char}" if char in "\\`*_<>[]|#" else char for char in text)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


def printable(line: str) -> str:
    """Return a line without control characters: versions of strangers are compared too."""
    return "".join(char if char.isprintable() else "?" for char in line)
