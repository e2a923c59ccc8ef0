"""Decide one concrete Azure request from role definitions, role assignments and deny assignments: the second evaluator.

Written apart from the comparison and sharing no code with it. None: the documents do not tell (a group's
members, a hierarchy that is not given, a role that is not among them, a condition that is not understood or
whose attribute is not given).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from scanner.access.azure.abac import holds
from scanner.access.records import Request
from scanner.model.common import JsonObject

Truth = bool | None


def allows_azure(
    request: Request, documents: Sequence[JsonObject], *, parents: Mapping[str, str] | None = None
) -> bool | None:
    """Return whether the documents allow the request: some grant holds it and no deny assignment does.

    Action: a concrete operation; resource: a scope; principal: an object id; context: `plane` (`control` unless
    `data`) and condition attributes such as `@Request[...]`. Without any role assignment every definition
    counts as assigned, everywhere.
    """
    plain = [_plain(d) for d in documents]
    denies = [d for d in plain if _is_deny(d)]
    assignments = [d for d in plain if _is_assignment(d)]
    definitions = [d for d in plain if not _is_deny(d) and not _is_assignment(d)]
    if assignments:
        allowed = _any(_assigned(a, definitions, request, parents or {}) for a in assignments)
    else:
        allowed = _any(_permitted(d, request) for d in definitions)
    denied = _any(_denied(d, request, parents or {}) for d in denies)
    return _all((allowed, None if denied is None else not denied))


def _all(values: Iterable[Truth]) -> Truth:
    seen = list(values)
    return False if False in seen else None if None in seen else True


def _any(values: Iterable[Truth]) -> Truth:
    seen = list(values)
    return True if True in seen else None if None in seen else False


def _plain(document: JsonObject) -> dict[str, Any]:
    """Return the document with `properties` opened and names spelled in one way."""
    inner = next((v for k, v in document.items() if k.lower() == "properties"), None)
    merged = {**(inner if isinstance(inner, dict) else {}), **document}
    return {k.replace("_", "").lower(): v for k, v in merged.items()}


def _is_deny(document: Mapping[str, Any]) -> bool:
    return "denyassignmentname" in document or "excludeprincipals" in document or _typed(document, "denyassignments")


def _is_assignment(document: Mapping[str, Any]) -> bool:
    named = "roledefinitionid" in document or "roledefinition" in document
    return not _is_deny(document) and (named or _typed(document, "roleassignments"))


def _typed(document: Mapping[str, Any], kind: str) -> bool:
    return str(document.get("type", "")).lower().endswith("/" + kind)


def _permitted(definition: Mapping[str, Any], request: Request) -> Truth:
    """Return whether a permissions block of the definition holds the request; conditions of blocks count."""
    values = []
    for block in definition["permissions"]:
        named = {k.replace("_", "").lower(): v for k, v in block.items()}
        data = request.context.get("plane") == "data"
        actions, nots = (
            named.get("dataactions" if data else "actions"),
            named.get("notdataactions" if data else "notactions"),
        )
        inside = _listed(actions, request.action) and not _listed(nots, request.action)
        values.append(_all((inside, _condition(named, request))))
    return _any(values)


def _listed(patterns: Sequence[str] | None, operation: str) -> bool:
    return any(_matches(p, operation.lower()) for p in patterns or ())


@lru_cache(maxsize=32_768)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def _matches(pattern: str, operation: str) -> bool:
    pattern = pattern.lower()
    return _expression(pattern).fullmatch(operation) is not None if "*" in pattern else pattern == operation


def _condition(named: Mapping[str, Any], request: Request) -> Truth:
    text = named.get("condition")
    return holds(text, request.action, request.context) if text and text.strip() else True


def _assigned(
    assignment: Mapping[str, Any],
    definitions: Sequence[Mapping[str, Any]],
    request: Request,
    parents: Mapping[str, str],
) -> Truth:
    given = assignment.get("roledefinition")
    role: Mapping[str, Any] | None
    if isinstance(given, dict):
        role = _plain(given)
    else:
        wanted = _last(given or assignment["roledefinitionid"])
        role = next((d for d in definitions if wanted in (_last(d.get("id")), _last(d.get("name")))), None)
    who: Truth = request.principal is not None and request.principal.lower() == assignment["principalid"].lower()
    if not who and (request.principal is None or str(assignment.get("principaltype") or "").lower() == "group"):
        who = None
    permitted = _permitted(role, request) if role is not None else None
    reached = _under(assignment["scope"], request.resource, parents)
    return _all((permitted, who, reached, _condition(assignment, request)))


def _last(identifier: object) -> str:
    return str(identifier or "").rstrip("/").split("/")[-1].lower()


def _parts(scope: str) -> list[str]:
    return [p for p in scope.lower().split("/") if p]


def _under(outer: str, inner: str, parents: Mapping[str, str]) -> Truth:
    """Return whether the scope `inner` is `outer` or below it."""
    if inner == "*":
        return None
    wide, narrow = _parts(outer), _parts(inner)
    if narrow[: len(wide)] == wide:
        return True
    group = "providers/microsoft.management/managementgroups"
    if not (len(wide) == 4 and "/".join(wide[:3]) == group):
        return False
    if narrow[:1] == ["subscriptions"]:
        step = "/".join(narrow[:2])
    elif "/".join(narrow[:3]) == group:
        step = "/".join(narrow[:4])
    else:
        return False
    up = {"/".join(_parts(k)): "/".join(_parts(v)) for k, v in parents.items()}
    if step not in up:
        return None
    for _ in range(len(up)):
        step = up.get(step, "")
        if step == "/".join(wide):
            return True
    return False


def _denied(deny: Mapping[str, Any], request: Request, parents: Mapping[str, str]) -> Truth:
    scope = deny.get("scope")
    reached: Truth
    if scope is None:
        reached = None
    elif deny.get("donotapplytochildscopes"):
        reached = None if request.resource == "*" else _parts(scope) == _parts(request.resource)
    else:
        reached = _under(scope, request.resource, parents)
    named = _one_of(deny.get("principals") or (), request.principal, everyone=True)
    exempt = _one_of(deny.get("excludeprincipals") or (), request.principal, everyone=False)
    return _all(
        (_permitted(deny, request), reached, named, None if exempt is None else not exempt, _condition(deny, request))
    )


def _one_of(principals: Iterable[Mapping[str, Any]], principal: str | None, *, everyone: bool) -> Truth:
    """Return whether the principal is listed; None if it may be a member of a listed group."""
    values: list[Truth] = []
    for item in principals:
        named = {k.lower(): v for k, v in item.items()}
        listed = str(named["id"]).lower()
        if (everyone and not listed.strip("0-")) or (principal is not None and listed == principal.lower()):
            values.append(True)
        else:
            values.append(None if principal is None or str(named.get("type") or "group").lower() == "group" else False)
    return _any(values)
