"""GCP and Azure as AWS: bundles that are judged again, waivers, and nights that remember what was there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.app.demo.azure import read_demo_azure
from scanner.app.demo.gcp import read_demo_gcp
from scanner.collect.snapshot_io import dump_snapshot
from scanner.model import kinds_azure, kinds_gcp
from tests.history.waiver_text import entry, text

Porter = Callable[..., Any]
READ = {"gcp": read_demo_gcp, "azure": read_demo_azure}
FIRST, SECOND, THIRD = ("2026-12-01T02:00:00Z", "2026-12-02T02:00:00Z", "2026-12-03T02:00:00Z")


@pytest.fixture(scope="module", params=sorted(READ))
def cloud(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def drifted(cloud: str) -> bytes:
    return dump_snapshot(READ[cloud]("drifted", "porter@2026-05").snapshot)


@pytest.fixture(scope="module")
def snapshots() -> dict[str, dict[str, Any]]:
    return {
        name: json.loads(dump_snapshot(read("documented", "porter@2026-05").snapshot)) for name, read in READ.items()
    }


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "installation.key"))
    return tmp_path


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


def test_a_signed_bundle_verifies_and_is_judged_again_to_the_same_bytes(
    porter: Porter, home: Path, cloud: str, drifted: bytes
) -> None:
    (home / "s.json").write_bytes(drifted)
    porter("keygen", "--out", home / "k")
    done = porter("scan", cloud, "--from", home / "s.json", "--out", home / "o", "--sign-key", home / "k")
    assert done.code == 1
    (bundle,) = (home / "o").glob("bundle-*")
    assert porter("verify", bundle, "--key", home / "k.pub").code == 0
    assert porter("replay", bundle).code == 0
    rules = json.loads((bundle / "inputs" / "rules.json").read_text())
    assert {rule["id"].split("-")[0] for rule in rules} >= {cloud.upper()}
    assert [path.name for path in (bundle / "inputs" / "baselines" / "porter" / "2026-05").iterdir()] == [
        f"{cloud}.yaml"
    ]


def test_waivers_lift_the_gate_and_never_hide(porter: Porter, home: Path, cloud: str, drifted: bytes) -> None:
    (home / "s.json").write_bytes(drifted)
    argv = ("scan", cloud, "--from", home / "s.json", "--as-of", FIRST, "--out", home / "o", "--quiet")
    assert porter(*argv).code == 1
    # A waiver of something critical may last 90 days, of something high longer: 60 suit all.
    made = [
        entry(
            id=f"W-{n}",
            match={"fingerprint": f["fingerprint"]},
            ceiling={"content_hash": f["content_hash"]},
            created="2026-11-20",
            expires="2027-01-20",
        )
        for n, f in enumerate(report(home / "o")["findings"])
        if f["result"] == "FAIL"
    ]
    (home / "w.yaml").write_bytes(text(*made))
    assert porter(*argv, "--waivers", home / "w.yaml").code == 0
    waived = report(home / "o")
    assert sum(f["status"] == "WAIVED" for f in waived["findings"]) == len(made)
    assert waived["verdict"]["as_documented"] == "no"


def test_three_clouds_in_one_bundle_are_judged_again_to_the_same_bytes(porter: Porter, home: Path) -> None:
    done = porter("demo", "--cloud", "all", "--out", home / "o", "--bundle", "full", "--quiet", "--fail-on", "none")
    assert done.code == 0
    (bundle,) = (home / "o").glob("bundle-*")
    assert porter("verify", bundle, "--hashes-only").code == 0
    assert porter("replay", bundle).code == 0


def change_role(snapshot: dict[str, Any]) -> None:
    """Google adds a permission to a role that Porter holds."""
    (unit,) = (u for u in snapshot["units"] if u["kind"] == kinds_gcp.ROLES)
    role = next(r for r in found_in(unit["pages"], "includedPermissions") if r["name"] == "roles/storage.admin")
    role["includedPermissions"].append("storage.buckets.somethingNew")


def add_secret(snapshot: dict[str, Any]) -> None:
    """Somebody adds a client secret."""
    (unit,) = (u for u in snapshot["units"] if u["kind"] == kinds_azure.APPLICATIONS)
    application = next(iter(found_in(unit["pages"], "passwordCredentials")))
    first = application["passwordCredentials"][0]
    application["passwordCredentials"].append({**first, "keyId": "99999999-0000-4000-8000-000000000009"})


def found_in(value: Any, key: str) -> list[dict[str, Any]]:
    """Return every object below a value that has a key."""
    if isinstance(value, list):
        return [found for item in value for found in found_in(item, key)]
    if not isinstance(value, dict):
        return []
    own = [value] if key in value else []
    return own + [found for item in value.values() for found in found_in(item, key)]


@pytest.mark.parametrize("memory", ["history", "previous"])
@pytest.mark.parametrize(
    ("cloud", "rule", "change"),
    [("gcp", "GCP-PERM-004", change_role), ("azure", "AZURE-SECRET-006", add_secret)],
)
def test_what_appeared_since_the_night_before_is_told_once(
    porter: Porter,
    home: Path,
    snapshots: dict[str, dict[str, Any]],
    memory: str,
    cloud: str,
    rule: str,
    change: Callable[[dict[str, Any]], None],
) -> None:
    changed = json.loads(json.dumps(snapshots[cloud]))
    change(changed)
    results = []
    for number, (when, snapshot) in enumerate(((FIRST, snapshots[cloud]), (SECOND, changed), (THIRD, changed))):
        source, out = home / f"{number}.json", home / f"night-{number}"
        source.write_text(json.dumps(snapshot))
        known = ("--history", home / "h.sqlite") if memory == "history" else ()
        if memory == "previous" and number:
            known = ("--previous", home / f"night-{number - 1}" / "report.json")
        porter("scan", cloud, "--from", source, "--as-of", when, "--out", out, "--quiet", *known)
        results.append({f["result"] for f in report(out)["findings"] if f["rule_id"] == rule})
    assert "FAIL" not in results[0]
    assert "FAIL" in results[1]
    assert results[2] == {"PASS"}
