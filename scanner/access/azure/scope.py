"""Which Azure scope lies inside which: by whole segments, whatever the case; above subscriptions as given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scanner.errors import PolicyError

_MANAGEMENT = ("providers", "microsoft.management", "managementgroups")
_SOME_SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"


def segments(scope: str, where: str = "scope") -> tuple[str, ...]:
    """Return the lower-cased segments; `/` has none. Raises `PolicyError` if the scope does not start with `/`."""
    if not scope.startswith("/"):
        raise PolicyError(f"{where}: `{scope}` is not a scope: it does not start with `/`")
    return tuple(s for s in scope.lower().split("/") if s)


def contains(outer: str, inner: str, parents: Mapping[str, str]) -> bool | None:
    """Return whether every resource in `inner` is in `outer`; None if that takes a hierarchy that is not given.

    Exact. `parents` gives the management group above a subscription or management group, as scopes; a chain it
    starts is complete.
    """
    wanted, here = segments(outer), segments(inner)
    if here[: len(wanted)] == wanted:
        return True
    if wanted[:-1] != _MANAGEMENT:
        return False
    above = {segments(child): segments(parent) for child, parent in parents.items()}
    anchor = _anchor(here)
    if anchor is None:
        return False
    if anchor not in above:
        return None
    seen = {anchor}
    while anchor in above and above[anchor] not in seen:
        anchor = above[anchor]
        seen.add(anchor)
        if anchor == wanted:
            return True
    return False


def _anchor(here: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the subscription or management group a scope lies in; None for the root."""
    if here[:1] == ("subscriptions",) and len(here) > 1:
        return here[:2]
    if here[:3] == _MANAGEMENT and len(here) > 3:
        return here[:4]
    return None


def child_of(scope: str, named: Iterable[str]) -> str:
    """Return a scope directly below `scope` that is none of `named` and lies in none of them."""
    here = segments(scope)
    base = scope.rstrip("/")
    taken = {segments(n) for n in named}
    if not here:
        return _SOME_SUBSCRIPTION
    if here[:1] == ("subscriptions",) and len(here) == 2:
        stem = f"{base}/resourceGroups/example"
    elif len(here) == 4 and here[2] == "resourcegroups":
        stem = f"{base}/providers/Microsoft.Storage/storageAccounts/example"
    else:
        stem = f"{base}/providers/Microsoft.Example/examples/example"
    number, child = 0, stem
    while any(segments(child)[: len(t)] == t for t in taken if len(t) > len(here)):
        number += 1
        child = f"{stem}{number}"
    return child
