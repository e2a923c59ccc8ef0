"""EKS Pod Identity associations as the rules see them: which of them concern Porter."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records import DocumentedRole
from scanner.model.common import NotObserved
from scanner.model.finding import Subject
from scanner.model.inventory import AwsRole, PodIdentityAssociation
from scanner.rules.base import AwsContext
from scanner.rules.context import is_named_like_vendor
from scanner.rules.vendor_marks import is_vendor_pod
from scanner.rules.words import quote

POD_SERVICE = "pods.eks.amazonaws.com"


def is_pod_role(page: DocumentedRole) -> bool:
    """Return whether the document makes the role one for pods: trusted by Pod Identity and closed to outside."""
    services = [s for t in page.trust.statements for s in t.principals.get("Service", [])]
    return POD_SERVICE in services and not page.assumable_from_outside


def role_name(arn: str) -> str:
    """Return the name at the end of a role ARN."""
    return arn.rpartition("/")[2]


def porter_role_of(ctx: AwsContext, arn: str) -> AwsRole | None:
    """Return the live Porter role with this ARN."""
    return next((r for r in ctx.porter_roles if r.arn == arn), None)


def concerns_porter(ctx: AwsContext, arn: str) -> bool:
    """Return whether a role ARN is one of Porter's roles, live or by name."""
    return porter_role_of(ctx, arn) is not None or is_named_like_vendor(role_name(arn), ctx.baseline)


def porter_associations(ctx: AwsContext) -> Iterator[PodIdentityAssociation]:
    """Yield the associations of Porter's own pods, and those that give a pod one of Porter's roles or may do so."""
    for item in sorted(ctx.account.pod_identities, key=lambda a: (a.region, a.cluster, a.association_id)):
        targets = [a for a in (item.role_arn, item.target_role_arn) if isinstance(a, str)]
        theirs = is_vendor_pod(ctx.baseline, item.namespace, item.service_account)
        if theirs or isinstance(item.role_arn, NotObserved) or any(concerns_porter(ctx, arn) for arn in targets):
            yield item


def association_subject(item: PodIdentityAssociation) -> Subject:
    """Return the subject for an association."""
    key = f"{item.region}/{item.cluster}/{item.association_id}"
    return Subject(type="aws.eks.pod_identity_association", key=key, name=f"{item.namespace}/{item.service_account}")


def pod(item: PodIdentityAssociation) -> str:
    """Return which pods an association is for, in words."""
    return f"{quote(item.namespace + '/' + item.service_account)} in cluster {quote(item.cluster)} ({item.region})"
