"""waivers.yaml: what is accepted, and every way in which it is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner.errors import InputError
from scanner.history.waiver_file import load_waivers, read_waivers
from scanner.model.waiver import WaiverKind
from scanner.resources import data_dir

from .waiver_text import ENTRY, GAP, HASH, document, entry, text

SCHEMA = json.loads((data_dir("baselines") / "schema" / "waivers.schema.json").read_text())

PIECE = {"kind": "action", "actions": ["s3:GetObject"], "resources": ["*"]}
GOOD: dict[str, dict[str, Any]] = {
    "a rule and a subject": ENTRY,
    "a gap": GAP,
    "a false positive": entry(kind="false_positive"),
    "a fingerprint": entry(match={"fingerprint": HASH, "scope": "111122223333"}),
    "several hashes": entry(ceiling={"content_hashes": [HASH, "cd" * 32]}),
    "a set of deviations": entry(ceiling={"deviations": [PIECE]}),
    "times with zones": entry(created="2026-05-01T10:00:00Z", expires="2026-05-03T10:00:00+02:00"),
    "a whole year": entry(created="2026-05-01", expires="2027-05-01"),
    "a day": entry(created="2026-05-01", expires="2026-05-01"),
}
BAD_FORM: dict[str, tuple[dict[str, Any], str]] = {
    "no id": (entry(id=None), "missing key `id`"),
    "no end": (entry(expires=None), "missing key `expires`"),
    "no ceiling": (entry(ceiling=None), "missing key `ceiling`"),
    "an empty ceiling": (entry(ceiling={}), "give `content_hash`"),
    "an unknown key": (entry(until="2026-01-01"), "unknown key `until`"),
    "an unknown kind": (entry(kind="ignore"), "must be one of `accept`, `false_positive`, `ack`"),
    "a short reason": (entry(reason="legacy"), "`reason` has 6 characters; at least 20"),
    "no ticket's address": (entry(ticket="SEC-14"), "`ticket` must be a web address"),
    "an address that runs code": (entry(ticket="javascript:alert(1)"), "`ticket` must be a web address"),
    "nothing matched": (entry(match={"scope": "1"}), "give `fingerprint`, or `rule_id` with `subject`"),
    "a rule without subject": (entry(match={"rule_id": "AWS-PERM-001"}), "give `fingerprint`, or `rule_id`"),
    "both ways to match": (
        entry(match={"fingerprint": HASH, "rule_id": "X", "subject": "y"}),
        "not both",
    ),
    "a display id for a fingerprint": (entry(match={"fingerprint": "F-0123456789ab"}), "must be 64 hex digits"),
    "a hash cut short": (entry(ceiling={"content_hash": "abcd"}), "must be 64 hex digits"),
    "a unit for a deviation": (entry(match={"unit": "x"}), "`unit` belongs to kind `ack`"),
    "a rule for a gap": (entry(GAP, match={"rule_id": "X", "subject": "y"}), "kind `ack` matches by `unit`"),
    "a hash for a gap": (entry(GAP, ceiling={"content_hash": HASH}), "bound by `statuses`"),
    "a gap that is none": (entry(GAP, ceiling={"statuses": ["complete"]}), "is not how a gap looks"),
    "statuses for a deviation": (entry(ceiling={"statuses": ["denied"]}), "`statuses` belongs to kind `ack`"),
    "an unknown piece": (entry(ceiling={"deviations": [{**PIECE, "kind": "any"}]}), "`kind` must be one of"),
    "a time without zone": (entry(expires="2026-05-03T10:00:00"), "has no time zone"),
    "no date": (entry(expires="in summer"), "must be a date or a time"),
}
BAD_SENSE: dict[str, tuple[dict[str, Any], str]] = {
    "one's own approver": (entry(approved_by=" Platform@Example.com "), "somebody else must approve"),
    "a year and a day": (entry(expires="2027-05-02"), "366 days after `created`; at most 365"),
    "an end before the start": (entry(expires="2026-04-30"), "`expires` is before `created`"),
    "a day there is not": (entry(expires="2026-06-31"), "is not a date"),
    "the end of time": (entry(created="9999-12-31", expires="9999-12-31"), "too far away"),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
def test_what_is_accepted_is_in_the_schema_too(good: dict[str, Any]) -> None:
    assert len(read_waivers(text(good), "waivers `w.yaml`")) == 1
    jsonschema.validate(document(good), SCHEMA)


@pytest.mark.parametrize(("bad", "message"), [*BAD_FORM.values(), *BAD_SENSE.values()], ids=[*BAD_FORM, *BAD_SENSE])
def test_what_is_refused_names_file_and_entry(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_waivers(text(bad), "waivers `w.yaml`")
    said = str(caught.value)
    assert said.startswith("waivers `w.yaml`: waiver ")
    assert message in said
    assert "\n" not in said


@pytest.mark.parametrize("bad", [bad for bad, _ in BAD_FORM.values()], ids=BAD_FORM)
def test_the_schema_refuses_every_wrong_form(bad: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document(bad), SCHEMA)


FILES = {
    "nothing": (b"", "no document"),
    "a list": (b"- id: x", "expected a mapping"),
    "another file": (b"schema: porter-audit/baseline/v1\nwaivers: []", "`schema` must be one of"),
    "no list": (b"schema: porter-audit/waivers/v1", "missing key `waivers`"),
    "a key twice": (b"schema: porter-audit/waivers/v1\nwaivers: []\nwaivers: []", "duplicate key"),
    "an alias": (b"schema: &a porter-audit/waivers/v1\nwaivers: [*a]", "anchors are not allowed"),
    "an object of another language": (b"schema: !!python/name:os.system x\nwaivers: []", "tags are not allowed"),
    "the same id twice": (text(ENTRY, ENTRY), "two waivers have the id `W-1`"),
    "bytes that are no text": (b"\xff\xfe\x00", "not UTF-8"),
}


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_waivers_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "waivers.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_waivers(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_waivers(tmp_path / "waivers.yaml")


def test_no_waivers_is_a_valid_file() -> None:
    assert read_waivers(text(), "w") == ()


def test_a_date_lasts_to_the_end_of_its_day_in_utc() -> None:
    (waiver,) = read_waivers(text(ENTRY), "w")
    assert waiver.kind is WaiverKind.ACCEPT
    assert waiver.created == datetime(2026, 5, 1, tzinfo=UTC)
    assert waiver.ends == datetime(2026, 7, 31, tzinfo=UTC)
    assert (waiver.expires, waiver.days) == ("2026-07-30", 90)


def test_yaml_as_people_write_it() -> None:
    page = """
schema: porter-audit/waivers/v1
waivers:
  - id: W-2026-014
    kind: accept
    match:
      rule_id: AWS-PERM-001
      subject: "arn:aws:iam::*:role/porter-manager"
    ceiling:
      deviations:
        - {kind: action, actions: [s3:GetObject], resources: ["arn:aws:s3:::logs/*"]}
    reason: Needed until the migration in summer is done.
    owner: platform@example.com
    approved_by: security@example.com
    ticket: https://tickets.example.com/SEC-14
    created: 2026-05-01
    expires: 2026-07-30
"""
    (waiver,) = read_waivers(page.encode(), "w")
    assert waiver.ceiling.deviations[0].actions == ("s3:GetObject",)
    assert waiver.match.subject == "arn:aws:iam::*:role/porter-manager"
