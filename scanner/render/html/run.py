"""Who ran what, when, against which documents, as the HTML report shows it."""

from __future__ import annotations

from typing import Any

import msgspec

from scanner.model.report import Report
from scanner.render.html.values import link
from scanner.render.text import count, one_line, stamp, when
from scanner.render.words import cloud_name, delta_words, night_before, not_evaluated, other_document

_GONE_SHOWN = 20


class Fact(msgspec.Struct, frozen=True):
    """A label and what stands beside it; `time` is RFC 3339 where the text is a moment, `lines` its parts if any."""

    label: str
    text: str
    time: str = ""
    mono: bool = False
    lines: tuple[str, ...] = ()
    wide: bool = False
    """Of whole sentences: it takes the whole width."""


class Document(msgspec.Struct, frozen=True):
    """A page the documented version rests on."""

    name: str
    title: str
    url: str | None
    retrieved: str
    sha256: str
    publication: str


def scopes_line(report: Report) -> str:
    """Return every account, project and subscription that was asked for, as one line."""
    return ", ".join(_scopes(report)) or "no scope"


def _scopes(report: Report) -> tuple[str, ...]:
    return tuple(
        one_line(f"{cloud_name(s.cloud)} {s.kind} {s.id}" + (f" ({s.name})" if s.name else ""), 160)
        for s in report.scopes
    )


def facts(report: Report) -> tuple[Fact, ...]:
    """Return what stands under the verdict."""
    run = report.run
    readers = tuple(one_line(caller.principal, 200) for caller in run.callers)
    return (
        Fact("Scope", scopes_line(report), lines=_scopes(report)),
        Fact("Documented version", ", ".join(_version(report)), lines=_version(report)),
        Fact("Read as", ", ".join(readers) or "nobody: read from a file", mono=bool(readers), lines=readers),
        Fact("Read at", when(run.collected_at), time=stamp(run.collected_at)),
        Fact("Source", {"live": "live APIs", "export": "exported files", "template": "template"}[run.source.value]),
        Fact("Run", one_line(run.run_id, 60), mono=True),
        *_not_evaluated(report),
    )


def _not_evaluated(report: Report) -> tuple[Fact, ...]:
    told = not_evaluated(report)
    return (Fact("Not evaluated", "; ".join(told), lines=told, wide=True),) if told else ()


def _version(report: Report) -> tuple[str, ...]:
    """Return the documented version, and of how many documents, read when; the method names each of them."""
    name = one_line(report.run.baseline_id, 80)
    days = sorted(str(d["retrieved"]) for d in report.baseline_documents if d.get("retrieved"))
    if not report.baseline_documents:
        return (name,)
    said = count(len(report.baseline_documents), "document")
    if days:
        said += f", read {days[0]}" + (f" to {days[-1]}" if days[-1] != days[0] else "")
    return name, one_line(said, 120)


def run_facts(report: Report) -> tuple[Fact, ...]:
    """Return everything else that is known of the run."""
    run = report.run
    sdks = ", ".join(f"{name} {version}" for name, version in sorted(run.sdk_versions))
    told = (
        Fact("Started", when(run.started), time=stamp(run.started)),
        Fact("Ended", when(run.ended), time=stamp(run.ended)),
        Fact("Clock of the rules", when(run.as_of), time=stamp(run.as_of)),
        Fact("Tool", one_line(f"porter-audit {run.tool_version}, Python {run.python}", 120)),
        Fact("Libraries", one_line(sdks or "none")),
        Fact("Action catalogue", one_line(run.catalogue)),
        Fact("Digest of the documented version", one_line(run.baseline_digest, 80), mono=True),
        Fact("Digest of the rules", one_line(run.rules_digest, 80), mono=True),
        Fact("Command", one_line(" ".join(run.argv) or "called from Python", 500), mono=bool(run.argv)),
        Fact("Host", one_line(run.host or "not recorded", 120)),
        Fact("Exit code", f"{report.summary.exit_code}"),
    )
    return told + _nights(report)


class Change(msgspec.Struct, frozen=True):
    """How many results became what since the run before."""

    words: str
    tone: str


class Nights(msgspec.Struct, frozen=True):
    """What changed since the run before."""

    compared: str
    changes: tuple[Change, ...]


_TONES = {
    "new": "bad",
    "worsened": "bad",
    "reappeared": "bad",
    "waiver_expired": "bad",
    "unknown_incomplete": "open",
    "rule_changed": "open",
    "fixed": "good",
    "improved": "good",
}


def nights(report: Report) -> Nights | None:
    """Return what changed since the run before; None where nobody asked."""
    note = report.history
    if note is None:
        return None
    changes = (Change(f"{number:,} {delta_words(d)}", _TONES.get(d, "none")) for d, number in note.deltas.items())
    return Nights(night_before(note), tuple(changes))


def _nights(report: Report) -> tuple[Fact, ...]:
    """Return what changed since the run before, and what is gone; nothing where nobody asked for it."""
    note = report.history
    if note is None:
        return ()
    changes = ", ".join(f"{number} {delta_words(delta)}" for delta, number in note.deltas.items()) or "nothing"
    gone = "; ".join(one_line(f"{delta_words(g.delta)}: {g.rule_id} {g.subject}", 200) for g in note.gone[:_GONE_SHOWN])
    more = f"; and {len(note.gone) - _GONE_SHOWN} more in report.json" if len(note.gone) > _GONE_SHOWN else ""
    other = other_document(note)
    told = f"{night_before(note)}: {changes}" + (f". {other}" if other else "")
    said = (Fact("Since the run before", told),)
    return (*said, Fact("No longer listed", gone + more)) if gone else said


def document(raw: dict[str, Any]) -> Document:
    """Return a page or file that the documented version rests on."""
    def text(key: str, limit: int = 300) -> str:
        found = raw.get(key)
        return one_line(str(found), limit) if found is not None else "–"

    return Document(
        name=text("name", 80),
        title=text("title"),
        url=link(str(raw.get("url") or "")),
        retrieved=text("retrieved", 40),
        sha256=text("sha256", 80),
        publication=text("publication"),
    )
