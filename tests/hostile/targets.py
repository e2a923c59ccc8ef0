"""Everything the program reads from a file: a valid seed of each, and the command that reads it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from scanner.collect.exports.read import read_input
from scanner.collect.snapshot_io import dump_snapshot
from scanner.resources import data_dir
from tests.hostile.kept import kept_targets
from tests.hostile.law import command
from tests.hostile.plants import session
from tests.hostile.sealed import sealed_targets
from tests.hostile.target import AS_OF, CHECKED, FORMATS, NOW, ROOT, Target, as_json, files_below, scanning

ROLE: dict[str, Any] = {
    "Path": "/",
    "RoleName": "porter-manager",
    "RoleId": "AROAXXXXXXXXXXXXXXXX",
    "Arn": "arn:aws:iam::111122223333:role/porter-manager",
    "CreateDate": "2026-01-01T00:00:00Z",
    "AssumeRolePolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Everybody",
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:aws:iam::108458755588:root"]},
                "Action": ["sts:AssumeRole"],
                "Condition": {"StringLike": {"aws:PrincipalArn": ["arn:aws:iam::108458755588:*"]}},
            }
        ],
    },
    "InstanceProfileList": [],
    "RolePolicyList": [
        {
            "PolicyName": "all",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::acme-payroll/*"]},
            },
        }
    ],
    "AttachedManagedPolicies": [{"PolicyName": "own", "PolicyArn": "arn:aws:iam::111122223333:policy/own"}],
    "Tags": [{"Key": "team", "Value": "platform"}],
    "RoleLastUsed": {"LastUsedDate": "2026-05-01T00:00:00Z", "Region": "us-east-1"},
}
POLICY: dict[str, Any] = {
    "PolicyName": "own",
    "PolicyId": "ANPAXXXXXXXXXXXXXXXX",
    "Arn": "arn:aws:iam::111122223333:policy/own",
    "Path": "/",
    "DefaultVersionId": "v1",
    "AttachmentCount": 1,
    "IsAttachable": True,
    "PolicyVersionList": [
        {
            "VersionId": "v1",
            "IsDefaultVersion": True,
            "Document": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            },
        }
    ],
}
EXPORT: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [ROLE], "Policies": [POLICY]}
"""An account whose one role everybody in Porter's account may assume: exit 1 as it stands."""

WAIVERS = """schema: porter-audit/waivers/v1
waivers:
  - id: W-1
    kind: accept
    match: {rule_id: AWS-PERM-001, subject: "arn:aws:iam::111122223333:role/porter-manager"}
    ceiling: {content_hash: %s}
    reason: Needed until the migration in summer is done.
    owner: platform@example.com
    approved_by: security@example.com
    ticket: https://tickets.example.com/SEC-14
    created: 2026-05-01
    expires: 2026-07-30
  - id: W-2
    kind: ack
    match: {unit: "aws/111122223333/*/aws.eks.clusters"}
    ceiling: {statuses: [denied]}
    reason: Nobody may read clusters until autumn.
    owner: platform@example.com
    approved_by: security@example.com
    ticket: https://tickets.example.com/SEC-15
    created: 2026-05-01
    expires: 2026-07-30
""" % ("ab" * 32)
CONFIG = """schema: porter-audit/config/v1
defaults: {documented: porter@2026-05, presence: expected}
targets:
  - {cloud: aws, account: "111122223333", presence: expected, parameters: {external_id: env:NOT_SET}}
outputs: {directory: nights, formats: [html, json]}
history: history.sqlite
fleet: {executor: "threads:2"}
"""


def _snapshot(source: Path) -> bytes:
    return dump_snapshot(read_input(source, now=NOW, hmac_key=b"k" * 32))


def _directory(name: str, cloud: str, folder: Path, one: str) -> Target:
    """Return the target of one file in a directory of exports."""
    files = dict(files_below(folder, "export"))
    place = f"export/{one}"
    around = tuple((key, value) for key, value in files.items() if key != place)
    options = ("--param", "project_id=porter-demo-project") if cloud == "gcp" else ()
    return Target(name, files[place], place, scanning(cloud, "export", *options), around=around)


def targets(work: Path) -> list[Target]:
    """Return every target; seeds are made below `work`."""
    (work / "gaad.json").write_bytes(as_json(EXPORT))
    return [
        *_exports(work),
        *_templates(),
        *_own_files(work),
        *_reports(work),
        *sealed_targets(work, as_json(EXPORT)),
        *kept_targets(work, as_json(EXPORT)),
    ]


def _exports(work: Path) -> Iterable[Target]:
    from tests.hostile.exports import az_export, gcloud_export

    yield Target("aws export", as_json(EXPORT), "gaad.json", scanning("aws", "gaad.json"))
    yield Target("aws snapshot", _snapshot(work / "gaad.json"), "snapshot.json", scanning("aws", "snapshot.json"))
    events = [session(), session(eventName="AttachRolePolicy", eventSource="iam.amazonaws.com", readOnly=False,
                                 requestParameters={"roleName": "porter-manager", "policyArn": "arn:aws:iam::aws:x"})]
    looked_up = {"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(event)} for event in events]}
    for name, trail in (("records", {"Records": events}), ("looked up", looked_up)):
        yield Target(f"cloudtrail {name}", as_json(trail), "in/trail.json", scanning("aws", "in"),
                     around=(("in/gaad.json", as_json(EXPORT)),))
    gcp, azure = gcloud_export(work / "gcp"), az_export(work / "az")
    for file in sorted(gcp.iterdir()):
        yield _directory(f"gcloud {file.stem}", "gcp", gcp, file.name)
    for file in sorted(azure.iterdir()):
        yield _directory(f"az {file.stem}", "azure", azure, file.name)
    yield Target("gcp snapshot", _snapshot(gcp), "snapshot.json", scanning("gcp", "snapshot.json"))
    yield Target("azure snapshot", _snapshot(azure), "snapshot.json", scanning("azure", "snapshot.json"))
    yield Target(
        "revoked export",
        as_json(EXPORT),
        "gaad.json",
        lambda home: ("verify-revoked", "aws", "--from", home / "gaad.json"),
    )
    yield Target(
        "can export",
        as_json(EXPORT),
        "gaad.json",
        lambda home: ("can", "porter-manager", "s3:GetObject", "arn:aws:s3:::acme-payroll/x", "--from",
                      home / "gaad.json"),
    )  # fmt: skip


def _templates() -> Iterable[Target]:
    for cloud, name in (
        ("aws", "porter-role.yaml"),
        ("aws", "administrator-role.json"),
        ("aws", "secrets-role-plan.json"),
        ("gcp", "gcp-connection-plan.json"),
        ("azure", "azure-connection-plan.json"),
    ):
        yield Target(f"template {name}", (ROOT / "examples" / name).read_bytes(), name, scanning(cloud, name))


def _own_files(work: Path) -> Iterable[Target]:
    export = ("gaad.json", as_json(EXPORT))
    yield Target(
        "porter.yaml",
        (ROOT / "examples" / "porter.yaml").read_bytes(),
        "porter.yaml",
        lambda home: (*scanning("aws", "gaad.json")(home), "--porter-yaml", home / "porter.yaml"),
        around=(export,),
    )
    versions = data_dir("baselines") / "porter" / "2026-05"
    for cloud in ("aws", "gcp", "azure"):
        file = f"{cloud}.yaml"
        yield Target(
            f"baseline {cloud}",
            (versions / file).read_bytes(),
            f"own/{file}",
            lambda home, cloud=cloud, file=file: ("baseline", "show", home / "own" / file, "--cloud", cloud),  # type: ignore[misc]
        )
    yield Target("waivers", WAIVERS.encode(), "w.yaml", lambda home: ("waivers", "lint", home / "w.yaml", *AS_OF))
    yield Target(
        "config",
        CONFIG.encode(),
        "porter-audit.yaml",
        lambda home: ("config", "lint", home / "porter-audit.yaml"),
        CHECKED,
        lists_problems=True,
    )
    document = as_json(POLICY["PolicyVersionList"][0]["Document"])
    yield Target(
        "policy",
        as_json(ROLE["RolePolicyList"][0]["PolicyDocument"]),
        "policy.json",
        lambda home: ("compare", "--live", home / "policy.json", "--documented", home / "documented.json"),
        around=(("documented.json", as_json(POLICY["PolicyVersionList"][0]["Document"])),),
    )
    yield Target(
        "documented policy",
        document,
        "documented.json",
        lambda home: ("compare", "--live", home / "live.json", "--documented", home / "documented.json"),
        around=(("live.json", document),),
    )
    from tests.hostile.exports import pages

    for name, page in pages().items():
        yield Target(f"page {name}", page, f"page.{name}", _page(name), lists_problems=True)


def _page(name: str) -> Callable[[Path], tuple[str | Path, ...]]:
    return lambda home: ("baseline", "import", home / f"page.{name}", "--name", "own@1", "--out", home / "own.yaml")


def _reports(work: Path) -> Iterable[Target]:
    made = command("scan", "aws", "--from", work / "gaad.json", "--out", work / "o", "--format", "json", "--bundle",
                   "full", "-q", *AS_OF)  # fmt: skip
    if made.code != 1:
        raise AssertionError(made.err)
    (bundle,) = (work / "o").glob("bundle-*")
    report = (work / "o" / "report.json").read_bytes()
    other = ("other/report.json", report)
    yield Target(
        "report to diff", report, "r/report.json",
        lambda home: ("diff", home / "r" / "report.json", home / "other" / "report.json"), CHECKED, (other,),
    )  # fmt: skip
    yield Target(
        "report to render", report, "r/report.json",
        lambda home: ("report", home / "r" / "report.json", "--format", FORMATS, "--out", home / "made", "-q"),
        frozenset({0}),
    )  # fmt: skip
    yield Target(
        "report to tell", report, "r/report.json",
        lambda home: ("notify", home / "r" / "report.json", "--channel", "sns", "--topic",
                      "arn:aws:sns:us-east-1:111122223333:t", "--state", home / "state.json", "--dry-run"),
        frozenset({0}),
    )  # fmt: skip
    yield Target(
        "report to remember", report, "r/report.json", _remembered, frozenset({0}),
    )  # fmt: skip
    files = dict(files_below(bundle, "b"))
    checks = {
        "verify": lambda home: ("verify", "--hashes-only", home / "b"),
        "replay": lambda home: ("replay", home / "b"),
        "report": lambda home: ("report", home / "b", "--format", "markdown", "--out", "-"),
    }
    for what, argv in checks.items():
        for one in ("manifest.json", "report.json") if what == "verify" else ("manifest.json",):
            around = tuple((key, value) for key, value in files.items() if key != f"b/{one}")
            allowed = frozenset({0, 5}) if what != "report" else frozenset({0})
            yield Target(f"bundle {one} to {what}", files[f"b/{one}"], f"b/{one}", argv, allowed, around)



def _remembered(home: Path) -> tuple[str | Path, ...]:
    shutil.rmtree(home / "h", ignore_errors=True)
    (home / "h").mkdir()
    return ("history", "rebuild", home / "h" / "history.sqlite", home / "r" / "report.json")
