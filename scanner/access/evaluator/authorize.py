"""Decide one concrete AWS request from all policies that apply: the second evaluator.

Written apart from the comparison engine and sharing no code with it, so that every witness can be checked by other
means. Where AWS documents no answer the effect is `undecided`, with the reason. Not modelled: access control lists, KMS
grants, VPC endpoint policies, and the management account's exemption from SCPs and RCPs (give none for it).
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from scanner.access.evaluator.document import read_documents
from scanner.access.evaluator.layers import (
    ALLOWED,
    EXPLICIT_DENY,
    IMPLICIT_DENY,
    NOT_APPLICABLE,
    UNDECIDED,
    Layer,
    Layers,
    decide,
)
from scanner.access.evaluator.rule import View, apply, read_request
from scanner.access.evaluator.situation import Situation, with_derived_keys
from scanner.access.evaluator.text import READINGS, all_of, any_of, negation
from scanner.access.records import Request
from scanner.errors import UsageError
from scanner.model.common import JsonObject

_KINDS = ("identity", "trust", "resource")


class LayerDecision(msgspec.Struct, frozen=True):
    """What one layer says by itself."""

    layer: str
    """identity, boundary, session, scps[level], rcps, resource or trust."""
    effect: str
    """allowed, implicit_deny, explicit_deny, undecided or not_applicable."""
    reason: str = ""


class DecidingStatement(msgspec.Struct, frozen=True):
    """A statement the decision rests on."""

    layer: str
    document: int
    """0-based index within the layer."""
    statement: str
    """Sid, or 0-based index within the document."""
    effect: str


class Decision(msgspec.Struct, frozen=True):
    """The answer to one request."""

    effect: str
    """allowed, implicit_deny, explicit_deny or undecided."""
    layers: tuple[LayerDecision, ...]
    """Every layer given or required, in the order AWS evaluates them."""
    statements: tuple[DecidingStatement, ...]
    reason: str


def authorize(
    request: Request | Mapping[str, object],
    *,
    identity: Sequence[JsonObject] = (),
    boundary: JsonObject | None = None,
    scps: Sequence[Sequence[JsonObject]] = (),
    rcps: Sequence[JsonObject] = (),
    session: JsonObject | Sequence[JsonObject] | None = None,
    resource: JsonObject | None = None,
    trust: JsonObject | None = None,
) -> Decision:
    """Return whether AWS allows the request under these policies; `None` and empty mean that there is no such policy.

    `scps` is one list of documents per level of the organization; `rcps` are all documents with the full-access one.
    The resource's owner is the account in its ARN, else `aws:ResourceAccount`, else (said in the reason) the
    principal's account. Context keys that follow from principal and resource are filled in.
    Raises `PolicyError` for a document, `InputError` for a request.
    """
    asked = read_request(request)
    situation = Situation(asked)
    view = with_derived_keys(asked, situation)
    sessions = [] if session is None else [session] if isinstance(session, dict) else list(session)
    resource_kind = "trust" if situation.is_trust_action else "resource"
    resource_policy = trust if situation.is_trust_action else resource
    has_boundary = boundary is not None

    def layer(name: str, documents: Sequence[JsonObject], kind: str) -> Layer:
        return Layer(name, apply(read_documents(documents, kind), view, boundary=has_boundary))

    layers = Layers(
        identity=layer("identity", identity, "identity"),
        boundary=layer("boundary", [boundary], "boundary") if boundary is not None else None,
        session=layer("session", sessions, "session") if sessions else None,
        scps=tuple(layer(f"scps[{level}]", documents, "scp") for level, documents in enumerate(scps)),
        rcps=layer("rcps", rcps, "rcp") if rcps else None,
        resource=layer(resource_kind, [resource_policy], resource_kind) if resource_policy is not None else None,
        has_identity_documents=bool(identity),
    )
    for unused, kind in ((trust, "trust"), (resource, "resource")):
        if unused is not None and kind != resource_kind:
            read_documents([unused], kind)
    return _decision(layers, situation)


def _decision(layers: Layers, situation: Situation) -> Decision:
    verdict = decide(layers, situation)
    shown: list[LayerDecision] = []
    statements: list[DecidingStatement] = []
    for layer in layers.present():
        exemption = situation.exemption(layer.name)
        effect = NOT_APPLICABLE if exemption and not exemption.doubtful else layer.effect
        shown.append(LayerDecision(layer.name, effect, exemption.reason if exemption else layer.why))
        if effect == NOT_APPLICABLE or verdict.always:
            continue
        for applied in layer.deciding(verdict.effect):
            statements.append(
                DecidingStatement(
                    layer.name, applied.rule.document, applied.rule.ref, "Allow" if applied.rule.allow else "Deny"
                )
            )
    return Decision(verdict.effect, tuple(shown), tuple(statements), verdict.reason)


def allows(
    documents: Sequence[JsonObject],
    request: Request | Mapping[str, object],
    *,
    kind: str = "identity",
    reading: str = "crossing",
) -> bool | None:
    """Return whether the union of the documents' Allow statements minus their Deny statements holds the request.

    Only the documents are asked: no account, no other layer; a canonical user id and an ARN count as two principals.
    None: an element whose meaning AWS does not document decides. `kind` is identity, trust or resource; `reading` says
    whether a wildcard within an ARN segment may match `:` (`crossing`) or not (`segment`).
    Raises `PolicyError` for a document, `InputError` for a request.
    """
    if kind not in _KINDS:
        raise UsageError(f"unknown kind of policy `{kind}`")
    if reading not in READINGS:
        raise UsageError(f"unknown reading `{reading}`")
    return Permits(documents, kind)(read_request(request, reading))


class Permits:
    """The documents of `allows`, read once for many requests."""

    def __init__(self, documents: Sequence[JsonObject], kind: str) -> None:
        self._rules = read_documents(documents, kind)

    def __call__(self, view: View) -> bool | None:
        """Return what `allows` returns."""
        caller = msgspec.structs.replace(view.caller, distinct=True)
        applied = apply(self._rules, msgspec.structs.replace(view, caller=caller))
        allowed = any_of(a.truth for a in applied if a.rule.allow)
        denied = any_of(a.truth for a in applied if not a.rule.allow)
        return all_of((allowed, negation(denied)))


__all__ = [
    "ALLOWED",
    "EXPLICIT_DENY",
    "IMPLICIT_DENY",
    "NOT_APPLICABLE",
    "UNDECIDED",
    "DecidingStatement",
    "Decision",
    "LayerDecision",
    "Permits",
    "allows",
    "authorize",
]
