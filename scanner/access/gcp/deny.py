"""What GCP deny rules take away: from whom, where, and which permissions.

Deny policies name permissions `SERVICE_FQDN/RESOURCE.VERB`, allow policies `SERVICE.RESOURCE.VERB`; the domain
name is the service followed by `.googleapis.com`, with documented exceptions:
https://cloud.google.com/iam/docs/deny-permissions-support (2026-11). Only some permissions can be denied and
the list is not part of this program: a group such as `SERVICE_FQDN/RESOURCE.*` therefore only may deny one. An
alias of a permission is not known here and denies nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scanner.access.gcp.document import DenyRule
from scanner.access.gcp.member import includes
from scanner.access.gcp.node import below

_OTHER_DOMAINS = {"resourcemanager": "cloudresourcemanager.googleapis.com"}


class Denied(NamedTuple):
    """Permissions that deny rules surely take away at a place, and those they only may."""

    surely: frozenset[str]
    perhaps: frozenset[str]


def domain_form(permission: str) -> str:
    """Return the name deny policies use for a permission; one that has that form already stays."""
    if "/" in permission:
        return permission
    service, _, rest = permission.partition(".")
    return f"{_OTHER_DOMAINS.get(service, service + '.googleapis.com')}/{rest}"


def denied_at(
    rules: tuple[DenyRule, ...],
    permissions: frozenset[str],
    member: str | None,
    node: str | None,
    parents: Mapping[str, str],
) -> Denied:
    """Return which of the permissions the rules deny the member at the node. `perhaps` excludes `surely`."""
    surely: set[str] = set()
    perhaps: set[str] = set()
    for rule in rules:
        applies = _applies(rule, member, node, parents)
        if applies is False:
            continue
        for permission in permissions - surely:
            hit = _lists(rule, domain_form(permission))
            if hit and applies:
                surely.add(permission)
            elif hit is not False:
                perhaps.add(permission)
    return Denied(frozenset(surely), frozenset(perhaps - surely))


def _applies(rule: DenyRule, member: str | None, node: str | None, parents: Mapping[str, str]) -> bool | None:
    """Return whether the rule is for the member at the node; None where that stays open, a condition included."""
    if member is None:
        return None
    who = _for(rule, member)
    where = None if rule.node is None or node is None else below(node, rule.node, parents)
    if who is False or where is False:
        return False
    return True if who and where and not rule.condition else None


def _for(rule: DenyRule, member: str) -> bool | None:
    excepted = [includes(e, member) for e in rule.excepted]
    if True in excepted:
        return False
    denied = [includes(d, member) for d in rule.denied]
    if True in denied:
        partly = None in excepted or any(includes(member, e) is None for e in rule.excepted)
        return None if partly else True
    return None if None in denied or any(includes(member, d) is None for d in rule.denied) else False


def _lists(rule: DenyRule, name: str) -> bool | None:
    """Return whether the rule denies the permission; None for a group of permissions."""
    if name in rule.excepted_permissions:
        return False
    grouped = any(_in_group(e, name) for e in rule.excepted_permissions)
    if name in rule.permissions:
        return None if grouped else True
    return None if any(_in_group(p, name) for p in rule.permissions) else False


def _in_group(group: str, name: str) -> bool:
    """Return whether a name with `*` for resource or verb may mean the permission."""
    if "*" not in group:
        return False
    domain, _, listed = group.partition("/")
    service, _, actual = name.partition("/")
    if domain != service:
        return domain == "*"
    resource, _, verb = listed.rpartition(".")
    own_resource, _, own_verb = actual.rpartition(".")
    return not resource or (_may_be(resource, own_resource) and _may_be(verb, own_verb))


def _may_be(listed: str, actual: str) -> bool:
    return listed == actual or "*" in listed
