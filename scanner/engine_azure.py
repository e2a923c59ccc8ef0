"""Azure subscriptions judged by a documented version: every Azure rule, a review per identity, lists to sample from."""

from __future__ import annotations

import json
from collections.abc import Sequence

from scanner.access.records import Comparison
from scanner.assess.nearest_others import with_nearest_azure
from scanner.assess.populations import population
from scanner.assess.reviews import diff_of
from scanner.assess.runner import ScopeResult, Terms, errors_of, run_rules
from scanner.baseline.records_azure import AzureBaseline, DocumentedRoleDefinition
from scanner.baseline.variables_azure import bind_azure
from scanner.baseline.version import known_values
from scanner.errors import BaselineError, PolicyError
from scanner.model.finding import Diff
from scanner.model.inventory import Inventory
from scanner.model.inventory_azure import AzureRoleDefinition, AzureSubscription
from scanner.model.report import Population, RoleReview, StatementRow, TieOut
from scanner.rules.azure_context import AzureContext, build_azure_context, documented_body
from scanner.rules.registry_azure import AZURE_RULES

LAYERS = (
    "evaluated: role definitions, active and eligible assignments with their conditions, groups, delegations, "
    "deny assignments, permissions",
    "not evaluated: applications and people under names that say nothing of Porter, delegations of single resource "
    "groups, keys and access policies of single resources (storage accounts, key vaults, registries), "
    "local accounts of clusters and what runs in them, conditional access",
)


def evaluate_azure(
    subscription: AzureSubscription,
    inventory: Inventory,
    baseline: AzureBaseline,
    terms: Terms,
    other_versions: Sequence[AzureBaseline] = (),
) -> ScopeResult:
    """Run every Azure rule on one subscription and its tenant. Raises `BaselineError` on values that do not fit."""
    own = {"subscription_id": subscription.subscription_id}
    bound = bind_azure(baseline, {**terms.values, **known_values(own, baseline)})
    context = build_azure_context(subscription, inventory, bound, terms.settings, terms.as_of)
    contexts: list[AzureContext] = []
    unknown: list[str] = []
    for other in other_versions:
        try:
            bound = bind_azure(other, known_values({**terms.values, **own}, other))
            contexts.append(build_azure_context(subscription, inventory, bound, terms.settings, terms.as_of))
        except BaselineError as error:
            unknown.append(f"not compared with {other.id}: {error}")
    scopes = (subscription.subscription_id, subscription.tenant_id)
    mine = [u for u in inventory.units if u.scope_id in scopes]
    findings = run_rules(terms.rules_for("azure", AZURE_RULES), context, mine, baseline.id, terms)
    return ScopeResult(
        findings=findings,
        reviews=with_nearest_azure(azure_reviews(context), (context, *contexts), unknown),
        populations=_populations(context),
        tie_outs=(_tie_out(subscription),),
        errors=errors_of(findings),
    )


def azure_reviews(context: AzureContext) -> tuple[RoleReview, ...]:
    """Return a review of every documented role definition, present or not, and of others named like the vendor's."""
    reviews: list[RoleReview] = []
    for page in context.baseline.role_definitions:
        live = [d for d in context.definitions if context.documented_definition(d) == page]
        reviews += [_review(context, definition, page) for definition in live]
        if not live:
            reviews.append(_row(context, page.key, None, page, "absent"))
    others = [d for d in context.definitions if context.documented_definition(d) is None]
    return (*reviews, *(_row(context, d.name, d, None, "undocumented") for d in others))


def _review(context: AzureContext, definition: AzureRoleDefinition, page: DocumentedRoleDefinition) -> RoleReview:
    try:
        comparison = context.judge(definition, page)
    except PolicyError as error:
        return _row(context, definition.name, definition, page, "undecided", unread=str(error))
    return _row(context, definition.name, definition, page, comparison.verdict, comparison)


def _row(
    context: AzureContext,
    name: str,
    definition: AzureRoleDefinition | None,
    page: DocumentedRoleDefinition | None,
    verdict: str,
    comparison: Comparison | None = None,
    unread: str = "",
) -> RoleReview:
    diff = diff_of(comparison, (unread,) if unread else ())
    blocks = _blocks(definition.body.get("permissions")) if definition else ()
    documented = _blocks(documented_body(page)["permissions"]) if page else ()
    return RoleReview(
        cloud="azure",
        scope_id=context.account.subscription_id,
        name=name,
        arn=definition.id if definition else None,
        documented_as=page.key if page else None,
        present=definition is not None,
        optional=False,
        verdict=verdict,
        trust_verdict="not applicable",
        external_id="not applicable",
        external_principals=_holders(context, definition),
        diff=diff,
        trust_diff=Diff(),
        live=blocks,
        documented=documented,
        certificate=comparison.certificate if comparison else None,
        layers=LAYERS,
        excess=len(diff.added),
        missing=len(diff.removed),
        undecided=len(diff.undecided),
        matched_statements=len(documented) if definition and not diff.removed and not diff.undecided else 0,
        documented_statements=len(documented),
        live_actions=_actions(definition),
    )


def _blocks(permissions: object) -> tuple[StatementRow, ...]:
    rows = permissions if isinstance(permissions, list) else []
    return tuple(
        StatementRow(f"permissions {number}", json.dumps(block, indent=2, ensure_ascii=False))
        for number, block in enumerate(rows)
    )


def _actions(definition: AzureRoleDefinition | None) -> int:
    blocks = definition.body.get("permissions") if definition else None
    names: set[str] = set()
    for block in blocks if isinstance(blocks, list) else []:
        if isinstance(block, dict):
            for key in ("actions", "dataActions"):
                listed = block.get(key)
                names.update(str(action).lower() for action in (listed if isinstance(listed, list) else ()))
    return len(names)


def _holders(context: AzureContext, definition: AzureRoleDefinition | None) -> tuple[str, ...]:
    if definition is None:
        return ()
    names = {p.object_id: p.name for p in context.account.principals}
    held = {a.principal_id for a in context.account.assignments if a.role_id == definition.role_id}
    return tuple(sorted(names.get(one) or one for one in held))


def _populations(context: AzureContext) -> tuple[Population, ...]:
    account = context.account
    lists = {
        "azure role definitions": (d.id for d in account.definitions),
        "azure role assignments": (a.id for a in account.assignments),
        "azure deny assignments": (d.id for d in account.denies),
        "principals held to be Porter's": sorted(context.principal_ids),
        "app registrations held to be Porter's": (a.object_id for a in context.applications),
        "lighthouse delegations": (one.id for one in account.lighthouse),
    }
    return tuple(population(name, account.subscription_id, keys) for name, keys in lists.items())


def _tie_out(account: AzureSubscription) -> TieOut:
    """Compare the assignments read at and below the subscription with the service's own count."""
    below = f"/subscriptions/{account.subscription_id}".lower()
    read = sum(not a.eligible and f"{a.scope.lower()}/".startswith(f"{below}/") for a in account.assignments)
    told = account.reported_assignments
    agrees = None if told is None else told == read
    explanation = {
        None: "the subscription's count was not read",
        True: "",
        False: "the lists differ: something changed while reading, or a page is missing",
    }[agrees]
    name, source = "azure role assignments", "arm:RoleAssignmentMetrics.GetMetricsForSubscription"
    return TieOut(name, account.subscription_id, read, told, source, agrees, explanation)
