"""AWS accounts judged by a documented version."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.assess.nearest import with_nearest
from scanner.assess.populations import aws_populations, aws_tie_outs
from scanner.assess.reviews import aws_reviews
from scanner.assess.runner import ScopeResult, Terms, errors_of, run_rules
from scanner.baseline.records import AwsBaseline
from scanner.baseline.variables import bind_aws
from scanner.model.inventory import AwsAccount, Inventory
from scanner.rules.base import Rule
from scanner.rules.context import build_context
from scanner.rules.registry import ACTIVITY_RULES, ALL_RULES


def evaluate_aws(
    account: AwsAccount,
    inventory: Inventory,
    baseline: AwsBaseline,
    terms: Terms,
    other_versions: Sequence[AwsBaseline] = (),
) -> ScopeResult:
    """Run every AWS rule on one account. Raises `BaselineError` on a parameter that cannot be used."""
    bound = bind_aws(baseline, {**terms.values, "account_id": account.account_id}, partition=account.partition)
    context = build_context(account, inventory, bound, terms.settings, terms.as_of, terms.catalogue)
    mine = [u for u in inventory.units if u.scope_id == account.account_id]
    findings = run_rules(terms.rules_for("aws", rules_on(account)), context, mine, baseline.id, terms)
    return ScopeResult(
        findings=findings,
        reviews=with_nearest(aws_reviews(context), context, other_versions, terms.values),
        populations=aws_populations(account, (r.arn for r in context.porter_roles)),
        tie_outs=aws_tie_outs(account),
        errors=errors_of(findings),
    )


def rules_on(account: AwsAccount) -> tuple[Rule, ...]:
    """Return every rule there is for what was read: those on CloudTrail's events only where somebody asked for them."""
    return ALL_RULES if account.activity is None else (*ALL_RULES, *ACTIVITY_RULES)
