"""The tamper matrix: whatever is done to a bundle, `verify` fails and names it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundle_nights import Nights

from scanner.app.keys import new_key, read_public_key, read_signer
from scanner.app.verify import exit_code, lines, verify
from scanner.errors import UsageError
from scanner.evidence.canonical import canonical
from scanner.evidence.manifest import load, subjects, sums
from scanner.evidence.signing import pre_authentication, signer_from_pem
from scanner.evidence.verify import Verification, verify_bundle


def checked(nights: Nights, bundle: Path | None = None) -> Verification:
    return verify_bundle(bundle or nights.first, key=read_public_key(nights.keys.public))


def problems(made: Verification) -> list[str]:
    assert not made.passed
    return [problem for step in made.steps for problem in step.problems]


def all_files(bundle: Path) -> list[str]:
    return sorted(path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file())


def test_an_untouched_bundle_passes_every_step(nights: Nights) -> None:
    (first, second) = verify([nights.second, nights.first], key=nights.keys.public)
    assert [step.passed for step in first.steps] == [True, True, True, None, True]
    assert [step.passed for step in second.steps] == [True] * 5
    assert exit_code((first, second)) == 0


def test_a_flipped_byte_in_any_file_is_found_and_named(copied: Nights) -> None:
    for name in all_files(copied.first):
        path = copied.first / name
        whole = path.read_bytes()
        for position in sorted({0, len(whole) // 2, len(whole) - 1} if whole else {0}):
            touched = bytearray(whole or b"x")
            touched[position] ^= 0x20
            path.write_bytes(touched)
            told = problems(checked(copied))
            assert any(problem.startswith(f"{name}:") for problem in told), (name, position, told)
        path.write_bytes(whole)
    assert checked(copied).passed


def test_a_dropped_file_is_found_and_named(copied: Nights) -> None:
    for name in all_files(copied.first):
        path = copied.first / name
        whole = path.read_bytes()
        path.unlink()
        assert any(problem.startswith(f"{name}:") for problem in problems(checked(copied))), name
        path.write_bytes(whole)
    assert checked(copied).passed


@pytest.mark.parametrize(
    "name", ["extra.txt", "evidence/aws/new.json", "inputs/.hidden", "a/review.dsse.json", "review-1.dsse.json"]
)
def test_an_added_file_is_found_and_named(copied: Nights, name: str) -> None:
    (copied.first / name).parent.mkdir(exist_ok=True)
    (copied.first / name).write_text("x")
    assert problems(checked(copied)) == [f"{name}: not listed"]


def test_two_runs_that_were_swapped_are_found(copied: Nights) -> None:
    aside = copied.directory / "aside"
    copied.first.rename(aside)
    copied.second.rename(copied.first)
    aside.rename(copied.second)
    assert problems(checked(copied))[0].startswith("manifest.json: is of run ")
    assert exit_code(verify([copied.first, copied.second], key=copied.keys.public)) == 5


@pytest.mark.parametrize("name", ["report.json", "manifest.json", "manifest.dsse.json", "SHA256SUMS"])
def test_a_file_of_another_run_is_found_and_named(copied: Nights, name: str) -> None:
    shutil.copy(copied.second / name, copied.first / name)
    told = problems(checked(copied))
    expected = "manifest" if name == "manifest.json" else name
    assert any(problem.startswith(expected) for problem in told), told


def test_another_key_is_not_enough(nights: Nights, tmp_path: Path) -> None:
    other = new_key(tmp_path / "other.key")
    made = verify_bundle(nights.first, key=read_public_key(other.public))
    assert problems(made) == ["manifest.dsse.json: the signature is not one of the given key over this payload"]


def resigned(bundle: Path, private: Path, **more: Any) -> None:
    """Sign what is there as an attacker with a key of his own would."""
    data = (bundle / "manifest.json").read_bytes()
    payload = base64.b64decode(json.loads((bundle / "manifest.dsse.json").read_bytes())["payload"])
    statement = json.loads(payload)
    said = subjects(load(data).files, data)
    statement["subject"] = [{"name": n, "digest": {"sha256": d}} for n, d in sorted(said.items())]
    payload = canonical(statement)
    kind = more.get("payloadType", "application/vnd.in-toto+json")
    signer = signer_from_pem(private.read_bytes(), "test")
    signature = base64.b64encode(signer.sign(pre_authentication(kind, payload))).decode()
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": kind,
        "signatures": [{"keyid": signer.key_id, "sig": signature}],
        **more,
    }
    (bundle / "manifest.dsse.json").write_bytes(canonical(envelope) + b"\n")


def test_a_key_in_the_envelope_is_not_trusted(copied: Nights, tmp_path: Path) -> None:
    attacker = new_key(tmp_path / "attacker.key")
    resigned(copied.first, attacker.private, publicKey=attacker.public.read_text())
    assert problems(checked(copied))[0].startswith("manifest.dsse.json: not a DSSE envelope")


def test_a_key_in_the_bundle_is_not_taken(copied: Nights, tmp_path: Path) -> None:
    attacker = new_key(tmp_path / "attacker.key")
    resigned(copied.first, attacker.private)
    shutil.copy(attacker.public, copied.first / "signer.pub")
    with pytest.raises(UsageError, match="it proves nothing"):
        verify([copied.first], key=copied.first / "signer.pub")
    (copied.directory / "link.pub").symlink_to(copied.first / "signer.pub")
    with pytest.raises(UsageError, match="it proves nothing"):
        verify([copied.first], key=copied.directory / "link.pub")


def test_a_changed_payload_type_is_refused_even_with_the_right_key(copied: Nights) -> None:
    resigned(copied.first, copied.keys.private, payloadType="application/json")
    assert problems(checked(copied)) == ["manifest.dsse.json: the payload type is not that of an in-toto statement"]


def test_a_manifest_that_was_made_anew_is_not_what_was_signed(copied: Nights) -> None:
    """All hashes agree with each other; only the signature tells."""
    manifest = json.loads((copied.first / "manifest.json").read_bytes())
    report = (copied.first / "summary.md").read_bytes() + b"\nAll is well.\n"
    (copied.first / "summary.md").write_bytes(report)
    for file in manifest["files"]:
        if file["path"] == "summary.md":
            manifest["counts"]["bytes"] += len(report) - file["bytes"]
            file.update(sha256=hashlib.sha256(report).hexdigest(), bytes=len(report))
    data = canonical(manifest) + b"\n"
    (copied.first / "manifest.json").write_bytes(data)
    (copied.first / "SHA256SUMS").write_bytes(sums(load(data).files, data))
    assert problems(checked(copied))[0] == "manifest.json: is not the one that was signed"
    assert verify_bundle(copied.first, key=None).passed


def test_an_unsigned_bundle_does_not_pass_with_a_key(copied: Nights) -> None:
    (copied.first / "manifest.dsse.json").unlink()
    assert problems(checked(copied)) == ["manifest.dsse.json: missing"]
    (made,) = verify([copied.first], key=None, hashes_only=True)
    assert made.passed
    assert any("nothing is known of who made this bundle" in line for line in lines(made))


def test_without_a_key_nothing_is_checked(nights: Nights, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="public key"):
        verify([nights.first], key=None)
    with pytest.raises(UsageError, match="public key"):
        verify([nights.first], key=nights.keys.public, hashes_only=True)
    with pytest.raises(UsageError, match="no such directory"):
        verify([tmp_path / "nothing"], key=nights.keys.public)


def test_a_removed_night_shows_as_a_break(nights: Nights, copied: Nights) -> None:
    shutil.copytree(copied.second, copied.directory / "bundle-zzz")
    (made,) = verify([copied.second], key=copied.keys.public, previous=copied.second)
    assert problems(made)[0].startswith("manifest.json: names ")
    (made,) = verify([copied.second], key=copied.keys.public, previous=copied.first)
    assert made.passed


def test_a_link_in_place_of_a_file_is_refused(copied: Nights) -> None:
    path = copied.first / "report.json"
    path.rename(copied.directory / "report.json")
    path.symlink_to(copied.directory / "report.json")
    assert problems(checked(copied)) == ["manifest.json: `report.json` is a link or a special file"]


def test_a_linked_directory_and_a_pipe_are_refused(copied: Nights) -> None:
    (copied.first / "inputs").rename(copied.directory / "inputs")
    (copied.first / "inputs").symlink_to(copied.directory / "inputs")
    assert "is a link" in problems(checked(copied))[0]
    (copied.first / "inputs").unlink()
    os.mkfifo(copied.first / "inputs")
    assert "special file" in problems(checked(copied))[0]


def test_an_unfinished_bundle_is_refused(copied: Nights) -> None:
    copied.first.rename(copied.directory / f"{copied.first.name}.partial")
    told = problems(checked(copied, copied.directory / f"{copied.first.name}.partial"))
    assert told == ["manifest.json: the bundle was never finished: its name ends in .partial"]


def rewrite(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    change(manifest)
    (bundle / "manifest.json").write_bytes(canonical(manifest) + b"\n")


HOSTILE: dict[str, Callable[[dict[str, Any]], object]] = {
    "a path that leaves": lambda m: m["files"][0].update(path="../../etc/passwd"),
    "an absolute path": lambda m: m["files"][0].update(path="/etc/passwd"),
    "a path with a line break": lambda m: m["files"][0].update(path="a\nb"),
    "a path with a backslash": lambda m: m["files"][0].update(path="a\\b"),
    "itself": lambda m: m["files"][0].update(path="manifest.json"),
    "a file twice": lambda m: m["files"].insert(0, m["files"][0]),
    "another order": lambda m: m["files"].reverse(),
    "a file larger than any": lambda m: m["files"][0].update(bytes=10**12),
    "a negative size": lambda m: m["files"][0].update(bytes=-1),
    "more than fits": lambda m: [f.update(bytes=2_000_000_000) for f in m["files"]],
    "an unknown field": lambda m: m.update(key="k"),
    "another schema": lambda m: m.update(schema="porter-audit/manifest/v9"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_manifest_is_refused_before_anything_is_read(
    copied: Nights, change: Callable[[dict[str, Any]], object]
) -> None:
    rewrite(copied.first, change)
    told = problems(checked(copied))
    assert len(told) == 1
    assert told[0].startswith("manifest.json: ")


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"schema": "x"}'])
def test_what_is_no_manifest_is_refused(copied: Nights, data: bytes) -> None:
    (copied.first / "manifest.json").write_bytes(data)
    assert problems(checked(copied))[0].startswith("manifest.json: ")


def test_files_that_contradict_each_other_are_found(copied: Nights) -> None:
    """Hashes are right; the verdict in the manifest is not the report's."""

    def better(manifest: dict[str, Any]) -> None:
        manifest["run"]["as_documented"] = "yes" if manifest["run"]["as_documented"] != "yes" else "no"
        manifest["counts"]["findings"] += 1

    rewrite(copied.first, better)
    data = (copied.first / "manifest.json").read_bytes()
    (copied.first / "SHA256SUMS").write_bytes(sums(load(data).files, data))
    told = problems(verify_bundle(copied.first, key=None))
    assert told[0] == "report.json: has another verdict than the manifest"
    assert told[1].startswith("report.json: has ")


def test_names_are_printed_harmless(copied: Nights) -> None:
    (copied.first / "a\x1b[31m\nb").write_text("x")
    told = [line for line in lines(checked(copied)) if "not listed" in line]
    assert told == ["          a?[31m?b: not listed"]


def test_a_key_that_everybody_may_read_does_not_sign(tmp_path: Path) -> None:
    made = new_key(tmp_path / "k")
    assert made.private.stat().st_mode & 0o777 == 0o600
    made.private.chmod(0o644)
    with pytest.raises(UsageError, match="everybody on this machine"):
        read_signer(made.private)
    with pytest.raises(UsageError, match="is there already"):
        new_key(tmp_path / "k")
