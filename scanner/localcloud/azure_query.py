"""What a query leaves of a list: the searches and filters that the loopback Azure knows."""

from __future__ import annotations

import re

from scanner.model.common import JsonObject


def searched(rows: list[JsonObject], search: str | None) -> list[JsonObject]:
    """Return the rows with a word in their names that begins as a `$search` of `displayName` asks."""
    asked = re.fullmatch(r'"displayName:(\w+)"', search or "")
    if asked is None:
        return rows
    word = asked[1].lower()
    return [r for r in rows if any(w.startswith(word) for w in re.split(r"\W+", str(r.get("displayName", "")).lower()))]


def filtered(operation: str, rows: list[JsonObject], query: dict[str, str]) -> list[JsonObject]:
    """Return the rows that `$filter` asks for, where the operation knows one."""
    asked = query.get("$filter", "")
    if operation == "RoleDefinitions.List" and asked != "atScopeAndBelow()":
        # As the service: what can be assigned only below the scope is left out.
        return [r for r in rows if any(s.count("/") < 3 for s in r["properties"]["assignableScopes"])]
    if operation == "ListDirectoryRoleAssignments":
        return [r for r in rows if asked == f"principalId eq '{r['principalId']}'"]
    return rows
