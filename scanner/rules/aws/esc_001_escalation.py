"""AWS-ESC-001: No Porter role can give itself more than it was given.

## What it checks
Our list of escalation paths, and the chains over several Porter roles, for every Porter role. Each step is put to the
access engine with the resource and the condition that make it real: AdministratorAccess must be attachable, the role
passed must be another one, the service must be allowed by iam:PassedToService. What the document permits is reported
all the same.

## Why it matters
Documented is not safe. A role that can attach policies is an administrator, whatever its name; a reviewer must know
which roles are.

## Remediation
Protect roles by a service control policy or a permissions boundary that Porter's roles may not remove. Ask Porter to
limit role management to its own roles and to require a boundary.

## Limits
Boundaries and service control policies are not applied. A path that needs something to exist says so; whether it
exists is not looked up. Passing a role to oneself is not counted. Steps are judged one by one, not as one request.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
- https://docs.porter.run/security-and-compliance/aws-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.access.records import Answer
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_BOUNDARIES,
    IAM_PASS_ROLE,
    PORTER_PERMISSIONS,
    evidence_of,
    key_of,
    no_porter_role,
    role_subject,
)
from scanner.rules.aws._power import ADMINISTRATOR, grants_all
from scanner.rules.aws._reach import Reach
from scanner.rules.aws.escalation_chains import Chain, chains
from scanner.rules.aws.escalation_paths import EscalationPath
from scanner.rules.aws.escalation_services import ALL_PATHS
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import spoken, witness_of
from scanner.rules.words import quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one FAIL per role and path, one INCOMPLETE per role with undecided paths, else one PASS per role."""
    if not ctx.porter_roles:
        yield no_porter_role(ctx)
    reaches = {role.arn: Reach(ctx, role) for role in ctx.porter_roles}
    for role in ctx.porter_roles:
        yield from _judge(ctx, role, reaches)


def _judge(ctx: AwsContext, role: AwsRole, reaches: dict[str, Reach]) -> Iterator[Outcome]:
    if grants_all(ctx, role, ADMINISTRATOR):
        words = f"{quote(role.name)} is an administrator already and needs no path."
        yield _say(ctx, role, Result.FAIL, "ADMINISTRATOR", words, "administrator", Severity.CRITICAL)
        return
    reach = reaches[role.arn]
    found = [c for c in (*_paths(reach), *chains(reach, reaches)) if c is not None]
    for chain in found:
        if not chain.reason:
            yield _possible(ctx, role, chain)
    undecided = [c for c in found if c.reason]
    if undecided:
        names = ", ".join(sorted(c.id for c in undecided)[:6])
        more = f" and {len(undecided) - 6} more" if len(undecided) > 6 else ""
        words = f"{quote(role.name)}: not decided: {names}{more}: {undecided[0].reason}."
        yield _say(ctx, role, Result.INCOMPLETE, "UNDECIDED", words, "undecided")
    if not found:
        words = f"None of {len(ALL_PATHS)} paths and 6 chains is possible for {quote(role.name)}."
        yield _say(ctx, role, Result.PASS, "NO_PATH", words)


def _paths(reach: Reach) -> Iterator[Chain | None]:
    for path in ALL_PATHS:
        answers = reach.all_of(*path.steps)
        if isinstance(answers, Answer):
            yield Chain(path.id, path.title, path.severity, reason=answers.reason) if answers.reason else None
        else:
            yield _chain(reach, path, answers)


def _chain(reach: Reach, path: EscalationPath, answers: list[Answer]) -> Chain:
    everywhere = all(reach.everywhere(step) for step in path.steps if step.resources != ("*",))
    steps = [f"{spoken(a.witness)}" for a in answers]
    needs = (f"needs {path.needs}",) if path.needs else ()
    limit = () if everywhere else ("limited to certain resources, such as those in the example",)
    return Chain(
        path.id,
        path.title,
        path.severity if everywhere else path.limited,
        (*steps, *needs, *limit, f"reaches {path.effect}"),
        answers[0].witness,
    )


def _possible(ctx: AwsContext, role: AwsRole, chain: Chain) -> Outcome:
    words = f"{quote(role.name)}: {chain.title}. {'; '.join(chain.path)}."
    outcome = _say(ctx, role, Result.FAIL, "ESCALATION", words, chain.id, _severity(ctx, role, chain))
    return msgspec.structs.replace(outcome, witness=witness_of(chain.witness, chain.path))


def _severity(ctx: AwsContext, role: AwsRole, chain: Chain) -> Severity:
    """Return the risk note's severity for a chain of the documented version, where it speaks of this role."""
    key = key_of(ctx, role)
    note = next((n for n in ctx.baseline.risk_notes if n.id == chain.id and key in n.roles), None)
    return Severity(note.severity) if note else chain.severity


def _say(
    ctx: AwsContext,
    role: AwsRole,
    result: Result,
    code: str,
    message: str,
    discriminator: str = "",
    severity: Severity | None = None,
) -> Outcome:
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        discriminator=discriminator,
        severity=severity,
        porter_role=key_of(ctx, role),
        evidence=evidence_of(role),
    )


RULE = Rule(
    id="AWS-ESC-001",
    title="No Porter role can give itself more than it was given",
    severity=Severity.CRITICAL,
    axis=Axis.POSTURE,
    family="escalation",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Protect roles by a service control policy; ask Porter to require a boundary for what it creates.",
        owner="porter",
        steps=(
            "Deny Porter's roles changes to roles that are not Porter's, in a service control policy.",
            "Ask Porter to require a permissions boundary in iam:CreateRole and iam:PutRolePolicy.",
        ),
        risk_of_change="A policy that is too strict stops Porter from setting up roles.",
    ),
    references=(IAM_PASS_ROLE, IAM_BOUNDARIES, PORTER_PERMISSIONS),
    claims=(34, 39, 42, 45),
)
