"""porter.yaml files in the snapshot: one unit each, told apart by name, names of variables only."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from scanner.collect.declared import read_declared, with_declared
from scanner.errors import InputError
from scanner.model.porter_yaml import AwsRoleConnection
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Snapshot, SourceKind
from scanner.normalize.inventory import normalize

NOW = datetime(2026, 6, 1, tzinfo=UTC)
EMPTY = Snapshot(SNAPSHOT_SCHEMA, SourceKind.LIVE, "0", NOW, (), ())
ORDERS = """\
name: orders
services:
  - name: api
    env:
      TOKEN: "not-to-be-kept"
    connections:
      - type: awsRole
        role: orders-api
"""


def write(path: Path, text: str = ORDERS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_declared_comes_back_out_of_the_snapshot(tmp_path: Path) -> None:
    units = read_declared([write(tmp_path / "porter.yaml")], NOW)
    snapshot = with_declared(EMPTY, units)
    raw = msgspec.json.encode(snapshot)
    assert b"not-to-be-kept" not in raw
    assert os.fsencode(tmp_path) not in raw
    (file,) = normalize(msgspec.json.decode(raw, type=Snapshot)).porter_yaml
    assert (file.file, file.app) == ("porter.yaml", "orders")
    assert file.services[0].connections == (AwsRoleConnection(line=7, role="orders-api"),)
    assert [name.name for name in file.services[0].env] == ["TOKEN"]


def test_files_of_one_name_are_told_apart_by_the_folders_above_them(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a" / "x" / "porter.yaml"), write(tmp_path / "b" / "x" / "porter.yaml")]
    units = read_declared([*paths, write(tmp_path / "other.yaml")], NOW)
    assert [unit.scope_id for unit in units] == ["a/x/porter.yaml", "b/x/porter.yaml", "other.yaml"]
    assert units[0].unit_id == "files/a%2Fx%2Fporter.yaml/global/porter-yaml"
    assert len({unit.unit_id for unit in units}) == 3


def test_the_same_file_given_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "porter.yaml")
    with pytest.raises(InputError, match="is given twice"):
        read_declared([path, tmp_path / "." / "porter.yaml"], NOW)


def test_files_given_again_replace_those_the_snapshot_held(tmp_path: Path) -> None:
    first = read_declared([write(tmp_path / "one.yaml")], NOW)
    second = read_declared([write(tmp_path / "two.yaml")], NOW)
    assert [u.scope_id for u in with_declared(with_declared(EMPTY, first), second).units] == ["two.yaml"]
    assert with_declared(EMPTY, ()) is EMPTY


def test_a_page_that_declares_nothing_is_refused_with_its_unit(tmp_path: Path) -> None:
    (unit,) = read_declared([write(tmp_path / "porter.yaml")], NOW)
    broken = msgspec.structs.replace(unit, pages=({"file": "x", "app": 1, "services": []},))
    with pytest.raises(InputError, match=r"unit `files/porter\.yaml/global/porter-yaml`: expected"):
        normalize(with_declared(EMPTY, (broken,)))


BAD = {
    "a bomb of aliases": ("a: &a [x, x]\nb: &b [*a, *a]\nservices: [*b]\n", "line 1: "),
    "a key twice": ("services: []\nservices: []\n", "line 2: "),
    "a tab": ("services:\n\t- name: a\n", "line 2: "),
    "services that are text": ("services: api\n", "line 1: `services` is not a list"),
    "a service that is text": ("services:\n  - api\n", "line 2: a service is not a mapping"),
    "a connection that is text": ("services:\n  - name: a\n    connections:\n      - awsRole\n", "line 4: "),
    "no services": ("name: a\n", "line 1: there are no `services`"),
    "several documents": ("services: []\n---\nservices: []\n", "line 2: "),
    "a foreign tag": ("services: !!python/object:os.system []\n", "line 1: "),
    "too deep": ("services: " + "[" * 200 + "]" * 200 + "\n", "line 1: "),
    "five megabytes": ("# " + "x" * 5_000_000, "larger than 1048576 bytes"),
    "not text": ("services: \x00\n", ""),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_bad_files_get_one_line_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_declared([write(tmp_path / "porter.yaml", text)], NOW)
    assert str(caught.value).startswith("input `porter.yaml`: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"input `porter.yaml`: cannot be read: no such file"):
        read_declared([tmp_path / "porter.yaml"], NOW)
