"""Read a page whose inventory is JSON policy documents: code blocks under headings, or one object of named policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.baseline.page.records import Line, PageInventory, PageNote, PageRole
from scanner.baseline.page.trust import EXTERNAL_ID, placeholder
from scanner.baseline.records import DocumentedStatement, DocumentedTrust, SourceRef, TrustStatement
from scanner.baseline.segment import is_known
from scanner.model.common import JsonObject

_STATEMENT = re.compile(r'["\u201c]Statement["\u201d]\s*:')
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_STRING_OR_BRACE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]')
_NOISE = re.compile(r"\A(?:policy|role|iam)[_-]|(?:[_-](?:json|tmpl|template|inline|policy|permissions|trust))+\Z")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_GENERIC = re.compile(
    r"""(?:a|aws|copy|document|example|iam|inline|json|managed|permissions?|polic(?:y|ies)|relationship|required|role
    |statement|the|trust|view)\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_PROSE_END = re.compile(r"[.:;!?)]\Z")
_ARN = re.compile(r"(?:\*|arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S+)\Z")
_ACTION = re.compile(r"(?:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)\Z")
_EXCERPT_CHARS = 60
_MAX_DEPTH = 40


class _Found(msgspec.Struct, frozen=True):
    """One policy document with its name and the line of each of its statements."""

    name: str
    line: int
    statements: tuple[tuple[int, Any], ...]


def holds_policies(text: str) -> bool:
    """Return whether the text holds something that looks like an IAM policy in JSON."""
    return _STATEMENT.search(text) is not None


def parse_policies(lines: Iterable[Line], catalogue: Catalogue, *, document: str) -> PageInventory:
    """Return one role per name; documents with principals are its trust, the others its permissions."""
    reader = _PolicyReader(catalogue, document)
    blocks: set[int] = set()
    listed = list(lines)
    for found in _documents(listed, reader.problems, blocks):
        reader.take(found)
    inventory = reader.finished()
    names = {role.name for role in inventory.roles}
    unused = tuple(
        PageNote(line.number, line.text.strip()[:_EXCERPT_CHARS], "prose that carries no policy")
        for index, line in enumerate(listed)
        if index not in blocks and line.text.strip() and role_name(line.text) not in names
    )
    return msgspec.structs.replace(inventory, unused=unused)


def _documents(lines: list[Line], problems: list[PageNote], blocks: set[int]) -> Iterator[_Found]:
    """Yield the policy documents in page order; JSON that cannot be read becomes a problem.

    The indexes of lines inside JSON are added to `blocks`.
    """
    text = "\n".join(line.text for line in lines)
    numbers = [line.number for line in lines]
    at = text.find("{")
    while at != -1:
        end = _block_end(text, at)
        block = text[at:end]
        if _STATEMENT.search(block) is None:
            at = text.find("{", end)
            continue
        line_of = _Lines(text, at, numbers)
        try:
            if _depth(block) > _MAX_DEPTH:
                raise ValueError(f"nested deeper than {_MAX_DEPTH}")
            value = json.loads(block, object_pairs_hook=_unique_pairs)
        except ValueError as error:
            problems.append(PageNote(line_of(0), _excerpt(block), f"JSON that cannot be read: {_one_line(error)}"))
        else:
            first, last = text.count("\n", 0, at), text.count("\n", 0, end)
            heading = _heading(lines, first, blocks)
            blocks.update(range(first, last + 1))
            yield from _policies(value, heading, _offsets(block), line_of)
        at = text.find("{", end)


class _Lines:
    """From an offset in a block to the line of the file."""

    def __init__(self, text: str, start: int, numbers: list[int]) -> None:
        self._text, self._start, self._numbers = text, start, numbers

    def __call__(self, offset: int) -> int:
        return self._numbers[self._text.count("\n", 0, self._start + offset)]


def _block_end(text: str, start: int) -> int:
    """Return where the brace at `start` is closed; the end of the text if it never is."""
    depth = 0
    for match in _STRING_OR_BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.end()
    return len(text)


def _depth(block: str) -> int:
    """Return how deep brackets of either kind are nested."""
    deepest = depth = 0
    for match in _STRING_OR_BRACKET.finditer(block):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match.group(), 0)
        deepest = max(deepest, depth)
    return deepest


def _offsets(block: str) -> Iterator[int]:
    """Yield where each object of the block starts, in order."""
    return (match.start() for match in _STRING_OR_BRACE.finditer(block) if match.group() == "{")


def _policies(value: Any, name: str, offsets: Iterator[int], line_of: _Lines) -> Iterator[_Found]:
    """Yield every policy document inside a value. `offsets` yields the place of the next object in document order."""
    if isinstance(value, list):
        for item in value:
            yield from _policies(item, name, offsets, line_of)
    if not isinstance(value, dict):
        return
    start = next(offsets)
    if "Statement" not in value:
        for key, item in value.items():
            yield from _policies(item, key, offsets, line_of)
        return
    statements: list[tuple[int, Any]] = []
    for key, item in value.items():
        for part in item if isinstance(item, list) else [item]:
            places = _places(part, offsets)
            if key == "Statement":
                statements.append((line_of(places[0]) if places else line_of(start), part))
    yield _Found(name, line_of(start), tuple(statements))


def _places(value: Any, offsets: Iterator[int]) -> list[int]:
    """Return where the objects of a value start, taking them from `offsets`."""
    if isinstance(value, list):
        return [place for item in value for place in _places(item, offsets)]
    if isinstance(value, dict):
        return [next(offsets), *(place for item in value.values() for place in _places(item, offsets))]
    return []


def _heading(lines: list[Line], index: int, blocks: set[int]) -> str:
    """Return the heading above a block: the nearest line that is no sentence, no JSON, and names more than a policy.

    `blocks` are the indexes of lines inside JSON.
    """
    for at in range(index - 1, -1, -1):
        text = lines[at].text.strip()
        if at in blocks or not text or _PROSE_END.search(text) or len(text) > _EXCERPT_CHARS or not _WORD.search(text):
            continue
        if not all(_GENERIC.match(word) for word in _WORD.findall(text)):
            return text
    return ""


def role_name(name: str) -> str:
    """Return the role a policy's name is about: `policy_acme_reader_inline_json` is `acme-reader`.

    Of a heading of several words, the word that looks like a name.
    """
    words = [word.strip("`'\"(),") for word in name.split()]
    named = [word for word in words if "-" in word or "_" in word] or words[-1:]
    text = named[0] if named else ""
    previous = None
    while text != previous:
        previous, text = text, _NOISE.sub("", text)
    return text.replace("_", "-")


class _PolicyReader:
    """Gathers the documents of each role."""

    def __init__(self, catalogue: Catalogue, document: str) -> None:
        self._catalogue = catalogue
        self._document = document
        self.problems: list[PageNote] = []
        self._notices: list[PageNote] = []
        self._unknown: list[PageNote] = []
        self._lines: dict[str, int] = {}
        self._permissions: dict[str, list[DocumentedStatement]] = {}
        self._trust: dict[str, list[TrustStatement]] = {}

    def take(self, found: _Found) -> None:
        """Add one document to its role."""
        name = role_name(found.name)
        if not name:
            self.problems.append(PageNote(found.line, "", "a policy without a heading or name"))
            return
        self._lines.setdefault(name, found.line)
        for line, raw in found.statements:
            if not isinstance(raw, dict):
                self._problem(line, raw, "a statement that is no object")
            elif "Principal" in raw or "NotPrincipal" in raw:
                self._take_trust(name, line, raw)
            else:
                self._take_permission(name, line, raw)

    def finished(self) -> PageInventory:
        """Return the roles; a trust policy without permissions of the same name is named, not guessed at."""
        for name in self._trust:
            if name not in self._permissions:
                reason = "a trust policy that no permissions of this name go with"
                self._notices.append(PageNote(self._lines[name], name, reason))
        self._notices += [
            PageNote(self._lines[name], name, "no trust policy of this name on the page: nobody is documented")
            for name in self._permissions
            if name not in self._trust
        ]
        roles = tuple(self._role(name) for name in self._permissions)
        if not roles:
            self.problems.append(PageNote(1, "", "the page holds no permissions policy"))
        return PageInventory(
            roles=roles,
            problems=tuple(sorted(self.problems, key=lambda note: note.line)),
            unused=(),
            unknown_actions=tuple(self._unknown),
            notices=tuple(self._notices),
        )

    def _role(self, name: str) -> PageRole:
        trust = self._trust.get(name)
        return PageRole(
            name=name,
            line=self._lines[name],
            statements=tuple(self._permissions[name]),
            trust=_documented(trust, self._lines[name], self._document) if trust else None,
        )

    def _take_permission(self, name: str, line: int, raw: JsonObject) -> None:
        unusable: list[str] = [key for key in ("NotAction", "NotResource") if key in raw]
        unusable += [] if _readable(raw.get("Condition")) else ["Condition"]
        actions, resources = _texts(raw.get("Action")), _texts(raw.get("Resource"))
        resources = [placeholder(text) for text in resources]
        bad = [text for text in actions if not _ACTION.match(text)]
        bad += [text for text in resources if not _ARN.match(text)]
        if unusable or bad or not actions or not resources:
            what = unusable[0] if unusable else bad[0] if bad else "Action" if not actions else "Resource"
            self._problem(line, what, "a statement that this format cannot hold, or that lacks a part")
            return
        self._unknown += [
            PageNote(line, action, "no catalogue publishes this action")
            for action in actions
            if action != "*" and not is_known(action, self._catalogue)
        ]
        held = self._permissions.setdefault(name, [])
        held.append(
            DocumentedStatement(
                sid=_sid(raw, [statement.sid for statement in held]),
                effect=str(raw.get("Effect", "Allow")),
                actions=tuple(dict.fromkeys(actions)),
                resources=tuple(resources),
                conditions=_conditions(raw),
                source=SourceRef(document=self._document, heading=name, row=len(held) + 1, line=line),
            )
        )

    def _take_trust(self, name: str, line: int, raw: JsonObject) -> None:
        principal = raw.get("Principal")
        block = {"AWS": ["*"]} if principal == "*" else principal
        actions = _texts(raw.get("Action"))
        if not isinstance(block, dict) or not block or not actions or not _readable(raw.get("Condition")):
            self._problem(line, raw.get("Sid", ""), "a trust statement that this format cannot hold")
            return
        held = self._trust.setdefault(name, [])
        held.append(
            TrustStatement(
                sid=_sid(raw, [statement.sid for statement in held]),
                effect=str(raw.get("Effect", "Allow")),
                principals={kind: [placeholder(text) for text in _texts(names)] for kind, names in block.items()},
                actions=tuple(actions),
                conditions=_hidden(_conditions(raw)),
                source=SourceRef(document=self._document, heading=name, line=line),
            )
        )

    def _problem(self, line: int, text: object, reason: str) -> None:
        self.problems.append(PageNote(line, str(text)[:_EXCERPT_CHARS], reason))


def _documented(statements: list[TrustStatement], line: int, document: str) -> DocumentedTrust:
    outside = any(statement.effect == "Allow" and "AWS" in statement.principals for statement in statements)
    required = any(key.lower() == EXTERNAL_ID for s in statements for block in s.conditions.values() for key in block)
    claim = "required" if required else "none-documented" if outside else "not-applicable"
    source = SourceRef(document=document, line=line)
    return DocumentedTrust(
        statements=tuple(statements),
        external_id=claim,
        external_id_reason="The printed trust policy has no condition on it." if claim == "none-documented" else "",
        external_id_source=source if claim != "not-applicable" else None,
    )


def _hidden(conditions: JsonObject) -> JsonObject:
    """Return conditions whose ExternalId is the variable: a printed one is an example, or should not be kept."""
    return {
        operator: {
            key: ["{external_id}"] if key.lower() == EXTERNAL_ID else [placeholder(value) for value in values]
            for key, values in block.items()
        }
        for operator, block in conditions.items()
    }


def _readable(condition: Any) -> bool:
    """Return whether there is no condition, or one of operators with keys."""
    return condition is None or (isinstance(condition, dict) and all(isinstance(k, dict) for k in condition.values()))


def _conditions(raw: JsonObject) -> JsonObject:
    block = raw.get("Condition") or {}
    return {operator: {key: _texts(values) for key, values in keys.items()} for operator, keys in block.items()}


def _texts(value: Any) -> list[str]:
    """Return one value or a list of them as text, as IAM compares them."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [("true" if item else "false") if isinstance(item, bool) else str(item) for item in items]


def _sid(raw: JsonObject, taken: list[str]) -> str:
    """Return the statement's Sid, or a number; one that is taken gets a number appended."""
    given = str(raw.get("Sid") or f"Statement{len(taken) + 1}")
    sid, number = given, 2
    while sid in taken:
        sid, number = f"{given}{number}", number + 1
    return sid


def _unique_pairs(pairs: list[tuple[str, Any]]) -> JsonObject:
    """Build an object; a key that stands twice would be read differently by others."""
    value: JsonObject = {}
    for key, item in pairs:
        if key in value:
            raise ValueError(f"key `{key[:_EXCERPT_CHARS]}` stands twice")
        value[key] = item
    return value


def _excerpt(text: str) -> str:
    return " ".join(text.split())[:_EXCERPT_CHARS]


def _one_line(error: ValueError) -> str:
    return " ".join(str(error).split())[:_EXCERPT_CHARS]
