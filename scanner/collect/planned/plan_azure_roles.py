"""Role definitions of a Terraform plan: the few built-in ones it may name, and the permissions of custom ones."""

from __future__ import annotations

from typing import Final

from scanner.collect.planned.plan_changes import Change
from scanner.model.common import JsonObject

DEFINITIONS: Final = "/providers/Microsoft.Authorization/roleDefinitions/"
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles (ids and permissions, read 2026-11)
_CONTRIBUTOR_NOT: Final = (
    *("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"),
    *("Microsoft.Authorization/elevateAccess/Action", "Microsoft.Blueprint/blueprintAssignments/write"),
    *("Microsoft.Blueprint/blueprintAssignments/delete", "Microsoft.Compute/galleries/share/action"),
)
_BUILT_IN: Final[tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", ("*",), ()),
    ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c", ("*",), _CONTRIBUTOR_NOT),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", ("*/read",), ()),
    (
        "User Access Administrator",
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"),
        (),
    ),
)
_PERMISSIONS: Final = (
    *(("actions", "actions"), ("not_actions", "notActions")),
    *(("data_actions", "dataActions"), ("not_data_actions", "notDataActions")),
)
"""The provider's names and the API's."""


def built_in_rows(root: str) -> list[JsonObject]:
    """Return the built-in definitions that are known here, as the list call of a subscription answers."""
    return [
        {
            "id": f"{root}{DEFINITIONS}{role_id}",
            "properties": {
                "roleName": name,
                "type": "BuiltInRole",
                "permissions": [{"actions": list(actions), "notActions": list(excluded)}],
                "assignableScopes": ["/"],
            },
        }
        for name, role_id, actions, excluded in _BUILT_IN
    ]


def built_in_id(name: str) -> str | None:
    """Return the id of a built-in role by its name, in any case, or None where it is not known here."""
    return next((role_id for own, role_id, _, _ in _BUILT_IN if own.lower() == name.lower()), None)


def permission_blocks(change: Change) -> list[JsonObject]:
    """Return the permissions of a custom definition as the API writes them. Raises `InputError` if they are none."""
    return [
        {theirs: change.texts(ours, of="permissions", block=block) for ours, theirs in _PERMISSIONS}
        for block in change.blocks("permissions")
    ]
