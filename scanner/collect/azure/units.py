"""What each unit of a subscription asks, in order. Fetches and raises; reshaping is normalizing."""

from __future__ import annotations

from functools import partial

from scanner.collect.azure.client import NEXT_LINK
from scanner.collect.outcome import Meaning
from scanner.collect.unit import Client, UnitReader
from scanner.model.common import JsonObject
from scanner.model.snapshot import UnitError, UnitStatus

VENDOR_WORD = "porter"
# https://learn.microsoft.com/azure/cost-management-billing/manage/subscription-states (read 2026-11)
_WORKING = ("Enabled", "Warned", "PastDue")
# Without the licence for eligible assignments a tenant has none; the service says so with this error.
_NO_LICENCE = ("AadPremiumLicenseRequired", "")


def subscription(reader: UnitReader, arm: Client) -> None:
    """Read the subscription itself: its name, state and tenant."""
    state = str((reader.call(arm, "Subscriptions.Get") or {}).get("state") or "")
    if state not in _WORKING:
        told = f"the subscription is {state or 'in no known state'}: what its services answer may not be all there is"
        reader.fail(Meaning(UnitStatus.UNSTABLE, UnitError(f"Subscription{state or 'State'}", told)))


def list_all(reader: UnitReader, arm: Client, operation: str) -> None:
    """Read a list to its end."""
    for _ in reader.pages_of(arm, operation, paging=NEXT_LINK):
        continue


def eligible_assignments(reader: UnitReader, arm: Client) -> None:
    """Read the schedules of eligible assignments and their instances."""
    for operation in ("RoleEligibilitySchedules.ListForScope", "RoleEligibilityScheduleInstances.ListForScope"):
        reader.keep_going(partial(_eligible, reader, arm, operation))


def _eligible(reader: UnitReader, arm: Client, operation: str) -> None:
    for _ in reader.pages_of(arm, operation, paging=NEXT_LINK, absent=_NO_LICENCE):
        continue


def metrics(reader: UnitReader, arm: Client) -> None:
    """Read the service's own count of role assignments."""
    reader.call(arm, "RoleAssignmentMetrics.GetMetricsForSubscription")


def managed_identities(reader: UnitReader, arm: Client) -> None:
    """List the user-assigned identities, each with its federated credentials."""
    found: list[JsonObject] = []
    try:
        for page in reader.pages_of(arm, "UserAssignedIdentities.ListBySubscription", paging=NEXT_LINK):
            found.extend(row for row in page["value"] if isinstance(row, dict))
    finally:
        for row in found:
            reader.keep_going(partial(_credentials, reader, arm, str(row.get("id", ""))))


def _credentials(reader: UnitReader, arm: Client, resource_id: str) -> None:
    parts = resource_id.split("/")
    ask = {"resource_group_name": parts[4], "resource_name": parts[-1]} if len(parts) > 8 else {}
    for _ in reader.pages_of(arm, "FederatedIdentityCredentials.List", ask, NEXT_LINK):
        continue


def vendor_principals(definitions: tuple[JsonObject, ...], assignments: tuple[JsonObject, ...]) -> list[str]:
    """Return the ids of service principals that hold a role named like the vendor's, sorted."""
    roles = {
        str(row.get("id", "")).rpartition("/")[2].lower()
        for row in _rows(definitions)
        if VENDOR_WORD in str(_properties(row).get("roleName", "")).lower()
    }
    return sorted(
        {
            str(fields["principalId"])
            for row in _rows(assignments)
            if (fields := _properties(row)).get("principalId")
            and str(fields.get("roleDefinitionId", "")).rpartition("/")[2].lower() in roles
            and fields.get("principalType", "ServicePrincipal") == "ServicePrincipal"
        }
    )


def _rows(pages: tuple[JsonObject, ...]) -> list[JsonObject]:
    return [row for page in pages for row in page.get("value") or () if isinstance(row, dict)]


def _properties(row: JsonObject) -> JsonObject:
    found = row.get("properties")
    return found if isinstance(found, dict) else {}
