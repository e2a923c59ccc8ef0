"""The rules of verify-revoked, by hand and in the order of reports: they run in that mode and in no other."""

from __future__ import annotations

from scanner.rules.aws import (
    revoked_001_trust,
    revoked_002_roles,
    revoked_003_stack,
    revoked_004_policies,
    revoked_005_instance_profiles,
    revoked_006_clusters,
    revoked_007_identity_providers,
    revoked_008_users,
    revoked_009_look_alikes,
)
from scanner.rules.base import Rule

REVOKED_AWS_RULES: tuple[Rule, ...] = (
    revoked_001_trust.RULE,
    revoked_002_roles.RULE,
    revoked_003_stack.RULE,
    revoked_004_policies.RULE,
    revoked_005_instance_profiles.RULE,
    revoked_006_clusters.RULE,
    revoked_007_identity_providers.RULE,
    revoked_008_users.RULE,
    revoked_009_look_alikes.RULE,
)

REVOKED_RULES: tuple[Rule, ...] = REVOKED_AWS_RULES
"""Rules that ask whether anything of the vendor is left, for every cloud."""
