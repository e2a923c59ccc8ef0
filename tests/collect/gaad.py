"""Builders of GetAccountAuthorizationDetails pages as the command line prints them."""

from __future__ import annotations

from typing import Any

ACCOUNT = "123456789012"
VENDOR = "arn:aws:iam::108458755588:role/CAPIManagement"


def trust(conditions: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a trust policy that admits the vendor's role under `conditions`."""
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": VENDOR}, "Action": "sts:AssumeRole"}
    if conditions is not None:
        statement["Condition"] = conditions
    return {"Version": "2012-10-17", "Statement": [statement]}


def allow(*actions: str) -> dict[str, Any]:
    """Return a policy document that allows actions everywhere."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def role(name: str, **more: Any) -> dict[str, Any]:
    """Return one entry of RoleDetailList."""
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA-{name}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": "2024-05-01T12:00:00+00:00",
        "AssumeRolePolicyDocument": trust(),
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        **more,
    }


def policy(name: str, document: Any, *, account: str = ACCOUNT) -> dict[str, Any]:
    """Return one entry of Policies with one version."""
    return {
        "PolicyName": name,
        "Arn": f"arn:aws:iam::{account}:policy/{name}",
        "DefaultVersionId": "v1",
        "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": document}],
    }


def page(
    *roles: dict[str, Any],
    users: tuple[dict[str, Any], ...] = (),
    groups: tuple[dict[str, Any], ...] = (),
    policies: tuple[dict[str, Any], ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return one page with all four lists."""
    lists: dict[str, Any] = {
        "UserDetailList": list(users),
        "GroupDetailList": list(groups),
        "RoleDetailList": list(roles),
        "Policies": list(policies),
    }
    return {**lists, **more}
