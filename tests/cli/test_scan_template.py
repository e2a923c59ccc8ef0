"""`scan aws --from` a template: the verdict before anything exists."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Porter = Callable[..., Any]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ACCOUNT = ("--param", "account_id=111122223333")


def test_the_documented_template_is_as_documented(porter: Porter) -> None:
    done = porter("scan", "aws", "--from", EXAMPLES / "porter-role.yaml", *ACCOUNT, "--verbose")
    assert done.code == 0, done.out + done.err
    assert "As documented: yes" in done.out
    assert "a template: this access does not exist yet" in " ".join(done.out.split())
    assert "taken as the page prints" in " ".join(done.out.split())


def test_an_administrator_is_found_before_it_exists(porter: Porter) -> None:
    done = porter("scan", "aws", "--from", EXAMPLES / "administrator-role.json", *ACCOUNT)
    assert done.code == 1
    for rule in ("AWS-PERM-006", "AWS-TRUST-002", "AWS-PERM-005"):
        assert rule in done.out


def test_an_undecided_document_is_not_a_pass(porter: Porter, tmp_path: Path) -> None:
    text = (EXAMPLES / "porter-role.yaml").read_text()
    path = tmp_path / "open.yaml"
    path.write_text(text.replace("role/*", "role/${AWS::Region}"))
    done = porter("scan", "aws", "--from", path, *ACCOUNT)
    assert done.code == 2
    assert "give --template-param AWS::Region=..." in " ".join(done.out.split())
    assert porter("scan", "aws", "--from", path, *ACCOUNT, "--template-param", "AWS::Region=us-east-2").code == 0


def test_json_and_html_say_that_it_is_planned(porter: Porter, tmp_path: Path) -> None:
    out = tmp_path / "report"
    porter("scan", "aws", "--from", EXAMPLES / "porter-role.yaml", *ACCOUNT, "--out", out, "--format", "json,html")
    assert json.loads(next(out.glob("*.json")).read_text())["run"]["planned"] is True
    assert "does not exist yet" in " ".join(next(out.glob("*.html")).read_text().split())


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--template-param", "A=b"], "is for a CloudFormation template"),
        (["--from", EXAMPLES / "porter-role.yaml", "--template-param", "Nope=x"], "has no parameter `Nope`"),
        (["--from", EXAMPLES / "porter-role.yaml", "--template-param", "x"], "is not KEY=VALUE"),
        (["--from", EXAMPLES / "porter-role.yaml", *["--template-param", "A=b"] * 2], "is given twice"),
        (["--from", EXAMPLES / "porter-role.yaml", "--template-param", "ExternalIdParameter=x"], "is sensitive"),
    ],
)
def test_values_that_cannot_be_used_are_refused(porter: Porter, argv: list[Any], said: str) -> None:
    done = porter("scan", "aws", *argv)
    assert done.code == 3
    assert said in done.err


def test_values_come_from_files_and_the_environment(
    porter: Porter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = tmp_path / "arn"
    value.write_text("arn:aws:iam::108458755588:role/CAPIManagement\n")
    monkeypatch.setenv("TRUSTED", "arn:aws:iam::999988887777:role/Somebody")
    template = ("scan", "aws", "--from", EXAMPLES / "porter-role.yaml", *ACCOUNT, "--template-param")
    assert porter(*template, f"TrustArnParameter=@{value}").code == 0
    assert porter(*template, "TrustArnParameter=env:TRUSTED").code == 1


def test_a_terraform_plan_is_judged_like_a_template(porter: Porter) -> None:
    done = porter("scan", "aws", "--from", EXAMPLES / "secrets-role-plan.json")
    assert done.code == 0, done.out + done.err
    assert "AWS account 111122223333" in done.out
    assert "a template: this access does not exist yet" in " ".join(done.out.split())


def test_excess_in_a_terraform_plan_is_found(porter: Porter, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    text = (EXAMPLES / "secrets-role-plan.json").read_text()
    path.write_text(text.replace("secretsmanager:ListSecrets", "secretsmanager:GetSecretValue"))
    done = porter("scan", "aws", "--from", path)
    assert done.code == 1
    assert "AWS-PERM-001" in done.out


@pytest.mark.parametrize(
    ("cloud", "scope"),
    [("gcp", "GCP project acme-platform"), ("azure", "Azure subscription 3f2a1b0c-0000-4000-8000-00000000abcd")],
)
def test_a_terraform_plan_for_another_cloud_is_judged_like_a_template(porter: Porter, cloud: str, scope: str) -> None:
    plan = EXAMPLES / f"{cloud}-connection-plan.json"
    done = porter("scan", cloud, "--from", plan)
    assert done.code == 0, done.out + done.err
    said = " ".join(done.out.split())
    assert scope in said
    assert "a template: this access does not exist yet" in said
    assert "As documented: yes" in said
    other = porter("scan", "aws", "--from", plan)
    assert (other.code, other.err.strip()) == (3, f"porter-audit: error: `{plan}` holds no AWS account")
