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
)
from scanner.rules.aws import (
    revoked_009_look_alikes as aws_look_alikes,
)
from scanner.rules.azure import (
    revoked_001_applications,
    revoked_002_principals,
    revoked_003_deleted_items,
    revoked_004_assignments,
    revoked_005_definitions,
    revoked_006_delegations,
    revoked_007_managed_identities,
)
from scanner.rules.azure import (
    revoked_008_look_alikes as azure_look_alikes,
)
from scanner.rules.base import Rule
from scanner.rules.gcp import (
    revoked_001_service_accounts,
    revoked_002_keys,
    revoked_003_bindings,
    revoked_004_pools,
    revoked_005_custom_roles,
    revoked_006_look_alikes,
)

REVOKED_AWS_RULES: tuple[Rule, ...] = (
    revoked_001_trust.RULE,
    revoked_002_roles.RULE,
    revoked_003_stack.RULE,
    revoked_004_policies.RULE,
    revoked_005_instance_profiles.RULE,
    revoked_006_clusters.RULE,
    revoked_007_identity_providers.RULE,
    revoked_008_users.RULE,
    aws_look_alikes.RULE,
)

REVOKED_GCP_RULES: tuple[Rule, ...] = (
    revoked_001_service_accounts.RULE,
    revoked_002_keys.RULE,
    revoked_003_bindings.RULE,
    revoked_004_pools.RULE,
    revoked_005_custom_roles.RULE,
    revoked_006_look_alikes.RULE,
)

REVOKED_AZURE_RULES: tuple[Rule, ...] = (
    revoked_001_applications.RULE,
    revoked_002_principals.RULE,
    revoked_003_deleted_items.RULE,
    revoked_004_assignments.RULE,
    revoked_005_definitions.RULE,
    revoked_006_delegations.RULE,
    revoked_007_managed_identities.RULE,
    azure_look_alikes.RULE,
)

REVOKED_RULES: tuple[Rule, ...] = (*REVOKED_AWS_RULES, *REVOKED_GCP_RULES, *REVOKED_AZURE_RULES)
"""Rules that ask whether anything of the vendor is left, for every cloud."""
