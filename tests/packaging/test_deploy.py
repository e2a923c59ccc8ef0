"""What runs the program elsewhere: linted, executed as far as there is no container engine, and made from our lists."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scanner.app.permissions.azure import azure_needs
from scanner.app.permissions.files import cloudformation, deploy_files, terraform_aws, terraform_azure, terraform_gcp
from scanner.collect.aws.allowlist import TIERS
from scanner.collect.aws.permissions import aws_policy
from scanner.collect.azure.allowlist import AZURE_TIERS
from scanner.collect.gcp.allowlist import GCP_TIERS, gcp_role
from scanner.localcloud.aws import LoopbackAws, start_aws

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
READER = "arn:aws:iam::444455556666:role/scans"


def passes(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def understood(*options: str) -> None:
    """Parse a command line up to its help page: an option that is no more fails here."""
    passes(sys.executable, "-m", "scanner", *options, "--help")


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def options_of(argv: list[str]) -> tuple[str, ...]:
    """Return what follows the program's name."""
    names = [Path(part).name for part in argv]
    return tuple(argv[len(names) - names[::-1].index("porter-audit") :])


@pytest.mark.parametrize("name", sorted(deploy_files()))
def test_a_file_made_from_the_lists_of_calls_is_up_to_date(name: str) -> None:
    told = "write them anew: python -m scanner.app.permissions.files deploy"
    assert (DEPLOY / name).read_text() == deploy_files()[name], told


@pytest.mark.parametrize("tier", TIERS)
def test_the_template_is_one_that_cloudformation_takes(tier: Any, tmp_path: Path) -> None:
    path = tmp_path / "role.yaml"
    path.write_text(cloudformation(tier))
    passes(BIN / "cfn-lint", path)


@pytest.fixture(scope="module")
def cloud() -> Iterator[LoopbackAws]:
    with start_aws() as running:
        yield running


@pytest.mark.parametrize("external_id", ["", "made-up-for-the-test"])
def test_the_stack_makes_a_role_that_may_do_what_the_policy_says_and_nothing_else(
    cloud: LoopbackAws, external_id: str
) -> None:
    name = f"reader-{len(external_id)}"
    cloud.client("cloudformation").create_stack(
        StackName=name,
        TemplateBody=cloudformation("account"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": "TrustedPrincipalArn", "ParameterValue": READER},
            {"ParameterKey": "ExternalId", "ParameterValue": external_id},
            {"ParameterKey": "RoleName", "ParameterValue": name},
        ],
    )
    iam = cloud.client("iam")
    (trust,) = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": READER}
    expected = {"StringEquals": {"sts:ExternalId": external_id}} if external_id else None
    assert trust.get("Condition") == expected
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    # The loopback account writes a document with functions in it as Python prints it.
    assert (ast.literal_eval(document) if isinstance(document, str) else document) == aws_policy("account")
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []


def terraform(text: str) -> dict[str, Any]:
    import hcl2

    parsed: dict[str, Any] = hcl2.loads(text)
    return parsed


def quoted(text: str) -> set[str]:
    return set(re.findall(r'"([^"]*)"', text))


@pytest.mark.parametrize("tier", TIERS)
def test_terraform_grants_on_aws_what_the_policy_says(tier: Any) -> None:
    text = terraform_aws(tier)
    assert terraform(text)["resource"]
    actions = {action for statement in aws_policy(tier)["Statement"] for action in statement["Action"]}
    assert {word for word in quoted(text) if re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", word)} - {
        "sts:AssumeRole",
        "sts:ExternalId",
    } == actions


@pytest.mark.parametrize("tier", GCP_TIERS)
def test_terraform_grants_on_gcp_what_the_role_says(tier: Any) -> None:
    text = terraform_gcp(tier)
    assert terraform(text)["resource"]
    permissions = text[text.index("permissions = [") : text.index("]")]
    assert quoted(permissions) == set(gcp_role(tier)["includedPermissions"])


@pytest.mark.parametrize("tier", AZURE_TIERS)
def test_terraform_grants_on_azure_what_the_role_says(tier: str) -> None:
    text = terraform_azure(tier)
    assert terraform(text)["resource"]
    actions, graph = azure_needs(tier)
    assert {word for word in quoted(text) if word.endswith("/read")} == set(actions)
    assert re.findall(r'app_role_id\s+= "([^"]+)"', text) == [number for _, number in graph]


def test_the_container_file_has_no_fault_that_a_linter_knows() -> None:
    passes(BIN / "hadolint", DEPLOY / "Containerfile")


def test_the_image_runs_as_nobody_and_installs_nothing_without_its_hash() -> None:
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert "USER 65532:65532" in lines
    copied = [part for line in lines if line.startswith("COPY") and "--from" not in line for part in line.split()[1:-1]]
    assert copied
    assert [part for part in copied if not (ROOT / part).exists()] == []
    installs = [part for line in lines for part in line.split("&&") if "pip install" in part or "pip wheel" in part]
    assert len(installs) == 4
    assert all("--require-hashes" in part or "--no-deps" in part for part in installs)


def test_the_nightly_job_is_one_that_kubernetes_takes() -> None:
    passes(BIN / "kubernetes-validate", "--strict", DEPLOY / "kubernetes" / "cronjob.yaml")


def test_the_nightly_job_holds_no_secret_and_may_write_its_two_volumes_only() -> None:
    made = documents(DEPLOY / "kubernetes" / "cronjob.yaml")
    assert [document["kind"] for document in made] == ["ServiceAccount", "PersistentVolumeClaim", "CronJob"]
    job = made[-1]["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    (container,) = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not any("valueFrom" in variable for variable in container["env"])
    understood(*container["args"])


def test_the_action_and_its_workflow_are_ones_that_github_takes() -> None:
    check = BIN / "check-jsonschema"
    passes(check, "--builtin-schema", "vendor.github-actions", DEPLOY / "github" / "action.yml")
    passes(check, "--builtin-schema", "vendor.github-workflows", DEPLOY / "github" / "workflow.yml")


def test_no_input_of_the_action_becomes_program_text() -> None:
    (action,) = documents(DEPLOY / "github" / "action.yml")
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"]
        passes("bash", "-n", "-c", step["run"])


def test_the_action_reports_its_findings_and_keeps_the_exit_code(tmp_path: Path) -> None:
    """The step itself, with this program in place of the installed one, on a template that is there for all."""
    (action,) = documents(DEPLOY / "github" / "action.yml")
    program = tmp_path / "porter-audit" / "bin" / "porter-audit"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m scanner "$@"\n')
    program.chmod(0o755)
    files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    environment = {
        **{name: str(path) for name, path in files.items()},
        "RUNNER_TEMP": str(tmp_path),
        "CLOUD": "aws",
        "BASELINE": "porter@2026-05",
        "FAIL_ON": "high",
        "OUT": str(tmp_path / "out"),
        "ARGUMENTS": "--from\nexamples/administrator-role.json\n",
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
    }
    script = action["runs"]["steps"][1]["run"]
    done = subprocess.run(["bash", "-e", "-c", script], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    assert files["GITHUB_OUTPUT"].read_text() == "exit-code=1\n"
    assert "As documented: no" in files["GITHUB_STEP_SUMMARY"].read_text()
    assert (tmp_path / "out" / "sarif.json").is_file()


@pytest.mark.parametrize("name", ["porter-audit.service", "porter-audit.timer"])
def test_systemd_takes_the_unit(name: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in (DEPLOY / "systemd").iterdir():
        # The program and flock need not be where the unit runs them from for the unit to be right.
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    passes("systemd-analyze", "verify", tmp_path / name)


def test_the_service_can_do_little_beside_its_work() -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / "systemd" / "porter-audit.service")
    service = parser["Service"]
    assert (service["DynamicUser"], service["ProtectSystem"], service["NoNewPrivileges"]) == ("yes", "strict", "yes")
    understood(*options_of(shlex.split(service["ExecStart"])))


def test_the_line_for_cron_takes_the_lock_and_is_understood() -> None:
    (line,) = [x for x in (DEPLOY / "cron" / "porter-audit").read_text().splitlines() if re.match(r"[0-9*]", x)]
    schedule, command = line.split(maxsplit=6)[:5], line.split(maxsplit=6)[6]
    assert len(schedule) == 5
    argv = shlex.split(command)
    assert argv[:2] == ["flock", "--nonblock"]
    understood(*options_of(argv))
