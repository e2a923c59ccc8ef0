"""The shipped AWS part, loaded once, and its file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scanner.baseline.load import find, load_aws
from scanner.baseline.records import AwsBaseline

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture(scope="session")
def aws_file() -> Path:
    return find("porter@2026-05") / "aws.yaml"


@pytest.fixture(scope="session")
def porter(aws_file: Path) -> AwsBaseline:
    return load_aws(aws_file)
