"""Which documented version a live role is nearest to: the chosen one judges, the nearest is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from scanner.baseline.records import AwsBaseline, DocumentedRole
from scanner.baseline.variables import bind_aws
from scanner.errors import BaselineError, PolicyError
from scanner.model.inventory import AwsRole
from scanner.model.report import RoleReview
from scanner.rules.base import AwsContext
from scanner.rules.context import matches_name
from scanner.rules.judge import RoleJudgement, judge_role

Judge = Callable[[AwsRole, DocumentedRole, AwsBaseline], RoleJudgement]
"""Compare a live role with its documented role of a version; may raise `PolicyError`."""


class Distance(msgspec.Struct, frozen=True, order=True):
    """How far a live role is from a documented one; what is beyond the document weighs most."""

    excess: int
    undecided: int
    missing: int


class Standing(msgspec.Struct, frozen=True):
    """One version that documents the role, and how far the role is from it; None: it could not be compared."""

    version: str
    distance: Distance | None


def nearest(role: AwsRole, versions: Sequence[AwsBaseline], judge: Judge) -> str | None:
    """Return in words which version the role is nearest to; the first version is the one that judges.

    None where there is nothing to choose from. A version whose documented role is the same as one already compared is
    not compared again.
    """
    if len(versions) < 2:
        return None
    judged: dict[str, Distance | None] = {}
    standings: list[Standing] = []
    silent: list[str] = []
    for version in versions:
        page = documented_role(role.name, version)
        if page is None:
            silent.append(version.id)
            continue
        content = _content(page, version)
        if content not in judged:
            judged[content] = _distance(role, page, version, judge)
        standings.append(Standing(version.id, judged[content]))
    return in_words(standings, silent, same=len(judged) == 1)


def documented_role(name: str, version: AwsBaseline) -> DocumentedRole | None:
    """Return the role a version documents under a live name: a literal name first, then an open pattern."""
    found = [role for role in version.roles if matches_name(role.name_pattern, name)]
    literal = [role for role in found if "*" not in role.name_pattern]
    return next(iter([*literal, *found]), None)


def with_nearest(
    reviews: Sequence[RoleReview], context: AwsContext, others: Sequence[AwsBaseline], values: Mapping[str, str]
) -> tuple[RoleReview, ...]:
    """Return the reviews with the nearest version named; `others` are not bound yet, and get those values they know.

    A version that lacks a value is named as not compared, and never guessed at.
    """
    bound: list[AwsBaseline] = []
    unknown: list[str] = []
    for version in others:
        try:
            bound.append(_bound(version, values, context))
        except BaselineError as error:
            unknown.append(f"not compared with {version.id}: {error}")
    if not bound and not unknown:
        return tuple(reviews)
    roles = {role.arn: role for role in context.account.roles}
    versions = (context.baseline, *bound)
    return tuple(_named(review, roles.get(review.arn or ""), versions, unknown, context) for review in reviews)


def _named(
    review: RoleReview,
    role: AwsRole | None,
    versions: Sequence[AwsBaseline],
    unknown: Sequence[str],
    context: AwsContext,
) -> RoleReview:
    if role is None:
        return review

    def judge(live: AwsRole, page: DocumentedRole, version: AwsBaseline) -> RoleJudgement:
        if version is context.baseline:
            return context.judge(live)
        return judge_role(
            live,
            page,
            baseline=version,
            external_ids=context.inventory.external_ids,
            account=context.account,
            catalogue=context.catalogue,
        )

    words = nearest(role, versions, judge)
    told = "; ".join([*([words] if words else []), *unknown])
    return msgspec.structs.replace(review, nearest=told or None)


def _bound(version: AwsBaseline, values: Mapping[str, str], context: AwsContext) -> AwsBaseline:
    names = {variable.name for variable in version.variables}
    own = {name: value for name, value in values.items() if name in names}
    if "account_id" in names:
        own["account_id"] = context.account.account_id
    return bind_aws(version, own, partition=context.account.partition)


def _content(role: DocumentedRole, version: AwsBaseline) -> str:
    """Return what decides a comparison with the role: equal text, equal outcome."""
    statements = [[s.effect, s.actions, s.resources, s.conditions, s.permissive] for s in role.statements]
    trust = [[s.effect, s.principals, s.actions, s.conditions] for s in role.trust.statements]
    managed = [[policy.arn, policy.sids] for policy in role.managed_policies]
    aliases = [[alias.printed, alias.means] for alias in version.aliases]
    return msgspec.json.encode([statements, trust, managed, aliases]).decode()


def _distance(role: AwsRole, page: DocumentedRole, version: AwsBaseline, judge: Judge) -> Distance | None:
    try:
        judgement = judge(role, page, version)
    except PolicyError:
        return None
    if judgement.permissions is None or judgement.trust is None:
        return None
    both = (judgement.permissions, judgement.trust)
    return Distance(
        excess=sum(len(part.excess) for part in both),
        undecided=sum(len(part.undecided) for part in both),
        missing=sum(len(part.missing) for part in both),
    )


def in_words(standings: Sequence[Standing], silent: Sequence[str], *, same: bool) -> str | None:
    """Return which version is nearest and how far the others are; `same`: all that document it do so alike."""
    not_there = f"not documented in {_listed(silent)}" if silent else ""
    if not standings:
        return not_there or None
    if same:
        first = standings[0]
        alike = f"{_listed([s.version for s in standings])} document it alike" if len(standings) > 1 else ""
        told = f"{alike or first.version}: {_told(first.distance)}"
        return "; ".join(part for part in (told, not_there) if part)
    known = [standing for standing in standings if standing.distance is not None]
    if not known:
        return "the nearest version is not known: the role could not be read in full"
    # The chosen version wins a tie: it comes first, and min keeps the first.
    best = min(known, key=lambda standing: standing.distance or Distance(0, 0, 0))
    rest = [f"{s.version} {_told(s.distance)}" for s in standings if s is not best]
    return "; ".join([f"nearest to {best.version}: {_told(best.distance)}", *rest, *([not_there] if not_there else [])])


def _told(distance: Distance | None) -> str:
    if distance is None:
        return "could not be compared"
    parts = [
        f"{distance.excess} beyond it" if distance.excess else "",
        f"{distance.undecided} undecided" if distance.undecided else "",
        f"{distance.missing} missing" if distance.missing else "",
    ]
    return ", ".join(part for part in parts if part) or "matches"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
