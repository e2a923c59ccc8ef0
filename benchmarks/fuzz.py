"""Run the differential tests with a new seed each time until the minutes are over; stop at the first failure.

Run: make fuzz MINUTES=10. A failing pair is printed with the seed that made it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "tests" / "access"
TESTS = [str(HERE / name) for name in ("test_differential.py", "test_azure.py", "test_gcp.py")]


def main(minutes: float, first_seed: int) -> int:
    """Return 0 if every round passed, else the failing round's exit code."""
    end = time.monotonic() + minutes * 60
    seed = first_seed
    while time.monotonic() < end:
        environment = {"FUZZ_PAIRS": "2000", "FUZZ_Z3": "20", **os.environ, "FUZZ_SEED": str(seed)}
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", *TESTS], env=environment, check=False)
        if done.returncode:
            print(f"failed with FUZZ_SEED={seed}", file=sys.stderr)
            return done.returncode
        seed += 1
    print(f"{seed - first_seed} rounds, seeds {first_seed} to {seed - 1}: no disagreement")
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
