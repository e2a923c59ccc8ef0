"""The Google resources of a Terraform plan as projects with the access they will have.

Attributes: https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_iam and its
neighbours. A plan adds to a policy that it does not show: what is judged is what it makes, and what it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from scanner.collect.aws.authorization_pages import decode_document
from scanner.collect.exports.gaad import Reading
from scanner.collect.gcp.allowlist import gcp_apis_of
from scanner.collect.planned.plan_changes import LATER, Change, PlanChanges
from scanner.collect.planned.plan_gcp_bindings import PlannedBinding, is_binding, key_times
from scanner.collect.planned.plan_gcp_pools import POOL, PROVIDER, add_pool
from scanner.collect.planned.plan_gcp_resources import (
    HMAC_KEY,
    account_host,
    add_bound,
    add_hmac_key,
    bound_form,
    project_of,
    strangers,
)
from scanner.collect.planned.units import PlannedUnits, planned_part, planned_scope
from scanner.collect.strict_json import shown
from scanner.errors import InputError
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import Scope, Snapshot, Unit

NO_PROJECT: Final = "project-not-named"
"""Stands for the project where neither the plan nor the user names one."""
UNNAMED: Final = "project not named: give --param project_id=..."

_ACCOUNT: Final = "google_service_account"
_KEY: Final = "google_service_account_key"
_ROLE: Final = "google_project_iam_custom_role"
_ORGANIZATION_ROLE: Final = "google_organization_iam_custom_role"
_NODES: Final = {"project": "project", "folder": "folder", "organization": "org_id"}
"""Kind of node -> the attribute that names it."""
_FORMS: Final = ("member", "binding", "policy")
_NODE_IAM: Final = {f"google_{node}_iam_{form}": (node, form) for node in _NODES for form in _FORMS}
_ACCOUNT_IAM: Final = {f"google_service_account_iam_{form}": form for form in _FORMS}
_READ: Final = frozenset(
    {_ACCOUNT, _KEY, HMAC_KEY, POOL, PROVIDER, _ROLE, _ORGANIZATION_ROLE, *_NODE_IAM, *_ACCOUNT_IAM}
)
_HARMLESS: Final = re.compile(r"google_(?:project|folder|organization)_iam_audit_config")
_OPAQUE: Final = re.compile(
    r"google_(?:project|folder|organization|service_account)_iam_\w+|google_project_default_service_accounts"
    r"|google_deployment_manager_deployment|google_infra_manager_\w+"
)
"""Types that are, or can make, bindings on the project or its accounts, and are not read here."""
_OPERATIONS: Final = {
    "project": (kinds.PROJECT_POLICY, "projects.getIamPolicy"),
    "folder": (kinds.ANCESTORS, "folders.getIamPolicy"),
    "organization": (kinds.ANCESTORS, "organizations.getIamPolicy"),
}


def gcp_snapshot(changes: PlanChanges, reading: Reading, elsewhere: tuple[str, ...]) -> Snapshot:
    """Return the Google part of a plan: a scope per project that it names."""
    plan = _GcpPlan(changes, reading, elsewhere)
    scopes: list[Scope] = []
    units: list[Unit] = []
    for project, made in plan.planned().items():
        named = None if project != NO_PROJECT else UNNAMED
        scope = Scope(cloud="gcp", kind="project", id=project, name=named, presence=reading.presence)
        scopes.append(scope)
        units += planned_scope(
            scope, made, kinds.GCP_UNIT_KINDS, unit_id=partial(kinds.gcp_unit_id, project), apis=gcp_apis_of
        )
    return planned_part(reading, scopes, units)


class _GcpPlan:
    """The Google part of one plan on its way to projects."""

    def __init__(self, changes: PlanChanges, reading: Reading, elsewhere: tuple[str, ...]) -> None:
        self._changes = changes
        self._elsewhere = elsewhere
        self._default = reading.project_id or self._from_provider()
        self._made: dict[str, PlannedUnits] = {}
        self._emails: dict[str, str] = {}
        """Address of a service account of the plan -> its e-mail."""
        self._rows: dict[str, dict[str, JsonObject]] = {}
        """Project -> e-mail -> row of the list of service accounts."""
        self._outside: dict[str, set[str]] = {}
        """Project -> accounts that the plan binds and does not make."""
        self._policies: dict[str, dict[str, list[PlannedBinding]]] = {}
        """Project -> e-mail -> who may act as the account."""
        self._keys: dict[str, dict[str, list[JsonObject]]] = {}

        own = (*_NODE_IAM, *_ACCOUNT_IAM)
        self._resource_types = {c.type for c in changes.all if bound_form(c.type) and c.type not in own}
        """Types that bind on single resources, which a scan finds with Cloud Asset Inventory."""

    def planned(self) -> dict[str, PlannedUnits]:
        """Return what the plan makes, project by project; accounts and roles first, since others refer to them."""
        for change in self._changes.of(_ACCOUNT):
            self._account(change)
        for change in self._changes.of(_ROLE, _ORGANIZATION_ROLE):
            self._role(change)
        for change in self._changes.of(*_NODE_IAM):
            self._node_binding(change)
        for change in self._changes.of(*_ACCOUNT_IAM):
            self._account_binding(change)
        for change in self._changes.of(_KEY):
            self._key(change)
        for change in self._changes.of(HMAC_KEY):
            project = self._project(change)
            add_hmac_key(change, project, self._key_holder(change), self._of(project))
        for change in self._changes.of(*self._resource_types):
            self._resource_binding(change)
        for change in self._changes.of(POOL, PROVIDER):
            project = self._project(change)
            add_pool(self._changes, change, project, self._of(project))
        if not self._made:
            self._of(self._default or NO_PROJECT)
        for project, made in self._made.items():
            self._finish(project, made)
        return self._made

    def _from_provider(self) -> str:
        for provider in ("google", "google-beta"):
            if found := self._changes.provider_value(provider, "project"):
                return found
        known = {str(v.get("project_id") or v.get("project")) for k, v in self._changes.prior_values() if "google" in k}
        known -= {"None", ""}
        return next(iter(known)) if len(known) == 1 else ""

    def _of(self, project: str) -> PlannedUnits:
        return self._made.setdefault(project, PlannedUnits())

    def _project(self, change: Change) -> str:
        """Return the project of a resource; one that is not known is said, and the default stands for it."""
        named = change.text("project").removeprefix("projects/")
        if named:
            return named
        project = self._default or NO_PROJECT
        if not change.known("project") and change.configured is not None and "project" in change.configured:
            reason = f"{change.where}: its project is {LATER}"
            self._of(project).lose(reason, kinds.PROJECT_POLICY, kinds.SERVICE_ACCOUNTS)
        return project

    def _account(self, change: Change) -> None:
        project = self._project(change)
        name = change.text("account_id")
        email = change.text("email") or (f"{name}@{account_host(project)}" if name else "")
        if not email:
            self._of(project).lose(f"{change.where}: the account's name is {LATER}", kinds.SERVICE_ACCOUNTS)
            return
        self._emails[change.address] = email
        row: JsonObject = {
            "name": f"projects/{project}/serviceAccounts/{email}",
            "projectId": project,
            "email": email,
            "uniqueId": change.text("unique_id") or f"planned:{email}",
            "displayName": change.text("display_name"),
            "description": change.text("description"),
            "disabled": change.after.get("disabled") is True,
        }
        if not change.known("description"):
            self._of(project).lose(f"{change.where}: `description` is {LATER}", kinds.SERVICE_ACCOUNTS)
        self._of(project).open(kinds.SERVICE_ACCOUNTS)
        self._rows.setdefault(project, {})[email] = row

    def _role(self, change: Change) -> None:
        project = self._project(change)
        made = self._of(project)
        name = self._role_name(change, project)
        permissions = change.texts("permissions")
        if not name or not change.known("permissions"):
            what = "its permissions are" if name else "the role's name is"
            made.lose(f"{change.where}: {what} {LATER}", kinds.ROLES, kinds.CUSTOM_ROLES)
            return
        gone = {"deleted": True} if change.after.get("deleted") is True else {}
        body: JsonObject = {"name": name, "stage": change.text("stage") or "GA", **gone}
        if change.type == _ROLE:
            made.add(kinds.CUSTOM_ROLES, "projects.roles.list", {"parent": f"projects/{project}"}, {"roles": [body]})
        made.add(kinds.ROLES, "roles.get", {"name": name}, {**body, "includedPermissions": permissions})

    def _role_name(self, change: Change, project: str) -> str:
        own = change.text("role_id")
        if change.type == _ROLE:
            return f"projects/{project}/roles/{own}" if own else ""
        organization = change.text("org_id")
        return f"organizations/{organization}/roles/{own}" if own and organization else ""

    def _node_binding(self, change: Change) -> None:
        node, form = _NODE_IAM[change.type]
        project = self._project(change) if node == "project" else self._default or NO_PROJECT
        kind, operation = _OPERATIONS[node]
        made = self._of(project)
        resource = f"projects/{project}" if node == "project" else self._above(change, node)
        if not resource:
            made.lose(f"{change.where}: its {node} is {LATER}", kind)
            return
        bindings = self._bindings(change, form, made, kind)
        made.add(kind, operation, {"resource": resource}, {"bindings": [b.body() for b in bindings]})
        for binding in bindings:
            for member in binding.members:
                self._outsider(project, member)

    def _above(self, change: Change, node: str) -> str:
        name = change.text(_NODES[node])
        head = f"{node}s/"
        return name if name.startswith(head) else f"{head}{name}" if name else ""

    def _bindings(self, change: Change, form: str, made: PlannedUnits, *kind: str) -> list[PlannedBinding]:
        """Return the bindings a resource makes; what is not known is a reason for the kinds that hold it."""
        if form == "policy":
            return self._policy_data(change, made, *kind)
        role = self._bound_role(change)
        members = self._members(change, form)
        if not role or members is None:
            what = "its role is" if not role else "its members are"
            made.lose(f"{change.where}: {what} {LATER}", *kind)
        if not change.known("condition"):
            made.lose(f"{change.where}: its condition is {LATER}", *kind)
        condition = next(iter(change.blocks("condition")), {})
        kept = {k: condition[k] for k in ("title", "description", "expression") if condition.get(k)}
        return [PlannedBinding(role, members, kept or None)] if role and members else []

    def _bound_role(self, change: Change) -> str:
        if role := change.text("role"):
            return role
        for kind in (_ROLE, _ORGANIZATION_ROLE):
            found = self._changes.referred(change, "role", kind, ("id", "name"))
            if found is not None:
                return self._role_name(found, self._project(found))
        return ""

    def _members(self, change: Change, form: str) -> tuple[str, ...] | None:
        """Return the members; None: not all of them are known."""
        key = "member" if form == "member" else "members"
        known = [change.text(key)] if form == "member" else change.texts(key)
        if change.known(key):
            named = tuple(m for m in known if m)
            # Nobody is written as an empty list; anything else means that the plan does not hold them.
            return named if named or change.after.get(key) == [] else None
        account = self._changes.referred(change, key, _ACCOUNT, ("email", "member"))
        email = self._emails.get(account.address) if account else None
        if form == "binding" and len(change.after.get("members") or ()) > 1:
            return None
        if email is None:
            makers = self._changes.made_of(change, key)
            # An agent that another resource brings with it: whoever it is, it is not an account that somebody named.
            return (f"serviceAccount:(of {change.address})",) if makers and not _NAMING & set(makers) else None
        return (f"serviceAccount:{email}",)

    def _policy_data(self, change: Change, made: PlannedUnits, *kind: str) -> list[PlannedBinding]:
        text = change.text("policy_data")
        if not text:
            made.lose(f"{change.where}: `policy_data` is {LATER}", *kind)
            return []
        try:
            document = decode_document(shown(change.address, 200), text)
        except InputError as error:
            made.lose(f"{change.where}: the policy could not be decoded: {error}", *kind)
            return []
        rows = document.get("bindings", []) if isinstance(document, dict) else None
        if not isinstance(rows, list) or not all(map(is_binding, rows)):
            made.lose(f"{change.where}: the policy's bindings are not a list of roles and members", *kind)
            return []
        members = [tuple(map(str, row.get("members", []))) for row in rows]
        return [PlannedBinding(r["role"], m, r.get("condition")) for r, m in zip(rows, members, strict=True)]

    def _outsider(self, project: str, member: str) -> None:
        """Note an account of the project that the plan binds without making it: of it only that is known."""
        email = member.removeprefix("serviceAccount:")
        own = email.endswith(f"@{account_host(project)}")
        if member.startswith("serviceAccount:") and own and email not in self._rows.get(project, {}):
            self._of(project).open(kinds.SERVICE_ACCOUNTS)
            name = f"projects/{project}/serviceAccounts/{email}"
            row = {"name": name, "projectId": project, "email": email, "uniqueId": f"planned:{email}"}
            self._rows.setdefault(project, {})[email] = row
            self._outside.setdefault(project, set()).add(email)

    def _target(self, change: Change) -> tuple[str, str]:
        """Return project and e-mail of the service account a resource is about; empty where not known."""
        text = change.text("service_account_id")
        if text:
            email = text.rpartition("/")[2]
            return project_of(email) or self._default or NO_PROJECT, email
        found = self._changes.referred(change, "service_account_id", _ACCOUNT, ("name", "id", "email"))
        if found is None:
            return self._default or NO_PROJECT, ""
        return self._project(found), self._emails.get(found.address, "")

    def _account_binding(self, change: Change) -> None:
        project, email = self._target(change)
        made = self._of(project)
        if not email:
            made.lose(f"{change.where}: its service account is {LATER}", kinds.SERVICE_ACCOUNT_POLICIES)
            return
        self._outsider(project, f"serviceAccount:{email}")
        bindings = self._bindings(change, _ACCOUNT_IAM[change.type], made, kinds.SERVICE_ACCOUNT_POLICIES)
        self._policies.setdefault(project, {}).setdefault(email, []).extend(bindings)
        for binding in bindings:
            for member in binding.members:
                self._outsider(project, member)

    def _key(self, change: Change) -> None:
        project, email = self._target(change)
        if not email:
            self._of(project).lose(f"{change.where}: its service account is {LATER}", kinds.SERVICE_ACCOUNT_KEYS)
            return
        self._outsider(project, f"serviceAccount:{email}")
        keys = self._keys.setdefault(project, {}).setdefault(email, [])
        name = change.text("name") or f"projects/{project}/serviceAccounts/{email}/keys/planned-{len(keys) + 1:04d}"
        times = key_times(change)
        keys.append({"name": name, "keyType": "USER_MANAGED", "keyOrigin": "GOOGLE_PROVIDED", **times})

    def _key_holder(self, change: Change) -> str:
        account = self._changes.referred(change, "service_account_email", _ACCOUNT, ("email",))
        return change.text("service_account_email") or (self._emails.get(account.address, "") if account else "")

    def _resource_binding(self, change: Change) -> None:
        project = self._project(change)
        made = self._of(project)
        bindings = [b.body() for b in self._bindings(change, bound_form(change.type), made, kinds.POLICIES_BELOW)]
        add_bound(change, project, bindings, made)
        for email in sorted(strangers(bindings, account_host(project), self._rows.get(project, ()))):
            made.notes.append(f"bound on a resource, and not looked at: {shown(email, 80)}")

    def _finish(self, project: str, made: PlannedUnits) -> None:
        """Write the lists that are made of many resources, and say what else there is."""
        made.open(kinds.PROJECT_POLICY, kinds.SERVICE_ACCOUNTS, kinds.POOLS, kinds.ROLES, kinds.CUSTOM_ROLES)
        self._merge(project, made)
        rows = self._rows.get(project, {})
        listed = {"accounts": [rows[email] for email in sorted(rows)]}
        made.add(kinds.SERVICE_ACCOUNTS, "projects.serviceAccounts.list", {"name": f"projects/{project}"}, listed)
        outside = self._outside.get(project, set())
        for email in sorted(rows):
            self._of_account(project, made, email, email in outside)
        for kind in (kinds.SERVICE_ACCOUNT_POLICIES, kinds.SERVICE_ACCOUNT_KEYS):
            for email in sorted(outside) if kind in made.pages else ():
                made.lose(f"{shown(email, 100)} is not made by the plan, which only adds to it", kind)
        self._say(made, outside)

    def _merge(self, project: str, made: PlannedUnits) -> None:
        """Make one policy of all that binds on one node, as the live call answers."""
        for kind, everywhere in ((kinds.PROJECT_POLICY, f"projects/{project}"), (kinds.ANCESTORS, "")):
            by_node: dict[tuple[str, str], list[JsonObject]] = {}
            for page in made.pages.get(kind, []):
                call = page["_call"]
                by_node.setdefault((call["operation"], call["params"]["resource"]), []).extend(page["bindings"])
            if everywhere:
                by_node.setdefault(("projects.getIamPolicy", everywhere), [])
            if kind in made.pages:
                made.pages[kind] = []
                for (operation, resource), bindings in by_node.items():
                    made.add(kind, operation, {"resource": resource}, {"version": 3, "bindings": bindings})

    def _of_account(self, project: str, made: PlannedUnits, email: str, outside: bool) -> None:
        """Write who may act as an account and its keys; of one outside the plan only what the plan adds is known."""
        name = f"projects/{project}/serviceAccounts/{email}"
        bindings = [b.body() for b in self._policies.get(project, {}).get(email, [])]
        keys = self._keys.get(project, {}).get(email, [])
        lists = (
            (kinds.SERVICE_ACCOUNT_POLICIES, "projects.serviceAccounts.getIamPolicy", "resource", "bindings", bindings),
            (kinds.SERVICE_ACCOUNT_KEYS, "projects.serviceAccounts.keys.list", "name", "keys", keys),
        )
        for kind, operation, asked, key, found in lists:
            if found or not outside:
                made.add(kind, operation, {asked: name}, {key: found})

    def _say(self, made: PlannedUnits, outside: set[str]) -> None:
        if outside:
            named = ", ".join(shown(email, 80) for email in sorted(outside)[:3])
            made.notes.append(f"bound, but not made by the plan: {named}")
        reasons = [*self._changes.unfinished()]
        stays, deleted = self._changes.lost_and_deleted(_READ)
        types = self._changes.others(_READ | self._resource_types, self._elsewhere)
        for kind in sorted(types):
            if _OPAQUE.fullmatch(kind) and not _HARMLESS.fullmatch(kind):
                reasons.append(f"`{shown(kind)}` is not read and can make access of its own")
        for reason in (*reasons, *stays):
            made.lose(reason, kinds.PROJECT_POLICY, kinds.SERVICE_ACCOUNTS, kinds.SERVICE_ACCOUNT_POLICIES)
        made.notes += deleted
        if types:
            made.notes.append("other resources, not judged: " + ", ".join(_counted(types)))


_NAMING: Final = frozenset({_ACCOUNT, POOL, PROVIDER, "google_project"})
"""Types whose attributes may name an account or a federated identity of anybody."""


def _counted(types: dict[str, int]) -> Iterator[str]:
    yield from (f"{shown(kind)} ({types[kind]})" for kind in sorted(types))
