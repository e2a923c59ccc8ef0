"""`demo --nights 14`: the period report tells the fortnight of each cloud as it was lived."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scanner.app.demo.nights_states import STORIES

Porter = Callable[..., Any]


class Told(NamedTuple):
    """What the report must say of a cloud's two changes."""

    scope: str
    subject: str
    widened: str
    """Rule that reports the change which is waived for a while."""
    loosened: str
    """Rule that reports the change which is undone and comes back."""
    deviations: int
    """How many each of them is."""
    refused: str


TOLD = {
    "aws": Told(
        "111122223333",
        "porter-manager",
        "AWS-PERM-001",
        "AWS-TRUST-001",
        2,
        "aws.iam.authorization_details (denied)",
    ),
    "gcp": Told(
        "porter-demo-project", "porter-manager", "GCP-PERM-001", "GCP-IMP-001", 1, "gcp.project_policy (denied)"
    ),
    "azure": Told(
        "bbbbbbbb-0000-4000-8000-000000000002",
        "porter-aks-restricted",
        "AZURE-ROLE-001",
        "AZURE-FED-001",
        1,
        "azure.authorization.role_definitions (denied)",
    ),
}
WAIVED = range(3, 9)


@pytest.mark.parametrize("chosen", ["gcp", "azure", "all"])
def test_a_fortnight_is_told_truthfully(porter: Porter, tmp_path: Path, chosen: str) -> None:
    clouds = sorted(TOLD) if chosen == "all" else [chosen]
    out = tmp_path / "demo"
    done = porter("demo", "--nights", "14", "--cloud", chosen, "--out", out)
    assert done.code == 2, done.err
    lived = done.out.splitlines()
    assert lived[-1] == f"Period report: {out / 'period' / 'period-report.html'}"
    assert lived[14:-1] == [
        f"{cloud} {TOLD[cloud].scope}: of 14 nights 12 complete, 1 incomplete, 1 missing" for cloud in clouds
    ]
    made = json.loads((out / "period" / "period-report.json").read_text())
    scopes = {scope["cloud"]: scope for scope in made["scopes"]}
    assert sorted(scopes) == clouds
    for cloud in clouds:
        check_nights(cloud, scopes[cloud]["nights"])
        check_deviations(cloud, made, [night["starts"][:10] for night in scopes[cloud]["nights"]])
    check_waivers(made, sum(TOLD[cloud].deviations for cloud in clouds))
    day = [night["starts"][:10] for night in scopes[clouds[0]]["nights"]]
    assert sorted(path.name for path in (out / "nights").iterdir()) == [d for d in day if d != day[8]]


def check_nights(cloud: str, nights: list[dict[str, Any]]) -> None:
    story, told = STORIES[cloud], TOLD[cloud]
    states = {"x": "incomplete", "-": "missing"}
    assert [n["state"] for n in nights] == [states.get(letter, "complete") for letter in story]
    expected = {"d": 0, "w": told.deviations, "b": 2 * told.deviations}
    for number, (letter, night) in enumerate(zip(story, nights, strict=True)):
        if letter in expected:
            waived = told.deviations if number in WAIVED and letter in "wb" else 0
            assert (night["deviating"], night["waived"]) == (expected[letter] - waived, waived), (cloud, number)
            assert "not read" not in night["detail"], (cloud, number)
    dark = nights[story.index("x")]
    assert dark["not_known"] > 0
    assert told.refused in dark["detail"]
    # What another cloud could not read on that night says nothing of this one.
    assert {part.split("/")[0] for part in dark["detail"].removeprefix("not read: ").split(", ")} == {cloud}


def check_deviations(cloud: str, made: dict[str, Any], day: list[str]) -> None:
    story, told = STORIES[cloud], TOLD[cloud]
    mine = [d for d in made["deviations"] if d["axis"] == "conformance" and d["cloud"] == cloud]
    assert len(mine) == 2 * told.deviations
    lines = {(d["rule_id"], d["subject"]): d for d in mine}
    (loosened,) = (d for d in mine if d["rule_id"] == told.loosened)
    times = [(e["opened"][:10], e["last_seen"][:10], (e["fixed"] or "-")[:10]) for e in loosened["episodes"]]
    first, again = story.index("b"), story.rindex("b")
    last = max(story.rindex("b", 0, again), first)
    # Fixed on the first night that proved it, never on one that could not read; and back later.
    fixed = next(number for number in range(last + 1, 14) if story[number] in "dw")
    assert times == [(day[first], day[last], day[fixed]), (day[again], day[again], day[again + 1])]
    dark_in_between = first < story.index("x") < fixed
    assert loosened["episodes"][0]["runs_that_could_not_tell"] == int(dark_in_between)
    widened = lines[told.widened, told.subject]
    waived = sum(story[number] in "wb" for number in WAIVED)
    assert (widened["state"], widened["reappeared"], widened["waived_runs"]) == ("open", 1, waived)


def check_waivers(made: dict[str, Any], count: int) -> None:
    """Five runs while they were in force, five after; no run on the sixth night."""
    assert [(w["runs_in_force"], w["runs_expired"]) for w in made["waivers"]] == [(5, 5)] * count
    assert [c["value"] for c in made["criteria"] if c["what"] == "waivers in force"] == [
        "none",
        ", ".join(f"W-DEMO-{number}" for number in range(1, count + 1)),
        "none",
    ]


def test_a_history_that_is_there_is_not_lived_through_again(porter: Porter, tmp_path: Path) -> None:
    (tmp_path / "history.sqlite").touch()
    done = porter("demo", "--nights", "14", "--out", tmp_path)
    assert (done.code, done.out) == (3, "")
    assert "is there already" in done.err


@pytest.mark.parametrize(
    "options",
    [["--porter-yaml", "x"], ["--bundle", "shareable"], ["--previous", "x"], ["--nights", "1"], ["--sign-key", "x"]],
)
def test_what_does_not_go_with_nights(porter: Porter, tmp_path: Path, options: list[str]) -> None:
    done = porter("demo", "--nights", "3", "--out", tmp_path / "demo", *options)
    assert (done.code, done.out) == (3, "")
    assert not (tmp_path / "demo").exists()
