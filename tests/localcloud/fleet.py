"""An organization of a few small accounts for tests, and a configuration that reads it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from scanner.baseline.load import find, load_aws
from scanner.baseline.variables import bind_aws
from scanner.localcloud.fleet_aws import ANY_ACCOUNT, MANAGEMENT, ORGANIZATION, FleetSpec
from scanner.localcloud.fleet_content import environment, spec_of

EXTERNAL_ID = "fleet-external-id"
ONE_ROLE = ("porter-telemetry-manager",)
"""Enough to be judged, and quick."""


def accounts(number: int) -> tuple[str, ...]:
    """Return account ids."""
    return tuple(f"{100_000_000_000 + n}" for n in range(1, number + 1))


def organization(
    ids: Sequence[str], *, drifted: Sequence[str] = (), keys: Sequence[str] = ONE_ROLE, **changes: Any
) -> FleetSpec:
    """Return an organization whose accounts hold the roles of `keys`; `changes` are fields of `FleetSpec`."""
    bound = bind_aws(load_aws(find("porter@2026-05")), {"account_id": ANY_ACCOUNT, "external_id": EXTERNAL_ID})
    roles = [role for role in bound.roles if role.key in keys]
    spec = spec_of(ids, roles, external_id=EXTERNAL_ID, now=datetime.now(UTC), drifted=drifted)
    return msgspec.structs.replace(spec, **changes)


def variables(endpoint: str) -> dict[str, str]:
    """Return the environment of a fleet run over the organization at `endpoint`."""
    return {**environment(endpoint), "FLEET_EXTERNAL_ID": EXTERNAL_ID}


def configuration(folder: Path, *, entry: str = "", rest: str = "") -> Path:
    """Write a configuration that reads the whole organization but its management account; return its path."""
    file = folder / "porter-audit.yaml"
    file.write_text(
        "schema: porter-audit/config/v1\n"
        "defaults: {documented: porter@2026-05, parameters: {external_id: env:FLEET_EXTERNAL_ID}}\n"
        "targets:\n"
        "  - cloud: aws\n"
        f"    organization: {ORGANIZATION}\n"
        "    role: arn:aws:iam::{account_id}:role/porter-audit\n"
        "    external_id: env:FLEET_EXTERNAL_ID\n"
        f'    skip: [{{id: "{MANAGEMENT}", reason: holds nothing}}]\n'
        f"{entry}"
        "outputs: {directory: runs, formats: [json]}\n"
        f"{rest}"
    )
    return file


def requests(endpoint: str) -> dict[str, int]:
    """Return what arrived so far: `account operation` -> how often."""
    with urllib.request.urlopen(f"{endpoint}/-/requests") as answer:
        found: dict[str, int] = json.load(answer)
    return found


def release(endpoint: str) -> None:
    """Let accounts that were held be answered."""
    with urllib.request.urlopen(f"{endpoint}/-/release"):
        pass
