"""docs/evidence.md, followed to the letter by an auditor who does not have our program."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from bundle_nights import Nights

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "evidence.md").read_text()
SECTION = PAGE[PAGE.index("## Checking a bundle without our program") : PAGE.index("## Judging the evidence again")]
STEPS = re.findall(r"\*\*(\d)\. .*?```sh\n(.*?)```", SECTION, re.DOTALL)

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs OpenSSL")


def desk(nights: Nights, tmp_path: Path) -> Path:
    """The auditor's desk: one bundle, the one before it, and the key."""
    shutil.copytree(nights.second, tmp_path / "bundle")
    shutil.copytree(nights.first, tmp_path / "previous")
    shutil.copy(nights.keys.public, tmp_path / "audit.key.pub")
    return tmp_path / "bundle"


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


def test_all_seven_steps_hold(nights: Nights, tmp_path: Path) -> None:
    said = follow(desk(nights, tmp_path))
    assert list(said) == list("1234567")
    assert said["1"] == (0, f"{nights.keys.key_id}  -\n")
    assert said["2"] == (0, "Signature Verified Successfully\n")
    assert said["3"] == (0, "signed\n")
    assert said["4"] == (0, "")
    assert said["5"] == (0, "whole\n")
    assert said["6"] == (0, "complete\n")
    digest = hashlib.sha256((nights.first / "manifest.json").read_bytes()).hexdigest()
    assert said["7"] == (0, f'"previous_manifest_sha256":"{digest}"\n{digest}  ../previous/manifest.json\n')


def test_each_step_fails_on_what_it_is_for(nights: Nights, tmp_path: Path) -> None:
    bundle = desk(nights, tmp_path)
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


def test_a_forged_envelope_fails_the_second_step(nights: Nights, tmp_path: Path) -> None:
    bundle = desk(nights, tmp_path)
    envelope = json.loads((bundle / "manifest.dsse.json").read_bytes())
    other = json.loads((nights.first / "manifest.dsse.json").read_bytes())
    envelope["signatures"] = other["signatures"]
    (bundle / "manifest.dsse.json").write_text(json.dumps(envelope, separators=(",", ":")) + "\n")
    code, text = follow(bundle)["2"]
    assert code != 0
    assert "Successfully" not in text


def test_another_key_fails_the_first_two_steps(nights: Nights, tmp_path: Path) -> None:
    from scanner.app.keys import new_key

    bundle = desk(nights, tmp_path)
    other = new_key(tmp_path / "other.key")
    shutil.copy(other.public, tmp_path / "audit.key.pub")
    said = follow(bundle)
    assert said["1"] == (0, f"{other.key_id}  -\n")
    assert said["2"][0] != 0


def test_a_changed_manifest_fails_the_third_step(nights: Nights, tmp_path: Path) -> None:
    bundle = desk(nights, tmp_path)
    manifest = bundle / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"exit_code":1', b'"exit_code":0', 1))
    assert follow(bundle)["3"] != (0, "signed\n")


def test_every_layout_row_is_in_a_bundle(nights: Nights) -> None:
    table = PAGE[PAGE.index("## What is in it") : PAGE.index("A finding's evidence in")]
    names = [
        name for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)
    ]
    found = {path.relative_to(nights.first).as_posix() for path in nights.first.rglob("*")}
    for name in names:
        shape = re.escape(name.rstrip("/")).replace("NNNN", "[0-9]{4}")
        shape = re.sub(r"<[a-z]+>", "[^/]+", shape)
        assert any(re.fullmatch(shape, path) for path in found), name
