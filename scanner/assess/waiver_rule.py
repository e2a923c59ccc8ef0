"""WAIVER-001: Waivers are in force, narrow and still needed.

## What it checks
Each entry of the waivers file that was given: whether it has expired or will within 14 days, whether it still matches
something, whether what it matches has grown beyond its ceiling, and whether its pattern names anything in particular.

## Why it matters
A waiver that outlives its reason hides the next deviation of the same kind, and one that nobody needs hides that the
first was mended.

## Remediation
Mend what was waived, or have the waiver approved again with the deviation as it is now; delete what matches nothing.

## Limits
A waiver for a scope that was not scanned, or for a rule that could not be judged tonight, is not called unneeded.

## References
- https://csrc.nist.gov/glossary/term/plan_of_action_and_milestones
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Reference, Remediation, Severity
from scanner.rules.base import Rule


def _no_check(_context: object) -> Iterator[Outcome]:
    """Yield nothing: waivers are judged after all rules have spoken, by `assess.waive`."""
    return iter(())


RULE = Rule(
    id="WAIVER-001",
    title="Waivers are in force, narrow and still needed",
    severity=Severity.LOW,
    axis=Axis.HYGIENE,
    family="waivers",
    requires=(),
    check=_no_check,
    remediation=Remediation(
        summary="Mend what was waived, renew the waiver with an approver, or delete it.",
        steps=("`porter-audit waivers lint FILE` names every entry that needs attention.",),
    ),
    references=(
        Reference(
            "NIST glossary: plan of action and milestones",
            "https://csrc.nist.gov/glossary/term/plan_of_action_and_milestones",
        ),
    ),
    cloud="any",
)
