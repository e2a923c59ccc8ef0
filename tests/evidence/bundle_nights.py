"""A small account, scanned from an export into signed bundles: what every test of bundles starts from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from scanner.app.keys import KeyPair
from scanner.app.params import Parameter
from scanner.app.scan import ScanOptions, ScanOutcome, scan

ACCOUNT = "111122223333"
PORTER = "arn:aws:iam::108458755588:role/CAPIManagement"
EXTERNAL_ID = "planted-external-" + "id-7c1e"
ACCESS_KEY = "AKIA" + "PLANTEDPLANTED42"
BYSTANDER = "payroll-nightly-batch"
AS_OF = datetime(2026, 5, 30, 2, 0, 0, 125000, tzinfo=UTC)


def role(name: str, principal: dict[str, Any], *, description: str = "", condition: Any = None) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    policy = {"Sid": "One", "Effect": "Allow", "Action": ["ec2:Describe*", "iam:PassRole"], "Resource": "*"}
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name.upper().replace('-', '')[:16]:X<16}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": "2026-01-01T00:00:00Z",
        "Description": description,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "InstanceProfileList": [],
        "RolePolicyList": [
            {"PolicyName": f"{name}-own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [policy]}}
        ],
        "AttachedManagedPolicies": [],
        "Tags": [],
        "RoleLastUsed": {},
    }


def export() -> dict[str, Any]:
    """One page: a role of Porter's with a planted ExternalId, one without, and a bystander."""
    told = f"uses {EXTERNAL_ID} and {ACCESS_KEY}"
    roles = [
        role(
            "porter-manager",
            {"AWS": PORTER},
            description=told,
            condition={"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
        ),
        role("porter-access-manager", {"AWS": PORTER}),
        role(BYSTANDER, {"Service": "lambda.amazonaws.com"}, description=told),
    ]
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": []}


class Nights(NamedTuple):
    """Two bundles of one directory, the second naming the first, and the key that signed them."""

    first: Path
    second: Path
    keys: KeyPair
    outcome: ScanOutcome
    directory: Path


def scanned(source: Path, as_of: datetime) -> ScanOutcome:
    return scan(
        ScanOptions(
            baseline="porter@2026-08",
            source=source,
            parameters=(Parameter("external_id", EXTERNAL_ID, "file"),),
            as_of=as_of,
            argv=("scan", "aws", "--from", "gaad.json"),
        )
    )
