"""RFC 3161: asked over a real socket, checked offline under a given root, refused when it is about anything else."""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundle_nights import Nights
from time_authority import Authority, authority, make_certificates

from scanner.app.timestamp import check, stamp
from scanner.app.verify import exit_code, lines, verify
from scanner.errors import InputError, RenderError, UsageError
from scanner.evidence.verify import Verification


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("tsa") / "authority") as made:
        yield made


def checked(nights: Nights, root: Path | None) -> Verification:
    (made,) = verify([nights.first], key=nights.keys.public, tsa_cert=root)
    return made


def problems(made: Verification) -> list[str]:
    assert exit_code([made]) == 5
    return [problem for step in made.steps for problem in step.problems]


def test_a_stamp_is_asked_for_with_nothing_but_the_hash_and_holds_offline(copied: Nights, tsa: Authority) -> None:
    before = len(tsa.asked)
    path = stamp(copied.first, tsa.url)
    assert path == copied.first / "manifest.tsr"
    (query,) = tsa.asked[before:]
    assert hashlib.sha256((copied.first / "manifest.json").read_bytes()).digest() in query
    assert len(query) < 100
    step = checked(copied, tsa.root).steps[-1]
    assert (step.name, step.passed, step.detail[:24]) == ("time stamp", True, "the manifest existed at ")


def test_openssl_says_the_same(copied: Nights, tsa: Authority) -> None:
    stamp(copied.first, tsa.url)
    words = ["openssl", "ts", "-verify", "-data", "manifest.json", "-in", "manifest.tsr", "-CAfile", str(tsa.root)]
    done = subprocess.run(words, cwd=copied.first, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr


def test_without_the_root_a_stamp_is_told_of_and_not_believed(copied: Nights, tsa: Authority) -> None:
    stamp(copied.first, tsa.url)
    made = checked(copied, None)
    assert made.passed
    assert any("not checked, give --tsa-cert" in line for line in lines(made))


def test_a_stamp_that_is_not_there_is_missed(copied: Nights, tsa: Authority) -> None:
    assert problems(checked(copied, tsa.root)) == ["manifest.tsr: missing"]


def test_a_stamp_of_another_night_is_found_without_a_root(copied: Nights, tsa: Authority) -> None:
    shutil.copy(stamp(copied.second, tsa.url), copied.first / "manifest.tsr")
    assert problems(checked(copied, None)) == ["manifest.tsr: is over another manifest"]
    assert problems(checked(copied, tsa.root)) == ["manifest.tsr: is over another manifest"]


@pytest.mark.parametrize("data", [b"", b"junk", b"\x30\x80", b"x" * 1_000_001])
def test_what_is_no_stamp_is_refused(copied: Nights, tsa: Authority, data: bytes) -> None:
    (copied.first / "manifest.tsr").write_bytes(data)
    assert problems(checked(copied, None))[0].startswith("manifest.tsr: ")


def test_a_changed_stamp_does_not_hold(copied: Nights, tsa: Authority) -> None:
    path = stamp(copied.first, tsa.url)
    whole = path.read_bytes()
    touched = bytearray(whole)
    touched[-5] ^= 1
    path.write_bytes(touched)
    assert problems(checked(copied, tsa.root))[0].startswith("manifest.tsr: ")


def test_another_authority_is_not_enough(copied: Nights, tsa: Authority, tmp_path: Path) -> None:
    stamp(copied.first, tsa.url)
    make_certificates(tmp_path / "other")
    assert problems(checked(copied, tmp_path / "other" / "root.pem"))[0].startswith(
        "manifest.tsr: its signature does not hold"
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/error", "it answered 503"),
        ("/redirect", "it answered 302"),
        ("/junk", "not a time stamp"),
        ("/stale", "the answer is to another question"),
    ],
)
def test_a_bad_answer_leaves_the_bundle_as_it_was(copied: Nights, tsa: Authority, path: str, message: str) -> None:
    stamp(copied.first, tsa.url).unlink()
    with pytest.raises(RenderError) as caught:
        stamp(copied.first, tsa.url + path)
    assert message in str(caught.value)
    assert str(caught.value).endswith("was written without one")
    assert checked(copied, None).passed
    assert not (copied.first / "manifest.tsr").exists()


def test_nobody_there_is_one_line(copied: Nights) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(RenderError, match=r"no time stamp from `127\.0\.0\.1`: .*refused"):
        stamp(copied.first, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("url", ["", "tsa.example.com", "file:///etc/passwd", "http://", "https://me:pass@x.example"])
def test_what_is_no_address_is_refused_before_the_scan(url: str) -> None:
    with pytest.raises(UsageError, match="--tsa-url"):
        check(url)


def test_a_file_that_is_no_root_is_refused(nights: Nights, tsa: Authority, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no certificate in PEM"):
        checked(nights, nights.keys.public)
    with pytest.raises(InputError, match="holds no root certificate"):
        checked(nights, tsa.folder / "leaf.pem")
    with pytest.raises(UsageError, match="it proves nothing"):
        checked(nights, nights.first / "report.json")
