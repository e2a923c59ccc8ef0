"""Who a member of a GCP binding is: the vendor's own, in whatever form principals are written."""

from __future__ import annotations

import re
from collections.abc import Container
from urllib.parse import urlsplit

from scanner.access.gcp.member import canonical
from scanner.model.inventory_gcp import GcpProject, GcpProvider
from scanner.model.kinds_gcp import SERVICE_ACCOUNTS
from scanner.model.snapshot import SourceKind, Unit, UnitStatus
from scanner.rules.gcp_context import GcpContext, named_like_vendor
from scanner.rules.words import quote

# https://cloud.google.com/iam/docs/principal-identifiers
_POOLED = re.compile(r"principal(?:Set)?://iam\.googleapis\.com/.*/(?:workloadIdentityPools|workforcePools)/([^/]+)/(.+)")
_CLUSTER = re.compile(r"serviceAccount:([^\[]+)\[([^/\]]*)/([^\]]*)\]")
_MAILED = re.compile(r"(user|group|domain):(?:.*@)?([^@]+)")
_BY_NAME = "a pool of Porter's name"
# Whose a repository is, its owner says: a customer may call a repository of its own after the vendor.
_OWNER = re.compile(r"attribute\.(?:repository|project_path)/([^/]+)/|attribute\.(?:\w+_owner|namespace_path)/([^/]+)")
_OWNED = re.compile(r"(?:subject/|['\"])(?:repo:|project_path:)?([^'\"/:]+)/|_owner\s*==\s*['\"]([^'\"]+)")
_AWS_ROLE = re.compile(r"arn:aws[\w-]*:(?:sts|iam)::|attribute\.aws_role/")
_ACCOUNT_HOST = re.compile(r"([^.]+)\.(?:[\w.-]+\.)?iam\.gserviceaccount\.com")


def vendors_member(ctx: GcpContext, member: str) -> str | None:
    """Return why a member is the vendor's and not one of the project's own accounts, in words; None: it is not.

    Deleted members are nobody until they are restored, and are left to GCP-LEFT-001.
    """
    plain = canonical(member)
    if member.startswith("deleted:"):
        return None
    if found := _POOLED.fullmatch(plain):
        return _of_pool(ctx, found.group(1), found.group(2))
    if found := _CLUSTER.fullmatch(plain):
        return "a workload of Porter's name" if _named(ctx, found.group(2), found.group(3)) else None
    if plain.startswith("serviceAccount:"):
        return _of_account(ctx, plain)
    if found := _MAILED.fullmatch(plain):
        # porter.run and whatever else the vendor's name stands alone in; a person called Porter is nobody's.
        labels = found.group(2).split(".")
        return f"a {found.group(1)} of the vendor's" if ctx.baseline.name_prefix.lower() in labels[:-1] else None
    return None


def may_be_vendors(ctx: GcpContext, member: str) -> bool:
    """Return whether a member is an account of another project that has the vendor's name: its own or the customer's.

    Not where the scanned project, or one beside it, has such a name too: then it is how the customer names projects.
    """
    plain = canonical(member)
    found = _ACCOUNT_HOST.fullmatch(plain.partition("@")[2]) if plain.startswith("serviceAccount:") else None
    if found is None or not _named(ctx, found.group(1)):
        return False
    return not any(_named(ctx, one.project_id) for one in (ctx.project, *ctx.inventory.gcp))


def _of_account(ctx: GcpContext, member: str) -> str | None:
    """Return why a service account is the vendor's and not one of those that are judged by themselves."""
    if project := ctx.elsewhere.get(member):
        return f"Porter's service account of project {quote(project)}"
    name, _, host = member.removeprefix("serviceAccount:").partition("@")
    # What the project lists is its own, and judged as such, also where only its number is known.
    if not _named(ctx, name) or any(canonical(a.member) == member for a in ctx.project.service_accounts):
        return None
    if host != own_host(ctx.project):
        return "a service account of another project"
    if ctx.inventory.source is SourceKind.TEMPLATE:
        return None  # a plan lists what it makes
    whole = any(u.kind == SERVICE_ACCOUNTS and u.status is UnitStatus.COMPLETE for u in _units(ctx))
    return "an account that the project does not list" if whole else None


def _units(ctx: GcpContext) -> list[Unit]:
    return [u for u in ctx.inventory.units if u.cloud == "gcp" and u.scope_id == ctx.project.project_id]


def own_host(project: GcpProject) -> str:
    """Return what stands behind the @ of the project's service accounts; `example.com:p` turns around."""
    domain, colon, name = project.project_id.rpartition(":")
    return f"{name}{'.' + domain if colon else ''}.iam.gserviceaccount.com"


def vendors_pools(ctx: GcpContext) -> dict[str, str]:
    """Return the ids of the pools that let the vendor in, each with why, as far as names and providers tell."""
    accounts = {p.federation.aws_account for p in ctx.baseline.service_accounts if p.federation}
    found: dict[str, str] = {}
    for pool in ctx.project.pools:
        own = pool.name.rpartition("/")[2]
        reasons = (_admits(ctx, p, accounts) for p in pool.providers if p.state != "DELETED")
        why = _BY_NAME if _named(ctx, own) else next(filter(None, reasons), "")
        if why:
            found[own] = why
    return found


def _admits(ctx: GcpContext, provider: GcpProvider, accounts: Container[str]) -> str:
    """Return by what a provider lets the vendor in; empty: nothing says so."""
    own = provider.name.rpartition("/")[2]
    if provider.aws_account in accounts:
        return f"its provider takes Porter's AWS account {quote(provider.aws_account or '')}"
    if _named(ctx, own):
        return f"its provider {quote(own)} has Porter's name"
    if provider.aws_account is not None:
        return "its provider's condition names Porter's role" if _named(ctx, provider.attribute_condition) else ""
    host = urlsplit(provider.issuer or "").hostname or ""
    if ctx.baseline.name_prefix.lower() in host.split(".")[:-1]:
        return f"its provider takes tokens of {quote(host)}"
    owners = [owner for pair in _OWNED.findall(provider.attribute_condition) for owner in pair if owner]
    return "its provider's condition names repositories of Porter's" if _named(ctx, *owners) else ""


def _of_pool(ctx: GcpContext, pool: str, rest: str) -> str | None:
    known = vendors_pools(ctx).get(pool) or (_BY_NAME if _named(ctx, pool) else None)
    if known:
        return f"an identity of pool {quote(pool)}: {known}"
    if pool.endswith(".svc.id.goog"):
        words = re.split(r"[/=]", rest)
        return "a workload of Porter's name" if _named(ctx, *words) else None
    accounts = {p.federation.aws_account for p in ctx.baseline.service_accounts if p.federation}
    taken = rest.partition("attribute.aws_account/")[2]
    if taken and taken in accounts:
        return "an identity of Porter's AWS account"
    if _AWS_ROLE.search(rest):
        return "an AWS role of Porter's name" if _named(ctx, rest) else None
    owners = [owner for pattern in (_OWNER, _OWNED) for pair in pattern.findall(rest) for owner in pair if owner]
    return "a repository of Porter's" if _named(ctx, *owners) else None


def _named(ctx: GcpContext, *names: str) -> bool:
    return any(named_like_vendor(name, ctx.baseline) for name in names)
