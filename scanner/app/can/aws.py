"""Decide one concrete request of an identity in a snapshot, with the layers that decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from scanner.access.evaluator.authorize import UNDECIDED, authorize
from scanner.access.records import Request
from scanner.app.can.outcome import CanOutcome
from scanner.app.held import read_any
from scanner.collect.installation_key import load_hmac_key
from scanner.errors import InputError, UsageError
from scanner.model.common import JsonObject, NotObserved, Observed
from scanner.model.inventory import AwsAccount, AwsRole, AwsUser, ControlPolicy, Document, Inventory
from scanner.normalize.inventory import normalize

_ASSUMING = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")
SCHEMA = "porter-audit/decision/v1"


def can(
    source: Path, identity: str, action: str, resource: str, context: Mapping[str, Sequence[str]], *, now: datetime
) -> CanOutcome:
    """Return whether an identity of the snapshot may do `action` on `resource`: a role or user by ARN or name.

    A snapshot of GCP or Azure alone is asked of that cloud: a member or e-mail and a permission, a service principal
    and an operation.

    A document that could not be read is never taken for an empty one: the answer says so, and is then undecided unless
    what was read already denies. Raises `InputError`, `UsageError`, `PolicyError`.
    """
    inventory = normalize(read_any(source, now=now, hmac_key=load_hmac_key()))
    cloud = _cloud(inventory, action)
    if cloud == "azure":
        from scanner.app.can.azure import can_azure

        return can_azure(inventory, identity, action, resource, context)
    if cloud == "gcp":
        from scanner.app.can.gcp import can_gcp

        return can_gcp(inventory, identity, action, resource, context)
    account, found = _find(inventory.aws, identity)
    request = Request(found.arn, action, resource, {k: v[0] if len(v) == 1 else list(v) for k, v in context.items()})
    missing: list[str] = []
    documents = [d for p in found.policies if (d := _read(p.document, f"policy {p.name}", missing)) is not None]
    boundary = _read(found.boundary, "permissions boundary", missing) if found.boundary is not None else None
    levels = [_documents(level.service, missing) for level in account.control_levels if level.service]
    decision = authorize(
        request,
        identity=documents,
        boundary=boundary,
        scps=levels,
        rcps=[d for level in account.control_levels for d in _documents(level.resource, missing)],
        trust=_trust(inventory.aws, action, resource, missing),
    )
    skipped = ["session policies and policies of single resources: not part of a snapshot"]
    if not account.control_levels:
        skipped.append("control policies: the account is in no organization, or they were not read")
    if missing and decision.effect not in ("explicit_deny",):
        decision = msgspec.structs.replace(decision, effect=UNDECIDED, reason=f"not read: {', '.join(missing)}")
    return CanOutcome(request, decision, tuple(skipped))


def _trust(accounts: Sequence[AwsAccount], action: str, resource: str, missing: list[str]) -> JsonObject | None:
    """Return the trust policy of the role that is to be assumed; one that no account of the snapshot has is missing."""
    if not action.lower().startswith(_ASSUMING):
        return None
    role = next((role for account in accounts for role in account.roles if role.arn == resource), None)
    if role is None:
        missing.append(f"the trust policy of {resource}, which is not in the snapshot")
        return None
    return _read(role.trust, f"trust policy of {role.name}", missing)


def _cloud(inventory: Inventory, action: str) -> str:
    """Return which cloud of the snapshot is asked; of several, the one whose actions look so."""
    held = [name for name in ("aws", "gcp", "azure") if getattr(inventory, name)]
    if len(held) > 1:
        return "aws" if ":" in action else "azure" if "/" in action else "gcp"
    return held[0] if held else "aws"


def _find(accounts: Sequence[AwsAccount], identity: str) -> tuple[AwsAccount, AwsRole | AwsUser]:
    matches: list[tuple[AwsAccount, AwsRole | AwsUser]] = []
    for account in accounts:
        entities: list[AwsRole | AwsUser] = [*account.roles, *account.users]
        for entity in entities:
            if identity == entity.arn or identity.lower() == entity.name.lower():
                matches.append((account, entity))
    if not matches:
        raise InputError(f"identity `{identity}` is not in the snapshot", advice="give a role's or user's name or ARN")
    if len(matches) > 1:
        raise UsageError(f"identity `{identity}` is ambiguous", advice=f"one of {', '.join(e.arn for _, e in matches)}")
    return matches[0]


def _read(document: Document, name: str, missing: list[str]) -> JsonObject | None:
    match document:
        case Observed(value):
            return value
        case NotObserved(reason):
            missing.append(f"{name} ({reason})")
            return None


def _documents(policies: Sequence[ControlPolicy], missing: list[str]) -> list[JsonObject]:
    return [d for p in policies if (d := _read(p.document, f"control policy {p.name}", missing)) is not None]


def as_json(outcome: CanOutcome) -> bytes:
    """Return the answer as `porter-audit/decision/v1`, indented."""
    document = {
        "schema": SCHEMA,
        "request": outcome.request,
        "effect": outcome.decision.effect,
        "reason": outcome.decision.reason,
        "layers": outcome.decision.layers,
        "statements": outcome.decision.statements,
        "not_evaluated": outcome.not_evaluated,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


_WORDS = {
    "allowed": "YES: allowed",
    "implicit_deny": "NO: nothing allows it",
    "explicit_deny": "NO: denied",
    "undecided": "NOT DECIDED",
}


def as_text(outcome: CanOutcome) -> str:
    """Return the answer for people."""
    decision, request = outcome.decision, outcome.request
    lines = [f"{_WORDS[decision.effect]}  {request.action} on {request.resource}", f"  by {request.principal}"]
    lines += [f"  with {key} = {value}" for key, value in sorted(request.context.items())]
    if decision.reason:
        lines.append(f"  {decision.reason}")
    lines += ["", "Layers"]
    lines += [f"  {x.layer:<12} {x.effect}{': ' + x.reason if x.reason else ''}" for x in decision.layers]
    if decision.statements:
        lines += ["", "Statements that decided"]
        lines += [
            f"  {s.effect:<6} {s.layer} document {s.document}, statement {s.statement}" for s in decision.statements
        ]
    lines += ["", "Not taken into account", *(f"  {name}" for name in outcome.not_evaluated), ""]
    return "\n".join(lines)
