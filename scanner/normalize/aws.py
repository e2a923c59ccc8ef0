"""The AWS units of a snapshot to account records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from scanner.errors import InputError
from scanner.model import kinds
from scanner.model.inventory import AwsAccount
from scanner.model.snapshot import Scope, Snapshot, Unit
from scanner.normalize import aws_iam, aws_regional
from scanner.normalize.aws_activity import activity_of
from scanner.normalize.aws_organizations import control_levels_of, organization_ids_of
from scanner.normalize.pointer import child, record, records, text

T = TypeVar("T")


def aws_account(snapshot: Snapshot, scope: Scope) -> AwsAccount:
    """Return what the snapshot's units say of one account.

    A tuple is also empty where its unit is not complete: rules look at the unit, never at emptiness alone.
    Raises `InputError` (unit, JSON pointer) on an answer that is not what the provider's API documents.
    """
    units = [unit for unit in snapshot.units if unit.cloud == "aws" and unit.scope_id == scope.id]
    account = AwsAccount(
        account_id=scope.id,
        partition=scope.partition or "aws",
        scope=scope,
        instance_profiles=_rows(units, kinds.INSTANCE_PROFILES, aws_iam.instance_profiles_of),
        oidc_providers=_rows(units, kinds.OIDC_PROVIDERS, aws_regional.oidc_providers_of),
        saml_providers=_rows(units, kinds.SAML_PROVIDERS, aws_iam.saml_providers_of),
        stacks=_rows(units, kinds.STACK, aws_regional.stacks_of),
        clusters=_rows(units, kinds.CLUSTERS, aws_regional.clusters_of),
        pod_identities=_rows(units, kinds.POD_IDENTITIES, aws_regional.pod_identities_of),
        regions=tuple(sorted(set(_rows(units, kinds.REGIONS, regions_of)))),
        regions_named=any(_named_by_operator(unit) for unit in _of_kind(units, kinds.REGIONS)),
        summary=_rows(units, kinds.ACCOUNT_SUMMARY, summary_of),
        organization_id=next(iter(_rows(units, kinds.ORGANIZATION_POLICIES, organization_ids_of)), ""),
        control_levels=_rows(units, kinds.ORGANIZATION_POLICIES, control_levels_of),
        activity=activity_of(tuple(_of_kind(units, kinds.ACTIVITY))),
    )
    return _with_identities(account, units)


def _with_identities(account: AwsAccount, units: list[Unit]) -> AwsAccount:
    details = next(_of_kind(units, kinds.AUTHORIZATION_DETAILS), None)
    keys = next(_of_kind(units, kinds.ACCESS_KEYS), None)
    if details is None:
        return account
    with _naming(details):
        book = aws_iam.book_of(details)
        groups = aws_iam.groups_of(details, book)
        users = aws_iam.users_of(details, book, groups, keys)
        roles = aws_iam.roles_of(details, book)
        policies = aws_iam.managed_policies_of(details)
    return msgspec.structs.replace(account, roles=roles, users=users, groups=groups, policies=policies)


def _of_kind(units: list[Unit], kind: str) -> Iterator[Unit]:
    return (unit for unit in units if unit.kind == kind)


def _rows(units: list[Unit], kind: str, read: Callable[[Unit], tuple[T, ...]]) -> tuple[T, ...]:
    found: list[T] = []
    for unit in _of_kind(units, kind):
        with _naming(unit):
            found.extend(read(unit))
    return tuple(found)


@contextmanager
def _naming(unit: Unit) -> Iterator[None]:
    """Name the unit in front of what a reader found wrong in its pages."""
    try:
        yield
    except InputError as error:
        raise InputError(f"unit `{unit.unit_id}`: {error}") from error


def regions_of(unit: Unit) -> tuple[str, ...]:
    """Return the names of the regions in a regions unit (`DescribeRegions`, `ListRegions` or the operator's own)."""
    return tuple(
        text(raw, "RegionName", at)
        for page_at, page in aws_iam.pages_of(unit)
        for at, raw in records(page, "Regions", page_at)
    )


def _named_by_operator(unit: Unit) -> bool:
    return any(record(page, kinds.CALL, at).get("operation") == "--regions" for at, page in aws_iam.pages_of(unit))


def summary_of(unit: Unit) -> tuple[tuple[str, int], ...]:
    """Return GetAccountSummary's counters in name order. Raises `InputError` if one is not a whole number."""
    found: dict[str, int] = {}
    for page_at, page in aws_iam.pages_of(unit):
        for name, count in record(page, "SummaryMap", page_at).items():
            if not isinstance(count, int):
                raise InputError(f"{child(page_at, 'SummaryMap', name)}: is not a whole number")
            found[name] = count
    return tuple(sorted(found.items()))
