"""A light AWS Organization of many accounts that real SDK clients talk to, in a process of its own.

Every account answers from the same prepared bodies with its id filled in, so that a thousand of them cost nothing.
Access key `fleet<account id>` reads an account; `loopback` reads the organization and assumes roles.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from collections.abc import Callable
from urllib.parse import parse_qs

import msgspec

from scanner.localcloud.aws_wire import QUERY_NAMESPACES, REST_OPERATIONS

ANY_ACCOUNT = "000000000000"
"""Stands in prepared bodies where each account's id goes."""
MANAGEMENT = "999999999999"
ORGANIZATION = "o-loopback01"
READER_ROLE = "porter-audit"

_SCOPE = re.compile(rb"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"\r\nx-amz-target: *([^\r]+)", re.IGNORECASE)
_PAGE = 100
_ORGANIZATION_PAGE = 20
"""The most that ListAccounts returns at once."""


class FleetSpec(msgspec.Struct, frozen=True):
    """What the organization is made of and how it answers."""

    accounts: tuple[str, ...]
    bodies: tuple[tuple[str, ...], ...]
    """Pages of GetAccountAuthorizationDetails (XML of the result), one tuple per kind of account."""
    kinds: dict[str, int] = {}
    """Account -> index in `bodies`; others have the first."""
    summary: str = ""
    """XML of GetAccountSummary's result."""
    regions: tuple[str, ...] = ("us-east-1", "us-east-2")
    home: str = "us-east-2"
    """Where each account has the stack and the cluster; its other regions are empty."""
    stack: str = ""
    """XML of DescribeStacks' result."""
    stack_resources: str = ""
    cluster: str = ""
    """Name of the cluster."""
    associations: dict[str, str] = {}
    """Id of a Pod Identity association -> JSON of it."""
    external_id: str = ""
    suspended: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    """Accounts whose role cannot be assumed."""
    silent: tuple[str, ...] = ()
    """Accounts that take a request and never answer it."""
    held: tuple[str, ...] = ()
    """Accounts that are answered only after somebody has asked for `/-/release`."""
    latency_s: float = 0.0
    throttled: float = 0.0
    """Share of requests that are refused as too many."""
    cut_list: bool = False
    """ListAccounts fails on its second page."""
    seed: int = 1


class _Said(Exception):
    """An error that the cloud answers with."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class _Asked(msgspec.Struct, frozen=True):
    """One request as it was understood."""

    account: str
    service: str
    operation: str
    region: str
    params: dict[str, str]
    path: str


class FleetAws:
    """Answers requests for every account of a spec; counts what arrives."""

    def __init__(self, spec: FleetSpec) -> None:
        self._spec = spec
        self._accounts = frozenset(spec.accounts)
        self._random = random.Random(spec.seed)
        self._released = asyncio.Event()
        self.requests: dict[str, int] = {}
        """`account operation` -> how often it arrived."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
                writer.write(await self._answer(head, body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"GET /-/requests "):
            return _http(200, "application/json", json.dumps(self.requests))
        if head.startswith(b"GET /-/release "):
            self._released.set()
            return _http(200, "application/json", "{}")
        asked = _understood(head, body)
        key = f"{asked.account} {asked.operation}"
        self.requests[key] = self.requests.get(key, 0) + 1
        if asked.account in self._spec.silent and asked.operation != "AssumeRole":
            await asyncio.Event().wait()
        if asked.account in self._spec.held:
            await self._released.wait()
        await asyncio.sleep(self._spec.latency_s)
        try:
            if self._random.random() < self._spec.throttled:
                raise _Said("Throttling", "Rate exceeded", 400)
            return self._reply(asked)
        except _Said as error:
            return _refusal(asked, error)

    def _reply(self, asked: _Asked) -> bytes:
        if asked.operation == "AssumeRole":
            return _xml(asked, self._assumed(asked))
        if asked.service == "organizations":
            return self._organization(asked)
        if asked.account not in self._accounts:
            raise _Said("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        answer = _ANSWERS.get(asked.operation)
        if asked.region == self._spec.home and asked.operation in _REGIONAL:
            return self._at_home(asked)
        if asked.operation == "GetAccountAuthorizationDetails":
            return _xml(asked, self._details(asked))
        if asked.operation == "GetAccountSummary":
            return _xml(asked, self._spec.summary)
        if asked.operation == "DescribeRegions":
            return _ec2_regions(self._spec.regions)
        if asked.operation == "ListRegions":
            rows = [{"RegionName": r, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for r in self._spec.regions]
            return _http(200, "application/json", json.dumps({"Regions": rows}))
        if answer is None:
            raise _Said("AccessDenied", f"{asked.operation} is not answered here", 403)
        return answer(asked)

    def _at_home(self, asked: _Asked) -> bytes:
        """Answer of the one region that is not empty."""
        spec, mine = self._spec, asked.path.rsplit("/", 1)[-1]
        match asked.operation:
            case "DescribeStacks":
                return _xml(asked, spec.stack.replace(ANY_ACCOUNT, asked.account))
            case "ListStackResources":
                return _xml(asked, spec.stack_resources.replace(ANY_ACCOUNT, asked.account))
            case "ListClusters":
                body: object = {"clusters": [spec.cluster]}
            case "DescribeCluster":
                arn = f"arn:aws:eks:{spec.home}:{asked.account}:cluster/{spec.cluster}"
                body = {"cluster": {"name": spec.cluster, "arn": arn, "status": "ACTIVE"}}
            case "ListPodIdentityAssociations":
                rows = [json.loads(text.replace(ANY_ACCOUNT, asked.account)) for text in spec.associations.values()]
                body = {"associations": [{k: v for k, v in row.items() if k != "roleArn"} for row in rows]}
            case _:
                body = {"association": json.loads(spec.associations[mine].replace(ANY_ACCOUNT, asked.account))}
        return _http(200, "application/json", json.dumps(body))

    def _assumed(self, asked: _Asked) -> str:
        account = asked.params.get("RoleArn", "::::").split(":")[4]
        wrong = self._spec.external_id and asked.params.get("ExternalId") != self._spec.external_id
        if account not in self._accounts or account in self._spec.denied or wrong:
            raise _Said("AccessDenied", f"not authorized to perform: sts:AssumeRole on account {account}", 403)
        credentials = (
            f"<AccessKeyId>fleet{account}</AccessKeyId><SecretAccessKey>loopback</SecretAccessKey>"
            "<SessionToken>loopback</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
        )
        arn = f"arn:aws:sts::{account}:assumed-role/{READER_ROLE}/porter-audit"
        user = f"<AssumedRoleId>AROAFLEET:porter-audit</AssumedRoleId><Arn>{arn}</Arn>"
        return f"<Credentials>{credentials}</Credentials><AssumedRoleUser>{user}</AssumedRoleUser>"

    def _details(self, asked: _Asked) -> str:
        pages = self._spec.bodies[self._spec.kinds.get(asked.account, 0)]
        number = int(asked.params.get("Marker", "0"))
        more = number + 1 < len(pages)
        end = f"<IsTruncated>true</IsTruncated><Marker>{number + 1}</Marker>" if more else _NOT_TRUNCATED
        return pages[number].replace(ANY_ACCOUNT, asked.account) + end

    def _organization(self, asked: _Asked) -> bytes:
        if asked.operation != "ListAccounts" or asked.account != MANAGEMENT:
            raise _Said("AccessDeniedException", "You don't have permissions to access this resource.", 400)
        start = int(asked.params.get("NextToken") or 0)
        if self._spec.cut_list and start:
            raise _Said("AccessDeniedException", "You don't have permissions to access this resource.", 400)
        everybody = [MANAGEMENT, *self._spec.accounts, *self._spec.suspended]
        page = everybody[start : start + _ORGANIZATION_PAGE]
        answer: dict[str, object] = {"Accounts": [self._row(one) for one in page]}
        if start + _ORGANIZATION_PAGE < len(everybody):
            answer["NextToken"] = str(start + _ORGANIZATION_PAGE)
        return _http(200, "application/x-amz-json-1.1", json.dumps(answer))

    def _row(self, account: str) -> dict[str, str]:
        state = "SUSPENDED" if account in self._spec.suspended else "ACTIVE"
        arn = f"arn:aws:organizations::{MANAGEMENT}:account/{ORGANIZATION}/{account}"
        return {"Id": account, "Arn": arn, "Name": f"account {account[-4:]}", "State": state, "Status": state}


def _understood(head: bytes, body: bytes) -> _Asked:
    scope = _SCOPE.search(head)
    key, region, service = (part.decode() for part in scope.groups()) if scope else ("", "", "")
    account = MANAGEMENT if key == "loopback" else key.removeprefix("fleet")
    method, path = head.split(b" ", 2)[:2]
    target = _TARGET.search(head)
    params: dict[str, str] = {}
    if target is not None:
        operation = target[1].decode().rpartition(".")[2].strip()
        params = {k: str(v) for k, v in json.loads(body or b"{}").items()}
    elif service in QUERY_NAMESPACES:
        params = {k: v[0] for k, v in parse_qs(body.decode()).items()}
        operation = params.get("Action", "")
    else:
        operation = _rest(service, method.decode(), path.decode().partition("?")[0])
    return _Asked(account, service, operation, region, params, path.decode().partition("?")[0].rstrip("/"))


def _rest(service: str, method: str, path: str) -> str:
    for known, verb, pattern, operation in REST_OPERATIONS:
        if known == service and verb == method and re.fullmatch(pattern, path.rstrip("/")):
            return operation
    return f"{method} {path}"


_REGIONAL = frozenset(
    {
        *("DescribeStacks", "ListStackResources", "ListClusters", "DescribeCluster"),
        *("ListPodIdentityAssociations", "DescribePodIdentityAssociation"),
    }
)
_NOT_TRUNCATED = "<IsTruncated>false</IsTruncated>"


def _http(status: int, kind: str, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nx-amzn-RequestId: fleet\r\n\r\n"
    )
    return head.encode() + body


def _xml(asked: _Asked, result: str) -> bytes:
    name = asked.operation
    text = (
        f'<{name}Response xmlns="{QUERY_NAMESPACES[asked.service]}"><{name}Result>{result}</{name}Result>'
        f"<ResponseMetadata><RequestId>fleet</RequestId></ResponseMetadata></{name}Response>"
    )
    return _http(200, "text/xml", text)


def _ec2_regions(regions: tuple[str, ...]) -> bytes:
    rows = "".join(
        f"<item><regionName>{r}</regionName><optInStatus>opt-in-not-required</optInStatus></item>" for r in regions
    )
    head = f'<DescribeRegionsResponse xmlns="{QUERY_NAMESPACES["ec2"]}"><requestId>fleet</requestId>'
    return _http(200, "text/xml", f"{head}<regionInfo>{rows}</regionInfo></DescribeRegionsResponse>")


def _refusal(asked: _Asked, error: _Said) -> bytes:
    if asked.service in QUERY_NAMESPACES and asked.service != "ec2":
        space = QUERY_NAMESPACES[asked.service]
        text = (
            f'<ErrorResponse xmlns="{space}"><Error><Type>Sender</Type><Code>{error.code}</Code>'
            f"<Message>{error}</Message></Error><RequestId>fleet</RequestId></ErrorResponse>"
        )
        return _http(error.status, "text/xml", text)
    if asked.service == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{error.code}</Code><Message>{error}</Message></Error></Errors></Response>"
        )
        return _http(error.status, "text/xml", text)
    answer = {"__type": error.code, "message": str(error)}
    return _http(error.status, "application/x-amz-json-1.1", json.dumps(answer))


def _who(asked: _Asked) -> bytes:
    arn = f"arn:aws:sts::{asked.account}:assumed-role/{READER_ROLE}/porter-audit"
    return _xml(asked, f"<Arn>{arn}</Arn><UserId>AROAFLEET:x</UserId><Account>{asked.account}</Account>")


def _no_stack(asked: _Asked) -> bytes:
    raise _Said("ValidationError", "Stack with id PorterRole does not exist", 400)


_ANSWERS: dict[str, Callable[[_Asked], bytes]] = {
    "GetCallerIdentity": _who,
    "ListAccessKeys": lambda asked: _xml(asked, f"<AccessKeyMetadata/>{_NOT_TRUNCATED}"),
    "ListOpenIDConnectProviders": lambda asked: _xml(asked, "<OpenIDConnectProviderList/>"),
    "ListSAMLProviders": lambda asked: _xml(asked, "<SAMLProviderList/>"),
    "ListInstanceProfiles": lambda asked: _xml(asked, f"<InstanceProfiles/>{_NOT_TRUNCATED}"),
    "DescribeStacks": _no_stack,
    "ListClusters": lambda asked: _http(200, "application/json", '{"clusters": []}'),
}


async def run(spec: FleetSpec) -> None:
    """Serve on a free port of the loopback address, print it on one line, and go on until the process is ended."""
    cloud = FleetAws(spec)
    server = await asyncio.start_server(cloud.serve, "127.0.0.1", 0, limit=2**20)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        asyncio.run(run(msgspec.json.decode(file.read(), type=FleetSpec)))
