"""Servers on this machine that take what channels are sent: real sockets, real clients."""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Web:
    """An HTTP server that keeps what it is sent and answers what it is told to."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.handler: Callable[[Request], tuple[int, Any]] | None = None
        self.url = ""

    def answer(self, status: int, body: bytes = b"ok", **headers: str) -> None:
        """Put an answer into the queue; without one it is 200."""
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, body))

    @property
    def body(self) -> Any:
        """Return the only body, read as JSON."""
        (request,) = self.requests
        return json.loads(request.body)

    def take(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        self.requests.append(request)
        if self.handler is not None:
            status, value = self.handler(request)
            return status, {"Content-Type": "application/json"}, json.dumps(value).encode()
        return self.answers.pop(0) if self.answers else (200, {}, b"ok")


@contextmanager
def web_server() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            status, headers, answer = web.take(request)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = _any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Mailbox:
    """What an SMTP server was sent, and how it behaves."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.users: list[tuple[str, str]] = []
        self.encrypted: list[bool] = []
        self.refuses = ""
        """A command that is answered with 550."""
        self.server = ""


@contextmanager
def smtp_server(certificate: Any = None) -> Iterator[Mailbox]:
    """Yield a small SMTP server; with a certificate of trustme it offers STARTTLS and AUTH PLAIN."""
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            secure = False
            self._say("220 test")
            while line := self.rfile.readline().decode().strip():
                verb, _, rest = line.partition(" ")
                verb = verb.upper()
                if verb == box.refuses:
                    self._say("550 no")
                elif verb == "EHLO":
                    more = ["STARTTLS"] if certificate is not None and not secure else []
                    more += ["AUTH PLAIN"] if secure else []
                    said = ["test", *more]
                    for number, one in enumerate(said):
                        self._say(f"250{'-' if number + 1 < len(said) else ' '}{one}")
                elif verb == "STARTTLS":
                    self._say("220 go on")
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    certificate.configure_cert(context)
                    self.connection = context.wrap_socket(self.connection, server_side=True)
                    self.rfile = self.connection.makefile("rb")
                    self.wfile = self.connection.makefile("wb", 0)
                    secure = True
                elif verb == "AUTH":
                    _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
                    box.users.append((user, password))
                    self._say("235 ok" if password == "right" else "535 wrong")
                elif verb == "DATA":
                    self._say("354 send")
                    lines = []
                    while (data := self.rfile.readline()) not in (b".\r\n", b""):
                        lines.append(data)
                    box.mails.append(b"".join(lines))
                    box.encrypted.append(secure)
                    self._say("250 taken")
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    box.server = f"localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Repository:
    """Issues of one repository, kept as GitHub keeps them."""

    def __init__(self, web: Web) -> None:
        self.issues: list[dict[str, Any]] = []
        self.comments: list[tuple[int, str]] = []
        web.handler = self.handle

    def handle(self, request: Request) -> tuple[int, Any]:
        if request.headers.get("authorization") != "Bearer token-for-tests":
            return 401, {"message": "Bad credentials"}
        path, _, query = request.path.partition("?")
        parts = path.strip("/").split("/")
        fields = json.loads(request.body) if request.body else {}
        if request.method == "GET":
            page = int(query.rpartition("page=")[2])
            return 200, self.issues[(page - 1) * 100 : page * 100]
        if len(parts) == 4:
            issue = {"number": len(self.issues) + 1, "state": "open", **fields}
            self.issues.append(issue)
            return 201, issue
        issue = self.issues[int(parts[4]) - 1]
        if len(parts) == 6:
            self.comments.append((issue["number"], fields["body"]))
            return 201, {}
        issue.update(fields)
        return 200, issue
