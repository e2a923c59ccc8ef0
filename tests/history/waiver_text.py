"""Waiver files as people write them, as data to change one thing in."""

from __future__ import annotations

import copy
import json
from typing import Any

HASH = "ab" * 32

ENTRY: dict[str, Any] = {
    "id": "W-1",
    "kind": "accept",
    "match": {"rule_id": "AWS-PERM-001", "subject": "arn:aws:iam::111122223333:role/porter-manager"},
    "ceiling": {"content_hash": HASH},
    "reason": "Needed until the migration in summer is done.",
    "owner": "platform@example.com",
    "approved_by": "security@example.com",
    "ticket": "https://tickets.example.com/SEC-14",
    "created": "2026-05-01",
    "expires": "2026-07-30",
}
GAP: dict[str, Any] = {
    **ENTRY,
    "id": "W-2",
    "kind": "ack",
    "match": {"unit": "aws/111122223333/*/aws.eks.clusters"},
    "ceiling": {"statuses": ["denied"]},
}


def entry(base: dict[str, Any] = ENTRY, **changes: Any) -> dict[str, Any]:
    """Return an entry with keys replaced; None takes a key away."""
    made = copy.deepcopy({**base, **changes})
    return {key: value for key, value in made.items() if value is not None}


def document(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"schema": "porter-audit/waivers/v1", "waivers": list(entries)}


def text(*entries: dict[str, Any]) -> bytes:
    """JSON is YAML."""
    return json.dumps(document(*entries)).encode()
