"""Nights in a row, as cron runs them: history, previous report, ratchet, diff; and a history that is not well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.history.lock import only_writer
from tests.history.waiver_text import entry, text

from .conftest import gaad, role
from .process import obey_modes, porter_process

Porter = Callable[..., Any]
Night = Callable[..., Any]


def trusting(*names: str) -> dict[str, Any]:
    """Return an export with roles that admit Porter's account, of which no document tells."""
    own = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::108458755588:root"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [own]}
    return gaad(role("application"), *(role(name, trust=trust) for name in names))


@pytest.fixture
def night(porter: Porter, tmp_path: Path) -> Night:
    """Scan an export on a day of May, and return how it ended with what report.json says."""

    def run(day: int, export: dict[str, Any], *options: str | Path) -> Any:
        source = tmp_path / f"gaad-{day}.json"
        source.write_text(json.dumps(export))
        out = tmp_path / f"night-{day}"
        as_of = f"2026-05-{day:02}T02:00:00Z"
        done = porter("scan", "aws", "--from", source, "--as-of", as_of, "--out", out, *options)
        return done, json.loads((out / "report.json").read_text())

    return run


def deltas(report: dict[str, Any]) -> dict[str, int]:
    made: dict[str, int] = report["history"]["deltas"]
    return made


def test_nights_with_a_history(night: Night, tmp_path: Path) -> None:
    options = ("--history", tmp_path / "history.sqlite", "--ratchet")
    done, first = night(1, trusting("bridge"), *options)
    assert (done.code, set(deltas(first))) == (1, {"new"})
    done, second = night(2, trusting("bridge"), *options)
    assert (done.code, set(deltas(second))) == (0, {"unchanged"})
    assert "As documented: no" in done.out
    known = [f for f in second["findings"] if f["delta"] == "unchanged"]
    assert {(f["occurrences"], f["first_seen"]) for f in known} == {(2, "2026-05-01T02:00:00.000Z")}
    assert {f["first_seen_source"] for f in known} == {"history"}
    done, third = night(3, trusting("bridge", "tunnel"), *options)
    assert (done.code, set(deltas(third))) == (1, {"new", "unchanged"})
    done, fourth = night(4, trusting(), *options)
    # What an export cannot show (control policies, keys) is not called fixed for its silence.
    assert (done.code, set(deltas(fourth))) == (0, {"fixed", "unknown_incomplete"})
    done, fifth = night(5, trusting("bridge"), *options)
    assert (done.code, set(deltas(fifth)) - {"unknown_incomplete"}) == (1, {"reappeared", "unchanged"})


def test_a_plan_mends_nothing_that_is_there(night: Night, porter: Porter, tmp_path: Path) -> None:
    """A template holds none of the account's other roles: their deviations were called fixed."""
    history, plan = tmp_path / "history.sqlite", Path(__file__).resolve().parents[2] / "examples" / "porter-role.yaml"
    night(1, trusting("bridge"), "--history", history)
    report, planned = tmp_path / "night-1" / "report.json", tmp_path / "planned"
    scan = ("scan", "aws", "--from", plan, "--param", "account_id=111122223333", "--out", planned)
    for option in (("--history", history), ("--previous", report)):
        done = porter(*scan, *option)
        assert (done.code, "not compared with each other" in done.err) == (3, True)
    assert porter(*scan).code == 0
    assert porter("diff", report, planned / "report.json").code == 3
    rebuilt = tmp_path / "rebuilt.sqlite"
    assert porter("history", "rebuild", rebuilt, report, planned / "report.json").code == 3
    done, second = night(2, trusting("bridge"), "--history", history, "--ratchet")
    assert (done.code, set(deltas(second))) == (0, {"unchanged"})


@pytest.mark.parametrize("how", ["--history", "--previous"])
def test_a_change_of_the_documented_version_is_told_beside_what_it_fixed(
    night: Night, porter: Porter, tmp_path: Path, how: str
) -> None:
    known = tmp_path / ("night-1" if how == "--previous" else "history.sqlite")
    first = () if how == "--previous" else (how, known)
    night(1, trusting("bridge"), "--baseline", "porter@2026-05", *first)
    done, second = night(2, trusting("bridge"), "--baseline", "porter@2026-08", how, known)
    assert second["history"]["other_baseline"] == "porter@2026-05"
    assert "The run before was judged by porter@2026-05: what is new or fixed may be" in " ".join(done.out.split())
    if how == "--history":
        _, third = night(3, trusting("bridge"), "--baseline", "porter@2026-08", how, known)
        assert third["history"]["other_baseline"] is None


def test_a_plan_has_a_history_of_its_own(porter: Porter, tmp_path: Path) -> None:
    plan = Path(__file__).resolve().parents[2] / "examples" / "administrator-role.json"
    own = ("--param", "account_id=111122223333", "--history", tmp_path / "plans.sqlite", "--ratchet")
    # What the example leaves open stays open; its deviations are known by then.
    assert [porter("scan", "aws", "--from", plan, *own).code for _ in range(2)] == [1, 2]


def test_nights_without_a_history_of_their_own_say_the_same(night: Night, tmp_path: Path) -> None:
    exports = [trusting("bridge"), trusting("bridge"), trusting(), trusting("bridge")]
    codes, told = [], []
    previous: tuple[str | Path, ...] = ()
    for day, export in enumerate(exports, 1):
        done, report = night(day, export, *previous)
        codes.append(done.code)
        told.append(set(deltas(report)) if report["history"] else None)
        previous = ("--ratchet", "--previous", tmp_path / f"night-{day}")
    assert codes == [1, 0, 0, 1]
    assert told == [None, {"unchanged"}, {"fixed", "unknown_incomplete"}, {"reappeared", "unchanged"}]


def test_what_was_seen_and_is_not_known_tonight_is_not_fixed(night: Night, tmp_path: Path) -> None:
    options = ("--history", tmp_path / "history.sqlite")
    night(1, trusting("bridge"), *options)
    done, report = night(2, {**trusting(), "IsTruncated": True, "Marker": "next"}, *options)
    assert done.code == 2
    assert set(deltas(report)) == {"unknown_incomplete"}
    assert {gone["delta"] for gone in report["history"]["gone"]} <= {"unknown_incomplete"}
    _, back = night(3, trusting("bridge"), *options)
    assert set(deltas(back)) == {"unchanged"}


def test_a_boundary_of_the_night_before_that_is_gone_is_found(night: Night, tmp_path: Path) -> None:
    options = ("--history", tmp_path / "history.sqlite")
    bounded = trusting("bridge")
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    bounded["RoleDetailList"][1]["PermissionsBoundary"] = {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": arn,
    }
    bounded["Policies"] = [managed(arn)]
    night(1, bounded, *options)
    for day in (2, 3):
        _, report = night(day, trusting("bridge"), *options)
        (found,) = [f for f in report["findings"] if f["rule_id"] == "AWS-ROLE-005"]
        assert (found["result"], found["reason_code"]) == ("FAIL", "BOUNDARY_LOST")


def managed(arn: str) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    return {
        "PolicyName": arn.rpartition("/")[2],
        "PolicyId": "ANPAEXAMPLE",
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 1,
        "IsAttachable": True,
        "CreateDate": "2026-01-01T00:00:00Z",
        "UpdateDate": "2026-01-01T00:00:00Z",
        "PolicyVersionList": [
            {"Document": document, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": "2026-01-01T00:00:00Z"}
        ],
    }


BROKEN: dict[str, Callable[[Path], object]] = {
    "damaged": lambda path: path.write_bytes(b"\x00" * 9_000),
    "of something else": lambda path: path.write_text("nights\n" * 900),
    "a directory": lambda path: path.mkdir(),
    "in no directory": lambda path: path.parent.rename(path.parent.with_name("moved")),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_a_broken_history_is_told_of_and_is_no_pass_under_ratchet(
    night: Night, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    path = tmp_path / "kept" / "history.sqlite"
    path.parent.mkdir()
    damage(path)
    done, report = night(1, trusting("bridge"), "--history", path, "--ratchet")
    assert done.code == 2
    assert "warning: history" in done.err
    assert "this run goes on without it" in done.err
    assert report["history"] is None
    assert night(1, trusting("bridge"), "--history", path)[0].code == 1
    assert night(1, trusting(), "--history", path)[0].code == 0


def test_a_directory_that_may_only_be_read(export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o500)
    argv = ("scan", "aws", "--from", export, "--history", folder / "history.sqlite", "--ratchet", "--quiet")
    done = porter_process(*argv, before=obey_modes)
    assert done.returncode == 2
    assert "permission denied" in done.stderr
    assert list(folder.iterdir()) == []


def test_a_clock_that_went_back_is_told_of_and_writes_nothing(night: Night, porter: Porter, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    night(5, trusting("bridge"), "--history", path)
    done, _ = night(4, trusting("bridge"), "--history", path, "--ratchet")
    assert done.code == 2
    assert "this run is of 2026-05-04" in done.err
    assert len(json.loads(porter("history", "show", path, "--format", "json").out)) == 1


def test_two_scans_with_one_history_do_not_run_at_once(porter: Porter, export: Path, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with only_writer(path):
        done = porter("scan", "aws", "--from", export, "--history", path)
    assert (done.code, done.out) == (3, "")
    assert "another scan is running" in done.err


CONTRADICTIONS = {
    "a ratchet that knows nothing": (["--ratchet"], "`--ratchet` needs to know the run before"),
    "two pasts": (["--history", "h", "--previous", "r.json"], "`--history` and `--previous` do not go together"),
    "a report that is not there": (["--previous", "r.json"], "no such file"),
}


@pytest.mark.parametrize(("options", "message"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_wrong_usage(porter: Porter, export: Path, options: list[str], message: str) -> None:
    done = porter("scan", "aws", "--from", export, *options)
    assert (done.code, done.out) == (3, "")
    assert message in done.err


NOT_A_REPORT = {
    "another file": b'{"Buckets": []}',
    "text": b"monday",
    "another version": b'{"schema": "porter-audit/report/v9"}',
}


@pytest.mark.parametrize("content", NOT_A_REPORT.values(), ids=NOT_A_REPORT)
def test_a_file_that_is_no_report(porter: Porter, export: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    for argv in (["scan", "aws", "--from", export, "--previous", path], ["diff", path, path]):
        done = porter(*argv)
        assert (done.code, done.out) == (3, "")
        assert "not a report.json" in done.err


def test_diff_of_two_reports(night: Night, porter: Porter, tmp_path: Path) -> None:
    night(1, trusting("bridge"))
    night(2, trusting("tunnel"))
    one, two = tmp_path / "night-1" / "report.json", tmp_path / "night-2"
    done = porter("diff", one, two)
    assert done.code == 1
    assert {line.split()[0] for line in done.out.splitlines()} == {"new", "fixed", "unknown_incomplete"}
    lines = json.loads(porter("diff", one, two, "--format", "json").out)
    assert {line["subject"] for line in lines} == {"bridge", "tunnel"}
    same = porter("diff", one, one)
    assert (same.code, same.out, same.lines) == (0, "", ["nothing changed"])


def test_a_history_made_again_from_reports_is_the_same(night: Night, porter: Porter, tmp_path: Path) -> None:
    path, again = tmp_path / "history.sqlite", tmp_path / "again.sqlite"
    for day, export in enumerate([trusting("bridge"), trusting("bridge", "tunnel"), trusting()], 1):
        night(day, export, "--history", path)
    reports = [tmp_path / f"night-{day}" for day in (3, 1, 2)]
    assert porter("history", "rebuild", again, *reports).lines == [f"wrote {again}: 3 nights"]
    assert porter("history", "show", again).out == porter("history", "show", path).out
    assert len(porter("history", "show", again, "--last", "2").out.splitlines()) == 2
    ids = [line["run_id"] for line in json.loads(porter("history", "show", again, "--format", "json").out)]
    runs = ("diff", ids[2], ids[1], "--history")
    assert porter(*runs, again).out == porter(*runs, path).out
    assert "absent -> FAIL" in porter(*runs, path).out
    refused = porter("history", "rebuild", path, *reports)
    assert refused.code == 3
    assert "nothing is written over" in refused.err


def test_a_history_that_is_not_there(porter: Porter, tmp_path: Path) -> None:
    done = porter("history", "show", tmp_path / "none.sqlite")
    assert (done.code, done.out) == (3, "")
    assert not (tmp_path / "none.sqlite").exists()


def test_a_bundle_of_a_night_with_waivers_and_a_past_is_judged_again_to_the_same_bytes(
    night: Night, porter: Porter, tmp_path: Path
) -> None:
    waivers = tmp_path / "waivers.yaml"
    waivers.write_bytes(text(entry(match={"rule_id": "AWS-ROLE-001", "subject": "arn:*:role/bridge"})))
    options = ("--history", tmp_path / "history.sqlite", "--ratchet", "--waivers", waivers, "--bundle", "full")
    night(6, trusting("bridge"), *options)
    _, report = night(7, trusting("bridge", "tunnel"), *options)
    assert set(deltas(report)) >= {"new", "unchanged"}
    assert len(report["waivers"]) == 1
    (bundle,) = (tmp_path / "night-7").glob("bundle-*")
    done = porter("replay", bundle)
    assert done.code == 0, done.err
    done, after = night(8, trusting("bridge"), "--previous", bundle, "--ratchet")
    assert (done.code, set(deltas(after))) == (0, {"unchanged", "fixed", "unknown_incomplete"})
