"""Where in the resource hierarchy a policy stands: names made uniform, and which node lies below which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

_MANAGER = "cloudresourcemanager.googleapis.com/"
_CONTAINERS = ("organizations/", "folders/", "projects/")


def node_name(name: str) -> str:
    """Return `projects/p`, `folders/1`, `organizations/1`, or another full resource name without leading slashes."""
    return unquote(name).removeprefix("//").removeprefix(_MANAGER).strip("/")


def attached_to(policy_name: str) -> str | None:
    """Return the node of a deny policy's name, `policies/NODE/denypolicies/ID`; None if it is not such a name."""
    found = re.fullmatch(r"policies/([^/]+)/denypolicies/[^/]+", policy_name)
    return node_name(found.group(1)) if found else None


def below(inner: str, outer: str, parents: Mapping[str, str]) -> bool | None:
    """Return whether `inner` is `outer` or lies below it; None if that takes a hierarchy that is not given.

    Exact for what `parents` (child -> parent) gives; a chain is complete when it ends in an organization.
    """
    above = {node_name(child): node_name(parent) for child, parent in parents.items()}
    node, seen = inner, set()
    while node != outer:
        if _perhaps_same(node, outer):
            return None
        if node in seen or node not in above:
            return False if _cannot_contain(outer, node) else None
        seen.add(node)
        node = above[node]
    return True


def _is_plain(node: str) -> bool:
    """Return whether the node is an organization, folder or project itself."""
    return node.startswith(_CONTAINERS) and node.count("/") == 1


def _cannot_contain(outer: str, top: str) -> bool:
    """Return whether nothing above `top`, the end of a known chain, can be `outer`."""
    if not _is_plain(top):
        return False
    if top.startswith("organizations/"):
        return True
    # Only folders and organizations stand above projects and folders.
    return not outer.startswith(("organizations/", "folders/"))


def _perhaps_same(one: str, other: str) -> bool:
    """Return whether two names may be one project: policies name projects by id or by number."""
    if not (one.startswith("projects/") and other.startswith("projects/") and _is_plain(one) and _is_plain(other)):
        return False
    return one[len("projects/") :].isdigit() != other[len("projects/") :].isdigit()
