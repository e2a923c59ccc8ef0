"""`--porter-yaml`: what is refused, in one line with file and line, before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ORDERS = ROOT / "examples" / "porter.yaml"
Porter = Callable[..., Any]

REFUSED = {
    "aliases": ("a: &a [b]\nservices: *a\n", "input `porter.yaml`: line 1: anchors are not allowed"),
    "a tab": ("services:\n\t- a\n", "input `porter.yaml`: line 2: is not YAML"),
    "a wrong type": ("services: 12\n", "input `porter.yaml`: line 1: `services` is not a list"),
    "a key twice": ("name: a\nname: b\n", "input `porter.yaml`: line 2: duplicate key `name`"),
    "five megabytes": ("# " + "x" * 5_000_000, "input `porter.yaml`: larger than 1048576 bytes"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("command", ["scan aws", "demo"])
def test_a_bad_file_is_refused_before_anything_is_read(
    porter: Porter, tmp_path: Path, command: str, text: str, said: str
) -> None:
    file = tmp_path / "porter.yaml"
    file.write_text(text, encoding="utf-8")
    done = porter(*command.split(), "--porter-yaml", str(file), "--out", str(tmp_path / "out"))
    assert done.code == 3
    (line,) = [line for line in done.err.splitlines() if "error" in line or said in line][:1]
    assert said in line
    assert done.out == ""


def test_a_version_without_a_part_on_services_is_refused_before_anything_is_read(
    porter: Porter, tmp_path: Path
) -> None:
    own = ROOT / "baselines" / "porter" / "2026-05" / "aws.yaml"
    done = porter("scan", "aws", "--baseline", str(own), "--porter-yaml", str(ORDERS))
    assert done.code == 3
    assert "has no part on services' own identities" in done.err


def test_what_is_left_is_not_declared(porter: Porter, tmp_path: Path) -> None:
    done = porter("demo", "--scenario", "revoked", "--porter-yaml", str(ORDERS), "--out", str(tmp_path))
    assert done.code == 3
    assert "do not go together" in done.err
