"""Every mutant and rewrite of the GCP project."""

from __future__ import annotations

from collections.abc import Iterator

from mutations.gcp_facts import fact_changes, identity_changes, losses, provider_changes
from mutations.gcp_principals import KINDS as OTHER_KINDS
from mutations.gcp_principals import grants_beside, principal_changes
from mutations.gcp_rewrites import gcp_rewrites
from mutations.gcp_sampling import GcpTrial, TokenTrial
from mutations.gcp_state import FOLDER, ORGANIZATION, GcpProjectState
from mutations.records import JUDGED, Kind, Mutant, Mutants
from scanner.localcloud.gcp_provision import ROLES
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject
from scanner.rules.base import Settings

Made = tuple[str, str, GcpProjectState]
_PERM = frozenset({"GCP-PERM-001"})
_BASIC = ("roles/owner", "roles/editor")
_IMPERSONATING = (
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/iam.workloadIdentityUser",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountAdmin",
)
_OWN_ROLES = {
    "takesTokens": ("iam.serviceAccounts.getAccessToken",),
    "actsAs": ("iam.serviceAccounts.actAs", "iam.serviceAccounts.get"),
    "makesKeys": ("iam.serviceAccountKeys.create",),
    "setsPolicies": ("iam.serviceAccounts.setIamPolicy",),
    "signs": ("iam.serviceAccounts.signJwt",),
}
_NOW_AND_LATER: tuple[JsonObject, ...] = (
    {"title": "until later", "expression": 'request.time < timestamp("2027-01-01T00:00:00Z")'},
    {"title": "from now", "expression": 'request.time > timestamp("2026-01-01T00:00:00Z")'},
)


def _kind(name: str, *must: str, **more: object) -> Kind:
    return Kind(name, frozenset(must), **more)  # type: ignore[arg-type]


_ALSO = frozenset({"GCP-PERM-003"})
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("basic role bound", "GCP-PERM-001", "GCP-PERM-003", access=True),
        _kind("undocumented role bound to the project", "GCP-PERM-001", results=JUDGED, access=True),
        _kind("role bound above the project", "GCP-PERM-001", may=_ALSO, access=True),
        _kind("custom role bound", "GCP-PERM-001", access=True),
        _kind("permission added to the vendor's custom role", "GCP-PERM-001", access=True),
        _kind("condition of a binding widened", "GCP-PERM-001", may=_ALSO, access=True),
        _kind("service account may act as another", "GCP-IMP-003", results=JUDGED, access=True),
        _kind("service account: member may act as it", "GCP-IMP-001", access=True),
        _kind("service account: custom role to act as it", "GCP-IMP-001", access=True),
        _kind("everybody may act as it", "GCP-IMP-001", access=True),
        _kind("whole pool may act as it", "GCP-IMP-001", access=True),
        _kind("another federated identity may act as it", "GCP-IMP-001", access=True),
        _kind("project-wide role to act as accounts", "GCP-IMP-002"),
        _kind("public member", "GCP-PUB-001", may=_PERM | _ALSO),
        _kind("key added", "GCP-KEY-001", may=frozenset({"GCP-KEY-002"})),
        _kind("key older than its successor", "GCP-KEY-002"),
        _kind("provider condition dropped", "GCP-WIF-001"),
        _kind("provider condition weakened", "GCP-WIF-001"),
        _kind("provider takes another account", "GCP-WIF-001"),
        _kind("provider of another type", "GCP-WIF-001"),
        _kind("provider mapping changed", "GCP-WIF-001"),
        _kind("second provider", "GCP-WIF-002"),
        _kind("pool of the vendor's name", "GCP-WIF-002"),
        _kind("undocumented service account", "GCP-SA-001"),
        _kind("other holder of the vendor's role", "GCP-SA-001"),
        _kind("second account with access", "GCP-SA-001", "GCP-PERM-001", may=_ALSO),
        _kind("key of a second account", "GCP-KEY-001", "GCP-SA-001"),
        _kind("deleted account still bound", "GCP-LEFT-001"),
        _kind("deleted pool", "GCP-LEFT-001"),
        _kind("nodes run as the service account", "GCP-NODE-001"),
        _kind("documented role removed", "GCP-PERM-002"),
        _kind("API disabled", "GCP-API-001"),
        _kind("billing detached", "GCP-BILL-001"),
        _kind("service account disabled", "GCP-SA-002"),
        _kind("role grew since the run before", "GCP-PERM-004"),
        *OTHER_KINDS,
    )
}


class GcpMutations:
    """Makes every mutant of one project."""

    def __init__(self, state: GcpProjectState, documented_roles: frozenset[str]) -> None:
        self._state = state
        self._documented = documented_roles

    def mutants(self) -> Mutants:
        """Yield every mutant and rewrite."""
        state = self._state
        for kind, where, after in (*self._grants(), *grants_beside(state), *_acting(state), *_federated_members(state)):
            trial = GcpTrial(state, after)
            yield Mutant(
                *("gcp", KINDS[kind], where, state.snapshot, after.snapshot),
                changed=trial.difference,
                confirms=trial.confirms,
            )
        for kind, where, provider in provider_changes(state):
            after = state.with_provider(lambda _, new=provider: new)  # type: ignore[misc]
            tokens = TokenTrial(state.providers()[0], provider)
            yield Mutant("gcp", KINDS[kind], where, state.snapshot, after.snapshot, changed=tokens.admits_more)
        facts = (*fact_changes(state), *principal_changes(state), *identity_changes(state), *losses(state))
        for kind, where, after in facts:
            yield Mutant("gcp", KINDS[kind], where, state.snapshot, after.snapshot)
        for name in (p["name"] for p in state.pages(kinds.ROLES)):
            yield from self._grown(name)
        for kind, where, after in gcp_rewrites(state):
            yield Mutant("gcp", Kind(kind, rewrite=True), where, state.snapshot, after.snapshot)

    def _grown(self, role: str) -> Mutants:
        state = self._state
        if not any(b["role"] == role and state.member in b["members"] for b in state.bindings(state.project)):
            return
        had = tuple(next(p for p in state.pages(kinds.ROLES) if p["name"] == role).get("includedPermissions", ()))
        known = Settings(has_previous=True, previous_gcp_roles=((role, had),))
        after = state.with_role(role, (*had, "aiplatform.models.export"))
        kind = KINDS["role grew since the run before"]
        yield Mutant("gcp", kind, role, state.snapshot, after.snapshot, role, known)

    def _grants(self) -> Iterator[Made]:
        state, me = self._state, self._state.member
        for node in (state.project, FOLDER, ORGANIZATION):
            for role in sorted(ROLES):
                if node == state.project and role in self._documented:
                    continue
                kind = _binding_kind(role, node, state.project)
                for member in (me, me.upper().replace("SERVICEACCOUNT:", "serviceAccount:")):
                    yield kind, f"{role} on {node}", state.bound(node, role, member)
                yield kind, f"{role} on {node}, with others", state.bound(node, role, "user:alice@example.com", me)
                yield kind, f"{role} on {node}, merged", state.bound(node, role, me, merge=True)
                for condition in _NOW_AND_LATER:
                    after = state.bound(node, role, me, condition=condition)
                    wider = "condition of a binding widened"
                    above = node != state.project
                    yield (wider if above or role in _BASIC else kind), f"{role} on {node}, {condition['title']}", after
        yield from self._custom()
        other = next(
            a["email"] for p in state.pages(kinds.SERVICE_ACCOUNTS) for a in p["accounts"] if a["email"] != state.email
        )
        # A role that is documented for the project is held on every account in it.
        for role in (role for role in _IMPERSONATING if role not in self._documented):
            yield "service account may act as another", f"{role} on {other}", state.bound(other, role, me)

    def _custom(self) -> Iterator[Made]:
        state, me = self._state, self._state.member
        held = sorted({p for r in self._documented for p in ROLES.get(r, ())})
        for name in ("reporting", "porterManager", "porterExtra"):
            role = f"{state.project}/roles/{name}"
            kind = "permission added to the vendor's custom role" if name == "porterManager" else "custom role bound"
            for extra in ("bigquery.tables.getData", "secretmanager.versions.access", "logging.sinks.delete"):
                for with_held in (False, True):
                    permissions = (*(held if with_held else ()), extra)
                    where = f"{name}: {extra}{' and what is documented' if with_held else ''}"
                    yield kind, where, state.with_role(role, permissions).bound(state.project, role, me)


def _binding_kind(role: str, node: str, project: str) -> str:
    if role in _BASIC or (role == "roles/viewer" and node != project):
        return "basic role bound"
    return "undocumented role bound to the project" if node == project else "role bound above the project"


def _acting(state: GcpProjectState) -> Iterator[Made]:
    """Yield who may act as the vendor's account: by its own policy, and by those above it."""
    people = (
        "user:mallory@example.com",
        "group:contractors@example.com",
        "domain:example.net",
        "serviceAccount:billing-api@porter-demo-project.iam.gserviceaccount.com",
        "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/x",
    )
    for role in _IMPERSONATING:
        for member in people:
            yield "service account: member may act as it", f"{member} {role}", state.bound(state.email, role, member)
        for member in ("allUsers", "allAuthenticatedUsers"):
            yield "everybody may act as it", f"{member} {role}", state.bound(state.email, role, member)
        for member in people[:3]:
            for node in (state.project, FOLDER, ORGANIZATION):
                kind = "project-wide role to act as accounts"
                yield kind, f"{member} {role} on {node}", state.bound(node, role, member)
    for name, permissions in _OWN_ROLES.items():
        role = f"{state.project}/roles/{name}"
        defined = state.with_role(role, permissions)
        yield "service account: custom role to act as it", name, defined.bound(state.email, role, people[0])
        yield "project-wide role to act as accounts", name, defined.bound(state.project, role, people[0])
    for role in ("roles/viewer", "roles/owner", "roles/storage.admin"):
        for member in ("allUsers", "allAuthenticatedUsers"):
            for node in (state.project, FOLDER, ORGANIZATION):
                yield "public member", f"{member} {role} on {node}", state.bound(node, role, member)


def _federated_members(state: GcpProjectState) -> Iterator[Made]:
    if not state.federated:
        return
    rows = state.bindings(state.email)
    ours: str = rows[0]["members"][0]
    pool = ours.partition("/attribute.")[0]
    head = pool.partition("/workloadIdentityPools/")[0]
    role = "roles/iam.workloadIdentityUser"
    yield "whole pool may act as it", "added", state.bound(state.email, role, f"{pool}/*")
    yield "whole pool may act as it", "merged", state.bound(state.email, role, f"{pool}/*", merge=True)
    replaced = [{**rows[0], "members": [f"{pool}/*"]}, *rows[1:]]
    yield "whole pool may act as it", "in its place", state.with_bindings(state.email, replaced)
    for other in (
        f"{pool}/attribute.aws_account/999999999999",
        f"{pool}/attribute.aws_role/admin",
        f"{pool}/group/admins",
        f"{head}/workloadIdentityPools/github/attribute.repository/somebody/tools",
        f"{head}/workloadIdentityPools/github/*",
        f"{pool.replace('principalSet', 'principal')}/subject/arn:aws:sts::999999999999:assumed-role/a/b",
        ours.replace("/projects/", "/projects/9"),
    ):
        for merge in (False, True):
            yield "another federated identity may act as it", other, state.bound(state.email, role, other, merge=merge)
    for other_role in _IMPERSONATING:
        if other_role != role:
            kind = "another federated identity may act as it"
            yield kind, f"{other_role} for the documented set", state.bound(state.email, other_role, ours)
