"""Who may become a service's GCP account: members of its own policy, told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from scanner.model.common import NotObserved
from scanner.model.inventory_gcp import GcpBinding, GcpServiceAccount
from scanner.rules.services._common import Account, shape
from scanner.rules.services_context import GcpServices

# https://cloud.google.com/iam/docs/principal-identifiers
_DIRECT = re.compile(
    r"principal://iam\.googleapis\.com/projects/[0-9]+/locations/global/workloadIdentityPools/(?P<pool>[^/]+)"
    r"/subject/ns/(?P<namespace>[a-z0-9.-]+)/sa/(?P<service_account>[a-z0-9.-]+)"
)
PUBLIC = ("allUsers", "allAuthenticatedUsers")
IMPERSONATING = (
    "roles/iam.workloadIdentityUser",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/owner",
    "roles/editor",
)
"""Roles on a service account with which a member becomes it, at once or in one more step."""


class Member(msgspec.Struct, frozen=True):
    """A member of a role by which it may become the account."""

    name: str
    binding: GcpBinding
    account: Account | None
    """The Kubernetes service account of the project's own clusters that it is; None: something else."""

    @property
    def public(self) -> bool:
        """Return whether it is everybody."""
        return self.name in PUBLIC


def members(ctx: GcpServices, account: GcpServiceAccount) -> Iterator[Member]:
    """Yield who may become an account by its own policy; deleted members may not."""
    if isinstance(account.policy, NotObserved):
        return
    for binding in account.policy.bindings:
        if binding.role in IMPERSONATING or binding.role == ctx.baseline.gcp.role:
            for name in binding.members:
                if not name.startswith("deleted:"):
                    own = pod_of(ctx, name) if binding.role == ctx.baseline.gcp.role else None
                    yield Member(name, binding, own)


def pod_of(ctx: GcpServices, member: str) -> Account | None:
    """Return the Kubernetes service account of the project's clusters that a member is, in either spelling."""
    project = ctx.project.project_id
    found = shape(ctx.baseline.gcp.member, {"project_id": project}).fullmatch(member) or _DIRECT.fullmatch(member)
    if found is None or found.groupdict().get("pool", f"{project}.svc.id.goog") != f"{project}.svc.id.goog":
        return None
    return found["namespace"], found["service_account"]
