"""Run one rule: the one place, besides the command line's outermost frame, that catches whatever is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from scanner.assess.findings import Frame, admissible, duplicates, error_outcome, not_in_input, to_finding
from scanner.assess.units import basis_of
from scanner.errors import DisagreementError
from scanner.model.finding import ControlLink, Finding, Outcome
from scanner.model.report import Population, RoleReview, TieOut
from scanner.model.snapshot import Unit
from scanner.rules.base import Rule, RuleContext

Controls = Mapping[str, tuple[ControlLink, ...]]
"""Rule family -> the controls it is evidence for."""
NO_CONTROLS: Final[Controls] = MappingProxyType({})
OnError = Callable[[str, Exception], None] | None
"""Told the id of a rule that raised, and what it raised."""


class ScopeResult(msgspec.Struct, frozen=True):
    """What one account, project or subscription came to."""

    findings: tuple[Finding, ...]
    reviews: tuple[RoleReview, ...]
    populations: tuple[Population, ...]
    tie_outs: tuple[TieOut, ...]
    errors: tuple[str, ...]


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
