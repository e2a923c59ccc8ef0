"""Which GCP principal identifiers lie inside which others, as far as the identifiers tell.

https://cloud.google.com/iam/docs/principal-identifiers: groups and domains are opaque (their members are not in
the policy); a whole pool is `.../workloadIdentityPools/P/*`. Exact where the answer is yes or no; None where it
takes knowledge of members.
"""

from __future__ import annotations

import re

ALL_USERS, ALL_AUTHENTICATED = "allUsers", "allAuthenticatedUsers"

_MAILED = ("user:", "serviceAccount:", "group:", "domain:")
_SINGLE = ("user:", "serviceAccount:", "principal://")
_POOL = re.compile(
    r"principal(?:Set)?://iam\.googleapis\.com/(.+?/(?:workloadIdentityPools|workforcePools)/[^/]+)/(.+)"
)
_V2 = (
    (re.compile(r"principal://goog/subject/(.+)"), "user:"),
    (re.compile(r"principalSet://goog/group/(.+)"), "group:"),
    (re.compile(r"principal://iam\.googleapis\.com/projects/-/serviceAccounts/(.+)"), "serviceAccount:"),
)


def canonical(member: str) -> str:
    """Return one spelling per principal: that of allow policies, e-mail addresses lower-cased."""
    if member.startswith("deleted:"):
        return "deleted:" + canonical(member.removeprefix("deleted:"))
    if member == "principalSet://goog/public:all":
        return ALL_USERS
    for form, prefix in _V2:
        if found := form.fullmatch(member):
            member = prefix + found.group(1)
    prefix, colon, name = member.partition(":")
    return prefix + colon + name.lower() if prefix + colon in _MAILED else member


def includes(outer: str, inner: str) -> bool | None:
    """Return whether everyone in `inner` is in `outer` (both canonical); None if the identifiers do not tell.

    An opaque set (a group, a pool's attribute value) also counts as a grantee of its own: inside nothing but
    itself, sets that hold everyone like it, and perhaps another opaque set.
    """
    if outer in (inner, ALL_USERS):
        return True
    if inner == ALL_USERS or outer.startswith("deleted:"):
        return False
    if inner.startswith("deleted:"):
        # Restored, it is what it was; until then it is nobody.
        return includes(outer, inner.removeprefix("deleted:").partition("?uid=")[0])
    if inner == ALL_AUTHENTICATED:
        return False
    if outer == ALL_AUTHENTICATED:
        return True if inner.startswith(_MAILED) else None
    if _is_cluster_account(outer) or _is_cluster_account(inner):
        return None
    if outer.startswith(_SINGLE):
        return False if _is_known(inner) else None
    return _in_pool(outer, inner)


def _is_known(member: str) -> bool:
    return member.startswith((*_MAILED, "principal://", "principalSet://"))


def _is_cluster_account(member: str) -> bool:
    """Return whether it is a Kubernetes service account, which has two spellings that policies mix."""
    return member.startswith("serviceAccount:") and member.endswith("]")


def _in_pool(outer: str, inner: str) -> bool | None:
    """Return whether `inner` is inside a set of a workload or workforce identity pool."""
    wide, narrow = _POOL.fullmatch(outer), _POOL.fullmatch(inner)
    if wide is None:
        return None
    if narrow is None:
        # Identities of a pool are never Google accounts or service accounts.
        return False if inner.startswith(("user:", "serviceAccount:")) else None
    if wide.group(1) != narrow.group(1):
        return False
    whole, part = wide.group(2), narrow.group(2)
    if whole == "*" or part == "*":
        return whole == "*"
    name, value = whole.partition("/")[::2]
    # An identity has one value of an attribute: two values of the same one exclude each other.
    return (
        False if name.startswith("attribute.") and part.startswith(f"{name}/") and part != f"{name}/{value}" else None
    )
