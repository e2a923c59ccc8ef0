"""A small documented tenant on this machine, and a collection of it as the product makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.collect.azure.session import AzureOptions, CloudEndpoints, Loopback
from scanner.collect.azure.subscriptions import collect_azure
from scanner.localcloud.azure import LoopbackAzure, start_azure
from scanner.localcloud.azure_tenant import AzurePlan, block, documented_tenant
from scanner.model.snapshot import Snapshot, Unit

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PLAN = AzurePlan(
    application="azure-porter-restricted-sp",
    role_name="porter-aks-restricted",
    role_description="",
    permissions=(block(("*",), ("Microsoft.Compute/galleries/share/action",)),),
    app_roles=("19dbc75e-c2e2-444c-a770-ec69d8559fc7",),
    providers=("Microsoft.Compute",),
    secret_days=365,
)


@contextmanager
def running(plan: AzurePlan = PLAN, page_size: int = 2) -> Iterator[LoopbackAzure]:
    state = documented_tenant(plan, now=NOW)
    with start_azure(state, page_size=page_size) as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


def loopback(cloud: LoopbackAzure) -> Loopback:
    return Loopback(CloudEndpoints(cloud.endpoint, cloud.endpoint, cloud.endpoint), cloud.ca_file)


def collect(cloud: LoopbackAzure, **options: Any) -> Snapshot:
    settings = {"loopback": loopback(cloud), "max_attempts": 3, "read_timeout_s": 0.5, **options}
    return collect_azure(AzureOptions(**settings), clock=lambda: datetime.now(UTC))


def unit(snapshot: Snapshot, kind: str) -> Unit:
    return next(u for u in snapshot.units if u.kind == kind)
