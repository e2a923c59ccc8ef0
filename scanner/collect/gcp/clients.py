"""One function per listed method: Google's own clients where there are any, one page per call, answers as JSON.

Every call is sent without the library's own retries and with a time limit: left alone, a gRPC client keeps trying
to connect for a minute whatever its timeout says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote

from scanner.model.common import JsonObject


class ClientSource(Protocol):
    """What a method needs of a session: a client made once, or the JSON of an API that has none."""

    def generated(self, key: str, make: Callable[[Any, tuple[str, str] | None], Any]) -> Any:
        """Return a client made once; `make` is given the credentials and, on loopback, both endpoints."""
        ...

    def get_json(self, host: str, path: str, query: dict[str, str], timeout: float) -> JsonObject:
        """Return the JSON of a GET; raises the transport's errors."""
        ...


Method = Callable[[ClientSource, JsonObject, float], JsonObject]
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024


def _projects(session: ClientSource) -> Any:
    from google.cloud.resourcemanager_v3 import ProjectsClient

    return session.generated("projects", lambda c, loop: _rest(ProjectsClient, c, loop))


def _folders(session: ClientSource) -> Any:
    from google.cloud.resourcemanager_v3 import FoldersClient

    return session.generated("folders", lambda c, loop: _rest(FoldersClient, c, loop))


def _organizations(session: ClientSource) -> Any:
    from google.cloud.resourcemanager_v3 import OrganizationsClient

    return session.generated("organizations", lambda c, loop: _rest(OrganizationsClient, c, loop))


def _usage(session: ClientSource) -> Any:
    from google.cloud.service_usage_v1 import ServiceUsageClient

    return session.generated("usage", lambda c, loop: _rest(ServiceUsageClient, c, loop))


def _admin(session: ClientSource) -> Any:
    def make(credentials: Any, loopback: tuple[str, str] | None) -> Any:
        from google.cloud.iam_admin_v1 import IAMClient
        from google.cloud.iam_admin_v1.services.iam.transports import IAMGrpcTransport

        return _grpc(IAMClient, IAMGrpcTransport, credentials, loopback)

    return session.generated("admin", make)


def _policies(session: ClientSource) -> Any:
    """Return the client of deny policies. gRPC: over REST the library encodes the attachment point twice."""

    def make(credentials: Any, loopback: tuple[str, str] | None) -> Any:
        from google.cloud.iam_v2 import PoliciesClient
        from google.cloud.iam_v2.services.policies.transports import PoliciesGrpcTransport

        return _grpc(PoliciesClient, PoliciesGrpcTransport, credentials, loopback)

    return session.generated("policies", make)


def _rest(client: Any, credentials: Any, loopback: tuple[str, str] | None) -> Any:
    from google.api_core.client_options import ClientOptions

    options = ClientOptions(api_endpoint=loopback[0]) if loopback else None
    return client(credentials=credentials, transport="rest", client_options=options)


def _grpc(client: Any, transport: Any, credentials: Any, loopback: tuple[str, str] | None) -> Any:
    if loopback is None:
        return client(credentials=credentials)
    import grpc

    limit = [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)]
    return client(transport=transport(channel=grpc.insecure_channel(loopback[1], options=limit)))


def _json(message: Any) -> JsonObject:
    """Return a message as the REST API prints it."""
    from google.protobuf.json_format import MessageToDict

    plain = type(message).pb(message) if hasattr(type(message), "pb") else message
    found: JsonObject = MessageToDict(plain)
    return found


def _one(answer: Any) -> JsonObject:
    return _json(answer)


def _page(pager: Any) -> JsonObject:
    """Return the page that a pager has fetched, without fetching the next."""
    return _json(next(iter(pager.pages)))


def _get_policy(client: Any, resource: str, timeout: float) -> JsonObject:
    # Below version 3 the answer hides conditions.
    request = {"resource": resource, "options": {"requested_policy_version": 3}}
    return _json(client.get_iam_policy(request=request, retry=None, timeout=timeout))


def _list(client: Any, method: str, request: JsonObject, timeout: float) -> JsonObject:
    return _page(getattr(client, method)(request=request, retry=None, timeout=timeout))


def _paged(params: JsonObject, **named: Any) -> JsonObject:
    return {**named, "page_token": params.get("pageToken", "")}


def _pools(session: ClientSource, params: JsonObject, timeout: float) -> JsonObject:
    path = f"/v1/{_path(params['parent'])}/workloadIdentityPools"
    return session.get_json("iam.googleapis.com", path, _query(params, showDeleted="true"), timeout)


def _providers(session: ClientSource, params: JsonObject, timeout: float) -> JsonObject:
    path = f"/v1/{_path(params['parent'])}/providers"
    return session.get_json("iam.googleapis.com", path, _query(params, showDeleted="true"), timeout)


def _billing(session: ClientSource, params: JsonObject, timeout: float) -> JsonObject:
    return session.get_json("cloudbilling.googleapis.com", f"/v1/{_path(params['name'])}/billingInfo", {}, timeout)


def _clusters(session: ClientSource, params: JsonObject, timeout: float) -> JsonObject:
    return session.get_json("container.googleapis.com", f"/v1/{_path(params['parent'])}/clusters", {}, timeout)


def _hmac_keys(session: ClientSource, params: JsonObject, timeout: float) -> JsonObject:
    path = f"/storage/v1/{_path(params['parent'])}/hmacKeys"
    return session.get_json("storage.googleapis.com", path, _query(params), timeout)


def _policies_below(session: ClientSource, params: JsonObject, timeout: float) -> JsonObject:
    path = f"/v1/{_path(params['scope'])}:searchAllIamPolicies"
    return session.get_json("cloudasset.googleapis.com", path, _query(params, pageSize="500"), timeout)


def _path(name: str) -> str:
    return quote(name, safe="/-")


def _query(params: JsonObject, **named: str) -> dict[str, str]:
    token = params.get("pageToken")
    return {**named, **({"pageToken": token} if token else {})}


METHODS: dict[str, Method] = {
    "projects.get": lambda s, p, t: _one(_projects(s).get_project(name=p["name"], retry=None, timeout=t)),
    "folders.get": lambda s, p, t: _one(_folders(s).get_folder(name=p["name"], retry=None, timeout=t)),
    "projects.list": lambda s, p, t: _list(_projects(s), "list_projects", _paged(p, parent=p["parent"]), t),
    "folders.list": lambda s, p, t: _list(_folders(s), "list_folders", _paged(p, parent=p["parent"]), t),
    "projects.getIamPolicy": lambda s, p, t: _get_policy(_projects(s), p["resource"], t),
    "folders.getIamPolicy": lambda s, p, t: _get_policy(_folders(s), p["resource"], t),
    "organizations.getIamPolicy": lambda s, p, t: _get_policy(_organizations(s), p["resource"], t),
    "projects.serviceAccounts.list": lambda s, p, t: _list(
        _admin(s), "list_service_accounts", _paged(p, name=p["name"], page_size=100), t
    ),
    "projects.serviceAccounts.getIamPolicy": lambda s, p, t: _get_policy(_admin(s), p["resource"], t),
    "projects.serviceAccounts.keys.list": lambda s, p, t: _one(
        _admin(s).list_service_account_keys(
            request={"name": p["name"], "key_types": ["USER_MANAGED"]}, retry=None, timeout=t
        )
    ),
    "roles.get": lambda s, p, t: _one(_admin(s).get_role(request={"name": p["name"]}, retry=None, timeout=t)),
    "projects.roles.list": lambda s, p, t: _list(
        _admin(s), "list_roles", _paged(p, parent=p["parent"], page_size=300, show_deleted=True), t
    ),
    "policies.listPolicies": lambda s, p, t: _list(_policies(s), "list_policies", _paged(p, parent=p["parent"]), t),
    "policies.get": lambda s, p, t: _one(_policies(s).get_policy(request={"name": p["name"]}, retry=None, timeout=t)),
    "services.list": lambda s, p, t: _list(
        _usage(s), "list_services", _paged(p, parent=p["parent"], filter="state:ENABLED", page_size=200), t
    ),
    "projects.locations.workloadIdentityPools.list": _pools,
    "projects.locations.workloadIdentityPools.providers.list": _providers,
    "projects.hmacKeys.list": _hmac_keys,
    "searchAllIamPolicies": _policies_below,
    "projects.getBillingInfo": _billing,
    "projects.locations.clusters.list": _clusters,
}
