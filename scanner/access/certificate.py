"""Check a certificate of containment without the engine that wrote it.

A certificate lists, for every piece of live access, the statement that discharges it. For a piece discharged by one
statement this checker reads both statements from the documents themselves and confirms, by comparing texts only, that
the one includes the other. It is sound and deliberately simple: what it cannot confirm it reports, it never assumes.
Pieces discharged by search are counted, not confirmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from scanner.access.records import NamedDocument
from scanner.model.common import JsonObject


class CertificateCheck(msgspec.Struct, frozen=True):
    """What the checker found."""

    confirmed: int
    """Pieces whose discharging statement includes them, text against text."""
    searched: int
    """Pieces whose proof is a search over classes of requests; to be re-performed with the engine."""
    problems: tuple[str, ...]
    """Pieces of live access that the certificate leaves out, and claims that do not hold as written."""

    @property
    def holds(self) -> bool:
        """Return whether nothing contradicts the certificate."""
        return not self.problems


def check_certificate(
    certificate: JsonObject, live: Sequence[NamedDocument], documented: Sequence[NamedDocument]
) -> CertificateCheck:
    """Confirm a certificate of `compare` against the documents it speaks of."""
    ours, theirs = _by_name(live), _by_name(documented)
    problems: list[str] = []
    claimed: set[tuple[str, str, str, str]] = set()
    confirmed = searched = 0
    for entry in certificate["discharged"]:
        piece = entry["live"]
        resource = ", ".join(piece["resources"])
        claimed |= {(piece["document"], piece["statement"], action, resource) for action in piece["actions"]}
        where = f"{piece['document']}: {piece['statement']}: {', '.join(piece['actions'])} on {resource or 'the role'}"
        if entry["how"] not in ("covered by one statement", "denied on its own side"):
            searched += len(piece["actions"])
            continue
        side = theirs if entry["how"].startswith("covered") else ours
        objection = _objection(ours.get(_key(piece)), side.get(entry["by"][0]), piece, entry["how"])
        if objection:
            problems.append(f"{where}: {objection}")
        else:
            confirmed += len(piece["actions"])
    for name, statement in ours.items():
        for action, resource in _pieces(statement):
            document, _, ref = name.partition(": ")
            if statement["Effect"] == "Allow" and (document, ref, action, resource) not in claimed:
                problems.append(f"{name}: {action} on {resource or 'the role'}: not in the certificate")
    return CertificateCheck(confirmed, searched, tuple(problems))


def _key(piece: JsonObject) -> str:
    return f"{piece['document']}: {piece['statement']}"


def _by_name(documents: Sequence[NamedDocument]) -> dict[str, JsonObject]:
    found: dict[str, JsonObject] = {}
    for document in documents:
        raw = document.body["Statement"]
        for index, statement in enumerate(raw if isinstance(raw, list) else [raw]):
            found[f"{document.name}: {statement.get('Sid') or index}"] = statement
    return found


def _texts(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]


def _pieces(statement: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield (action, resource) as a certificate prints them."""
    actions = _texts(statement["Action"]) if "Action" in statement else [_negated(statement, "Action")]
    if "Resource" in statement:
        resources = _texts(statement["Resource"])
    else:
        resources = [_negated(statement, "Resource")] if "NotResource" in statement else [""]
    for action in actions:
        for resource in resources:
            yield action, resource


def _negated(statement: JsonObject, name: str) -> str:
    return f"Not{name}: {', '.join(_texts(statement['Not' + name]))}"


def _objection(live: JsonObject | None, other: JsonObject | None, piece: JsonObject, how: str) -> str:
    """Return why the other statement does not include the piece as written, or an empty string."""
    if live is None or other is None:
        return "names a statement that is not in the documents"
    if other["Effect"] != ("Allow" if how.startswith("covered") else "Deny"):
        return f"names a statement with effect {other['Effect']}"
    if not all(any(_names(theirs, ours) for theirs in _principals(other)) for ours in _principals(live)):
        return "the statement named is not for every principal of the live one, as written"
    for name, fold in (("Action", True), ("Resource", False)):
        for text in piece[name.lower() + "s"]:
            if not _element_includes(other, name, text, live, fold):
                return f"`{text}` is not inside {name} of the statement named, as written"
    if not set(_clauses(other)) <= set(_clauses(live)):
        return "the statement named has a condition that the live one lacks, as written"
    return ""


def _principals(statement: JsonObject) -> list[tuple[str, str]]:
    """Return (kind, identifier) of each principal; one that stands for the role's own in an identity policy."""
    if "NotPrincipal" in statement:
        return [("NotPrincipal", repr(statement["NotPrincipal"]))]
    given = statement.get("Principal", {"": ""})
    return [("AWS", "*")] if given == "*" else [(kind, text) for kind, texts in given.items() for text in _texts(texts)]


def _names(outer: tuple[str, str], inner: tuple[str, str]) -> bool:
    """Return True only if whoever `inner` stands for, `outer` does too: the same, everybody, or its whole account."""
    if outer[0] != "AWS" or outer == inner or outer[1] == "*":
        return outer == inner or outer == ("AWS", "*")
    account = re.fullmatch(r"(?:arn:aws[\w-]*:iam::)?(\d{12})(?::root)?", outer[1])
    of = re.fullmatch(r"(?:arn:aws[\w-]*:(?:iam|sts)::)?(\d{12})(?::.*)?", inner[1])
    return inner[0] == "AWS" and account is not None and of is not None and account[1] == of[1]


def _element_includes(statement: JsonObject, name: str, text: str, live: JsonObject, fold: bool) -> bool:
    if text.startswith(f"Not{name}: "):
        excluded = {_folded(t, fold) for t in _texts(live[f"Not{name}"])}
        if f"Not{name}" in statement:
            return {_folded(t, fold) for t in _texts(statement[f"Not{name}"])} <= excluded
        return name in statement and "*" in _texts(statement[name])
    if name in statement:
        return any(includes(_folded(t, fold), _folded(text, fold)) for t in _texts(statement[name]))
    return False


def _folded(text: str, fold: bool) -> str:
    return text.lower() if fold else text


def _clauses(statement: JsonObject) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            texts = (str(v).lower() if isinstance(v, bool) else str(v) for v in _texts(values))
            yield operator.lower(), key.lower(), tuple(sorted(texts))


def includes(outer: str, inner: str) -> bool:
    """Return True only if every string matched by `inner` is matched by `outer`.

    The outer pattern is read over the inner one's text: a `*` of `inner` has to fall under a `*` of `outer`. Sound;
    it misses some true inclusions (`?*` in `*?`).
    """
    row = [True] + [False] * len(inner)
    for symbol in outer:
        if symbol == "*":
            above, row = row, []
            for reached in above:
                row.append(reached or bool(row and row[-1]))
        else:
            shifted = [False]
            for i, letter in enumerate(inner):
                shifted.append(row[i] and letter != "*" and (symbol in ("?", letter)))
            row = shifted
    return row[-1]
