"""Reports small enough to read, with what a message needs."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 6, 1, 2, tzinfo=UTC)
ACCOUNT = "111122223333"


def finding(name: str = "porter-manager", delta: str | None = "new", **more: Any) -> dict[str, Any]:
    account = more.pop("account", ACCOUNT)
    action = more.pop("action", "s3:*")
    fields: dict[str, Any] = {
        "rule_id": "AWS-PERM-001",
        "rule_title": "Nothing beyond the document is granted",
        "axis": "conformance",
        "severity": "high",
        "result": "FAIL",
        "status": "FAIL",
        "reason_code": "EXCESS_ACTION",
        "cloud": "aws",
        "scope": {"cloud": "aws", "kind": "account", "id": account, "name": None},
        "subject": {"type": "aws.iam.role", "key": f"arn:aws:iam::{account}:role/{name}", "name": name},
        "discriminator": "",
        "diff": {"added": [{"kind": "action", "actions": [action], "resources": [f"arn:aws:s3:::logs-{account}/*"]}]},
        "blocking": False,
        "waiver": None,
        "delta": delta,
    }
    made = {**fields, **more}
    fingerprint = hashlib.sha256(f"{made['rule_id']}{account}{name}".encode()).hexdigest()
    content = hashlib.sha256(f"{made['result']}{made['severity']}{action}".encode()).hexdigest()
    return {"finding_id": f"F-{fingerprint[:12]}", "fingerprint": fingerprint, "content_hash": content, **made}


def gone(name: str = "porter-manager", delta: str = "fixed", account: str = ACCOUNT) -> dict[str, Any]:
    made = finding(name, account=account)
    return {
        **{key: made[key] for key in ("finding_id", "fingerprint", "rule_id", "rule_title", "severity")},
        "scope_id": account,
        "subject": name,
        "delta": delta,
    }


def report(*findings: dict[str, Any], day: int = 0, **more: Any) -> dict[str, Any]:
    account = more.pop("account", ACCOUNT)
    absent = more.pop("gone", [])
    deviates = any(f["status"] == "FAIL" for f in findings)
    made: dict[str, Any] = {
        "schema": "porter-audit/report/v1",
        "run": {"run_id": f"run-{account}-{day:04}", "as_of": (START + timedelta(days=day)).isoformat()},
        "verdict": {
            "as_documented": "no" if deviates else "yes",
            "headline": f"{len(findings)} deviations on 1 subject.",
            "unread": [],
        },
        "summary": {"exit_code": 1 if deviates else 0},
        "scopes": [{"cloud": "aws", "kind": "account", "id": account, "name": "acme"}],
        "units": [],
        "findings": list(findings),
        "waivers": [],
        "history": {"previous_run_id": "before", "gone": absent},
    }
    return {**made, **more}


def blind(day: int = 0, account: str = ACCOUNT, *more: dict[str, Any]) -> dict[str, Any]:
    """Return an incomplete run: a required unit was denied."""
    result = finding(delta="unknown_incomplete", result="INCOMPLETE", status="INCOMPLETE", blocking=True)
    unit = {
        "unit_id": f"aws/{account}/eu-west-1/aws.eks.clusters",
        "kind": "aws.eks.clusters",
        "cloud": "aws",
        "scope_id": account,
        "region": "eu-west-1",
        "required": True,
        "status": "denied",
    }
    made = report(result, *more, day=day, account=account, units=[unit], summary={"exit_code": 2})
    made["verdict"]["as_documented"] = "not proven"
    return made


def written(path: Path, made: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made))
    return path
