"""The list of a vendor's claims by number: what each says in our words, and why some are not checked by a rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from scanner.baseline.fields import Fields, shown
from scanner.baseline.yaml_text import MAX_BYTES, read_yaml
from scanner.errors import BaselineError
from scanner.resources import data_dir

FORMAT = "porter-audit/claims/v1"
FILE = "claims.yaml"
_NUMBER = re.compile(r"[1-9][0-9]*\Z")


class Claim(msgspec.Struct, frozen=True):
    """One claim that can be held against an account, or why it cannot."""

    number: int
    cloud: str
    """`aws`, `gcp`, `azure` or `files`."""
    subject: str
    claim: str
    documents: tuple[str, ...]
    """Short names of the documents that make it."""
    open: str = ""
    """Name of the planned work that will check it."""
    unchecked: str = ""
    """Why nothing checks it."""


class Claims(msgspec.Struct, frozen=True):
    """All claims of one vendor, numbered without a gap."""

    vendor: str
    works: tuple[tuple[str, str], ...]
    """Planned works by name, with what each is about."""
    claims: tuple[Claim, ...]


def shipped_claims(vendor: str = "porter") -> Claims:
    """Return the list that ships with the product. Raises `BaselineError` if it is missing or broken."""
    return load_claims(data_dir("baselines") / vendor / FILE)


def load_claims(file: Path) -> Claims:
    """Read a list of claims. Raises `BaselineError` naming claim and key."""
    where = f"claims `{shown(file.name)}`"
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise BaselineError(f"{where}: {(error.strerror or 'cannot be read').lower()}") from error
    return read_claims(read_yaml(data, where), where)


def read_claims(value: Any, where: str) -> Claims:
    """Return the records of parsed YAML; numbers run from 1 without a gap, and open work must be named above."""
    top = Fields(value, where, "format vendor works claims")
    top.choice("format", FORMAT)
    works = {name: _text(top, what) for name, what in top.pairs("works")}
    known = "cloud subject claim documents open unchecked"
    claims = tuple(_claim(name, fields, works) for name, fields in top.entries("claims", known, "claim"))
    if [claim.number for claim in claims] != list(range(1, len(claims) + 1)) or not claims:
        raise top.error("`claims` must be numbered from 1 without a gap, in order")
    return Claims(top.text("vendor"), tuple(works.items()), claims)


def _claim(name: str, fields: Fields, works: dict[str, str]) -> Claim:
    if not _NUMBER.match(name):
        raise fields.error("a claim's name is its number")
    claim = Claim(
        number=int(name),
        cloud=fields.choice("cloud", "aws gcp azure files"),
        subject=fields.text("subject"),
        claim=fields.text("claim"),
        documents=fields.texts("documents"),
        open=fields.text("open", ""),
        unchecked=fields.text("unchecked", ""),
    )
    if claim.open and claim.unchecked:
        raise fields.error("`open` and `unchecked` cannot both be given")
    if claim.open and claim.open not in works:
        raise fields.error(f"unknown work `{shown(claim.open)}`")
    return claim


def _text(top: Fields, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise top.error("`works` must map names to text")
    return value
