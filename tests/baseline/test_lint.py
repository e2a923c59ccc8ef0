"""Lint: every kind of finding on a small version made for it, and what it says of the shipped versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_baseline import role, small, statement
from small_clouds import AZURE, GCP, fresh

from scanner.app.baselines.lint import lint_baseline, lint_json, lint_text, reached
from scanner.app.catalogue import load_catalogue
from scanner.baseline.lint import at_or_above, lint
from scanner.baseline.lint_records import LintFinding
from scanner.baseline.load import known, load_aws, load_azure, load_gcp
from scanner.baseline.records import AwsBaseline

CATALOGUE = load_catalogue()
TODAY = date(2026, 3, 1)
Data = dict[str, Any]


def _found(tmp_path: Path, data: Data, code: str) -> list[LintFinding]:
    (tmp_path / "aws.yaml").write_text(json.dumps(data), encoding="utf-8")
    return [f for f in lint(load_aws(tmp_path), CATALOGUE, as_of=TODAY) if f.code == code]


def _clean() -> Data:
    """Return a version in which lint finds nothing."""
    data = small()
    role(data)["statements"] = [
        {"sid": "Read", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::acme-*/*"], "source": _source(3)},
        {"sid": "List", "actions": ["s3:ListBucket"], "resources": ["arn:aws:s3:::acme-*"], "source": _source(4)},
    ]
    role(data)["managed_policies"] = []
    return data


def _source(line: int) -> Data:
    return {"document": "D1", "line": line}


def test_a_clean_version_has_no_finding(tmp_path: Path) -> None:
    (tmp_path / "aws.yaml").write_text(json.dumps(_clean()), encoding="utf-8")
    assert lint(load_aws(tmp_path), CATALOGUE, as_of=TODAY) == ()


Change = Callable[[Data], object]

# name: (what to do to the clean version, code, severity, line of the claim, what the message holds)
CASES: dict[str, tuple[Change, str, str, int | None, str]] = {
    "phantom": (
        lambda d: statement(d)["actions"].append("s3:GetTeapot"),
        "unknown-action",
        "medium",
        3,
        "s3:GetTeapot",
    ),
    "wildcard that matches nothing": (
        lambda d: statement(d)["actions"].append("s3:Teapot*"),
        "unknown-action",
        "medium",
        3,
        "s3:Teapot*",
    ),
    "phantom with an alias": (
        lambda d: (
            statement(d)["actions"].append("s3:GetTeapot"),
            d.update(aliases=[{"printed": "s3:GetTeapot", "means": "s3:GetObject", "reason": "x"}]),
        ),
        "unknown-action",
        "low",
        3,
        "an alias says it means `s3:GetObject`",
    ),
    "action on the wrong kind of resource": (
        lambda d: statement(d).update(resources=["arn:aws:ec2:*:*:instance/*"]),
        "inert-grant",
        "medium",
        3,
        "AWS knows other resources for it",
    ),
    "action without resources on an ARN": (
        lambda d: statement(d).update(actions=["s3:ListAllMyBuckets"]),
        "inert-grant",
        "medium",
        3,
        "AWS knows no resource for it",
    ),
    "key that the action does not have": (
        lambda d: statement(d).update(conditions={"StringEquals": {"ec2:Vpc": ["x"]}}),
        "inert-grant",
        "medium",
        3,
        "carries the condition key `ec2:Vpc`",
    ),
    "presence of a key that the action does not have": (
        lambda d: statement(d).update(conditions={"Null": {"aws:RequestTag/x": ["false"]}}),
        "inert-grant",
        "medium",
        3,
        "carries the condition key `aws:RequestTag/x`",
    ),
    "statement covered by another": (
        lambda d: role(d)["statements"].append(
            {"sid": "All", "actions": ["s3:Get*"], "resources": ["*"], "source": _source(9)}
        ),
        "adds-nothing",
        "low",
        3,
        "grant all of it: `All`",
    ),
    "statement partly covered by another": (
        lambda d: (
            statement(d)["actions"].append("s3:PutObject"),
            role(d)["statements"].append(
                {"sid": "All", "actions": ["s3:GetObject"], "resources": ["*"], "source": _source(9)}
            ),
        ),
        "adds-nothing",
        "info",
        3,
        "`s3:GetObject` granted by others of the role already: `All`; this statement limits none of it",
    ),
    "everything": (
        lambda d: statement(d).update(actions=["*"], resources=["*"]),
        "over-wide",
        "critical",
        3,
        "every action on everything",
    ),
    "a service's every action": (
        lambda d: statement(d).update(actions=["rds:*"], resources=["*"]),
        "over-wide",
        "high",
        3,
        "`rds:*` on everything",
    ),
    "any role to any service": (
        lambda d: statement(d).update(actions=["iam:PassRole"], resources=["*"]),
        "over-wide",
        "high",
        3,
        "passes any role to any service",
    ),
    "a declared risk": (
        lambda d: d.update(risk_notes={"R1": {"roles": ["acme-reader"], "severity": "high", "summary": "dangerous"}}),
        "over-wide",
        "high",
        1,
        "dangerous",
    ),
    "a contradiction": (
        lambda d: d.update(contradictions={"B1": {"summary": "a", "settled": "b", "sources": [_source(7)]}}),
        "contradiction",
        "medium",
        7,
        "a Settled: b",
    ),
    "a policy that is too long": (
        lambda d: role(d)["statements"].append(
            {
                "sid": "Long",
                "actions": [a for s in ("ec2", "iam") for a in (f"{s}:{n}" for n in CATALOGUE.actions(s))][:400],
                "resources": ["*"],
                "source": _source(9),
            }
        ),
        "too-large",
        "low",
        1,
        "more than the 6,144 of a managed policy and the 10,240 of all inline policies",
    ),
    "an alias of nothing": (
        lambda d: d.update(aliases=[{"printed": "s3:Gone", "means": "s3:GetObject", "reason": "x"}]),
        "dangling-reference",
        "low",
        None,
        "an action that no statement prints",
    ),
    "a stack that makes another role": (
        lambda d: d.update(
            stack={"name": "S", "creates_roles": ["acme-x"], "resource_types": ["AWS::IAM::Role"], "source": _source(5)}
        ),
        "dangling-reference",
        "medium",
        5,
        "`acme-x`, which is not documented",
    ),
    "a condition settled by a policy of no role": (
        lambda d: statement(d).update(
            conditions={"StringLike": {"s3:prefix": ["x"]}}, settled_by="arn:aws:iam::aws:policy/P"
        ),
        "dangling-reference",
        "low",
        3,
        "not among the role's managed policies",
    ),
    "a document without claims": (
        lambda d: d["documents"].update(D2={"title": "x", "retrieved": "2026-02-01", "publication": "y"}),
        "dangling-reference",
        "low",
        None,
        "no claim was read from this document",
    ),
    "an old document": (
        lambda d: d["documents"]["D1"].update(retrieved="2025-06"),
        "stale",
        "medium",
        None,
        "273 days old, more than 180",
    ),
    "a document of tomorrow": (
        lambda d: d["documents"]["D1"].update(retrieved="2026-03-02"),
        "stale",
        "medium",
        None,
        "later than 2026-03-01",
    ),
    "a document without date": (
        lambda d: d["documents"]["D1"].update(retrieved="last spring"),
        "stale",
        "low",
        None,
        "the age of the document is not known",
    ),
}


@pytest.mark.parametrize(("change", "code", "severity", "line", "message"), CASES.values(), ids=CASES)
def test_a_defect_is_found_with_its_place(
    tmp_path: Path, change: Change, code: str, severity: str, line: int | None, message: str
) -> None:
    data = _clean()
    change(data)
    found = [f for f in _found(tmp_path, data, code) if message in f.message]
    assert found, [f.message for f in _found(tmp_path, data, code)]
    assert found[0].severity == severity
    assert (found[0].source.line if found[0].source else None) == line


# name: what looks like a defect and is none
HARMLESS: dict[str, tuple[Change, str]] = {
    "action without resources on everything": (
        lambda d: statement(d).update(actions=["s3:ListAllMyBuckets"], resources=["*"]),
        "inert-grant",
    ),
    "one resource of several fits": (
        lambda d: statement(d)["resources"].append("arn:aws:ec2:*:*:instance/*"),
        "inert-grant",
    ),
    "a key that must be missing": (
        lambda d: statement(d).update(conditions={"Null": {"ec2:Vpc": ["true"]}}),
        "inert-grant",
    ),
    "a negated key": (
        lambda d: statement(d).update(conditions={"StringNotEquals": {"ec2:Vpc": ["x"]}}),
        "inert-grant",
    ),
    "a key every request has": (
        lambda d: statement(d).update(conditions={"StringEquals": {"aws:SourceVpc": ["x"]}}),
        "inert-grant",
    ),
    "a key with a part of our own": (
        lambda d: statement(d).update(conditions={"StringEquals": {"s3:ExistingObjectTag/Team": ["x"]}}),
        "inert-grant",
    ),
    "every read of a service": (
        lambda d: statement(d).update(actions=["s3:Get*", "s3:List*"], resources=["*"]),
        "over-wide",
    ),
    "a wildcard with a condition": (
        lambda d: statement(d).update(
            actions=["rds:*"], resources=["*"], conditions={"StringEquals": {"aws:ResourceTag/x": ["y"]}}
        ),
        "over-wide",
    ),
    "a denial of everything": (
        lambda d: role(d)["statements"].append(
            {"sid": "No", "effect": "Deny", "actions": ["*"], "resources": ["*"], "source": _source(9)}
        ),
        "over-wide",
    ),
}


@pytest.mark.parametrize(("change", "code"), HARMLESS.values(), ids=HARMLESS)
def test_what_is_no_defect_is_not_reported(tmp_path: Path, change: Change, code: str) -> None:
    data = _clean()
    change(data)
    assert _found(tmp_path, data, code) == []


def test_rows_of_aws_managed_policies_do_not_count_towards_the_size(porter: AwsBaseline) -> None:
    sizes = {f.identity: f.message for f in lint(porter, CATALOGUE, as_of=TODAY) if f.code == "too-large"}
    assert set(sizes) == {"porter-manager"}
    assert "9,110 characters" in sizes["porter-manager"]


def test_the_shipped_inventory_has_one_phantom_and_two_inert_grants(porter: AwsBaseline) -> None:
    found = lint(porter, CATALOGUE, as_of=TODAY)
    cannot_work = [
        (f.code, f.identity, f.item, f.source.line if f.source else None)
        for f in found
        if f.code in ("unknown-action", "inert-grant")
    ]
    assert sorted(cannot_work) == [
        ("inert-grant", "porter-eso-secrets-manager", "EnvGroupSecrets", 205),
        ("inert-grant", "porter-infra-manager", "NodeGroupManagement", 95),
        ("unknown-action", "porter-infra-manager", "VpcManagement", 88),
    ]


def test_every_contradiction_of_the_shipped_inventory_is_reported_with_its_lines(porter: AwsBaseline) -> None:
    found = {f.item: f for f in lint(porter, CATALOGUE, as_of=TODAY) if f.code == "contradiction"}
    assert list(found) == [item.id for item in porter.contradictions]
    for item in porter.contradictions:
        places = [found[item.id].source, *found[item.id].also]
        assert places == list(item.sources)
        assert any(place is not None and place.line is not None for place in places)


def test_findings_come_most_severe_first(porter: AwsBaseline) -> None:
    order = ["critical", "high", "medium", "low", "info"]
    ranks = [order.index(f.severity) for f in lint(porter, CATALOGUE, as_of=TODAY)]
    assert ranks == sorted(ranks)


def test_clouds_without_policies_are_linted_for_width_and_open_lists(tmp_path: Path) -> None:
    gcp = fresh(GCP)
    gcp["service_accounts"]["acme-reader"]["grants"][0].update(role="roles/editor")
    (tmp_path / "gcp.yaml").write_text(json.dumps(gcp), encoding="utf-8")
    codes = [(f.code, f.severity) for f in lint(load_gcp(tmp_path), CATALOGUE, as_of=TODAY)]
    assert codes == [("over-wide", "high"), ("over-wide", "high"), ("open-list", "medium"), ("contradiction", "medium")]
    azure = fresh(AZURE)
    azure["role_definitions"]["acme-role"]["permissions"][0].update(actions=["*"], data_actions=["*"])
    azure["role_definitions"]["acme-role"]["assignable_scopes"] = ["/", "/subscriptions/{subscription_id}"]
    (tmp_path / "azure.yaml").write_text(json.dumps(azure), encoding="utf-8")
    messages = [f.message for f in lint(load_azure(tmp_path), CATALOGUE, as_of=TODAY)]
    assert messages[:3] == [
        "grants every data operation",
        "grants every operation but 1",
        "may be assigned on the whole tenant",
    ]


@pytest.mark.parametrize(
    ("gate", "reaches"), [("critical", False), ("high", False), ("medium", True), ("info", True), ("none", False)]
)
def test_a_gate_is_reached_by_its_severity_and_above(gate: str, reaches: bool) -> None:
    assert at_or_above([LintFinding("stale", "medium", "", "", None, "x")], gate) is reaches


@pytest.mark.parametrize("spec", known())
def test_every_shipped_version_is_linted_in_text_and_json(spec: str) -> None:
    results = lint_baseline(spec, cloud=None, as_of=TODAY)
    plain = json.loads(lint_json(results, TODAY))
    assert plain["schema"] == "porter-audit/baseline-lint/v1"
    text = " ".join(lint_text(results).split())
    for part in plain["parts"]:
        assert f"{part['id']} ({part['cloud']})" in text
        for finding in part["findings"]:
            assert " ".join(finding["message"].split()) in text
    assert not reached(results, "none")


def test_lint_is_the_same_twice_and_in_a_fraction_of_a_minute(porter: AwsBaseline) -> None:
    assert lint(porter, CATALOGUE, as_of=TODAY) == lint(porter, CATALOGUE, as_of=TODAY)
