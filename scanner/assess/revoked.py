"""From the rules of verify-revoked to its verdict: whether anything of the vendor is left, and what was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from scanner.assess.vendor_words import spoken_verdict
from scanner.assess.verdict import NO, YES, count, join
from scanner.model import kinds, kinds_azure, kinds_gcp
from scanner.model.finding import Axis, Finding, Result, Severity
from scanner.model.question import Question
from scanner.model.report import Population, Report, Verdict
from scanner.model.snapshot import Snapshot, Unit, UnitError, UnitStatus
from scanner.rules.base import Rule

_SCOPES = frozenset(
    {kinds.CALLER_IDENTITY, kinds.REGIONS, kinds_gcp.PROJECTS, kinds_gcp.PROJECT, kinds_azure.SUBSCRIPTION}
)
"""Kinds that say what there is to look at; without them nothing was looked at."""

_READ = {
    "iam roles": ("IAM role", ""),
    "iam users": ("IAM user", ""),
    "iam groups": ("IAM group", ""),
    "cloudformation stacks": ("stack of the documented name", "stacks of the documented name"),
    "eks clusters": ("EKS cluster", ""),
    "eks pod identity associations": ("Pod Identity association", ""),
    "oidc providers": ("OpenID Connect provider", ""),
    "service accounts": ("service account", ""),
    "user-managed keys": ("user-managed key", ""),
    "bindings of the project": ("binding", ""),
    "workload identity pools": ("workload identity pool", ""),
    "azure role definitions": ("role definition", ""),
    "azure role assignments": ("role assignment", ""),
    "app registrations held to be Porter's": (
        "app registration with a name like Porter's",
        "app registrations with a name like Porter's",
    ),
    "principals held to be Porter's": (
        "service principal or managed identity with a name like Porter's",
        "service principals and managed identities with a name like Porter's",
    ),
    "lighthouse delegations": ("Lighthouse delegation", ""),
}
"""Populations that say what was looked through, in words: singular, and plural where it is not the singular with s."""


def asked_for(snapshot: Snapshot, rules: Iterable[Rule]) -> Snapshot:
    """Return the snapshot with those units required that the rules need, and no others.

    A scan can do without many a list; that nothing is left can be said only of lists that were read, and of no region
    that the operator left out.
    """
    needed = _SCOPES.union(*(rule.requires for rule in rules))
    units = (msgspec.structs.replace(_whole(unit), required=unit.kind in needed) for unit in snapshot.units)
    return msgspec.structs.replace(snapshot, units=tuple(units))


def _whole(unit: Unit) -> Unit:
    """Return a list of regions that an operator typed as what it is: not all of them."""
    typed = any((page.get(kinds.CALL) or {}).get("operation") == "--regions" for page in unit.pages)
    if unit.kind != kinds.REGIONS or not typed:
        return unit
    reason = UnitError("RegionsNamed", "only the regions named with --regions were read")
    return msgspec.structs.replace(unit, status=UnitStatus.TRUNCATED, error=reason)


def of_revocation(report: Report) -> Report:
    """Return the report of the rules of verify-revoked with the verdict on their question, and no reviews."""
    return msgspec.structs.replace(
        report,
        run=msgspec.structs.replace(report.run, question=Question.REVOKED),
        verdict=_verdict(report),
        reviews=(),
    )


def _verdict(report: Report) -> Verdict:
    answer = report.verdict.as_documented
    left = [f for f in report.findings if f.result is Result.FAIL and f.axis is Axis.CONFORMANCE]
    alike = [f for f in report.findings if f.result is Result.MANUAL]
    words = _something(report, left) if answer == NO else _nothing(report) if answer == YES else _open(report)
    if alike:
        words += f" For a person to judge: {count(len(alike), 'thing')} that may be Porter's."
    unread = sum(unit.required and unit.status is not UnitStatus.COMPLETE for unit in report.units)
    if unread:
        words += f" Not read: {count(unread, 'unit')} of what is needed."
    said = msgspec.structs.replace(report.verdict, headline=words, allows=_doors(left, answer))
    return spoken_verdict(said, report.run.baseline_id)


def _nothing(report: Report) -> str:
    return f"Nothing of Porter was found in {_where(report)}: read {_read(report.populations)}."


def _something(report: Report, left: Sequence[Finding]) -> str:
    return f"{count(len({f.subject.key for f in left}), 'thing')} of Porter's {_is(left)} left in {_where(report)}."


def _is(left: Sequence[Finding]) -> str:
    return "is" if len({f.subject.key for f in left}) == 1 else "are"


def _open(report: Report) -> str:
    return f"Nothing of Porter was seen in {_where(report)}, but that nothing is there is not proven."


def _where(report: Report) -> str:
    return join([f"{scope.kind} {scope.id}" for scope in report.scopes][:3]) + (
        f" and {len(report.scopes) - 3} more" if len(report.scopes) > 3 else ""
    )


def _read(populations: Sequence[Population]) -> str:
    counted: dict[str, int] = {}
    for population in populations:
        if population.name in _READ:
            counted[population.name] = counted.get(population.name, 0) + population.count
    phrases = [count(counted[name], one, many or None) for name, (one, many) in _READ.items() if name in counted]
    return ", ".join(phrases) or "nothing"


def _doors(left: Sequence[Finding], answer: str) -> str:
    """Return what gives access today, most by name."""
    names = [f.subject.name or f.subject.key for f in left if f.severity in (Severity.CRITICAL, Severity.HIGH)]
    unique = list(dict.fromkeys(names))
    if unique:
        more = f" and {len(unique) - 6} more" if len(unique) > 6 else ""
        return ", ".join(unique[:6]) + more + "."
    return "nothing." if answer == YES else "nothing that was read."
