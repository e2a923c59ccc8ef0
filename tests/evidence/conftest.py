"""Two nights of a small account as signed bundles; and the helpers beside made importable in any import mode."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bundle_nights import AS_OF, Nights, export, scanned

from scanner.app.bundle import plan_bundle, write
from scanner.app.keys import new_key
from scanner.app.outputs import plan_outputs


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    home = tmp_path_factory.mktemp("evidence")
    before = os.environ.get("PORTER_AUDIT_KEY_FILE")
    os.environ["PORTER_AUDIT_KEY_FILE"] = str(home / "installation.key")
    try:
        (home / "gaad.json").write_text(json.dumps(export()))
        keys = new_key(home / "signing.key")
        out = home / "out"
        outputs = plan_outputs("json,sarif,ocsf,oscal,junit,markdown", str(out))
        out.mkdir()
        plan = plan_bundle(None, outputs, "porter@2026-08", sign_key=keys.private, previous=None)
        assert plan is not None
        outcomes = [scanned(home / "gaad.json", AS_OF + timedelta(days=n)) for n in range(2)]
        first, second = (write(outcome, plan) for outcome in outcomes)
        yield Nights(first, second, keys, outcomes[0], out)
    finally:
        if before is None:
            os.environ.pop("PORTER_AUDIT_KEY_FILE", None)
        else:
            os.environ["PORTER_AUDIT_KEY_FILE"] = before


@pytest.fixture
def copied(nights: Nights, tmp_path: Path) -> Nights:
    """The same, to be broken."""
    shutil.copytree(nights.directory, tmp_path / "out")
    first, second = (tmp_path / "out" / path.name for path in (nights.first, nights.second))
    return nights._replace(first=first, second=second, directory=tmp_path / "out")
