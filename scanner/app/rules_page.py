"""The rule reference: the page of every rule, one after the other.

`python -m scanner.app.rules_page docs/rules.md` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scanner.app.rule_pages import list_rules, rule_page

_HEAD = """# Rules

Made from the rules themselves (`python -m scanner.app.rules_page docs/rules.md`); `porter-audit rules show ID` prints
one.
Axis `conformance`: is it documented? `posture`: is it safe? `coverage`: what could not be read. `hygiene`: waivers and
documents. A rule that lacks a unit it needs says INCOMPLETE, never PASS.

"""


def page() -> str:
    """Return the page as Markdown: a table of all rules, then each rule's own page."""
    return _HEAD + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    rules = list_rules()
    yield "| rule | axis | severity | holds if |"
    yield "|---|---|---|---|"
    for rule in rules:
        title = rule.title.replace("|", r"\|")
        yield f"| [{rule.id}](#{rule.id.lower()}) | {rule.axis} | {rule.severity} | {title} |"
    for rule in rules:
        text = rule_page(rule.id).strip().split("\n", 1)
        yield f"\n## {rule.id}\n\n**{text[0].partition(': ')[2]}**"
        yield text[1].replace("\n## ", "\n### ").rstrip()


if __name__ == "__main__":
    import sys

    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
