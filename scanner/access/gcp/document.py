"""GCP role definitions, allow policies and deny policies, read from what the API and gcloud print.

A role's permissions come from the given definitions only: a role that is not among them is unknown, not empty.
https://cloud.google.com/iam/docs/reference/rest/v1/Policy and /v2/policies
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from scanner.access.fields import folded, needed, strings, text
from scanner.access.gcp.member import canonical
from scanner.access.gcp.node import attached_to, node_name
from scanner.access.records import NamedDocument
from scanner.errors import PolicyError
from scanner.model.common import JsonObject

_HIDDEN = re.compile(r"_withcond_[0-9a-f]+$")
_POLICY_KEYS = frozenset({"bindings", "etag", "version", "auditconfigs", "resource"})


class Role(msgspec.Struct, frozen=True):
    """A role definition."""

    document: str
    name: str
    permissions: frozenset[str]
    """Empty for a role that is deleted or disabled: such a role grants nothing."""


class Grant(msgspec.Struct, frozen=True):
    """A role for one member at one node. None: the documents do not say (role definitions without any policy)."""

    document: str
    statement: str
    """0-based index of the binding in its policy, as text; the role's name where there are only definitions."""
    index: int
    """0-based index of the binding, or definition, over the side."""
    role: str
    permissions: frozenset[str] | None
    """None: unknown, for `unknown` reason."""
    unknown: str
    hidden: bool
    """The role's name says that the binding has a condition which the policy does not show."""
    member: str | None
    """Canonical."""
    node: str | None
    condition: JsonObject
    """`expression`, and `title` and `description` where there are; empty: unconditional."""

    @property
    def expression(self) -> str:
        """Return the CEL text, empty where unconditional."""
        return str(self.condition.get("expression", ""))


class DenyRule(msgspec.Struct, frozen=True):
    """One rule of a deny policy: it beats every grant at its node and below."""

    document: str
    node: str | None
    denied: tuple[str, ...]
    """Principals, canonical."""
    excepted: tuple[str, ...]
    permissions: tuple[str, ...]
    """`service.googleapis.com/resource.verb`."""
    excepted_permissions: tuple[str, ...]
    condition: str


class GcpSide(msgspec.Struct, frozen=True):
    """All documents of one side."""

    grants: tuple[Grant, ...]
    denies: tuple[DenyRule, ...]
    bound: bool
    """Whether there are allow policies; a role then grants only where it is bound."""
    empty: tuple[tuple[str, str], ...]
    """Documents that grant nothing, and why."""


def parse_gcp(documents: Sequence[NamedDocument]) -> GcpSide:
    """Return the side that these documents make; raises `PolicyError` naming document and key."""
    roles: dict[str, Role] = {}
    policies: list[tuple[str, str | None, Mapping[str, Any]]] = []
    denies: list[DenyRule] = []
    empty: list[tuple[str, str]] = []
    for document in documents:
        where = f"document `{document.name}`"
        fields, node = _unwrapped(document.body, where)
        if "bindings" in fields or (fields and set(fields) <= _POLICY_KEYS):
            policies.append((document.name, node, fields))
            if not fields.get("bindings"):
                empty.append((document.name, "its policy has no bindings: it grants nothing"))
        elif "rules" in fields:
            denies.extend(_denies(fields, document.name))
        else:
            role, why = _role(fields, document.name)
            if role.name in roles and roles[role.name].permissions != role.permissions:
                raise PolicyError(f"{where}: role `{role.name}` is given twice, with different permissions")
            roles[role.name] = role
            empty += [(document.name, why)] if why else []
    grants = tuple(_bound(policies, roles) if policies else _unbound(roles.values()))
    return GcpSide(grants, tuple(denies), bool(policies), tuple(empty))


def _unwrapped(body: JsonObject, where: str) -> tuple[dict[str, Any], str | None]:
    """Return the members of a role or policy and the node it stands at; opens what carries both."""
    fields = folded(body, where)
    for key, named in (("policy", "resource"), ("iampolicy", "name")):
        if key in fields:
            node = node_name(needed(fields, named, where))
            return folded(fields[key], f"{where}: {key}"), node
    resource = text(fields, "resource", where)
    return fields, node_name(resource) if resource else None


def _role(fields: Mapping[str, Any], name: str) -> tuple[Role, str]:
    """Return the role and, where it grants nothing, why."""
    where = f"document `{name}`"
    role = needed(fields, "name", where)
    if not re.search(r"(^|/)roles/[^/]+$", role):
        raise PolicyError(f"{where}: neither a role definition nor an allow policy nor a deny policy")
    if "includedpermissions" not in fields:
        raise PolicyError(f"{where}: `includedPermissions` is missing: read the role with its permissions")
    permissions = frozenset(strings(fields["includedpermissions"], f"{where}: includedPermissions"))
    if not isinstance(fields.get("deleted", False), bool):
        raise PolicyError(f"{where}: `deleted` is not true or false")
    if fields.get("deleted"):
        return Role(name, role, frozenset()), "the role is deleted: it grants nothing"
    # https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles: a disabled role contributes nothing.
    if text(fields, "stage", where) == "DISABLED":
        return Role(name, role, frozenset()), "the role is disabled: it grants nothing"
    return Role(name, role, permissions), "" if permissions else "its permissions are empty: it grants nothing"


def _unbound(roles: Iterable[Role]) -> Iterator[Grant]:
    for index, role in enumerate(roles):
        if role.permissions:
            yield Grant(role.document, role.name, index, role.name, role.permissions, "", False, None, None, {})


def _bound(policies: Sequence[tuple[str, str | None, Mapping[str, Any]]], roles: Mapping[str, Role]) -> Iterator[Grant]:
    index = -1
    for name, node, fields in policies:
        bindings = fields.get("bindings") or []
        if not isinstance(bindings, list):
            raise PolicyError(f"document `{name}`: `bindings` is not a list")
        for number, binding in enumerate(bindings):
            index += 1
            where = f"document `{name}`: bindings[{number}]"
            parts = folded(binding, where)
            role = needed(parts, "role", where)
            permissions, unknown = _permissions(role, roles)
            hidden = _HIDDEN.search(role) is not None
            condition = _condition(parts.get("condition"), where)
            for member in dict.fromkeys(canonical(m) for m in strings(parts.get("members"), f"{where}.members")):
                yield Grant(name, str(number), index, role, permissions, unknown, hidden, member, node, condition)


def _permissions(role: str, roles: Mapping[str, Role]) -> tuple[frozenset[str] | None, str]:
    if _HIDDEN.search(role):
        return None, f"role `{role}` hides its condition: the policy was read with a version below 3"
    if role not in roles:
        return None, f"role `{role}` is not among the documents"
    return roles[role].permissions, ""


def _condition(value: Any, where: str) -> JsonObject:
    if value is None:
        return {}
    parts = folded(value, f"{where}.condition")
    if not any(parts.values()):
        return {}
    expression = needed(parts, "expression", f"{where}.condition")
    titles = {k: v for k in ("title", "description") if (v := text(parts, k, f"{where}.condition"))}
    return {**titles, "expression": expression}


def _denies(fields: Mapping[str, Any], name: str) -> Iterator[DenyRule]:
    where = f"document `{name}`"
    if not isinstance(fields["rules"], list):
        raise PolicyError(f"{where}: `rules` is not a list")
    node = attached_to(text(fields, "name", where) or "")
    for number, rule in enumerate(fields["rules"]):
        here = f"{where}: rules[{number}]"
        outer = folded(rule, here)
        if "denyrule" not in outer:
            raise PolicyError(f"{here}: `denyRule` is missing")
        parts = folded(outer["denyrule"], f"{here}.denyRule")
        listed = {k: strings(parts.get(k.lower()), f"{here}.denyRule.{k}") for k in _DENY_LISTS}
        denied, excepted, permissions, excepted_permissions = (listed[k] for k in _DENY_LISTS)
        condition = _condition(parts.get("denialcondition"), f"{here}.denyRule")
        yield DenyRule(
            name,
            node,
            tuple(map(canonical, denied)),
            tuple(map(canonical, excepted)),
            permissions,
            excepted_permissions,
            str(condition.get("expression", "")),
        )


_DENY_LISTS = ("deniedPrincipals", "exceptionPrincipals", "deniedPermissions", "exceptionPermissions")
