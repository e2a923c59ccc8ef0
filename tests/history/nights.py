"""Nights as report.json tells of them, small enough to read."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from scanner.model.history import (
    Night,
    Seen,
    SeenBaseline,
    SeenDiff,
    SeenPiece,
    SeenRun,
    SeenScope,
    SeenSubject,
    SeenSummary,
    SeenUnit,
    SeenVerdict,
)

FIRST = datetime(2026, 6, 1, 2, tzinfo=UTC)
ACCOUNT = SeenScope("aws", "111122223333")
UNIT = SeenUnit("aws/111122223333/global/aws.iam.authorization_details", "complete")


def piece(*actions: str, **more: Any) -> SeenPiece:
    return SeenPiece("action", actions, ("arn:aws:s3:::logs/*",), **more)


def seen(name: str = "a", result: str = "FAIL", *pieces: SeenPiece, **more: Any) -> Seen:
    """Return a result; without other wish, what deviates is named by its pieces, result and severity."""
    severity = more.get("severity", "high")
    content = hashlib.sha256(f"{result}{severity}{sorted(str(p) for p in pieces)}".encode()).hexdigest()
    fields: dict[str, Any] = {
        "finding_id": f"F-{name}",
        "fingerprint": name.encode().hex().ljust(64, "0")[:64],
        "content_hash": content,
        "rule_id": "AWS-PERM-001",
        "rule_version": 1,
        "rule_title": "Nothing beyond the document",
        "axis": "conformance",
        "severity": severity,
        "result": result,
        "status": result,
        "reason_code": "",
        "cloud": "aws",
        "scope": ACCOUNT,
        "subject": SeenSubject("aws.iam.role", f"arn:aws:iam::111122223333:role/{name}", name),
        "diff": SeenDiff(pieces) if pieces else None,
        "requires_units": (UNIT,),
    }
    return Seen(**{**fields, **more})


def night(number: int, *findings: Seen, unit: str = "complete", **more: Any) -> Night:
    fields: dict[str, Any] = {
        "schema": "porter-audit/report/v1",
        "run": SeenRun(f"run-{number:04}", FIRST + timedelta(days=number), SeenBaseline("porter@2026-05")),
        "verdict": SeenVerdict("no" if any(f.result == "FAIL" for f in findings) else "yes"),
        "summary": SeenSummary(1 if any(f.result == "FAIL" for f in findings) else 0),
        "scopes": (ACCOUNT,),
        "units": (replace(UNIT, status=unit),),
        "findings": findings,
    }
    return Night(**{**fields, **more})
