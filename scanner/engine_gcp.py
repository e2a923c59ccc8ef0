"""GCP projects judged by a documented version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.assess.gcp import gcp_populations, gcp_reviews, gcp_tie_outs
from scanner.assess.nearest_others import with_nearest_gcp
from scanner.assess.runner import ScopeResult, Terms, errors_of, run_rules
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.variables_gcp import bind_gcp
from scanner.baseline.version import known_values
from scanner.errors import BaselineError
from scanner.model.inventory import Inventory
from scanner.model.inventory_gcp import GcpProject
from scanner.rules.gcp_context import GcpContext, build_gcp_context
from scanner.rules.registry_gcp import GCP_RULES


def evaluate_gcp(
    project: GcpProject,
    inventory: Inventory,
    baseline: GcpBaseline,
    terms: Terms,
    other_versions: Sequence[GcpBaseline] = (),
) -> ScopeResult:
    """Run every GCP rule on one project. Raises `BaselineError` on a parameter that cannot be used."""
    bound = bind_gcp(baseline, gcp_values(project, baseline, terms.values))
    context = build_gcp_context(project, inventory, bound, terms.settings, terms.as_of)
    contexts: list[GcpContext] = []
    unknown: list[str] = []
    for other in other_versions:
        try:
            own = gcp_values(project, other, known_values(terms.values, other))
            contexts.append(build_gcp_context(project, inventory, bind_gcp(other, own), terms.settings, terms.as_of))
        except BaselineError as error:
            unknown.append(f"not compared with {other.id}: {error}")
    mine = [u for u in inventory.units if u.cloud == "gcp" and u.scope_id == project.project_id]
    findings = run_rules(terms.rules_for("gcp", GCP_RULES), context, mine, baseline.id, terms)
    return ScopeResult(
        findings=findings,
        reviews=with_nearest_gcp(gcp_reviews(context), (context, *contexts), unknown),
        populations=gcp_populations(context),
        tie_outs=gcp_tie_outs(context),
        errors=errors_of(findings),
    )


def gcp_values(project: GcpProject, baseline: GcpBaseline, values: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with what the project itself tells: its id and, where it was read, its number."""
    own = {"project_id": project.project_id}
    if project.number:
        own["project_number"] = project.number
    names = {v.name for v in baseline.variables}
    return {**values, **{k: v for k, v in own.items() if k in names}}
