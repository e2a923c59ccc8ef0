"""`baseline import|lint|diff` and a second vendor from the command line: what they print, write, and how they end."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scanner.baseline.dump import dump_aws
from scanner.baseline.load import find, load_aws

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "baseline"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from conftest import Porter, gaad, role
from page_style import as_html, as_markdown

SHIPPED = find("porter@2026-05") / "aws.yaml"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(as_markdown(load_aws(SHIPPED)), encoding="utf-8")
    return path


def test_import_prints_the_file_and_says_what_it_saw(porter: Porter, page: Path, tmp_path: Path) -> None:
    done = porter("baseline", "import", page)
    assert done.code == 0
    assert done.out.startswith("# What the vendor's documents say")
    assert "porter@imported: 10 roles with 112 statements read from Markdown, 0 problems" in done.lines
    (tmp_path / "aws.yaml").write_text(done.out, encoding="utf-8")
    assert len(load_aws(tmp_path).roles) == 10


def test_import_writes_a_file_that_scans_as_the_shipped_one(porter: Porter, page: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine" / "aws.yaml"
    out.parent.mkdir()
    options = ("--based-on", "porter@2026-05", "--name", "porter@mine", "--out", out, "--retrieved", "2026-05-26")
    assert porter("baseline", "import", page, *options).code == 0
    done = porter("baseline", "diff", "porter@2026-05", out)
    assert done.code == 0
    assert "the same access" in done.out


def test_import_of_an_incomplete_page_exits_3_and_writes_only_when_asked(porter: Porter, tmp_path: Path) -> None:
    page, out = tmp_path / "page.html", tmp_path / "out.yaml"
    page.write_text(as_html(load_aws(SHIPPED)).partition("<h3>porter-karpenter</h3>")[0], encoding="utf-8")
    done = porter("baseline", "import", page, "--out", out)
    assert (done.code, done.out, out.exists()) == (3, "", False)
    assert any("`porter-karpenter`" in line and line.startswith("problem: line ") for line in done.lines)
    assert porter("baseline", "import", page, "--out", out, "--partial").code == 3
    assert len(load_aws(out).roles) == 5


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["no-such-page"], "no such file"),
        (["."], "is a directory"),
        (["{page}", "--name", "porter"], "vendor@version"),
        (["{page}", "--based-on", "porter@1999"], "unknown documented version"),
        (["{page}", "--retrieved", "May"], "does not match the format"),
        (["{page}", "--cloud", "gcp"], "is not"),
        (["{empty}"], "the page is empty"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_exit_3(
    porter: Porter, page: Path, tmp_path: Path, argv: list[str], words: str
) -> None:
    (tmp_path / "empty").write_text("")
    done = porter("baseline", "import", *(a.format(page=page, empty=tmp_path / "empty") for a in argv))
    assert (done.code, done.out) == (3, "")
    assert words in done.lines[0]


def test_lint_reports_the_phantom_the_inert_grants_and_every_contradiction_with_lines(porter: Porter) -> None:
    done = porter("baseline", "lint", "porter@2026-05", "--cloud", "aws", "--as-of", "2026-09-01")
    assert done.code == 0
    text = " ".join(done.out.split())
    for words in (
        "porter-infra-manager VpcManagement (S003 line 88)",
        "porter-infra-manager NodeGroupManagement (S003 line 95)",
        "porter-eso-secrets-manager EnvGroupSecrets (S003 line 205)",
        *(f" {item.id} (" for item in load_aws(SHIPPED).contradictions),
    ):
        assert words in text


@pytest.mark.parametrize(("gate", "code"), [("none", 0), ("critical", 1), ("info", 1)])
def test_lint_exits_1_only_at_its_gate(porter: Porter, gate: str, code: int) -> None:
    assert porter("baseline", "lint", "porter@2026-05", "--fail-on", gate).code == code


def test_lint_of_a_broken_file_exits_3_with_its_place(porter: Porter, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        SHIPPED.read_text(encoding="utf-8").replace("same_as: porter-", "same_as: acme-", 1), encoding="utf-8"
    )
    done = porter("baseline", "lint", path)
    assert done.code == 3
    assert "which is not there" in done.lines[0]


def test_lint_as_json_is_one_document(porter: Porter) -> None:
    plain = json.loads(porter("baseline", "lint", "porter@2026-08", "--format", "json", "--as-of", "2026-09-01").out)
    assert [part["cloud"] for part in plain["parts"]] == ["aws", "gcp", "azure", "services"]


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_diff_in_every_form(porter: Porter, form: str) -> None:
    done = porter("baseline", "diff", "porter@2026-05", "porter@2026-08", "--format", form)
    assert done.code == 0
    assert "porter-azure-fic-" in done.out
    if form == "json":
        assert {part["cloud"] for part in json.loads(done.out)["parts"]} == {"aws", "gcp", "azure"}


def test_diff_can_refuse_what_grants_more(porter: Porter, tmp_path: Path) -> None:
    wide = tmp_path / "wide.yaml"
    shipped = load_aws(SHIPPED)
    first, *rest = shipped.roles
    statement = replace(first.statements[0], actions=(*first.statements[0].actions, "iam:CreateUser"))
    wide.write_text(
        dump_aws(replace(shipped, roles=(replace(first, statements=(statement,)), *rest))), encoding="utf-8"
    )
    assert porter("baseline", "diff", SHIPPED, wide, "--fail-on-added").code == 1
    assert porter("baseline", "diff", wide, SHIPPED, "--fail-on-added").code == 0
    assert "iam:CreateUser on *" in porter("baseline", "diff", SHIPPED, wide).out


def test_diff_of_versions_without_a_common_cloud_exits_3(porter: Porter) -> None:
    done = porter("baseline", "diff", "grafana-cloud@2026-11", "porter@2026-08", "--cloud", "gcp")
    assert done.code == 3
    assert "has no part for gcp" in done.lines[0]


def test_a_cloud_that_a_version_has_no_part_for_is_named(porter: Porter) -> None:
    assert porter("baseline", "show", "porter@2026-05", "--cloud", "gcp").code == 0
    done = porter("baseline", "show", "grafana-cloud@2026-11", "--cloud", "azure")
    assert done.code == 3
    assert "it has aws" in done.lines[0]


GRAFANA = "arn:aws:iam::008923505280:root"


def _monitoring(actions: list[str], condition: dict[str, Any] | None) -> dict[str, Any]:
    """Return an account with the second vendor's role."""
    trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": GRAFANA}, "Action": "sts:AssumeRole"}
    if condition:
        trust["Condition"] = condition
    allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return gaad(
        role(
            "GrafanaLabsCloudWatchIntegration",
            trust={"Version": "2012-10-17", "Statement": [trust]},
            RolePolicyList=[{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]}}],
        )
    )


def _failed(porter: Porter, tmp_path: Path, account: dict[str, Any]) -> set[str]:
    path = tmp_path / "gaad.json"
    path.write_text(json.dumps(account))
    done = porter(
        *("scan", "aws", "--from", path, "--baseline", "grafana-cloud@2026-11", "--format", "json", "--out", "-"),
        *("--fail-on", "none"),
    )
    findings = json.loads(done.out)["findings"]
    return {f["rule_id"] for f in findings if f["result"] == "FAIL" and f["axis"] == "conformance"}


DOCUMENTED = list(load_aws(find("grafana-cloud@2026-11")).roles[0].statements[0].actions)
OWN_ID = {"StringEquals": {"sts:ExternalId": "1234567"}}


def test_another_vendors_role_as_documented_has_no_deviation(porter: Porter, tmp_path: Path) -> None:
    assert _failed(porter, tmp_path, _monitoring(DOCUMENTED, OWN_ID)) == set()


def test_another_vendors_deviations_are_found_by_the_same_rules(porter: Porter, tmp_path: Path) -> None:
    assert "AWS-PERM-001" in _failed(porter, tmp_path, _monitoring([*DOCUMENTED, "s3:GetObject"], OWN_ID))
    assert "AWS-TRUST-002" in _failed(porter, tmp_path, _monitoring(DOCUMENTED, None))


def test_another_vendors_report_never_speaks_of_the_first(porter: Porter, tmp_path: Path) -> None:
    (tmp_path / "gaad.json").write_text(json.dumps(_monitoring([*DOCUMENTED, "s3:GetObject"], None)))
    done = porter(
        *("scan", "aws", "--from", tmp_path / "gaad.json", "--baseline", "grafana-cloud@2026-11"),
        *("--format", "json", "--out", "-", "--fail-on", "none"),
    )
    report = json.loads(done.out)
    said = [f["message"] for f in report["findings"]] + [f["remediation"]["summary"] for f in report["findings"]]
    assert [text for text in said if "Porter" in text] == []
    assert any("Grafana Cloud" in text for text in said)
    (revocation,) = [f for f in report["findings"] if f["rule_id"] == "AWS-CLAIM-003"]
    assert (revocation["result"], "no stack" in revocation["message"]) == ("NOT_APPLICABLE", True)


@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
@pytest.mark.parametrize("version", ["porter@2026-05", "porter@2026-08"])
def test_a_version_shown_as_yaml_is_a_file_of_its_own_with_the_same_content(
    porter: Porter, tmp_path: Path, version: str, cloud: str
) -> None:
    shown = porter("baseline", "show", version, "--cloud", cloud, "--format", "yaml")
    assert shown.code == 0
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / f"{cloud}.yaml").write_text(shown.out)
    of = (version, tmp_path / "own")
    ours, own = (json.loads(porter("baseline", "show", one, "--cloud", cloud, "--format", "json").out) for one in of)
    left_out = {"same_as", "digest"}
    assert {k: v for k, v in ours.items() if k not in left_out} == {k: v for k, v in own.items() if k not in left_out}


def test_what_is_documented_of_services_has_no_yaml_form_and_says_so(porter: Porter) -> None:
    done = porter("baseline", "show", "--cloud", "services", "--format", "yaml")
    assert (done.code, done.out) == (3, "")
    assert "give --format json" in done.err
