"""Files of a report: all of them, whole, or none."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scanner.app.files import prepare_directory, write_all
from scanner.errors import RenderError, UsageError


def test_all_files_are_written_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    write_all({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"a": b"1", "b": b"2"}
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()} == {0o600}


def test_if_one_cannot_be_written_none_is_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"before")
    not_a_directory = tmp_path / "file"
    not_a_directory.write_bytes(b"")
    with pytest.raises(RenderError, match="not a directory"):
        write_all({tmp_path / "old": b"after", tmp_path / "new": b"x", not_a_directory / "b": b"2"})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "old"]
    assert (tmp_path / "old").read_bytes() == b"before"


def test_a_directory_in_place_of_a_file_is_noticed_before_anything_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(RenderError, match="is a directory"):
        write_all({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


def test_a_link_in_place_of_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    import os

    target = tmp_path / "victim"
    target.write_bytes(b"before")
    (tmp_path / f".a.{os.getpid()}.partial").symlink_to(target)
    write_all({tmp_path / "a": b"1"})
    assert target.read_bytes() == b"before"
    assert (tmp_path / "a").read_bytes() == b"1"


def test_a_new_directory_is_private_and_left_empty(tmp_path: Path) -> None:
    out = tmp_path / "x" / "y"
    prepare_directory(out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_place_that_cannot_be_written_is_named_before_the_scan(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot write into"):
        prepare_directory(tmp_path / name)
