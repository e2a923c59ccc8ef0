"""The shareable profile: what results rest on, and nothing else of the account.

A value stays where a finding's evidence points at it. Everything beside it becomes a marker at the same place, so that
the pointers of the findings still lead where they led. Counts and hashes of populations stay; their members do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from scanner.model.pages import excerpts, page_files
from scanner.model.report import Population, Report
from scanner.model.snapshot import ApiCall, Snapshot

WITHHELD = "withheld"
_MARK = {"_withheld": True}

Tree: TypeAlias = "dict[str, Tree]"
"""Which members to descend into; a member without members is kept whole."""


def shareable_report(report: Report, snapshot: Snapshot) -> Report:
    """Return the report without members of populations that no finding is about, and without facts of the machine.

    `snapshot` is the shareable one: hashes and excerpts are of what is given away.
    """
    known = _known(report)
    return msgspec.structs.replace(
        report,
        run=msgspec.structs.replace(report.run, argv=(), host=None),
        populations=tuple(_counted(population, known) for population in report.populations),
        calls=tuple(_without_names(call, known) for call in report.calls),
        pages=page_files(snapshot.units),
        excerpts=excerpts(snapshot.units, (pointer for f in report.findings for pointer in f.evidence)),
    )


def shareable_snapshot(snapshot: Snapshot, report: Report) -> Snapshot:
    """Return the snapshot with every value withheld that no finding's evidence points at."""
    pointers: dict[str, list[str]] = {}
    for finding in report.findings:
        for pointer in finding.evidence:
            pointers.setdefault(pointer.unit_id, []).append(pointer.pointer)
    known = _known(report)
    units = tuple(
        msgspec.structs.replace(unit, pages=_kept_pages(unit.pages, _tree(pointers.get(unit.unit_id, ()))))
        for unit in snapshot.units
    )
    calls = tuple(_without_names(call, known) for call in snapshot.calls)
    return msgspec.structs.replace(snapshot, units=units, calls=calls)


def _known(report: Report) -> frozenset[str]:
    """Return the names and keys that findings and reviews are about."""
    found = {text for f in report.findings for text in (f.subject.key, f.subject.name)}
    return frozenset(found | {text for r in report.reviews for text in (r.name, r.arn or r.name)})


def _counted(population: Population, known: frozenset[str]) -> Population:
    if known.issuperset(population.keys):
        return population
    return msgspec.structs.replace(population, keys=())


def _without_names(call: ApiCall, known: frozenset[str]) -> ApiCall:
    params = {key: value if _is_public(value, known) else WITHHELD for key, value in call.params.items()}
    return msgspec.structs.replace(call, params=params)


def _is_public(value: Any, known: frozenset[str]) -> bool:
    return isinstance(value, bool | int) or value is None or (isinstance(value, str) and value in known)


def _tree(pointers: Iterable[str]) -> Tree:
    """Return what pointers lead into. A pointer to all pages, or to one whole page, names nothing in particular."""
    root: Tree = {}
    whole: Tree = {}
    for pointer in sorted(set(pointers)):
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        if len(parts) < 2:
            continue
        node = root
        for part in parts[:-1]:
            node = node.setdefault(part, {})
            if node is whole:
                break
        else:
            node[parts[-1]] = whole
    return root


def _kept_pages(pages: tuple[dict[str, Any], ...], tree: Tree) -> tuple[dict[str, Any], ...]:
    return tuple(_kept(page, tree.get(str(n))) for n, page in enumerate(pages))


def _kept(node: Any, tree: Tree | None) -> Any:
    if tree is None:
        return dict(_MARK)
    if not tree:
        return [dict(_MARK) for _ in node] if isinstance(node, list) else node
    if isinstance(node, dict):
        return {key: _kept(value, tree.get(key)) for key, value in node.items()}
    if isinstance(node, list):
        return [_kept(value, tree.get(str(n))) for n, value in enumerate(node)]
    return node
