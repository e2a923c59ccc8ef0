"""How long an offline scan of an export with many roles takes, as a multiple of a bare interpreter start.

Run: python benchmarks/export_scan.py [ROLES...]. The export holds the ten documented roles and ROLES others, each with
two inline policies and two attached ones, in the form `aws iam get-account-authorization-details` prints.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scanner.baseline.documents import permission_documents, trust_document  # noqa: E402
from scanner.baseline.load import find, load_aws  # noqa: E402
from scanner.baseline.variables import bind_aws  # noqa: E402

ACCOUNT = "111122223333"


def role(name: str, trust: Any, *documents: Any, attached: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return one entry of RoleDetailList."""
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": "AROA" + f"{abs(hash(name)) % 10**17:017d}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": trust,
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": f"p{i}", "PolicyDocument": d} for i, d in enumerate(documents)],
        "AttachedManagedPolicies": [
            {"PolicyName": a, "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/{a}"} for a in attached
        ],
        "Tags": [],
    }


def export(others: int) -> dict[str, Any]:
    """Return the whole answer."""
    baseline = bind_aws(load_aws(find("porter@2026-05")), {"account_id": ACCOUNT})
    roles = [
        role(
            r.name_pattern.replace("*", "0a1b2c"),
            trust_document(r).body,
            permission_documents(r, baseline.aliases)[0].body,
        )
        for r in baseline.roles
    ]
    own = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    f"s3:{verb}{noun}" for verb in ("Get", "List", "Put") for noun in ("Object", "BucketTagging")
                ],
                "Resource": ["arn:aws:s3:::data-*", "arn:aws:s3:::data-*/*"],
                "Condition": {"StringEquals": {"aws:PrincipalTag/team": "data"}},
            }
        ],
    }
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    roles += [role(f"app-{i:05d}", trust, own, own, attached=("shared-a", "shared-b")) for i in range(others)]
    policies = [
        {
            "PolicyName": name,
            "Arn": f"arn:aws:iam::{ACCOUNT}:policy/{name}",
            "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": own}],
        }
        for name in ("shared-a", "shared-b")
    ]
    return {
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": roles,
        "Policies": policies,
        "IsTruncated": False,
    }


def seconds(command: list[str]) -> float:
    """Return the wall time of one run."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


def main() -> None:
    """Print a line per size."""
    bare = min(seconds([sys.executable, "-c", "pass"]) for _ in range(5))
    for others in [int(a) for a in sys.argv[1:]] or [990, 9_990]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gaad.json"
            path.write_text(json.dumps(export(others)))
            out = str(Path(folder) / "out")
            command = [
                sys.executable,
                "-m",
                "scanner",
                "scan",
                "aws",
                "--from",
                str(path),
                "--out",
                out,
                "--fail-on",
                "none",
            ]
            taken = min(seconds(command) for _ in range(3))
            megabytes = path.stat().st_size / 1e6
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        size = f"{others + 10:>6} roles, {megabytes:.1f} MB"
        print(f"{size}: {taken:.2f} s, {taken / bare:.0f}x a bare start, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
