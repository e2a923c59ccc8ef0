"""Who may become a service's GCP account: members of its own policy, told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from scanner.model.common import NotObserved
from scanner.model.inventory_gcp import GcpBinding, GcpServiceAccount
from scanner.rules.gcp._common import PUBLIC, becoming, is_agent_of
from scanner.rules.services._common import Account, shape
from scanner.rules.services_context import GcpServices

# https://cloud.google.com/iam/docs/principal-identifiers
_DIRECT = re.compile(
    r"principal://iam\.googleapis\.com/projects/[0-9]+/locations/global/workloadIdentityPools/(?P<pool>[^/]+)"
    r"/subject/ns/(?P<namespace>[a-z0-9.-]+)/sa/(?P<service_account>[a-z0-9.-]+)"
)
class Member(msgspec.Struct, frozen=True):
    """A member of a role by which it may become the account."""

    name: str
    binding: GcpBinding
    account: Account | None
    """The Kubernetes service account of the project's own clusters that it is; None: something else."""

    unread: str = ""
    """Why it is not known whether it may become the account."""

    @property
    def public(self) -> bool:
        """Return whether it is everybody; everybody of a pool is not."""
        return self.name in PUBLIC


def members(ctx: GcpServices, account: GcpServiceAccount) -> Iterator[Member]:
    """Yield who may become an account by its own policy; deleted members may not, Google's own agents are left out."""
    if isinstance(account.policy, NotObserved):
        return
    for binding in account.policy.bindings:
        permission = becoming(ctx.project, binding.role)
        if permission is None and binding.role != ctx.baseline.gcp.role:
            continue
        unread = permission.reason if isinstance(permission, NotObserved) else ""
        for name in binding.members:
            if not name.startswith("deleted:") and not is_agent_of(ctx.project, name):
                own = pod_of(ctx, name) if binding.role == ctx.baseline.gcp.role else None
                yield Member(name, binding, own, unread if own is None else "")


def pod_of(ctx: GcpServices, member: str) -> Account | None:
    """Return the Kubernetes service account of the project's clusters that a member is, in either spelling."""
    project = ctx.project.project_id
    found = shape(ctx.baseline.gcp.member, {"project_id": project}).fullmatch(member) or _DIRECT.fullmatch(member)
    if found is None or found.groupdict().get("pool", f"{project}.svc.id.goog") != f"{project}.svc.id.goog":
        return None
    return found["namespace"], found["service_account"]
