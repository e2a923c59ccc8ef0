"""An organization of a few accounts for tests, with the documented roles in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from scanner.baseline.load import find, load_aws
from scanner.baseline.variables import bind_aws
from scanner.localcloud.fleet_aws import ANY_ACCOUNT, FleetSpec
from scanner.localcloud.fleet_content import running, spec_of

EXTERNAL_ID = "fleet-external-id"


def accounts(number: int) -> tuple[str, ...]:
    """Return account ids."""
    return tuple(f"{100_000_000_000 + n}" for n in range(1, number + 1))


def organization(ids: Sequence[str], *, drifted: Sequence[str] = (), **changes: Any) -> FleetSpec:
    """Return an organization; `changes` are fields of `FleetSpec`."""
    bound = bind_aws(load_aws(find("porter@2026-05")), {"account_id": ANY_ACCOUNT, "external_id": EXTERNAL_ID})
    spec = spec_of(ids, bound.roles, external_id=EXTERNAL_ID, now=datetime(2026, 6, 1, tzinfo=UTC), drifted=drifted)
    return msgspec.structs.replace(spec, **changes)


@contextmanager
def served(spec: FleetSpec, folder: Path) -> Iterator[str]:
    """Yield the organization's address."""
    with running(spec, folder) as endpoint:
        yield endpoint
