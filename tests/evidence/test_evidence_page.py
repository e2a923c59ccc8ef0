"""docs/evidence.md, followed to the letter by an auditor who does not have our program."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bundle_nights import Nights
from time_authority import authority

from scanner.app.keys import new_key
from scanner.app.review import ReviewOptions, review
from scanner.app.timestamp import stamp

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "evidence.md").read_text()
SECTION = PAGE[PAGE.index("## Checking a bundle without our program") : PAGE.index("## Judging the evidence again")]
STEPS = re.findall(r"\*\*(\d)\. .*?```sh\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture(autouse=True, scope="module")
def _openssl() -> None:
    if shutil.which("openssl") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("OpenSSL is needed where CI=true")
        pytest.skip("OpenSSL is not installed")



@pytest.fixture(scope="module")
def finished(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reviewed and stamped bundle with everything the auditor was given, each by its own way."""
    home = tmp_path_factory.mktemp("finished")
    shutil.copytree(nights.second, home / "bundle")
    shutil.copytree(nights.first, home / "previous")
    shutil.copy(nights.keys.public, home / "audit.key.pub")
    reviewer = new_key(home / "reviewer.key")
    options = ReviewOptions(home / "bundle", reviewer.private, "Jo Doe", "rejected", comment='{"no"} "sig":"x"')
    review(options, now=lambda: datetime(2026, 6, 1, tzinfo=UTC))
    with authority(home / "tsa") as tsa:
        stamp(home / "bundle", tsa.url)
        shutil.copy(tsa.root, home / "authority.pem")
    return home


@pytest.fixture
def desk(finished: Path, tmp_path: Path) -> Path:
    """The auditor's desk; the bundle on it."""
    shutil.copytree(finished, tmp_path / "desk")
    return tmp_path / "desk" / "bundle"


def follow(bundle: Path) -> dict[str, tuple[int, str]]:
    """Run each step in order, in a shell that finds none of our programs; number -> exit code and what is printed."""
    environment = {"PATH": os.defpath, "HOME": str(bundle.parent), "LC_ALL": "C"}
    done = {}
    for number, commands in STEPS:
        ran = subprocess.run(
            ["sh", "-c", commands], cwd=bundle, env=environment, capture_output=True, text=True, check=False
        )
        done[number] = (ran.returncode, ran.stdout + ran.stderr)
    return done


def test_all_nine_steps_hold(nights: Nights, desk: Path) -> None:
    said = follow(desk)
    assert list(said) == list("123456789")
    assert said["1"] == (0, f"{nights.keys.key_id}  -\n")
    assert said["2"] == (0, "Signature Verified Successfully\n")
    assert said["3"] == (0, "signed\n")
    assert said["4"] == (0, "")
    assert said["5"] == (0, "whole\n")
    assert said["6"] == (0, "complete\n")
    digest = hashlib.sha256((nights.first / "manifest.json").read_bytes()).hexdigest()
    assert said["7"] == (0, f'"previous_manifest_sha256":"{digest}"\n{digest}  ../previous/manifest.json\n')
    assert said["8"] == (0, 'Signature Verified Successfully\nreviewed\ntwo keys\n"decision":"rejected"\n')
    assert (said["9"][0], "Verification: OK" in said["9"][1], "Time stamp: " in said["9"][1]) == (0, True, True)


def test_without_review_and_stamp_the_first_seven_hold(desk: Path) -> None:
    (desk / "review.dsse.json").unlink()
    (desk / "manifest.tsr").unlink()
    said = follow(desk)
    assert all(said[number][0] == 0 for number in "1234567")
    assert said["6"] == (0, "complete\n")
    assert "reviewed" not in said["8"][1]
    assert "OK" not in said["9"][1]


def test_the_eighth_step_fails_on_another_night_another_key_and_one_key_for_both(desk: Path, nights: Nights) -> None:
    manifest = (desk / "manifest.json").read_bytes()
    (desk / "manifest.json").write_bytes(manifest.replace(b'"exit_code":1', b'"exit_code":0', 1))
    said = follow(desk)
    assert "reviewed\n" not in said["8"][1]
    assert "OK" not in said["9"][1]
    (desk / "manifest.json").write_bytes(manifest)
    shutil.copy(nights.keys.public, desk.parent / "reviewer.key.pub")
    said = follow(desk)
    assert "Successfully" not in said["8"][1]
    assert "two keys" not in said["8"][1]


def test_each_step_fails_on_what_it_is_for(nights: Nights, desk: Path) -> None:
    bundle = desk
    report = bundle / "report.json"
    report.write_bytes(report.read_bytes().replace(b'"FAIL"', b'"PASS"', 1))
    (bundle / "added.json").write_text("{}")
    (bundle / "link").symlink_to(report)
    sums = bundle / "SHA256SUMS"
    digest = hashlib.sha256(report.read_bytes()).hexdigest()
    sums.write_text(re.sub(r"[0-9a-f]{64}(?=  report\.json)", digest, sums.read_text()))
    said = follow(bundle)
    assert said["5"] == (0, "whole\n")  # the forger made new hashes
    assert said["4"] == (0, "not signed: report.json\n")
    assert "./link\n" in said["6"][1]
    assert "added.json" in said["6"][1]
    assert "complete" not in said["6"][1]


def test_a_forged_envelope_fails_the_second_step(nights: Nights, desk: Path) -> None:
    bundle = desk
    envelope = json.loads((bundle / "manifest.dsse.json").read_bytes())
    other = json.loads((nights.first / "manifest.dsse.json").read_bytes())
    envelope["signatures"] = other["signatures"]
    (bundle / "manifest.dsse.json").write_text(json.dumps(envelope, separators=(",", ":")) + "\n")
    code, text = follow(bundle)["2"]
    assert code != 0
    assert "Successfully" not in text


def test_another_key_fails_the_first_two_steps(nights: Nights, desk: Path) -> None:
    bundle = desk
    other = new_key(desk.parent / "other.key")
    shutil.copy(other.public, desk.parent / "audit.key.pub")
    said = follow(bundle)
    assert said["1"] == (0, f"{other.key_id}  -\n")
    assert said["2"][0] != 0


def test_a_changed_manifest_fails_the_third_step(nights: Nights, desk: Path) -> None:
    bundle = desk
    manifest = bundle / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"exit_code":1', b'"exit_code":0', 1))
    assert follow(bundle)["3"] != (0, "signed\n")


def test_every_layout_row_is_in_a_bundle(finished: Path) -> None:
    table = PAGE[PAGE.index("## What is in it") : PAGE.index("A finding's evidence in")]
    names = [
        name for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)
    ]
    bundle = finished / "bundle"
    found = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*")}
    for name in names:
        shape = re.escape(name.rstrip("/")).replace("NNNN", "[0-9]{4}")
        shape = re.sub(r"<[a-z]+>", "[^/]+", shape)
        assert any(re.fullmatch(shape, path) for path in found), name
