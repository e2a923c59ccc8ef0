"""How long `porter-audit --help` takes, as a multiple of a bare interpreter start; the goal is under 6.

Run: python benchmarks/startup.py [ROUNDS]. The two are run in turn, so that a busy machine slows both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

BARE = [sys.executable, "-c", "pass"]
HELP = [sys.executable, "-m", "scanner", "--help"]


def seconds(command: list[str]) -> float:
    """Return the wall time of one run of a command that must succeed."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(rounds: int) -> tuple[float, float]:
    """Return the median seconds of a bare start and of `--help`; one round of each warms the file cache."""
    pairs = [(seconds(BARE), seconds(HELP)) for _ in range(rounds + 1)][1:]
    return statistics.median(bare for bare, _ in pairs), statistics.median(full for _, full in pairs)


def main() -> None:
    """Print both medians and the multiple."""
    bare, full = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
    print(f"bare {bare * 1000:.0f} ms, --help {full * 1000:.0f} ms, {full / bare:.1f}x")


if __name__ == "__main__":
    main()
