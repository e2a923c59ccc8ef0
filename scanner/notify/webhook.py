"""A notice for machines: JSON, signed with a secret that both sides know."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime

import msgspec

from scanner.model.notice import Notice

SIGNATURE_HEADER = "X-Porter-Audit-Signature-256"
TIME_HEADER = "X-Porter-Audit-Timestamp"
KEY_HEADER = "X-Porter-Audit-Key"
"""The same for a message that is sent again."""


def webhook_body(notice: Notice) -> bytes:
    """Return the notice as canonical JSON (`porter-audit/notice/v1`)."""
    plain = msgspec.to_builtins(notice)
    return json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def notice_schema() -> bytes:
    """Return the JSON Schema (2020-12) of `webhook_body`'s output, as it is shipped."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:porter-audit:schema:notice:v1",
        "title": "porter-audit notice, version 1",
    }
    return json.dumps({**head, **msgspec.json.schema(Notice)}, sort_keys=True, indent=2).encode() + b"\n"


def signed_headers(body: bytes, secret: str, key: str, now: datetime) -> dict[str, str]:
    """Return the headers by which a receiver knows the sender, and an old message.

    The signature is HMAC-SHA256 over the timestamp, a dot and the body.
    """
    stamp = str(int(now.timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {SIGNATURE_HEADER: f"sha256={mac}", TIME_HEADER: stamp, KEY_HEADER: key}
