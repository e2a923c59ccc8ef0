"""Azure subscriptions and their Entra tenant, read from their live APIs into a snapshot."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec

from scanner.collect.azure import entra_units
from scanner.collect.azure import units as azure_units
from scanner.collect.azure.allowlist import ARM, GRAPH
from scanner.collect.azure.client import NEXT_LINK, AzureClient
from scanner.collect.azure.session import AzureOptions, AzureSession, subscription_from_environment
from scanner.collect.azure.shared import SharedReader, answers_for
from scanner.collect.azure.snapshot import AzureRun, ScopedResult, assemble
from scanner.collect.outcome import UnitStop, meaning_of
from scanner.collect.unit import UnitReader, UnitResult, read_unit
from scanner.errors import CollectError
from scanner.model import kinds_azure as kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import ApiCall, Scope, Snapshot, UnitStatus

Progress = Callable[[str, int, int], None]
"""Told what is being read, how many units are done, and how many there are."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FATAL_CODES = ("InvalidAuthenticationTokenTenant", "SubscriptionNotFound", "InvalidSubscriptionId", "ExpiredToken")


def collect_azure(
    options: AzureOptions,
    *,
    clock: Callable[[], datetime],
    presence: str = "unknown",
    progress: Progress | None = None,
) -> Snapshot:
    """Return what the subscriptions and their tenant answer, each unit with how reading it ended.

    Sends only the calls of `AZURE_CALLS`. Subscriptions are read one after the other, the tenant once.
    Raises `CollectError` if reading cannot start at all: no or refused credentials, a wrong tenant, no subscription.
    """
    session = AzureSession(options, clock)
    collector = _Collector(session, clock, progress, subscriptions(session, clock))
    results = collector.read_all()
    claims = session.claims
    reader = claims.get("oid") or claims.get("appid") or "unknown"
    scopes = tuple(_scope(one, options.cloud, presence, results) for one in collector.subscriptions)
    return assemble(
        AzureRun(clock(), options.cloud, session.tenant_id, scopes, tuple(results), f"{session.tenant_id}/{reader}")
    )


def _scope(subscription: str, cloud: str, presence: str, results: list[ScopedResult]) -> Scope:
    names = [
        page.get("displayName")
        for found in results
        if found.scope_id == subscription and found.result.kind == kinds.SUBSCRIPTION
        for page in found.result.pages
    ]
    name = str(names[0]) if names and names[0] else None
    return Scope("azure", "subscription", subscription, name=name, partition=cloud, presence=presence)


def subscriptions(session: AzureSession, clock: Callable[[], datetime]) -> tuple[str, ...]:
    """Return the subscriptions to read, sorted. Raises `CollectError` if none, or several unnamed, are found."""
    options = session.options
    named = options.subscriptions or (() if options.management_group else subscription_from_environment())
    for one in named:
        if not _GUID.fullmatch(one):
            raise CollectError(f"`{one}` is not a subscription id", advice="`az account list` shows the ids")
    if named:
        return tuple(sorted({one.lower() for one in named}))
    found = listed_subscriptions(session, clock)
    if not found:
        raise CollectError("no subscription is visible to these credentials", advice="name one with --subscription")
    if len(found) > 1 and not options.management_group:
        raise CollectError(
            f"{len(found)} subscriptions are visible to these credentials", advice="name one with --subscription"
        )
    return found


class SubscriptionList(msgspec.Struct, frozen=True):
    """Subscriptions that were listed, and how listing them ended."""

    ids: tuple[str, ...]
    """Sorted."""
    calls: tuple[ApiCall, ...]
    problem: str = ""
    """Why there may be more; empty: these are all that the reader sees."""


def list_subscriptions(session: AzureSession, clock: Callable[[], datetime]) -> SubscriptionList:
    """Return the subscriptions below the session's management group, else all it sees."""
    reader = UnitReader(clock)
    arm = AzureClient(session, ARM)
    group = session.options.management_group
    operation = "ManagementGroups.GetDescendants" if group else "Subscriptions.List"
    ask: JsonObject = {"group": group} if group else {}
    rows: list[JsonObject] = []
    problem = ""
    try:
        for page in reader.pages_of(arm, operation, ask, NEXT_LINK):
            rows += [row for row in page["value"] if isinstance(row, dict)]
    except (UnitStop, ValueError) as error:  # ValueError: the body is no JSON
        what = f"management group `{group}`" if group else "the list of subscriptions"
        problem = f"{what} cannot be read: {meaning_of(error).error.code}"
    ids = [
        str(row.get("subscriptionId") or row.get("name") or "")
        for row in rows
        if not group or str(row.get("type", "")).lower().endswith("/subscriptions")
    ]
    found = tuple(sorted({one.lower() for one in ids if _GUID.fullmatch(one)}))
    if not problem and not all(map(_GUID.fullmatch, ids)):
        problem = "one that is listed has no subscription id"
    return SubscriptionList(found, tuple(reader.calls), problem)


def listed_subscriptions(session: AzureSession, clock: Callable[[], datetime]) -> tuple[str, ...]:
    """Return the subscriptions that `list_subscriptions` finds; raises `CollectError` if they may not be all."""
    found = list_subscriptions(session, clock)
    if found.problem:
        raise CollectError(found.problem, advice="name one with --subscription")
    return found.ids


class _Collector:
    """Reads the units in the order in which they need each other."""

    def __init__(
        self,
        session: AzureSession,
        clock: Callable[[], datetime],
        progress: Progress | None,
        subscriptions: tuple[str, ...],
    ) -> None:
        self.subscriptions = subscriptions
        self._session = session
        self._clock = clock
        self._answers = answers_for(session)
        self._progress = progress
        self._done = 0
        self._total = len(kinds.AZURE_UNIT_KINDS) * len(subscriptions) + len(kinds.ENTRA_UNIT_KINDS)
        self._results: list[ScopedResult] = []

    def read_all(self) -> list[ScopedResult]:
        """Return all units: subscription after subscription, then the tenant."""
        for subscription in self.subscriptions:
            self._subscription(subscription)
        self._tenant()
        if self._progress is not None:
            self._progress("done", self._total, self._total)
        return self._results

    def _unit(self, scope_id: str, kind: str, read: Callable[[UnitReader], None]) -> UnitResult:
        if self._progress is not None:
            self._progress(f"{kind} {scope_id}", self._done, self._total)
        self._done += 1
        reader = self._reader(scope_id)
        result = read_unit(kind, "global", read, clock=self._clock, expired=self._session.expired, reader=reader)
        self._results.append(ScopedResult(scope_id, result))
        return result

    def _reader(self, scope_id: str) -> UnitReader:
        """Return what reads a unit; what the tenant says is shared with other targets of a fleet run."""
        if self._answers is None or scope_id in self.subscriptions:
            return UnitReader(self._clock)
        return SharedReader(self._clock, self._answers, self._session.left_s)

    def _subscription(self, subscription: str) -> None:
        arm = AzureClient(self._session, ARM, subscription)
        own = self._unit(subscription, kinds.SUBSCRIPTION, partial(azure_units.subscription, arm=arm))
        if own.error is not None and own.error.code in _FATAL_CODES:
            raise CollectError(
                f"subscription `{subscription}` cannot be read with these credentials: {own.error.code}",
                advice="check --subscription, --tenant and --azure-cloud",
            )
        for kind, operation in _LISTS:
            self._unit(subscription, kind, partial(azure_units.list_all, arm=arm, operation=operation))
        for kind, read in _OTHERS:
            self._unit(subscription, kind, partial(read, arm=arm))

    def _pages(self, kind: str) -> tuple[JsonObject, ...]:
        return tuple(page for found in self._results if found.result.kind == kind for page in found.result.pages)

    def _complete(self, *names: str) -> bool:
        return all(found.result.status is UnitStatus.COMPLETE for found in self._results if found.result.kind in names)

    def _tenant(self) -> None:
        tenant = self._session.tenant_id
        graph = AzureClient(self._session, GRAPH)
        self._unit(tenant, kinds.APPLICATIONS, _lists(graph, "ListApplications"))
        assigned = (*self._pages(kinds.ROLE_ASSIGNMENTS), *self._pages(kinds.ELIGIBLE_ASSIGNMENTS))
        also = azure_units.vendor_principals(self._pages(kinds.ROLE_DEFINITIONS), assigned)
        known = self._complete(kinds.ROLE_DEFINITIONS, kinds.ROLE_ASSIGNMENTS)
        read = partial(entra_units.service_principals, graph=graph, also=also, all_known=known)
        self._unit(tenant, kinds.SERVICE_PRINCIPALS, read)
        applications = entra_units.ids_in(self._pages(kinds.APPLICATIONS))
        principals = entra_units.ids_in(self._pages(kinds.SERVICE_PRINCIPALS))
        for kind, of_applications, of_principals in _PER_OBJECT:
            needed = [kinds.APPLICATIONS] if of_applications else []
            needed += [kinds.SERVICE_PRINCIPALS] if of_principals else []
            asked = tuple(
                (operation, ids)
                for operation, ids in ((of_applications, applications), (of_principals, principals))
                if operation
            )
            complete = self._complete(*needed)
            self._unit(tenant, kind, partial(entra_units.for_each, graph=graph, asked=asked, all_known=complete))
        self._unit(tenant, kinds.DELETED_ITEMS, partial(entra_units.deleted_items, graph=graph))


def _lists(graph: AzureClient, operation: str) -> Callable[[UnitReader], None]:
    return partial(entra_units.list_all, graph=graph, operation=operation)


_LISTS = (
    (kinds.ROLE_DEFINITIONS, "RoleDefinitions.List"),
    (kinds.ROLE_ASSIGNMENTS, "RoleAssignments.ListForSubscription"),
    (kinds.DENY_ASSIGNMENTS, "DenyAssignments.List"),
    (kinds.PROVIDERS, "Providers.List"),
    (kinds.AKS_CLUSTERS, "ManagedClusters.List"),
    (kinds.LIGHTHOUSE, "RegistrationAssignments.List"),
)
_OTHERS: tuple[tuple[str, Callable[..., None]], ...] = (
    (kinds.ELIGIBLE_ASSIGNMENTS, azure_units.eligible_assignments),
    (kinds.ASSIGNMENT_METRICS, azure_units.metrics),
    (kinds.MANAGED_IDENTITIES, azure_units.managed_identities),
)
_PER_OBJECT = (
    (kinds.FEDERATED_CREDENTIALS, "ListFederatedIdentityCredentials", ""),
    (kinds.APP_ROLE_ASSIGNMENTS, "", "ListAppRoleAssignments"),
    (kinds.DELEGATED_GRANTS, "", "ListDelegatedGrants"),
    (kinds.OWNERS, "ListApplicationOwners", "ListServicePrincipalOwners"),
    (kinds.MEMBERSHIPS, "", "ListMemberships"),
    (kinds.DIRECTORY_ROLES, "", "ListDirectoryRoleAssignments"),
)
"""Kind, operation per application, operation per service principal."""
