"""What can change in a project besides who holds what: providers, keys, pools, accounts, and what the vendor needs."""

from __future__ import annotations

from collections.abc import Iterator

from mutations.gcp_state import FOLDER, POOLS, PROVIDERS, GcpProjectState
from scanner.localcloud.gcp_provision import ROLES
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject

Made = tuple[str, str, GcpProjectState]


def provider_changes(state: GcpProjectState) -> Iterator[tuple[str, str, JsonObject]]:
    """Yield the provider with its condition dropped and weakened, and with other accounts, types and mappings."""
    for provider in state.providers():
        text: str = provider["attributeCondition"]
        parts = text.split(" && ")
        bare = {k: v for k, v in provider.items() if k != "attributeCondition"}
        for where, weaker in (("absent", bare), ("empty", {**bare, "attributeCondition": ""})):
            yield "provider condition dropped", where, weaker
        yield "provider condition dropped", "true", {**bare, "attributeCondition": "true"}
        for at, part in enumerate(parts):
            rest = parts[:at] + parts[at + 1 :]
            yield "provider condition dropped", part, {**bare, "attributeCondition": " && ".join(rest)}
            for where, weaker_part in _weaker(part):
                weaker_text = " && ".join([*parts[:at], weaker_part, *parts[at + 1 :]])
                yield "provider condition weakened", where, {**bare, "attributeCondition": weaker_text}
        for where, weaker_text in (
            ("or true", f"({text}) || true"),
            ("or another account", f"{text} || assertion.account == '999999999999'"),
            ("any of them", " || ".join(parts)),
            ("not", f"!({text})"),
            ("choice", f"assertion.account == '444455556666' ? true : {parts[0]}"),
        ):
            yield "provider condition weakened", where, {**bare, "attributeCondition": weaker_text}
        yield "provider takes another account", "aws", {**provider, "aws": {"accountId": "999999999999"}}
        no_aws = {k: v for k, v in provider.items() if k != "aws"}
        for protocol in ("oidc", "saml"):
            other = {**no_aws, protocol: {"issuerUri": "https://token.actions.githubusercontent.com"}}
            yield "provider of another type", protocol, other


def _weaker(part: str) -> Iterator[tuple[str, str]]:
    yield f"{part} negated", f"!({part})"
    yield f"{part} or not", f"({part} || assertion.arn.contains('porter'))"
    if "startsWith" in part:
        yield f"{part} shorter", part.replace("/')", "')")
        yield f"{part} shorter", part.replace("porter-ccp/')", "')")
        yield f"{part} contains", part.replace("startsWith", "contains")
    if "endsWith" in part:
        yield f"{part} shorter", part.replace("/porter", "porter")
        yield f"{part} shorter", part.replace("/porter-tenant-acme", "e")
        yield f"{part} other tenant", part.replace("acme", "other")
        yield f"{part} contains", part.replace("endsWith", "contains")
    if "==" in part:
        yield f"{part} unequal", part.replace("==", "!=")
        yield f"{part} other account", part.replace("4444", "9999")


_NEW_KEYS: tuple[JsonObject, ...] = (
    {"validAfterTime": "2026-05-20T00:00:00Z", "validBeforeTime": "9999-12-31T23:59:59Z"},
    {"validAfterTime": "2026-05-20T00:00:00Z", "validBeforeTime": "2026-07-01T00:00:00Z"},
    {"validAfterTime": "2024-05-20T00:00:00Z", "validBeforeTime": "9999-12-31T23:59:59Z"},
    {"validAfterTime": "2025-05-20T00:00:00Z", "validBeforeTime": "2026-01-01T00:00:00Z"},
    {"validAfterTime": "2026-05-20T00:00:00Z", "keyOrigin": "USER_PROVIDED"},
    {"validAfterTime": "2026-05-20T00:00:00Z", "disabled": True},
    {},
)


def _new_keys(email: str) -> Iterator[JsonObject]:
    for number, facts in enumerate(_NEW_KEYS):
        name = f"projects/p/serviceAccounts/{email}/keys/{number}f{'0' * 37}{number}a"
        yield {"name": name, "keyType": "USER_MANAGED", "keyOrigin": "GOOGLE_PROVIDED", **facts}


def fact_changes(state: GcpProjectState) -> Iterator[Made]:
    """Yield keys, providers, pools, mappings and nodes."""
    for key in _new_keys(state.email):
        where = f"{sorted(set(key.items()) - {('name', key['name'])})}"
        yield "key added", where, state.with_keys(state.email, lambda had, new=key: [*had, new])  # type: ignore[misc]
        if not state.federated and key.get("validAfterTime", "").startswith("2024"):
            after = state.with_keys(state.email, lambda had, new=key: [new])  # type: ignore[misc]
            yield "key older than its successor", where, after
    for provider in state.providers():
        for attribute, value in (
            ("attribute.aws_account", "assertion.arn"),
            ("attribute.aws_account", "'444455556666'"),
            ("google.subject", "assertion.userid"),
            ("google.subject", "'porter'"),
        ):
            mapping = {**provider["attributeMapping"], attribute: value}
            after = state.with_provider(lambda one, new=mapping: {**one, "attributeMapping": new})  # type: ignore[misc]
            yield "provider mapping changed", f"{attribute} = {value}", after
        lost = {k: v for k, v in provider["attributeMapping"].items() if k == "google.subject"}
        after = state.with_provider(lambda one, new=lost: {**one, "attributeMapping": new})  # type: ignore[misc]
        yield "provider mapping changed", "attribute dropped", after
    yield from _pools(state)
    for metadata in ("GKE_METADATA", "GCE_METADATA", ""):
        pool: JsonObject = {
            "name": "main",
            "config": {"serviceAccount": state.email, "workloadMetadataConfig": {"mode": metadata}},
        }
        cluster = {"name": "prod", "location": "us-east1", "nodePools": [pool]}
        after = state.edited(
            kinds.NODES,
            "projects.locations.clusters.list",
            lambda p, new=cluster: {**p, "clusters": [new]},  # type: ignore[misc]
        )
        yield "nodes run as the service account", metadata, after


def _pools(state: GcpProjectState) -> Iterator[Made]:
    head = "projects/123456789012/locations/global/workloadIdentityPools"
    github: JsonObject = {"oidc": {"issuerUri": "https://token.actions.githubusercontent.com"}}
    other: JsonObject = {"aws": {"accountId": "999999999999"}}
    for number, provider in enumerate((github, other, {"saml": {"idpMetadataXml": "<x/>"}}, {"x509": {}})):
        if state.federated:
            pool = state.providers()[0]["name"].rpartition("/providers/")[0]
            row = {"name": f"{pool}/providers/extra-{number}", "state": "ACTIVE", **provider}
            after = state.edited(
                kinds.POOLS,
                PROVIDERS,
                lambda p, new=row: {  # type: ignore[misc]
                    **p,
                    "workloadIdentityPoolProviders": [*p["workloadIdentityPoolProviders"], new],
                },
            )
            yield "second provider", next(iter(provider)), after
    for name in ("porter-legacy", "Porter-x", "porterpool"):
        row = {"name": f"{head}/{name}", "state": "ACTIVE"}
        yield "pool of the vendor's name", name, _with_pool(state, row)
    row = {"name": f"{head}/porter-pool-old", "state": "DELETED"}
    yield "deleted pool", "porter-pool-old", _with_pool(state, row)


def _with_pool(state: GcpProjectState, row: JsonObject) -> GcpProjectState:
    state = state.edited(
        kinds.POOLS, POOLS, lambda p: {**p, "workloadIdentityPools": [*p.get("workloadIdentityPools", ()), row]}
    )
    page = {"_call": {"operation": PROVIDERS, "params": {"parent": row["name"]}}}
    return state.with_pages(kinds.POOLS, [*state.pages(kinds.POOLS), page])


def identity_changes(state: GcpProjectState) -> Iterator[Made]:
    """Yield other accounts of the vendor's name or role, and what is left of deleted ones."""
    for account, facts in (
        ("porter-helper", {}),
        ("Porter-x", {}),
        ("porter", {"disabled": True}),
    ):
        made = state.with_account(account, **facts)
        yield "undocumented service account", account, made
        email = f"{account}@porter-demo-project.iam.gserviceaccount.com"
        for role in ("roles/cloudsql.admin", "roles/owner"):
            bound = made.bound(state.project, role, f"serviceAccount:{email}")
            yield "second account with access", f"{account} {role}", bound
        for key in _new_keys(email):
            keyed = made.with_keys(email, lambda had, new=key: [*had, new])  # type: ignore[misc]
            yield "key of a second account", account, keyed
            break
    if state.federated:
        marked = state.with_account("helper", description="managed-by=porter porter-project-id=1")
        yield "undocumented service account", "marked", marked
    for role in ("roles/resourcemanager.projectIamAdmin", f"{state.project}/roles/porterManager"):
        billing = "serviceAccount:billing-api@porter-demo-project.iam.gserviceaccount.com"
        after = state.with_role(role, ROLES.get(role, ("compute.instances.create",))).bound(
            state.project, role, billing
        )
        yield "other holder of the vendor's role", role, after
    for node in (state.project, FOLDER, state.email):
        gone = "deleted:serviceAccount:porter-old@porter-demo-project.iam.gserviceaccount.com?uid=1"
        yield "deleted account still bound", node, state.bound(node, "roles/compute.admin", gone)


def losses(state: GcpProjectState) -> Iterator[Made]:
    """Yield what the vendor needs and has no more."""
    for binding in state.bindings(state.project):
        if state.member in binding["members"]:
            rest = [b for b in state.bindings(state.project) if b != binding]
            if "roleAdmin" not in binding["role"]:
                yield "documented role removed", binding["role"], state.with_bindings(state.project, rest)
    listed = [s["config"]["name"] for p in state.pages(kinds.SERVICES) for s in p["services"]]
    for name in listed:
        if name != "container.googleapis.com":
            after = state.edited(
                kinds.SERVICES,
                "services.list",
                lambda p, gone=name: {  # type: ignore[misc]
                    **p,
                    "services": [s for s in p["services"] if s["config"]["name"] != gone],
                },
            )
            yield "API disabled", name, after
    off = state.edited(kinds.BILLING, "projects.getBillingInfo", lambda p: {**p, "billingEnabled": False})
    yield "billing detached", "project", off
    disabled = state.edited(
        kinds.SERVICE_ACCOUNTS,
        "projects.serviceAccounts.list",
        lambda p: {**p, "accounts": [{**a, "disabled": a["email"] == state.email} for a in p["accounts"]]},
    )
    yield "service account disabled", state.email, disabled
