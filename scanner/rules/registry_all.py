"""The rules of all clouds, in the order of reports."""

from __future__ import annotations

from typing import Final

from scanner.rules.base import Rule
from scanner.rules.registry import ACTIVITY_RULES, ALL_RULES
from scanner.rules.registry_azure import AZURE_RULES
from scanner.rules.registry_gcp import GCP_RULES
from scanner.rules.registry_revoked import REVOKED_RULES
from scanner.rules.registry_services import SERVICES_RULES

EVERY_RULE: Final[tuple[Rule, ...]] = tuple(
    dict.fromkeys((*ALL_RULES, *ACTIVITY_RULES, *GCP_RULES, *AZURE_RULES, *SERVICES_RULES, *REVOKED_RULES))
)


def rules_of(cloud: str) -> tuple[Rule, ...]:
    """Return the rules that a scan of one cloud runs; of `services` those on what porter.yaml files declare."""
    if cloud == "services":
        return SERVICES_RULES
    return tuple(rule for rule in EVERY_RULE if rule.cloud == cloud and not rule.services and rule not in REVOKED_RULES)
