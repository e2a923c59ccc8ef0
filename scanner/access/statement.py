"""AWS policy documents to statements: folded, validated, ready to compare.

A document that is not valid is refused with `PolicyError` naming document, statement and key; nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from scanner.access.clause import Clause, parse_conditions
from scanner.access.pattern import Tokens, tokenize
from scanner.access.records import NamedDocument
from scanner.errors import PolicyError
from scanner.model.common import JsonObject

_STATEMENT_KEYS = {
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition",
}  # fmt: skip
_DOCUMENT_KEYS = {"Version", "Id", "Statement"}
_VERSIONS = ("2012-10-17", "2008-10-17")
_PRINCIPAL_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}

PrincipalElement = tuple[str, str]
"""Kind (`AWS`, `Service`, `Federated`, `CanonicalUser`) and value; everyone is (`AWS`, `*`)."""


class Statement(msgspec.Struct, frozen=True):
    """One statement. Actions are lower-cased; resources, principals and values keep their case."""

    document: str
    ref: str
    """Sid, or the 0-based index within the document as text."""
    index: int
    """Position over all documents of the side."""
    allow: bool
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[Tokens, ...]
    not_resources: bool
    """With `resources` empty and this True: no Resource element, every resource."""
    principals: tuple[PrincipalElement, ...]
    not_principals: bool
    clauses: tuple[Clause, ...]
    raw: JsonObject
    printed_actions: tuple[str, ...]
    printed_resources: tuple[str, ...]


def parse_documents(documents: Sequence[NamedDocument], kind: str) -> tuple[Statement, ...]:
    """Return the statements of all documents in order. Raises `PolicyError`."""
    statements: list[Statement] = []
    for document in documents:
        statements.extend(_parse_document(document, kind, len(statements)))
    return tuple(statements)


def _parse_document(document: NamedDocument, kind: str, first: int) -> Iterable[Statement]:
    body = document.body
    if not isinstance(body, dict):
        raise PolicyError(f"policy `{document.name}`: is not an object")
    for key in body:
        if key not in _DOCUMENT_KEYS:
            raise PolicyError(f"policy `{document.name}`: unknown key `{key}`")
    version = body.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise PolicyError(f"policy `{document.name}`: Version `{version}` is neither {_VERSIONS[0]} nor {_VERSIONS[1]}")
    if "Statement" not in body:
        raise PolicyError(f"policy `{document.name}`: Statement is missing")
    raw = body["Statement"]
    for offset, statement in enumerate(raw if isinstance(raw, list) else [raw]):
        where = f"policy `{document.name}`: statement {offset}"
        if not isinstance(statement, dict):
            raise PolicyError(f"{where}: is not an object")
        if isinstance(statement.get("Sid"), str) and statement["Sid"]:
            where = f"policy `{document.name}`: statement {offset} `{statement['Sid']}`"
        yield _parse_statement(statement, document.name, where, kind, offset, first + offset, version == _VERSIONS[0])


def _parse_statement(
    raw: JsonObject, document: str, where: str, kind: str, offset: int, index: int, variables: bool
) -> Statement:
    for key in raw:
        if key not in _STATEMENT_KEYS:
            raise PolicyError(f"{where}: unknown key `{key}`")
    effect = raw.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"{where}: Effect must be Allow or Deny")
    actions, not_actions = _one_of(raw, "Action", where)
    if not actions:
        raise PolicyError(f"{where}: Action is empty")
    has_resource = "Resource" in raw or "NotResource" in raw
    if not has_resource and kind != "trust":
        raise PolicyError(f"{where}: Resource or NotResource is missing")
    resources, not_resources = _one_of(raw, "Resource", where) if has_resource else ((), True)
    if has_resource and not resources:
        # AWS takes no statement without a resource; an empty list and no element would read the same below.
        raise PolicyError(f"{where}: Resource is empty")
    principals, not_principals = _principals(raw, where, kind)
    return Statement(
        document=document,
        ref=str(raw.get("Sid") or offset),
        index=index,
        allow=effect == "Allow",
        actions=tuple(_action(a, where) for a in actions),
        not_actions=not_actions,
        resources=tuple(_resource(r, variables) for r in resources),
        not_resources=not_resources,
        principals=principals,
        not_principals=not_principals,
        clauses=parse_conditions(raw.get("Condition", {}), where, variables=variables),
        raw=raw,
        printed_actions=actions,
        printed_resources=resources,
    )


def _one_of(raw: JsonObject, name: str, where: str) -> tuple[tuple[str, ...], bool]:
    """Return the values of `name` or `Not<name>`, and whether it was the negated one; exactly one must be there."""
    negated = "Not" + name
    if (name in raw) == (negated in raw):
        raise PolicyError(f"{where}: exactly one of {name} and {negated} is needed")
    key = negated if negated in raw else name
    return strings(raw[key], f"{where}: {key}"), key == negated


def strings(value: Any, where: str) -> tuple[str, ...]:
    """Return one string or a list of strings as a tuple. Raises `PolicyError`."""
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, str):
            raise PolicyError(f"{where}: `{item!r}` is not a string")
    return tuple(items)


def _action(text: str, where: str) -> str:
    if text != "*" and ":" not in text:
        raise PolicyError(f"{where}: action `{text}` is not `service:Name`")
    return text.lower()


@lru_cache(maxsize=65_536)
def _resource(text: str, variables: bool) -> Tokens:
    return tokenize(text, variables=variables)


def _principals(raw: JsonObject, where: str, kind: str) -> tuple[tuple[PrincipalElement, ...], bool]:
    if kind == "identity":
        if "Principal" in raw or "NotPrincipal" in raw:
            raise PolicyError(f"{where}: Principal has no place in an identity policy")
        return (), False
    if ("Principal" in raw) == ("NotPrincipal" in raw):
        raise PolicyError(f"{where}: exactly one of Principal and NotPrincipal is needed")
    key = "Principal" if "Principal" in raw else "NotPrincipal"
    return principal_elements(raw[key], f"{where}: {key}"), key == "NotPrincipal"


def principal_elements(block: Any, where: str) -> tuple[PrincipalElement, ...]:
    """Return the elements of a Principal block; a root ARN becomes its account id. Raises `PolicyError`."""
    if block == "*":
        return (("AWS", "*"),)
    if not isinstance(block, dict):
        raise PolicyError(f"{where}: is neither `*` nor an object")
    elements: list[PrincipalElement] = []
    for kind, value in block.items():
        if kind not in _PRINCIPAL_KINDS:
            raise PolicyError(f"{where}: unknown kind `{kind}`")
        for text in strings(value, f"{where}: {kind}"):
            elements.append((kind, account_of_root(text) if kind == "AWS" else text))
    if not elements:
        # No provider takes such a policy, and nobody is not the same as no element: that stands for an identity's own.
        raise PolicyError(f"{where}: names nobody")
    return tuple(dict.fromkeys(elements))


def account_of_root(text: str) -> str:
    """Return the account id for `arn:...:iam::<id>:root`; any other text unchanged."""
    parts = text.split(":")
    if len(parts) == 6 and parts[0] == "arn" and parts[2] == "iam" and parts[5] == "root":
        return parts[4]
    return text
