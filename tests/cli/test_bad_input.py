"""Bad input: one clear line, the right exit code, no traceback, no half-written file."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scanner.localcloud.aws import LoopbackAws, start_aws
from scanner.resources import data_dir

from .conftest import gaad, role

Porter = Callable[..., Any]

MEGABYTE = 1_000_000
FILES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "is empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "input `input.json`"),
    "a web page": (b"<!doctype html><title>Sign in</title>", "is not JSON: line 1 column 1"),
    "a file that was cut off": (json.dumps(gaad(role("a"))).encode()[:-40], "the JSON ends early"),
    "another AWS answer": (
        b'{"Buckets": [], "Owner": {}}',
        "not recognised: an object with the keys `Buckets`, `Owner`",
    ),
    "an empty object": (b"{}", "not recognised: an empty object"),
    "a number": (b"42", "not recognised"),
    "not a number": (b'{"RoleDetailList": NaN}', "`NaN` is not a JSON number"),
    "a key that stands twice": (b'{"RoleDetailList": [], "RoleDetailList": []}', "duplicate key `RoleDetailList`"),
    "no account": (json.dumps(gaad()).encode(), "its account is unknown"),
    "brackets without end": (b"[" * 200_000, "input `input.json`"),
    "a snapshot of another version": (b'{"schema": "porter-audit/snapshot/v9"}', "snapshot schema"),
    "a snapshot without its parts": (b'{"schema": "porter-audit/snapshot/v1"}', "not a valid snapshot"),
    "a policy of 50 MB": (b'{"Statement": ["' + b"x" * 50 * MEGABYTE + b'"]}', "not recognised"),
}


def one_line(done: Any, code: int, message: str) -> None:
    """Assert that a run ended with one line for people that says `message`."""
    assert done.code == code, done.err
    errors = [line for line in done.lines if not line.startswith("hint: ")]
    assert len(errors) == 1, done.err
    assert errors[0].startswith("porter-audit: error: ")
    assert message in errors[0]
    assert len(errors[0]) < 1_000
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_a_file_that_is_not_what_it_says(porter: Porter, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "input.json"
    path.write_bytes(content)
    out = tmp_path / "out"
    one_line(porter("scan", "aws", "--from", path, "--out", out), 3, message)
    assert list(out.iterdir()) == []


def test_a_file_that_is_not_there(porter: Porter, tmp_path: Path) -> None:
    one_line(porter("scan", "aws", "--from", tmp_path / "none.json"), 3, "no such file or directory")


def test_a_directory_without_pages(porter: Porter, tmp_path: Path) -> None:
    one_line(porter("scan", "aws", "--from", tmp_path), 3, "no JSON file in this directory")


def test_another_account_than_the_one_named(porter: Porter, export: Path) -> None:
    done = porter("scan", "aws", "--from", export, "--param", "account_id=999999999999")
    one_line(done, 3, "parameter `account_id` is `999999999999`, but what was read is account `111122223333`")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"Statement": [], "Statement": []}', "duplicate key `Statement`"),
        ('{"Roles": []}', "not a policy document"),
        ("[]", "the list is empty"),
        ('{"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps", "Action": "*", "Resource": "*"}]}', "Effect"),
        ('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Acton": "*", "Resource": "*"}]}', "Acton"),
    ],
)
def test_a_policy_that_is_none(porter: Porter, tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "policy.json"
    path.write_text(content)
    one_line(porter("compare", "--live", path, "--documented", path), 3, message)


def test_a_policy_file_of_50_mb(porter: Porter, tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(b'{"Statement": [' + b" " * 50 * MEGABYTE + b"]}")
    one_line(porter("compare", "--live", path, "--documented", path), 3, "larger than 10 MB")


def test_a_documented_version_with_a_key_that_stands_twice(porter: Porter, tmp_path: Path, export: Path) -> None:
    shipped = (data_dir("baselines") / "porter" / "2026-05" / "aws.yaml").read_text()
    path = tmp_path / "own.yaml"
    path.write_text(shipped + "\nvendor: somebody\n")
    one_line(porter("scan", "aws", "--from", export, "--baseline", path), 3, "baseline `own.yaml`")


def test_a_documented_version_with_an_unknown_key_names_it(porter: Porter, tmp_path: Path) -> None:
    shipped = (data_dir("baselines") / "porter" / "2026-05" / "aws.yaml").read_text()
    path = tmp_path / "own.yaml"
    path.write_text(shipped + "\nacions: []\n")
    one_line(porter("baseline", "show", path), 3, "acions")


def test_an_export_is_no_place_for_reports(porter: Porter, export: Path) -> None:
    one_line(porter("scan", "aws", "--from", export, "--out", export / "below"), 3, "cannot write into")


def test_a_report_that_cannot_replace_what_is_there_leaves_all_as_it_was(
    porter: Porter, export: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / "report.json").mkdir(parents=True)
    one_line(porter("scan", "aws", "--from", export, "--out", out), 4, "is a directory")
    assert [path.name for path in out.iterdir()] == ["report.json"]


def test_a_wrong_profile(porter: Porter, tmp_path: Path) -> None:
    out = tmp_path / "out"
    one_line(porter("scan", "aws", "--profile", "nobody", "--out", out), 3, "profile `nobody` is not in the AWS conf")
    assert list(out.iterdir()) == []


def test_no_credentials_at_all(porter: Porter) -> None:
    done = porter("scan", "aws", "--regions", "us-east-1")
    one_line(done, 3, "no AWS credentials found")
    assert done.lines[1].startswith("hint: sign in")


def test_a_region_of_no_partition(porter: Porter, monkeypatch: pytest.MonkeyPatch) -> None:
    _sign_in(monkeypatch, "http://127.0.0.1:9")
    one_line(porter("scan", "aws", "--regions", "mars-north-1"), 3, "region `mars-north-1` is in no AWS partition")


def _sign_in(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "loopback")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "loopback")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)


@contextmanager
def refusing(code: str) -> Iterator[str]:
    """Run a server that answers every call as AWS answers credentials it does not accept."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>".encode()

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(403)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("command", [["scan", "aws"], ["collect", "aws"], ["doctor", "aws"]], ids=" ".join)
@pytest.mark.parametrize(
    ("code", "message"),
    [("ExpiredToken", "the AWS credentials have expired"), ("InvalidClientTokenId", "are not accepted")],
)
def test_credentials_that_aws_does_not_take(
    porter: Porter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str], code: str, message: str
) -> None:
    target = {"scan": ["--out", tmp_path / "out"], "collect": ["--out", tmp_path / "out" / "s.json"], "doctor": []}
    with refusing(code) as endpoint:
        _sign_in(monkeypatch, endpoint)
        one_line(porter(*command, *target[command[0]]), 3, message)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.fixture(scope="module")
def locked_account() -> Iterator[LoopbackAws]:
    """An account whose reader may do nothing but ask who it is, which cannot be denied."""
    with start_aws(regions=("us-east-1",)) as cloud:
        for service in ("iam", "ec2", "account", "cloudformation", "eks", "organizations"):
            cloud.fault("*", "denied", service=service)
        yield cloud


def test_no_permission_at_all_is_incomplete_and_never_a_pass(
    porter: Porter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, locked_account: LoopbackAws
) -> None:
    for name, value in locked_account.environment().items():
        monkeypatch.setenv(name, value)
    done = porter("scan", "aws", "--out", tmp_path / "out")
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["verdict"]["as_documented"] == "not proven"
    assert {finding["result"] for finding in report["findings"]} <= {"INCOMPLETE", "NOT_APPLICABLE"}
    assert porter("scan", "aws", "--allow-incomplete", "-q").code == 0


def test_without_permission_the_doctor_names_what_is_lost_and_what_mends_it(
    porter: Porter, monkeypatch: pytest.MonkeyPatch, locked_account: LoopbackAws
) -> None:
    for name, value in locked_account.environment().items():
        monkeypatch.setenv(name, value)
    done = porter("doctor", "aws")
    assert done.code == 2
    assert "account  111122223333" in done.out
    assert "NOT READ  aws.iam.authorization_details (iam:GetAccountAuthorizationDetails)" in done.out
    assert "no verdict from: AWS-" in done.out
    assert "-> porter-audit permissions aws --tier org --quiet > porter-audit-read.json" in done.out


def test_a_snapshot_of_a_locked_account_is_written_and_says_so(
    porter: Porter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, locked_account: LoopbackAws
) -> None:
    for name, value in locked_account.environment().items():
        monkeypatch.setenv(name, value)
    snapshot = tmp_path / "snapshot.json"
    done = porter("collect", "aws", "--out", snapshot)
    assert done.code == 2
    assert any(line.startswith("not read (required): aws.iam.authorization_details") for line in done.lines)
    assert done.lines[-1] == f"wrote {snapshot}"
    assert porter("scan", "aws", "--from", snapshot, "-q").code == 2
