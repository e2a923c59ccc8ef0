"""The Azure part of scenarios: what is changed in the tenant as documented, and which rules must say so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from scanner.errors import UsageError
from scanner.localcloud.azure import LoopbackAzure, start_azure
from scanner.localcloud.azure_operations import apply_azure
from scanner.localcloud.azure_tenant import AzurePlan, documented_tenant
from scanner.localcloud.scenario import Change, Rewrite
from scanner.localcloud.services import service_steps

_SCENARIOS = Path(__file__).resolve().parent / "scenarios_azure"


class AzureScenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `scenarios_azure/`."""

    scenario: str
    title: str
    changes: tuple[Change, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()


def azure_scenario_names() -> tuple[str, ...]:
    """Return the scenarios that have an Azure part, sorted."""
    return tuple(sorted(path.stem for path in _SCENARIOS.glob("*.yaml")))


def load_azure_scenario(name: str, application: str) -> AzureScenario:
    """Return a scenario with `{application}`, the documented name of Porter's application, filled in.

    Raises `UsageError` if it has no Azure part.
    """
    import yaml

    if name not in azure_scenario_names():
        known = ", ".join(f"`{one}`" for one in azure_scenario_names())
        raise UsageError(f"unknown scenario `{name}`: known for Azure are {known}")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (_SCENARIOS / f"{name}.yaml").read_text(encoding="utf-8").replace("{application}", application)
    return msgspec.convert(yaml.load(text, Loader=loader), AzureScenario)


@contextmanager
def provisioned_azure(
    scenario_name: str, plan: AzurePlan, *, now: datetime, services: bool = False
) -> Iterator[tuple[LoopbackAzure, AzureScenario]]:
    """Start a loopback cloud that holds the documented tenant with the scenario's changes.

    With `services` it holds what services of the examples run with, too.
    """
    scenario = load_azure_scenario(scenario_name, plan.application)
    state = documented_tenant(plan, now=now)
    if services:
        apply_azure(state, service_steps("azure", scenario_name))
    for steps in (*(r.do for r in scenario.rewrites), *(c.do for c in scenario.changes)):
        apply_azure(state, steps)
    with start_azure(state) as cloud:
        yield cloud, scenario
