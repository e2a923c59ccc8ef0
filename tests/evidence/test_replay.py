"""Replay: the same report from the bundle's evidence alone, under any seed, without the installation's key."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundle_nights import Nights

from scanner.app.bundle import BundlePlan, write
from scanner.app.outputs import Format
from scanner.app.replay import replay
from scanner.errors import InputError, UsageError
from scanner.evidence.canonical import canonical
from scanner.evidence.manifest import load, sums

ROOT = Path(__file__).resolve().parents[2]


def test_the_same_report_comes_again(nights: Nights) -> None:
    done = replay(nights.first)
    assert (done.equal, done.differences) == (True, ())
    assert done.findings == len(nights.outcome.report.findings)


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_on_another_machine_with_another_key_under_another_seed(copied: Nights, tmp_path: Path, seed: str) -> None:
    """A copy, read as a stranger would: no key of the installation, another home, locale and time zone."""
    (tmp_path / "other.key").write_text("00" * 32)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PORTER_"))},
        "PYTHONHASHSEED": seed,
        "HOME": str(tmp_path),
        "PORTER_AUDIT_KEY_FILE": str(tmp_path / "other.key"),
        "LC_ALL": "C",
        "TZ": "Asia/Kolkata",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "replay", str(copied.first)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("the same report: ")


def changed(bundle: Path, name: str, change: Callable[[Any], object]) -> None:
    """Change a file and make manifest and sums anew, as somebody with the bundle but without the key can."""
    value = json.loads((bundle / name).read_bytes())
    change(value)
    replaced(bundle, name, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def replaced(bundle: Path, name: str, data: bytes) -> None:
    (bundle / name).write_bytes(data)
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    for file in manifest["files"]:
        if file["path"] == name:
            manifest["counts"]["bytes"] += len(data) - file["bytes"]
            file.update(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
    made = canonical(manifest) + b"\n"
    (bundle / "manifest.json").write_bytes(made)
    (bundle / "SHA256SUMS").write_bytes(sums(load(made).files, made))


def failed(report: dict[str, Any]) -> dict[str, Any]:
    return next(f for f in report["findings"] if f["status"] == "FAIL")


def test_a_result_that_was_changed_is_named(copied: Nights) -> None:
    changed(copied.first, "report.json", lambda report: failed(report).update(status="PASS", result="PASS"))
    done = replay(copied.first)
    assert not done.equal
    assert any("PASS, now FAIL" in line for line in done.differences)


def test_a_result_that_is_the_same_and_told_otherwise_is_named_as_such(copied: Nights) -> None:
    changed(copied.first, "report.json", lambda report: failed(report).update(message="something else"))
    done = replay(copied.first)
    assert not done.equal
    assert any(line.endswith("FAIL as before, with other words, evidence or access") for line in done.differences)


def test_evidence_that_was_changed_gives_another_report(copied: Nights) -> None:
    page = "evidence/aws/111122223333/global/aws.iam.authorization_details/page-0001.json"
    changed(copied.first, page, lambda value: value["RoleDetailList"].pop(0))
    assert not replay(copied.first).equal


def test_a_report_of_other_rules_says_so(copied: Nights) -> None:
    changed(copied.first, "report.json", lambda report: report["run"].update(rules_digest="0" * 64, version="0.0.1"))
    told = replay(copied.first).differences
    assert told[0].startswith("made by porter-audit 0.0.1, judged again by ")
    assert told[1].startswith("the rules are not the same")


def test_other_controls_are_named_as_the_reason(copied: Nights) -> None:
    def without(report: dict[str, Any]) -> None:
        for finding in report["findings"]:
            finding["controls"] = []

    changed(copied.first, "report.json", without)
    replaced(copied.first, "inputs/controls.yaml", b"frameworks: {}\n")
    assert replay(copied.first).differences[0] == "the mapping to controls is not the same"


def test_a_bundle_whose_hashes_are_wrong_is_not_replayed(copied: Nights) -> None:
    (copied.first / "calls.ndjson").write_bytes(b"x")
    with pytest.raises(InputError, match=r"calls\.ndjson"):
        replay(copied.first)


def test_a_shareable_bundle_says_that_it_is_a_part(nights: Nights, tmp_path: Path) -> None:
    path = write(nights.outcome, BundlePlan(tmp_path, "shareable", (Format.JSON,), "porter@2026-08"))
    with pytest.raises(UsageError, match="evidence was withheld"):
        replay(path)
