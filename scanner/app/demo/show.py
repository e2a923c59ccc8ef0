"""The whole product on loopback clouds: write accounts, read them with the real collectors, judge them."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

import msgspec

from scanner.app.declared import declared_units, with_declared
from scanner.app.demo.aws import read_demo_aws
from scanner.app.demo.azure import read_demo_azure
from scanner.app.demo.gcp import read_demo_gcp
from scanner.app.demo.reading import DemoReading
from scanner.app.run_facts import now
from scanner.app.scan import OnRuleError, ScanOptions, ScanOutcome, judge
from scanner.app.snapshots import join_snapshots
from scanner.app.sources.aws import Progress
from scanner.baseline.load import find
from scanner.baseline.version import load_version
from scanner.localcloud.scenario_file import scenario_names
from scanner.model.question import Question


class ReadDemo(Protocol):
    """Writes a scenario's account, reads it and returns the snapshot."""

    def __call__(
        self, scenario: str, baseline: str, progress: Progress | None = None, *, services: bool = False
    ) -> DemoReading:
        """Take scenario and documented version; with `services` the account holds those of the examples."""
        ...


REVOKED: Final = "revoked"
"""The scenario that asks the other question: is anything left."""
READERS: Final[dict[str, ReadDemo]] = {"aws": read_demo_aws, "gcp": read_demo_gcp, "azure": read_demo_azure}
ALL: Final = "all"


class DemoOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    scenario: str
    baseline: str
    cloud: str = "aws"
    """aws, gcp, azure, or all of them in one report."""
    fail_on: str = "high"
    fail_on_posture: str = "none"
    argv: tuple[str, ...] = ()
    porter_yaml: tuple[Path, ...] = ()
    """What services declare."""


def scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that ship with the demo, sorted."""
    return scenario_names()


def demo(
    options: DemoOptions, *, progress: Progress | None = None, on_rule_error: OnRuleError | None = None
) -> ScanOutcome:
    """Run a scenario and return what a scan of it says.

    Raises `PorterAuditError` if the libraries of a cloud that was asked for are not installed, `InputError` if a
    porter.yaml cannot be read.
    """
    started = now()
    clouds = tuple(READERS) if options.cloud == ALL else (options.cloud,)
    documented = load_version(find(options.baseline), clouds)
    declared = declared_units(options.porter_yaml, documented, started)
    services = bool(declared)
    readings = [READERS[cloud](options.scenario, options.baseline, progress, services=services) for cloud in clouds]
    asked = ScanOptions(
        baseline=options.baseline,
        parameters=tuple({p.name: p for reading in readings for p in reading.parameters}.values()),
        presence="expected",
        question=Question.REVOKED if options.scenario == REVOKED else Question.DOCUMENTED,
        fail_on=options.fail_on,
        fail_on_posture=options.fail_on_posture,
        argv=options.argv,
    )
    snapshot = with_declared(join_snapshots([reading.snapshot for reading in readings]), declared)
    return judge(asked, snapshot, documented, started, on_rule_error)
