"""The project as Porter and its documents leave it, for both ways of connecting: a key, or federation."""

from __future__ import annotations

from datetime import datetime, timedelta

from scanner.localcloud.gcp_state import DEMO_NUMBER, DEMO_ORGANIZATION, DEMO_PROJECT, GcpState
from scanner.model.common import JsonObject

PORTER_AWS_ACCOUNT = "444455556666"
PORTER_PROJECT = "12345"
SUFFIX = "a1b2"
TENANT = "acme"
KEYED_ACCOUNT = "porter-manager"
FEDERATED_ACCOUNT = f"porter-manager-{PORTER_PROJECT}-{SUFFIX}"
POOL = f"projects/{DEMO_NUMBER}/locations/global/workloadIdentityPools/porter-pool-{PORTER_PROJECT}-{SUFFIX}"
PRINCIPAL_SET = f"principalSet://iam.googleapis.com/{POOL}/attribute.aws_account/{PORTER_AWS_ACCOUNT}"
_IMPERSONATION = ("iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken")

# A few permissions of each role: enough to tell roles apart and to show an example; Google's lists are far longer.
ROLES: dict[str, tuple[str, ...]] = {
    "roles/owner": (
        "resourcemanager.projects.setIamPolicy",
        "resourcemanager.projects.delete",
        "storage.objects.get",
        "compute.instances.create",
        *_IMPERSONATION,
        "iam.serviceAccountKeys.create",
        "iam.serviceAccounts.actAs",
    ),
    "roles/editor": (
        "storage.buckets.create",
        "compute.instances.create",
        "iam.serviceAccounts.actAs",
        "pubsub.topics.create",
    ),
    "roles/viewer": ("resourcemanager.projects.get", "storage.buckets.list"),
    "roles/resourcemanager.projectIamAdmin": (
        "iam.policybindings.get",
        "iam.policybindings.list",
        "resourcemanager.projects.createPolicyBinding",
        "resourcemanager.projects.deletePolicyBinding",
        "resourcemanager.projects.get",
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.projects.searchPolicyBindings",
        "resourcemanager.projects.setIamPolicy",
        "resourcemanager.projects.updatePolicyBinding",
    ),
    "roles/storage.admin": ("storage.buckets.create", "storage.buckets.setIamPolicy", "storage.objects.get"),
    "roles/compute.admin": ("compute.instances.create", "compute.instances.setMetadata", "compute.networks.create"),
    "roles/container.admin": ("container.clusters.create", "container.secrets.get"),
    "roles/artifactregistry.admin": (
        "artifactregistry.repositories.create",
        "artifactregistry.repositories.setIamPolicy",
    ),
    "roles/serviceusage.serviceUsageAdmin": ("serviceusage.services.enable", "serviceusage.services.list"),
    "roles/iam.serviceAccountAdmin": ("iam.serviceAccounts.create", "iam.serviceAccounts.setIamPolicy"),
    "roles/iam.roleAdmin": ("iam.roles.create", "iam.roles.update"),
    "roles/iam.serviceAccountTokenCreator": (*_IMPERSONATION, "iam.serviceAccounts.signBlob"),
    "roles/iam.serviceAccountUser": ("iam.serviceAccounts.actAs", "iam.serviceAccounts.get"),
    "roles/iam.workloadIdentityUser": _IMPERSONATION,
    "roles/iam.serviceAccountKeyAdmin": ("iam.serviceAccountKeys.create", "iam.serviceAccountKeys.delete"),
    "roles/bigquery.admin": ("bigquery.datasets.create", "bigquery.tables.getData"),
    "roles/secretmanager.admin": ("secretmanager.secrets.create", "secretmanager.versions.access"),
    "roles/cloudsql.admin": ("cloudsql.instances.create", "cloudsql.instances.connect"),
    "roles/logging.logWriter": ("logging.logEntries.create",),
    "roles/logging.configWriter": ("logging.sinks.delete", "logging.sinks.update"),
    "roles/resourcemanager.folderAdmin": ("resourcemanager.folders.setIamPolicy", "resourcemanager.projects.move"),
}


def keyed_project(now: datetime) -> GcpState:
    """Return the project as the page of May 2026 describes it: one service account with one JSON key."""
    state = _project(now)
    state.services = ["cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com", "container.googleapis.com"]
    email = add_account(state, KEYED_ACCOUNT, display_name="Porter", description="")
    for role in ("resourcemanager.projectIamAdmin", "storage.admin", "compute.admin", "container.admin"):
        bind(state, state.node, f"roles/{role}", f"serviceAccount:{email}")
    add_key(state, email, "0123456789abcdef", now - timedelta(days=20), None)
    return state


def federated_project(now: datetime) -> GcpState:
    """Return the project as the set-up code of August 2026 leaves it: a pool, a provider, and no key."""
    state = _project(now)
    state.services = [
        f"{name}.googleapis.com"
        for name in ("serviceusage", "cloudresourcemanager", "iam", "iamcredentials", "sts", "container")
    ]
    marks = f"managed-by=porter porter-project-id={PORTER_PROJECT} porter-cloud-account-id=7 porter-tenant-id={TENANT}"
    email = add_account(state, FEDERATED_ACCOUNT, display_name="Porter", description=marks)
    for role in (
        *("resourcemanager.projectIamAdmin", "serviceusage.serviceUsageAdmin", "iam.serviceAccountAdmin"),
        *("iam.roleAdmin", "compute.admin", "container.admin", "artifactregistry.admin", "storage.admin"),
    ):
        bind(state, state.node, f"roles/{role}", f"serviceAccount:{email}")
    state.account_policies[email] = {
        "bindings": [{"role": "roles/iam.workloadIdentityUser", "members": [PRINCIPAL_SET]}]
    }
    state.pools[POOL] = {"name": POOL, "displayName": "Porter", "state": "ACTIVE"}
    state.providers[f"{POOL}/providers/porter-aws"] = {
        "name": f"{POOL}/providers/porter-aws",
        "state": "ACTIVE",
        "aws": {"accountId": PORTER_AWS_ACCOUNT},
        "attributeMapping": {"google.subject": "assertion.arn", "attribute.aws_account": "assertion.account"},
        "attributeCondition": " && ".join(conjuncts()),
    }
    return state


def conjuncts() -> tuple[str, ...]:
    """Return the three conditions of the provider, as the set-up code writes them."""
    arn = f"arn:aws:sts::{PORTER_AWS_ACCOUNT}:assumed-role/porter-ccp/"
    return (
        f"assertion.account == '{PORTER_AWS_ACCOUNT}'",
        f"assertion.arn.startsWith('{arn}')",
        f"assertion.arn.endsWith('/porter-tenant-{TENANT}')",
    )


def gcp_parameters(version: str) -> dict[str, str]:
    """Return the documented version's parameters for the demo project."""
    if version.endswith("2026-05"):
        return {}
    return {
        "porter_aws_account": PORTER_AWS_ACCOUNT,
        "porter_project": PORTER_PROJECT,
        "suffix": SUFFIX,
        "tenant_id": TENANT,
    }


def _project(now: datetime) -> GcpState:
    """Return the organization without Porter: people, and a service account of the customer's own."""
    state = GcpState(DEMO_PROJECT, DEMO_NUMBER)
    state.roles = {
        name: {"name": name, "title": name.partition("/")[2], "includedPermissions": list(permissions), "stage": "GA"}
        for name, permissions in ROLES.items()
    }
    bind(state, DEMO_ORGANIZATION, "roles/resourcemanager.folderAdmin", "group:admins@example.com")
    bind(state, state.node, "roles/owner", "user:alice@example.com")
    app = add_account(state, "billing-api", display_name="Billing API", description="")
    bind(state, state.node, "roles/logging.logWriter", f"serviceAccount:{app}")
    add_key(state, app, "feedfacefeedface", now - timedelta(days=400), None)
    return state


def add_account(state: GcpState, account_id: str, *, display_name: str = "", description: str = "") -> str:
    """Create a service account and return its e-mail."""
    email = f"{account_id}@{state.project_id}.iam.gserviceaccount.com"
    unique = str(100000000000000000000 + len(state.service_accounts))
    state.service_accounts[email] = {
        "name": f"{state.node}/serviceAccounts/{email}",
        "projectId": state.project_id,
        "uniqueId": unique,
        "email": email,
        **({"displayName": display_name} if display_name else {}),
        **({"description": description} if description else {}),
    }
    return email


def add_key(
    state: GcpState,
    email: str,
    key_id: str,
    created: datetime,
    expires: datetime | None,
    *,
    origin: str = "GOOGLE_PROVIDED",
    disabled: bool = False,
) -> None:
    """Add a user-managed key; one without expiry is shown with the year 9999, as Google does."""
    key: JsonObject = {
        "name": f"{state.node}/serviceAccounts/{email}/keys/{key_id}",
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": origin,
        "keyType": "USER_MANAGED",
        "validAfterTime": _stamp(created),
        "validBeforeTime": _stamp(expires) if expires else "9999-12-31T23:59:59Z",
    }
    state.keys.setdefault(email, []).append({**key, **({"disabled": True} if disabled else {})})


def _stamp(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def bind(state: GcpState, node: str, role: str, member: str, condition: JsonObject | None = None) -> None:
    """Add a member to a binding of a node's policy."""
    bindings = state.policies[node].setdefault("bindings", [])
    for binding in bindings:
        if binding["role"] == role and binding.get("condition") == condition:
            binding["members"] = [*binding["members"], member]
            return
    bindings.append({"role": role, "members": [member], **({"condition": condition} if condition else {})})
