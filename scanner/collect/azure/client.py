"""Guarded clients of Azure Resource Manager and Microsoft Graph: listed reads only, page by page, raw answers kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from scanner import __version__
from scanner.collect.azure.allowlist import ARM, GRAPH, AzureCall, azure_call, refuse_unlisted_request
from scanner.collect.azure.session import AzureSession, PatienceLimit
from scanner.collect.ledger import Answer
from scanner.collect.outcome import UnitStop
from scanner.collect.unit import Paging
from scanner.model.common import JsonObject
from scanner.model.snapshot import UnitStatus

NEXT_LINK = Paging(token="nextLink", parameter="nextLink")
ODATA_NEXT_LINK = Paging(token="@odata.nextLink", parameter="nextLink")

_LONGEST_WAIT_S = 120.0
"""A single Retry-After above this ends the unit: a nightly run must end before the morning."""
_EVENTUAL = {"ConsistencyLevel": "eventual"}


class AzureClient:
    """Sends listed reads to one service. For use by one thread at a time."""

    region = "global"

    def __init__(self, session: AzureSession, service: str, subscription: str = "") -> None:
        self.service = service
        self.attempts = 0
        self._session = session
        self._subscription = subscription
        self._base = session.endpoints.arm if service == ARM else session.endpoints.graph
        self.endpoint_host = urlsplit(self._base).hostname
        self._sdk: dict[str, Any] = {}

    def listed(self, operation: str) -> AzureCall:
        """Return the entry of the read-only list. Raises `ForbiddenCallError` if there is none."""
        return azure_call(self.service, operation)

    def send(self, operation: str, params: JsonObject) -> Answer:
        """Return one page as it was sent. Raises `UnitStop` with what the service's error means."""
        from azure.core.exceptions import AzureError

        self.attempts = 0
        call = self.listed(operation)
        asked = dict(params)
        link = asked.pop("nextLink", None)
        if link is not None:
            self._check_link(str(link))
        received: list[Any] = []
        options = {"raw_response_hook": received.append, "timeout": max(self._session.left_s(), 0.1)}
        try:
            self._request(call, asked, link, options)
        except AzureError as error:
            raise _meaning(error) from error
        if not received:
            raise UnitStop(UnitStatus.ERROR, "MalformedAnswer", "the service sent no answer")
        return _answer(received[-1].http_response)

    def _request(self, call: AzureCall, params: JsonObject, link: str | None, options: dict[str, Any]) -> None:
        """Fetch one page: by the SDK's client where there is one, else by its pipeline."""
        listing = _SDK_LISTS.get(call.operation)
        if self.service == ARM and listing is not None:
            client, group, method, wants_scope = listing
            function = getattr(getattr(self._client(client), group), method)
            scope = (f"subscriptions/{self._subscription}",) if wants_scope else ()
            more = {k: v for k, v in params.items() if k in ("resource_group_name", "resource_name")}
            more |= _SDK_FILTERS.get(call.operation, {})
            found = function(*scope, **more, **options)
            if hasattr(found, "by_page"):
                next(found.by_page(continuation_token=link), None)
            return
        self._get(call, params, link, options)

    def _get(self, call: AzureCall, params: JsonObject, link: str | None, options: dict[str, Any]) -> None:
        from azure.core.exceptions import HttpResponseError
        from azure.core.rest import HttpRequest

        request = HttpRequest("GET", link) if link else HttpRequest("GET", self._url(call, params))
        if not link:
            request.url = _with_query(request.url, _filled(call.query, params))
        if any(key == "$search" for key, _ in call.query):
            request.headers.update(_EVENTUAL)
        response = self._client("pipeline").send_request(request, **options)
        if response.status_code != 200:
            raise HttpResponseError(response=response)
        response.json()

    def _url(self, call: AzureCall, params: JsonObject) -> str:
        from urllib.parse import quote

        values = {"subscription": self._subscription, **params}
        return self._base + call.path.format_map({k: quote(str(v), safe="") for k, v in values.items()})

    def _check_link(self, link: str) -> None:
        """Refuse a next page on another host: the token goes with it."""
        parts, base = urlsplit(link), urlsplit(self._base)
        if (parts.scheme, parts.netloc) != (base.scheme, base.netloc):
            raise UnitStop(UnitStatus.TRUNCATED, "Truncated", "the next page is said to be on another host")

    def _client(self, name: str) -> Any:
        if name not in self._sdk:
            self._sdk[name] = self._make(name)
        return self._sdk[name]

    def _make(self, name: str) -> Any:
        session = self._session
        guard = _guard(self)
        settings: dict[str, Any] = {
            "base_url": self._base,
            "credential_scopes": [session.arm_scope],
            "per_retry_policies": [guard],
            "user_agent": f"porter-audit/{__version__}",
            "retry_total": session.options.max_attempts - 1,
            "retry_backoff_factor": 0.05 if session.options.loopback else 0.8,
            "connection_verify": session.verify,
            "connection_timeout": session.options.connect_timeout_s,
            "read_timeout": session.options.read_timeout_s,
        }
        if name == "pipeline":
            return _pipeline(session, self.service, guard, settings)
        if name == "authorization":
            from azure.mgmt.authorization import AuthorizationManagementClient

            return AuthorizationManagementClient(session.credential, self._subscription, **settings)
        if name == "msi":
            from azure.mgmt.msi import ManagedServiceIdentityClient

            return ManagedServiceIdentityClient(session.credential, self._subscription, **settings)
        from azure.mgmt.resource.resources import ResourceManagementClient

        return ResourceManagementClient(session.credential, self._subscription, **settings)

    def about_to_send(self, method: str, url: str) -> None:
        """Count an HTTP request; refuse what is not listed, and a retry that would start after the deadline."""
        refuse_unlisted_request(self.service, method, urlsplit(url).path)
        if self._session.expired():
            message = "the time allowed for the whole collection is over"
            raise UnitStop(UnitStatus.TIMEOUT, "DeadlineExceeded", message)
        self.attempts += 1

    def told_to_wait(self, wait_s: float) -> None:
        """Stop where a wait would take longer than there is time."""
        left = self._session.left_s()
        if wait_s > min(left, _LONGEST_WAIT_S):
            raise PatienceLimit(wait_s, left)


_SDK_LISTS: dict[str, tuple[str, str, str, bool]] = {
    "RoleDefinitions.List": ("authorization", "role_definitions", "list", True),
    "RoleAssignments.ListForSubscription": ("authorization", "role_assignments", "list_for_subscription", False),
    "DenyAssignments.List": ("authorization", "deny_assignments", "list", False),
    "RoleEligibilitySchedules.ListForScope": ("authorization", "role_eligibility_schedules", "list_for_scope", True),
    "RoleEligibilityScheduleInstances.ListForScope": (
        "authorization",
        "role_eligibility_schedule_instances",
        "list_for_scope",
        True,
    ),
    "RoleAssignmentMetrics.GetMetricsForSubscription": (
        "authorization",
        "role_assignment_metrics",
        "get_metrics_for_subscription",
        False,
    ),
    "Providers.List": ("resources", "providers", "list", False),
    "UserAssignedIdentities.ListBySubscription": ("msi", "user_assigned_identities", "list_by_subscription", False),
    "FederatedIdentityCredentials.List": ("msi", "federated_identity_credentials", "list", False),
}
"""Operation -> client, operation group, method, and whether it takes the subscription as a scope."""
# https://learn.microsoft.com/rest/api/authorization/role-definitions/list (read 2026-11): without the filter, custom
# roles that can be assigned in a resource group only are left out.
_SDK_FILTERS = {"RoleDefinitions.List": {"filter": "atScopeAndBelow()"}}


def _guard(client: AzureClient) -> Any:
    """Return the policy that sees every HTTP request last and every answer first."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class Guard(SansIOHTTPPolicy[Any, Any]):
        """Holds requests to the list and waits to the deadline."""

        def on_request(self, request: Any) -> None:
            """Let a listed read pass."""
            client.about_to_send(request.http_request.method, request.http_request.url)

        def on_response(self, request: Any, response: Any) -> None:
            """Look at how long the service asks to wait."""
            wait = response.http_response.headers.get("Retry-After", "")
            if response.http_response.status_code in (429, 503) and wait.isdigit():
                client.told_to_wait(float(wait))

    return Guard()


def _pipeline(session: AzureSession, service: str, guard: Any, settings: dict[str, Any]) -> Any:
    from azure.core import PipelineClient
    from azure.core.pipeline import policies

    scope = session.graph_scope if service == GRAPH else session.arm_scope
    chain = [
        policies.UserAgentPolicy(**settings),
        policies.RetryPolicy(**settings),
        policies.BearerTokenCredentialPolicy(session.credential, scope),
        policies.CustomHookPolicy(),
        guard,
    ]
    transport = {k: settings[k] for k in ("connection_verify", "connection_timeout", "read_timeout")}
    return PipelineClient(base_url=settings["base_url"], policies=chain, **transport)


def _filled(query: tuple[tuple[str, str], ...], params: JsonObject) -> tuple[tuple[str, str], ...]:
    """Return the query with parameters in their places; a quote in a value cannot end a text of the filter."""
    values = {key: str(value).replace("'", "''") for key, value in params.items()}
    return tuple((name, text.format_map(values) if "{" in text else text) for name, text in query)


def _with_query(url: str, query: tuple[tuple[str, str], ...]) -> str:
    from urllib.parse import urlencode

    return f"{url}?{urlencode(query)}" if query else url


def _answer(response: Any) -> Answer:
    """Return a page's JSON with what the transport said of it."""
    body = response.json() if callable(getattr(response, "json", None)) else None
    if body is None:
        import json

        body = json.loads(response.text())
    if not isinstance(body, dict):
        raise UnitStop(UnitStatus.ERROR, "MalformedAnswer", "the answer is not a JSON object")
    return Answer.of({**body, "ResponseMetadata": _metadata(response)})


def _metadata(response: Any) -> dict[str, Any]:
    headers = {str(k).lower(): str(v) for k, v in response.headers.items()}
    request_id = headers.get("x-ms-request-id") or headers.get("request-id")
    return {"HTTPStatusCode": response.status_code, "RequestId": request_id, "HTTPHeaders": headers}


_STATUS = {
    401: UnitStatus.DENIED,
    403: UnitStatus.DENIED,
    404: UnitStatus.UNSTABLE,
    408: UnitStatus.TIMEOUT,
    429: UnitStatus.THROTTLED,
    504: UnitStatus.TIMEOUT,
}


def _meaning(error: Any) -> UnitStop:
    """Return what an SDK's error means; its text is the provider's, on one line and cut."""
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    text = " ".join(str(error).split())[:400]
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if isinstance(error, HttpResponseError) and status is not None and status != 200:
        code, message = _code_of(response)
        reply = {"ResponseMetadata": _metadata(response)}
        meaning = _STATUS.get(status, UnitStatus.ERROR)
        return UnitStop(meaning, code or str(status), message or text, http_status=status, response=reply)
    if isinstance(error, ClientAuthenticationError):
        return UnitStop(UnitStatus.DENIED, "AuthenticationFailed", text)
    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return UnitStop(UnitStatus.TIMEOUT, type(error).__name__, text)
    return UnitStop(UnitStatus.ERROR, "MalformedAnswer", text)


def _code_of(response: Any) -> tuple[str, str]:
    import json

    try:
        error = json.loads(response.text()).get("error")
    except (ValueError, AttributeError):
        return "", ""
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), " ".join(str(error.get("message") or "").split())[:400]
