"""GCP-WIF-001: The provider of Porter's pool admits only the documented AWS role.

## What it checks
The provider that lets Porter's AWS role act as the service account: its AWS account, its attribute mapping, and
whether its attribute condition holds every documented conjunct.

## Why it matters
The condition is what the ExternalId is on AWS: without the part that names your tenant, Porter could be led to act in
your project for another customer; without the part that names the role, anybody in the account could.

## Remediation
Set the condition to the documented one: all parts joined by &&.

## Limits
A condition is a text: one that says the same in other words is reported as missing the documented part. Without the
parameters of the documented version only the form of its parts is judged, and the values are shown (MANUAL).

## References
- https://github.com/porter-dev/gcp-onboarding
- https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.access.gcp.terms import Opaque, Term, parse_condition
from scanner.baseline.records_gcp import FederationClaim
from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_gcp import GcpPool, GcpProvider
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_FEDERATION, PORTER_ONBOARDING, expected, not_applicable, project_subject
from scanner.rules.gcp_context import GcpContext, name_matches
from scanner.rules.words import listed, quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per documented provider."""
    claims = [page.federation for page in ctx.baseline.service_accounts if page.federation]
    if not claims or not (ctx.porter_accounts or _pools(ctx, claims)):
        yield not_applicable(ctx, "The documented version has no federation, or Porter is not in the project.")
        return
    for claim in claims:
        pools = _pools(ctx, [claim])
        live = [(pool, provider) for pool in pools for provider in pool.providers if _is_it(claim, pool, provider)]
        if not live:
            message = f"No working provider {quote(claim.provider_pattern)} in a pool {quote(claim.pool_pattern)}."
            yield Outcome(
                project_subject(ctx), Result.FAIL, message, reason_code="ABSENT_PROVIDER", severity=Severity.LOW
            )
        for _, provider in live:
            yield _judge(claim, provider)


def _pools(ctx: GcpContext, claims: list[FederationClaim]) -> list[GcpPool]:
    """Return the pools of a documented name; one that is left over lets Porter in for as long as it is there."""
    patterns = [claim.pool_pattern for claim in claims]
    named = [p for p in ctx.project.pools if any(name_matches(pattern, _own_name(p.name)) for pattern in patterns)]
    return [p for p in named if p.state != "DELETED"]


def _own_name(name: str) -> str:
    return name.rpartition("/")[2]


def _is_it(claim: FederationClaim, pool: GcpPool, provider: GcpProvider) -> bool:
    working = pool.state != "DELETED" and provider.state != "DELETED" and not provider.disabled and not pool.disabled
    return working and name_matches(claim.provider_pattern, _own_name(provider.name))


def _judge(claim: FederationClaim, provider: GcpProvider) -> Outcome:
    wrong = list(_deviations(claim, provider))
    open_ones = "{" in claim.aws_account + "".join(claim.conjuncts)
    result, code = (Result.FAIL, "WEAKER") if wrong else (Result.PASS, "AS_DOCUMENTED")
    message = f"{'; '.join(wrong)}." if wrong else "Account, mapping and all conjuncts are as documented."
    if open_ones and not wrong:
        result, code = Result.MANUAL, "PARAMETER_MISSING"
        message = (
            f"The documented parts need parameters that were not given; live: {quote(provider.attribute_condition)}."
        )
    return Outcome(
        Subject("gcp.workload_identity_provider", provider.name, _own_name(provider.name)),
        result,
        message,
        reason_code=code,
        expected=expected(" && ".join(claim.conjuncts), claim.source),
        observed=ObservedValue(
            {"condition": provider.attribute_condition, "account": provider.aws_account}, "attribute condition"
        ),
        evidence=(provider.evidence,),
    )


def _deviations(claim: FederationClaim, provider: GcpProvider) -> Iterator[str]:
    """Yield what is weaker than documented; what needs a parameter that was not given is left out."""
    if provider.aws_account is None:
        yield f"the provider is not AWS but {quote(provider.issuer or 'of another kind')}"
    elif "{" not in claim.aws_account and provider.aws_account != claim.aws_account:
        yield f"the AWS account is {quote(provider.aws_account)}, documented is {quote(claim.aws_account)}"
    if not provider.attribute_condition.strip():
        yield "there is no attribute condition"
        return
    live = parse_condition(provider.attribute_condition)
    lost = [c for c in claim.conjuncts if "{" not in c and not parse_condition(c) <= live]
    lost += [c for c in claim.conjuncts if "{" in c and not _has_form(c, live)]
    if lost:
        yield f"the attribute condition lacks {listed(lost)}"
    mapping = dict(provider.attribute_mapping)
    other = [k for k, v in claim.attribute_mapping.items() if mapping.get(k) != v]
    if other:
        yield f"the attribute mapping differs for {listed(other)}"


def _has_form(conjunct: str, live: frozenset[Term]) -> bool:
    """Return whether a part of the condition is the conjunct but for parameters that were not given."""
    wanted = parse_condition(_OPEN.sub(_MARK, conjunct))
    shapes = [re.escape(t.text).replace(_MARK, _VALUE) for t in wanted if isinstance(t, Opaque)]
    texts = [t.text for t in live if isinstance(t, Opaque)]
    return len(shapes) == len(wanted) and all(any(re.fullmatch(s, text) for text in texts) for s in shapes)


_OPEN = re.compile(r"\{[a-z0-9_]+\}")
_MARK = "PARAMETERNOTGIVEN"
_VALUE = "[A-Za-z0-9_+=,.@:-]+"


RULE = Rule(
    id="GCP-WIF-001",
    title="The provider of Porter's pool admits only the documented AWS role",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="external-id",
    requires=(kinds.POOLS,),
    check=check,
    remediation=Remediation(
        summary="Set the provider's attribute condition to the documented one.",
    ),
    references=(
        PORTER_ONBOARDING,
        IAM_FEDERATION,
    ),
    claims=(60,),
    cloud="gcp",
)
