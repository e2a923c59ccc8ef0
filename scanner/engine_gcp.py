"""GCP projects judged by a documented version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from scanner.assess.gcp import gcp_populations, gcp_reviews
from scanner.assess.runner import NO_CONTROLS, Controls, OnError, ScopeResult, run_rule
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.variables_gcp import bind_gcp
from scanner.model.finding import Finding, Result
from scanner.model.inventory import Inventory
from scanner.model.inventory_gcp import GcpProject
from scanner.rules.base import Rule, Settings
from scanner.rules.gcp_context import build_gcp_context
from scanner.rules.registry_gcp import GCP_RULES


def evaluate_gcp(
    project: GcpProject,
    inventory: Inventory,
    baseline: GcpBaseline,
    values: Mapping[str, str],
    settings: Settings,
    as_of: datetime,
    *,
    rules: Sequence[Rule] = GCP_RULES,
    require_live: bool = False,
    on_error: OnError = None,
    controls: Controls = NO_CONTROLS,
) -> ScopeResult:
    """Run every GCP rule on one project. Raises `BaselineError` on a parameter that cannot be used."""
    context = build_gcp_context(
        project, inventory, bind_gcp(baseline, gcp_values(project, baseline, values)), settings, as_of
    )
    mine = [u for u in inventory.units if u.cloud == "gcp" and u.scope_id == project.project_id]
    findings: list[Finding] = []
    for rule in rules:
        if rule.cloud == "gcp":
            findings += run_rule(rule, context, mine, baseline.id, require_live, on_error, controls)
    return ScopeResult(
        findings=tuple(findings),
        reviews=gcp_reviews(context),
        populations=gcp_populations(context),
        tie_outs=(),
        errors=tuple(f.message for f in findings if f.result is Result.ERROR),
    )


def judge_projects(
    inventory: Inventory,
    baseline: GcpBaseline,
    values: Mapping[str, str],
    settings: Settings,
    as_of: datetime,
    require_live: bool,
    on_error: OnError,
    controls: Controls,
) -> list[ScopeResult]:
    """Return a result per GCP project of the inventory."""
    return [
        evaluate_gcp(
            project,
            inventory,
            baseline,
            values,
            settings,
            as_of,
            require_live=require_live,
            on_error=on_error,
            controls=controls,
        )
        for project in inventory.gcp
    ]


def gcp_values(project: GcpProject, baseline: GcpBaseline, values: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with what the project itself tells: its id and, where it was read, its number."""
    own = {"project_id": project.project_id}
    if project.number:
        own["project_number"] = project.number
    names = {v.name for v in baseline.variables}
    return {**values, **{k: v for k, v in own.items() if k in names}}
