"""Run one rule: the one place, besides the command line's outermost frame, that catches whatever is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.assess.findings import Frame, admissible, duplicates, error_outcome, not_in_input, to_finding
from scanner.assess.units import basis_of
from scanner.assess.vendor_words import spoken_for
from scanner.errors import DisagreementError
from scanner.model.finding import ControlLink, Finding, Outcome, Result
from scanner.model.report import Population, RoleReview, TieOut
from scanner.model.snapshot import Unit
from scanner.rules.base import Rule, RuleContext, Settings

Controls = Mapping[str, tuple[ControlLink, ...]]
"""Rule family -> the controls it is evidence for."""
NO_CONTROLS: Final[Controls] = MappingProxyType({})
OnError = Callable[[str, Exception], None] | None
"""Told the id of a rule that raised, and what it raised."""


class Terms(msgspec.Struct, frozen=True):
    """What a judgement is made under, beside the inventory and the documented version."""

    as_of: datetime
    """The rules' clock."""
    catalogue: Catalogue
    values: Mapping[str, str] = MappingProxyType({})
    """Parameters of the documented version; every part takes those it has."""
    settings: Settings = Settings()
    require_live: bool = False
    rules: Sequence[Rule] | None = None
    """The rules to run; None: every rule of each cloud."""
    controls: Mapping[str, Controls] = MappingProxyType({})
    """Cloud -> what its rule families are evidence for."""
    on_error: OnError = None

    def rules_for(self, cloud: str, every: Sequence[Rule]) -> tuple[Rule, ...]:
        """Return the rules to run on a cloud, of which `every` are all there are."""
        asked = every if self.rules is None else self.rules
        return tuple(rule for rule in asked if rule.cloud == cloud and not rule.services)


class ScopeResult(msgspec.Struct, frozen=True):
    """What one account, project or subscription came to."""

    findings: tuple[Finding, ...]
    reviews: tuple[RoleReview, ...]
    populations: tuple[Population, ...]
    tie_outs: tuple[TieOut, ...]
    errors: tuple[str, ...]


def run_rules(
    rules: Sequence[Rule], context: RuleContext, units: Sequence[Unit], baseline_id: str, terms: Terms
) -> tuple[Finding, ...]:
    """Return the findings of one cloud's rules on one account, project or subscription, in the vendor's words."""
    return tuple(
        spoken_for(finding, baseline_id)
        for rule in rules
        for finding in run_rule(
            rule,
            context,
            units,
            baseline_id,
            terms.require_live,
            terms.on_error,
            terms.controls.get(rule.cloud, NO_CONTROLS),
        )
    )


def errors_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return what the rules that raised said."""
    return tuple(finding.message for finding in findings if finding.result is Result.ERROR)


def run_rule(
    rule: Rule,
    context: RuleContext,
    units: Sequence[Unit],
    baseline_id: str,
    require_live: bool,
    on_error: OnError,
    controls: Controls = NO_CONTROLS,
) -> list[Finding]:
    """Return a rule's findings. A rule that raises, yields nothing or repeats itself is an ERROR, never silence."""
    source = context.inventory.source
    basis = basis_of(rule.requires, rule.supplementary, units, source)
    links = controls.get(rule.family, ())
    frame = Frame(rule, context.account.scope, basis, baseline_id, context.as_of, require_live, links)
    if basis.not_in_input:
        return [to_finding(not_in_input(frame), frame)]
    try:
        outcomes = list(_outcomes(rule, context))
        findings = [to_finding(admissible(o, frame), frame) for o in outcomes]
        if twice := duplicates(findings):
            raise AssertionError(f"yields {', '.join(twice)} twice")
    except DisagreementError:
        raise
    except Exception as error:
        if on_error:
            on_error(rule.id, error)
        return [to_finding(error_outcome(frame, error), frame)]
    return findings


def _outcomes(rule: Rule, context: RuleContext) -> Iterator[Outcome]:
    empty = True
    for outcome in rule.check(context):
        empty = False
        yield outcome
    if empty:
        raise AssertionError("yields no outcome")
