"""The REST half of a loopback GCP: from paths to operations, and every scripted fault on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from scanner.localcloud.faults import FaultKind
from scanner.localcloud.gcp_state import GcpRefusal
from scanner.model.common import JsonObject

Answer = Callable[[str, JsonObject], tuple[FaultKind | None, JsonObject]]
"""Operation and parameters in, fault and answer out; raises `GcpRefusal`."""

_NODE = r"(?P<node>(?:projects|folders|organizations)/[^/:?]+)"
_ROUTES: tuple[tuple[str, str, str, str], ...] = (
    ("POST", rf"/v3/{_NODE}:getIamPolicy", "{kind}.getIamPolicy", "resource"),
    ("GET", rf"/v3/{_NODE}", "{kind}.get", "name"),
    ("GET", r"/v3/projects", "projects.list", ""),
    ("GET", r"/v3/folders", "folders.list", ""),
    ("GET", rf"/v1/{_NODE}/services", "services.list", "parent"),
    ("GET", rf"/v1/{_NODE}:searchAllIamPolicies", "searchAllIamPolicies", "scope"),
    ("GET", r"/storage/v1/(?P<parent>projects/[^/]+)/hmacKeys", "projects.hmacKeys.list", "parent"),
    ("GET", rf"/v1/{_NODE}/billingInfo", "projects.getBillingInfo", "name"),
    ("GET", r"/v1/(?P<parent>projects/[^/]+/locations/-)/clusters", "projects.locations.clusters.list", "parent"),
    (
        "GET",
        r"/v1/(?P<parent>projects/[^/]+/locations/global)/workloadIdentityPools",
        "projects.locations.workloadIdentityPools.list",
        "parent",
    ),
    (
        "GET",
        r"/v1/(?P<parent>projects/[^/]+/locations/global/workloadIdentityPools/[^/]+)/providers",
        "projects.locations.workloadIdentityPools.providers.list",
        "parent",
    ),
)
_HTML = b"<html><body>A captive portal answers everything.</body></html>"


def operation_of(method: str, target: str, body: bytes) -> tuple[str, JsonObject] | None:
    """Return the operation a request names and its parameters, or None."""
    parts = urlsplit(target)
    query: JsonObject = {k: v[0] for k, v in parse_qs(parts.query).items()}
    path = unquote(parts.path)
    for verb, pattern, operation, key in _ROUTES:
        found = re.fullmatch(pattern, path)
        if found and verb == method:
            node = found.groupdict().get("node") or ""
            named = {key: found.groupdict().get("parent") or node} if key else {}
            sent = json.loads(body) if body else {}
            return operation.format(kind=node.partition("/")[0]), {**query, **sent, **named}
    return None


def rest_server(answer: Answer) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1 at a free port; the caller runs and closes it."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Answer a read."""
            self._serve()

        def do_POST(self) -> None:
            """Answer a read that takes a body."""
            self._serve()

        def log_message(self, format: str, *args: Any) -> None:
            """Drop the line: the organization keeps its own log."""

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = operation_of(self.command, self.path, body)
            if found is None:
                self._send(404, json.dumps(_error(404, "NOT_FOUND", f"no such path: {self.path}")).encode(), None)
                return
            try:
                kind, data = answer(*found)
            except GcpRefusal as refusal:
                problem = _error(refusal.http_status, refusal.status, refusal.message)
                self._send(refusal.http_status, json.dumps(problem).encode(), None)
                return
            self._send(200, _HTML if kind is FaultKind.MALFORMED else json.dumps(data).encode(), kind)

        def _send(self, status: int, body: bytes, kind: FaultKind | None) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if kind is FaultKind.MALFORMED else "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if kind is FaultKind.CUT else body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the caller gave up, as in a time-out
            if kind is FaultKind.CUT:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


def _error(code: int, status: str, message: str) -> JsonObject:
    return {"error": {"code": code, "status": status, "message": message}}
