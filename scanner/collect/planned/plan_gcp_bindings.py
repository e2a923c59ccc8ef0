"""Bindings and times of keys in a Terraform plan, as Google's API writes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from scanner.collect.planned.plan_changes import Change
from scanner.model.common import JsonObject

_KEY_TIMES: Final = (("validAfterTime", "valid_after"), ("validBeforeTime", "valid_before"))


class PlannedBinding(msgspec.Struct, frozen=True):
    """One role bound to members on a node, service account or resource."""

    role: str
    members: tuple[str, ...]
    condition: JsonObject | None = None

    def body(self) -> JsonObject:
        """Return the binding as an allow policy writes it."""
        condition = {"condition": self.condition} if self.condition else {}
        return {"role": self.role, "members": list(self.members), **condition}


def is_binding(row: Any) -> bool:
    """Return whether a value is a role with a list of members."""
    members = row.get("members", []) if isinstance(row, dict) else None
    return isinstance(row, dict) and isinstance(row.get("role"), str) and isinstance(members, list)


def key_times(change: Change) -> JsonObject:
    """Return when a key begins and ends to hold, as far as the plan knows."""
    return {name: value for name, attribute in _KEY_TIMES if _is_time(value := change.text(attribute))}


def _is_time(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False
