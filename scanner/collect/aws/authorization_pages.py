"""Pages of GetAccountAuthorizationDetails before they are stored: policy documents decoded, entities checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import msgspec

from scanner.collect.strict_json import parse_values
from scanner.errors import InputError
from scanner.model.common import JsonObject
from scanner.model.kinds import UNREADABLE

ENTITY_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
MAX_DOCUMENT_BYTES = 1_000_000
_INLINE_LISTS = (
    ("UserDetailList", "UserPolicyList"),
    ("GroupDetailList", "GroupPolicyList"),
    ("RoleDetailList", "RolePolicyList"),
)

Slot = tuple[str, JsonObject, str]
"""Pointer into the page, the object that holds a policy document, and the key it stands under."""


def document_slots(page: JsonObject) -> Iterator[Slot]:
    """Yield every place of a page where a policy document stands; malformed parts are for normalizing to name."""
    for entities, inline in _INLINE_LISTS:
        for at, entity in _objects(page, entities, ""):
            for inner, policy in _objects(entity, inline, at):
                yield inner, policy, "PolicyDocument"
    for at, role in _objects(page, "RoleDetailList", ""):
        yield at, role, "AssumeRolePolicyDocument"
        for inner, profile in _objects(role, "InstanceProfileList", at):
            for nested, inside in _objects(profile, "Roles", inner):
                yield nested, inside, "AssumeRolePolicyDocument"
    for at, policy in _objects(page, "Policies", ""):
        for inner, version in _objects(policy, "PolicyVersionList", at):
            yield inner, version, "Document"


def _objects(holder: JsonObject, key: str, at: str) -> Iterator[tuple[str, JsonObject]]:
    items = holder.get(key)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield f"{at}/{key}/{index}", item


def decode_documents(name: str, page: JsonObject) -> None:
    """Replace each policy document that is still text by its JSON value, in place.

    Raises `InputError` (file, pointer) if one is not JSON, repeats a key, or is larger than 1 MB.
    """
    for at, holder, key in document_slots(page):
        where = f"{name}: {at}/{key}"
        value = holder.get(key)
        if isinstance(value, str):
            _check_size(where, len(value))
            holder[key] = decode_document(where, value)
        elif value is not None:
            _check_size(where, len(msgspec.json.encode(value)))


def decode_documents_or_mark(page: JsonObject) -> None:
    """Like `decode_documents` for a live answer: what cannot be decoded becomes a marker with the reason.

    One bad document must neither stop the scan nor be taken for an empty one.
    """
    for at, holder, key in document_slots(page):
        value = holder.get(key)
        if isinstance(value, str):
            try:
                holder[key] = decode_document(f"{at}/{key}", value)
            except InputError as error:
                holder[key] = {UNREADABLE: f"the policy document could not be decoded: {error}"}


def decode_document(where: str, value: str) -> Any:
    """Return the JSON value of a policy document in plain or URL-encoded text. Raises `InputError` naming `where`."""
    # The API sends documents percent-encoded; a `{` in front means somebody has decoded it already.
    text = value if value.lstrip().startswith("{") else unquote(value)
    values = parse_values(where, text.encode("utf-8", "replace"))
    if len(values) != 1 or not isinstance(values[0], dict):
        raise InputError(f"input `{where}`: is not one JSON object")
    return values[0]


def _check_size(where: str, size: int) -> None:
    if size > MAX_DOCUMENT_BYTES:
        raise InputError(f"input `{where}`: a policy document of more than {MAX_DOCUMENT_BYTES // 1_000_000} MB")


def entity_arns(page: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield (kind, ARN) of each user, group, role and managed policy of a page that has an ARN."""
    for kind in ENTITY_LISTS:
        for _, entity in _objects(page, kind, ""):
            arn = entity.get("Arn")
            if isinstance(arn, str):
                yield kind, arn


def count_entities(page: JsonObject) -> int:
    """Return how many users, groups, roles and managed policies a page holds."""
    return sum(len(page[kind]) for kind in ENTITY_LISTS if isinstance(page.get(kind), list))


def decode_policy_content(page: JsonObject) -> None:
    """Replace the content of a DescribePolicy answer of Organizations by its JSON value, in place, or by a marker."""
    policy = page.get("Policy")
    if isinstance(policy, dict) and isinstance(policy.get("Content"), str):
        try:
            policy["Content"] = decode_document("/Policy/Content", policy["Content"])
        except InputError as error:
            policy["Content"] = {UNREADABLE: f"the policy document could not be decoded: {error}"}
