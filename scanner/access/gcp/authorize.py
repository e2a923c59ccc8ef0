"""Decide one concrete GCP request from role definitions, allow policies and deny policies: the second evaluator.

Written apart from the comparison and sharing no code with it. None: the documents do not tell (a role that is
not among them, a group's members, a hierarchy that is not given, a condition that cannot be evaluated).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from scanner.access.gcp.cel import holds
from scanner.access.records import Request
from scanner.model.common import JsonObject

Truth = bool | None


def allows_gcp(
    request: Request, documents: Sequence[JsonObject], *, parents: Mapping[str, str] | None = None
) -> bool | None:
    """Return whether the documents allow the request: some binding grants it and no deny rule takes it away.

    Action: a permission; resource: a node such as `projects/p`; principal: a member as policies spell it;
    context: attributes as in `gcp_cel.holds`. Without any allow policy every role definition counts as granted,
    everywhere.
    """
    plain = [_plain(d) for d in documents]
    policies = [d for d in plain if "bindings" in d or not {"includedpermissions", "rules"} & set(d)]
    roles = {d["name"]: d for d in plain if "includedpermissions" in d}
    rules = [(d, _plain(_plain(r)["denyrule"])) for d in plain if "rules" in d for r in d["rules"]]
    up = {_node(k): _node(v) for k, v in (parents or {}).items()}
    denied = _any(_denied(policy, rule, request, up) for policy, rule in rules)
    if policies:
        allowed = _any(_granted(p, b, roles, request, up) for p in policies for b in p.get("bindings") or ())
    else:
        allowed = any(request.action in _included(role) for role in roles.values())
    return _all((allowed, None if denied is None else not denied))


def _all(values: Iterable[Truth]) -> Truth:
    seen = list(values)
    return False if False in seen else None if None in seen else True


def _any(values: Iterable[Truth]) -> Truth:
    seen = list(values)
    return True if True in seen else None if None in seen else False


def _plain(document: JsonObject) -> dict[str, Any]:
    """Return the document with names spelled in one way, and the policy taken out of what carries it."""
    named = {k.replace("_", "").lower(): v for k, v in document.items()}
    for inside, holder in (("policy", "resource"), ("iampolicy", "name")):
        if isinstance(named.get(inside), dict):
            return {**_plain(named[inside]), "resource": named[holder]}
    return named


def _included(role: Mapping[str, Any]) -> Sequence[str]:
    if role.get("deleted") or role.get("stage") == "DISABLED":
        return ()
    return role["includedpermissions"] or ()


def _granted(
    policy: Mapping[str, Any],
    binding: JsonObject,
    roles: Mapping[str, Mapping[str, Any]],
    request: Request,
    up: Mapping[str, str],
) -> Truth:
    parts = _plain(binding)
    role = roles.get(parts["role"])
    included: Truth = None if role is None or "_withcond_" in parts["role"] else request.action in _included(role)
    if included is False:
        return False
    who = _any(_is_in(request.principal, m) for m in parts.get("members") or ())
    return _all(
        (
            included,
            who,
            _reaches(policy.get("resource"), request.resource, up),
            _condition(parts.get("condition"), request),
        )
    )


def _condition(condition: JsonObject | None, request: Request) -> Truth:
    expression = _plain(condition or {}).get("expression")
    return holds(expression, request.context) if expression else True


def _node(name: str) -> str:
    plain = unquote(name).lstrip("/")
    return plain.split("cloudresourcemanager.googleapis.com/")[-1].rstrip("/")


def _reaches(where: str | None, resource: str, up: Mapping[str, str]) -> Truth:
    """Return whether a policy at `where` holds for the resource."""
    if where is None or resource == "*":
        return True if where is None and resource == "*" else None
    target, node = _node(where), _node(resource)
    for _ in range(len(up) + 1):
        if node == target:
            return True
        pair = [n.split("/") for n in (node, target)]
        if all(len(p) == 2 and p[0] == "projects" for p in pair) and pair[0][1].isdigit() != pair[1][1].isdigit():
            return None
        if node not in up:
            break
        node = up[node]
    kind, _, name = node.partition("/")
    ranks = {"organizations": 3, "folders": 2, "projects": 1}
    if "/" in name or kind not in ranks:
        return None
    over = target.partition("/")[0]
    return None if ranks[kind] < 3 and ranks.get(over, 0) >= 2 else False


def _who(member: str) -> tuple[str, str]:
    """Return kind and name of a member; the spellings of deny policies become those of allow policies."""
    spellings = {
        "principal://goog/subject/": "user",
        "principalSet://goog/group/": "group",
        "principal://iam.googleapis.com/projects/-/serviceAccounts/": "serviceAccount",
    }
    for start, kind in spellings.items():
        if member.startswith(start):
            return kind, member[len(start) :].lower()
    if member in ("allUsers", "principalSet://goog/public:all"):
        return "all", ""
    if member == "allAuthenticatedUsers":
        return "authenticated", ""
    kind, _, name = member.partition(":")
    return kind, name.lower() if kind in ("user", "group", "serviceAccount", "domain") else name


def _is_in(principal: str | None, member: str) -> Truth:
    """Return whether the principal is the member or in it; None if that takes a group's members or more."""
    if member.startswith("deleted:"):
        gone = principal is not None and principal.startswith("deleted:")
        return gone and _who(principal[8:]) == _who(member[8:]) if principal is not None else None
    kind, name = _who(member)
    if kind == "all":
        return True
    if principal is None:
        return None
    if principal.startswith("deleted:"):
        principal = principal[8:].split("?uid=")[0]
    own_kind, own_name = _who(principal)
    if (own_kind, own_name) == (kind, name):
        return True
    if own_kind in ("all", "authenticated"):
        return False
    people = ("user", "serviceAccount", "group", "domain")
    if kind == "authenticated":
        return True if own_kind in people else None
    if (kind == "serviceAccount" and name.endswith("]")) or (own_kind == "serviceAccount" and own_name.endswith("]")):
        return None
    if kind in ("user", "serviceAccount", "principal"):
        return False if own_kind in (*people, "principal", "principalSet") else None
    return _in_set(own_kind, own_name, name) if kind == "principalSet" else None


def _in_set(own_kind: str, own: str, wide: str) -> Truth:
    """Return whether a principal is in a `principalSet://` of an identity pool."""
    marks = ("/workloadIdentityPools/", "/workforcePools/")
    mark = next((m for m in marks if m in wide and wide.startswith("//iam.googleapis.com/")), None)
    if mark is None:
        return None
    if own_kind in ("user", "serviceAccount"):
        return False
    if not (
        own_kind.startswith("principal") and own.startswith("//iam.googleapis.com/") and any(m in own for m in marks)
    ):
        return None
    own_mark = next(m for m in marks if m in own)
    pool, own_pool = ((t.split(m)[0], m, t.split(m)[1].split("/")[0]) for t, m in ((wide, mark), (own, own_mark)))
    if pool != own_pool:
        return False
    selector, own_selector = (t.split(m)[1].split("/", 1)[1] for t, m in ((wide, mark), (own, own_mark)))
    if "*" in (selector, own_selector):
        return selector == "*"
    same_attribute = selector.startswith("attribute.") and selector.split("/")[0] == own_selector.split("/")[0]
    return False if same_attribute else None


def _denied(policy: Mapping[str, Any], rule: Mapping[str, Any], request: Request, up: Mapping[str, str]) -> Truth:
    attached = str(policy.get("name", "")).split("/denypolicies/")[0].removeprefix("policies/")
    named = _any(_is_in(request.principal, m) for m in rule.get("deniedprincipals") or ())
    exempt = _any(_is_in(request.principal, m) for m in rule.get("exceptionprincipals") or ())
    listed = _any(_names(p, request.action) for p in rule.get("deniedpermissions") or ())
    spared = _any(_names(p, request.action) for p in rule.get("exceptionpermissions") or ())
    return _all(
        (
            listed,
            None if spared is None else not spared,
            named,
            None if exempt is None else not exempt,
            _reaches(attached or None, request.resource, up),
            _condition(rule.get("denialcondition"), request),
        )
    )


def _names(listed: str, permission: str) -> Truth:
    """Return whether a deny policy's permission name is the permission; None for a group of them that may hold it."""
    host, _, rest = listed.partition("/")
    if "/" in permission:
        own_host, _, own_rest = permission.partition("/")
    else:
        service, _, own_rest = permission.partition(".")
        own_host = ("cloud" if service == "resourcemanager" else "") + service + ".googleapis.com"
    if (host, rest) == (own_host, own_rest):
        return True
    if "*" not in listed or host not in (own_host, "*"):
        return False
    wanted, actual = rest.rsplit(".", 1), own_rest.rsplit(".", 1)
    return None if len(wanted) < 2 or all("*" in w or w == a for w, a in zip(wanted, actual, strict=False)) else False
