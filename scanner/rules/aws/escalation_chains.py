"""Chains over several roles by which documented access becomes the whole account: C1 to C6 of the risk notes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.access.records import Answer, Request
from scanner.model.finding import Severity
from scanner.model.inventory import AwsRole
from scanner.rules.aws._pods import POD_SERVICE
from scanner.rules.aws._reach import Reach
from scanner.rules.aws.escalation_paths import ADMINISTRATOR_POLICY, ROLES, Step
from scanner.rules.aws.trust_004_service_source import services_without_source
from scanner.rules.base import AwsContext
from scanner.rules.questions import POSSIBLE, UNDECIDED, any_outside, ask_trust
from scanner.rules.words import quote

_NO_BOUNDARY = {"Null": {"iam:PermissionsBoundary": "true"}}
CREATE_ROLE = Step("iam:CreateRole", (ROLES,), _NO_BOUNDARY)
ATTACH = Step("iam:AttachRolePolicy", (ROLES,), {"ArnEquals": {"iam:PolicyARN": [ADMINISTRATOR_POLICY]}} | _NO_BOUNDARY)
INLINE = Step("iam:PutRolePolicy", (ROLES,), _NO_BOUNDARY)
BOUNDARY = Step("iam:PutRolePermissionsBoundary", (ROLES,))
RETRUST = Step("iam:UpdateAssumeRolePolicy", (ROLES,))
PASS_TO_PODS = Step("iam:PassRole", (ROLES,), {"StringEquals": {"iam:PassedToService": [POD_SERVICE]}}, True)
ASSOCIATE = Step("eks:CreatePodIdentityAssociation")
CREATE_PROVIDER = Step("iam:CreateOpenIDConnectProvider")


class Chain(msgspec.Struct, frozen=True):
    """A chain that is possible, or could not be decided."""

    id: str
    title: str
    severity: Severity
    path: tuple[str, ...] = ()
    witness: Request | None = None
    reason: str = ""
    """Why it could not be decided; empty: it is possible."""


def chains(reach: Reach, reaches: dict[str, Reach]) -> Iterator[Chain]:
    """Yield the chains that start at one role. `reaches`: all Porter roles by ARN, for chains through another."""
    for build in (_c1, _c3, _c4, _c5, _c6):
        yield from build(reach)
    yield from _c2(reach, reaches)


def gives_policies(reach: Reach) -> Answer:
    """Return whether the role may give a role any policy, with an example request."""
    attach = reach.ask(ATTACH)
    return attach if attach.outcome == POSSIBLE else reach.ask(INLINE)


def _c1(reach: Reach) -> Iterator[Chain]:
    found = reach.all_of(CREATE_ROLE)
    policy = gives_policies(reach)
    title = "Create a role and make it administrator"
    if isinstance(found, Answer) or policy.outcome != POSSIBLE:
        yield from _open("C1", title, [found, policy])
        return
    steps = [
        f"{quote(reach.role.name)} creates a role whose trust it writes itself (iam:CreateRole, no boundary required)",
        f"it gives the role AdministratorAccess or a policy of its own ({_action(policy)})",
        "whoever the new trust names assumes the role: administrator of the account",
    ]
    if reach.ask(BOUNDARY).outcome == POSSIBLE:
        steps.append("iam:PutRolePermissionsBoundary lets it replace a boundary on the way")
    yield Chain("C1", title, Severity.CRITICAL, tuple(steps), policy.witness)


def _c2(reach: Reach, reaches: dict[str, Reach]) -> Iterator[Chain]:
    title = "Give a pod a role that manages IAM"
    found = reach.all_of(PASS_TO_PODS, ASSOCIATE)
    if isinstance(found, Answer):
        yield from _open("C2", title, [found])
        return
    targets = [r for arn, r in sorted(reaches.items()) if arn != reach.role.arn and _pod_target(reach, r)]
    if not targets:
        return
    managers = [r for r in targets if gives_policies(r).outcome == POSSIBLE]
    through = (managers or targets)[0].role
    end = "administrator of the account" if managers else "all that the role may do"
    yield Chain(
        "C2",
        title if managers else "Give a pod another Porter role",
        Severity.CRITICAL if managers else Severity.HIGH,
        (
            f"{quote(reach.role.name)} may pass {quote(through.name)} to {POD_SERVICE} (iam:PassRole)",
            "it associates that role with a service account of any cluster (eks:CreatePodIdentityAssociation)",
            f"{quote(through.name)} trusts {POD_SERVICE}: every pod of that service account holds it",
            f"the pod has {end}",
        ),
        found[0].witness,
    )


def _pod_target(reach: Reach, target: Reach) -> bool:
    """Return whether the role may be handed to pods: the one may pass it, the other trusts Pod Identity."""
    if reach.ask(PASS_TO_PODS, (target.role.arn,)).outcome != POSSIBLE:
        return False
    ctx = target.ctx
    trusted = ask_trust(target.role, {"Service": [POD_SERVICE]}, ctx.account, ctx.catalogue)
    return trusted.outcome == POSSIBLE


def _c3(reach: Reach) -> Iterator[Chain]:
    title = "Rewrite trust, its own ExternalId included"
    answer = reach.ask(RETRUST)
    if answer.outcome != POSSIBLE:
        yield from _open("C3", title, [answer])
        return
    guarded = [r.name for r in _guarded(reach.ctx) if reach.ask(RETRUST, (r.arn,)).outcome == POSSIBLE]
    steps = [f"{quote(reach.role.name)} may rewrite who may assume a role (iam:UpdateAssumeRolePolicy)"]
    if guarded:
        steps.append(f"{quote(guarded[0])} is among these roles: its ExternalId can be dropped in one call")
    steps.append("the new trust admits whoever it names, until somebody compares it again")
    yield Chain("C3", title, Severity.CRITICAL if guarded else Severity.HIGH, tuple(steps), answer.witness)


def _guarded(ctx: AwsContext) -> list[AwsRole]:
    pages = [(r, ctx.documented(r)) for r in ctx.porter_roles]
    return [role for role, page in pages if page is not None and page.trust.external_id == "required"]


def _c4(reach: Reach) -> Iterator[Chain]:
    title = "Bring in an outside identity provider"
    provider = reach.ask(CREATE_PROVIDER)
    trust = reach.ask(RETRUST) if reach.ask(CREATE_ROLE).outcome != POSSIBLE else reach.ask(CREATE_ROLE)
    if provider.outcome != POSSIBLE or trust.outcome != POSSIBLE:
        yield from _open("C4", title, [provider, trust])
        return
    steps = (
        f"{quote(reach.role.name)} registers an identity provider of its choice (iam:CreateOpenIDConnectProvider)",
        f"it lets a role trust that provider ({_action(trust)})",
        "the provider's users come in without Porter's account and without an ExternalId, until both are removed",
    )
    yield Chain("C4", title, Severity.HIGH, steps, provider.witness)


def _c5(reach: Reach) -> Iterator[Chain]:
    title = "Reach IAM management from outside without an ExternalId"
    ctx = reach.ctx
    free = any_outside(reach.role, ctx.account, ctx.catalogue, conditions={"Null": {"sts:ExternalId": "true"}})
    policy = gives_policies(reach)
    if free.outcome != POSSIBLE or policy.outcome != POSSIBLE:
        yield from _open("C5", title, [free, policy])
        return
    steps = (
        "somebody makes Porter's platform act on the wrong project (a confused deputy)",
        f"{quote(reach.role.name)} asks for no ExternalId, so the platform is let in",
        f"the role gives policies to roles ({_action(policy)}): administrator of the account",
    )
    yield Chain("C5", title, Severity.HIGH, steps, free.witness)


def _c6(reach: Reach) -> Iterator[Chain]:
    title = "Reach IAM management through an AWS service"
    services, answer = services_without_source(reach.ctx, reach.role)
    policy = gives_policies(reach)
    if not services or policy.outcome != POSSIBLE:
        yield from _open("C6", title, [a for a in (answer, policy) if a is not None and not services])
        return
    steps = (
        f"{', '.join(services)} may assume {quote(reach.role.name)} without a condition on the source",
        "whoever in the account may pass this role to one of them acts with it",
        f"the role gives policies to roles ({_action(policy)}): administrator of the account",
    )
    yield Chain("C6", title, Severity.HIGH, steps, answer.witness if answer else None)


def _open(name: str, title: str, answers: list[list[Answer] | Answer]) -> Iterator[Chain]:
    """Yield the chain as undecided, unless one of its steps is ruled out."""
    single = [a for a in answers if isinstance(a, Answer)]
    if any(a.outcome not in (POSSIBLE, UNDECIDED) for a in single):
        return
    reason = next((a.reason for a in single if a.outcome == UNDECIDED), "")
    if reason:
        yield Chain(name, title, Severity.HIGH, reason=reason)


def _action(answer: Answer) -> str:
    return answer.witness.action if answer.witness else "iam"
