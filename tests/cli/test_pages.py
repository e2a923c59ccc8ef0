"""`baseline`, `rules`, `permissions` and `compare`: what they print and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.app.rule_pages import EVERY_RULE
from scanner.rules.registry_all import rules_of

Porter = Callable[..., Any]


def test_documented_versions_are_listed(porter: Porter) -> None:
    assert porter("baseline", "list").out.startswith("porter@2026-05  aws  10 roles, 112 statements")
    line = json.loads(porter("baseline", "list", "--format", "json").out)["baselines"][0]
    assert (line["id"], line["cloud"], line["roles"], line["statements"]) == ("porter@2026-05", "aws", 10, 112)


def test_a_documented_version_is_shown_as_the_page_writes_it(porter: Porter) -> None:
    done = porter("baseline", "show", "porter@2026-05", "--cloud", "aws", "--format", "json")
    roles = json.loads(done.out)["roles"]
    assert len(roles) == 10
    assert sum(len(role["statements"]) for role in roles.values()) == 112
    assert set(roles["porter-manager"]["statements"][0]) >= {
        *("sid", "effect", "actions", "resources", "conditions", "source")
    }
    assert "{account_id}" in done.out
    assert porter("baseline", "show").out.startswith("porter@2026-05")


def test_every_rule_is_listed_and_has_a_page(porter: Porter) -> None:
    listed = json.loads(porter("rules", "list", "--format", "json").out)["rules"]
    assert [rule["id"] for rule in listed] == [rule.id for rule in EVERY_RULE]
    text = porter("rules", "list").out
    for rule in EVERY_RULE:
        assert rule.title in text
        page = porter("rules", "show", rule.id.lower()).out
        assert page.startswith(f"{rule.id}: ")
        assert "## Remediation" in page
        assert f"Severity: {rule.severity.value}." in page


def test_an_almost_right_rule_id_is_helped(porter: Porter) -> None:
    done = porter("rules", "show", "TRUST")
    assert done.code == 3
    assert done.lines[1].startswith("hint: did you mean AWS-TRUST-")


@pytest.mark.parametrize("tier", ["porter-only", "account", "org", "activity"])
def test_the_policy_is_all_there_is_on_standard_output(porter: Porter, tier: str) -> None:
    done = porter("permissions", "aws", "--tier", tier)
    policy = json.loads(done.out)
    actions = {
        action
        for s in policy["Statement"]
        for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
    }
    assert "iam:GetAccountAuthorizationDetails" in actions
    assert not [a for a in actions if not a.partition(":")[2].startswith(("Get", "List", "Describe", "Lookup"))]
    assert done.lines[0] == "rules that each --tier lets judge; a tier includes those before it:"
    assert done.lines[1].startswith("porter-only: ")
    assert porter("permissions", "aws", "--tier", tier, "--quiet").err == ""


def test_each_rule_is_bought_by_one_tier(porter: Porter) -> None:
    bought = [rule for line in porter("permissions", "aws").lines for rule in line.partition(" rules: ")[2].split(", ")]
    assert sorted(filter(None, bought)) == sorted(rule.id for rule in rules_of("aws"))


def policy(*actions: str) -> str:
    statement = {"Sid": "One", "Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


COMPARED = {
    "equal": (["s3:GetObject"], ["s3:GetObject"], 0),
    "narrower": (["s3:GetObject"], ["s3:Get*"], 0),
    "broader": (["s3:*"], ["s3:Get*"], 1),
    "different": (["iam:PassRole"], ["s3:Get*"], 1),
}


@pytest.mark.parametrize(("verdict", "case"), COMPARED.items(), ids=list(COMPARED))
def test_files_are_compared(
    porter: Porter, tmp_path: Path, verdict: str, case: tuple[list[str], list[str], int]
) -> None:
    live, documented, code = case
    (tmp_path / "live.json").write_text(policy(*live))
    (tmp_path / "documented.json").write_text(policy(*documented))
    argv = ("compare", "--live", tmp_path / "live.json", "--documented", tmp_path / "documented.json")
    text, machine = porter(*argv), porter(*argv, "--format", "json")
    assert (text.code, machine.code) == (code, code)
    assert verdict in text.out
    assert json.loads(machine.out)["verdict"] == verdict
    assert json.loads(machine.out)["schema"] == "porter-audit/comparison/v1"


def test_several_files_make_a_union(porter: Porter, tmp_path: Path) -> None:
    for name, action in (("a", "s3:GetObject"), ("b", "s3:PutObject"), ("both", "s3:GetObject")):
        (tmp_path / f"{name}.json").write_text(policy(action, "s3:PutObject" if name == "both" else action))
    both, a, b = (tmp_path / f"{name}.json" for name in ("both", "a", "b"))
    assert porter("compare", "--live", both, "--documented", a, b).code == 0
    assert porter("compare", "--documented", a, "--documented", b, "--live", both).code == 0
    assert porter("compare", "--live", both, "--documented", a).code == 1


def test_answers_of_the_aws_cli_are_read(porter: Porter, tmp_path: Path) -> None:
    document = json.loads(policy("s3:GetObject"))
    shapes = {
        "plain": document,
        "get-policy-version": {"PolicyVersion": {"Document": document, "VersionId": "v1"}},
        "get-role-policy": {"RoleName": "r", "PolicyName": "p", "PolicyDocument": document},
        "get-bucket-policy": {"Policy": json.dumps(document)},
    }
    for name, shape in shapes.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(shape))
        argv = ("compare", "--live", tmp_path / f"{name}.json", "--documented", tmp_path / "plain.json")
        assert porter(*argv).code == 0, name


def test_what_cannot_be_decided_is_not_a_pass(porter: Porter, tmp_path: Path) -> None:
    documents = []
    for name, value in (("live", "a"), ("documented", "b")):
        body = json.loads(policy("s3:GetObject"))
        body["Statement"][0]["Condition"] = {"StringSoundsLike": {"aws:username": value}}
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(body))
        documents.append(path)
    done = porter("compare", "--live", documents[0], "--documented", documents[1])
    assert done.code in {2, 3}
    assert "equal" not in done.out


def test_the_rule_on_waivers_has_a_page_too(porter: Porter) -> None:
    done = porter("rules", "show", "waiver-001")
    assert (done.code, done.out.startswith("WAIVER-001: ")) == (0, True)
