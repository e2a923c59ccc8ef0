"""A fleet over a loopback organization: who is read, who is not and why, and what the roll-up makes of it."""

from __future__ import annotations

import hashlib
import json
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scanner.app.fleet.journal import RunFolder
from scanner.app.fleet.lead import write_rollup
from scanner.errors import PorterAuditError, RenderError, UsageError
from scanner.history.store import open_store
from scanner.localcloud.fleet_aws import MANAGEMENT, FleetSpec
from scanner.localcloud.fleet_content import running
from scanner.model.fleet import Approval, Reach

from ..localcloud.fleet import EXTERNAL_ID, accounts, configuration, organization, requests, variables
from .fleet_setup import in_child, journal, killed_at, results, run

Serve = Callable[[FleetSpec], str]
IDS = accounts(4)
SPEC = organization(IDS, drifted=IDS[:2], denied=IDS[3:], suspended=("555555555555",))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(SPEC, tmp_path_factory.mktemp("cloud")) as address:
        yield address


@pytest.fixture
def cloud(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in variables(endpoint).items():
        monkeypatch.setenv(name, value)
    return endpoint


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that serves an organization of its own for one test."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:

        def serve(spec: FleetSpec) -> str:
            folder = tmp_path / f"cloud-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            address = stack.enter_context(running(spec, folder))
            for name, value in variables(address).items():
                patch.setenv(name, value)
            return address

        yield serve


def test_every_target_is_read_or_says_why_not_and_the_rest_goes_on(cloud: str, tmp_path: Path) -> None:
    outcome = run(configuration(tmp_path))
    rollup, found = outcome.rollup, results(outcome.folder)
    assert outcome.exit_code == 1
    assert rollup.as_documented == "no"
    assert (rollup.counts["targets"], rollup.counts["read"], rollup.counts["failed"]) == (4, 3, 1)
    assert {one.place.id: one.reason for one in rollup.skipped} == {
        MANAGEMENT: "left out: holds nothing",
        "555555555555": "the account is SUSPENDED",
    }
    assert [(a.found, a.complete, [c.operation for c in a.calls]) for a in rollup.asked] == [
        (5, True, ["ListAccounts"])
    ]
    denied = found[IDS[3]]
    assert (denied.reach, denied.exit_code, denied.as_documented) == (Reach.FAILED, 2, "not proven")
    assert "cannot be assumed: AccessDenied" in denied.why
    report = json.loads((outcome.folder / "targets" / f"aws-{IDS[3]}" / "report.json").read_bytes())
    assert {unit["status"] for unit in report["units"]} == {"error"}
    assert not [f for f in report["findings"] if f["result"] == "PASS"]
    assert all("cannot be assumed" in unit["error"]["message_redacted"] for unit in report["units"])


def test_an_identical_deviation_is_told_once_and_the_same_results_give_the_same_bytes(
    cloud: str, tmp_path: Path
) -> None:
    outcome = run(configuration(tmp_path))
    excess = [group for group in outcome.rollup.groups if group.rule_id == "AWS-PERM-001"]
    assert [group.targets for group in excess] == [(f"aws-{IDS[0]}", f"aws-{IDS[1]}")]
    assert "porter-{account_id}-logs" in excess[0].message
    index = (outcome.folder / "index.html").read_text()
    assert "identical deviation in 2 targets" in index
    for one in IDS:
        assert f'href="targets/aws-{one}/index.html"' in index
        assert one in (outcome.folder / "targets" / f"aws-{one}" / "index.html").read_text()

    pages = {
        path: path.read_bytes() for path in outcome.folder.rglob("*") if path.name in ("index.html", "rollup.json")
    }
    folder = RunFolder(outcome.folder)
    write_rollup(folder, folder.plan())
    assert {path: path.read_bytes() for path in pages} == pages
    assert len(pages) == 2 + len(IDS)


def test_the_secret_is_in_no_file(cloud: str, tmp_path: Path) -> None:
    outcome = run(configuration(tmp_path, rest="history: nights.db\n"))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 2 * len(IDS)
    assert not [path for path in files if EXTERNAL_ID.encode() in path.read_bytes()]
    assert outcome.folder.parent == tmp_path / "runs"


STEPS = [("planned", 1), ("begun", 2), ("published", 2), ("remembered", 2), ("journaled", 2), ("journaled", 4)]


@pytest.mark.parametrize(("step", "times"), STEPS, ids=[f"{step}-{times}" for step, times in STEPS])
def test_killed_at_any_step_a_run_is_continued_and_nothing_is_lost_or_double(
    cloud: str, tmp_path: Path, step: str, times: int
) -> None:
    config = configuration(tmp_path, rest="history: nights.db\n")
    before = requests(cloud)
    assert killed_at(step, times, config, executor="threads:1") == -signal.SIGKILL
    folder = next(path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    whole = {path.name for path in (folder / "targets").iterdir() if not path.name.endswith(".partial")}
    assert all((folder / "targets" / name / "target.json").is_file() for name in whole)
    outcome = run(config, resume=True, executor="threads:1")
    assert outcome.folder == folder
    assert outcome.exit_code == 1
    assert outcome.rollup.counts["targets"] == len(IDS)
    assert sorted(line.key for line in journal(folder)) == sorted(f"aws-{one}" for one in IDS)
    after = requests(cloud)
    for one in IDS[:3]:
        sent = after[f"{one} GetAccountAuthorizationDetails"] - before.get(f"{one} GetAccountAuthorizationDetails", 0)
        assert sent == 1 if f"aws-{one}" in whole else sent in (1, 2), one
    store = open_store(tmp_path / "nights.db", create=False)
    assert len(store.runs()) == len(IDS)
    store.close()


def test_a_run_that_is_over_or_was_made_with_another_file_is_not_continued(cloud: str, tmp_path: Path) -> None:
    config = configuration(tmp_path)
    with pytest.raises(UsageError, match=r"no run in .* was broken off"):
        run(config, resume=True)
    killed_at("published", 1, config)
    config.write_text(config.read_text() + "thresholds: {fail_on: low}\n")
    with pytest.raises(UsageError, match="the configuration is not the one"):
        run(config, resume=True)


def test_two_runs_do_not_write_into_one_directory(cloud: str, tmp_path: Path) -> None:
    config = configuration(tmp_path)
    said: list[str] = []

    def tell(what: str, _: str) -> None:
        if what == "planned":
            with pytest.raises(UsageError, match="another fleet run is writing"):
                run(config)
            said.append(what)

    run(config, tell)
    assert said == ["planned"]


def test_a_full_disk_ends_the_run_and_loses_nothing(cloud: str, tmp_path: Path) -> None:
    config = configuration(tmp_path)

    def starved() -> int:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        def tell(what: str, _: str) -> None:
            if what == "journaled":
                resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

        try:
            run(config, tell, executor="threads:1")
        except RenderError:
            return 44
        return 0

    assert in_child(starved) == 44
    folder = next(path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    assert len(journal(folder)) == 1
    outcome = run(config, resume=True)
    assert sorted(line.key for line in journal(outcome.folder)) == sorted(f"aws-{one}" for one in IDS)


def test_a_line_of_the_journal_that_was_cut_off_is_written_again(cloud: str, tmp_path: Path) -> None:
    config = configuration(tmp_path)
    killed_at("journaled", 3, config, executor="threads:1")
    file = next((tmp_path / "runs").glob("*/journal.ndjson"))
    file.write_bytes(file.read_bytes()[:-20])
    outcome = run(config, resume=True)
    assert sorted(line.key for line in journal(outcome.folder)) == sorted(f"aws-{one}" for one in IDS)


def test_a_damaged_journal_is_told_of(cloud: str, tmp_path: Path) -> None:
    config = configuration(tmp_path)
    killed_at("journaled", 2, config, executor="threads:1")
    file = next((tmp_path / "runs").glob("*/journal.ndjson"))
    file.write_bytes(b"what is this\n" + file.read_bytes())
    with pytest.raises(PorterAuditError, match=r"journal .*: JSON is malformed"):
        run(config, resume=True)


def test_a_directory_that_cannot_be_written_is_told_of_before_anything_is_read(cloud: str, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    before = requests(cloud)
    with pytest.raises(UsageError, match="cannot write into"):
        run(configuration(tmp_path))
    assert requests(cloud) == before


def test_what_was_found_is_held_against_what_was_approved(cloud: str, tmp_path: Path) -> None:
    listed = f'    approved: ["{IDS[0]}", "{IDS[1]}", "777777777777"]\n'
    rollup = run(configuration(tmp_path, entry=listed)).rollup
    assert {row.place.id for row in rollup.targets if row.approval is Approval.LISTED} == {*IDS[:2]}
    assert rollup.counts["not_approved"] == 2
    assert [gap.reason for gap in rollup.gaps] == ["`777777777777` is approved and was not found"]


def test_a_target_named_by_itself_keeps_its_own_settings(cloud: str, tmp_path: Path) -> None:
    own = (
        f'  - {{cloud: aws, account: "{IDS[2]}", role: "arn:aws:iam::{IDS[2]}:role/porter-audit",\n'
        "     external_id: env:FLEET_EXTERNAL_ID, presence: absent, name: sandbox}\n"
    )
    outcome = run(configuration(tmp_path, entry=own))
    rows = [row for row in outcome.rollup.targets if row.place.id == IDS[2]]
    assert [(row.presence.value, row.place.name, row.approval) for row in rows] == [
        ("absent", "sandbox", Approval.NAMED)
    ]
    assert (IDS[2], "named by an entry of its own") in {(one.place.id, one.reason) for one in outcome.rollup.skipped}


def test_the_night_after_only_what_changed_is_new(own_cloud: Serve, tmp_path: Path) -> None:
    config = configuration(tmp_path, rest="history: nights.db\nthresholds: {ratchet: true}\n")
    own_cloud(organization(IDS[:3], drifted=IDS[:1]))
    first = run(config)
    own_cloud(organization(IDS[:3], drifted=IDS[:2]))
    second = run(config)
    deltas = [{group.rule_id: group.deltas for group in one.rollup.groups}["AWS-PERM-001"] for one in (first, second)]
    assert deltas == [{"new": 1}, {"new": 1, "unchanged": 1}]
    third = run(config)
    assert third.exit_code == 0


def test_evidence_bundles_of_one_target_are_chained_from_run_to_run(own_cloud: Serve, tmp_path: Path) -> None:
    own_cloud(organization(IDS[:1]))
    config = configuration(tmp_path)
    config.write_text(config.read_text().replace("formats: [json]", "bundle: shareable"))
    first, second = (run(config).folder / "targets" / f"aws-{IDS[0]}" for _ in range(2))
    manifests = [next(folder.glob("bundle-*/manifest.json")).read_bytes() for folder in (first, second)]
    assert json.loads(manifests[0])["previous_manifest_sha256"] is None
    assert json.loads(manifests[1])["previous_manifest_sha256"] == hashlib.sha256(manifests[0]).hexdigest()


def test_where_nothing_can_be_read_the_configuration_is_at_fault(own_cloud: Serve, tmp_path: Path) -> None:
    own_cloud(organization(IDS[:2], denied=IDS[:2]))
    outcome = run(configuration(tmp_path))
    assert outcome.exit_code == 3
    assert outcome.rollup.as_documented == "not proven"


def test_half_of_the_accounts_denied_leaves_the_other_half_judged(own_cloud: Serve, tmp_path: Path) -> None:
    own_cloud(organization(IDS, denied=IDS[::2]))
    outcome = run(configuration(tmp_path))
    reached = {row.place.id: row.reach for row in outcome.rollup.targets}
    assert reached == {one: Reach.FAILED if one in IDS[::2] else Reach.READ for one in IDS}
    assert outcome.exit_code == 2
    assert outcome.rollup.as_documented != "yes"


def test_an_account_list_that_is_cut_off_is_a_gap_and_what_was_listed_is_read(own_cloud: Serve, tmp_path: Path) -> None:
    own_cloud(organization(accounts(25), denied=accounts(25)[1:], cut_list=True))
    outcome = run(configuration(tmp_path), executor="threads:4")
    assert "was not read to the end" in outcome.rollup.gaps[0].reason
    assert outcome.rollup.counts["read"] == 1
    assert outcome.rollup.as_documented != "yes"


def test_a_role_that_leads_into_another_account_is_not_taken_for_the_one_asked_for(cloud: str, tmp_path: Path) -> None:
    config = configuration(tmp_path)
    text = config.read_text()
    start, end = text.index("  - cloud: aws"), text.index("outputs:")
    wrong = f'  - {{cloud: aws, account: "{MANAGEMENT}", profile: null}}\n'
    config.write_text(text[:start] + wrong + text[end:])
    outcome = run(config)
    assert outcome.exit_code == 3
    assert "InvalidClientTokenId" in outcome.rollup.targets[0].why


def test_a_list_that_nobody_may_read_is_a_gap(cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"fleet{IDS[0]}")
    outcome = run(configuration(tmp_path))
    assert outcome.exit_code == 3
    assert "denied (AccessDeniedException)" in outcome.rollup.gaps[0].reason


def test_a_missing_secret_fails_its_target_only(cloud: str, tmp_path: Path) -> None:
    own = f'  - {{cloud: aws, account: "{IDS[2]}", parameters: {{external_id: env:NOT_THERE}}}}\n'
    outcome = run(configuration(tmp_path, entry=own))
    row = next(row for row in outcome.rollup.targets if row.place.id == IDS[2])
    assert row.reach is Reach.FAILED
    assert "environment variable `NOT_THERE` is not set" in row.why
    assert outcome.rollup.counts["read"] == 2
