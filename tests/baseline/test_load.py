"""Finding and loading: a broken file is refused with one line that names file, role and key."""

from __future__ import annotations

import json
import time
from pathlib import Path

import jsonschema
import pytest
from small_baseline import BROKEN, Break, small

from scanner.baseline.load import find, known, load_aws
from scanner.errors import BaselineError
from scanner.resources import data_dir

# Only the loader sees these: they tie parts of the file together.
BEYOND_SCHEMA = {
    "source of an unknown document",
    "statement named twice",
    "reference to nothing",
    "reference to something else",
    "managed policy that names no row",
    "ExternalId required without a condition",
    "ExternalId not required with a condition",
    "no ExternalId without a reason",
    "risk note on an unknown role",
    "two roles of one live name",
}


def _write(path: Path, data: object) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_small_file_is_accepted_by_loader_and_schema(tmp_path: Path) -> None:
    loaded = load_aws(_write(tmp_path / "aws.yaml", small()))
    assert loaded.id == "acme@1"
    assert [statement.sid for statement in loaded.roles[0].statements] == ["Read", "ReadMore"]
    _validate(small())


@pytest.mark.parametrize(("break_it", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_file_is_refused_with_its_place(tmp_path: Path, break_it: Break, message: str) -> None:
    data = small()
    break_it(data)
    with pytest.raises(BaselineError) as caught:
        load_aws(_write(tmp_path / "aws.yaml", data))
    assert str(caught.value).startswith("baseline `aws.yaml`: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(set(BROKEN) - BEYOND_SCHEMA))
def test_schema_refuses_what_the_loader_refuses(name: str) -> None:
    data = small()
    BROKEN[name][0](data)
    with pytest.raises(jsonschema.ValidationError):
        _validate(data)


def _validate(data: object) -> None:
    schema = json.loads((data_dir("baselines") / "schema" / "baseline-aws.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema)


def test_the_message_of_a_misspelt_key_names_file_role_and_key(tmp_path: Path) -> None:
    data = small()
    data["roles"]["acme-reader"]["acions"] = []
    with pytest.raises(BaselineError, match=r"^baseline `aws\.yaml`: role `acme-reader`: unknown key `acions`$"):
        load_aws(_write(tmp_path / "aws.yaml", data))


def test_a_hostile_key_cannot_forge_lines_or_escape_its_backticks(tmp_path: Path) -> None:
    data = small()
    data["roles"]["acme-reader"]["x`\n\x1b[31mok"] = 1
    with pytest.raises(BaselineError) as caught:
        load_aws(_write(tmp_path / "aws.yaml", data))
    assert str(caught.value).isprintable()
    assert str(caught.value).endswith("unknown key `x???[31mok`")


def test_shipped_version_is_found_by_its_name(aws_file: Path) -> None:
    assert find("porter@2026-05") == aws_file.parent
    assert "porter@2026-05" in known()


def test_directory_and_file_are_found_by_their_path(tmp_path: Path) -> None:
    file = _write(tmp_path / "aws.yaml", small())
    assert load_aws(find(str(tmp_path))) == load_aws(find(str(file)))


@pytest.mark.parametrize(
    "spec",
    [
        "porter@2031-01",
        "acme@1",
        "",
        "no/such/file",
        "../porter@2026-05",
        "porter@../../schema",
        "a\0b",
        "x\ny",
        "x" * 5000,
    ],
)
def test_unknown_version_names_the_known_ones(spec: str) -> None:
    with pytest.raises(BaselineError, match=r"^unknown documented version .*`porter@2026-05`") as caught:
        find(spec)
    assert "\n" not in str(caught.value)


def test_directory_without_an_aws_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"baseline `aws\.yaml`: no such file"):
        load_aws(tmp_path)


def test_shipped_file_loads_in_a_fraction_of_a_second(aws_file: Path) -> None:
    started = time.perf_counter()
    load_aws(aws_file)
    assert time.perf_counter() - started < 1.0
