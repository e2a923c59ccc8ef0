"""The AWS account as the collector read it, with parts exchanged: the provider's JSON, redacted as a scan does it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from scanner.collect.redact import Redactor
from scanner.model import kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import Snapshot, Unit

PREFIX = "porter"


class Place(msgspec.Struct, frozen=True):
    """A policy of a role."""

    role: str
    policy: str
    origin: str
    """inline, customer-managed or aws-managed."""
    body: JsonObject

    @property
    def statements(self) -> list[JsonObject]:
        """Return the statements, one or several."""
        found = self.body["Statement"]
        return [found] if isinstance(found, dict) else list(found)


class AwsState:
    """A snapshot of one account, and how to make another from it. The snapshot itself never changes."""

    def __init__(self, snapshot: Snapshot, hmac_key: bytes, external_id: str) -> None:
        self.snapshot = snapshot
        self._key = hmac_key
        self._external_id = external_id
        self._token = Redactor(hmac_key, external_id).token(external_id)

    @property
    def page(self) -> JsonObject:
        """Return the one page of GetAccountAuthorizationDetails."""
        return self._unit(kinds.AUTHORIZATION_DETAILS).pages[0]

    @property
    def account_id(self) -> str:
        """Return the account's id."""
        return self.snapshot.scopes[0].id

    def _unit(self, kind: str) -> Unit:
        return next(u for u in self.snapshot.units if u.kind == kind)

    def roles(self) -> list[JsonObject]:
        """Return the vendor's roles as the provider prints them."""
        return [r for r in self.page["RoleDetailList"] if r["RoleName"].startswith(PREFIX)]

    def role(self, name: str) -> JsonObject:
        """Return a role as the provider prints it."""
        found: JsonObject = next(r for r in self.page["RoleDetailList"] if r["RoleName"] == name)
        return found

    def places(self, role: JsonObject) -> Iterator[Place]:
        """Yield the role's policies in their default versions."""
        for inline in role["RolePolicyList"]:
            yield Place(role["RoleName"], inline["PolicyName"], "inline", inline["PolicyDocument"])
        for attached in role["AttachedManagedPolicies"]:
            arn = attached["PolicyArn"]
            origin = "aws-managed" if ":iam::aws:" in arn else "customer-managed"
            yield Place(role["RoleName"], arn, origin, default_document(self.managed(arn)))

    def managed(self, arn: str) -> JsonObject:
        """Return a managed policy as the provider prints it."""
        found: JsonObject = next(p for p in self.page["Policies"] if p["Arn"] == arn)
        return found

    def documents(self, role: JsonObject) -> list[JsonObject]:
        """Return everything that the role's policies say."""
        return [place.body for place in self.places(role)]

    def trust(self, role: JsonObject) -> JsonObject:
        """Return the trust policy with the ExternalId in clear, as the provider has it."""
        body: JsonObject = _replaced(copy.deepcopy(role["AssumeRolePolicyDocument"]), self._token, self._external_id)
        return body

    # --- the whole of it, with parts exchanged

    def focused(self, role_name: str) -> AwsState:
        """Return the account with this one role of IAM: each role is judged by itself."""
        role = self.role(role_name)
        arns = {a["PolicyArn"] for a in role["AttachedManagedPolicies"]}
        page = {
            **self.page,
            "RoleDetailList": [role],
            "Policies": [p for p in self.page["Policies"] if p["Arn"] in arns],
            "UserDetailList": [],
            "GroupDetailList": [],
        }
        return self.with_page(page)

    def with_page(self, page: JsonObject) -> AwsState:
        """Return the account with another answer of GetAccountAuthorizationDetails."""
        return self.with_unit(kinds.AUTHORIZATION_DETAILS, (page,))

    def with_unit(self, kind: str, pages: Sequence[JsonObject], region: str = "") -> AwsState:
        """Return the account with other pages of a unit."""
        units = tuple(
            msgspec.structs.replace(u, pages=tuple(pages)) if u.kind == kind and region in ("", u.region) else u
            for u in self.snapshot.units
        )
        return AwsState(msgspec.structs.replace(self.snapshot, units=units), self._key, self._external_id)

    def with_role(self, role: JsonObject) -> AwsState:
        """Return the account with a role exchanged, by its name, or added."""
        names = [r["RoleName"] for r in self.page["RoleDetailList"]]
        rows = [role if r["RoleName"] == role["RoleName"] else r for r in self.page["RoleDetailList"]]
        if role["RoleName"] not in names:
            rows.append(role)
        return self.with_page({**self.page, "RoleDetailList": rows})

    def with_managed(self, policy: JsonObject) -> AwsState:
        """Return the account with a managed policy exchanged, by its ARN, or added."""
        rest = [p for p in self.page["Policies"] if p["Arn"] != policy["Arn"]]
        return self.with_page({**self.page, "Policies": [*rest, policy]})

    def with_body(self, place: Place, body: JsonObject) -> AwsState:
        """Return the account with another document in the place of one."""
        if place.origin == "inline":
            role = self.role(place.role)
            rows = [
                {**p, "PolicyDocument": body} if p["PolicyName"] == place.policy else p for p in role["RolePolicyList"]
            ]
            return self.with_role({**role, "RolePolicyList": rows})
        policy = self.managed(place.policy)
        versions = [{**v, "Document": body} if v["IsDefaultVersion"] else v for v in policy["PolicyVersionList"]]
        return self.with_managed({**policy, "PolicyVersionList": versions})

    def with_statements(self, place: Place, statements: Sequence[JsonObject]) -> AwsState:
        """Return the account with other statements in a document."""
        return self.with_body(place, {**place.body, "Statement": list(statements)})

    def with_inline(self, role_name: str, name: str, statements: Sequence[JsonObject]) -> AwsState:
        """Return the account with one more inline policy on a role."""
        role = self.role(role_name)
        row = {"PolicyName": name, "PolicyDocument": document(statements)}
        return self.with_role({**role, "RolePolicyList": [*role["RolePolicyList"], row]})

    def with_attached(self, role_name: str, policy: JsonObject) -> AwsState:
        """Return the account with one more managed policy on a role."""
        role = self.role(role_name)
        row = {"PolicyArn": policy["Arn"], "PolicyName": policy["PolicyName"]}
        attached = [*role["AttachedManagedPolicies"], row]
        return self.with_managed(policy).with_role({**role, "AttachedManagedPolicies": attached})

    def with_trust(self, role_name: str, body: JsonObject) -> AwsState:
        """Return the account with another trust policy, redacted as the collector does it."""
        redactor = Redactor(self._key, self._external_id)
        hidden = copy.deepcopy(body)
        redactor.document(hidden)
        changed = self.with_role({**self.role(role_name), "AssumeRolePolicyDocument": hidden})
        known = {f.token: f for f in (*self.snapshot.external_ids, *redactor.facts())}
        facts = tuple(known[token] for token in sorted(known))
        snapshot = msgspec.structs.replace(changed.snapshot, external_ids=facts)
        return AwsState(snapshot, self._key, self._external_id)


def default_document(policy: JsonObject) -> JsonObject:
    """Return the document of a managed policy's default version."""
    found: JsonObject = next(v["Document"] for v in policy["PolicyVersionList"] if v["IsDefaultVersion"])
    return found


def document(statements: Sequence[JsonObject]) -> JsonObject:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def managed_policy(account_id: str, name: str, *bodies: JsonObject) -> JsonObject:
    """Return a customer-managed policy as the provider prints it; the last of its versions is the default."""
    versions = [
        {"VersionId": f"v{n}", "IsDefaultVersion": n == len(bodies), "Document": body}
        for n, body in enumerate(bodies, start=1)
    ]
    return {
        "Arn": f"arn:aws:iam::{account_id}:policy/{name}",
        "PolicyName": name,
        "PolicyId": "ANPAEXAMPLEPOLICY0001",
        "Path": "/",
        "DefaultVersionId": f"v{len(bodies)}",
        "PolicyVersionList": versions,
    }


def as_list(value: Any) -> list[Any]:
    """Return a policy value as a list."""
    return list(value) if isinstance(value, list) else [value]


def _replaced(item: Any, old: str, new: str) -> Any:
    if isinstance(item, str):
        return item.replace(old, new)
    if isinstance(item, list):
        return [_replaced(v, old, new) for v in item]
    if isinstance(item, dict):
        return {k: _replaced(v, old, new) for k, v in item.items()}
    return item
