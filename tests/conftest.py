"""No test sees credentials, profiles or settings of the person who runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_PREFIXES = ("AWS_", "BOTO", "GOOGLE_", "CLOUDSDK_", "AZURE_", "ARM_", "PORTER_AUDIT_", "MOTO_")


@pytest.fixture(autouse=True, scope="session")
def _no_credentials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take the clouds' variables out of the environment, and point what reads files at an empty home.

    For the session, so that fixtures of any scope and the processes they start see it too.
    """
    home: Path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(_PREFIXES)]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
        patch.setenv("XDG_STATE_HOME", str(home / ".state"))
        patch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", str(home / "no-aws-config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "no-aws-credentials"))
        patch.setenv("NO_COLOR", "1")
        yield
