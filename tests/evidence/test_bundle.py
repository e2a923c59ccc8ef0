"""What a bundle holds, how it is written, and that nothing secret is in any file of it."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import subprocess
from pathlib import Path

import pytest
from bundle_nights import ACCESS_KEY, BYSTANDER, EXTERNAL_ID, Nights, role
from msgspec.structs import replace

from scanner.app.bundle import BundlePlan, contents, plan_bundle, write
from scanner.app.outputs import FILE_NAMES, Format, OutputPlan
from scanner.errors import InputError, RenderError, UsageError
from scanner.evidence.bundle import all_files, is_safe_path, latest_bundle, write_bundle
from scanner.evidence.pages import page_path, read_snapshot, snapshot_files
from scanner.model.report import Population
from scanner.model.snapshot import Unit, UnitStatus


def files_of(bundle: Path) -> dict[str, Path]:
    return {path.relative_to(bundle).as_posix(): path for path in bundle.rglob("*") if path.is_file()}


def plan_of(nights: Nights, profile: str = "full") -> BundlePlan:
    return BundlePlan(nights.directory, profile, (Format.JSON, Format.HTML, Format.CSV), "porter@2026-08")


def test_everything_the_layout_names_is_there(nights: Nights) -> None:
    found = set(files_of(nights.first))
    assert found >= {"manifest.json", "manifest.dsse.json", "SHA256SUMS", "calls.ndjson", "controls.csv"}
    asked = (Format.HTML, Format.JSON, Format.SARIF, Format.OCSF, Format.OSCAL, Format.JUNIT, Format.MARKDOWN)
    assert found >= {FILE_NAMES[f] for f in asked}
    assert found >= {"inputs/judging.json", "inputs/run.json", "inputs/rules.json", "inputs/controls.yaml"}
    assert "inputs/snapshot.json" in found
    assert found >= {f"inputs/baselines/porter/{version}/aws.yaml" for version in ("2026-05", "2026-08")}
    page = "evidence/aws/111122223333/global/aws.iam.authorization_details/page-0001"
    assert found >= {f"{page}.json", f"{page}.meta.json", "populations/counts.csv", "populations/tie-outs.csv"}


def test_only_the_owner_can_read_it(nights: Nights) -> None:
    for path in (nights.first, *nights.first.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("profile", ["full", "shareable"])
def test_no_planted_secret_is_in_any_file(nights: Nights, profile: str) -> None:
    """The sentinel: an ExternalId and an access key id stood in the export, in a condition and in descriptions."""
    made = all_files(contents(nights.outcome, plan_of(nights, profile)), None, None)
    everything = {**{name: path.read_bytes() for name, path in files_of(nights.first).items()}, **made}
    for name, data in everything.items():
        for secret in (EXTERNAL_ID, ACCESS_KEY):
            assert secret.encode() not in data, name
    assert any(re.search(rb"xid-[0-9a-f]{24}", data) for data in everything.values())


def test_the_same_outcome_gives_the_same_bytes(nights: Nights) -> None:
    once, again = (all_files(contents(nights.outcome, plan_of(nights)), "ab" * 32, None) for _ in range(2))
    assert once == again


def test_a_snapshot_comes_back_from_its_files(nights: Nights) -> None:
    snapshot = nights.outcome.snapshot
    made = snapshot_files(snapshot)
    assert read_snapshot(made.__getitem__) == snapshot
    with pytest.raises(InputError):
        read_snapshot(lambda path: b"{}")


@pytest.mark.parametrize(
    "unit_id",
    ["a/../../etc/passwd", "a/./b", "a//b", "a/b c\n", "gcp/projects/x:y@z", "azure/Ünï", "x/" + "y" * 5000, "a/.."],
)
def test_no_name_of_the_cloud_leads_out_of_the_bundle(unit_id: str, tmp_path: Path) -> None:
    path = page_path(unit_id, 1)
    assert is_safe_path(path)
    assert (tmp_path / path).resolve().is_relative_to(tmp_path.resolve() / "evidence")
    assert page_path(unit_id, 2) != path


def test_two_units_never_share_a_file(nights: Nights) -> None:
    ids = ("aws/a/b", "aws/a%2Fb", "aws/a/b/", "aws/" + "y" * 5000, "aws/" + "y" * 5001)
    page = {"a": 1}
    units = tuple(Unit(i, "k", "aws", "s", "global", True, UnitStatus.COMPLETE, (), (page,)) for i in ids)
    made = snapshot_files(replace(nights.outcome.snapshot, units=units, calls=()))
    assert sum(data == b'{"a":1}\n' for data in made.values()) == len(ids)


def test_two_populations_never_share_a_file(nights: Nights) -> None:
    names = ("a b", "a-b", "A/B", "../../b", "counts", "tie outs")
    populations = tuple(Population(name, "", 0, "", ()) for name in names)
    report = replace(nights.outcome.report, populations=populations)
    made = contents(replace(nights.outcome, report=report), plan_of(nights)).files
    found = sorted(path for path in made if path.startswith("populations/"))
    assert len(found) == len(names) + 2
    assert all(is_safe_path(path) for path in found)
    expected = ("a-b", "a-b-2", "a-b-3", "b", "counts-2", "tie-outs-2")
    assert {f"populations/{name}.csv" for name in expected} <= set(found)


def test_the_sums_are_read_by_sha256sum(nights: Nights) -> None:
    done = subprocess.run(
        ["sha256sum", "--strict", "--check", "SHA256SUMS"],
        cwd=nights.first,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    checked = {line.partition(":")[0] for line in done.stdout.splitlines()}
    assert checked == set(files_of(nights.first)) - {"SHA256SUMS", "manifest.dsse.json"}


def test_the_second_night_names_the_first(nights: Nights) -> None:
    named = json.loads((nights.second / "manifest.json").read_bytes())["previous_manifest_sha256"]
    assert named == hashlib.sha256((nights.first / "manifest.json").read_bytes()).hexdigest()
    assert json.loads((nights.first / "manifest.json").read_bytes())["previous_manifest_sha256"] is None


def test_a_bundle_is_never_written_over(nights: Nights) -> None:
    with pytest.raises(RenderError, match="never written over"):
        write(nights.outcome, plan_of(nights))


def test_a_crash_leaves_a_partial_that_is_neither_taken_nor_in_the_way(nights: Nights, tmp_path: Path) -> None:
    made = contents(nights.outcome, plan_of(nights))
    partial = tmp_path / f"{nights.first.name}.partial"
    partial.mkdir()
    (partial / "manifest.json").write_text("{}")
    assert latest_bundle(tmp_path, "z") is None
    assert write_bundle(made, tmp_path).name == nights.first.name
    assert not partial.exists()


def test_what_cannot_be_a_file_of_a_bundle_is_refused(nights: Nights, tmp_path: Path) -> None:
    made = contents(nights.outcome, plan_of(nights))
    for path in ("../x", "/etc/x", "a/../b", "manifest.json", "a\nb", "a\\b", ""):
        with pytest.raises(RenderError, match="cannot be a file of a bundle"):
            write_bundle(replace(made, files={path: b""}), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_shareable_bundle_leaves_others_out(nights: Nights) -> None:
    full, part = (all_files(contents(nights.outcome, plan_of(nights, p)), None, None) for p in ("full", "shareable"))
    assert any(BYSTANDER.encode() in data for data in full.values())
    for name, data in part.items():
        assert BYSTANDER.encode() not in data, name
        assert b"gaad.json" not in data, name
    report, whole = (json.loads(files["report.json"]) for files in (part, full))
    assert [f["fingerprint"] for f in report["findings"]] == [f["fingerprint"] for f in whole["findings"]]
    told = {p["name"]: (p["count"], p["sha256"]) for p in whole["populations"]}
    assert {p["name"]: (p["count"], p["sha256"]) for p in report["populations"]} == told


def test_pointers_of_a_shareable_bundle_lead_where_they_led(nights: Nights) -> None:
    part = all_files(contents(nights.outcome, plan_of(nights, "shareable")), None, None)
    page = json.loads(part["evidence/aws/111122223333/global/aws.iam.authorization_details/page-0001.json"])
    roles = page["RoleDetailList"]
    assert [r.get("RoleName") for r in roles] == ["porter-manager", "porter-access-manager", None]
    assert roles[2] == {"_withheld": True}
    assert roles[0].keys() == role("porter-manager", {}).keys()


@pytest.mark.parametrize(
    ("directory", "profile", "key", "previous", "message"),
    [
        (None, "full", None, None, "a bundle has nowhere to go"),
        ("d", None, None, "x", "`--previous` is given without `--bundle`"),
        ("d", "full", None, "nowhere", "previous bundle `nowhere`: no such file or directory"),
        ("d", None, "nowhere", None, "key `nowhere`: no such file or directory"),
    ],
)
def test_a_bundle_that_cannot_be_made_is_refused_before_the_scan(
    directory: str | None, profile: str | None, key: str | None, previous: str | None, message: str
) -> None:
    outputs = OutputPlan(terminal=True, directory=Path(directory) if directory else None)
    with pytest.raises((UsageError, InputError)) as caught:
        plan_bundle(
            profile,
            outputs,
            "porter@2026-05",
            sign_key=Path(key) if key else None,
            previous=Path(previous) if previous else None,
        )
    assert str(caught.value) == message


def test_nothing_asked_for_is_no_bundle() -> None:
    assert plan_bundle(None, OutputPlan(terminal=True), "porter@2026-05", sign_key=None, previous=None) is None
