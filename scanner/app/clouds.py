"""What differs between the three clouds for a scan: how to read, how to bind parameters, what a scope is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from scanner.app.sources.aws import AwsOptions, Progress, read_live
from scanner.app.sources.azure import AzureOptions, read_azure
from scanner.app.sources.gcp import GcpOptions, read_gcp
from scanner.baseline.load import AnyBaseline
from scanner.baseline.records import AwsBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.variables import bind_aws
from scanner.baseline.variables_azure import bind_azure
from scanner.baseline.variables_gcp import bind_gcp
from scanner.errors import UsageError
from scanner.model.snapshot import Snapshot, UnitStatus

LiveOptions: TypeAlias = AwsOptions | GcpOptions | AzureOptions
"""Whom to read, and as whom. The kind of options says which cloud."""


class CloudWords(msgspec.Struct, frozen=True):
    """How one cloud speaks of what is scanned."""

    title: str
    scope: str
    """What is judged, in words and as `Scope.kind`: account, project, subscription."""
    parameter: str
    """The parameter that holds a scope's id."""


WORDS: Final = {
    "aws": CloudWords("AWS", "account", "account_id"),
    "gcp": CloudWords("GCP", "project", "project_id"),
    "azure": CloudWords("Azure", "subscription", "subscription_id"),
}
DEFAULT_LIVE: Final[Mapping[str, LiveOptions]] = {"aws": AwsOptions(), "gcp": GcpOptions(), "azure": AzureOptions()}

# Any twelve digits do: parameters are tried before anything is read, and the account is not known yet.
_ANY_ACCOUNT: Final = "000000000000"


def read_cloud(
    live: LiveOptions, *, external_id: str | None, presence: str, progress: Progress | None = None
) -> Snapshot:
    """Return the snapshot of what the options name. Raises `CollectError` if reading cannot start at all."""
    if isinstance(live, AwsOptions):
        return read_live(live, external_id=external_id, presence=presence, progress=progress)
    if isinstance(live, GcpOptions):
        return read_gcp(live, presence=presence, progress=progress)
    return read_azure(live, presence=presence, progress=progress)


def try_parameters(part: AnyBaseline, values: Mapping[str, str]) -> None:
    """Raise `BaselineError` if a value is for no variable of a part, or is not acceptable: before anything is read."""
    if isinstance(part, AwsBaseline):
        bind_aws(part, {"account_id": _ANY_ACCOUNT, **values})
    elif isinstance(part, GcpBaseline):
        bind_gcp(part, values)
    else:
        bind_azure(part, values)


def check_scope(cloud: str, snapshot: Snapshot, values: Mapping[str, str], what: str) -> None:
    """Refuse to judge nothing, and to judge another account than the one the user named. Raises `UsageError`."""
    words = WORDS[cloud]
    mine = [scope for scope in snapshot.scopes if scope.cloud == cloud]
    read = [scope.id for scope in mine if scope.kind == words.scope]
    # Where a list of projects was not read, nobody knows that there is none: the report says so.
    gap = any(unit.cloud == cloud and unit.status is not UnitStatus.COMPLETE for unit in snapshot.units)
    if not mine or (not read and not gap):
        raise UsageError(f"{what} holds no {words.title} {words.scope}")
    named = values.get(words.parameter)
    if named is not None and named.lower() not in {name.lower() for name in read}:
        shown = ", ".join(read)
        raise UsageError(f"parameter `{words.parameter}` is `{named}`, but what was read is {words.scope} `{shown}`")
