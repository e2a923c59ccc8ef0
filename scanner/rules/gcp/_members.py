"""Who a member of a GCP binding is: the vendor's own, in whatever form principals are written."""

from __future__ import annotations

import re

from scanner.access.gcp.member import canonical
from scanner.model.inventory_gcp import GcpProject
from scanner.rules.gcp_context import GcpContext, named_like_vendor
from scanner.rules.words import quote

# https://cloud.google.com/iam/docs/principal-identifiers
_POOLED = re.compile(r"principal(?:Set)?://iam\.googleapis\.com/.*/workloadIdentityPools/([^/]+)/(.+)")
_CLUSTER = re.compile(r"serviceAccount:([^\[]+)\[([^/\]]*)/([^\]]*)\]")
_MAILED = re.compile(r"(user|group|domain):(?:.*@)?([^@]+)")
_BY_NAME = "a pool of Porter's name"


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
        name, _, host = plain.removeprefix("serviceAccount:").partition("@")
        return "a service account of another project" if _named(ctx, name) and host != own_host(ctx.project) else None
    if found := _MAILED.fullmatch(plain):
        # porter.run and whatever else the vendor's name stands alone in; a person called Porter is nobody's.
        labels = found.group(2).split(".")
        return f"a {found.group(1)} of the vendor's" if ctx.baseline.name_prefix.lower() in labels[:-1] else None
    return None


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
        hit = next((p for p in pool.providers if p.aws_account in accounts and p.state != "DELETED"), None)
        if _named(ctx, own):
            found[own] = _BY_NAME
        elif hit is not None:
            found[own] = f"its provider takes Porter's AWS account {quote(hit.aws_account or '')}"
    return found


def _of_pool(ctx: GcpContext, pool: str, rest: str) -> str | None:
    known = vendors_pools(ctx).get(pool) or (_BY_NAME if _named(ctx, pool) else None)
    if known:
        return f"an identity of pool {quote(pool)}: {known}"
    if pool.endswith(".svc.id.goog"):
        words = re.split(r"[/=]", rest)
        return "a workload of Porter's name" if _named(ctx, *words) else None
    accounts = {p.federation.aws_account for p in ctx.baseline.service_accounts if p.federation}
    taken = rest.partition("attribute.aws_account/")[2]
    return "an identity of Porter's AWS account" if taken and taken in accounts else None


def _named(ctx: GcpContext, *names: str) -> bool:
    return any(named_like_vendor(name, ctx.baseline) for name in names)
