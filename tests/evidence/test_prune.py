"""Retention on real bundles: tombstones keep the chain whole, and none hides what somebody else did."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bundle_nights import Nights

from scanner.app.keys import new_key
from scanner.app.prune import Pruned, PruneOptions, prune
from scanner.app.replay import replay
from scanner.app.verify import verify
from scanner.errors import UsageError
from scanner.evidence.bundle import manifest_digest
from scanner.evidence.tombstone import TOMBSTONE
from scanner.evidence.verify import Verification
from scanner.history.retention import Action

# The bundles of these tests ended today: pretend that time has passed for the first, not for the second.
LONG_AGO = "2020-01-01T00:00:00.000Z"


@pytest.fixture
def aged(copied: Nights) -> Nights:
    """Two signed nights, the first of long ago; re-signed as its maker would have."""
    from scanner.app.keys import read_signer
    from scanner.evidence import manifest as m
    from scanner.evidence.signing import sign_statement

    signer = read_signer(copied.keys.private)
    previous = None
    for bundle, ended in ((copied.first, LONG_AGO), (copied.second, None)):
        made = m.load((bundle / m.MANIFEST).read_bytes())
        raw = json.loads(m.dump(made))
        raw["run"]["ended"] = ended or raw["run"]["ended"]
        raw["previous_manifest_sha256"] = previous
        data = json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        made = m.load(data)
        (bundle / m.MANIFEST).write_bytes(data)
        (bundle / m.SUMS).write_bytes(m.sums(made.files, data))
        (bundle / m.ENVELOPE).write_bytes(sign_statement(m.subjects(made.files, data), m.predicate(made), signer))
        previous = manifest_digest(bundle)
    return copied


def pruned(nights: Nights, **options: object) -> Pruned:
    given = {"keep": "13m", "apply": True, "sign_key": nights.keys.private, **options}
    return prune(PruneOptions(nights.directory, **given), now=datetime.now(UTC))  # type: ignore[arg-type]


def checked(nights: Nights, *, key: bool = True) -> tuple[Verification, ...]:
    bundles = [nights.first, nights.second]
    return verify(bundles, key=nights.keys.public if key else None, hashes_only=not key)


def steps(made: Verification) -> dict[str, bool | None]:
    return {step.name: step.passed for step in made.steps}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_chain_still_holds_after_a_bundle_was_removed(aged: Nights) -> None:
    assert all(made.passed for made in checked(aged))
    digest = manifest_digest(aged.first)
    done = pruned(aged)
    assert ([step.action for step in done.done], done.kept, done.damaged) == ([Action.REMOVE], 1, ())
    assert names(aged.first) == {TOMBSTONE}
    first, second = checked(aged)
    assert (steps(first)["tombstone"], steps(second)["chain"]) == (True, True)
    assert first.passed
    assert second.passed
    assert manifest_digest(aged.first) == digest
    assert verify([aged.second], key=aged.keys.public, previous=aged.first)[0].passed
    assert pruned(aged).done == ()


def test_digest_only_keeps_report_manifest_and_signature_and_is_not_replayable(aged: Nights) -> None:
    before = names(aged.first)
    done = pruned(aged, keep="9y", keep_evidence="13m")
    assert [step.action for step in done.done] == [Action.DROP_EVIDENCE]
    gone = before - names(aged.first)
    assert gone
    assert all(name.startswith("evidence/") for name in gone)
    assert names(aged.first) - before == {TOMBSTONE}
    first, second = checked(aged)
    assert steps(first) == dict.fromkeys(("name", "hashes", "tombstone", "signature", "counts"), True) | {"chain": None}
    assert second.passed
    with pytest.raises(UsageError, match="its raw evidence was dropped by retention"):
        replay(aged.first)
    assert [step.action for step in pruned(aged).done] == [Action.REMOVE]
    assert all(made.passed for made in checked(aged))


def test_without_apply_nothing_is_touched(aged: Nights) -> None:
    before = names(aged.directory)
    assert [step.action for step in pruned(aged, apply=False).done] == [Action.REMOVE]
    assert names(aged.directory) == before


@pytest.mark.parametrize("keep", ["13m", "9y"])
def test_a_tombstone_that_the_pinned_key_did_not_sign_hides_nothing(aged: Nights, tmp_path: Path, keep: str) -> None:
    """Somebody removes evidence, writes a tombstone, and signs it with a key of his own, or not at all."""
    other = new_key(tmp_path / "other.key")
    for key in (None, other.private):
        copy = aged
        stone = copy.first / TOMBSTONE
        stone.unlink(missing_ok=True)
        written_by_hand(copy.first, key, keep)
        assert checked(copy, key=False)[0].passed
        made = checked(copy)[0]
        assert not made.passed
        assert steps(made)["tombstone"] is False


def written_by_hand(bundle: Path, key: Path | None, keep: str) -> None:
    from scanner.app.keys import read_signer
    from scanner.evidence import tombstone
    from scanner.evidence.manifest import MANIFEST, load

    data = (bundle / MANIFEST).read_bytes()
    kind = tombstone.REMOVED if keep == "13m" else tombstone.DIGEST_ONLY
    stone = tombstone.of(load(data), data, kind=kind, written="2026-01-01T00:00:00Z", keep=keep, gone=())
    (bundle / TOMBSTONE).write_bytes(tombstone.dump(stone, read_signer(key) if key else None))


def test_a_tombstone_excuses_raw_answers_and_nothing_else(aged: Nights) -> None:
    pruned(aged, keep="9y", keep_evidence="13m")
    (aged.first / "calls.ndjson").unlink()
    (aged.first / "more.txt").write_text("planted")
    problems = [p for step in checked(aged)[0].steps for p in step.problems]
    assert any(p == "calls.ndjson: missing" for p in problems)
    assert any(p == "more.txt: not listed" for p in problems)


def test_a_tombstone_of_another_bundle_is_seen(aged: Nights) -> None:
    pruned(aged)
    stolen = (aged.first / TOMBSTONE).read_bytes()
    (aged.second / TOMBSTONE).write_bytes(stolen)
    second = checked(aged)[1]
    assert steps(second)["name"] is False


@pytest.mark.parametrize("change", ["previous_manifest_sha256", "written"])
def test_a_changed_tombstone_is_seen(aged: Nights, change: str) -> None:
    pruned(aged)
    path = aged.first / TOMBSTONE
    raw = json.loads(path.read_text())
    raw["tombstone"][change] = "0" * 64
    path.write_text(json.dumps(raw, sort_keys=True, separators=(",", ":")) + "\n")
    assert steps(checked(aged)[0])["tombstone"] is False
    path.write_text(path.read_text() + " ")
    assert not checked(aged)[0].passed


def test_a_bundle_that_was_tampered_with_gets_no_tombstone(aged: Nights) -> None:
    report = aged.first / "report.json"
    report.write_bytes(report.read_bytes().replace(b'"FAIL"', b'"PASS"', 1))
    done = pruned(aged)
    assert done.done == ()
    assert done.damaged == (f"bundle `{aged.first.name}` was left alone: report.json: its SHA-256 differs",)
    assert not (aged.first / TOMBSTONE).exists()


def test_signed_bundles_get_no_unsigned_tombstones(aged: Nights) -> None:
    with pytest.raises(UsageError, match="1 of the bundles are signed"):
        pruned(aged, sign_key=None)
    assert TOMBSTONE not in names(aged.first)


def test_a_key_that_did_not_sign_the_bundles_vouches_for_nothing(aged: Nights, tmp_path: Path) -> None:
    newer = new_key(tmp_path / "newer.key")
    done = pruned(aged, sign_key=newer.private)
    assert "the signature is not one of the given key" in done.damaged[0]
    done = pruned(aged, sign_key=newer.private, key=aged.keys.public)
    assert len(done.done) == 1


def test_a_time_to_come_is_refused(aged: Nights) -> None:
    with pytest.raises(UsageError, match="is in the future"):
        pruned(aged, as_of=datetime.now(UTC) + timedelta(days=2))


_KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from scanner.app.prune import PruneOptions, prune

event, number = sys.argv[3], int(sys.argv[4])
seen = 0
def die(name, args):
    global seen
    if name == event and "bundle-" in str(args[0]):
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
prune(PruneOptions(Path(sys.argv[1]), "13m", apply=True, sign_key=Path(sys.argv[2])), now=datetime.now(UTC))
"""


@pytest.mark.parametrize(
    ("event", "number"),
    [("os.rename", 1), ("os.rename", 2), ("os.remove", 2), ("os.remove", 5), ("os.rmdir", 1), ("os.remove", 9)],
)
def test_killed_at_any_moment_the_next_run_continues(aged: Nights, event: str, number: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(aged.directory), str(aged.keys.private), event, str(number)],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert done.returncode == -signal.SIGKILL
    first, second = checked(aged)
    assert first.passed, first.steps
    assert second.passed
    assert len(pruned(aged).done) == 1
    assert names(aged.first) == {TOMBSTONE}
    assert all(made.passed for made in checked(aged))
