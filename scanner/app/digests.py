"""Hashes of what a report was made with."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from scanner.resources import data_dir


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes in hex."""
    return hashlib.sha256(data).hexdigest()


def canonical_digest(value: Any) -> str:
    """Return the SHA-256 of a value as JSON with sorted keys; the same value gives the same hash."""
    return digest(msgspec.json.encode(value, order="sorted"))


def controls_file() -> bytes:
    """Return the mapping of rule families to controls that ships with this program."""
    return (data_dir("baselines") / "controls.yaml").read_bytes()
