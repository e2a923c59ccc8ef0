"""The custom role that lets a scan read GCP projects, and what each tier of it buys."""

from __future__ import annotations

import msgspec

from scanner.app.permissions.aws import TierLine
from scanner.collect.gcp.allowlist import GCP_CALLS, GCP_TIERS, GcpTier, gcp_role
from scanner.errors import UsageError
from scanner.rules.registry_gcp import GCP_RULES


def known_gcp_tier(tier: str) -> GcpTier:
    """Return the tier of that name; raises `UsageError`."""
    known = next((t for t in GCP_TIERS if t == tier), None)
    if known is None:
        raise UsageError(f"there is no tier `{tier}`", advice=f"tiers: {', '.join(GCP_TIERS)}")
    return known


def gcp_role_json(tier: str) -> str:
    """Return the custom role of a tier as indented JSON, for `gcloud iam roles create --file`; raises `UsageError`."""
    return msgspec.json.format(msgspec.json.encode(gcp_role(known_gcp_tier(tier))), indent=2).decode() + "\n"


def gcp_tier_lines() -> tuple[TierLine, ...]:
    """Return each tier with the rules that can pass from it on, in order of the tiers."""
    beyond = {call.kind for call in GCP_CALLS if call.tier != GCP_TIERS[0]}
    first = tuple(r.id for r in GCP_RULES if not beyond & {*r.requires, *r.supplementary})
    rest = tuple(r.id for r in GCP_RULES if r.id not in first)
    return tuple(TierLine(tier, rules) for tier, rules in zip(GCP_TIERS, (first, rest), strict=True))
