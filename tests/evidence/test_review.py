"""Reviews: a second signature by a second person; what is done to one, or to what it is about, shows."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bundle_nights import Nights

from scanner.app.keys import KeyPair, new_key, read_signer
from scanner.app.review import Reviewed, ReviewOptions, review
from scanner.app.verify import exit_code, lines, verify
from scanner.errors import InputError, UsageError
from scanner.evidence.manifest import is_later, is_review
from scanner.evidence.review import Review, review_name, sign_review, target_of
from scanner.evidence.verify import Verification

WHEN = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def person(tmp_path: Path) -> KeyPair:
    return new_key(tmp_path / "reviewer.key")


def signed(target: Path, person: KeyPair, **more: Any) -> Reviewed:
    fields: dict[str, Any] = {"reviewer": "Jo Doe <jo@example.com>", "decision": "approved", **more}
    return review(ReviewOptions(target=target, sign_key=person.private, **fields), now=lambda: WHEN)


def checked(nights: Nights, *reviewers: KeyPair, hashes_only: bool = False) -> Verification:
    key = None if hashes_only else nights.keys.public
    keys = tuple(person.public for person in reviewers)
    (made,) = verify([nights.first], key=key, hashes_only=hashes_only, review_keys=keys)
    return made


def problems(made: Verification) -> list[str]:
    assert not made.passed
    assert exit_code([made]) == 5
    return [problem for step in made.steps for problem in step.problems]


def test_a_review_stands_beside_the_manifest_and_holds(copied: Nights, person: KeyPair) -> None:
    before = (copied.first / "manifest.json").read_bytes()
    made = signed(copied.first, person, tickets=("SEC-17",), key=copied.keys.public)
    assert (made.path, made.key_id, made.signature_checked) == (copied.first / "review.dsse.json", person.key_id, True)
    assert (copied.first / "manifest.json").read_bytes() == before
    step = checked(copied, person).steps[-1]
    assert (step.name, step.passed) == ("review", True)
    assert "approved by Jo Doe <jo@example.com>, 2026-06-01T09:30:00.000Z (SEC-17)" in step.detail


def test_without_the_reviewers_key_a_review_is_told_of_and_not_believed(copied: Nights, person: KeyPair) -> None:
    signed(copied.first, person)
    made = checked(copied)
    assert made.passed
    assert any("review" in line and "not checked, give --review-key" in line for line in lines(made))


def test_several_people_review_one_run(copied: Nights, person: KeyPair, tmp_path: Path) -> None:
    second = new_key(tmp_path / "second.key")
    assert signed(copied.first, person).path.name == "review.dsse.json"
    no = signed(copied.first, second, decision="rejected", comment="porter-manager is wider than agreed")
    assert no.path.name == "review-2.dsse.json"
    step = checked(copied, person, second).steps[-1]
    assert step.passed
    assert "REJECTED by" in step.detail
    assert problems(checked(copied, person)) == [
        "review-2.dsse.json: the signature is not one of a given reviewer's key"
    ]


def test_a_key_whose_owner_reviewed_nothing_is_named(copied: Nights, person: KeyPair, tmp_path: Path) -> None:
    assert problems(checked(copied, person)) == [f"review.dsse.json: none by key {person.key_id[:16]}"]
    signed(copied.first, person)
    other = new_key(tmp_path / "other.key")
    assert problems(checked(copied, person, other)) == [f"review.dsse.json: none by key {other.key_id[:16]}"]


def test_the_key_that_signs_bundles_is_nobodys_word(copied: Nights) -> None:
    with pytest.raises(UsageError, match="signed the bundle itself"):
        signed(copied.first, copied.keys)
    target = target_of(copied.first)
    word = Review("run", "Jo", "approved", "2026-06-01T09:30:00.000Z")
    forged = sign_review(word, target.subjects, read_signer(copied.keys.private))
    (copied.first / "review.dsse.json").write_bytes(forged)
    assert "two keys are needed" in problems(checked(copied, copied.keys))[0]
    assert "two keys are needed" in problems(checked(copied, copied.keys, hashes_only=True))[0]


def test_a_flipped_byte_in_a_review_is_found_with_and_without_a_key(copied: Nights, person: KeyPair) -> None:
    path = signed(copied.first, person).path
    whole = path.read_bytes()
    for position in (0, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        touched = bytearray(whole)
        touched[position] ^= 0x20
        path.write_bytes(touched)
        assert problems(checked(copied, person))[0].startswith("review.dsse.json: "), position
    path.write_bytes(b"{}")
    assert problems(checked(copied))[0].startswith("review.dsse.json: not a DSSE envelope")


def test_a_review_of_another_night_is_found_without_a_key(copied: Nights, person: KeyPair) -> None:
    shutil.copy(signed(copied.second, person).path, copied.first / "review.dsse.json")
    told = ["review.dsse.json: is a review of something else, or of what this was before it was changed"]
    assert problems(checked(copied)) == told
    assert problems(checked(copied, person)) == told


def test_the_scanners_own_envelope_is_no_review(copied: Nights) -> None:
    shutil.copy(copied.first / "manifest.dsse.json", copied.first / "review.dsse.json")
    assert problems(checked(copied))[0].startswith("review.dsse.json: not a review")


def test_a_review_is_no_signature_of_a_bundle(copied: Nights, person: KeyPair) -> None:
    shutil.copy(signed(copied.first, person).path, copied.first / "manifest.dsse.json")
    (made,) = verify([copied.first], key=person.public)
    assert "manifest.dsse.json: is over another manifest" in problems(made)


def test_a_link_in_place_of_a_review_is_refused(copied: Nights, person: KeyPair) -> None:
    path = signed(copied.first, person).path
    path.rename(copied.directory / "elsewhere")
    path.symlink_to(copied.directory / "elsewhere")
    assert problems(checked(copied, person))[0] == "manifest.json: `review.dsse.json` is a link or a special file"


def test_what_does_not_hold_is_not_reviewed(copied: Nights, person: KeyPair, tmp_path: Path) -> None:
    stranger = new_key(tmp_path / "stranger.key")
    with pytest.raises(InputError, match="not one of the given key"):
        signed(copied.first, person, key=stranger.public)
    (copied.first / "findings.csv").write_bytes(b"")
    with pytest.raises(InputError, match=r"findings\.csv: has 0 bytes"):
        signed(copied.first, person)
    assert not (copied.first / "review.dsse.json").exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reviewer": " "}, "a review needs a reviewer"),
        ({"reviewer": "Jo\x1b[2J"}, "`--reviewer` is longer than 200 characters, or not plain text"),
        ({"reviewer": "\udcff"}, "`--reviewer` is longer"),
        ({"comment": "x" * 10_001}, "`--comment` is longer than 10,000"),
        ({"tickets": ("a\nb",)}, "`--ticket` is longer"),
        ({"tickets": ("T",) * 51}, "more than 50 tickets"),
        ({"decision": "rejected"}, "decision `rejected` needs a reason"),
        ({"decision": "approved_with_exceptions"}, "decision `approved_with_exceptions` needs a reason"),
    ],
)
def test_what_cannot_be_said_is_refused(
    nights: Nights, person: KeyPair, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        signed(nights.first, person, **fields)
    assert str(caught.value).startswith(message)


def test_a_period_report_is_reviewed_as_a_file(person: KeyPair, tmp_path: Path) -> None:
    report = tmp_path / "period 2026-05.html"
    report.write_text("<p>May")
    assert signed(report, person).path.name == "period 2026-05.html.review.dsse.json"
    (made,) = verify([report], key=None, review_keys=(person.public,))
    assert made.passed
    report.write_text("<p>June")
    (made,) = verify([report], key=None, review_keys=(person.public,))
    assert "is a review of something else" in problems(made)[0]
    with pytest.raises(UsageError, match="public key"):
        verify([report], key=None)
    with pytest.raises(UsageError, match="has nothing to check"):
        signed(report, person, key=person.public)


def test_a_roll_up_is_reviewed_as_a_directory(person: KeyPair, tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    (folder / "a").mkdir(parents=True)
    (folder / "index.html").write_text("<p>all")
    (folder / "a" / "report.json").write_text("{}")
    assert signed(folder, person).path == folder / "review.dsse.json"
    assert signed(folder, person).path == folder / "review-2.dsse.json"

    def holds() -> bool:
        (made,) = verify([folder], key=None, review_keys=(person.public,))
        return made.passed

    assert holds()
    (folder / "a" / "more.json").write_text("{}")
    assert not holds()
    (folder / "a" / "more.json").unlink()
    (folder / "a" / "report.json").write_text("[]")
    assert not holds()
    (folder / "a" / "report.json").unlink()
    assert not holds()
    (folder / "a" / "report.json").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="is a link"):
        holds()


def test_a_review_says_what_it_is_about_in_a_form_others_read(copied: Nights, person: KeyPair) -> None:
    import base64

    envelope = json.loads(signed(copied.first, person, comment="Seen in the weekly meeting.\nOK.").path.read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["predicateType"] == "urn:porter-audit:predicate:review:v1"
    assert [subject["name"] for subject in statement["subject"]] == ["manifest.json"]
    assert statement["predicate"] == {
        "kind": "run",
        "reviewer": "Jo Doe <jo@example.com>",
        "decision": "approved",
        "reviewed_at": "2026-06-01T09:30:00.000Z",
        "tickets": [],
        "comment": "Seen in the weekly meeting.\nOK.",
        "run_id": copied.first.name.removeprefix("bundle-"),
    }


def test_names_of_reviews_are_few() -> None:
    assert [review_name(n) for n in (1, 2, 999)] == ["review.dsse.json", "review-2.dsse.json", "review-999.dsse.json"]
    assert all(is_review(review_name(n)) for n in (1, 2, 10, 999))
    others = ("review-1.dsse.json", "review-02.dsse.json", "review-1000.dsse.json", "a/review.dsse.json", "x")
    assert not any(is_later(name) for name in (*others, "review.dsse.json\n", "xreview.dsse.json"))
