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
"""Of one run; more are one cause that nobody would read one by one, and the summary says so."""
_PAGE, _MAX_PAGES = 100, 20
_MARK = re.compile(r"<!-- porter-audit ([a-z]+) ([0-9a-f,]+) -->")
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


def tell(repository: Repository, notice: Notice) -> tuple[int, int]:
    """Open, change, close and open again what a notice asks for; returns how many were opened and changed."""
    wanted = wanted_issues(notice)
    known = [(issue, *_marks(issue)) for issue in repository.issues()] if wanted else []
    opened = changed = 0
    for want in wanted:
        issue = next((i for i, kind, marks in known if kind == want.kind and marks & want.marks), None)
        if issue is None:
            if want.open:
                repository.create(want.title, want.body)
                opened += 1
        elif _differs(issue, want):
            repository.change(issue.number, _fields(issue, want))
            repository.comment(issue.number, want.news)
            changed += 1
    return opened, changed


def _differs(issue: Issue, want: Wanted) -> bool:
    is_open = issue.state == "open"
    if not want.open:
        return is_open
    return not is_open or (issue.body or "").replace("\r\n", "\n") != want.body


def _fields(issue: Issue, want: Wanted) -> dict[str, str]:
    if not want.open:
        return {"state": "closed"}
    return {"title": want.title, "body": want.body, **({"state": "open"} if issue.state != "open" else {})}


def _marks(issue: Issue) -> tuple[str, frozenset[str]]:
    found = _MARK.search(issue.body or "")
    return (found.group(1), frozenset(found.group(2).split(","))) if found else ("", frozenset())


def wanted_issues(notice: Notice) -> list[Wanted]:
    """Return the issues of a notice: one for each deviation from the documents, one for what was not read."""
    made = []
    if "changes" in notice.events:
        told = [cause for cause in notice.causes if cause.axis != "posture"]
        made += [_of_cause(cause, notice) for cause in told[:MAX_ISSUES]]
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
