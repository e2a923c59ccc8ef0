"""From a notice to what people read: a subject and lines of marked text, in which each channel escapes each part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

import msgspec

from scanner.model.notice import Cause, Notice
from scanner.notify.text import plain

TOP = 5
"""Causes and gaps that are told; the report has all."""
_CLOUDS = {"aws": "AWS", "gcp": "GCP", "azure": "Azure"}
_UNITS = {"aws": "account", "gcp": "project", "azure": "subscription"}
_DELTA_WORDS = {
    "new": "new",
    "worsened": "worse",
    "reappeared": "back",
    "waiver_expired": "waiver over",
    "open": "open",
    "rule_changed": "judged by a changed rule",
    "improved": "better",
    "fixed": "fixed",
}


class Mark(str, Enum):
    """How a part of a line is shown."""

    PLAIN = "plain"
    STRONG = "strong"
    CODE = "code"
    """A name from the audited cloud, or of ours; shown as it is."""


class Part(msgspec.Struct, frozen=True):
    """A piece of text that a channel has to escape."""

    text: str
    mark: Mark = Mark.PLAIN


class Line(msgspec.Struct, frozen=True):
    """One line; `item`: of a list."""

    parts: tuple[Part, ...]
    item: bool = False

    @property
    def text(self) -> str:
        """Return the line without marks."""
        return ("- " if self.item else "") + "".join(part.text for part in self.parts)


class Message(msgspec.Struct, frozen=True):
    """What is sent."""

    subject: str
    """One line, without names from the cloud."""
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """Return the lines as plain text."""
        return "\n".join(line.text for line in self.lines)


def message(notice: Notice) -> Message:
    """Return the message of a notice; every part is on one line and holds nothing unseen."""
    lines = [Line((Part("As documented: ", Mark.STRONG), Part(_answer(notice))))]
    if "incomplete" in notice.events:
        lines += _gap_lines(notice)
    if "recovery" in notice.events:
        lines.append(Line((Part("Complete again: everything that is required was read."),)))
    lines += _change_lines(notice)
    if "digest" in notice.events:
        lines += _digest_lines(notice)
    if notice.where:
        lines.append(Line((Part("Report: "), Part(plain(notice.where, 500), Mark.CODE))))
    return Message(subject(notice), tuple(lines))


def subject(notice: Notice) -> str:
    """Return what it is about in a few words: counts only, no name of anybody."""
    said = []
    if "incomplete" in notice.events:
        said.append("INCOMPLETE")
    if "recovery" in notice.events:
        said.append("complete again")
    if "changes" in notice.events:
        total = sum(notice.counts.values())
        said.append(f"{_count(total, 'change')} in {_targets(notice)}")
    if "digest" in notice.events:
        said.append(f"weekly: {_targets(notice)}")
    answers = " / ".join(f"{plain(answer, 20)}" for answer in notice.as_documented)
    return f"porter-audit: {', '.join(said)} (as documented: {answers})"


def _answer(notice: Notice) -> str:
    if len(notice.as_documented) == 1 and notice.targets <= 1:
        (answer,) = notice.as_documented
        return f"{plain(answer, 20)}. {plain(notice.headline, 500)}".rstrip(". ") + "."
    said = ", ".join(f"{plain(answer, 20)} {count:,}" for answer, count in notice.as_documented.items())
    return f"{said} ({_targets(notice)})."


def _targets(notice: Notice) -> str:
    """Return `1 AWS account`, `40 AWS accounts`, `3 targets of AWS and GCP`."""
    if len(notice.clouds) == 1:
        (cloud,) = notice.clouds
        return _count(notice.targets, f"{_CLOUDS.get(cloud, plain(cloud, 20))} {_UNITS.get(cloud, 'target')}")
    names = " and ".join(_CLOUDS.get(cloud, plain(cloud, 20)) for cloud in notice.clouds)
    return _count(notice.targets, "target") + (f" of {names}" if names else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _change_lines(notice: Notice) -> Iterator[Line]:
    if "changes" not in notice.events:
        return
    said = ", ".join(f"{count:,} {_DELTA_WORDS[delta]}" for delta, count in notice.counts.items())
    lead = "Not told before: " if "open" in notice.counts else "Since the run before: "
    yield Line((Part(lead, Mark.STRONG), Part(f"{said}.")))
    for cause in notice.causes[:TOP]:
        yield msgspec.structs.replace(cause_line(cause), item=True)
    yield from _more(len(notice.causes), "cause")


def cause_line(cause: Cause) -> Line:
    """Return what a cause is, on one line."""
    return Line(tuple(_cause_parts(cause)))


def _cause_parts(cause: Cause) -> Iterator[Part]:
    yield Part(f"{_DELTA_WORDS.get(cause.delta, cause.delta)}, {plain(cause.severity, 20)}: ", Mark.STRONG)
    if cause.subject:
        yield Part(plain(cause.subject, 150), Mark.CODE)
        yield Part(" ")
    if cause.delta == "fixed":
        yield Part("now as it should be: ")
    else:
        yield Part("is not as it should be: ")
    yield Part(f"{plain(cause.title, 150)} ({plain(cause.rule_id, 40)}")
    yield Part(f", the same in {_in(cause)})" if cause.targets > 1 else f", {plain(cause.findings[0], 40)})")
    if cause.targets == 1 and cause.scopes:
        yield Part(" in ")
        yield Part(plain(cause.scopes[0], 100), Mark.CODE)


def _in(cause: Cause) -> str:
    if len(cause.clouds) == 1:
        (cloud,) = cause.clouds
        return _count(cause.targets, f"{_CLOUDS.get(cloud, plain(cloud, 20))} {_UNITS.get(cloud, 'target')}")
    return _count(cause.targets, "target")


def _gap_lines(notice: Notice) -> Iterator[Line]:
    said = f"INCOMPLETE in {len(notice.gaps):,} of {_targets(notice)}. " if notice.gaps else "INCOMPLETE. "
    rest = "What was not read or not decided is never counted as a pass."
    yield Line((Part(said, Mark.STRONG), Part(rest)))
    for gap in notice.gaps[:TOP]:
        reasons = "; ".join(plain(reason, 120) for reason in gap.reasons[:TOP])
        more = f"; and {len(gap.reasons) - TOP} more" if len(gap.reasons) > TOP else ""
        name = (Part(plain(gap.scope, 100), Mark.CODE), Part(": ")) if gap.scope else ()
        yield Line((*name, Part(f"{reasons}{more}")), item=True)
    yield from _more(len(notice.gaps), "target")


def _digest_lines(notice: Notice) -> Iterator[Line]:
    said = ", ".join(f"{count:,} {plain(severity, 20)}" for severity, count in notice.open.items()) or "none"
    yield Line((Part("Open deviations from the documents: ", Mark.STRONG), Part(f"{said}; {notice.waived:,} waived.")))
    if notice.ending:
        yield Line((Part(f"{_count(len(notice.ending), 'waiver')} near the end:"),))
        for ending in notice.ending[:TOP]:
            yield Line((Part(plain(ending.id, 80), Mark.CODE), Part(f" until {plain(ending.expires, 40)}")), item=True)
        yield from _more(len(notice.ending), "waiver")


def _more(total: int, noun: str) -> Sequence[Line]:
    if total <= TOP:
        return ()
    return (Line((Part(f"and {_count(total - TOP, f'more {noun}')}; the report has all"),), item=True),)
