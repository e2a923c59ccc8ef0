"""The GCP part of the demo: a loopback organization, read with Google's own clients."""

from __future__ import annotations

from importlib.util import find_spec

from scanner.app.demo.reading import DemoReading, made_up, own_environment
from scanner.app.run_facts import now
from scanner.app.sources.gcp import GcpOptions, Progress, read_gcp
from scanner.baseline.load import find, load_gcp
from scanner.errors import PorterAuditError
from scanner.localcloud.gcp_demo import FEDERATED, KEYED, provisioned_gcp
from scanner.localcloud.gcp_provision import gcp_parameters
from scanner.localcloud.gcp_state import DEMO_PROJECT


def read_demo_gcp(
    scenario: str, baseline: str, progress: Progress | None = None, *, services: bool = False
) -> DemoReading:
    """Write a scenario's project and read it. Raises `PorterAuditError` without the clients.

    The project is connected as the documented version says: with a key, or with federation.
    """
    need_clients()
    start, version = set_up(baseline)
    with (
        provisioned_gcp(scenario, start=start, now=now(), services=services) as project,
        own_environment() as environ,
    ):
        environ.update(project.environment)
        snapshot = read_gcp(GcpOptions(projects=(DEMO_PROJECT,)), presence="expected", progress=progress)
    return DemoReading(snapshot, made_up(gcp_parameters(version)))


def need_clients() -> None:
    """Raise `PorterAuditError` if Google's clients are not installed."""
    if find_spec("google") is None or find_spec("grpc") is None:
        raise PorterAuditError("the GCP clients are not installed", advice="pip install 'porter-audit[demo,gcp]'")


def set_up(baseline: str) -> tuple[str, str]:
    """Return how the project is connected, and the version whose parameters the loopback project has."""
    federated = any(account.federation for account in load_gcp(find(baseline)).service_accounts)
    return (FEDERATED, "2026-08") if federated else (KEYED, "2026-05")
