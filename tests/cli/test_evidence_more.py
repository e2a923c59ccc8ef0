"""A bundle as an input, its review and its time stamp, as a person uses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.time_authority import authority

Porter = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "installation.key"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bundle(porter: Porter, home: Path, export: Path) -> Path:
    porter("keygen", "--out", "k")
    done = porter("scan", "aws", "--from", export, "--out", "o", "--sign-key", "k", "--quiet")
    assert done.code == 0, done.err
    (made,) = (home / "o").glob("bundle-*")
    return made


def told(folder: Path) -> dict[str, Any]:
    """What a report says that does not depend on when and how it was made."""
    report = json.loads((folder / "report.json").read_text())
    return {name: report[name] for name in ("verdict", "populations", "reviews", "excerpts", "units", "scopes")}


def test_a_bundle_is_an_input_and_gives_the_same_results(porter: Porter, home: Path, bundle: Path) -> None:
    done = porter("scan", "aws", "--from", bundle, "--out", "again", "--format", "json", "--bundle", "full")
    assert done.code == 0, done.err
    assert told(home / "again") == told(bundle)
    (second,) = (home / "again").glob("bundle-*")
    assert porter("replay", second).code == 0


def test_can_is_asked_of_a_bundle(porter: Porter, bundle: Path, export: Path) -> None:
    argv = ("can", "application", "iam:PassRole", "*", "--from")
    of_bundle, of_export = porter(*argv, bundle), porter(*argv, export)
    assert (of_bundle.code, of_bundle.out) == (of_export.code, of_export.out)
    assert of_bundle.out.startswith("NO")


def test_a_bundle_that_was_changed_is_no_input(porter: Porter, home: Path, bundle: Path) -> None:
    (page,) = (p for p in (bundle / "evidence").rglob("page-0001.json"))
    page.write_bytes(page.read_bytes().replace(b"porter", b"Porter", 1) + b" ")
    done = porter("scan", "aws", "--from", bundle)
    assert done.code == 3
    assert "page-0001.json: has " in done.err


def test_a_shareable_bundle_is_no_input(porter: Porter, home: Path, export: Path) -> None:
    porter("scan", "aws", "--from", export, "--out", "o", "--bundle", "shareable", "--quiet")
    (bundle,) = (home / "o").glob("bundle-*")
    done = porter("scan", "aws", "--from", bundle)
    assert (done.code, "is shareable: evidence was withheld from it" in done.err) == (3, True)


def test_a_bundle_takes_no_values_of_a_template(porter: Porter, bundle: Path) -> None:
    done = porter("scan", "aws", "--from", bundle, "--template-param", "A=b")
    assert (done.code, "is an evidence bundle" in done.err) == (3, True)


def test_a_run_is_reviewed_and_the_review_verified(porter: Porter, home: Path, bundle: Path) -> None:
    porter("keygen", "--out", "me")
    words = ("--reviewer", "Jo Doe", "--decision", "approved_with_exceptions", "--ticket", "SEC-17", "--comment", "ok")
    done = porter("review", bundle, "--sign-key", "me", "--key", "k.pub", *words)
    assert (done.code, len(done.out.strip())) == (0, 64)
    verified = porter("verify", bundle, "--key", "k.pub", "--review-key", "me.pub")
    assert verified.code == 0
    assert "approved with exceptions by Jo Doe" in verified.out
    assert porter("verify", bundle, "--key", "k.pub").code == 0
    assert porter("replay", bundle).code == 0
    assert porter("verify", bundle, "--key", "k.pub", "--review-key", "k.pub").code == 5
    assert porter("review", bundle, "--sign-key", "k", *words).code == 3
    (bundle / "review.dsse.json").write_text("{}")
    broken = porter("verify", bundle, "--key", "k.pub", "--review-key", "me.pub")
    assert (broken.code, "review.dsse.json: not a DSSE envelope" in broken.out) == (5, True)


def test_a_stamp_is_written_last_and_its_absence_loses_nothing(porter: Porter, home: Path, export: Path) -> None:
    argv = ("scan", "aws", "--from", export, "--bundle", "full", "--history", "h.sqlite")
    with authority(home / "authority") as tsa:
        done = porter(*argv, "--out", "o", "--tsa-url", tsa.url)
        assert done.code == 0, done.err
        (bundle,) = (home / "o").glob("bundle-*")
        assert f"wrote {Path('o') / bundle.name / 'manifest.tsr'}" in done.err
        failed = porter(*argv, "--out", "p", "--tsa-url", f"{tsa.url}/error")
    assert (failed.code, "it answered 503" in failed.err) == (4, True)
    nights = json.loads(porter("history", "show", "h.sqlite", "--format", "json").out)
    assert len(nights["nights"] if isinstance(nights, dict) else nights) == 2
    checked = porter("verify", bundle, "--hashes-only", "--tsa-cert", home / "authority" / "root.pem")
    assert (checked.code, "time stamp" in checked.out) == (0, True)
    (unstamped,) = (home / "p").glob("bundle-*")
    assert porter("verify", unstamped, "--hashes-only").code == 0


def test_nobody_is_asked_unless_somebody_says_so(porter: Porter, home: Path, export: Path) -> None:
    done = porter("scan", "aws", "--from", export, "--tsa-url", "https://tsa.example")
    assert (done.code, "`--tsa-url` is given without `--bundle`" in done.err) == (3, True)
