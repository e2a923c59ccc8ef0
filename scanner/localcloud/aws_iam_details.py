"""GetAccountAuthorizationDetails as AWS answers it: really paged, with the fields that moto leaves out.

Real AWS counts users, roles, groups and policies together towards MaxItems, lists an AWS-managed policy only while
it is attached or a boundary, and URL-encodes documents (IAM API reference, read 2026-11).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from scanner.localcloud.aws_wire import Call, xml

DEFAULT_PAGE_SIZE = 100
"""AWS's default for MaxItems."""

_LISTS = ("UserDetailList", "RoleDetailList", "GroupDetailList", "Policies")
_FILTERS = {
    "User": "UserDetailList",
    "Role": "RoleDetailList",
    "Group": "GroupDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}

Item = tuple[str, dict[str, Any]]
"""Name of the list an entry belongs to, and the entry."""


def authorization_details(backend: Any, call: Call, *, page_size: int, broken: bool = False) -> str:
    """Return the XML of one page's result.

    `backend` is moto's IAM backend. `broken` says that there is more and gives no marker.
    """
    wanted = {value for key, value in call.params.items() if key.startswith("Filter.")}
    items = _items(backend, wanted)
    start = int(call.params.get("Marker", "page-0").removeprefix("page-"))
    size = min(int(call.params.get("MaxItems", page_size)), page_size)
    page, more = items[start : start + size], start + size < len(items)
    result = "".join(xml(name, [value for where, value in page if where == name]) for name in _LISTS)
    result += xml("IsTruncated", more or broken)
    if more and not broken:
        result += xml("Marker", f"page-{start + size}")
    return result


def _items(backend: Any, wanted: set[str]) -> list[Item]:
    items: list[Item] = [("UserDetailList", _user(backend, user)) for user in backend.users.values()]
    items += [("RoleDetailList", _role(role)) for role in backend.roles.values()]
    items += [("GroupDetailList", _group(group)) for group in backend.groups.values()]
    for policy in backend.managed_policies.values():
        by_aws = policy.arn.split(":")[4] == "aws"
        if by_aws and not policy.attachment_count and not _bounds(backend, policy.arn):
            continue
        if not wanted or ("AWSManagedPolicy" if by_aws else "LocalManagedPolicy") in wanted:
            items.append(("Policies", _policy(backend, policy)))
    lists = {_FILTERS[name] for name in wanted if name in _FILTERS} or set(_LISTS)
    return [item for item in items if item[0] in lists]


def _user(backend: Any, user: Any) -> dict[str, Any]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": _typed_id("AIDA", user.id),
        "Arn": user.arn,
        "CreateDate": _time(user.create_date),
        "UserPolicyList": _inline(user.policies),
        "GroupList": [group.name for group in backend.groups.values() if user in group.users],
        "AttachedManagedPolicies": _attached(user),
        "Tags": user.tags or [],
    }


def _group(group: Any) -> dict[str, Any]:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": _typed_id("AGPA", group.id),
        "Arn": group.arn,
        "CreateDate": _time(group.create_date),
        "GroupPolicyList": _inline(group.policies),
        "AttachedManagedPolicies": _attached(group),
    }


def _role(role: Any) -> dict[str, Any]:
    used = {"LastUsedDate": _time(role.last_used), "Region": role.last_used_region} if role.last_used else {}
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": _time(role.create_date),
        "AssumeRolePolicyDocument": quote(_text(role.assume_role_policy_document)),
        "InstanceProfileList": [_instance_profile(profile) for profile in role.instance_profile_list],
        "RolePolicyList": _inline(role.policies),
        "AttachedManagedPolicies": _attached(role),
        "PermissionsBoundary": role.permissions_boundary,
        "Tags": _tags(role.tags),
        "RoleLastUsed": used,
    }


def _instance_profile(profile: Any) -> dict[str, Any]:
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": _time(profile.create_date),
        "Roles": [
            {
                "Path": role.path,
                "RoleName": role.name,
                "RoleId": role.id,
                "Arn": role.arn,
                "CreateDate": _time(role.create_date),
                "AssumeRolePolicyDocument": quote(_text(role.assume_role_policy_document)),
            }
            for role in profile.roles
        ],
    }


def _policy(backend: Any, policy: Any) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "PermissionsBoundaryUsageCount": _bounds(backend, policy.arn),
        "IsAttachable": True,
        "CreateDate": _time(policy.create_date),
        "UpdateDate": _time(policy.update_date),
        "PolicyVersionList": [
            {
                "Document": quote(_text(version.document)),
                "VersionId": version.version_id,
                "IsDefaultVersion": version.is_default,
                "CreateDate": _time(version.create_date),
            }
            for version in policy.versions
        ],
    }


def _bounds(backend: Any, arn: str) -> int:
    return sum(1 for role in backend.roles.values() if role.permissions_boundary_arn == arn)


def _inline(policies: dict[str, str]) -> list[dict[str, str]]:
    return [{"PolicyName": name, "PolicyDocument": quote(_text(body))} for name, body in policies.items()]


def _attached(holder: Any) -> list[dict[str, str]]:
    return [{"PolicyName": p.name, "PolicyArn": p.arn} for p in holder.managed_policies.values()]


def _tags(tags: Any) -> list[dict[str, str]]:
    """Return tags in AWS's shape; moto keeps them as a list or as a mapping of key to entry."""
    entries = tags.values() if isinstance(tags, dict) else tags or []
    return [{"Key": entry["Key"], "Value": entry["Value"]} for entry in entries]


def _typed_id(prefix: str, moto_id: str) -> str:
    """Return an id as AWS writes it; moto's are twenty letters without the prefix that names the type."""
    return prefix + moto_id.upper()[len(prefix) :]


def _text(document: Any) -> str:
    """Return a document's text; moto keeps those that CloudFormation wrote as objects."""
    return document if isinstance(document, str) else json.dumps(document)


def _time(value: datetime) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%SZ")
