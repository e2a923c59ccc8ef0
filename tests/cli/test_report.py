"""`porter-audit report` as a person uses it: any format again, and a binder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.app.bundle import BundlePlan, write
from scanner.app.outputs import Format
from scanner.app.scan import ScanOptions, scan
from scanner.render.pdf import find_chromium
from tests.history.waiver_text import entry, text

from .conftest import gaad, role

Porter = Callable[..., Any]
Bundles = dict[str, Path]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::108458755588:root"}, "Action": "sts:AssumeRole"}
    ],
}
FORMATS = "json,html,sarif,ocsf,oscal,csv,csv-excel,junit,markdown"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "installation.key"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    """A full and a shareable bundle of one small account, in every format."""
    home = tmp_path_factory.mktemp("bundles")
    (home / "gaad.json").write_text(json.dumps(gaad(role("porter-manager", trust=TRUST), role("ops-bridge"))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTER_AUDIT_KEY_FILE", str(home / "installation.key"))
        outcome = scan(ScanOptions(baseline="porter@2026-05", source=home / "gaad.json"))
        formats = tuple(Format(name) for name in FORMATS.split(","))
        made = {}
        for profile in ("full", "shareable"):
            (home / profile).mkdir()
            made[profile] = write(outcome, BundlePlan(home / profile, profile, formats, "porter@2026-05"))
    return made


def test_every_format_is_made_again_byte_by_byte(porter: Porter, home: Path, bundles: Bundles) -> None:
    bundle = bundles["full"]
    done = porter("report", bundle, "--format", FORMATS, "--out", "again")
    assert done.code == 0, done.err
    made = sorted(path.name for path in (home / "again").iterdir())
    assert len(made) == 13
    for name in made:
        assert (home / "again" / name).read_bytes() == (bundle / name).read_bytes(), name


def test_waivers_and_earlier_nights_come_back(porter: Porter, home: Path) -> None:
    (home / "gaad.json").write_text(json.dumps(gaad(role("porter-manager", trust=TRUST), role("ops", trust=TRUST))))
    scan_ = ("scan", "aws", "--from", "gaad.json", "--fail-on", "none", "--format", "json,html,sarif,junit", "--quiet")
    first = porter(*scan_, "--as-of", "2026-05-10T00:00:00Z", "--history", "h.sqlite", "--out", "one")
    assert first.code == 0, first.err
    found = json.loads((home / "one" / "report.json").read_text())["findings"]
    failed = next(f for f in found if f["result"] == "FAIL")
    accepted = entry(
        match={"fingerprint": failed["fingerprint"]},
        ceiling={"content_hash": failed["content_hash"]},
        expires="2026-06-30",
    )
    (home / "w.yaml").write_bytes(text(accepted))
    (home / "gaad.json").write_text(json.dumps(gaad(role("porter-manager", trust=TRUST))))
    night = ("--as-of", "2026-05-11T00:00:00Z", "--history", "h.sqlite", "--waivers", "w.yaml")
    assert porter(*scan_, *night, "--out", "two").code == 0
    made = json.loads((home / "two" / "report.json").read_text())
    assert made["waivers"]
    assert made["history"]["gone"]
    assert porter("report", "two", "--format", "json,html,sarif,junit", "--out", "again", "--quiet").code == 0
    for path in (home / "two").iterdir():
        assert (home / "again" / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("what", ["report.json", "."])
def test_a_report_without_a_bundle_is_enough(porter: Porter, home: Path, bundles: Bundles, what: str) -> None:
    bundle = bundles["full"]
    shutil.copytree(bundle, home / "copy", ignore=shutil.ignore_patterns("manifest.json"))
    done = porter("report", home / "copy" / what, "--format", "sarif", "--out", "-")
    assert (done.code, done.out.encode()) == (0, (bundle / "sarif.json").read_bytes())


def test_the_terminal_is_what_nobody_asked_otherwise(porter: Porter, home: Path, bundles: Bundles) -> None:
    done = porter("report", bundles["shareable"])
    assert done.code == 0
    assert "As documented:" in done.out


def test_oscal_names_the_version_that_was_asked_for(porter: Porter, home: Path, bundles: Bundles) -> None:
    bundle = bundles["full"]
    done = porter("report", bundle, "--format", "oscal", "--out", "-", "--oscal-version", "1.2.1")
    assert json.loads(done.out)["assessment-results"]["metadata"]["oscal-version"] == "1.2.1"
    porter("report", bundle, "--format", "oscal,json", "--out", "p", "--oscal-version", "1.2.1")
    assert (home / "p" / "oscal-ar.json").read_text() == done.out
    assert (home / "p" / "report.json").read_bytes() == (bundle / "report.json").read_bytes()


def test_what_was_changed_is_not_rendered(porter: Porter, home: Path, bundles: Bundles) -> None:
    bundle = home / bundles["full"].name
    shutil.copytree(bundles["full"], bundle)
    report = (bundle / "report.json").read_text()
    (bundle / "report.json").write_text(report.replace("porter-manager", "porter-managed", 1))
    done = porter("report", bundle, "--out", "again")
    assert (done.code, "report.json: " in done.err) == (3, True)
    document = json.loads(report)
    document["findings"][0]["collected_at"] = "2020-01-01T00:00:00.000Z"
    (home / "r.json").write_text(json.dumps(document))
    done = porter("report", "r.json")
    assert (done.code, "what this version makes of it is not the same" in done.err) == (3, True)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("nothing",), "report `nothing`: no such file"),
        (("gaad.json",), "report `gaad.json`: not a report.json of this version"),
        (("o", "--format", "binder"), "a binder has nowhere to go"),
        (("o", "--format", "binder", "--out", "-"), "a binder has nowhere to go"),
        (("o", "--format", "binders", "--out", "x"), "format `binders` is unknown"),
        (("o", "--format", "binder", "--out", "x", "--framework", "pci"), "framework `pci` is unknown"),
        (("o", "--format", "binder", "--out", "x", "--seed", ""), "`--seed` is not 1 to 200 characters"),
        (("o", "--format", "binder", "--out", "x"), "a binder needs the raw answers"),
        (("o", "--format", "binder", "--out", "x", "--sample", "0"), "--sample"),
    ],
)
def test_what_cannot_be_made_is_said(
    porter: Porter, home: Path, bundles: Bundles, argv: tuple[str, ...], message: str
) -> None:
    (home / "o").mkdir()
    shutil.copy(bundles["full"] / "report.json", home / "o" / "report.json")
    (home / "gaad.json").write_text("{}")
    done = porter("report", *argv)
    assert (done.code, message in done.err) == (3, True), done.err


def binder_of(porter: Porter, home: Path, bundle: Path, out: str = "b", *more: str) -> Path:
    done = porter("report", bundle, "--format", "binder", "--out", out, *more)
    assert (done.code, done.out) == (0, ""), done.err
    (made,) = (home / out).glob("binder-*")
    return made


@pytest.mark.usefixtures("no_browser")
def test_a_binder_is_whole_and_its_answers_are_the_bundles(porter: Porter, home: Path, bundles: Bundles) -> None:
    bundle = bundles["full"]
    binder = binder_of(porter, home, bundle)
    assert binder.name == f"binder-soc2-{bundle.name.removeprefix('bundle-')}"
    listed = {f["path"]: f["sha256"] for f in json.loads((bundle / "manifest.json").read_text())["files"]}
    sums = dict(reversed(line.split("  ", 1)) for line in (binder / "SHA256SUMS").read_text().splitlines())
    files = {path.relative_to(binder).as_posix(): path for path in binder.rglob("*") if path.is_file()}
    assert set(files) - {"SHA256SUMS"} == set(sums)
    for name, path in files.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert sums.get(name, digest) == digest, name
        if name.startswith("evidence/"):
            assert listed[name] == digest
        assert path.stat().st_mode & 0o777 == 0o600, name
    assert any(name.startswith("evidence/") for name in files)
    assert (binder / "bundle" / "manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
    assert not any(name.endswith(".pdf") for name in files)
    covers = [name for name in files if name.endswith("/cover.html")]
    assert len(covers) == len({name.rpartition("/")[0] for name in covers}) > 3


@pytest.mark.usefixtures("no_browser")
def test_a_binder_is_the_same_again_and_another_seed_draws_anew(porter: Porter, home: Path, bundles: Bundles) -> None:
    bundle = bundles["full"]
    few = ("--framework", "cis-aws", "--sample", "1")
    first, again = (binder_of(porter, home, bundle, out, *few) for out in ("b", "c"))
    sums = (first / "SHA256SUMS").read_bytes()
    assert sums == (again / "SHA256SUMS").read_bytes()
    other = binder_of(porter, home, bundle, "d", *few, "--seed", "another")
    assert sums != (other / "SHA256SUMS").read_bytes()
    assert "another" in (other / "index.html").read_text()


FEW = ("--framework", "cis-aws")


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("no_browser")
def test_a_binder_is_made_again_in_its_place_as_it_was_left(porter: Porter, home: Path, bundles: Bundles) -> None:
    """A second run, one after an interruption at any point, and one with another seed; what lies beside it stays."""
    bundle = bundles["full"]
    made = binder_of(porter, home, bundle, "b", *FEW)
    first = files_below(made)
    (home / "b" / "notes.txt").write_text("mine")
    (home / "b" / "binder-of-others").mkdir()
    partial, replaced = (made.with_name(made.name + end) for end in (".partial", ".replaced"))
    for left in ((), (partial,), (partial, replaced), (replaced,)):
        if replaced in left:
            made.rename(replaced)
        if partial in left:
            partial.mkdir()
            (partial / "index.html").write_text("half")
        done = porter("report", bundle, "--format", "binder", "--out", "b", *FEW)
        assert (done.code, done.out) == (0, ""), done.err
        assert files_below(made) == first
        assert {path.name for path in (home / "b").iterdir()} == {made.name, "notes.txt", "binder-of-others"}
    assert porter("report", bundle, "--format", "binder", "--out", "b", *FEW, "--seed", "other").code == 0
    assert files_below(made) != first


def add_note(binder: Path) -> None:
    (binder / "controls" / "notes.txt").write_text("seen, A. Auditor")


def change_page(binder: Path) -> None:
    (binder / "index.html").write_text("changed")


def drop_page(binder: Path) -> None:
    (binder / "index.csv").unlink()


def drop_sums(binder: Path) -> None:
    (binder / "SHA256SUMS").unlink()


def spoil_sums(binder: Path) -> None:
    (binder / "SHA256SUMS").write_bytes(b"\xff\xfe no sums\n")


def link_inside(binder: Path) -> None:
    (binder / "index.csv").unlink()
    (binder / "index.csv").symlink_to("index.html")


def be_a_file(binder: Path) -> None:
    shutil.rmtree(binder)
    binder.write_text("a file")


def be_a_link(binder: Path) -> None:
    binder.rename(binder.with_name("elsewhere"))
    binder.symlink_to("elsewhere")


@pytest.mark.usefixtures("no_browser")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (add_note, "holds `controls/notes.txt`, which its SHA256SUMS does not name"),
        (change_page, "`index.html` is not as it was written"),
        (drop_page, "`index.csv` is not as it was written"),
        (drop_sums, "is there, and is no binder that is whole"),
        (spoil_sums, "is there, and is no binder that is whole"),
        (link_inside, "`index.csv` is not as it was written"),
        (be_a_file, "is there, and is no binder that is whole"),
        (be_a_link, "is there, and is no binder that is whole"),
    ],
)
def test_a_binder_that_somebody_changed_is_never_written_over(
    porter: Porter, home: Path, bundles: Bundles, change: Callable[[Path], None], message: str
) -> None:
    bundle = bundles["full"]
    made = binder_of(porter, home, bundle, "b", *FEW)
    change(made)
    before = files_below(home / "b")
    done = porter("report", bundle, "--format", "binder,json", "--out", "b", *FEW)
    assert (done.code, done.out, message in done.err) == (3, "", True), done.err
    assert "name another directory" in done.err
    assert files_below(home / "b") == before


@pytest.mark.usefixtures("no_browser")
def test_other_frameworks_and_a_shareable_part(porter: Porter, home: Path, bundles: Bundles) -> None:
    bundle = bundles["shareable"]
    made = binder_of(porter, home, bundle, "b", "--framework", "cis-aws")
    assert list(made.glob("controls/*/cover.html"))
    assert "shareable part" in (made / "index.html").read_text()
    done = porter("report", bundle, "--format", "binder", "--out", "b", "--framework", "cis-gcp")
    assert (done.code, "no result of this run speaks to CIS GCP" in done.err) == (3, True)


@pytest.mark.browser
def test_covers_are_printed_where_there_is_a_browser(porter: Porter, home: Path, bundles: Bundles) -> None:
    if find_chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is needed where CI=true")
        pytest.skip("Chromium is not installed")
    bundle = bundles["full"]
    made = binder_of(porter, home, bundle, "b", "--framework", "cis-aws")
    printed = sorted(path.parent.name for path in made.rglob("cover.pdf"))
    assert printed == sorted(path.parent.name for path in made.rglob("cover.html"))
    for path in made.rglob("cover.pdf"):
        assert path.read_bytes().startswith(b"%PDF-")
        assert b"file:/" not in path.read_bytes()  # a link into the directory where it was printed
    first = files_below(made)
    assert files_below(binder_of(porter, home, bundle, "b", *FEW)) == first
    done = subprocess.run(
        ["sha256sum", "--strict", "--quiet", "--check", "SHA256SUMS"], cwd=made, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
