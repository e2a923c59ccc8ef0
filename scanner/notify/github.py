"""Issues of a repository on GitHub: one for each cause, found again by a hidden mark, changed and not doubled.

Calls: https://docs.github.com/en/rest/issues/issues. The token needs to read and write issues of one repository.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from scanner.errors import NotifyError
from scanner.model.notice import Cause, Notice
from scanner.notify.http import Sleep, refuse, send
from scanner.notify.message import Line, Mark, Message, Part, cause_line, message
from scanner.notify.text import plain

LABEL = "porter-audit"
MAX_ISSUES = 20
"""Opened or changed by one run; nobody reads more one by one, and one issue beside them says how many they are."""
_PAGE, _MAX_PAGES = 100, 20
_MARK = re.compile(r"<!-- porter-audit (finding|gaps|more) ([0-9a-f,]+) -->")
_FIXED = re.compile(r"<!-- porter-audit fixed ([0-9a-f,]+) -->")
_BARE = re.compile(r"<!-- porter-audit [a-z]+ [0-9a-f,]+ -->")
_STATES = {True: "open", False: "closed"}
_SHORT = 16
_GONE = ("fixed",)
_MARKDOWN = re.compile(r"([\\`*_\[\]|~!#>+.(){}-])")


class Issue(msgspec.Struct, frozen=True):
    """One issue as GitHub has it."""

    number: int
    title: str
    state: str
    body: str | None = None


class Repository:
    """The issues of one repository that carry our label."""

    def __init__(self, api: str, name: str, token: str, sleep: Sleep) -> None:
        self._base = f"{api.rstrip('/')}/repos/{name}/issues"
        self._token = token
        self._sleep = sleep

    def issues(self) -> list[Issue]:
        """Return all issues with our label, open and closed."""
        found: list[Issue] = []
        for page in range(1, _MAX_PAGES + 1):
            raw = self._call("GET", f"{self._base}?labels={LABEL}&state=all&per_page={_PAGE}&page={page}", None)
            try:
                part = msgspec.convert(raw, list[Issue])
            except msgspec.ValidationError as error:
                raise NotifyError("GitHub: the answer is not a list of issues") from error
            found += part
            if len(part) < _PAGE:
                break
        return found

    def create(self, title: str, body: str) -> None:
        """Open an issue."""
        self._call("POST", self._base, {"title": title, "body": body, "labels": [LABEL]})

    def change(self, number: int, fields: Mapping[str, str]) -> None:
        """Change an issue."""
        self._call("PATCH", f"{self._base}/{number}", dict(fields))

    def comment(self, number: int, body: str) -> None:
        """Add a comment."""
        self._call("POST", f"{self._base}/{number}/comments", {"body": body})

    def _call(self, method: str, url: str, fields: dict[str, Any] | None) -> Any:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "porter-audit",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = json.dumps(fields, sort_keys=True).encode() if fields is not None else None
        if data is not None:
            headers["Content-Type"] = "application/json"
        answer = send(method, url, data, headers, what="GitHub", sleep=self._sleep)
        refuse(answer, "GitHub")
        try:
            return msgspec.json.decode(answer.body)
        except msgspec.DecodeError as error:
            raise NotifyError("GitHub: the answer is not JSON") from error


class Wanted(msgspec.Struct, frozen=True):
    """An issue as it should be."""

    kind: str
    marks: frozenset[str]
    """Short fingerprints; an issue that shares one of them is this one."""
    title: str
    body: str
    news: str
    """What is added as a comment where the issue is there already."""
    open: bool


class _Known:
    """An issue that is there, and which deviations it stands for; some of them may be fixed while others are not."""

    def __init__(self, issue: Issue) -> None:
        body = issue.body or ""
        found, fixed = _MARK.search(body), _FIXED.search(body)
        self.issue = issue
        self.kind = found.group(1) if found else ""
        self.marks = frozenset(found.group(2).split(",")) if found else frozenset()
        self.fixed = frozenset(fixed.group(1).split(",")) if fixed else frozenset()

    def meets(self, want: Wanted) -> bool:
        """Return whether this is the issue that is wanted."""
        return self.kind == want.kind and bool(self.marks & want.marks)

    def after(self, want: Wanted) -> Issue:
        """Return the issue as it is to be: closed only when nothing that it stands for is left."""
        if want.kind != "finding":
            return Issue(self.issue.number, want.title, _STATES[want.open], want.body if want.open else self.issue.body)
        marks = self.marks | want.marks if want.open else self.marks
        fixed = self.fixed - want.marks if want.open else (self.fixed | want.marks) & marks
        text = _BARE.sub("", want.body if want.open else self.issue.body or "").rstrip()
        body = "\n\n".join([text, _mark("finding", sorted(marks)), *([_mark("fixed", sorted(fixed))] if fixed else [])])
        title = want.title if want.open else self.issue.title
        return Issue(self.issue.number, title, _STATES[bool(marks - fixed)], body)


def tell(repository: Repository, notice: Notice) -> tuple[int, int]:
    """Open, change, close and open again what a notice asks for; returns how many were opened and changed."""
    wanted = wanted_issues(notice)
    known = [_Known(issue) for issue in repository.issues()] if wanted else []
    opened = changed = 0
    for want in wanted:
        places = [place for place, one in enumerate(known) if one.meets(want)]
        if not places and want.open:
            repository.create(want.title, want.body)
            opened += 1
        # What opens has one issue; what is fixed may be in several.
        for place in places[:1] if want.open else places:
            changed += _change(repository, known, place, want)
    return opened, changed


def _change(repository: Repository, known: list[_Known], place: int, want: Wanted) -> bool:
    """Bring one issue to what it is to be, and return whether it was not yet."""
    now, after = known[place].issue, known[place].after(want)
    if now.state != "open" and not want.open:
        return False  # somebody closed it by hand
    fields = {"state": after.state} if after.state != now.state else {}
    if (now.body or "").replace("\r\n", "\n") != after.body:
        fields |= {"title": after.title, "body": after.body or ""}
    if not fields:
        return False
    repository.change(now.number, fields)
    repository.comment(now.number, want.news)
    known[place] = _Known(after)
    return True


def wanted_issues(notice: Notice) -> list[Wanted]:
    """Return the issues of a notice: one for each deviation from the documents, one for what was not read."""
    made = []
    if "changes" in notice.events:
        told = [cause for cause in notice.causes if cause.axis != "posture"]
        there = [cause for cause in told if cause.delta not in _GONE]
        made += [_of_cause(cause, notice) for cause in there[:MAX_ISSUES]]
        made += [_of_more(notice, len(there) - MAX_ISSUES)] if len(there) > MAX_ISSUES else []
        made += [_of_cause(cause, notice) for cause in told if cause.delta in _GONE]
    if "incomplete" in notice.events or "recovery" in notice.events:
        made.append(_of_gaps(notice))
    return made


def _of_cause(cause: Cause, notice: Notice) -> Wanted:
    short = sorted({fingerprint[:_SHORT] for fingerprint in cause.fingerprints})
    line = cause_line(cause)
    name = f" {plain(cause.subject, 80)}" if cause.subject else ""
    where = "" if not cause.scopes else "In: " + ", ".join(_code(scope) for scope in cause.scopes[:50])
    more = f" and {len(cause.scopes) - 50} more" if len(cause.scopes) > 50 else ""
    lines = [_line(line), where + more, "Findings: " + ", ".join(_code(name) for name in cause.findings[:50])]
    return Wanted(
        kind="finding",
        marks=frozenset(short),
        title=_title(f"{cause.rule_id}:{name} {cause.title}"),
        body="\n\n".join([part for part in lines if part] + [_mark("finding", short)]),
        news=f"{_line(line)}\n\nRun of {notice.as_of:%Y-%m-%d %H:%M} UTC.",
        open=cause.delta not in _GONE,
    )


def _of_more(notice: Notice, number: int) -> Wanted:
    """Return the issue that stands for the causes that have none: they are told once, here or nowhere."""
    mark = notice.key[:_SHORT]
    body = _body(message(msgspec.structs.replace(notice, events=("changes",))))
    return Wanted(
        kind="more",
        marks=frozenset({mark}),
        title=_title(f"{number} more causes in the report of {notice.as_of:%Y-%m-%d %H:%M} UTC"),
        body=f"{body}\n\n{_mark('more', [mark])}",
        news=body,
        open=True,
    )


def _of_gaps(notice: Notice) -> Wanted:
    mark = notice.place
    told = message(msgspec.structs.replace(notice, events=tuple(e for e in notice.events if e != "changes")))
    body = _body(told)
    return Wanted(
        kind="gaps",
        marks=frozenset({mark}),
        title=_title("A scan could not read everything"),
        body=f"{body}\n\n{_mark('gaps', [mark])}",
        news=body,
        open="incomplete" in notice.events,
    )


def _title(text: str) -> str:
    return plain(f"porter-audit: {text}", 240).replace("@", "(at)")


def _mark(kind: str, hashes: Sequence[str]) -> str:
    """Return the comment by which the issue is found again; no text of the cloud can look like it, `<` is escaped."""
    return f"<!-- porter-audit {kind} {','.join(hashes)} -->"


def _body(told: Message) -> str:
    return "\n\n".join(_line(line) for line in told.lines)


def _line(line: Line) -> str:
    return ("- " if line.item else "") + "".join(_part(part) for part in line.parts)


def _part(part: Part) -> str:
    match part.mark:
        case Mark.CODE:
            return _code(part.text)
        case Mark.STRONG:
            return f"**{escaped(part.text.strip())}**{' ' if part.text.endswith(' ') else ''}"
        case Mark.PLAIN:
            return escaped(part.text)


def _code(text: str) -> str:
    """Return text as code: nothing in it is format, link, mention or HTML, if it holds no backtick."""
    return f"`{plain(text).replace('`', chr(0x2BC))}`"


def escaped(text: str) -> str:
    """Return text that GitHub shows as it is: no format, link, mention, reference to an issue or HTML."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    safe = _MARKDOWN.sub(r"\\\1", safe)
    return safe.replace("@", "&#64;").replace("://", "&#58;//").replace("www.", "www&#46;")
