"""Try requests on the second evaluator of GCP, and tokens on the condition of a provider."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from mutations.gcp_state import GcpProjectState
from scanner.access.gcp.authorize import allows_gcp
from scanner.access.records import Request
from scanner.model.common import JsonObject

_TIMES: tuple[dict[str, str | list[str]], ...] = (
    {},
    {"request.time": "2026-06-01T12:00:00Z"},
    {"request.time": "2020-01-01T00:00:00Z"},
    {"request.time": "2040-01-01T00:00:00Z"},
)
_STRANGER = "user:stranger@example.net"


class GcpTrial:
    """A project before and after a mutation."""

    def __init__(self, before: GcpProjectState, after: GcpProjectState) -> None:
        self._before, self._after = before, after

    def confirms(self, request: Request) -> bool:
        """Return whether the request is surely allowed after the mutation and was not surely before.

        Before it may have been open: who is in the customer's own groups the documents do not tell.
        """
        now = allows_gcp(request, self._after.documents(), parents=self._after.parents())
        return now is True and allows_gcp(request, self._before.documents(), parents=self._before.parents()) is not True

    def difference(self) -> Request | None:
        """Return a request that became allowed, or None if no request that was tried did."""
        return next((r for r in self._requests() if self.confirms(r)), None)

    def _requests(self) -> Iterator[Request]:
        roles = {d["name"]: d.get("includedPermissions", []) for d in self._after.documents() if "name" in d}
        old = self._before.documents()
        for document in self._after.documents():
            if "bindings" not in document or document in old:
                continue
            for binding in document["bindings"]:
                people = [m for member in binding["members"] for m in _people(member)]
                permissions = roles.get(binding["role"], [])
                for who, permission, when in itertools.product(people, permissions, _TIMES):
                    yield Request(who, permission, document["resource"], dict(when))
        for document in self._after.documents():
            if "includedPermissions" in document and document not in old:
                for permission in document["includedPermissions"]:
                    yield Request(self._after.member, permission, self._after.project, {})


def _people(member: str) -> Iterator[str]:
    yield member
    if member in ("allUsers", "allAuthenticatedUsers"):
        yield _STRANGER


class TokenTrial:
    """A provider's condition before and after a mutation, tried on tokens."""

    def __init__(self, before: JsonObject, after: JsonObject) -> None:
        self._before, self._after = before, after

    def admits_more(self) -> Request | None:
        """Return a token, in the form of a request, that is admitted now and was not before."""
        for account, role, session in itertools.product(
            ("444455556666", "999999999999"),
            ("porter-ccp", "porter-ccp2", "admin"),
            ("porter-tenant-acme", "x-porter-tenant-acme", "porter-tenant-other", "zz"),
        ):
            token = {"account": account, "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}"}
            if _admits(self._after, token) and not _admits(self._before, token):
                return Request(token["arn"], "sts:exchange", str(self._after.get("name")), {})
        return None


def _admits(provider: JsonObject, token: dict[str, str]) -> bool:
    aws = provider.get("aws")
    if not isinstance(aws, dict):
        return True  # other tokens altogether
    if aws.get("accountId") != token["account"]:
        return False
    condition = provider.get("attributeCondition") or "true"
    return _holds(condition, {"assertion": token})


def _holds(expression: str, variables: dict[str, Any]) -> bool:
    from celpy import Environment, celtypes

    environment = Environment()
    program = environment.program(environment.compile(expression))
    text = celtypes.StringType
    activation: dict[str, Any] = {
        name: celtypes.MapType({text(k): text(v) for k, v in value.items()}) for name, value in variables.items()
    }
    return bool(program.evaluate(activation))
