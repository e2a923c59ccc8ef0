"""Names of the AWS collection units: what collectors write, normalizers read and rules require."""

from __future__ import annotations

import msgspec

CALLER_IDENTITY = "aws.sts.caller_identity"
AUTHORIZATION_DETAILS = "aws.iam.authorization_details"
ACCESS_KEYS = "aws.iam.access_keys"
ACCOUNT_SUMMARY = "aws.iam.account_summary"
OIDC_PROVIDERS = "aws.iam.oidc_providers"
SAML_PROVIDERS = "aws.iam.saml_providers"
INSTANCE_PROFILES = "aws.iam.instance_profiles"
REGIONS = "aws.regions"
STACK = "aws.cloudformation.stack"
CLUSTERS = "aws.eks.clusters"
POD_IDENTITIES = "aws.eks.pod_identity_associations"
ORGANIZATION_POLICIES = "aws.organizations.policies"
ACTIVITY = "aws.cloudtrail.activity"

UNREADABLE = "_unreadable"
"""Key of the marker a collector leaves where a policy document could not be decoded; its value is the reason."""
CALL = "_call"
"""Key under which a collector notes what a live page answers: `{"operation": ..., "params": {...}}`."""


class UnitKind(msgspec.Struct, frozen=True):
    """One kind of collection unit."""

    kind: str
    required: bool
    """Unread, it leaves the core verdict open; False: it is only named on the coverage list."""
    regional: bool = False
    """One unit per region."""


AWS_UNIT_KINDS: tuple[UnitKind, ...] = (
    UnitKind(CALLER_IDENTITY, required=True),
    UnitKind(AUTHORIZATION_DETAILS, required=True),
    UnitKind(ACCESS_KEYS, required=True),
    UnitKind(ACCOUNT_SUMMARY, required=False),
    UnitKind(OIDC_PROVIDERS, required=False),
    UnitKind(SAML_PROVIDERS, required=False),
    UnitKind(INSTANCE_PROFILES, required=False),
    UnitKind(REGIONS, required=True),
    UnitKind(STACK, required=True, regional=True),
    UnitKind(CLUSTERS, required=True, regional=True),
    UnitKind(POD_IDENTITIES, required=True, regional=True),
    UnitKind(ORGANIZATION_POLICIES, required=False),
)
"""In the order in which a snapshot lists them."""

AWS_KINDS_ON_REQUEST: tuple[UnitKind, ...] = (UnitKind(ACTIVITY, required=False, regional=True),)
"""Read only where the operator asks for it: a snapshot without is whole. Listed after the others."""


def aws_unit_id(account_id: str, region: str, kind: str) -> str:
    """Return the id of a unit; `region` is `global` for kinds that are not regional."""
    return f"aws/{account_id}/{region}/{kind}"
