"""The table of claims: each claim of the documents, the rules that check it, and where they are tested.

`python -m scanner.app.claims_page docs/claims.md` writes the page anew.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from scanner.baseline.claims import Claim, Claims, shipped_claims
from scanner.rules.base import Rule
from scanner.rules.registry_all import EVERY_RULE

_HEADINGS = {
    "aws": "AWS",
    "gcp": "GCP",
    "azure": "Azure",
    "files": "porter.yaml",
}
_HEAD = """# What Porter's documents claim, and what checks it

Made of `baselines/porter/claims.yaml` and the rules; do not edit: `python -m scanner.app.claims_page docs/claims.md`.

The wording is ours. Documents are named as in the documented versions (`porter-audit baseline show porter@2026-05`).
Each rule has a directory of cases under `tests/cases/`: what it must report, what it must pass, what it cannot judge.
"""


def claims_page(claims: Claims, rules: Sequence[Rule]) -> str:
    """Return the page as Markdown. Same claims and rules, same text."""
    by_claim = rules_by_claim(rules)
    counts = _counts(claims, by_claim)
    parts = [_HEAD, counts]
    for cloud, heading in _HEADINGS.items():
        mine = [claim for claim in claims.claims if claim.cloud == cloud]
        if mine:
            parts.append(f"\n## {heading}\n\n| # | About | Claim | Documents | Checked by |\n|---|---|---|---|---|\n")
            parts += [_row(claim, by_claim.get(claim.number, ())) for claim in mine]
    return "".join(parts)


def rules_by_claim(rules: Sequence[Rule]) -> dict[int, tuple[str, ...]]:
    """Return the ids of the rules that name each claim, in the order of the registries."""
    found: dict[int, tuple[str, ...]] = {}
    for rule in rules:
        for number in dict.fromkeys(rule.claims):
            found[number] = (*found.get(number, ()), rule.id)
    return found


def gaps(claims: Claims, rules: Sequence[Rule]) -> tuple[str, ...]:
    """Return what the table cannot explain: unchecked claims without a reason, reasons that a rule has overtaken."""
    by_claim = rules_by_claim(rules)
    numbers = {claim.number for claim in claims.claims}
    found = [f"rules name claim {number}, which is not in the list" for number in by_claim if number not in numbers]
    for claim in claims.claims:
        if claim.number not in by_claim and not claim.open and not claim.unchecked:
            found.append(f"claim {claim.number} has no rule, no planned work and no reason")
        if claim.number in by_claim and claim.unchecked:
            found.append(f"claim {claim.number} is said to be unchecked, but {by_claim[claim.number][0]} names it")
    return tuple(found)


def _counts(claims: Claims, by_claim: Mapping[int, Sequence[str]]) -> str:
    checked = sum(claim.number in by_claim for claim in claims.claims)
    waiting = sum(claim.number not in by_claim and bool(claim.open) for claim in claims.claims)
    never = len(claims.claims) - checked - waiting
    total = len(claims.claims)
    return f"\n{total} claims: {checked} checked, {waiting} planned, {never} not checked for the reason given.\n"


def _row(claim: Claim, rules: Sequence[str]) -> str:
    named = ", ".join(f"[{rule}](../tests/cases/{rule})" for rule in rules)
    planned = f"planned: {claim.open}" if claim.open else ""
    reason = f"not checked: {claim.unchecked}" if claim.unchecked else ""
    # Work that is under way may have brought its first rules already.
    checked = "; ".join(part for part in (named, planned, reason) if part)
    cells = (str(claim.number), claim.subject, claim.claim, ", ".join(claim.documents), checked)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def write_page(path: Path) -> None:
    """Write the page of the shipped claims and all rules."""
    path.write_text(claims_page(shipped_claims(), EVERY_RULE), encoding="utf-8")


if __name__ == "__main__":
    write_page(Path(sys.argv[1]))
