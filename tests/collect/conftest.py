"""Makes the scripted AWS importable by the tests beside it, and gives them an account and a clock."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the SDK static credentials that no scanner would take for real ones."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test-key-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test-secret")


@pytest.fixture
def aws(credentials: None) -> Iterator[object]:
    """Start a scripted account with one of everything."""
    from fake_account import small_account
    from fake_aws import FakeAws

    with FakeAws(small_account()) as server:
        yield server
