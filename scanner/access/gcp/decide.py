"""Decide one concrete GCP request layer by layer, and name the bindings and deny rules that decided.

Every part is asked of the second evaluator alone, so that an answer about one request never rests on the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from scanner.access.evaluator.authorize import ALLOWED, UNDECIDED, DecidingStatement, Decision, LayerDecision
from scanner.access.gcp.authorize import allows_gcp
from scanner.access.records import NamedDocument, Request
from scanner.model.common import JsonObject

EXPLICIT_DENY, IMPLICIT_DENY = "explicit_deny", "implicit_deny"
_ASKED = "roles/asked"


class GcpDocuments(msgspec.Struct, frozen=True):
    """What a decision rests on."""

    policies: tuple[NamedDocument, ...]
    """Allow policies with `resource`, from the resource up."""
    denies: tuple[NamedDocument, ...] = ()
    roles: tuple[JsonObject, ...] = ()
    parents: Mapping[str, str] = {}
    """Resource hierarchy, child to parent."""


class _Part(msgspec.Struct, frozen=True):
    """What one binding or deny rule says; None: the documents do not tell."""

    document: int
    name: str
    truth: bool | None
    why: str = ""


def decide_gcp(request: Request, documents: GcpDocuments) -> Decision:
    """Return whether the documents allow the request, with the bindings and deny rules that decided.

    A deny rule beats every binding. What the documents do not tell (a role not given, a group's members, a condition
    on an attribute that is not given) leaves the answer undecided wherever it could change it.
    """
    denied = [(p, list(_denials(request, number, p, documents))) for number, p in enumerate(documents.denies)]
    granted = [(p, list(_grants(request, number, p, documents))) for number, p in enumerate(documents.policies)]
    layers = [LayerDecision(f"deny {p.name}", _denying(parts), _reason(parts)) for p, parts in denied]
    layers += [LayerDecision(f"allow {p.name}", _granting(parts), _reason(parts)) for p, parts in granted]
    return _decision(layers, [x for _, xs in denied for x in xs], [x for _, xs in granted for x in xs])


def _decision(layers: Sequence[LayerDecision], denied: Sequence[_Part], granted: Sequence[_Part]) -> Decision:
    hits = [p for p in denied if p.truth]
    allows = [p for p in granted if p.truth]
    perhaps = [p for p in denied if p.truth is None]
    if hits:
        return Decision(EXPLICIT_DENY, tuple(layers), _named(hits, "deny", "Deny"), "a deny rule beats every binding")
    said = (*_named(perhaps, "deny", "Deny"), *_named(allows, "allow", "Allow"))
    if allows and not perhaps:
        return Decision(ALLOWED, tuple(layers), said, "")
    unknown = [p for p in granted if p.truth is None]
    if not allows and not unknown:
        return Decision(IMPLICIT_DENY, tuple(layers), (), "no binding grants it")
    open_points = perhaps if allows else (*unknown, *perhaps)
    reasons = dict.fromkeys(p.why for p in open_points if p.why)
    shown = (*said, *(() if allows else _named(unknown, "allow", "Allow")))
    return Decision(UNDECIDED, tuple(layers), shown, "; ".join(list(reasons)[:3]))


def _named(parts: Sequence[_Part], layer: str, effect: str) -> tuple[DecidingStatement, ...]:
    return tuple(DecidingStatement(layer, p.document, p.name, effect) for p in parts)


def _reason(parts: Sequence[_Part]) -> str:
    told = [p.name for p in parts if p.truth] or [f"{p.name}: {p.why}" for p in parts if p.truth is None]
    return "; ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")


def _granting(parts: Sequence[_Part]) -> str:
    truths = [p.truth for p in parts]
    return ALLOWED if True in truths else UNDECIDED if None in truths else IMPLICIT_DENY


def _denying(parts: Sequence[_Part]) -> str:
    truths = [p.truth for p in parts]
    return EXPLICIT_DENY if True in truths else UNDECIDED if None in truths else "not_applicable"


def _grants(request: Request, number: int, policy: NamedDocument, documents: GcpDocuments) -> Iterator[_Part]:
    for index, binding in enumerate(policy.body.get("bindings") or ()):
        alone = {"resource": policy.body["resource"], "bindings": [binding]}
        truth = allows_gcp(request, [alone, *documents.roles], parents=documents.parents)
        if truth is not False:
            role, condition = str(binding.get("role")), (binding.get("condition") or {}).get("expression")
            name = f"bindings[{index}] {role}{f' if {condition}' if condition else ''}"
            yield _Part(number, name, truth, "" if truth else _why_open(request, binding, documents))


def _why_open(request: Request, binding: JsonObject, documents: GcpDocuments) -> str:
    """Return what would have to be known to say whether a binding grants the request."""
    role = str(binding.get("role"))
    if "_withcond_" in role:
        return f"role {role} hides its condition: the policy was read in an old version"
    if role not in {str(r.get("name")) for r in documents.roles}:
        return f"role {role} was not read"
    known = {"resource": request.resource, "bindings": [{**binding, "condition": None}]}
    if allows_gcp(request, [known, *documents.roles], parents=documents.parents) is None:
        sets = [str(m) for m in binding.get("members") or () if str(m).startswith(("group:", "domain:", "principal"))]
        return f"whether {request.principal} is in {', '.join(sets[:3]) or 'the binding'} is in no policy"
    if binding.get("condition"):
        return "the condition needs an attribute that was not given with --context, or cannot be evaluated"
    return "the hierarchy between policy and resource was not read"


def _denials(request: Request, number: int, policy: NamedDocument, documents: GcpDocuments) -> Iterator[_Part]:
    role = {"name": _ASKED, "includedPermissions": [request.action]}
    granted = {"resource": request.resource, "bindings": [{"role": _ASKED, "members": [request.principal]}]}
    for index, rule in enumerate(policy.body.get("rules") or ()):
        alone = {**policy.body, "rules": [rule]}
        passes = allows_gcp(request, [granted, role, alone], parents=documents.parents)
        if passes is not True:
            why = "whether a deny rule applies depends on its condition, a permission group, members or a hierarchy"
            yield _Part(number, f"rules[{index}]", None if passes is None else True, "" if passes is False else why)
