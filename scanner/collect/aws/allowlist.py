"""The read-only calls this program may send to AWS, as data, and the hook that lets no other call out."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

from scanner.errors import ForbiddenCallError
from scanner.model import kinds

Tier = Literal["porter-only", "account", "org", "activity"]
"""How much a reader is trusted with; each tier includes those before it."""

TIERS: tuple[Tier, ...] = get_args(Tier)


class ReadOnlyCall(msgspec.Struct, frozen=True):
    """One API operation, what it is for, and what it needs."""

    service: str
    """SDK service name."""
    operation: str
    tier: Tier
    kind: str
    """The collection unit the call feeds."""
    iam_actions: tuple[str, ...]
    """Empty where AWS asks for no permission."""
    counts: tuple[str, ...] = ()
    """Keys of the answer whose lists are the items of a page; an operation without is one item."""
    resource: str = "*"
    """Narrowest resource the permission can be written for; `{partition}` is filled in."""
    holds: str = ""
    """Key that every answer has that is one: for operations without lists."""

    @property
    def api(self) -> str:
        """Return `service:Operation`."""
        return f"{self.service}:{self.operation}"


# Keys are listed of users whose name contains `porter` in any case; ARNs in policies match case only as written.
_USERS = "arn:{partition}:iam::*:user/*"
# The stack has a fixed name in Porter's documents.
_PORTER_STACK = "arn:{partition}:cloudformation:*:*:stack/PorterRole/*"
_EKS_CLUSTERS = "arn:{partition}:eks:*:*:cluster/*"
_POD_IDENTITIES = "arn:{partition}:eks:*:*:podidentityassociation/*/*"

READ_ONLY_CALLS: tuple[ReadOnlyCall, ...] = (
    # AWS answers GetCallerIdentity without a permission, and even against an explicit deny.
    ReadOnlyCall("sts", "GetCallerIdentity", "porter-only", kinds.CALLER_IDENTITY, (), holds="Account"),
    ReadOnlyCall(
        "iam",
        "GetAccountAuthorizationDetails",
        "porter-only",
        kinds.AUTHORIZATION_DETAILS,
        ("iam:GetAccountAuthorizationDetails",),
        ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"),
    ),
    ReadOnlyCall(
        "iam",
        "ListAccessKeys",
        "porter-only",
        kinds.ACCESS_KEYS,
        ("iam:ListAccessKeys",),
        ("AccessKeyMetadata",),
        _USERS,
    ),
    ReadOnlyCall(
        "iam", "GetAccountSummary", "account", kinds.ACCOUNT_SUMMARY, ("iam:GetAccountSummary",), holds="SummaryMap"
    ),
    ReadOnlyCall(
        "iam",
        "ListOpenIDConnectProviders",
        "account",
        kinds.OIDC_PROVIDERS,
        ("iam:ListOpenIDConnectProviders",),
        ("OpenIDConnectProviderList",),
    ),
    ReadOnlyCall(
        "iam",
        "GetOpenIDConnectProvider",
        "account",
        kinds.OIDC_PROVIDERS,
        ("iam:GetOpenIDConnectProvider",),
        holds="Url",
    ),
    ReadOnlyCall(
        "iam", "ListSAMLProviders", "account", kinds.SAML_PROVIDERS, ("iam:ListSAMLProviders",), ("SAMLProviderList",)
    ),
    ReadOnlyCall(
        "iam",
        "ListInstanceProfiles",
        "account",
        kinds.INSTANCE_PROFILES,
        ("iam:ListInstanceProfiles",),
        ("InstanceProfiles",),
    ),
    ReadOnlyCall("ec2", "DescribeRegions", "porter-only", kinds.REGIONS, ("ec2:DescribeRegions",), ("Regions",)),
    ReadOnlyCall("account", "ListRegions", "porter-only", kinds.REGIONS, ("account:ListRegions",), ("Regions",)),
    ReadOnlyCall(
        "cloudformation",
        "DescribeStacks",
        "porter-only",
        kinds.STACK,
        ("cloudformation:DescribeStacks",),
        ("Stacks",),
        _PORTER_STACK,
    ),
    ReadOnlyCall(
        "cloudformation",
        "ListStackResources",
        "porter-only",
        kinds.STACK,
        ("cloudformation:ListStackResources",),
        ("StackResourceSummaries",),
        _PORTER_STACK,
    ),
    ReadOnlyCall("eks", "ListClusters", "account", kinds.CLUSTERS, ("eks:ListClusters",), ("clusters",)),
    ReadOnlyCall(
        "eks",
        "DescribeCluster",
        "account",
        kinds.CLUSTERS,
        ("eks:DescribeCluster",),
        (),
        _EKS_CLUSTERS,
        holds="cluster",
    ),
    ReadOnlyCall(
        "eks",
        "ListPodIdentityAssociations",
        "account",
        kinds.POD_IDENTITIES,
        ("eks:ListPodIdentityAssociations",),
        ("associations",),
        _EKS_CLUSTERS,
    ),
    ReadOnlyCall(
        "eks",
        "DescribePodIdentityAssociation",
        "account",
        kinds.POD_IDENTITIES,
        ("eks:DescribePodIdentityAssociation",),
        (),
        _POD_IDENTITIES,
        holds="association",
    ),
    ReadOnlyCall(
        "organizations",
        "DescribeOrganization",
        "org",
        kinds.ORGANIZATION_POLICIES,
        ("organizations:DescribeOrganization",),
        holds="Organization",
    ),
    ReadOnlyCall(
        "organizations",
        "ListParents",
        "org",
        kinds.ORGANIZATION_POLICIES,
        ("organizations:ListParents",),
        ("Parents",),
    ),
    ReadOnlyCall(
        "organizations",
        "ListPoliciesForTarget",
        "org",
        kinds.ORGANIZATION_POLICIES,
        ("organizations:ListPoliciesForTarget",),
        ("Policies",),
    ),
    ReadOnlyCall(
        "organizations",
        "DescribePolicy",
        "org",
        kinds.ORGANIZATION_POLICIES,
        ("organizations:DescribePolicy",),
        holds="Policy",
    ),
    ReadOnlyCall("cloudtrail", "LookupEvents", "activity", kinds.ACTIVITY, ("cloudtrail:LookupEvents",), ("Events",)),
)

SESSION_CALLS: frozenset[tuple[str, str]] = frozenset({("sts", "AssumeRole")})
"""Sent only to become the reader (`--assume-role`), by a client of its own, before any collection."""

_BY_NAME = {(call.service, call.operation): call for call in READ_ONLY_CALLS}


def read_only_call(service: str, operation: str) -> ReadOnlyCall:
    """Return the list's entry. Raises `ForbiddenCallError` if there is none."""
    found = _BY_NAME.get((service, operation))
    if found is None:
        raise _forbidden(service, operation)
    return found


def apis_of(kind: str) -> tuple[str, ...]:
    """Return `service:Operation` of every call a kind of unit may make, in list order."""
    return tuple(call.api for call in READ_ONLY_CALLS if call.kind == kind)


def _forbidden(service: str, operation: str) -> ForbiddenCallError:
    return ForbiddenCallError(f"call `{service}:{operation}` is not on the read-only list: it was not sent")


def refuse_unlisted(model: Any, **_: Any) -> None:
    """Raise `ForbiddenCallError` for any call that is not on the list: a `before-call` handler of botocore.

    botocore emits `before-call` after it has serialised a request and before it opens a connection.
    """
    read_only_call(model.service_model.service_name, model.name)


def refuse_all_but_session(model: Any, **_: Any) -> None:
    """Raise `ForbiddenCallError` for anything but becoming the reader: for the one client that assumes a role."""
    name = (model.service_model.service_name, model.name)
    if name not in SESSION_CALLS:
        raise _forbidden(*name)
