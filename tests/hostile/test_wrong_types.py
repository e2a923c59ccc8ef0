"""What decides access in an export, template or plan may be damaged, and then never reads as clean.

Each input is as documented but for one deviation. Wherever in it a value is of the wrong type, the deviation is still
found, or the run says that it is not proven, or the input is refused.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.hostile.law import Ended, breaches, command
from tests.hostile.mutate import replaced, value_at, written
from tests.hostile.plants import PLANTS, Files, Plant, bases
from tests.hostile.target import JUDGED

WRONG: tuple[Any, ...] = (None, 7, "x", {"a": 1}, [7], True, [], {})
EVERY = bool(os.environ.get("FUZZ_TYPES"))
"""Set by hand: every wrong value everywhere, some thousand runs; else two at each place."""


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    return bases(tmp_path_factory.mktemp("documented"))


def scanned(home: Path, plant: Plant, files: Files, damaged: dict[str, bytes] | None = None) -> Ended:
    folder = home / "in"
    folder.mkdir(exist_ok=True)
    for name, value in files.items():
        (folder / f"{name}.json").write_bytes((damaged or {}).get(name) or json.dumps(value).encode())
    source = folder if len(files) > 1 else next(folder.iterdir())
    gates = ("--fail-on", "low", "--fail-on-posture", "none")
    return command("scan", plant.cloud, "--from", source, "--out", "-", "--format", "terminal", *gates)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("base", sorted({plant.base for plant in PLANTS}))
def test_without_a_deviation_the_input_is_clean(documented: dict[str, Files], tmp_path: Path, base: str) -> None:
    plant = next(plant for plant in PLANTS if plant.base == base)
    ended = scanned(tmp_path, plant, documented[base])
    assert ended.code == 0, ended.err or ended.out


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_wrong_type_never_hides_a_deviation(documented: dict[str, Files], tmp_path: Path, plant: Plant) -> None:
    files = copy.deepcopy(documented[plant.base])
    file, at = plant.put(files)
    assert scanned(tmp_path, plant, files).code == 1
    random = Random(plant.name)
    for place in plant.damaged_places(files, file, at):
        held = value_at(files[file], place)
        may = [wrong for wrong in WRONG if type(wrong) is not type(held)]
        for wrong in may if EVERY else [may[0], random.choice(may[1:])]:
            if not place and wrong == []:
                continue  # an empty list is what the tools print where there is nothing to list
            if wrong is None and place and place[-1] in plant.none_is_none:
                continue
            data = written(replaced(files[file], place, lambda _, wrong=wrong: wrong))  # type: ignore[misc]
            ended = scanned(tmp_path, plant, files, {file: data})
            assert breaches(ended, JUDGED) == [], (place, wrong, ended.err)
            assert ended.code != 0, (place, wrong)
