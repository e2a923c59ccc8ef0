"""What an identity holds, as a finding remembers it: whoever accepted it is told when it changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from scanner.model.common import JsonObject, Observed
from scanner.model.inventory import AttachedPolicy, AwsRole, AwsUser, Document
from scanner.rules.external_id import statements

_SHOWN_DIGITS = 16


def held_by_role(role: AwsRole) -> JsonObject:
    """Return a role's ARN with digests of its trust and of its policies.

    For findings that compare with no document: their waiver or ratchet would else cover what comes later too.
    """
    return {"arn": role.arn, "trust": _digest(role.trust), "policies": _policies(role.policies)}


def held_by_user(user: AwsUser) -> JsonObject:
    """Return a user's ARN with its keys and digests of its policies, those of its groups among them."""
    keys = user.access_keys if isinstance(user.access_keys, tuple) else ()
    told = sorted(f"{key.key_id_tail} {key.status}" for key in keys)
    return {"arn": user.arn, "keys": told, "policies": _policies(user.policies)}


def denied_in(documents: Sequence[Document]) -> list[JsonObject]:
    """Return the Deny statements of the documents that were read, in one order and without their names.

    Excess that was accepted beside a Deny was accepted with it.
    """
    found = [
        {key: value for key, value in statement.items() if key != "Sid"}
        for document in documents
        if isinstance(document, Observed)
        for statement in statements(document.value)
        if statement.get("Effect") == "Deny"
    ]
    return sorted(found, key=lambda statement: msgspec.json.encode(statement, order="sorted"))


def _policies(policies: Sequence[AttachedPolicy]) -> JsonObject:
    """Return policies by ARN, or by name where inline; AWS changes the content of its own, which is no news here."""
    return {p.arn or p.name: "AWS's own" if p.origin == "aws-managed" else _digest(p.document) for p in policies}


def _digest(document: Document) -> str:
    if not isinstance(document, Observed):
        return "not read"
    return "sha256:" + hashlib.sha256(msgspec.json.encode(document.value, order="sorted")).hexdigest()[:_SHOWN_DIGITS]
