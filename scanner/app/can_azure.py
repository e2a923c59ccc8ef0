"""Decide one concrete operation of a service principal in a snapshot of Azure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.access.authorize import ALLOWED, UNDECIDED, Decision, LayerDecision
from scanner.access.azure_authorize import allows_azure
from scanner.access.records import Request
from scanner.app.can import CanOutcome
from scanner.errors import InputError, UsageError
from scanner.model import kinds_azure as kinds
from scanner.model.inventory import Inventory
from scanner.model.inventory_azure import AzureSubscription, EntraServicePrincipal
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
    bodies = [{**a.body, "principalId": principal.object_id, "principalType": "ServicePrincipal"} for a in held]
    documents = [*(d.body for d in account.definitions), *bodies, *(d.body for d in account.denies)]
    answer = allows_azure(request, documents, parents=parents_of(account)) if held else False
    mine = [u for u in inventory.units if u.scope_id in (account.subscription_id, account.tenant_id)]
    read = {u.kind for u in mine if u.status is UnitStatus.COMPLETE}
    unread = [kind for kind in _NEEDED if kind not in read]
    effect = {True: ALLOWED, False: "implicit_deny", None: UNDECIDED}[answer]
    reason = "a condition, a role that is not given or a hierarchy leaves it open" if answer is None else ""
    if unread:
        effect, reason = UNDECIDED, f"not read: {', '.join(unread)}"
    layer = LayerDecision("role assignments", effect, reason or f"{len(held)} of the principal and its groups")
    return CanOutcome(request, Decision(effect, (layer,), (), reason), _SKIPPED)


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
