"""Nobody is called but the cloud that is audited: every connection and every name that is looked up is written down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# An audit hook cannot be taken off again; it sees every socket of the interpreter. gRPC has its own sockets below it.
WATCHED = """
import json, sys
seen = set()
def watch(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        seen.add(str(address[0] if isinstance(address, tuple) else address))
    elif event == "socket.getaddrinfo":
        seen.add(str(arguments[0]))
sys.addaudithook(watch)
from scanner.cli.main import run
code = run()
print(json.dumps(sorted(seen)), file=sys.stderr)
sys.exit(code)
"""
HERE = {"127.0.0.1", "localhost", "::1"}


def called(*argv: str | Path) -> set[str]:
    command = [sys.executable, "-c", WATCHED, *map(str, argv)]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_a_scan_calls_the_cloud_it_audits_and_nobody_else(cloud: str, tmp_path: Path) -> None:
    seen = called("demo", "--cloud", cloud, "--out", tmp_path, "--quiet", "--bundle", "full")
    assert seen
    assert seen - HERE == set()


def test_judging_a_file_calls_nobody(tmp_path: Path) -> None:
    assert called("scan", "aws", "--from", "examples/administrator-role.json", "--out", tmp_path, "--quiet") == set()


def test_the_watch_sees_a_call(tmp_path: Path) -> None:
    """A guard that sees nothing would let everything pass."""
    source = WATCHED.replace("code = run()", "import socket\ncode = socket.socket().connect_ex(('127.0.0.9', 9)) * 0")
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=False)
    assert json.loads(done.stderr.splitlines()[-1]) == ["127.0.0.9"]
