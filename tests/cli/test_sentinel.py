"""Planted secrets: whatever is asked for, none of them is in any output, file, bundle, history or message."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import gaad, role

Porter = Callable[..., Any]

EXTERNAL_ID = "planted-external-" + "id-9d2f"
OTHER_ID = "planted-other-" + "id-77aa"
ACCESS_KEY = "AKIA" + "SENTINELSENTINEL"
PASSWORD = "planted-pass" + "word-5b1c"
TOKEN = "eyJ" + "planted.planted.planted"
SECRETS = (EXTERNAL_ID, OTHER_ID, ACCESS_KEY, PASSWORD, TOKEN)
FORMATS = "terminal,json,html,sarif,ocsf,oscal,csv,csv-excel,junit,markdown"


def trust(external_id: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::108458755588:role/CAPIManagement"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }


def account() -> dict[str, Any]:
    told = f"assume with {EXTERNAL_ID}, formerly {OTHER_ID}; key {ACCESS_KEY}"
    tags = [{"Key": "note", "Value": told}, {"Key": ACCESS_KEY, "Value": "ci"}]
    return gaad(
        role("porter-manager", trust=trust(EXTERNAL_ID), Description=told, Tags=tags),
        role("porter-karpenter", trust=trust(OTHER_ID), Description=told),
        role("bystander", Description=told),
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "in" / "installation.key"))
    monkeypatch.setenv("PLANTED_ID", EXTERNAL_ID)
    for name in ("AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, PASSWORD)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    # No browser: a PDF is compressed, and nothing could be seen in it.
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "gaad.json").write_text(json.dumps(account()))
    (tmp_path / "in" / "cut.json").write_text(json.dumps(account())[:-40])
    (tmp_path / "in" / "wrong.json").write_text(json.dumps({"RoleDetailList": [{"RoleName": 7, "x": TOKEN}]}))
    return tmp_path


class Heard:
    """Runs commands and keeps everything they said."""

    def __init__(self, porter: Porter) -> None:
        self._porter = porter
        self.said: list[tuple[str, str]] = []

    def __call__(self, *argv: Any) -> Any:
        done = self._porter(*argv)
        self.said.append((" ".join(str(word) for word in argv), done.out + done.err))
        return done


def leaks(home: Path, heard: Heard, secrets: tuple[str, ...] = SECRETS) -> Iterator[str]:
    for command, text in heard.said:
        yield from (f"{command}: {secret}" for secret in secrets if secret in text)
    for path in sorted(p for p in home.rglob("*") if p.is_file() and not p.is_relative_to(home / "in")):
        data = path.read_bytes()
        yield from (f"{path.relative_to(home)}: {secret}" for secret in secrets if secret.encode() in data)


def test_no_planted_secret_is_in_anything_that_is_made_of_a_file(porter: Porter, home: Path) -> None:
    heard = Heard(porter)
    heard("keygen", "--out", "in/k")
    heard("keygen", "--out", "in/r")
    scan = ("scan", "aws", "--from", "in/gaad.json", "--param", "external_id=env:PLANTED_ID", "--fail-on", "none")
    scan = (*scan, "--format", FORMATS, "--verbose", "--history", "h.sqlite")
    for out, profile in (("full", "full"), ("part", "shareable")):
        assert heard(*scan, "--out", out, "--bundle", profile, "--sign-key", "in/k").code == 0
    (bundle,) = (home / "full").glob("bundle-*")
    (part,) = (home / "part").glob("bundle-*")
    words = ("--reviewer", "Jo", "--decision", "approved")
    assert heard("review", bundle, "--sign-key", "in/r", *words).code == 0
    assert heard("verify", bundle, "--key", "in/k.pub", "--review-key", "in/r.pub").code == 0
    assert heard("replay", bundle).code == 0
    assert heard("report", bundle, "--format", FORMATS, "--verbose", "--out", "again").code == 0
    assert heard("report", bundle, "--format", "binder", "--framework", "cis-aws", "--out", "binder").code == 0
    assert heard("scan", "aws", "--from", bundle, "--fail-on", "none", "--out", "third").code == 0
    assert heard("diff", bundle, part).code in {0, 1}
    assert heard("history", "show", "h.sqlite").code == 0
    assert heard("can", "porter-manager", "iam:PassRole", "*", "--from", "in/gaad.json").code in {0, 1}
    assert len(list(home.rglob("*"))) > 100
    assert list(leaks(home, heard)) == []
    assert b"xid-" in (bundle / "report.json").read_bytes()


def test_no_planted_secret_is_in_a_message_about_bad_input(porter: Porter, home: Path) -> None:
    heard = Heard(porter)
    given = ("--param", "external_id=env:PLANTED_ID")
    for name in ("cut.json", "wrong.json"):
        assert heard("--debug", "scan", "aws", "--from", f"in/{name}", *given).code == 3
    assert heard("scan", "aws", "--from", "in/gaad.json", "--param", f"external_id={EXTERNAL_ID}").code == 3
    assert heard("scan", "aws", "--from", "in/gaad.json", "--tsa-url", f"https://u:{PASSWORD}@x.example").code == 3
    out = ("--out", "o", "--bundle", "full", "--tsa-url", f"https://u:{PASSWORD}@x.example")
    assert heard("scan", "aws", "--from", "in/gaad.json", *out).code == 3
    assert list(leaks(home, heard)) == []


def test_the_private_key_stays_where_it_is(porter: Porter, home: Path) -> None:
    heard = Heard(porter)
    heard("keygen", "--out", "in/k")
    done = heard("scan", "aws", "--from", "in/gaad.json", "--fail-on", "none", "--out", "o", "--sign-key", "in/k")
    assert done.code == 0
    body = (home / "in" / "k").read_text().splitlines()[1]
    assert len(body) > 40
    assert list(leaks(home, heard, (body,))) == []
