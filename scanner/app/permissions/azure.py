"""The role and the Graph permissions that let a scan read Azure and Entra, and what each tier of them buys."""

from __future__ import annotations

import msgspec

from scanner.app.permissions.aws import TierLine
from scanner.collect.azure.allowlist import ARM, AZURE_CALLS, AZURE_TIERS, GRAPH, AzureTier
from scanner.errors import UsageError
from scanner.model.common import JsonObject
from scanner.rules.base import Rule
from scanner.rules.registry_azure import AZURE_RULES

# Graph permissions by id, as in the permissions reference.
_GRAPH_IDS = {
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
}


def azure_role_json(tier: str, subscription: str = "SUBSCRIPTION-ID") -> str:
    """Return what a tier needs as indented JSON: a role definition and Graph permissions. Raises `UsageError`."""
    actions, graph = azure_needs(tier)
    document: JsonObject = {
        "roleDefinition": {
            "Name": "porter-audit reader",
            "IsCustom": True,
            "Description": "Read-only: what porter-audit needs to judge Porter's access, and nothing else.",
            "Actions": actions,
            "NotActions": [],
            "DataActions": [],
            "NotDataActions": [],
            "AssignableScopes": [f"/subscriptions/{subscription}"],
        },
        "graphApplicationPermissions": [{"value": name, "id": number} for name, number in graph],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def azure_needs(tier: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Return a tier's operations, and its Graph permissions with their ids. Raises `UsageError`."""
    known = next((t for t in AZURE_TIERS if t == tier), None)
    if known is None:
        raise UsageError(f"there is no tier `{tier}`", advice=f"tiers: {', '.join(AZURE_TIERS)}")
    return _needs(known, ARM), [(name, _GRAPH_IDS[name]) for name in _needs(known, GRAPH)]


def _needs(tier: AzureTier, service: str) -> list[str]:
    included = AZURE_TIERS[: AZURE_TIERS.index(tier) + 1]
    return sorted({need for c in AZURE_CALLS if c.service == service and c.tier in included for need in c.needs})


def azure_tier_lines() -> tuple[TierLine, ...]:
    """Return each tier with the rules that can pass from it on, in order of the tiers."""
    needs = {rule.id: _tier_of(rule) for rule in AZURE_RULES}
    return tuple(TierLine(tier, tuple(name for name, need in needs.items() if need == tier)) for tier in AZURE_TIERS)


def _tier_of(rule: Rule) -> AzureTier:
    kinds = {*rule.requires, *rule.supplementary}
    return max((call.tier for call in AZURE_CALLS if call.kind in kinds), key=AZURE_TIERS.index)
