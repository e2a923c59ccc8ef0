"""Redaction before anything is stored: ExternalIds become tokens that keep structure, key ids keep four characters.

A token is equal for equal values on one installation and tells nothing of the value to anybody without its key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from typing import Any

from scanner.model.common import JsonObject
from scanner.model.snapshot import ExternalIdFact

# What stays in place: wildcards, policy variables with the escapes `${*}`, `${?}` and `${$}`, and the frame of a
# variable with a default (`${key, 'default'}`); the default itself is a literal run.
_STRUCTURE = re.compile(r"(\$\{[^}']*\}|\$\{[^}',]*,\s*'|'\}|[*?])")
_ACCESS_KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{8,124}(?=[A-Z0-9]{4}\b)")
_CONDITION_KEY = "sts:externalid"
_MIN_SCRUBBED_CHARS = 6
_FREE_TEXT_KEYS = frozenset(
    {
        "Description",
        "Value",
        "ParameterValue",
        "ResolvedValue",
        "OutputValue",
        "StackStatusReason",
        "ResourceStatusReason",
    }
)
"""Fields that people write prose into and that decide nothing. Identifiers, actions and resources are never rewritten:
an account could otherwise choose an ExternalId that rewrites them."""
_DOCUMENT_KEYS = frozenset({"AssumeRolePolicyDocument", "PolicyDocument", "Document", "Content"})

Secrets = list[tuple[int, set[str]]]
"""Values to take out of free text, by length, longest first."""


class Redactor:
    """Turns raw answers into what may be stored, and remembers what may be known of each ExternalId.

    Documents and pages are rewritten in place: they are this run's own parse, and no unredacted copy may survive.
    Not safe for use by several threads; make one and call it from one.
    """

    def __init__(self, hmac_key: bytes, expected_external_id: str | None = None) -> None:
        self._key = hmac_key
        self._expected = expected_external_id
        self._facts: dict[str, ExternalIdFact] = {}
        self._whole_values: set[str] = {expected_external_id} if expected_external_id else set()
        self.count = 0
        """Values replaced so far."""

    def expected_token(self) -> str | None:
        """Return the token of the expected ExternalId, or None if none was given."""
        return None if self._expected is None else self.token(self._expected)

    def token(self, value: str) -> str:
        """Return `value` with each literal run replaced by its keyed hash; wildcards and variables stay."""
        parts = _STRUCTURE.split(value)
        return "".join(part if _STRUCTURE.fullmatch(part) else self._run(part) for part in parts if part)

    def _run(self, literal: str) -> str:
        # surrogatepass: a value that is not valid Unicode must still be hidden, not crash the hiding.
        digest = hmac.new(self._key, literal.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"xid-{digest.hexdigest()[:24]}"

    def external_id(self, value: str) -> str:
        """Return the token of an ExternalId and remember its fact."""
        token = self.token(value)
        self.count += token != value
        self._facts[token] = ExternalIdFact(
            token=token,
            equals_expected=None if self._expected is None else value == self._expected,
            wildcard=any(part in ("*", "?") for part in _STRUCTURE.split(value)),
            empty=value == "",
        )
        if token != value and not _STRUCTURE.search(value):
            self._whole_values.add(value)
        return token

    def facts(self) -> tuple[ExternalIdFact, ...]:
        """Return one fact per distinct ExternalId seen, in token order."""
        return tuple(self._facts[token] for token in sorted(self._facts))

    def document(self, node: Any, operator: str = "") -> None:
        """Replace the values of every `sts:ExternalId` key in a policy document, however deep and however spelled."""
        if isinstance(node, list):
            for item in node:
                if isinstance(item, dict | list):
                    self.document(item, operator)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key.strip().casefold() == _CONDITION_KEY:
                    node[key] = self._condition_value(value, operator)
                elif isinstance(value, dict | list):
                    self.document(value, key)

    def _condition_value(self, value: Any, operator: str) -> Any:
        """Return a condition value with its shape kept; the true or false of a Null operator is no ExternalId."""
        if isinstance(value, list):
            return [self._condition_value(item, operator) for item in value]
        if isinstance(value, dict):
            return {key: self._condition_value(item, operator) for key, item in value.items()}
        if value is None or isinstance(value, bool):
            return value
        printed = value if isinstance(value, str) else json.dumps(value)
        if _is_null_operator(operator) and printed.casefold() in ("true", "false"):
            return value
        return self.external_id(printed)

    def stack(self, page: JsonObject) -> None:
        """Replace the ExternalId parameters and outputs of a DescribeStacks page."""
        for entry in _stack_entries(page):
            if not names_external_id(str(entry.get("ParameterKey") or entry.get("OutputKey") or "")):
                continue
            for field in ("ParameterValue", "ResolvedValue", "OutputValue"):
                value = entry.get(field)
                if isinstance(value, str):
                    entry[field] = self.external_id(value)

    def access_keys(self, page: JsonObject) -> None:
        """Cut the key ids of a ListAccessKeys page to their last four characters."""
        for row in page.get("AccessKeyMetadata") or ():
            if isinstance(row, dict) and isinstance(row.get("AccessKeyId"), str):
                row["AccessKeyId"] = f"****{row['AccessKeyId'][-4:]}"
                self.count += 1

    def caller(self, page: JsonObject) -> None:
        """Take a key id out of the caller's user id: some emulators put one there."""
        if isinstance(page.get("UserId"), str):
            page["UserId"] = self._scrubbed(page["UserId"], [])

    def scrub(self, page: JsonObject) -> None:
        """Take every ExternalId seen so far, and any access key id, out of the page's free text.

        Call it after all documents of the snapshot have been seen.
        """
        self._scrub_node(page, self._secrets())

    def _secrets(self) -> Secrets:
        """Return the values to take out by length, longest first: a value that starts another must not leave its rest.

        Shorter values would cut ordinary words.
        """
        by_length: dict[int, set[str]] = {}
        for value in self._whole_values:
            if len(value) >= _MIN_SCRUBBED_CHARS:
                by_length.setdefault(len(value), set()).add(value)
        return sorted(by_length.items(), reverse=True)

    def _scrub_node(self, node: Any, secrets: Secrets) -> None:
        if isinstance(node, list):
            for item in node:
                if isinstance(item, dict | list):
                    self._scrub_node(item, secrets)
        elif isinstance(node, dict):
            # The console stores the description of an access key as a tag whose key is the key's id.
            tag = "Key" in node and "Value" in node
            for key, value in node.items():
                if isinstance(value, str):
                    if key in _FREE_TEXT_KEYS or (tag and key == "Key"):
                        node[key] = self._scrubbed(value, secrets)
                elif key not in _DOCUMENT_KEYS and isinstance(value, dict | list):
                    self._scrub_node(value, secrets)

    def message(self, text: str) -> str:
        """Return an error message without ExternalIds and key ids, at most 500 characters, on one line."""
        return " ".join(self._scrubbed(text, self._secrets()).split())[:500]

    def _scrubbed(self, text: str, secrets: Secrets) -> str:
        clean = _ACCESS_KEY_ID.sub("****", self._without(text, secrets))
        self.count += clean != text
        return clean

    def _without(self, text: str, secrets: Secrets) -> str:
        """Return the text with tokens for secrets: one pass, however many secrets there are."""
        kept: list[str] = []
        position = done = 0
        while secrets and position <= len(text) - _MIN_SCRUBBED_CHARS:
            length = next((size for size, values in secrets if text[position : position + size] in values), 0)
            if not length:
                position += 1
                continue
            kept += (text[done:position], self.token(text[position : position + length]))
            position = done = position + length
        return "".join((*kept, text[done:]))


def _is_null_operator(operator: str) -> bool:
    return operator.strip().casefold().rsplit(":", 1)[-1] == "null"


def names_external_id(key: str) -> bool:
    """Return whether a parameter or output name speaks of an ExternalId, whatever its punctuation and case."""
    return "externalid" in re.sub(r"[^a-z0-9]", "", key.casefold())


def _stack_entries(page: JsonObject) -> Iterator[JsonObject]:
    for stack in page.get("Stacks") or ():
        for field in ("Parameters", "Outputs"):
            yield from (entry for entry in stack.get(field) or () if isinstance(entry, dict))
