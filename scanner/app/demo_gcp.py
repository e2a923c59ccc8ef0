"""The GCP part of the demo: a loopback organization, read with Google's own clients, judged."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

from scanner.app.demo import DemoOptions
from scanner.app.gcp_source import GcpOptions, Progress
from scanner.app.params import Parameter
from scanner.app.run_facts import now
from scanner.app.scan import OnRuleError
from scanner.app.scan_gcp import GcpScanOptions, GcpScanOutcome, scan_gcp
from scanner.baseline.load import find, load_gcp
from scanner.errors import PorterAuditError
from scanner.localcloud.gcp_demo import FEDERATED, KEYED, provisioned_gcp
from scanner.localcloud.gcp_provision import gcp_parameters
from scanner.localcloud.gcp_state import DEMO_PROJECT


def has_gcp() -> bool:
    """Return whether Google's clients are installed."""
    return find_spec("google") is not None and find_spec("grpc") is not None


def demo_gcp(
    options: DemoOptions, *, progress: Progress | None = None, on_rule_error: OnRuleError | None = None
) -> GcpScanOutcome:
    """Run a scenario and return what a scan of it says. Raises `PorterAuditError` without the clients.

    The project is connected as the documented version says: with a key, or with federation.
    """
    if not has_gcp():
        raise PorterAuditError("the GCP clients are not installed", advice="pip install 'porter-audit[demo,gcp]'")
    documented = load_gcp(find(options.baseline))
    federated = any(account.federation for account in documented.service_accounts)
    values = gcp_parameters("2026-08" if federated else "2026-05")
    asked = GcpScanOptions(
        baseline=options.baseline,
        gcp=GcpOptions(projects=(DEMO_PROJECT,)),
        parameters=tuple(Parameter(name, value, "made up by the demo") for name, value in values.items()),
        presence="expected",
        fail_on=options.fail_on,
        fail_on_posture=options.fail_on_posture,
        argv=options.argv,
    )
    start = FEDERATED if federated else KEYED
    with provisioned_gcp(options.scenario, start=start, now=now()) as project, _environment(project.environment):
        return scan_gcp(asked, progress=progress, on_rule_error=on_rule_error)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set the variables that lead to the loopback organization; afterwards all is as before."""
    before = dict(os.environ)
    try:
        os.environ.update(values)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
