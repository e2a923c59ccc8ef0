"""Read a loopback project with the real collector and the real clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from scanner.collect.gcp.projects import collect_gcp
from scanner.collect.gcp.session import GcpOptions
from scanner.localcloud.gcp import LoopbackGcp, start_gcp
from scanner.localcloud.gcp_state import DEMO_PROJECT, GcpState
from scanner.model.snapshot import Snapshot, Unit

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@contextmanager
def serving(state: GcpState) -> Iterator[LoopbackGcp]:
    with start_gcp(state) as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


def read(**options: object) -> Snapshot:
    chosen = {"projects": (DEMO_PROJECT,), "backoff_s": 0.01, "call_timeout_s": 2.0, "max_attempts": 2, **options}
    return collect_gcp(GcpOptions(**chosen), clock=lambda: datetime.now(UTC))  # type: ignore[arg-type]


def unit(snapshot: Snapshot, kind: str) -> Unit:
    return next(u for u in snapshot.units if u.kind == kind)
