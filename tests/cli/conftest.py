"""Run the command line inside this process, as a shell would see it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scanner.cli.main import run


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Return what people were told on standard error."""
        return self.err.splitlines()


Porter = Callable[..., Done]


@pytest.fixture(autouse=True)
def _environment_as_before() -> Iterator[None]:
    """`--debug` sets a variable for the rest of the process."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def porter(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Porter:
    def call(*argv: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["porter-audit", *(str(argument) for argument in argv)])
        capfdbinary.readouterr()
        code = run()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Done(code, out.decode(), err.decode())

    return call


ACCOUNT = "111122223333"


def role(name: str, *, trust: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a role as GetAccountAuthorizationDetails prints it; by default one that EC2 may assume."""
    own = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name.upper().replace('-', '')[:16]:X<16}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": trust or {"Version": "2012-10-17", "Statement": [own]},
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
        "RoleLastUsed": {},
        **fields,
    }


def gaad(*roles: dict[str, Any]) -> dict[str, Any]:
    """Return one whole page of an export."""
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": list(roles), "Policies": []}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An account that Porter is not in."""
    path = tmp_path / "gaad.json"
    path.write_text(json.dumps(gaad(role("application"))))
    return path
