"""How long a fleet of AWS accounts takes, by threads and by two Dask workers, and how much memory of the whole scanner.

Run: python benchmarks/fleet.py [ACCOUNTS] [EXECUTOR...]   (default: 100 accounts, threads:8 and dask:local:2)

The accounts are simulated by a light loopback AWS in a process of its own, each with Porter's ten documented roles, 40
others, a stack, a cluster and five pod roles, two regions, 20 ms before every answer, one request in a hundred refused
as too many. Everything on this side is real: boto3's clients, AssumeRole per account, all rules, report.json and
report.html of every account, the roll-up. In every tenth account one role has more than is documented.

Memory is resident memory, looked at twice a second: of the process that leads, and of that process and all it started
together (Dask's workers and helpers; pages they share count in each). The simulated cloud is not among them. The issue
asks for 1,000 accounts on two cores in under 10 minutes, all processes together under 1 GB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scanner.baseline.load import find, load_aws  # noqa: E402
from scanner.baseline.variables import bind_aws  # noqa: E402
from scanner.localcloud.fleet_aws import ANY_ACCOUNT, MANAGEMENT, ORGANIZATION, FleetSpec  # noqa: E402
from scanner.localcloud.fleet_content import environment, running, spec_of  # noqa: E402

EXTERNAL_ID = "benchmark-external-id"


def fleet(number: int) -> FleetSpec:
    """Return the organization."""
    accounts = [f"{100_000_000_000 + n}" for n in range(1, number + 1)]
    bound = bind_aws(load_aws(find("porter@2026-05")), {"account_id": ANY_ACCOUNT, "external_id": EXTERNAL_ID})
    spec = spec_of(accounts, bound.roles, external_id=EXTERNAL_ID, now=datetime.now(UTC), drifted=accounts[::10])
    return msgspec.structs.replace(spec, latency_s=0.02, throttled=0.01)


def configuration(folder: Path) -> Path:
    """Write the configuration of the run and return its path."""
    file = folder / "porter-audit.yaml"
    file.write_text(
        "schema: porter-audit/config/v1\n"
        "defaults: {documented: porter@2026-05, parameters: {external_id: env:FLEET_EXTERNAL_ID}}\n"
        "targets:\n"
        f"  - {{cloud: aws, organization: {ORGANIZATION}, external_id: env:FLEET_EXTERNAL_ID,\n"
        '     role: "arn:aws:iam::{account_id}:role/porter-audit",\n'
        f'     skip: [{{id: "{MANAGEMENT}", reason: management}}]}}\n'
        "outputs: {directory: runs, formats: [json, html]}\n"
        "history: nights.db\n"
    )
    return file


class Watch:
    """Watches the resident memory and the processor time of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        self.leader = 0.0
        """MB, at its highest."""
        self.all = 0.0
        """MB, the highest sum at one moment."""
        self.processes = 0
        self.cpu_s = 0.0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        while not self._over.wait(0.5):
            try:
                leader = psutil.Process(self._pid)
                family = [leader, *leader.children(recursive=True)]
                sizes = [one.memory_info().rss / 1e6 for one in family]
                spent = [one.cpu_times() for one in family]
            except psutil.Error:
                continue
            self.leader = max(self.leader, sizes[0])
            self.all = max(self.all, sum(sizes))
            self.processes = max(self.processes, len(sizes))
            self.cpu_s = max(self.cpu_s, sum(one.user + one.system for one in spent))


def measure(number: int, executor: str) -> float:
    """Scan once, print a line and return accounts per minute."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(fleet(number), folder) as endpoint:
            env = {**os.environ, **environment(endpoint), "FLEET_EXTERNAL_ID": EXTERNAL_ID}
            command = [sys.executable, "-m", "scanner", "scan", "all", "--config", str(configuration(folder))]
            start = time.perf_counter()
            process = subprocess.Popen(
                [*command, "--executor", executor, "--quiet"], env=env, cwd=ROOT, stderr=subprocess.PIPE, text=True
            )
            watch = Watch(process.pid)
            _, said = process.communicate()
            seconds = time.perf_counter() - start
            watch.stop()
        rollup = next(folder.glob("runs/*/rollup.json"), None)
        if rollup is None:
            sys.exit(f"no roll-up after {seconds:.0f} s, exit {process.returncode}: {said[-2000:]}")
        found: dict[str, Any] = json.loads(rollup.read_bytes())
        counts = found["counts"]
        rate = number / seconds * 60
        print(
            f"{executor:<12} {number} accounts in {seconds:.0f} s: {rate:.0f} a minute, "
            f"{watch.cpu_s / number:.2f} s of processor each, at most {watch.leader:.0f} MB in the leading process and "
            f"{watch.all:.0f} MB in all {watch.processes} of the scanner, exit {process.returncode}, "
            f"{counts['read']} read, {counts['complete']} whole, {counts['not_as_documented']} with the deviation",
            flush=True,
        )
        if process.returncode not in (0, 1, 2):
            print(said[-2000:])
    return rate


def main() -> None:
    """Print a line per executor, and how they compare."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    executors = sys.argv[2:] or ["threads:8", "dask:local:2"]
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores; others keep {load:.1f} processes busy", flush=True)
    rates = {executor: measure(number, executor) for executor in executors}
    if len(rates) == 2:
        (one, first), (other, second) = rates.items()
        print(f"accounts a minute, {one} : {other} = 1 : {second / first:.2f}")


if __name__ == "__main__":
    main()
