"""Principals of the vendor's that are not its documented account, and what the account is given beside the project."""

from __future__ import annotations

from collections.abc import Iterator

from mutations.gcp_state import FOLDER, POOLS, PROVIDERS, GcpProjectState
from mutations.records import Kind
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject

Made = tuple[str, str, GcpProjectState]
_FEDERATED = "iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools"
_STRANGER = "777788889999"
_NAMING: tuple[tuple[str, JsonObject], ...] = (
    ("porter-aws", {"aws": {"accountId": _STRANGER}}),
    ("p", {"aws": {"accountId": _STRANGER}, "attributeCondition": "assertion.arn.contains('role/porter-ccp/')"}),
    ("p", {"oidc": {"issuerUri": "https://oidc.porter.run/cluster"}}),
    ("p", {"oidc": {"issuerUri": "https://x"}, "attributeCondition": "assertion.repository_owner == 'porter-dev'"}),
    ("p", {"oidc": {"issuerUri": "https://x"}, "attributeCondition": "assertion.sub.startsWith('repo:porter-dev/')"}),
)
_OWN: tuple[tuple[str, JsonObject], ...] = (
    ("ci", {"oidc": {"issuerUri": "https://x"}, "attributeCondition": "assertion.repository == 'acme/porter-apps'"}),
    ("aws", {"aws": {"accountId": _STRANGER}, "attributeCondition": "assertion.arn.contains('assumed-role/web/')"}),
)


def _kind(name: str, *must: str, **more: object) -> Kind:
    return Kind(name, frozenset(must), **more)  # type: ignore[arg-type]


KINDS = (
    _kind("another principal of the vendor's bound", "GCP-SA-003"),
    _kind("pool of another name that admits the vendor", "GCP-WIF-002"),
    _kind("account with the vendor's title", "GCP-SA-001", may=frozenset({"GCP-PERM-001", "GCP-PERM-003"})),
    _kind("set of accounts may act as another", "GCP-IMP-003"),
    _kind("role on another account that it does not become", "GCP-PERM-005", access=True),
    _kind("documented key replaced by an uploaded one", "GCP-KEY-001", may=frozenset({"GCP-KEY-002"})),
    _kind("HMAC key added", "GCP-KEY-004"),
    _kind("role bound twice, once under a condition that cannot be evaluated", "GCP-PERM-001", access=True),
)


def principal_changes(state: GcpProjectState) -> Iterator[Made]:
    """Yield the project with other principals of the vendor's, and with what its account gets beside the project."""
    for member in _others(state):
        for node in (state.project, FOLDER, _other(state)):
            kind = "another principal of the vendor's bound"
            yield kind, f"{member} on {node}", state.bound(node, "roles/logging.logWriter", member)
    for number, (name, facts) in enumerate(_NAMING):
        after = _with_pool(state, f"x{number}", name, facts)
        yield "pool of another name that admits the vendor", f"{name} {facts}", after
    titled = state.with_account("infra-bot", displayName="Porter (do not delete)")
    email = f"infra-bot@{state.project.partition('/')[2]}.iam.gserviceaccount.com"
    yield "account with the vendor's title", "alone", titled
    yield (
        "account with the vendor's title",
        "owner",
        titled.bound(state.project, "roles/owner", f"serviceAccount:{email}"),
    )
    head = "principalSet://cloudresourcemanager.googleapis.com"
    for member in ("allUsers", "allAuthenticatedUsers", f"{head}/projects/123456789012/type/ServiceAccount"):
        for role in ("roles/iam.serviceAccountTokenCreator", "roles/iam.workloadIdentityUser"):
            yield "set of accounts may act as another", f"{member} {role}", state.bound(_other(state), role, member)
    for number, key_state in enumerate(("ACTIVE", "INACTIVE")):
        key = {"serviceAccountEmail": state.email, "state": key_state, "accessId": f"000{number}"}
        after = state.edited(
            kinds.HMAC_KEYS,
            "projects.hmacKeys.list",
            lambda p, new=key: {**p, "items": [*p.get("items", ()), new]},  # type: ignore[misc]
        )
        yield "HMAC key added", key_state, after
    if not state.federated:
        after = state.with_keys(state.email, lambda had: [{**had[0], "keyOrigin": "USER_PROVIDED"}])
        yield "documented key replaced by an uploaded one", state.email, after


def grants_beside(state: GcpProjectState) -> Iterator[Made]:
    """Yield the project with grants whose difference the second evaluator can try."""
    for permission in ("iam.serviceAccounts.delete", "iam.serviceAccounts.disable"):
        role = f"{state.project}/roles/janitor"
        after = state.with_role(role, (permission,)).bound(_other(state), role, state.member)
        yield "role on another account that it does not become", permission, after
    role = f"{state.project}/roles/reports"
    conditions: list[JsonObject] = [
        {"title": "until later", "expression": 'request.time < timestamp("2027-01-01T00:00:00Z")'},
        {"title": "odd", "expression": "destination.port == 1"},
    ]
    for order in (conditions, conditions[::-1]):
        after = state.with_role(role, ("bigquery.tables.getData",))
        for condition in order:
            after = after.bound(state.project, role, state.member, condition=condition)
        kind = "role bound twice, once under a condition that cannot be evaluated"
        yield kind, f"{order[0]['title']} first", after


def principals_of_others(state: GcpProjectState) -> Iterator[Made]:
    """Yield the project with the customer's own repositories, roles and pools, some called after the vendor."""
    for name, facts in _OWN:
        yield "somebody else's pool", name, _with_pool(state, name, "p", facts)
    for member in (
        f"principalSet://{_FEDERATED}/ci/attribute.repository/acme/porter-apps",
        f"principalSet://{_FEDERATED}/aws/attribute.aws_role/arn:aws:sts::{_STRANGER}:assumed-role/web",
        "principalSet://iam.googleapis.com/locations/global/workforcePools/acme/group/porter-admins",
        "serviceAccount:ci@porter-staging.iam.gserviceaccount.com",
    ):
        yield "somebody else's federated identity", member, state.bound(state.project, "roles/viewer", member)


def _others(state: GcpProjectState) -> Iterator[str]:
    project = state.project.partition("/")[2]
    yield f"serviceAccount:porter-gone@{project}.iam.gserviceaccount.com"
    yield "principalSet://iam.googleapis.com/locations/global/workforcePools/porter-staff/*"
    yield f"principalSet://{_FEDERATED}/aws/attribute.aws_role/arn:aws:sts::{_STRANGER}:assumed-role/porter-ccp"
    yield f"principal://{_FEDERATED}/aws/subject/arn:aws:sts::{_STRANGER}:assumed-role/porter-ccp/porter-tenant-acme"
    yield f"principalSet://{_FEDERATED}/github/attribute.repository/porter-dev/porter"
    yield f"principal://{_FEDERATED}/github/subject/repo:porter-dev/porter:ref:refs/heads/main"


def _other(state: GcpProjectState) -> str:
    accounts = [a["email"] for page in state.pages(kinds.SERVICE_ACCOUNTS) for a in page["accounts"]]
    return next(str(email) for email in accounts if email != state.email)


def _with_pool(state: GcpProjectState, pool: str, provider: str, facts: JsonObject) -> GcpProjectState:
    name = f"projects/123456789012/locations/global/workloadIdentityPools/{pool}"
    row: JsonObject = {"name": name, "state": "ACTIVE"}
    state = state.edited(
        kinds.POOLS, POOLS, lambda p: {**p, "workloadIdentityPools": [*p.get("workloadIdentityPools", ()), row]}
    )
    listed: JsonObject = {"name": f"{name}/providers/{provider}", "state": "ACTIVE", **facts}
    call = {"operation": PROVIDERS, "params": {"parent": name}}
    page: JsonObject = {"_call": call, "workloadIdentityPoolProviders": [listed]}
    return state.with_pages(kinds.POOLS, [*state.pages(kinds.POOLS), page])
