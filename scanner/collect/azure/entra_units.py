"""What each Entra unit asks of Microsoft Graph, in order. Fetches and raises; reshaping is normalizing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from scanner.collect.azure.client import ODATA_NEXT_LINK
from scanner.collect.outcome import Meaning
from scanner.collect.unit import Client, UnitReader
from scanner.model.common import JsonObject
from scanner.model.snapshot import UnitError, UnitStatus


def credentials_left_out(rows: Iterable[Any]) -> UnitError | None:
    """Return what is wrong where a row does not say which credentials there are: left out, they would seem to be none.

    Microsoft Graph sends both lists, empty ones too, to whoever selects them.
    """
    wanted = ("passwordCredentials", "keyCredentials")
    lacking = {key for row in rows if isinstance(row, dict) for key in wanted if not isinstance(row.get(key), list)}
    if not lacking:
        return None
    return UnitError("CredentialsLeftOut", f"rows without `{min(lacking)}`: which credentials there are is not known")


def _note(reader: UnitReader, rows: Iterable[Any]) -> None:
    if error := credentials_left_out(rows):
        reader.fail(Meaning(UnitStatus.TRUNCATED, error))


def list_all(reader: UnitReader, graph: Client, operation: str) -> None:
    """Read a list to its end."""
    for page in reader.pages_of(graph, operation, paging=ODATA_NEXT_LINK):
        if operation == "ListApplications":
            _note(reader, page["value"])


def deleted_items(reader: UnitReader, graph: Client) -> None:
    """Read what can still be restored: app registrations and service principals, each in a list of its own."""
    for operation in ("ListDeletedApplications", "ListDeletedServicePrincipals"):
        reader.keep_going(partial(list_all, reader, graph, operation))


def service_principals(reader: UnitReader, graph: Client, also: list[str], *, all_known: bool) -> None:
    """Read the service principals named like the vendor, and those in `also`, whatever their names.

    One that is gone leaves an orphaned assignment: a full answer.
    """
    seen: set[str] = set()
    try:
        for page in reader.pages_of(graph, "ListServicePrincipals", paging=ODATA_NEXT_LINK):
            _note(reader, page["value"])
            seen.update(str(row.get("id")) for row in page["value"] if isinstance(row, dict))
    finally:
        for principal in (one for one in also if one not in seen):
            reader.keep_going(partial(_principal, reader, graph, principal))
    if not all_known:
        reader.fail(_prerequisite(reader, "the role assignments were not read to the end"))


def _principal(reader: UnitReader, graph: Client, principal: str) -> None:
    found = reader.call(graph, "GetServicePrincipal", {"id": principal}, absent=("Request_ResourceNotFound", ""))
    _note(reader, [found] if found else [])


def for_each(
    reader: UnitReader, graph: Client, asked: tuple[tuple[str, tuple[str, ...]], ...], *, all_known: bool
) -> None:
    """Read (operation, object ids) pairs; an object that is refused does not hide the others."""
    for operation, ids in asked:
        for object_id in ids:
            reader.keep_going(partial(_exhaust, reader, graph, operation, object_id))
    if not all_known:
        reader.fail(_prerequisite(reader, "the applications or service principals were not read to the end"))


def _exhaust(reader: UnitReader, graph: Client, operation: str, object_id: str) -> None:
    for _ in reader.pages_of(graph, operation, {"id": object_id}, ODATA_NEXT_LINK):
        continue


def _prerequisite(reader: UnitReader, why: str) -> Meaning:
    status = UnitStatus.TRUNCATED if reader.calls else UnitStatus.NOT_ATTEMPTED
    return Meaning(status, UnitError("PrerequisiteUnread", why))


def ids_in(pages: tuple[JsonObject, ...]) -> tuple[str, ...]:
    """Return the object ids of all rows and single objects, sorted."""
    rows = [row for page in pages for row in (page.get("value") or ([page] if "id" in page else []))]
    return tuple(sorted({str(row["id"]) for row in rows if isinstance(row, dict) and row.get("id")}))
