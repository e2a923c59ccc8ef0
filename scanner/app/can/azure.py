"""Decide one concrete operation of a service principal in a snapshot of Azure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from scanner.access.azure.authorize import allows_azure
from scanner.access.evaluator.authorize import ALLOWED, UNDECIDED, DecidingStatement, Decision, LayerDecision
from scanner.access.records import Request
from scanner.app.can.outcome import CanOutcome
from scanner.errors import InputError, UsageError
from scanner.model import kinds_azure as kinds
from scanner.model.inventory import Inventory
from scanner.model.inventory_azure import AzureRoleAssignment, AzureSubscription, EntraServicePrincipal
from scanner.model.snapshot import UnitStatus
from scanner.rules.azure_context import parents_of

_NEEDED = (kinds.ROLE_DEFINITIONS, kinds.ROLE_ASSIGNMENTS, kinds.DENY_ASSIGNMENTS, kinds.MEMBERSHIPS)
_SKIPPED = (
    "eligible assignments: they grant nothing until they are activated",
    "delegations, access policies of single resources and conditional access: not evaluated",
)


def can_azure(
    inventory: Inventory, identity: str, operation: str, scope: str, context: Mapping[str, Sequence[str]]
) -> CanOutcome:
    """Return whether a service principal (name or object id) may use an operation at a scope.

    The context key `plane` is `control` unless `data`. Without all that the answer rests on it is undecided.
    Raises `InputError`, `UsageError`, `PolicyError`.
    """
    account, principal = _find(inventory.azure, identity)
    if not scope.startswith("/"):
        raise UsageError(f"scope `{scope}` does not start with `/`")
    given = {key: value[0] if len(value) == 1 else list(value) for key, value in context.items()}
    request = Request(principal.object_id, operation, scope, {"plane": "control", **given})
    holders = {principal.object_id, *(group.object_id for group in principal.memberships)}
    held = [a for a in account.assignments if not a.eligible and a.principal_id in holders]
    definitions, parents = [d.body for d in account.definitions], parents_of(account)
    grants: list[_Part] = []
    for number, assignment in enumerate(held):
        body = {**assignment.body, "principalId": principal.object_id, "principalType": "ServicePrincipal"}
        name = f"{_role(account, assignment)} at {assignment.scope}"
        if assignment.condition:
            name += f" if {assignment.condition}"
        truth = allows_azure(request, [*definitions, body], parents=parents)
        grants.append(_Part("role assignments", number, name, truth))
    asked = {"permissions": [{"actions": [operation], "dataActions": [operation]}], "name": "asked"}
    denials: list[_Part] = []
    for number, deny in enumerate(account.denies):
        passes = allows_azure(request, [asked, deny.body], parents=parents)
        denials.append(_Part("deny assignments", number, deny.name, None if passes is None else not passes))
    decision = _decision(denials, grants)
    unread = [kind for kind in _needed(decision.effect) if kind not in _read(inventory, account)]
    if unread:
        decision = msgspec.structs.replace(decision, effect=UNDECIDED, reason=f"not read: {', '.join(unread)}")
    return CanOutcome(request, decision, _SKIPPED)


class _Part(NamedTuple):
    """What one assignment says; None: the documents do not tell."""

    layer: str
    number: int
    name: str
    truth: bool | None


def _decision(denials: Sequence[_Part], grants: Sequence[_Part]) -> Decision:
    denied, allowed = _any(denials), _any(grants)
    layers = (
        LayerDecision("deny assignments", _DENYING[denied], f"{len(denials)} in the subscription"),
        LayerDecision("role assignments", _EFFECT[allowed], f"{len(grants)} of the principal and its groups"),
    )
    if denied:
        effect, reason = "explicit_deny", "a deny assignment beats every role"
    elif allowed is False:
        effect, reason = "implicit_deny", ""
    elif denied is None or allowed is None:
        effect, reason = UNDECIDED, "a condition, a role that is not given or a hierarchy leaves it open"
    else:
        effect, reason = ALLOWED, ""
    decisive = denials if denied else (*denials, *grants)
    said = tuple(
        DecidingStatement(p.layer, p.number, p.name, "Deny" if p.layer.startswith("deny") else "Allow")
        for p in decisive
        if p.truth or (p.truth is None and effect == UNDECIDED)
    )
    return Decision(effect, layers, said, reason)


_EFFECT = {True: ALLOWED, False: "implicit_deny", None: UNDECIDED}
_DENYING = {True: "explicit_deny", False: "not_applicable", None: UNDECIDED}


def _any(parts: Sequence[_Part]) -> bool | None:
    truths = [p.truth for p in parts]
    return True if True in truths else None if None in truths else False


def _role(account: AzureSubscription, assignment: AzureRoleAssignment) -> str:
    named = next((d.name for d in account.definitions if d.role_id == assignment.role_id), "")
    return named or assignment.role_name or assignment.role_id


def _needed(effect: str) -> tuple[str, ...]:
    """Return what must have been read for an answer to stand: a denial that was seen needs nothing more."""
    if effect == "explicit_deny":
        return ()
    return (kinds.DENY_ASSIGNMENTS,) if effect == ALLOWED else _NEEDED


def _read(inventory: Inventory, account: AzureSubscription) -> set[str]:
    mine = [u for u in inventory.units if u.scope_id in (account.subscription_id, account.tenant_id)]
    return {u.kind for u in mine if u.status is UnitStatus.COMPLETE}


def _find(accounts: Sequence[AzureSubscription], identity: str) -> tuple[AzureSubscription, EntraServicePrincipal]:
    found = [
        (account, principal)
        for account in accounts
        for principal in account.principals
        if identity.lower() in (principal.object_id, principal.app_id, principal.name.lower())
    ]
    if not found:
        raise InputError(
            f"identity `{identity}` is not in the snapshot", advice="give a service principal's name or id"
        )
    if len({principal.object_id for _, principal in found}) > 1:
        ids = ", ".join(sorted({principal.object_id for _, principal in found}))
        raise UsageError(f"identity `{identity}` is ambiguous", advice=f"one of {ids}")
    return found[0]
