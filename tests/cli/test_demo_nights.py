"""`demo --nights 14`: the period report tells the fortnight as it was lived."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.app.demo.nights import STORY

Porter = Callable[..., Any]


def test_a_fortnight_is_told_truthfully(porter: Porter, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    done = porter("demo", "--nights", "14", "--out", out)
    assert done.code == 2, done.err
    lived = done.out.splitlines()
    assert lived[-2] == "aws 111122223333: of 14 nights 12 complete, 1 incomplete, 1 missing"
    assert lived[-1] == f"Period report: {out / 'period' / 'period-report.html'}"
    made = json.loads((out / "period" / "period-report.json").read_text())
    (scope,) = made["scopes"]
    nights = scope["nights"]
    assert "".join(n["state"][0] for n in nights) == "cccccicc-ccccc".replace("-", "m")
    # Two deviations widened the role, two more loosened its trust; the former were waived for five nights.
    lines = {(d["rule_id"], d["subject"]): d for d in made["deviations"] if d["axis"] == "conformance"}
    assert {subject for _, subject in lines} == {"porter-manager"}
    expected = {"d": 0, "w": 2, "b": 4, "x": 0}
    for number, (letter, night) in enumerate(zip(STORY, nights, strict=True)):
        if letter != "-":
            waived = 2 if 3 <= number <= 8 and letter in "wb" else 0
            assert (night["deviating"], night["waived"]) == (expected[letter] - waived, waived), number
    assert nights[5]["not_known"] > 0
    assert "aws.iam.authorization_details (denied)" in nights[5]["detail"]
    day = [n["starts"][:10] for n in nights]
    loosened = lines["AWS-TRUST-001", "porter-manager"]
    times = [(e["opened"][:10], e["last_seen"][:10], (e["fixed"] or "-")[:10]) for e in loosened["episodes"]]
    # Not fixed on the night that could not read; fixed on the first that proved it, and back later.
    assert times == [(day[4], day[6], day[7]), (day[11], day[11], day[12])]
    assert loosened["episodes"][0]["runs_that_could_not_tell"] == 1
    widened = lines["AWS-PERM-001", "porter-manager"]
    assert (widened["state"], widened["reappeared"], widened["waived_runs"]) == ("open", 1, 4)
    assert [(w["runs_in_force"], w["runs_expired"]) for w in made["waivers"]] == [(5, 5), (5, 5)]
    assert [c["value"] for c in made["criteria"] if c["what"] == "waivers in force"] == [
        "none",
        "W-DEMO-1, W-DEMO-2",
        "none",
    ]
    assert sorted(path.name for path in (out / "nights").iterdir()) == [d for d in day if d != day[8]]
    again = porter("demo", "--nights", "14", "--out", out)
    assert (again.code, again.out) == (3, "")
    assert "is there already" in again.err


@pytest.mark.parametrize(
    "options",
    [["--cloud", "gcp"], ["--bundle", "shareable"], ["--previous", "x"], ["--nights", "1"], ["--sign-key", "x"]],
)
def test_what_does_not_go_with_nights(porter: Porter, tmp_path: Path, options: list[str]) -> None:
    done = porter("demo", "--nights", "3", "--out", tmp_path / "demo", *options)
    assert (done.code, done.out) == (3, "")
    assert not (tmp_path / "demo").exists()
