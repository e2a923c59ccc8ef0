"""Snapshots and the installation key on disk: whole or not at all, for their owner only."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from scanner.collect.installation_key import key_path, load_hmac_key
from scanner.collect.private_file import write_private
from scanner.collect.snapshot_io import dump_snapshot, load_snapshot, save_snapshot
from scanner.errors import InputError, PorterAuditError, UsageError
from scanner.model.snapshot import (
    SNAPSHOT_SCHEMA,
    ApiCall,
    Caller,
    ExternalIdFact,
    Scope,
    Snapshot,
    SourceKind,
    Unit,
    UnitError,
    UnitStatus,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
UNIT = Unit(
    unit_id="aws/1/global/k",
    kind="k",
    cloud="aws",
    scope_id="1",
    region="global",
    required=True,
    status=UnitStatus.DENIED,
    apis=("iam:GetUser",),
    pages=({"b": 1, "a": {"d": [None, True, 10**30], "c": "\u2028é"}},),
    error=UnitError("AccessDenied", "no", 403),
    started=NOW,
)
CALL = ApiCall(
    unit_id=UNIT.unit_id,
    service="iam",
    operation="GetUser",
    region="us-east-1",
    params={"UserName": "u"},
    page=1,
    items=0,
    outcome=UnitStatus.DENIED,
    started=NOW,
    ended=NOW,
)
SNAPSHOT = Snapshot(
    schema=SNAPSHOT_SCHEMA,
    source=SourceKind.LIVE,
    tool_version="0",
    collected_at=NOW,
    scopes=(Scope(cloud="aws", kind="account", id="1"),),
    units=(UNIT,),
    calls=(CALL,),
    callers=(Caller("aws", "1", "me"),),
    external_ids=(ExternalIdFact("xid-0", wildcard=True),),
    sdk_versions=(("boto3", "1"),),
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_snapshot_reads_back_equal() -> None:
    assert load_snapshot(dump_snapshot(SNAPSHOT)) == SNAPSHOT


def test_the_same_snapshot_gives_the_same_bytes_whatever_order_its_keys_came_in() -> None:
    other = msgspec.structs.replace(UNIT, pages=({"a": {"c": "\u2028é", "d": [None, True, 10**30]}, "b": 1},))
    assert dump_snapshot(msgspec.structs.replace(SNAPSHOT, units=(other,))) == dump_snapshot(SNAPSHOT)


def test_two_units_of_one_id_are_refused() -> None:
    twice = msgspec.structs.replace(SNAPSHOT, units=(UNIT, UNIT))
    with pytest.raises(InputError, match="two units `aws/1/global/k`"):
        load_snapshot(dump_snapshot(twice))


def test_a_snapshot_with_an_unknown_status_is_refused() -> None:
    data = dump_snapshot(SNAPSHOT).replace(b'"denied"', b'"fine"')
    with pytest.raises(InputError, match=r"not a valid snapshot: .*`\$\.calls"):
        load_snapshot(data)


def test_a_saved_file_is_the_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    file.write_text("old")
    file.chmod(0o644)
    save_snapshot(SNAPSHOT, file)
    assert mode(file) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    assert load_snapshot(file.read_bytes()) == SNAPSHOT


def test_a_planted_partial_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("safe")
    (tmp_path / "s.json.partial").symlink_to(victim)
    write_private(tmp_path / "s.json", b"new")
    assert victim.read_text() == "safe"
    assert (tmp_path / "s.json").read_bytes() == b"new"


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    with pytest.raises(PorterAuditError, match="cannot be written"):
        write_private(target, b"x")
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(PorterAuditError, match="no such file"):
        write_private(tmp_path / "missing" / "s.json", b"x")


def test_the_key_is_made_once_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "key"
    first = load_hmac_key(file)
    assert len(first) == 32
    assert load_hmac_key(file) == first
    assert mode(file) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["key"]
    assert load_hmac_key(tmp_path / "other") != first


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"PORTER_AUDIT_KEY_FILE": "/k"}, "/k"),
        ({"XDG_CONFIG_HOME": "/c", "HOME": "/h"}, "/c/porter-audit/installation.key"),
        ({"HOME": "/h"}, "/h/.config/porter-audit/installation.key"),
    ],
)
def test_the_key_has_its_place(environ: dict[str, str], path: str) -> None:
    assert key_path(environ) == Path(path)


def test_the_environment_names_the_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "key"))
    assert load_hmac_key() == load_hmac_key(tmp_path / "key")


@pytest.mark.parametrize("content", ["", "zz", "00" * 8, "é"])
def test_a_file_that_holds_no_key_is_refused_not_replaced(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="installation key"):
        load_hmac_key(file)
    assert file.read_text(encoding="utf-8") == content


def test_a_place_where_no_key_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as caught:
        load_hmac_key(tmp_path / "file" / "key")
    assert caught.value.advice is not None
    assert "PORTER_AUDIT_KEY_FILE" in caught.value.advice
    assert os.listdir(tmp_path) == ["file"]
