"""The second evaluator's order of layers: how identity, boundary, session, SCPs, RCPs and resource policy combine.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html (read 2026-10).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

import msgspec

from scanner.access.evaluator.principal import ACCOUNT, DIRECT, GRADES, NO_GRANT, ROLE
from scanner.access.evaluator.rule import Applied, strongest
from scanner.access.evaluator.situation import Situation

ALLOWED, IMPLICIT_DENY, EXPLICIT_DENY = "allowed", "implicit_deny", "explicit_deny"
UNDECIDED, NOT_APPLICABLE = "undecided", "not_applicable"
_SEVERITY = (ALLOWED, IMPLICIT_DENY, EXPLICIT_DENY)


class Layer(msgspec.Struct, frozen=True):
    """One layer: the statements in it that apply, or may."""

    name: str
    applied: tuple[Applied, ...]

    def _some(self, *, allow: bool, certain: bool) -> list[Applied]:
        return [a for a in self.applied if a.rule.allow == allow and (a.truth is True) == certain]

    @property
    def grades(self) -> frozenset[str]:
        """Return every outcome this layer can have: `explicit_deny`, or how directly it allows."""
        if self._some(allow=False, certain=True):
            return frozenset({EXPLICIT_DENY})
        sure = strongest(self._some(allow=True, certain=True))
        outcomes = {sure} | {max(sure, a.grade, key=GRADES.index) for a in self._some(allow=True, certain=False)}
        if self._some(allow=False, certain=False):
            outcomes.add(EXPLICIT_DENY)
        return frozenset(outcomes)

    @property
    def effects(self) -> frozenset[str]:
        """Return every effect this layer can have."""
        return frozenset(_effect_of(grade) for grade in self.grades)

    @property
    def effect(self) -> str:
        """Return the layer's effect by itself."""
        effects = self.effects
        return next(iter(effects)) if len(effects) == 1 else UNDECIDED

    @property
    def why(self) -> str:
        """Return why the layer is undecided, or nothing."""
        return "; ".join(self.doubts) if self.effect == UNDECIDED else ""

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return the reasons of statements that may or may not apply, without repeats."""
        return tuple(dict.fromkeys(reason for a in self.applied if a.truth is None for reason in a.reasons))

    def deciding(self, effect: str) -> list[Applied]:
        """Return the statements behind a decision."""
        if effect == EXPLICIT_DENY:
            return self._some(allow=False, certain=True)
        if effect == ALLOWED:
            return self._some(allow=True, certain=True) if self.effect == ALLOWED else []
        return [a for a in self.applied if a.truth is None] if effect == UNDECIDED else []


class Layers(msgspec.Struct, frozen=True):
    """All layers of a request; None where there is no such policy."""

    identity: Layer
    boundary: Layer | None
    session: Layer | None
    scps: tuple[Layer, ...]
    rcps: Layer | None
    resource: Layer | None
    has_identity_documents: bool

    def present(self) -> Iterator[Layer]:
        """Yield the layers there are, in AWS's order of evaluation."""
        for layer in (self.rcps, *self.scps, self.resource, self.identity, self.boundary, self.session):
            if layer is not None:
                yield layer


class Verdict(msgspec.Struct, frozen=True):
    """The combined effect and why."""

    effect: str
    reason: str
    always: bool = False
    """No policy has a say in this action."""


def decide(layers: Layers, situation: Situation) -> Verdict:
    """Return the combined effect: the one that every undocumented alternative leads to, else `undecided`."""
    if reason := situation.always_allowed:
        return Verdict(ALLOWED, reason, always=True)
    found = dict(_outcomes(layers, situation))
    note = _assumption(situation)
    doubts = "; ".join(_doubts(layers, situation))
    if situation.not_modelled and ALLOWED in found:
        return Verdict(UNDECIDED, situation.not_modelled)
    if len(found) == 1:
        (effect, reason), *_ = found.items()
        return Verdict(effect, reason + note)
    if ALLOWED not in found:
        return Verdict(IMPLICIT_DENY, f"denied either way, whether or not a Deny statement applies: {doubts}{note}")
    return Verdict(UNDECIDED, (doubts or "the principal's account is not known") + note)


def _doubts(layers: Layers, situation: Situation) -> list[str]:
    doubts: dict[str, None] = {}
    for layer in layers.present():
        exemption = situation.exemption(layer.name)
        if exemption and exemption.doubtful:
            doubts[exemption.reason] = None
        if exemption is None or exemption.doubtful:
            doubts.update({f"{layer.name}: {reason}": None for reason in layer.doubts})
    if _federated_without_session(layers, situation):
        doubts["session: two pages disagree on a federated user session without session policies"] = None
    return list(doubts)


def _assumption(situation: Situation) -> str:
    if situation.without_identity or situation.view.resource == "*":
        return ""
    if situation.view.caller.kind == "unnamed":
        return " (the principal is not named: taken as one of the resource's account)"
    if not situation.owner_is_assumed:
        return ""
    return " (the resource's account is not given: taken as the principal's own)"


def _outcomes(layers: Layers, situation: Situation) -> Iterator[tuple[str, str]]:
    """Yield (effect, reason) for every combination of what the layers can mean."""
    accounts = (True, False) if situation.same_account is None else (situation.same_account,)
    for same, rcp, scp, own, boundary, session, grade in product(
        accounts,
        _options(layers.rcps, situation),
        _worst(_options(level, situation) for level in layers.scps),
        _identity_options(layers, situation),
        _options(layers.boundary, situation),
        _session_options(layers, situation),
        sorted(layers.resource.grades) if layers.resource is not None else (NO_GRANT,),
    ):
        yield _combine(situation, same, rcp, scp, own, boundary, session, grade)


def _options(layer: Layer | None, situation: Situation) -> list[str]:
    if layer is None:
        return [ALLOWED]
    exemption = situation.exemption(layer.name)
    if exemption is not None:
        return sorted(layer.effects | {ALLOWED}) if exemption.doubtful else [ALLOWED]
    return sorted(layer.effects)


def _worst(levels: Iterable[Sequence[str]]) -> list[str]:
    """Return what several levels amount to, when each must allow."""
    combined = {ALLOWED}
    for options in levels:
        combined = {max(a, b, key=_SEVERITY.index) for a in combined for b in options}
    return sorted(combined)


def _identity_options(layers: Layers, situation: Situation) -> list[str]:
    if situation.without_identity:
        return [IMPLICIT_DENY]
    if situation.view.caller.kind == "root" and not layers.has_identity_documents:
        # "implicitly denied with the exception of the AWS account root user, which has full access"
        return [ALLOWED]
    return sorted(layers.identity.effects)


def _federated_without_session(layers: Layers, situation: Situation) -> bool:
    return situation.view.caller.kind == "federated-user" and layers.session is None


def _session_options(layers: Layers, situation: Situation) -> list[str]:
    if _federated_without_session(layers, situation):
        return [ALLOWED, IMPLICIT_DENY]
    return _options(layers.session, situation)


def _combine(
    situation: Situation, same: bool, rcp: str, scp: str, own: str, boundary: str, session: str, grade: str
) -> tuple[str, str]:
    """Return the effect of one definite combination, with the reason."""
    named = "trust" if situation.is_trust_action else "resource"
    by_layer = (
        ("rcps", rcp),
        ("scps", scp),
        (named, _effect_of(grade)),
        ("identity", own),
        ("boundary", boundary),
        ("session", session),
    )
    for layer, effect in by_layer:
        if effect == EXPLICIT_DENY:
            return EXPLICIT_DENY, f"a Deny statement of {layer} applies"
    if situation.impossible:
        return IMPLICIT_DENY, situation.impossible
    for layer, effect in by_layer[:2]:
        if effect != ALLOWED:
            return IMPLICIT_DENY, f"no statement of {layer} allows it on every level"
    if grade == NO_GRANT and (situation.without_identity or situation.needs_resource_policy or not same):
        return IMPLICIT_DENY, f"the {named} policy does not allow it, or there is none"
    if situation.without_identity:
        return ALLOWED, f"the {named} policy allows it"
    limited = [layer for layer, effect in by_layer[4:] if effect != ALLOWED]
    if same and (grade == DIRECT or (grade == ROLE and not limited)):
        return ALLOWED, f"the {named} policy of the same account names the caller"
    if own != ALLOWED:
        return IMPLICIT_DENY, "no identity policy allows it" + _delegated(same, grade, named)
    if limited:
        return IMPLICIT_DENY, f"no statement of {limited[0]} allows it"
    return ALLOWED, "an identity policy allows it" + ("" if same else f", and so does the {named} policy")


def _delegated(same: bool, grade: str, named: str) -> str:
    return f"; the {named} policy only delegates to the account" if same and grade == ACCOUNT else ""


def _effect_of(grade: str) -> str:
    if grade == EXPLICIT_DENY:
        return EXPLICIT_DENY
    return IMPLICIT_DENY if grade == NO_GRANT else ALLOWED
