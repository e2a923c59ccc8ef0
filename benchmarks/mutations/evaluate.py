"""Judge a snapshot as a scan does: normalize it, run the rules."""

from __future__ import annotations

from mutations.documented import NOW
from mutations.judge import Evaluate, Findings
from scanner.access.catalogue import Catalogue, EmptyCatalogue
from scanner.assess.runner import Terms, run_rules
from scanner.baseline.load import find, load_aws, load_azure, load_gcp
from scanner.baseline.variables import bind_aws
from scanner.engine_azure import evaluate_azure
from scanner.engine_gcp import evaluate_gcp
from scanner.localcloud.gcp_provision import gcp_parameters
from scanner.model.finding import Axis
from scanner.model.snapshot import Snapshot
from scanner.normalize.inventory import normalize
from scanner.rules.base import Settings
from scanner.rules.context import build_context
from scanner.rules.registry import ALL_RULES

_PORTER = "108458755588"
# Rules of posture that mutants are held to as well; the others are slower and only have to keep still on rewrites.
_POSTURE = frozenset({"AWS-ROLE-004", "AWS-ROLE-005"})
_QUICK = tuple(r for r in ALL_RULES if r.axis is Axis.CONFORMANCE or r.id in _POSTURE)


def aws(version: str, catalogue: Catalogue) -> Evaluate:
    """Return the judgement of AWS accounts."""
    documented = load_aws(find(f"porter@{version}"))

    def judge(snapshot: Snapshot, settings: Settings, every_rule: bool) -> Findings:
        inventory = normalize(snapshot)
        account = inventory.aws[0]
        bound = bind_aws(documented, {"account_id": account.account_id}, partition=account.partition)
        context = build_context(account, inventory, bound, settings, NOW, catalogue)
        units = [u for u in inventory.units if u.scope_id == account.account_id]
        rules = ALL_RULES if every_rule else _QUICK
        return run_rules(rules, context, units, documented.id, Terms(NOW, catalogue, settings=settings))

    return judge


def gcp(version: str) -> Evaluate:
    """Return the judgement of GCP projects."""
    documented, values = load_gcp(find(f"porter@{version}")), gcp_parameters(version)

    def judge(snapshot: Snapshot, settings: Settings, every_rule: bool) -> Findings:
        inventory = normalize(snapshot)
        terms = Terms(NOW, EmptyCatalogue(), values, settings)
        return evaluate_gcp(inventory.gcp[0], inventory, documented, terms).findings

    return judge


def azure(version: str) -> Evaluate:
    """Return the judgement of Azure subscriptions."""
    documented = load_azure(find(f"porter@{version}"))
    values = {v.name: _PORTER for v in documented.variables if v.name == "porter_aws_account"}

    def judge(snapshot: Snapshot, settings: Settings, every_rule: bool) -> Findings:
        inventory = normalize(snapshot)
        terms = Terms(NOW, EmptyCatalogue(), values, settings)
        return evaluate_azure(inventory.azure[0], inventory, documented, terms).findings

    return judge
