"""Which controls the results are evidence for: framework by control by rule family, counted by status."""

from __future__ import annotations

import msgspec

from scanner.model.finding import ControlLink, Finding
from scanner.model.report import Report
from scanner.render.html.values import Anchors, slug
from scanner.render.text import one_line, shorten

STATUSES = ("FAIL", "ERROR", "INCOMPLETE", "MANUAL", "WAIVED", "PASS", "NOT_APPLICABLE")
_LIMITS = "Limits: "


class Cell(msgspec.Struct, frozen=True):
    """How many results have one status; `href` leads to the first of them, empty where there is none."""

    status: str
    count: int
    href: str


class FamilyRow(msgspec.Struct, frozen=True):
    """One rule family under one control; `strength` only where it is not the control's."""

    family: str
    strength: str
    rationale: str
    cells: tuple[Cell, ...]


class ControlCard(msgspec.Struct, frozen=True):
    """One control with the families whose results are evidence for it."""

    anchor: str
    id: str
    strength: str
    limits: tuple[str, ...]
    cells: tuple[Cell, ...]
    families: tuple[FamilyRow, ...]


class Framework(msgspec.Struct, frozen=True):
    """One framework in one version; `statuses` are the columns that hold anything."""

    anchor: str
    name: str
    version: str
    results: int
    statuses: tuple[str, ...]
    controls: tuple[ControlCard, ...]


def family_of(rule_id: str) -> str:
    """Return the rule's family: `AWS-PERM` of `AWS-PERM-001`."""
    head, _, number = rule_id.rpartition("-")
    return one_line(head if head and number.isdigit() else rule_id, 60) or "(no name)"


def frameworks(report: Report, hrefs: dict[int, str]) -> tuple[Framework, ...]:
    """Return every framework that a result is evidence for; `hrefs` lead to the findings by `id()`.

    A result counts once for each control of its rule; the same result stands under several controls.
    """
    tree: dict[tuple[str, str], dict[str, dict[str, _Tally]]] = {}
    for finding in report.findings:
        family = family_of(finding.rule_id)
        for link in finding.controls:
            control = tree.setdefault((link.framework, link.version), {}).setdefault(link.id, {})
            control.setdefault(family, _Tally(link)).add(finding, hrefs.get(id(finding), ""))
    taken = Anchors()
    return tuple(_framework(*key, tree[key], taken) for key in sorted(tree, key=_told_first))


def _told_first(framework: tuple[str, str]) -> tuple[bool, bool, tuple[str, str]]:
    """Put first what most readers come for, and benchmarks of one cloud last."""
    return not framework[0].startswith("SOC 2"), framework[0].startswith("CIS"), framework


class _Tally:
    """Counts of one family under one control, and the first result of each status."""

    def __init__(self, link: ControlLink) -> None:
        self.link = link
        self.counts: dict[str, int] = {}
        self.first: dict[str, str] = {}
        self.findings: set[int] = set()

    def add(self, finding: Finding, href: str) -> None:
        """Count one result."""
        self.findings.add(id(finding))
        self.counts[finding.status] = self.counts.get(finding.status, 0) + 1
        self.first.setdefault(finding.status, href)


def _framework(name: str, version: str, controls: dict[str, dict[str, _Tally]], taken: Anchors) -> Framework:
    every = [tally for families in controls.values() for tally in families.values()]
    statuses = tuple(s for s in STATUSES if any(tally.counts.get(s) for tally in every))
    return Framework(
        anchor=taken.take(f"fw-{slug(name)}"),
        name=one_line(name, 80) or "(no name)",
        version=one_line(version, 80),
        results=len(set().union(*(tally.findings for tally in every))),
        statuses=tuple(s.replace("_", " ") for s in statuses),
        controls=tuple(_card(name, key, controls[key], statuses, taken) for key in sorted(controls, key=_natural)),
    )


def _card(
    framework: str, key: str, families: dict[str, _Tally], statuses: tuple[str, ...], taken: Anchors
) -> ControlCard:
    names = sorted(families)
    links = [families[name].link for name in names]
    strength = "direct" if any(link.strength == "direct" for link in links) else one_line(links[0].strength, 40)
    return ControlCard(
        anchor=taken.take(f"control-{slug(framework)}-{slug(key)}"),
        id=one_line(key, 40) or "(no name)",
        strength=strength,
        limits=tuple(dict.fromkeys(_split(link)[1] for link in links if _split(link)[1])),
        cells=tuple(_cell([families[name] for name in names], status) for status in statuses),
        families=tuple(_row(name, families[name], statuses, strength) for name in names),
    )


def _row(name: str, tally: _Tally, statuses: tuple[str, ...], strength: str) -> FamilyRow:
    own = one_line(tally.link.strength, 40)
    return FamilyRow(
        family=name,
        strength=own if own != strength else "",
        rationale=_split(tally.link)[0],
        cells=tuple(_cell([tally], status) for status in statuses),
    )


def _cell(tallies: list[_Tally], status: str) -> Cell:
    number = sum(tally.counts.get(status, 0) for tally in tallies)
    first = next((tally.first[status] for tally in tallies if status in tally.first), "")
    return Cell(status=status.replace("_", " "), count=number, href=first)


def _split(link: ControlLink) -> tuple[str, str]:
    """Return why a result is evidence, and what it does not show."""
    why, _, limits = link.rationale.partition(_LIMITS)
    return shorten(why.strip(), 300), shorten(limits.strip(), 300)


def _natural(key: str) -> tuple[tuple[str, int], ...]:
    """Order `A.5.9` before `A.5.18`, and `AC-6` before `AC-6(1)`."""
    parts = []
    for piece in key.replace("(", ".").replace(")", "").split("."):
        letters = piece.rstrip("0123456789")
        digits = piece[len(letters) :][:9]
        parts.append((letters, int(digits) if digits else 0))
    return tuple(parts)
