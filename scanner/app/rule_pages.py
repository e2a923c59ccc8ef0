"""The rules' own pages: the docstring of a rule's module is its documentation."""

from __future__ import annotations

import inspect
import sys
from difflib import get_close_matches

import msgspec

from scanner.assess.waiver_rule import RULE as WAIVERS
from scanner.errors import UsageError
from scanner.rules.base import Rule
from scanner.rules.registry_all import EVERY_RULE

_WITH_PAGES: tuple[Rule, ...] = (*EVERY_RULE, WAIVERS)
"""What can be looked up: also the rule on waivers, which judges after all others and belongs to no cloud."""


class RuleLine(msgspec.Struct, frozen=True):
    """One line of `rules list`."""

    id: str
    axis: str
    severity: str
    title: str
    requires: tuple[str, ...]


def list_rules() -> tuple[RuleLine, ...]:
    """Return every rule in the registry's order."""
    return tuple(RuleLine(r.id, r.axis.value, r.severity.value, r.title, r.requires) for r in EVERY_RULE)


def rules_json() -> str:
    """Return the rules as JSON, one line."""
    return msgspec.json.encode({"rules": list_rules()}, order="sorted").decode() + "\n"


def rule_page(rule_id: str) -> str:
    """Return a rule's page as Markdown; case does not matter. Raises `UsageError` if there is no such rule."""
    rule = next((r for r in _WITH_PAGES if r.id.lower() == rule_id.lower()), None)
    if rule is None:
        ids = [r.id for r in _WITH_PAGES]
        near = [i for i in ids if rule_id.lower() in i.lower()] or get_close_matches(rule_id.upper(), ids, 3, 0.8)
        advice = f"did you mean {', '.join(near[:5])}" if near else "porter-audit rules list"
        raise UsageError(f"there is no rule `{rule_id[:60]}`", advice=advice)
    return f"{_docstring(rule)}\n\n{_facts(rule)}\n"


def _docstring(rule: Rule) -> str:
    module = sys.modules[rule.check.__module__]
    return inspect.cleandoc(module.__doc__ or rule.title)


def _facts(rule: Rule) -> str:
    units = ", ".join((*rule.requires, *(f"{kind} (supplementary)" for kind in rule.supplementary))) or "none"
    return f"Severity: {rule.severity.value}. Axis: {rule.axis.value}. Needs: {units}."
