"""How AWS requests and errors look on the wire: which operation a request is, and how each protocol says no."""

from __future__ import annotations

import io
import json
import re
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import msgspec

Environ = dict[str, Any]
"""A WSGI environment; the parsing line of this package."""

QUERY_NAMESPACES: dict[str, str] = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "cloudformation": "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    "ec2": "http://ec2.amazonaws.com/doc/2016-11-15/",
}
"""Services that answer in XML, with the namespace botocore's models give them."""

REST_OPERATIONS: tuple[tuple[str, str, str, str], ...] = (
    ("eks", "GET", r"/clusters", "ListClusters"),
    ("eks", "POST", r"/clusters", "CreateCluster"),
    ("eks", "GET", r"/clusters/[^/]+", "DescribeCluster"),
    ("eks", "DELETE", r"/clusters/[^/]+", "DeleteCluster"),
    ("eks", "GET", r"/clusters/[^/]+/pod-identity-associations", "ListPodIdentityAssociations"),
    ("eks", "POST", r"/clusters/[^/]+/pod-identity-associations", "CreatePodIdentityAssociation"),
    ("eks", "GET", r"/clusters/[^/]+/pod-identity-associations/[^/]+", "DescribePodIdentityAssociation"),
    ("eks", "DELETE", r"/clusters/[^/]+/pod-identity-associations/[^/]+", "DeletePodIdentityAssociation"),
    ("account", "POST", r"/listRegions", "ListRegions"),
)

_SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_READ_ONLY = re.compile(r"(Get|List|Describe|Lookup|BatchGet|Search)[A-Z].*|GenerateCredentialReport|AssumeRole")


class Call(msgspec.Struct, frozen=True):
    """One request as the loopback cloud understood it."""

    service: str
    operation: str
    region: str
    access_key: str
    params: dict[str, str]
    """Query parameters of XML services, query string of REST ones; first value of each."""
    body: bytes
    path: str

    @property
    def reads_only(self) -> bool:
        """Return whether the operation's name says that it changes nothing."""
        return _READ_ONLY.fullmatch(self.operation) is not None


class Reply(msgspec.Struct, frozen=True):
    """A response: status code, content type and body."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def read_call(environ: Environ) -> Call:
    """Return the operation a request asks for; the body stays readable for the next application."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    access_key, region, service = _credential_scope(environ.get("HTTP_AUTHORIZATION", ""))
    path = str(environ.get("PATH_INFO", "/"))
    if service in QUERY_NAMESPACES:
        params = _first_values(body.decode("utf-8", "replace"))
        operation = params.get("Action", "")
    else:
        params = _first_values(str(environ.get("QUERY_STRING", "")))
        operation = _rest_or_json(service, environ, path)
    return Call(service, operation, region, access_key, params, body, path)


def error(call: Call, code: str, message: str, status: int, request_id: str) -> Reply:
    """Return an error as the call's protocol writes it."""
    if call.service == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        return Reply(status, "text/xml", text.encode())
    if call.service in QUERY_NAMESPACES:
        text = (
            f'<ErrorResponse xmlns="{QUERY_NAMESPACES[call.service]}"><Error><Type>Sender</Type>'
            f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Reply(status, "text/xml", text.encode())
    document = json.dumps({"__type": code, "message": message})
    return Reply(status, "application/x-amz-json-1.1", document.encode(), (("x-amzn-ErrorType", code),))


def query_reply(call: Call, result: str, request_id: str) -> Reply:
    """Return a successful answer of a query-protocol service around the XML of its result."""
    text = (
        f'<{call.operation}Response xmlns="{QUERY_NAMESPACES[call.service]}">'
        f"<{call.operation}Result>{result}</{call.operation}Result>"
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{call.operation}Response>"
    )
    return Reply(200, "text/xml", text.encode())


def json_reply(value: object, status: int = 200) -> Reply:
    """Return a successful answer of a REST-JSON service."""
    return Reply(status, "application/json", json.dumps(value).encode())


def xml(tag: str, value: object) -> str:
    """Return a value as AWS's XML: a mapping is its members, a list is `member` elements, None is nothing."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return f"<{tag}>{''.join(xml(str(k), v) for k, v in value.items())}</{tag}>"
    if isinstance(value, list | tuple):
        return f"<{tag}>{''.join(xml('member', v) for v in value)}</{tag}>"
    if isinstance(value, bool):
        return f"<{tag}>{'true' if value else 'false'}</{tag}>"
    return f"<{tag}>{escape(str(value))}</{tag}>"


def _credential_scope(authorization: str) -> tuple[str, str, str]:
    found = _SCOPE.search(authorization)
    return (found.group(1), found.group(2), found.group(3)) if found else ("", "", "")


def _first_values(text: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(text, keep_blank_values=True).items()}


def _rest_or_json(service: str, environ: Environ, path: str) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target).rpartition(".")[2]
    method = str(environ.get("REQUEST_METHOD", "GET"))
    for known, verb, pattern, operation in REST_OPERATIONS:
        if known == service and verb == method and re.fullmatch(pattern, path.rstrip("/")):
            return operation
    return f"{method} {path}"
