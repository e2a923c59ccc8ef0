"""The unit of evidence: what was asked of a cloud, what came back (redacted), and how each question ended."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec

from scanner.model.common import JsonObject, Whole, check_moments

SNAPSHOT_SCHEMA = "porter-audit/snapshot/v1"


class UnitStatus(str, Enum):
    """How a collection unit ended. Only `COMPLETE` may support a PASS."""

    COMPLETE = "complete"
    DENIED = "denied"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    UNSTABLE = "unstable"
    ERROR = "error"
    NOT_ATTEMPTED = "not_attempted"
    NOT_IN_INPUT = "not_in_input"
    """The input is a file that does not carry this unit."""


class SourceKind(str, Enum):
    """Where a snapshot came from."""

    LIVE = "live"
    EXPORT = "export"
    TEMPLATE = "template"


class UnitError(msgspec.Struct, frozen=True):
    """Why a unit is not complete. `message` is redacted and at most 500 characters."""

    code: str
    message: str
    http_status: Whole | None = None


class ApiCall(msgspec.Struct, frozen=True):
    """One request that was sent, in order: the ledger's line."""

    unit_id: str
    service: str
    """SDK service name, for example `iam`."""
    operation: str
    """Operation as in the provider's API reference, for example `GetAccountAuthorizationDetails`."""
    region: str
    params: JsonObject
    page: Whole
    items: Whole
    outcome: UnitStatus
    started: datetime
    ended: datetime
    attempts: Whole = 1
    """HTTP requests it took. 0: it was sent for another target of the same fleet run, at the time given here."""
    request_id: str | None = None
    http_status: Whole | None = None
    error_code: str | None = None
    endpoint_host: str | None = None
    server_date: str | None = None

    def __post_init__(self) -> None:
        check_moments(self.started, self.ended)


class Unit(msgspec.Struct, frozen=True):
    """One question to the cloud and its whole answer."""

    unit_id: str
    """`<cloud>/<scope id>/<region or global>/<kind>`, unique in a snapshot."""
    kind: str
    """What rules name, for example `aws.iam.authorization_details`."""
    cloud: str
    scope_id: str
    region: str
    required: bool
    """False: named on the coverage list when unread, but never the cause of exit 2."""
    status: UnitStatus
    apis: tuple[str, ...]
    """`service:Operation` of every call the unit makes."""
    pages: tuple[JsonObject, ...] = ()
    """Raw responses after redaction, in order."""
    items: Whole = 0
    error: UnitError | None = None
    started: datetime | None = None
    ended: datetime | None = None

    def __post_init__(self) -> None:
        check_moments(self.started, self.ended)


class Scope(msgspec.Struct, frozen=True):
    """One account, project, subscription or tenant that was asked for."""

    cloud: str
    kind: str
    """account, project, folder, organization, subscription, tenant, management_group."""
    id: str
    name: str | None = None
    partition: str | None = None
    """AWS partition or Azure cloud environment."""
    presence: str = "unknown"
    """Whether the operator says Porter is here: expected, absent or unknown."""


class Caller(msgspec.Struct, frozen=True):
    """Who read."""

    cloud: str
    scope_id: str
    principal: str
    user_id: str | None = None


class ExternalIdFact(msgspec.Struct, frozen=True):
    """What may be known of an ExternalId after its value has become a token."""

    token: str
    """`xid-` and 24 hex digits: a keyed HMAC-SHA256, equal for equal values on the same installation."""
    equals_expected: bool | None = None
    """None: no expected value was given."""
    wildcard: bool = False
    """The printed value (token with its wildcards) contains `*` or `?`."""
    empty: bool = False


class Snapshot(msgspec.Struct, frozen=True):
    """Everything a verdict rests on. The same snapshot, baseline and clock give the same report."""

    schema: str
    source: SourceKind
    tool_version: str
    collected_at: datetime
    scopes: tuple[Scope, ...]
    units: tuple[Unit, ...]
    calls: tuple[ApiCall, ...] = ()
    callers: tuple[Caller, ...] = ()
    external_ids: tuple[ExternalIdFact, ...] = ()
    sdk_versions: tuple[tuple[str, str], ...] = ()
    redactions: Whole = 0

    def __post_init__(self) -> None:
        check_moments(self.collected_at)
