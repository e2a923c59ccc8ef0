"""A loopback AWS account that unmodified boto3 clients talk to: moto, what moto lacks, faults, a request log."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlencode

import msgspec

from scanner.localcloud.aws_cloudtrail import look_up
from scanner.localcloud.aws_iam_details import DEFAULT_PAGE_SIZE, authorization_details
from scanner.localcloud.aws_regional import PodIdentities, describe_regions, list_regions
from scanner.localcloud.aws_wire import Call, Environ, Reply, error, query_reply, read_call, xml
from scanner.localcloud.faults import Fault, FaultBook, FaultKind
from scanner.localcloud.moto_account import MotoAccount
from scanner.model.common import JsonObject

DEMO_ACCOUNT_ID = "111122223333"
DEFAULT_REGIONS = ("us-east-1", "us-east-2", "eu-west-1")
CLOSED_REGIONS = ("me-south-1",)
"""Regions that the account has not opted into."""
AUDITOR_ROLE = "SecurityAudit"
"""Role of the identity that reads; the demo's credentials stand for a session of it."""

_HOLD_S = 30.0
"""How long a call that must time out is held; it ends at once when the server stops."""
_FORWARDED = ("iam", "sts", "cloudformation", "eks", "organizations")
_SUFFIX = {"aws-cn": "amazonaws.com.cn"}


class LoggedRequest(msgspec.Struct, frozen=True):
    """One request that arrived, in order."""

    service: str
    operation: str
    region: str
    params: dict[str, str]
    status: int
    fault: FaultKind | None


class LoopbackAws:
    """The running account. Attributes that are not private may be set while it runs."""

    def __init__(self, account_id: str, regions: tuple[str, ...]) -> None:
        self.account_id = account_id
        self.regions = regions
        self.partition = _partition(regions[0])
        self.endpoint = ""
        self.page_size = DEFAULT_PAGE_SIZE
        self.read_only = False
        """Refuse every call whose name does not say that it only reads."""
        self.drift_status = "NOT_CHECKED"
        """What CloudFormation says of the drift of every stack and stack resource; moto says nothing."""
        self.state = MotoAccount(account_id, self.partition)
        self.events: list[JsonObject] = []
        """CloudTrail's event history: records as CloudTrail writes them."""
        self._pods = PodIdentities(account_id, self.partition)
        self._faults = FaultBook()
        self._log: list[LoggedRequest] = []
        self._lock = Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._closing = Event()

    @property
    def requests(self) -> tuple[LoggedRequest, ...]:
        """Return what has arrived so far."""
        with self._lock:
            return tuple(self._log)

    @property
    def refused(self) -> tuple[LoggedRequest, ...]:
        """Return the writes that arrived while the account was read-only."""
        return tuple(r for r in self.requests if r.status == 403 and r.fault is None)

    def forget_requests(self) -> None:
        """Start the request log anew, for example after provisioning."""
        with self._lock:
            self._log.clear()

    def fault(
        self,
        operation: str,
        kind: FaultKind | str,
        *,
        region: str | None = None,
        service: str | None = None,
        after: int = 0,
        times: int | None = None,
        contains: str = "",
    ) -> None:
        """Make calls of `operation` go wrong from now on; see `Fault` for the fields."""
        self._faults.add(Fault(operation, FaultKind(kind), region, service, after, times, contains))

    def clear_faults(self) -> None:
        """Let every call go right again."""
        self._faults.clear()

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which any AWS SDK reads this account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "loopback",
            "AWS_SECRET_ACCESS_KEY": "loopback",
            "AWS_DEFAULT_REGION": self.regions[0],
            "AWS_REGION": self.regions[0],
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client of the account's administrator; no file and no environment variable is read for it."""
        import boto3

        where = region or self.regions[0]
        if (service, where) not in self._clients:
            session: Any = boto3.Session(aws_access_key_id="loopback", aws_secret_access_key="loopback")
            self._clients[service, where] = session.client(service, region_name=where, endpoint_url=self.endpoint)
        return self._clients[service, where]

    def stop_waiting(self) -> None:
        """End the calls that are being held."""
        self._closing.set()

    def __call__(self, environ: Environ, start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        call = read_call(environ)
        kind, reply = self._answer(call, environ)
        with self._lock:
            request_id = f"{len(self._log) + 1:08x}-0000-4000-8000-000000000000"
            self._log.append(
                LoggedRequest(call.service, call.operation, call.region, call.params, reply.status, kind)
            )
        length = len(reply.body)
        body = reply.body[: length // 2] if kind is FaultKind.CUT else reply.body
        headers = [*reply.headers, ("Content-Type", reply.content_type), ("Content-Length", str(length))]
        start_response(f"{reply.status} -", [*headers, ("x-amzn-RequestId", request_id)])
        return [body]

    def _answer(self, call: Call, environ: Environ) -> tuple[FaultKind | None, Reply]:
        if self.read_only and not call.reads_only:
            return None, error(call, _DENIED.get(call.service, "AccessDeniedException"), "read-only account", 403, "-")
        text = f"{call.path} {call.params} {call.body.decode('utf-8', 'replace')}"
        kind = self._faults.strike(call.service, call.operation, call.region, text)
        if kind is FaultKind.TIMEOUT:
            self._closing.wait(_HOLD_S)
            return kind, error(call, "GatewayTimeout", "held until the caller gave up", 504, "-")
        broken = None if kind is None else _broken_reply(kind, call, self._reader_arn())
        if broken is not None:
            return kind, broken
        truncated = kind is FaultKind.TRUNCATED
        if truncated and _ENDLESS in (call.params.get("nextToken"), call.params.get("NextToken")):
            call = _first_page(call, environ)
        reply = self._own(call, truncated) or self._moto(call, environ)
        return kind, _truncate(call, reply) if truncated else reply

    def _own(self, call: Call, truncated: bool) -> Reply | None:
        """Answer what moto does not, or not as AWS does."""
        match (call.service, call.operation):
            case ("iam", "GetAccountAuthorizationDetails"):
                page = authorization_details(self.state.iam, call, page_size=self.page_size, broken=truncated)
                return query_reply(call, page, "iam")
            case ("sts", "GetCallerIdentity") if not self.state.knows_key(call.access_key):
                user_id = f"AROALOOPBACKAUDITOR:{AUDITOR_ROLE}"
                who = {"Arn": self._reader_arn(), "UserId": user_id, "Account": self.account_id}
                return query_reply(call, "".join(xml(k, v) for k, v in who.items()), "sts")
            case ("ec2", "DescribeRegions"):
                suffix = _SUFFIX.get(self.partition, "amazonaws.com")
                return describe_regions(call, self.regions, self._closed(), suffix)
            case ("account", "ListRegions"):
                return list_regions(call, self.regions, self._closed())
            case ("cloudtrail", "LookupEvents"):
                return look_up(self.events, call)
            case ("eks", operation) if operation.endswith(("PodIdentityAssociation", "PodIdentityAssociations")):
                return self._pod_identity(call)
            case (service, operation) if service not in _FORWARDED:
                return error(call, "InvalidAction", f"the loopback account has no {service}:{operation}", 400, "-")
        return None

    def _pod_identity(self, call: Call) -> Reply:
        if not self.state.knows_cluster(call.region, call.path.split("/")[2]):
            return error(call, "ResourceNotFoundException", "no such cluster", 404, "-")
        match call.operation:
            case "CreatePodIdentityAssociation":
                made = self._pods.create(call)
                return error(call, "ResourceInUseException", made, 409, "-") if isinstance(made, str) else made
            case "ListPodIdentityAssociations":
                return self._pods.list(call)
            case "DescribePodIdentityAssociation":
                found = self._pods.describe(call)
            case _:
                found = self._pods.delete(call)
        return found or error(call, "ResourceNotFoundException", "no such association", 404, "-")

    def _moto(self, call: Call, environ: Environ) -> Reply:
        for key in ("PolicyArn", "PermissionsBoundary"):
            if ":iam::aws:policy/" in call.params.get(key, ""):
                self.state.load_aws_managed(call.params[key])
        return _with_drift(self.state.forward(environ, call.access_key), call, self.drift_status)

    def _reader_arn(self) -> str:
        return f"arn:{self.partition}:sts::{self.account_id}:assumed-role/{AUDITOR_ROLE}/loopback"

    def _closed(self) -> tuple[str, ...]:
        return CLOSED_REGIONS if self.partition == "aws" else ()


@contextmanager
def start_aws(
    account_id: str = DEMO_ACCOUNT_ID,
    *,
    regions: tuple[str, ...] = DEFAULT_REGIONS,
    read_only: bool = False,
    page_size: int = DEFAULT_PAGE_SIZE,
) -> Iterator[LoopbackAws]:
    """Run an empty account on 127.0.0.1 at a free port, in a thread of this process, until the block ends.

    Two accounts with different ids can run side by side; the partition is that of the first region.
    """
    from werkzeug.serving import make_server

    cloud = LoopbackAws(account_id, regions)
    cloud.read_only, cloud.page_size = read_only, page_size
    server = make_server("127.0.0.1", 0, cloud, threaded=True, request_handler=_quiet_handler())
    cloud.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="loopback-aws")
    thread.start()
    try:
        yield cloud
    finally:
        cloud.stop_waiting()
        server.shutdown()
        thread.join()
        server.server_close()


def _quiet_handler() -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Quiet(MotoRequestHandler):
        """Say nothing per request; the account keeps its own log."""

        def log(self, type: str, message: str, *args: object) -> None:
            """Drop the line."""

    return Quiet


def _partition(region: str) -> str:
    for start, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(start):
            return partition
    return "aws"


_XML_SERVICES = ("iam", "sts", "cloudformation")
_DENIED = {**dict.fromkeys(_XML_SERVICES, "AccessDenied"), "ec2": "UnauthorizedOperation"}
_THROTTLED = {**dict.fromkeys(_XML_SERVICES, "Throttling"), "ec2": "RequestLimitExceeded"}


def _broken_reply(kind: FaultKind, call: Call, reader: str) -> Reply | None:
    """Return the answer of a fault that needs no right answer first."""
    action = f"{call.service}:{call.operation}"
    because = f"because no identity-based policy allows the {action} action"
    if kind is FaultKind.SCP:
        because = "with an explicit deny in a service control policy"
    match kind:
        case FaultKind.DENIED | FaultKind.SCP:
            message = f"User: {reader} is not authorized to perform: {action} on resource: * {because}"
            return error(call, _DENIED.get(call.service, "AccessDeniedException"), message, 403, "-")
        case FaultKind.THROTTLED:
            status = 503 if call.service == "ec2" else 400
            return error(call, _THROTTLED.get(call.service, "ThrottlingException"), "Rate exceeded", status, "-")
        case FaultKind.UNAVAILABLE:
            return error(call, "ServiceUnavailable", "the service is overloaded", 503, "-")
        case FaultKind.MALFORMED:
            return Reply(200, "text/html", b"<html><body>captive portal: please sign in</html>")
    return None


_DRIFT_AFTER = {
    "DescribeStacks": ("StackStatus", "StackDriftStatus"),
    "ListStackResources": ("ResourceStatus", "StackResourceDriftStatus"),
}


def _with_drift(reply: Reply, call: Call, status: str) -> Reply:
    """Return CloudFormation's answer with the drift status that real answers carry."""
    if call.service != "cloudformation" or call.operation not in _DRIFT_AFTER:
        return reply
    after, name = _DRIFT_AFTER[call.operation]
    end = f"</{after}>".encode()
    addition = xml("DriftInformation", {name: status}).encode()
    return msgspec.structs.replace(reply, body=reply.body.replace(end, end + addition))


_ENDLESS = "again"
"""The token that a truncated list gives for ever."""
_TOKEN_PAGED = ("DescribeStacks", "ListStacks", "ListStackResources", "ListClusters", "ListPodIdentityAssociations")


def _truncate(call: Call, reply: Reply) -> Reply:
    """Return the reply so that it says there is more: a token that never ends, or no token; else half of its body."""
    body = reply.body
    if b"<IsTruncated>" in body:
        changed = body.replace(b"<IsTruncated>false<", b"<IsTruncated>true<")
    elif call.operation in _TOKEN_PAGED and body.startswith(b"{"):
        changed = body.rstrip()[:-1] + f', "nextToken": "{_ENDLESS}"}}'.encode()
    elif call.operation in _TOKEN_PAGED:
        end = f"</{call.operation}Result>".encode()
        changed = body.replace(end, xml("NextToken", _ENDLESS).encode() + end)
    else:
        changed = body[: len(body) // 2]
    return msgspec.structs.replace(reply, body=changed)


def _first_page(call: Call, environ: Environ) -> Call:
    """Return the call as it was before it had the endless token; moto refuses tokens that it did not issue."""
    params = {key: value for key, value in call.params.items() if key.lower() != "nexttoken"}
    if call.service in _XML_SERVICES:
        body = urlencode(params).encode()
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    else:
        environ["QUERY_STRING"] = urlencode(params)
    return msgspec.structs.replace(call, params=params)
