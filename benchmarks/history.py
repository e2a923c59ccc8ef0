"""A year and more of nights in one history: how large it is, and how long writing and comparing takes.

Run from a checkout: `python -m benchmarks.history [NIGHTS] [RESULTS]`.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from scanner.app.past import remember
from scanner.history.store import open_store
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

SCOPE = SeenScope("aws", "111122223333")
UNIT = SeenUnit("aws/111122223333/global/aws.iam.authorization_details", "complete")
DEVIATING = 10
"""One result in so many is a deviation; a few of them change every night."""


def main(nights: int, results: int) -> None:
    """Write the nights, compare the last with others, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        store = open_store(path)
        started = time.perf_counter()
        for number in range(nights):
            remember(store, night(number, results))
        written = time.perf_counter() - started
        took = []
        for number in range(max(0, nights - 50), nights - 1):
            started = time.perf_counter()
            store.diff(run_id(number), run_id(nights - 1))
            took.append((time.perf_counter() - started) * 1_000)
        store.close()
        size = sum(file.stat().st_size for file in path.parent.iterdir()) / 1_000_000
    print(f"{nights} nights x {results} results: {size:.1f} MB (goal: under 20)")
    print(f"written in {written:.1f} s, {written / nights * 1_000:.1f} ms a night")
    if took:
        print(f"two nights compared in {median(took):.2f} ms, worst {max(took):.2f} (goal: under 10)")


def run_id(number: int) -> str:
    """Return the id of a night."""
    return f"00000000-0000-7000-8000-{number:012}"


def night(number: int, results: int) -> Night:
    """Return a night like the one before but for a few deviations."""
    return Night(
        schema="porter-audit/report/v1",
        run=SeenRun(run_id(number), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number), SeenBaseline("p@1")),
        verdict=SeenVerdict("no"),
        summary=SeenSummary(1),
        scopes=(SCOPE,),
        units=(UNIT,),
        findings=tuple(result(number, index) for index in range(results)),
    )


def result(number: int, index: int) -> Seen:
    """Return a result; a deviation changes about once a month."""
    deviates = index % DEVIATING == 0
    age = (number + index) // 30 if deviates else 0
    name = f"{index}"
    action = f"s3:Action{age}"
    return Seen(
        finding_id=f"F-{name}",
        fingerprint=hashlib.sha256(name.encode()).hexdigest(),
        content_hash=hashlib.sha256(f"{name}{age}".encode()).hexdigest(),
        rule_id=f"AWS-RULE-{index % 31:03}",
        rule_version=1,
        rule_title="A title of a rule that is about as long as most",
        axis="conformance",
        severity="high",
        result="FAIL" if deviates else "PASS",
        status="FAIL" if deviates else "PASS",
        reason_code="",
        cloud="aws",
        scope=SCOPE,
        subject=SeenSubject("aws.iam.role", f"arn:aws:iam::111122223333:role/porter-{name}", f"porter-{name}"),
        diff=SeenDiff((SeenPiece("action", (action,), ("arn:aws:s3:::bucket/*",)),)) if deviates else None,
        requires_units=(UNIT,),
    )


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [400, 600][len(numbers) :]))
