"""porter.yaml files that a configuration names: the same effect as `--porter-yaml`, and on their own target only."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.app.config.defaults import scan_defaults
from scanner.app.config.read import lint_config, load_config
from scanner.app.config.words import summary
from scanner.errors import UsageError
from scanner.localcloud.fleet_content import running
from scanner.model.services import NOT_AS_DOCUMENTED, NOT_PROVEN

from ..cli.conftest import Porter
from ..cli.conftest import porter as porter
from ..localcloud.fleet import accounts, configuration, organization, variables
from .fleet_setup import killed_at, run

IDS = accounts(3)
NAMED, OTHER, DENIED = IDS
SERVICES = """\
name: orders
services:
  - name: api
    type: web
    connections:
      - type: awsRole
        role: app-01
"""
HEAD = "schema: porter-audit/config/v1\n"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(organization(IDS, denied=[DENIED]), tmp_path_factory.mktemp("cloud")) as address:
        yield address


@pytest.fixture
def cloud(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in variables(endpoint).items():
        monkeypatch.setenv(name, value)
    return endpoint


def entry(account: str) -> str:
    return (
        f'  - {{cloud: aws, account: "{account}", role: "arn:aws:iam::{account}:role/porter-audit",\n'
        "     external_id: env:FLEET_EXTERNAL_ID, porter_yaml: [services/porter.yaml]}\n"
    )


def declared(tmp_path: Path, text: str = SERVICES) -> Path:
    file = tmp_path / "services" / "porter.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def report_of(folder: Path, account: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "targets" / f"aws-{account}" / "report.json").read_bytes())
    return found


def said_of_services(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((f["rule_id"], f["subject"]["key"], f["result"]) for f in report["findings"] if "SVC" in f["rule_id"])


def test_a_target_is_held_against_its_own_files_and_no_other_target_is(
    cloud: str, porter: Porter, tmp_path: Path
) -> None:
    file = declared(tmp_path)
    outcome = run(configuration(tmp_path, entry=entry(NAMED) + entry(DENIED)))
    found = report_of(outcome.folder, NAMED)
    assert [row["verdict"] for row in found["services"]] == [NOT_AS_DOCUMENTED]
    assert [row["verdict"] for row in report_of(outcome.folder, DENIED)["services"]] == [NOT_PROVEN]
    other = report_of(outcome.folder, OTHER)
    assert other.get("services", []) == []
    assert said_of_services(other) == []
    done = porter(
        "scan", "aws", "--assume-role", f"arn:aws:iam::{NAMED}:role/porter-audit", "--assume-external-id",
        "env:FLEET_EXTERNAL_ID", "--baseline", "porter@2026-05", "--param", "external_id=env:FLEET_EXTERNAL_ID",
        "--porter-yaml", file, "--format", "json", "--out", "-",
    )  # fmt: skip
    alone = json.loads(done.out)
    assert said_of_services(alone) == said_of_services(found)
    assert done.code == found["summary"]["exit_code"]


def test_one_scan_takes_the_files_of_the_one_target_and_an_option_wins(
    cloud: str, porter: Porter, tmp_path: Path
) -> None:
    declared(tmp_path)
    file = tmp_path / "porter-audit.yaml"
    file.write_text(HEAD + "defaults: {parameters: {external_id: env:FLEET_EXTERNAL_ID}}\ntargets:\n" + entry(NAMED))
    done = porter("scan", "aws", "--config", file, "--format", "json", "--out", "-")
    assert [(row["app"], row["verdict"]) for row in json.loads(done.out)["services"]] == [("orders", NOT_AS_DOCUMENTED)]
    own = tmp_path / "porter.yaml"
    own.write_text(SERVICES.replace("name: orders", "name: another"))
    done = porter("scan", "aws", "--config", file, "--porter-yaml", own, "--format", "json", "--out", "-")
    assert [row["app"] for row in json.loads(done.out)["services"]] == ["another"]
    assert "porter_yaml" in scan_defaults(load_config(file), "aws", reads=False).options
    assert any("services of services/porter.yaml" in line for line in summary(lint_config(file, {})))


def test_a_run_is_not_continued_with_other_services(cloud: str, tmp_path: Path) -> None:
    declared(tmp_path)
    config = configuration(tmp_path, entry=entry(NAMED))
    assert killed_at("planned", 1, config) == -signal.SIGKILL
    declared(tmp_path, SERVICES.replace("app-01", "app-02"))
    with pytest.raises(UsageError, match="the configuration is not the one"):
        run(config, resume=True)


MANY = '  - {cloud: gcp, folder: "42", porter_yaml: [services/porter.yaml]}\n'
ONE = '  - cloud: aws\n    account: "111122223333"\n'
WRONG = [
    ("a file that is not there", ONE + "    porter_yaml:\n      - services/porter.yaml\n      - none.yaml\n",
     "line 7: targets[1].porter_yaml[2]: input `none.yaml`: cannot be read: no such file"),
    ("a folder", ONE + "    porter_yaml: [services]\n",
     "line 5: targets[1].porter_yaml[1]: input `services`: cannot be read: is a directory"),
    ("a file twice", ONE + "    porter_yaml: [services/porter.yaml, ./services/porter.yaml]\n",
     "line 5: targets[1].porter_yaml[2]: is given twice"),
    ("a file that is none", ONE + "    porter_yaml: [bad.yaml]\n",
     "line 5: targets[1].porter_yaml[1]: input `bad.yaml`: line 1: `services` is not a list"),
    ("text", ONE + "    porter_yaml: services/porter.yaml\n",
     "line 5: targets[1].porter_yaml: must be a list, not text"),
    ("for many", MANY, "line 3: targets[1].porter_yaml: is for one account, project or subscription"),
    ("a version without such a part", ONE + "    documented: ./aws.yaml\n    porter_yaml: [services/porter.yaml]\n",
     "line 6: targets[1].porter_yaml: documented version `./aws.yaml` has no part on services' own identities"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_wrong_with_the_files_is_named_with_the_line_of_the_configuration(
    tmp_path: Path, text: str, said: str
) -> None:
    declared(tmp_path)
    (tmp_path / "bad.yaml").write_text("services: 12\n")
    (tmp_path / "aws.yaml").write_text("id: own@1\n")
    file = tmp_path / "porter-audit.yaml"
    file.write_text(HEAD + "targets:\n" + text)
    found = [str(problem) for problem in lint_config(file, {}).problems]
    assert len(found) == 1
    assert found[0].startswith(said)


def test_the_defaults_of_all_targets_have_no_such_key(tmp_path: Path) -> None:
    file = tmp_path / "porter-audit.yaml"
    file.write_text(HEAD + "defaults: {porter_yaml: [porter.yaml]}\n")
    assert [str(problem) for problem in lint_config(file, {}).problems] == [
        "line 2: defaults.porter_yaml: unknown key; known: documented, parameters, presence"
    ]
