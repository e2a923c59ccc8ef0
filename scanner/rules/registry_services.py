"""Every rule on services' own identities, by hand, in the order in which a report lists them."""

from __future__ import annotations

from scanner.rules.base import Rule
from scanner.rules.services import (
    aws_001_role_exists,
    aws_002_not_porters_role,
    aws_003_trust,
    aws_004_irsa,
    aws_005_association,
    aws_006_undeclared,
    aws_007_dedicated,
    aws_008_least_privilege,
    azure_001_identity_exists,
    azure_002_federation,
    azure_003_undeclared,
    azure_004_dedicated,
    azure_005_narrow_roles,
    env_001_static_credentials,
    file_001_connections,
    gcp_001_account_exists,
    gcp_002_binding,
    gcp_003_undeclared,
    gcp_004_dedicated,
    gcp_005_narrow_roles,
    gcp_006_no_keys,
    gcp_007_metadata_mode,
)

SERVICES_RULES: tuple[Rule, ...] = (
    file_001_connections.RULE,
    env_001_static_credentials.RULE,
    aws_001_role_exists.RULE,
    aws_002_not_porters_role.RULE,
    aws_003_trust.RULE,
    aws_004_irsa.RULE,
    aws_005_association.RULE,
    aws_006_undeclared.RULE,
    aws_007_dedicated.RULE,
    aws_008_least_privilege.RULE,
    azure_001_identity_exists.RULE,
    azure_002_federation.RULE,
    azure_003_undeclared.RULE,
    azure_004_dedicated.RULE,
    azure_005_narrow_roles.RULE,
    gcp_001_account_exists.RULE,
    gcp_002_binding.RULE,
    gcp_003_undeclared.RULE,
    gcp_004_dedicated.RULE,
    gcp_005_narrow_roles.RULE,
    gcp_006_no_keys.RULE,
    gcp_007_metadata_mode.RULE,
)
