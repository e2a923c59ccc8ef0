"""Whose a GCP thing is once Porter should be gone: by documented name, by its mark, or by whom it lets in."""

from __future__ import annotations

from collections.abc import Container

from scanner.baseline.records_gcp import GcpBaseline
from scanner.model.common import NotObserved
from scanner.model.inventory_gcp import GcpBinding, GcpPolicy, GcpPool, GcpProvider, GcpServiceAccount
from scanner.rules.gcp_context import GcpContext, name_matches
from scanner.rules.words import listed, quote

_POOLS = "/workloadIdentityPools/"
_AWS_ACCOUNT = "/attribute.aws_account/"
_DELETED = "deleted:"


def account_by_name(baseline: GcpBaseline, account_id: str) -> str | None:
    """Return why an account id (the part before `@`) is the vendor's, in words; None: it is not a documented one."""
    folded = account_id.lower()
    for page in baseline.service_accounts:
        if name_matches(page.name_pattern.lower(), folded):
            return f"it is documented as {quote(page.key)}"
    for extra in baseline.known_extras:
        if extra.kind == "service-account" and name_matches(extra.name_pattern.lower(), folded):
            return f"other material of Porter names it ({extra.source})"
    return None


def whose(ctx: GcpContext, account: GcpServiceAccount) -> str | None:
    """Return why a service account is the vendor's: its name, its description, or who may act as it."""
    marks = [mark for page in ctx.baseline.service_accounts for mark in page.description_marks[:1]]
    marked = next((mark for mark in marks if mark in account.description), None)
    named = account_by_name(ctx.baseline, account.account_id)
    if named or marked:
        return named or f"its description says {quote(str(marked))}"
    if isinstance(account.policy, GcpPolicy):
        members = [m for b in account.policy.bindings for m in b.members if federated_vendor(ctx, m)]
        if members:
            return f"{listed(members)} may act as it"
    return None


def vendor_emails(ctx: GcpContext) -> frozenset[str]:
    """Return the e-mails of the project's accounts that are the vendor's, lower-cased."""
    return frozenset(a.email.lower() for a in ctx.project.service_accounts if whose(ctx, a))


def vendor_aws_accounts(baseline: GcpBaseline) -> frozenset[str]:
    """Return the AWS accounts the vendor federates from, as far as they were given or documented."""
    named = {page.federation.aws_account for page in baseline.service_accounts if page.federation}
    return frozenset(account for account in named if account.isdigit())


def pool_by_name(baseline: GcpBaseline, pool_id: str) -> bool:
    """Return whether a pool has a documented name."""
    patterns = [page.federation.pool_pattern for page in baseline.service_accounts if page.federation]
    return any(name_matches(pattern.lower(), pool_id.lower()) for pattern in patterns)


def provider_reason(baseline: GcpBaseline, provider: GcpProvider) -> str | None:
    """Return why a provider lets the vendor in, in words; None: nothing says so."""
    if provider.aws_account is None:
        return None
    if provider.aws_account in vendor_aws_accounts(baseline):
        return f"it trusts Porter's AWS account {quote(provider.aws_account)}"
    if baseline.name_prefix.lower() in provider.attribute_condition.lower():
        return f"it trusts AWS account {quote(provider.aws_account)}, and its condition names Porter's role"
    return None


def pool_id(pool: GcpPool) -> str:
    """Return the last part of a pool's name."""
    return pool.name.rpartition("/")[2]


def vendor_pools(ctx: GcpContext) -> frozenset[str]:
    """Return the ids of the pools that are the vendor's: documented names, and pools with its providers alone."""
    found = set()
    for pool in ctx.project.pools:
        theirs = pool.providers and all(provider_reason(ctx.baseline, p) for p in pool.providers)
        if theirs or pool_by_name(ctx.baseline, pool_id(pool)):
            found.add(pool_id(pool))
    return frozenset(found)


def federated_vendor(ctx: GcpContext, member: str) -> bool:
    """Return whether a member is a federated identity of the vendor: of its pool, or of its AWS account."""
    _, found, rest = member.removeprefix(_DELETED).partition(_POOLS)
    if not found:
        return False
    pool, _, who = rest.partition("/")
    account = rest.partition(_AWS_ACCOUNT)[2]
    named = pool_by_name(ctx.baseline, pool) or ctx.baseline.name_prefix.lower() in who.lower()
    return named or account in vendor_aws_accounts(ctx.baseline) or pool in vendor_pools(ctx)


def may_be_federated_vendor(ctx: GcpContext, member: str) -> bool:
    """Return whether a member is of some AWS account while nobody said which is the vendor's."""
    return not vendor_aws_accounts(ctx.baseline) and _POOLS in member and _AWS_ACCOUNT in member


def email_of(member: str) -> str:
    """Return the e-mail in a service account member, deleted or not, lower-cased; empty for other members."""
    plain = member.removeprefix(_DELETED)
    return plain.removeprefix("serviceAccount:").partition("?")[0].lower() if "serviceAccount:" in plain else ""


def is_deleted(member: str) -> bool:
    """Return whether a member no longer exists."""
    return member.startswith(_DELETED)


def is_vendor_member(ctx: GcpContext, emails: Container[str], member: str) -> bool:
    """Return whether a member is the vendor's: an account of its here or elsewhere, or one that it federates to."""
    email = email_of(member)
    if email:
        return email in emails or account_by_name(ctx.baseline, email.partition("@")[0]) is not None
    return federated_vendor(ctx, member)


def looks_like_vendor(ctx: GcpContext, name: str) -> bool:
    """Return whether a name begins like the vendor's."""
    return name.lower().startswith(ctx.baseline.name_prefix.lower())


def all_bindings(ctx: GcpContext) -> list[GcpBinding]:
    """Return every binding that was read: of the project, of what stands above it, of its service accounts."""
    own = [a.policy for a in ctx.project.service_accounts if not isinstance(a.policy, NotObserved)]
    return [binding for policy in (*ctx.policies(), *own) for binding in policy.bindings]
