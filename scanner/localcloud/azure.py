"""A loopback Azure: Resource Manager, Microsoft Graph and the token endpoint over TLS, for unmodified SDK clients."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlencode

import msgspec

from scanner.localcloud.azure_query import filtered, searched
from scanner.localcloud.azure_tenant import READER_OBJECT_ID, AzureState
from scanner.localcloud.faults import Fault, FaultBook, FaultKind
from scanner.model.common import JsonObject

_HOLD_S = 30.0
"""How long a call that must time out is held; it ends at once when the server stops."""
_G = r"/v1\.0"
_S = r"/subscriptions/(?P<sub>[^/]+)"
_A = _S + r"/providers/microsoft\.authorization"

_ROUTES: tuple[tuple[str, str, str, str], ...] = (
    ("arm", r"/subscriptions", "Subscriptions.List", ""),
    (
        "arm",
        r"/providers/microsoft\.management/managementgroups/[^/]+/descendants",
        "ManagementGroups.GetDescendants",
        "",
    ),
    ("arm", _S, "Subscriptions.Get", ""),
    ("arm", _A + "/roledefinitions", "RoleDefinitions.List", "roleDefinitions"),
    ("arm", _A + "/roleassignments", "RoleAssignments.ListForSubscription", "roleAssignments"),
    ("arm", _A + "/denyassignments", "DenyAssignments.List", "denyAssignments"),
    ("arm", _A + "/roleeligibilityschedules", "RoleEligibilitySchedules.ListForScope", "roleEligibilitySchedules"),
    (
        "arm",
        _A + "/roleeligibilityscheduleinstances",
        "RoleEligibilityScheduleInstances.ListForScope",
        "roleEligibilityScheduleInstances",
    ),
    ("arm", _A + "/roleassignmentsusagemetrics", "RoleAssignmentMetrics.GetMetricsForSubscription", ""),
    ("arm", _S + "/providers", "Providers.List", "providers"),
    (
        "arm",
        _S + r"/providers/microsoft\.managedidentity/userassignedidentities",
        "UserAssignedIdentities.ListBySubscription",
        "userAssignedIdentities",
    ),
    (
        "arm",
        _S + r"/resourcegroups/[^/]+/providers/microsoft\.managedidentity/userassignedidentities/(?P<id>[^/]+)"
        "/federatedidentitycredentials",
        "FederatedIdentityCredentials.List",
        "identityCredentials",
    ),
    ("arm", _S + r"/providers/microsoft\.containerservice/managedclusters", "ManagedClusters.List", "managedClusters"),
    (
        "arm",
        _S + r"/providers/microsoft\.managedservices/registrationassignments",
        "RegistrationAssignments.List",
        "registrationAssignments",
    ),
    ("graph", _G + "/applications", "ListApplications", "applications"),
    ("graph", _G + "/serviceprincipals", "ListServicePrincipals", "servicePrincipals"),
    ("graph", _G + r"/serviceprincipals/(?P<id>[^/]+)", "GetServicePrincipal", ""),
    (
        "graph",
        _G + r"/applications/(?P<id>[^/]+)/federatedidentitycredentials",
        "ListFederatedIdentityCredentials",
        "federatedIdentityCredentials",
    ),
    (
        "graph",
        _G + r"/serviceprincipals/(?P<id>[^/]+)/approleassignments",
        "ListAppRoleAssignments",
        "appRoleAssignments",
    ),
    (
        "graph",
        _G + r"/serviceprincipals/(?P<id>[^/]+)/oauth2permissiongrants",
        "ListDelegatedGrants",
        "oauth2PermissionGrants",
    ),
    ("graph", _G + r"/applications/(?P<id>[^/]+)/owners", "ListApplicationOwners", "owners"),
    ("graph", _G + r"/serviceprincipals/(?P<id>[^/]+)/owners", "ListServicePrincipalOwners", "owners"),
    ("graph", _G + r"/serviceprincipals/(?P<id>[^/]+)/transitivememberof", "ListMemberships", "memberOf"),
    ("graph", _G + "/rolemanagement/directory/roleassignments", "ListDirectoryRoleAssignments", "directoryRoles"),
    (
        "graph",
        _G + r"/directory/deleteditems/microsoft\.graph\.application",
        "ListDeletedApplications",
        "deletedApplications",
    ),
    (
        "graph",
        _G + r"/directory/deleteditems/microsoft\.graph\.serviceprincipal",
        "ListDeletedServicePrincipals",
        "deletedServicePrincipals",
    ),
    ("login", r"/[^/]+/v2\.0/\.well-known/openid-configuration", "OpenIdConfiguration", ""),
    ("login", r"/[^/]+/oauth2/v2\.0/token", "Token", ""),
)
_COMPILED = tuple((service, re.compile(path), operation, name) for service, path, operation, name in _ROUTES)


class LoggedAzureRequest(msgspec.Struct, frozen=True):
    """One request that arrived, in order."""

    service: str
    operation: str
    path: str
    status: int
    fault: FaultKind | None
    user_agent: str


class _Reply(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class LoopbackAzure:
    """The running cloud. Attributes that are not private may be set while it runs."""

    def __init__(self, state: AzureState) -> None:
        self.state = state
        self.others: tuple[AzureState, ...] = ()
        """More subscriptions of the same tenant; its own objects are those of `state`."""
        self.endpoint = ""
        self.ca_file = ""
        self.page_size = 100
        self.retry_after_s: int | None = None
        """What a throttled answer asks to wait; None: it does not say."""
        self.metrics_differ_by = 0
        """How far the service's own count of assignments is off."""
        self.no_eligibility_licence = False
        """Answer the lists of eligible assignments as a tenant without the licence for them does."""
        self._faults = FaultBook()
        self._log: list[LoggedAzureRequest] = []
        self._lock = Lock()
        self._closing = Event()

    @property
    def requests(self) -> tuple[LoggedAzureRequest, ...]:
        """Return what has arrived so far."""
        with self._lock:
            return tuple(self._log)

    def forget_requests(self) -> None:
        """Start the request log anew."""
        with self._lock:
            self._log.clear()

    def fault(
        self,
        operation: str,
        kind: FaultKind | str,
        *,
        service: str | None = None,
        after: int = 0,
        times: int | None = None,
        contains: str = "",
    ) -> None:
        """Make calls of `operation` go wrong from now on; see `Fault` for the fields."""
        self._faults.add(Fault(operation, FaultKind(kind), None, service, after, times, contains))

    def clear_faults(self) -> None:
        """Let every call go right again."""
        self._faults.clear()

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which the standard credential chain signs in here."""
        return {
            "AZURE_TENANT_ID": self.state.tenant_id,
            "AZURE_CLIENT_ID": READER_OBJECT_ID,
            "AZURE_CLIENT_SECRET": "loopback",
            "AZURE_SUBSCRIPTION_ID": self.state.subscription_id,
        }

    def stop_waiting(self) -> None:
        """End the calls that are being held."""
        self._closing.set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        path = str(environ.get("PATH_INFO", "/")).rstrip("/")
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        query = {k: v[0] for k, v in parse_qs(str(environ.get("QUERY_STRING", "")), keep_blank_values=True).items()}
        service, operation, name, found = _route(path)
        kind = self._faults.strike(service, operation, "global", f"{path}?{environ.get('QUERY_STRING', '')}")
        reply = self._answer(environ, operation, name, found, path, query, kind)
        agent = str(environ.get("HTTP_USER_AGENT", ""))
        with self._lock:
            request_id = f"{len(self._log) + 1:08x}-0000-4000-8000-000000000000"
            self._log.append(LoggedAzureRequest(service, operation, path, reply.status, kind, agent))
        length = len(reply.body)
        body = reply.body[: length // 2] if kind is FaultKind.CUT else reply.body
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(length)), *reply.headers]
        start_response(f"{reply.status} -", [*headers, ("x-ms-request-id", request_id)])
        return [body]

    def _answer(
        self,
        environ: dict[str, Any],
        operation: str,
        name: str,
        found: dict[str, str],
        path: str,
        query: dict[str, str],
        kind: FaultKind | None,
    ) -> _Reply:
        if operation == "Token" and kind is None:
            return _json({"access_token": self._token(), "expires_in": 3600, "token_type": "Bearer"})
        if operation == "OpenIdConfiguration" and kind is None:
            return _json(self._openid(path))
        if kind is FaultKind.TIMEOUT:
            self._closing.wait(_HOLD_S)
            return _error(504, "GatewayTimeout", "held until the caller gave up")
        broken = None if kind is None else self._broken(kind, operation)
        if broken is not None:
            return broken
        if environ.get("REQUEST_METHOD") != "GET":
            return _error(403, "AuthorizationFailed", "the loopback cloud is read-only")
        if not str(environ.get("HTTP_AUTHORIZATION", "")).startswith("Bearer "):
            return _error(401, "AuthenticationFailed", "no token")
        known = {one.subscription_id: one for one in (self.state, *self.others)}
        state = known.get(found["sub"]) if "sub" in found else self.state
        if state is None:
            return _error(404, "SubscriptionNotFound", f"The subscription '{found['sub']}' could not be found.")
        return self._own(state, operation, name, found, path, query, endless=kind is FaultKind.TRUNCATED)

    def _own(
        self,
        state: AzureState,
        operation: str,
        name: str,
        found: dict[str, str],
        path: str,
        query: dict[str, str],
        *,
        endless: bool,
    ) -> _Reply:
        match operation:
            case "Subscriptions.Get":
                return _json(state.subscription)
            case "Subscriptions.List":
                return self._page([one.subscription for one in (state, *self.others)], path, query, endless)
            case "ManagementGroups.GetDescendants":
                below = {"type": "Microsoft.Management/managementGroups/subscriptions"}
                ids = [{"name": one.subscription_id, **below} for one in (state, *self.others)]
                return self._page(ids, path, query, endless)
            case "RoleAssignmentMetrics.GetMetricsForSubscription":
                return _json(self._metrics(state))
            case "GetServicePrincipal":
                row = next((one for one in state.rows("servicePrincipals") if one["id"].lower() == found["id"]), {})
                return _json(row) if row else _error(404, "Request_ResourceNotFound", "no such object")
            case _ if self.no_eligibility_licence and operation.startswith("RoleEligibility"):
                return _error(400, "AadPremiumLicenseRequired", "the tenant needs another licence")
            case "":
                return _error(404, "NotFound", f"the loopback cloud has no {path}")
        rows = state.rows_below(name, found["id"]) if "id" in found else state.rows(name)
        return self._page(filtered(operation, searched(rows, query.get("$search")), query), path, query, endless)

    def _metrics(self, state: AzureState) -> JsonObject:
        scope = f"/subscriptions/{state.subscription_id}"
        own = [r for r in state.rows("roleAssignments") if r["properties"]["scope"].startswith(scope)]
        return {
            "subscriptionId": state.subscription_id,
            "roleAssignmentsLimit": 4000,
            "roleAssignmentsCurrentCount": len(own) + self.metrics_differ_by,
            "roleAssignmentsRemainingCount": 4000 - len(own),
        }

    def _page(self, rows: list[JsonObject], path: str, query: dict[str, str], endless: bool) -> _Reply:
        start = int(query.get("$skiptoken", "0"))
        body: JsonObject = {"value": rows[start : start + self.page_size]}
        follow = start if endless else start + self.page_size
        if endless or follow < len(rows):
            link = f"{self.endpoint}{path}?{urlencode({**query, '$skiptoken': follow})}"
            body["@odata.nextLink" if path.startswith("/v1.0") else "nextLink"] = link
        return _json(body)

    def _broken(self, kind: FaultKind, operation: str) -> _Reply | None:
        """Return the answer of a fault that needs no right answer first."""
        match kind:
            case FaultKind.DENIED | FaultKind.SCP if operation == "Token":
                said = {
                    "error": "invalid_client",
                    "error_description": "AADSTS7000215: Invalid client secret provided.",
                }
                return _Reply(401, json.dumps(said).encode())
            case FaultKind.DENIED | FaultKind.SCP:
                return _error(403, "AuthorizationFailed", f"no authorization to perform {operation}")
            case FaultKind.THROTTLED:
                wait = () if self.retry_after_s is None else (("Retry-After", str(self.retry_after_s)),)
                return msgspec.structs.replace(_error(429, "TooManyRequests", "slow down"), headers=wait)
            case FaultKind.UNAVAILABLE:
                return _error(503, "ServiceUnavailable", "the service is overloaded")
            case FaultKind.MALFORMED:
                return _Reply(200, b"<html><body>captive portal: please sign in</html>", "text/html")
        return None

    def _token(self) -> str:
        claims = {"tid": self.state.tenant_id, "oid": READER_OBJECT_ID, "appid": READER_OBJECT_ID}
        parts = ({"alg": "none", "typ": "JWT"}, claims)
        coded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        return ".".join((*coded, "loopback"))

    def _openid(self, path: str) -> JsonObject:
        base = f"{self.endpoint}/{path.split('/')[1]}"
        return {
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        }


def _route(path: str) -> tuple[str, str, str, dict[str, str]]:
    folded = path.lower()
    for service, shape, operation, name in _COMPILED:
        found = shape.fullmatch(folded)
        if found:
            return service, operation, name, found.groupdict()
    return ("graph" if folded.startswith("/v1.0") else "arm"), "", "", {}


def _json(value: object) -> _Reply:
    return _Reply(200, json.dumps(value).encode())


def _error(status: int, code: str, message: str) -> _Reply:
    return _Reply(status, json.dumps({"error": {"code": code, "message": message}}).encode())


@contextmanager
def start_azure(state: AzureState, *, page_size: int = 100) -> Iterator[LoopbackAzure]:
    """Run the cloud on this machine at a free port, in a thread of this process, until the block ends.

    Its certificate is made for the occasion; `ca_file` is the authority to trust.
    """
    import ssl

    import trustme
    from werkzeug.serving import make_server

    cloud = LoopbackAzure(state)
    cloud.page_size = page_size
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    with tempfile.TemporaryDirectory() as directory:
        ca_file = Path(directory) / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        server = make_server(
            "127.0.0.1", 0, cloud, threaded=True, request_handler=_quiet_handler(), ssl_context=context
        )
        cloud.endpoint, cloud.ca_file = f"https://localhost:{server.server_port}", str(ca_file)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="loopback-azure")
        thread.start()
        try:
            yield cloud
        finally:
            cloud.stop_waiting()
            server.shutdown()
            thread.join()
            server.server_close()


def _quiet_handler() -> Any:
    from werkzeug.serving import WSGIRequestHandler

    class Quiet(WSGIRequestHandler):
        """Say nothing per request; the cloud keeps its own log."""

        def log(self, type: str, message: str, *args: object) -> None:
            """Drop the line."""

    return Quiet
