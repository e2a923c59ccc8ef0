"""A time stamp authority on this machine: a certificate of its own, answers made by OpenSSL, a real socket."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[answers]
serial = serial
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "ca.cnf")


class Authority(NamedTuple):
    folder: Path
    url: str
    asked: list[bytes]
    """Every body that was received."""

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def make_certificates(folder: Path) -> None:
    folder.mkdir()
    (folder / "ca.cnf").write_text(CONFIGURATION)
    (folder / "serial").write_text("01\n")
    root = ("-x509", "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Test root", "-extensions", "root")
    openssl(folder, "req", *_NEW_KEY, *root, "-days", "30")
    openssl(folder, "req", *_NEW_KEY, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=Test authority")
    issued = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "ca.cnf", "-extensions", "leaf")
    openssl(folder, "x509", "-req", "-in", "leaf.csr", "-out", "leaf.pem", "-days", "30", *issued)


def answer(folder: Path, query: bytes) -> bytes:
    (folder / "query").write_bytes(query)
    key = ("-signer", "leaf.pem", "-inkey", "leaf.key", "-config", "ca.cnf", "-section", "answers")
    openssl(folder, "ts", "-reply", "-queryfile", "query", "-out", "answer", *key)
    return (folder / "answer").read_bytes()


@contextmanager
def authority(folder: Path) -> Iterator[Authority]:
    """Yield an authority that answers on a free port of this machine; paths other than / misbehave by name."""
    make_certificates(folder)
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(query)
            match self.path:
                case "/error":
                    self.send_error(503)
                case "/redirect":
                    self.send_response(302)
                    self.send_header("Location", "/")
                    self.end_headers()
                case "/junk":
                    self._reply(b"<html>not here")
                case "/stale":
                    self._reply(answer(folder, asked[0]))
                case _:
                    self._reply(answer(folder, query))

        def _reply(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Authority(folder, f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
