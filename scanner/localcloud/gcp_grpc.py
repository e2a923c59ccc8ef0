"""The gRPC half of a loopback GCP, built from the published message types: IAM admin v1 and deny policies v2."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from scanner.localcloud.faults import FaultKind
from scanner.localcloud.gcp_rest import Answer
from scanner.localcloud.gcp_state import GcpRefusal


def grpc_server(answer: Answer) -> tuple[Any, int]:
    """Return a started server on 127.0.0.1 and its port; the caller stops it."""
    import grpc

    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    for service, methods in _services().items():
        handlers = {
            method: grpc.unary_unary_rpc_method_handler(_handler(answer, operation, request, response))
            for method, (operation, request, response) in methods.items()
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _services() -> dict[str, dict[str, tuple[str, Any, Any]]]:
    """Return service -> method -> (operation, request type, response type), protobuf types throughout."""
    from google.cloud import iam_v2
    from google.cloud.iam_admin_v1 import types as admin
    from google.iam.v1 import iam_policy_pb2, policy_pb2

    return {
        "google.iam.admin.v1.IAM": {
            "ListServiceAccounts": (
                "projects.serviceAccounts.list",
                admin.ListServiceAccountsRequest.pb(),
                admin.ListServiceAccountsResponse.pb(),
            ),
            "ListServiceAccountKeys": (
                "projects.serviceAccounts.keys.list",
                admin.ListServiceAccountKeysRequest.pb(),
                admin.ListServiceAccountKeysResponse.pb(),
            ),
            "GetIamPolicy": (
                "projects.serviceAccounts.getIamPolicy",
                iam_policy_pb2.GetIamPolicyRequest,
                policy_pb2.Policy,
            ),
            "ListRoles": ("projects.roles.list", admin.ListRolesRequest.pb(), admin.ListRolesResponse.pb()),
            "GetRole": ("roles.get", admin.GetRoleRequest.pb(), admin.Role.pb()),
        },
        "google.iam.v2.Policies": {
            "ListPolicies": (
                "policies.listPolicies",
                iam_v2.ListPoliciesRequest.pb(),
                iam_v2.ListPoliciesResponse.pb(),
            ),
            "GetPolicy": ("policies.get", iam_v2.GetPolicyRequest.pb(), iam_v2.Policy.pb()),
        },
    }


def _handler(answer: Answer, operation: str, request: Any, response: Any) -> Callable[[bytes, Any], bytes]:
    def handle(raw: bytes, context: Any) -> bytes:
        import grpc
        from google.protobuf.json_format import MessageToDict, ParseDict

        params = MessageToDict(request.FromString(raw))
        try:
            kind, data = answer(operation, params)
        except GcpRefusal as refusal:
            context.abort(getattr(grpc.StatusCode, refusal.status), refusal.message)
        if kind is FaultKind.CUT:
            context.abort(grpc.StatusCode.UNKNOWN, "Stream removed")
        if kind is FaultKind.MALFORMED:
            return b"\xff\xff\xff\xff"
        return bytes(ParseDict(data, response()).SerializeToString())

    return handle
