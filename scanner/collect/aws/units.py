"""What each AWS collection unit asks, in order. Fetches and raises; reshaping is normalizing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from urllib.parse import unquote

from scanner.collect.aws.authorization_pages import entity_arns
from scanner.collect.outcome import Meaning, UnitStop, meaning_of
from scanner.collect.unit import EKS_PAGING, IAM_PAGING, Client, UnitReader
from scanner.model.common import JsonObject
from scanner.model.kinds import CALL
from scanner.model.snapshot import UnitError, UnitStatus

STACK_NAME = "PorterRole"
VENDOR_WORD = "porter"
_ACCOUNT_IN_ARN = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
# The largest page IAM gives; it may send fewer.
_GAAD_PAGE_ITEMS = 1000
POLICY_TYPES = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")


def caller_identity(reader: UnitReader, sts: Client) -> None:
    """Ask who reads."""
    reader.call(sts, "GetCallerIdentity")


def authorization_details(reader: UnitReader, iam: Client) -> None:
    """Read all users, groups, roles and policies in one pass.

    No `Filter`: that is every entity type, with AWS's own policies only where they are attached; naming
    `AWSManagedPolicy` would ask for all of AWS's.
    """
    seen: set[tuple[str, str]] = set()
    for page in reader.pages_of(iam, "GetAccountAuthorizationDetails", {"MaxItems": _GAAD_PAGE_ITEMS}, IAM_PAGING):
        entities = list(entity_arns(page))
        if not seen.isdisjoint(entities):
            changed = "an entity was sent on two pages: the account changed while it was read"
            reader.fail(Meaning(UnitStatus.UNSTABLE, UnitError("Unstable", changed)))
        seen.update(entities)


def access_keys(reader: UnitReader, iam: Client, users: list[str], *, all_users_known: bool) -> None:
    """List the access keys of the users that are named like the vendor."""
    for name in sorted(user for user in users if VENDOR_WORD in user.casefold()):
        reader.keep_going(partial(_exhaust, reader, iam, "ListAccessKeys", {"UserName": name}))
    if not all_users_known:
        reader.fail(_prerequisite(reader, "the users of the account were not read to the end"))


def _exhaust(reader: UnitReader, client: Client, operation: str, params: JsonObject) -> None:
    for _ in reader.pages_of(client, operation, params, IAM_PAGING):
        continue


def _prerequisite(reader: UnitReader, why: str) -> Meaning:
    status = UnitStatus.TRUNCATED if reader.calls else UnitStatus.NOT_ATTEMPTED
    return Meaning(status, UnitError("PrerequisiteUnread", why))


def _field(row: JsonObject, name: str) -> str:
    """Return a field that the provider's API always sends. Raises `UnitStop` if it did not."""
    value = row.get(name)
    if isinstance(value, str):
        return value
    raise UnitStop(UnitStatus.ERROR, "MalformedAnswer", f"an item of the answer has no `{name}`")


def account_summary(reader: UnitReader, iam: Client) -> None:
    """Read the account's own counters."""
    reader.call(iam, "GetAccountSummary")


def oidc_providers(reader: UnitReader, iam: Client) -> None:
    """List and describe the OpenID Connect providers."""
    listed = reader.call(iam, "ListOpenIDConnectProviders") or {}
    for provider in listed["OpenIDConnectProviderList"]:
        ask = {"OpenIDConnectProviderArn": _field(provider, "Arn")}
        reader.keep_going(partial(_once, reader, iam, "GetOpenIDConnectProvider", ask))


def _once(reader: UnitReader, client: Client, operation: str, params: JsonObject) -> None:
    reader.call(client, operation, params)


def saml_providers(reader: UnitReader, iam: Client) -> None:
    """List the SAML providers; the list comes whole."""
    reader.call(iam, "ListSAMLProviders")


def instance_profiles(reader: UnitReader, iam: Client) -> None:
    """List the instance profiles, those without a role too."""
    _exhaust(reader, iam, "ListInstanceProfiles", {})


def regions(reader: UnitReader, ec2: Client, account: Callable[[], Client], named: tuple[str, ...]) -> None:
    """Read the regions that are enabled in the account, or note those the operator named."""
    if named:
        reader.pages.append({CALL: {"operation": "--regions"}, "Regions": [{"RegionName": name} for name in named]})
        reader.items = len(named)
        return
    try:
        reader.call(ec2, "DescribeRegions", {"AllRegions": False})
    except _client_error() as error:
        if meaning_of(error).status is not UnitStatus.DENIED:
            raise
        # The account service knows the enabled regions too, and asks for another permission.
        enabled = {"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}
        for _ in reader.pages_of(account(), "ListRegions", enabled):
            continue


def _client_error() -> type[Exception]:
    from botocore.exceptions import ClientError

    return ClientError


def region_names(pages: tuple[JsonObject, ...]) -> list[str]:
    """Return the regions a regions unit names, sorted."""
    return sorted({row["RegionName"] for page in pages for row in page.get("Regions") or () if "RegionName" in row})


def stack(reader: UnitReader, cloudformation: Client) -> None:
    """Read the stack that Porter has customers create, and what it owns; no such stack is a full answer."""
    ask = {"StackName": STACK_NAME}
    for found in reader.pages_of(cloudformation, "DescribeStacks", ask, absent=("ValidationError", "does not exist")):
        for described in found.get("Stacks") or ():
            owned = {"StackName": _field(described, "StackId")}
            for _ in reader.pages_of(cloudformation, "ListStackResources", owned):
                continue


def clusters(reader: UnitReader, eks: Client) -> None:
    """List and describe the clusters of a region."""
    names: list[str] = []
    try:
        for page in reader.pages_of(eks, "ListClusters", paging=EKS_PAGING):
            names.extend(page["clusters"])
    finally:
        # What was listed before a page failed is still described.
        for name in sorted(names):
            reader.keep_going(partial(_once, reader, eks, "DescribeCluster", {"name": name}))


def cluster_names(pages: tuple[JsonObject, ...]) -> list[str]:
    """Return the clusters a clusters unit listed, sorted."""
    return sorted({name for page in pages for name in page.get("clusters") or ()})


def pod_identities(reader: UnitReader, eks: Client, names: list[str], *, all_clusters_known: bool) -> None:
    """List and describe the Pod Identity associations of every cluster (a list does not name the role)."""
    for name in names:
        reader.keep_going(partial(_associations, reader, eks, name))
    if not all_clusters_known:
        reader.fail(_prerequisite(reader, "the clusters of the region were not listed to the end"))


def _associations(reader: UnitReader, eks: Client, cluster: str) -> None:
    for page in reader.pages_of(eks, "ListPodIdentityAssociations", {"clusterName": cluster}, EKS_PAGING):
        for association in page["associations"]:
            ask = {"clusterName": cluster, "associationId": _field(association, "associationId")}
            reader.keep_going(partial(_once, reader, eks, "DescribePodIdentityAssociation", ask))


def activity(
    reader: UnitReader,
    cloudtrail: Client,
    names: list[str],
    since: datetime,
    until: datetime,
    *,
    all_roles_known: bool,
) -> None:
    """Look up the events of a region that name one of these resources: roles by name and by ARN.

    One look-up takes one attribute. CloudTrail keeps 90 days of management events for it, and answers two calls a
    second.
    """
    for name in names:
        ask = {
            "LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": name}],
            "StartTime": since.isoformat(),
            "EndTime": until.isoformat(),
        }
        reader.keep_going(partial(_look_up, reader, cloudtrail, ask))
    if not all_roles_known:
        reader.fail(_prerequisite(reader, "the roles of the account were not read to the end"))


def _look_up(reader: UnitReader, cloudtrail: Client, params: JsonObject) -> None:
    for _ in reader.pages_of(cloudtrail, "LookupEvents", params):
        continue


def vendor_resources(pages: tuple[JsonObject, ...], account: str) -> list[str]:
    """Return the names and ARNs of the roles worth looking up: named like the vendor, or open to another account."""
    found: set[str] = set()
    for page in pages:
        for role in page.get("RoleDetailList") or ():
            others = set(_ACCOUNT_IN_ARN.findall(unquote(str(role.get("AssumeRolePolicyDocument") or "")))) - {account}
            if others or VENDOR_WORD in str(role.get("RoleName", "")).casefold():
                found |= {str(role[key]) for key in ("RoleName", "Arn") if key in role}
    return sorted(found)


def organization_policies(reader: UnitReader, organizations: Client, account_id: str) -> None:
    """Read the policies that apply to the account from itself up to the root; without an organization there are none.

    AWS answers these calls in the management account and for delegated administrators only.
    """
    absent = ("AWSOrganizationsNotInUseException", "")
    if reader.call(organizations, "DescribeOrganization", absent=absent) is None:
        return
    described: set[str] = set()
    target: str | None = account_id
    while target is not None:
        for kind in POLICY_TYPES:
            ask = {"TargetId": target, "Filter": kind}
            reader.keep_going(partial(_policies_of, reader, organizations, ask, described))
        target = _parent(reader, organizations, target)


def _policies_of(reader: UnitReader, organizations: Client, ask: JsonObject, described: set[str]) -> None:
    for page in reader.pages_of(organizations, "ListPoliciesForTarget", ask):
        for policy in page["Policies"]:
            policy_id = _field(policy, "Id")
            if policy_id not in described:
                described.add(policy_id)
                reader.keep_going(partial(_once, reader, organizations, "DescribePolicy", {"PolicyId": policy_id}))


def _parent(reader: UnitReader, organizations: Client, child: str) -> str | None:
    """Return the parent's id, or None above the root, whose ids start with `r-`."""
    if child.startswith("r-"):
        return None
    parents = [
        _field(parent, "Id")
        for page in reader.pages_of(organizations, "ListParents", {"ChildId": child})
        for parent in page["Parents"]
    ]
    if len(parents) != 1:
        raise UnitStop(UnitStatus.ERROR, "MalformedAnswer", f"`{child}` has {len(parents)} parents")
    return parents[0]
