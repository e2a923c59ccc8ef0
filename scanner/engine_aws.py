"""AWS accounts judged by a documented version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from scanner.access.catalogue import Catalogue
from scanner.assess.nearest import with_nearest
from scanner.assess.populations import aws_populations, aws_tie_outs
from scanner.assess.reviews import aws_reviews
from scanner.assess.runner import NO_CONTROLS, Controls, OnError, ScopeResult, run_rule
from scanner.baseline.records import AwsBaseline
from scanner.baseline.variables import bind_aws
from scanner.model.finding import Finding, Result
from scanner.model.inventory import AwsAccount, Inventory
from scanner.rules.base import Rule, Settings
from scanner.rules.context import build_context


def evaluate_aws(
    account: AwsAccount,
    inventory: Inventory,
    baseline: AwsBaseline,
    values: Mapping[str, str],
    settings: Settings,
    as_of: datetime,
    catalogue: Catalogue,
    rules: Sequence[Rule],
    require_live: bool,
    on_error: OnError,
    other_versions: Sequence[AwsBaseline] = (),
    controls: Controls = NO_CONTROLS,
) -> ScopeResult:
    """Run every AWS rule on one account."""
    bound = bind_aws(baseline, {**values, "account_id": account.account_id}, partition=account.partition)
    context = build_context(account, inventory, bound, settings, as_of, catalogue)
    mine = [u for u in inventory.units if u.scope_id == account.account_id]
    findings: list[Finding] = []
    errors: list[str] = []
    for rule in rules:
        if rule.cloud == "aws":
            found = run_rule(rule, context, mine, baseline.id, require_live, on_error, controls)
            findings += found
            errors += [f.message for f in found if f.result is Result.ERROR]
    return ScopeResult(
        findings=tuple(findings),
        reviews=with_nearest(aws_reviews(context), context, other_versions, values),
        populations=aws_populations(account, (r.arn for r in context.porter_roles)),
        tie_outs=aws_tie_outs(account),
        errors=tuple(errors),
    )
