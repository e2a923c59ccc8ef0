"""Every GCP rule, by hand and in the order of reports: searching for a rule's module must find it here."""

from __future__ import annotations

from scanner.rules.base import Rule
from scanner.rules.gcp import (
    api_001_enabled,
    bill_001_attached,
    cond_001_conditions,
    deny_001_denied,
    esc_001_self_grant,
    imp_001_direct,
    imp_002_project_wide,
    key_001_documented,
    key_002_age,
    key_003_static,
    left_001_leftovers,
    node_001_identity,
    perm_001_excess,
    perm_002_missing,
    perm_003_basic_roles,
    perm_004_role_content,
    pub_001_public,
    sa_001_undocumented,
    sa_002_present,
    wif_001_provider,
    wif_002_extra,
)

GCP_RULES: tuple[Rule, ...] = (
    sa_001_undocumented.RULE,
    sa_002_present.RULE,
    perm_001_excess.RULE,
    perm_002_missing.RULE,
    perm_003_basic_roles.RULE,
    perm_004_role_content.RULE,
    key_001_documented.RULE,
    key_002_age.RULE,
    key_003_static.RULE,
    imp_001_direct.RULE,
    imp_002_project_wide.RULE,
    wif_001_provider.RULE,
    wif_002_extra.RULE,
    esc_001_self_grant.RULE,
    cond_001_conditions.RULE,
    deny_001_denied.RULE,
    pub_001_public.RULE,
    api_001_enabled.RULE,
    bill_001_attached.RULE,
    left_001_leftovers.RULE,
    node_001_identity.RULE,
)
