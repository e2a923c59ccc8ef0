"""Other text for the same project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mutations.gcp_principals import principals_of_others
from mutations.gcp_state import FOLDER, GcpProjectState
from scanner.localcloud.gcp_provision import ROLES
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject

Made = tuple[str, str, GcpProjectState]


def gcp_rewrites(state: GcpProjectState) -> Iterator[Made]:
    """Yield the project in other words, and with changes that do not concern the vendor."""
    yield from _bindings(state)
    yield from _conditions(state)
    yield from _providers(state)
    yield from _descriptions(state)
    yield from _of_others(state)
    yield from principals_of_others(state)


def _bindings(state: GcpProjectState) -> Iterator[Made]:
    node = state.project
    rows = state.bindings(node)
    yield "bindings in another order", node, state.with_bindings(node, list(reversed(rows)))
    alice = "user:alice@example.com"
    for at, binding in enumerate(rows):
        if state.member not in binding["members"]:
            continue
        rest = [*rows[:at], *rows[at + 1 :]]
        where = binding["role"]
        yield "binding twice", where, state.with_bindings(node, [*rows, dict(binding)])
        twice = {**binding, "members": binding["members"] * 2}
        yield "member twice", where, state.with_bindings(node, [*rest, twice])
        for first, second in ((alice, state.member), (state.member, alice)):
            if where == "roles/iam.serviceAccountAdmin":
                continue  # with it, she may act as the vendor's account
            shared = {**binding, "members": [first, second]}
            yield "somebody else in the binding", where, state.with_bindings(node, [*rest, shared])
        upper = {**binding, "members": [f"serviceAccount:{state.email.upper()}"]}
        yield "letter case of members", where, state.with_bindings(node, [*rest, upper])
        narrower = {**binding, "condition": {"title": "c", "expression": "resource.name.startsWith('projects/x')"}}
        yield "narrower binding beside it", where, state.with_bindings(node, [*rows, narrower])
    for permission in ("storage.objects.get", "compute.networks.create"):
        role = f"{node}/roles/narrower"
        after = state.with_role(role, (permission,)).bound(node, role, state.member)
        yield "custom role inside the documented ones", permission, after


def _conditions(state: GcpProjectState) -> Iterator[Made]:
    for provider in state.providers():
        text: str = provider["attributeCondition"]
        parts = text.split(" && ")
        flipped = " && ".join([f"{p.split(' == ')[1]} == {p.split(' == ')[0]}" if " == " in p else p for p in parts])
        for kind, written in (
            ("condition: conjuncts in another order", " && ".join(reversed(parts))),
            ("condition: white space", text.replace(" && ", "\n  &&\t").replace("(", "( ").replace("==", "  ==  ")),
            ("condition: other quotes", text.replace("'", '"')),
            ("condition: parentheses", " && ".join(f"({p})" for p in parts)),
            ("condition: parentheses", f"(({text}))"),
            ("condition: nested conjunction", f"{parts[0]} && ({' && '.join(parts[1:])})"),
            ("condition: said twice", f"{text} && {parts[0]}"),
            ("condition: and true", f"{text} && true"),
            ("condition: sides of the equation", flipped),
            ("condition: a further conjunct", f"{text} && assertion.arn.contains('porter')"),
        ):
            changed = {**provider, "attributeCondition": written}
            yield kind, "provider", state.with_provider(lambda _, new=changed: new)  # type: ignore[misc]


def _providers(state: GcpProjectState) -> Iterator[Made]:
    if not state.federated:
        return

    def edit(**facts: Any) -> GcpProjectState:
        return state.with_provider(lambda one: {**one, **facts})

    mapping = state.providers()[0]["attributeMapping"]
    yield "provider: display name", "provider", edit(displayName="AWS of Porter", description="set up by Terraform")
    yield "provider: mapping in another order", "provider", edit(attributeMapping=dict(reversed(mapping.items())))
    yield "provider: one more attribute", "provider", edit(
        attributeMapping={**mapping, "attribute.aws_role": "assertion.arn.extract('assumed-role/{role}/')"}
    )


def _descriptions(state: GcpProjectState) -> Iterator[Made]:
    def account(row: JsonObject) -> JsonObject:
        return {**row, "displayName": "Something else", "oauth2ClientId": "1"} if row["email"] == state.email else row

    yield (
        "account: display name",
        state.email,
        state.edited(
            kinds.SERVICE_ACCOUNTS,
            "projects.serviceAccounts.list",
            lambda p: {**p, "accounts": [account(a) for a in p["accounts"]]},
        ),
    )
    yield (
        "accounts in another order",
        "project",
        state.edited(
            kinds.SERVICE_ACCOUNTS,
            "projects.serviceAccounts.list",
            lambda p: {**p, "accounts": list(reversed(p["accounts"]))},
        ),
    )
    yield (
        "role: permissions in another order",
        "all",
        state.edited(
            kinds.ROLES,
            "roles.get",
            lambda p: {**p, "includedPermissions": list(reversed(p.get("includedPermissions", ())))},
        ),
    )
    yield (
        "role: title and description",
        "all",
        state.edited(kinds.ROLES, "roles.get", lambda p: {**p, "title": "t", "description": "d", "etag": "x"}),
    )
    yield (
        "policy: etag and version",
        "project",
        state.edited(kinds.PROJECT_POLICY, "projects.getIamPolicy", lambda p: {**p, "etag": "BwY", "version": 3}),
    )
    yield (
        "keys that Google manages",
        state.email,
        state.with_keys(
            state.email,
            lambda had: [*had, {"name": "projects/p/serviceAccounts/s/keys/abcd", "keyType": "SYSTEM_MANAGED"}],
        ),
    )


def _of_others(state: GcpProjectState) -> Iterator[Made]:
    billing = "serviceAccount:billing-api@porter-demo-project.iam.gserviceaccount.com"
    for role in ("roles/editor", "roles/cloudsql.admin", "roles/storage.admin"):
        for member in (billing, "user:bob@example.com", "group:team@example.com"):
            yield "somebody else's role", f"{member} {role}", state.bound(state.project, role, member)
            yield "somebody else's role", f"{member} {role} on the folder", state.bound(FOLDER, role, member)
    yield "somebody else's account", "importer", state.with_account("importer").bound(
        state.project, "roles/cloudsql.admin", "serviceAccount:importer@porter-demo-project.iam.gserviceaccount.com"
    )
    yield "role that lets nobody act as the account", "viewer", state.with_role(
        "roles/iam.serviceAccountViewer", ("iam.serviceAccounts.get",)
    ).bound(state.email, "roles/iam.serviceAccountViewer", "user:bob@example.com")
    for name in sorted(ROLES)[:3]:
        yield "role that nobody holds", name, state.with_role(f"{state.project}/roles/unused", ROLES[name])
