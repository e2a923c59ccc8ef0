"""A scripted AWS on a loopback socket: speaks the Query, EC2, JSON and REST-JSON protocols to the real SDK.

Answers are Python dicts in the SDK's own shape; the SDK's service models say how they look on the wire.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

import msgspec

JsonObject = dict[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """An error answer of the provider."""

    code: str
    message: str = "refused by the test"
    status: int = 400


class Raw(msgspec.Struct, frozen=True):
    """Bytes sent as they are, with status 200 unless said otherwise."""

    body: bytes
    status: int = 200


class Hang(msgspec.Struct, frozen=True):
    """No answer until the server stops."""


class Drop(msgspec.Struct, frozen=True):
    """The connection is closed without an answer."""


Reply = JsonObject | Fault | Raw | Hang | Drop
Script = Callable[[JsonObject], Reply]
"""From the parameters of a call (for the Query protocol: its flat form) to the reply."""

Answer = Script | Reply


class Request(msgspec.Struct, frozen=True):
    """A request that arrived."""

    service: str
    region: str
    operation: str
    params: JsonObject
    user_agent: str


class FakeAws:
    """The server. `answers` maps `service:Operation`, or `service:Operation@region`, to a reply or a script."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        """Return the endpoint for the SDK."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> FakeAws:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()

    def reply(self, request: Request) -> Reply:
        """Note the request and return what the script says."""
        with self._lock:
            self.requests.append(request)
        name = f"{request.service}:{request.operation}"
        found = self.answers.get(f"{name}@{request.region}", self.answers.get(name))
        if found is None:
            return Fault("UnexpectedCall", f"no answer is scripted for {name}", 500)
        return found(request.params) if callable(found) else found

    def operations(self) -> list[str]:
        """Return `service:Operation` of every request that arrived, in order."""
        return [f"{request.service}:{request.operation}" for request in self.requests]


def service_model(service: str) -> Any:
    """Return the SDK's model of a service."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


_MODELS: dict[str, Any] = {}


def _model(service: str) -> Any:
    if service not in _MODELS:
        _MODELS[service] = service_model(service)
    return _MODELS[service]


def _handler(fake: FakeAws) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self._serve()

        def do_GET(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = _parse(self, body)
            reply = fake.reply(request)
            if isinstance(reply, Hang | Drop):
                if isinstance(reply, Hang):
                    fake.stopping.wait(30)
                self.close_connection = True
                return
            status, content_type, payload = _render(request, reply)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(payload)))
            self.send_header("x-amzn-RequestId", f"req-{request.operation}")
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            return

    return Handler


def _parse(handler: BaseHTTPRequestHandler, body: bytes) -> Request:
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", handler.headers.get("Authorization") or "")
    region, service = scope.groups() if scope else ("unsigned", "unsigned")
    target = handler.headers.get("X-Amz-Target")
    if target:
        operation, params = target.rsplit(".", 1)[-1], json.loads(body or b"{}")
    elif b"Action=" in body:
        params = dict(parse_qsl(body.decode()))
        operation = params.pop("Action")
    else:
        operation, params = _rest(service, handler, body)
    return Request(service, region, operation, params, handler.headers.get("User-Agent") or "")


def _rest(service: str, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[str, JsonObject]:
    parts = urlsplit(handler.path)
    model = _model(service)
    for name in model.operation_names:
        http = model.operation_model(name).http
        pattern = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", http["requestUri"].split("?")[0])
        match = re.fullmatch(pattern, parts.path)
        if match and http["method"] == handler.command:
            sent = {**match.groupdict(), **dict(parse_qsl(parts.query))}
            named = _members_by_location(model.operation_model(name).input_shape)
            params = {named.get(key, key): unquote(value) for key, value in sent.items()}
            return name, {**params, **(json.loads(body) if body else {})}
    return "UnknownPath", {"path": parts.path}


def _members_by_location(shape: Any) -> dict[str, str]:
    """Return the parameter behind each name used in a path or query."""
    members = shape.members if shape is not None else {}
    return {member.serialization.get("name", key): key for key, member in members.items()}


def _render(request: Request, reply: JsonObject | Fault | Raw) -> tuple[int, str, bytes]:
    if isinstance(reply, Raw):
        return reply.status, "text/html", reply.body
    protocol = _model(request.service).metadata["protocol"]
    if protocol in ("query", "ec2"):
        return _xml(request, reply, protocol)
    if isinstance(reply, Fault):
        error = {"__type": reply.code, "message": reply.message}
        return reply.status, "application/x-amz-json-1.1", json.dumps(error).encode()
    return 200, "application/x-amz-json-1.1", json.dumps(reply).encode()


def _xml(request: Request, reply: JsonObject | Fault, protocol: str) -> tuple[int, str, bytes]:
    if isinstance(reply, Fault):
        error = f"<Error><Code>{reply.code}</Code><Message>{escape(reply.message)}</Message></Error>"
        body = f"<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>"
        if protocol == "query":
            body = f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"
        return reply.status, "text/xml", body.encode()
    shape = _model(request.service).operation_model(request.operation).output_shape
    inner = _members(shape, reply)
    name = request.operation
    if protocol == "query":
        meta = f"<ResponseMetadata><RequestId>req-{name}</RequestId></ResponseMetadata>"
        inner = f"<{name}Result>{inner}</{name}Result>{meta}"
    return 200, "text/xml", f"<{name}Response>{inner}</{name}Response>".encode()


def _members(shape: Any, value: JsonObject) -> str:
    return "".join(
        _element(shape.members[key].serialization.get("name", key), shape.members[key], item)
        for key, item in value.items()
    )


def _element(name: str, shape: Any, value: Any) -> str:
    return f"<{name}>{_content(shape, value)}</{name}>"


def _content(shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        return _members(shape, value)
    if shape.type_name == "list":
        tag = shape.member.serialization.get("name", "member")
        return "".join(_element(tag, shape.member, item) for item in value)
    if shape.type_name == "map":
        return "".join(f"<entry><key>{key}</key><value>{item}</value></entry>" for key, item in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return escape(str(value))
