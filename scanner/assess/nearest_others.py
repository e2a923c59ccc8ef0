"""Which documented version a GCP service account or an Azure role definition is nearest to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from scanner.assess.nearest import Distance, Standing, in_words
from scanner.baseline.records_azure import DocumentedRoleDefinition
from scanner.baseline.records_gcp import DocumentedServiceAccount
from scanner.errors import PolicyError
from scanner.model.common import NotObserved
from scanner.model.inventory_azure import AzureRoleDefinition
from scanner.model.inventory_gcp import GcpServiceAccount
from scanner.model.report import RoleReview
from scanner.rules.azure_context import AzureContext, documented_body
from scanner.rules.gcp_context import GcpContext, documented_grant

_Placed = tuple[str, str, Callable[[], Distance | None]]
"""A version, what it says of the identity (equal text, equal outcome), and how far the identity is from it."""


def with_nearest_gcp(
    reviews: Sequence[RoleReview], contexts: Sequence[GcpContext], unknown: Sequence[str]
) -> tuple[RoleReview, ...]:
    """Return the reviews with the nearest version named.

    `contexts` are the same project under each version, the one that judges first; `unknown` are sentences on versions
    that could not be compared.
    """
    accounts = {a.email: a for a in contexts[0].project.service_accounts}

    def placed(review: RoleReview) -> list[_Placed | str] | None:
        account = accounts.get(review.arn or "")
        return None if account is None else [_gcp(context, account) for context in contexts]

    return _named(reviews, placed, len(contexts), unknown)


def with_nearest_azure(
    reviews: Sequence[RoleReview], contexts: Sequence[AzureContext], unknown: Sequence[str]
) -> tuple[RoleReview, ...]:
    """Return the reviews with the nearest version named; arguments as for GCP."""
    definitions = {d.id: d for d in contexts[0].definitions}

    def placed(review: RoleReview) -> list[_Placed | str] | None:
        definition = definitions.get(review.arn or "")
        return None if definition is None else [_azure(context, definition) for context in contexts]

    return _named(reviews, placed, len(contexts), unknown)


def _named(
    reviews: Sequence[RoleReview],
    placed: Callable[[RoleReview], list[_Placed | str] | None],
    versions: int,
    unknown: Sequence[str],
) -> tuple[RoleReview, ...]:
    if versions < 2 and not unknown:
        return tuple(reviews)
    found: list[RoleReview] = []
    for review in reviews:
        places = placed(review)
        told = None if places is None else "; ".join([*([w] if (w := _words(places)) else []), *unknown])
        found.append(msgspec.structs.replace(review, nearest=told or None))
    return tuple(found)


def _words(places: Sequence[_Placed | str]) -> str | None:
    """Return the sentence; a string stands for a version that does not document the identity."""
    if len(places) < 2:
        return None
    measured: dict[str, Distance | None] = {}
    standings: list[Standing] = []
    for place in places:
        if not isinstance(place, str):
            version, content, measure = place
            if content not in measured:
                measured[content] = measure()
            standings.append(Standing(version, measured[content]))
    silent = [place for place in places if isinstance(place, str)]
    return in_words(standings, silent, same=len(measured) == 1)


def _gcp(context: GcpContext, account: GcpServiceAccount) -> _Placed | str:
    page = context.documented(account)
    if page is None:
        return context.baseline.id
    federated = [page.federation.member, *page.federation.conjuncts] if page.federation else []
    grants = sorted([g.role, g.scope, str(g.optional)] for g in page.grants)
    content = msgspec.json.encode([grants, page.keys.user_managed, page.keys.at_most, federated]).decode()
    return context.baseline.id, content, lambda: _gcp_distance(context, account, page)


def _gcp_distance(context: GcpContext, account: GcpServiceAccount, page: DocumentedServiceAccount) -> Distance | None:
    if isinstance(account.policy, NotObserved) or isinstance(account.keys, NotObserved):
        return None
    grants = context.grants(account)
    excess, undecided = 0, 0
    for binding in grants:
        if documented_grant(page, binding) is None:
            try:
                comparison = context.compare(account, binding)
            except PolicyError:
                return None
            excess += len(comparison.excess)
            undecided += sum(u.direction == "excess" for u in comparison.undecided)
    held = {b.role for b in grants}
    missing = sum(not g.optional and g.role not in held for g in page.grants)
    excess += max(0, len(account.keys) - (page.keys.at_most if page.keys.user_managed == "expected" else 0))
    live = {m for b in account.policy.bindings for m in b.members if not m.startswith("deleted:")}
    member = page.federation.member if page.federation else None
    if member is not None and "{" in member:
        return Distance(excess, undecided + 1, missing)
    return Distance(excess + len(live - {member}), undecided, missing + (member is not None and member not in live))


def _azure(context: AzureContext, definition: AzureRoleDefinition) -> _Placed | str:
    page = context.documented_definition(definition)
    if page is None:
        return context.baseline.id
    content = msgspec.json.encode(documented_body(page)["permissions"]).decode()
    return context.baseline.id, content, lambda: _azure_distance(context, definition, page)


def _azure_distance(
    context: AzureContext, definition: AzureRoleDefinition, page: DocumentedRoleDefinition
) -> Distance | None:
    try:
        seen = context.judge(definition, page)
    except PolicyError:
        return None
    return Distance(len(seen.excess), len(seen.undecided), len(seen.missing))
