"""AWS-TRUST-005: Trust policies of Porter roles grant only sts:AssumeRole and sts:TagSession.

## What it checks
The trust policy of each documented role: may anyone use another action through it (asked of the engine), and does an
Allow statement use NotAction, NotPrincipal, or name a federated provider.

## Why it matters
AssumeRoleWithWebIdentity and AssumeRoleWithSAML open a role to outside identity providers. NotPrincipal and NotAction
in an Allow grant to everyone who is not listed.

## Remediation
Write the trust policy with Principal and the two documented actions only.

## Limits
sts:TagSession for a principal that is documented with sts:AssumeRole only is AWS-TRUST-001. Roles that are not
documented are AWS-ROLE-001.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
- https://docs.porter.run/security-and-compliance/aws-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.access.records import Answer
from scanner.model.common import JsonObject, NotObserved, Observed
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_PRINCIPAL,
    PORTER_PERMISSIONS,
    documented_roles,
    key_of,
    not_applicable,
    role_subject,
    undecided_outcome,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import spoken, witness_of
from scanner.rules.external_id import statements, values
from scanner.rules.held import denied_in
from scanner.rules.judge import trust_body
from scanner.rules.questions import IMPOSSIBLE, POSSIBLE, UNDECIDED, ask_trust
from scanner.rules.words import quote

DOCUMENTED_ACTIONS = ("sts:AssumeRole", "sts:TagSession")
_LEAVE_OUT = {"Effect": "Deny", "Principal": "*", "Action": list(DOCUMENTED_ACTIONS)}


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role that exists."""
    found = False
    for role, _ in documented_roles(ctx):
        found = True
        yield _judge(ctx, role)
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def _judge(ctx: AwsContext, role: AwsRole) -> Outcome:
    body = trust_body(role.trust)
    if isinstance(body, NotObserved):
        return undecided_outcome(
            role_subject(role), "The trust policy", Answer(UNDECIDED, reason=body.reason), porter_role=key_of(ctx, role)
        )
    odd = _odd_elements(body)
    answer = ask_trust(role, {}, ctx.account, ctx.catalogue, actions=("*",), also=(_LEAVE_OUT,))
    if not odd and answer.outcome == UNDECIDED:
        return undecided_outcome(
            role_subject(role), "The trust policy's actions", answer, porter_role=key_of(ctx, role)
        )
    parts = [f"an Allow uses {what}" for what in odd]
    if answer.outcome == POSSIBLE:
        parts.append(f"it allows {spoken(answer.witness)}")
    fails = bool(parts)
    words = "; ".join(parts)
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL if fails else Result.PASS,
        message=f"Trust policy of {quote(role.name)}: {words}."
        if fails
        else f"The trust policy of {quote(role.name)} grants only sts:AssumeRole and sts:TagSession.",
        reason_code="UNUSUAL_TRUST" if fails else "AS_DOCUMENTED",
        porter_role=key_of(ctx, role),
        observed=ObservedValue(_seen(body, odd), "trust policy") if fails else None,
        witness=witness_of(answer.witness) if answer.outcome != IMPOSSIBLE else None,
        evidence=(role.evidence,),
    )


def _seen(body: JsonObject, odd: list[str]) -> JsonObject:
    """Return all that makes the trust unusual, without names: accepting it covers nothing that comes later."""
    unusual = [
        {key: value for key, value in statement.items() if key != "Sid"}
        for statement in statements(body)
        if statement.get("Effect") == "Allow" and _is_unusual(statement)
    ]
    ordered = sorted(unusual, key=lambda statement: msgspec.json.encode(statement, order="sorted"))
    denied = denied_in([Observed(body)])
    return {"elements": odd, "allowed": ordered, **({"denied": denied} if denied else {})}


def _is_unusual(statement: JsonObject) -> bool:
    documented = {action.lower() for action in DOCUMENTED_ACTIONS}
    other = {action.lower() for action in values(statement.get("Action"))} - documented
    return bool(other) or bool(_odd_elements({"Statement": statement}))


def _odd_elements(body: JsonObject) -> list[str]:
    """Return the unusual elements of Allow statements: the form counts, whatever it allows today."""
    odd: set[str] = set()
    for statement in statements(body):
        if statement.get("Effect") != "Allow":
            continue
        odd.update(k for k in ("NotAction", "NotPrincipal") if k in statement)
        principal = statement.get("Principal")
        if isinstance(principal, dict):
            odd.update(f"a {kind} principal" for kind in principal if kind not in ("AWS", "Service"))
    return sorted(odd)


RULE = Rule(
    id="AWS-TRUST-005",
    title="Trust policies of Porter roles grant only sts:AssumeRole and sts:TagSession",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="external-id",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Write the trust policy with Principal and the two documented actions only.",
        cli="aws iam update-assume-role-policy --role-name ROLE --policy-document file://trust.json",
        risk_of_change="Whoever uses the other action loses its access.",
    ),
    references=(IAM_PRINCIPAL, PORTER_PERMISSIONS),
    claims=(18,),
)
