"""The accounts of an AWS Organization: one paginated read-only call, and nothing else by this client.

Facts: ListAccounts answers in the management account and to delegated administrators; each account has a `State`
(`PENDING_ACTIVATION`, `ACTIVE`, `SUSPENDED`, `PENDING_CLOSURE`, `CLOSED`), and the older `Status` beside it
(https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html, read 2026-09-01). The organization's id
is the second part of the account's ARN.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from scanner.collect.aws.allowlist import ReadOnlyCall
from scanner.collect.aws.session import AwsClient, AwsSession, start_error
from scanner.collect.unit import UnitReader, read_unit
from scanner.errors import ForbiddenCallError
from scanner.model.common import JsonObject
from scanner.model.snapshot import ApiCall, UnitStatus

LIST_ACCOUNTS: Final = ReadOnlyCall(
    "organizations", "ListAccounts", "org", "aws.organizations.accounts", ("organizations:ListAccounts",), ("Accounts",)
)
"""Sent only to find the accounts of a fleet, by a client of its own; needs `organizations:ListAccounts`."""

_ACTIVE = "ACTIVE"
_ACCOUNT = re.compile(r"[0-9]{12}\Z")


class FoundAccount(msgspec.Struct, frozen=True, order=True):
    """One account as the organization lists it."""

    id: str
    name: str
    state: str
    """`ACTIVE` for those that can be read."""

    @property
    def active(self) -> bool:
        """Return whether the account is open."""
        return self.state == _ACTIVE


class FoundAccounts(msgspec.Struct, frozen=True):
    """What listing brought, by account id, and why it may not be all."""

    accounts: tuple[FoundAccount, ...]
    calls: tuple[ApiCall, ...]
    problem: str = ""
    """Empty: the list is whole."""


def list_accounts(session: AwsSession, organization: str, clock: Callable[[], datetime]) -> FoundAccounts:
    """Return every account of `organization` (`o-...`); accounts of another are never returned.

    Raises `CollectError` where the credentials are of no use at all.
    """
    client = _Lister(session.guarded("organizations", session.region, _refuse_all_but_listing), session)

    def read(reader: UnitReader) -> None:
        for _ in reader.pages_of(client, LIST_ACCOUNTS.operation):
            continue

    result = read_unit(LIST_ACCOUNTS.kind, "global", read, clock=clock, expired=session.expired)
    fatal = start_error(result.cause, session) if result.cause is not None else None
    if fatal is not None:
        raise fatal from result.cause
    rows = [row for page in result.pages for row in page.get("Accounts") or ()]
    mine = [row for row in rows if _organization(row) == organization]
    found = sorted({_account(row) for row in mine if _ACCOUNT.match(str(row.get("Id") or ""))})
    return FoundAccounts(tuple(found), result.calls, _problem(result.status, result.error, rows, mine, organization))


def _problem(status: UnitStatus, error: Any, rows: list[JsonObject], mine: list[JsonObject], organization: str) -> str:
    if status is not UnitStatus.COMPLETE:
        code = error.code if error is not None else status.value
        return f"the list of accounts was not read to the end: {status.value} ({code})"
    if len(mine) != len(rows) or not rows:
        others = sorted({_organization(row) for row in rows} - {organization})
        said = f"these credentials belong to {', '.join(others)}" if others else "no account is listed"
        return f"organization `{organization}` is not the one that answered: {said}"
    return ""


def _account(row: JsonObject) -> FoundAccount:
    state = str(row.get("State") or row.get("Status") or "unknown")
    return FoundAccount(str(row["Id"]), str(row.get("Name") or ""), state)


def _organization(row: JsonObject) -> str:
    parts = str(row.get("Arn") or "").split("/")
    return parts[1] if len(parts) == 3 else "an unknown organization"


class _Lister(AwsClient):
    """The one client that may list accounts."""

    def __init__(self, client: Any, session: AwsSession) -> None:
        super().__init__(client, LIST_ACCOUNTS.service, session.region, session.expired)

    def listed(self, operation: str) -> ReadOnlyCall:
        """Return the one call there is. Raises `ForbiddenCallError` for any other."""
        if operation != LIST_ACCOUNTS.operation:
            raise _forbidden(operation)
        return LIST_ACCOUNTS


def _refuse_all_but_listing(model: Any, **_: Any) -> None:
    """Raise `ForbiddenCallError` for anything but the one call: a `before-call` handler of botocore."""
    if (model.service_model.service_name, model.name) != (LIST_ACCOUNTS.service, LIST_ACCOUNTS.operation):
        raise _forbidden(model.name)


def _forbidden(operation: str) -> ForbiddenCallError:
    return ForbiddenCallError(f"call `organizations:{operation}` is not for finding accounts: it was not sent")
