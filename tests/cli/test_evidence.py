"""`keygen`, `scan --bundle`, `verify` and `replay` as a person uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.history.waiver_text import entry, text
from tests.render import oscal_check, sarif_check

from .conftest import gaad, role

Porter = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::108458755588:root"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "installation.key"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o").mkdir()
    return tmp_path


def bundles(folder: Path) -> list[Path]:
    return sorted(folder.glob("bundle-*"))


def test_from_a_key_to_a_verified_chain(porter: Porter, home: Path, export: Path) -> None:
    made = porter("keygen", "--out", home / "k")
    assert (made.code, len(made.out.strip())) == (0, 64)
    for _ in range(2):
        done = porter("scan", "aws", "--from", export, "--out", home / "nights", "--sign-key", home / "k")
        assert done.code == 0
        assert any(line.startswith("wrote ") and "bundle-" in line for line in done.lines)
    verified = porter("verify", *bundles(home / "nights"), "--key", home / "k.pub")
    assert verified.code == 0
    assert "follows the bundle before" in verified.out
    replayed = porter("replay", bundles(home / "nights")[0])
    assert (replayed.code, replayed.out.startswith("the same report")) == (0, True)


def test_what_does_not_hold_ends_with_five_and_names_the_file(porter: Porter, home: Path, export: Path) -> None:
    porter("keygen", "--out", home / "k")
    porter("scan", "aws", "--from", export, "--out", home, "--bundle", "full", "--sign-key", home / "k", "--quiet")
    (bundle,) = bundles(home)
    (bundle / "findings.csv").write_bytes(b"")
    done = porter("verify", bundle, "--key", home / "k.pub")
    assert done.code == 5
    assert "findings.csv: has 0 bytes" in done.out
    assert porter("replay", bundle).code == 3


def test_a_key_is_never_written_over(porter: Porter, home: Path) -> None:
    assert porter("keygen", "--out", home / "k").code == 0
    before = (home / "k").read_bytes()
    assert porter("keygen", "--out", home / "k").code == 3
    assert (home / "k").read_bytes() == before


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("verify", "."), "is checked with the signer's public key"),
        (("verify", "nothing", "--key", "k.pub"), "bundle `nothing`: no such directory"),
        (("verify", "o", "--key", "nothing"), "key `nothing`: no such file"),
        (("verify", ".", "--key", "k.pub"), "key `k.pub` is part of bundle `.`: it proves nothing"),
        (("scan", "aws", "--from", "x", "--bundle", "full"), "a bundle has nowhere to go"),
        (("scan", "aws", "--from", "x", "--out", "o", "--sign-key", "nothing"), "key `nothing`: no such file"),
        (
            ("scan", "aws", "--out", "o", "--sign-key", "k", "--as-of", "2026-05-10T00:00:00Z"),
            "`--as-of` and `--sign-key` do not go together",
        ),
        (("replay", "nothing"), "bundle `nothing`"),
    ],
)
def test_what_cannot_be_done_is_said_before_it_is_tried(
    porter: Porter, home: Path, argv: tuple[str, ...], message: str
) -> None:
    done = porter(*argv)
    assert done.code == 3
    assert message in done.err


def test_waivers_are_an_input_of_the_replay(porter: Porter, home: Path) -> None:
    (home / "gaad.json").write_text(json.dumps(gaad(role("ops-bridge", trust=TRUST))))
    argv = ("scan", "aws", "--from", home / "gaad.json", "--as-of", "2026-05-10T00:00:00Z", "--out", home / "o")
    assert porter(*argv).code == 1
    found = json.loads((home / "o" / "report.json").read_text())["findings"]
    failed = [f for f in found if f["result"] == "FAIL"]
    entries = [
        entry(
            id=f"W-{n}",
            match={"fingerprint": f["fingerprint"]},
            ceiling={"content_hash": f["content_hash"]},
            expires="2026-06-30",
        )
        for n, f in enumerate(failed)
    ]
    (home / "w.yaml").write_bytes(text(*entries))
    waivers = ("--waivers", home / "w.yaml")
    assert porter(*argv, *waivers, "--bundle", "full", "--format", "json,sarif,oscal,junit").code == 0
    (bundle,) = bundles(home / "o")
    statuses = [f["status"] for f in json.loads((bundle / "report.json").read_text())["findings"]]
    assert statuses.count("WAIVED") == len(failed)
    assert porter("replay", bundle).code == 0
    results = json.loads((bundle / "sarif.json").read_text())["runs"][0]["results"]
    assert sum(bool(result["suppressions"]) for result in results) == len(failed)


def keeps_the_standards(folder: Path) -> None:
    """Three clouds in one report: what the small samples of the writers' own tests cannot show."""
    import jsonschema_rs

    from scanner.resources import data_dir

    names = ("report.json", "sarif.json", "oscal-ar.json")
    documents = {name: json.loads((folder / name).read_bytes()) for name in names}
    schema = json.loads((data_dir("baselines") / "schema" / "report.schema.json").read_bytes())
    assert list(jsonschema_rs.validator_for(schema).iter_errors(documents["report.json"])) == []
    assert {f["cloud"] for f in documents["report.json"]["findings"]} == {"aws", "gcp", "azure"}
    assert sarif_check.problems(documents["sarif.json"]) == []
    assert oscal_check.problems(documents["oscal-ar.json"]) == []


def live_bundle(porter: Porter, home: Path) -> Path:
    porter("keygen", "--out", home / "k")
    every = ("demo", "--cloud", "all")
    done = porter(*every, "--out", home / "o", "--quiet", "--fail-on", "none", "--sign-key", home / "k")
    assert done.code == 0
    (bundle,) = bundles(home / "o")
    return bundle


def test_the_demos_bundle_holds_and_is_judged_the_same_on_a_copy(
    porter: Porter, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live scan of three clouds: every call has an answer in the bundle; no ExternalId or credential is in a file."""
    from scanner.localcloud.demo import demo_parameters

    planted = "planted-credential-" + "4f1d"
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, planted)
    bundle = live_bundle(porter, home)
    assert porter("verify", bundle, "--key", home / "k.pub").code == 0
    secret = demo_parameters()["external_id"].encode()
    for path in (p for p in (home / "o").rglob("*") if p.is_file()):
        assert secret not in path.read_bytes(), path
        assert planted.encode() not in path.read_bytes(), path
    made_of_it = porter("report", bundle, "--format", "json,sarif,oscal", "--out", home / "again")
    assert made_of_it.code == 0, made_of_it.err
    keeps_the_standards(home / "again")
    calls = [json.loads(line) for line in (bundle / "calls.ndjson").read_text().splitlines()]
    answered = [path for path in (bundle / "evidence").rglob("page-*.json") if ".meta" not in path.name]
    assert len(answered) == sum(call["outcome"] == "complete" for call in calls)
    for path in answered:
        meta = json.loads(path.with_name(path.name.replace(".json", ".meta.json")).read_bytes())
        assert meta["call"]["unit_id"] == meta["unit_id"]
    copy = home / "elsewhere"
    bundle.rename(copy)
    for seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PORTER_AUDIT_KEY_FILE": str(home / "another.key")}
        environment["PYTHONPATH"] = str(ROOT)
        done = subprocess.run(
            [sys.executable, "-m", "scanner", "replay", str(copy)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout[:15]) == (0, "the same report"), done.stderr
