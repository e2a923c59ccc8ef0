"""A bundle of thousands of files: how long writing, signing and verifying take.

Run from a checkout: `python -m benchmarks.evidence [FILES]`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

from scanner.app.keys import new_key, read_public_key, read_signer
from scanner.evidence.bundle import Contents, write_bundle
from scanner.evidence.manifest import RunSummary
from scanner.evidence.verify import Verification, verify_bundle

T = TypeVar("T")
ROUNDS = 5
RUN = RunSummary(
    run_id="01900000-0000-7000-8000-000000000000",
    started="2026-06-01T00:00:00.000Z",
    ended="2026-06-01T00:00:09.000Z",
    tool_version="0",
    baseline_id="porter@2026-05",
    baseline_digest="0" * 64,
    rules_digest="0" * 64,
    scopes=("aws/account/111122223333",),
    as_documented="yes",
    results={"PASS": 1},
    exit_code=0,
)


def main(files: int) -> None:
    """Write and sign a bundle, verify it a few times, and print what it took."""
    page = b'{"RoleName":"%d","AssumeRolePolicyDocument":' + b'"' + b"x" * 2_000 + b'"}\n'
    evidence = {f"evidence/aws/{n // 100}/page-{n:04}.json": page % n for n in range(files)}
    run = b'{"baseline":{"digest":"%s"},"run_id":"%s"}' % (RUN.baseline_digest.encode(), RUN.run_id.encode())
    made = {
        **evidence,
        "report.json": b'{"findings":[],"populations":[],"run":%s,"verdict":{"as_documented":"yes"}}' % run,
        "calls.ndjson": b"",
        "inputs/snapshot.json": b'{"pages":{"all":%d},"schema":"porter-audit/snapshot-index/v1"}' % files,
    }
    contents = Contents(made, RUN, "full", 1, files, 0, 0, 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        keys = new_key(Path(folder) / "key")
        signer, key = read_signer(keys.private), read_public_key(keys.public)
        written, bundle = timed(lambda: write_bundle(contents, Path(folder) / "nights", signer=signer))
        rounds = [timed(lambda: verify_bundle(bundle, key=key)) for _ in range(ROUNDS)]
    failed = [step for _, checked in rounds for step in steps(checked) if step.endswith("False")]
    print(f"{len(made):,} files, {sum(map(len, made.values())) / 1e6:.1f} MB")
    print(f"written and signed in {written:.2f} s")
    took = [seconds for seconds, _ in rounds]
    print(f"verified in {median(took):.2f} s, worst {max(took):.2f} (goal: under 1 for 5,000 files)")
    print(f"steps: {', '.join(steps(rounds[0][1]))}")
    if failed:
        raise SystemExit(f"does not hold: {failed[0]}")


def steps(checked: Verification) -> list[str]:
    """Return each step with what came of it."""
    return [f"{step.name} {step.passed}" for step in checked.steps]


def timed(action: Callable[[], T]) -> tuple[float, T]:
    """Return how many seconds an action took, and what it returned."""
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
