"""Names that stay: canonical JSON, fingerprints and content hashes."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

FINGERPRINT_VERSION = 1


def canonical_json(value: Any) -> bytes:
    """Return JSON with sorted keys and no white space; records become objects."""
    return msgspec.json.encode(msgspec.to_builtins(value, str_keys=True), order="sorted")


def sha256_of(value: Any) -> str:
    """Return the hex digest of the canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def fingerprint(
    rule_id: str, cloud: str, scope_id: str, subject_type: str, subject_key: str, discriminator: str
) -> str:
    """Return what a finding is, whatever it says tonight: no time, name, index, message or version goes in."""
    return sha256_of(
        {
            "v": FINGERPRINT_VERSION,
            "rule_id": rule_id,
            "cloud": cloud,
            "scope_id": scope_id,
            "subject_type": subject_type,
            "subject_key": subject_key,
            "discriminator": discriminator,
        }
    )
