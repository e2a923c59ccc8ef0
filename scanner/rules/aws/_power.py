"""How much a set of grants is worth: administrator, control over other identities, or neither."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.access.compare import ask, compare
from scanner.access.records import NamedDocument, Piece, Question
from scanner.errors import PolicyError
from scanner.model.inventory import AwsRole
from scanner.rules.base import AwsContext
from scanner.rules.judge import readable_documents

CONTROL_ACTIONS = (
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:PassRole",
    "iam:PutGroupPolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "organizations:AttachPolicy",
    "organizations:DetachPolicy",
    "sts:AssumeRole",
)
"""Actions with which a principal gives itself, or takes over, more than it was given."""

ADMINISTRATOR = NamedDocument(
    "administrator",
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
)
IAM_ADMINISTRATOR = NamedDocument(
    "IAM administrator",
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]},
)


def live_documents(role: AwsRole) -> list[NamedDocument]:
    """Return the role's policies that could be read and are valid."""
    return readable_documents(role.policies)[0]


def grants_all(ctx: AwsContext, role: AwsRole, everything: NamedDocument) -> bool:
    """Return whether the role's readable policies allow all that `everything` allows."""
    live = live_documents(role)
    if not live:
        return False
    return _inside(ctx, everything, live)


def _inside(ctx: AwsContext, inner: NamedDocument, outer: Sequence[NamedDocument]) -> bool:
    comparison = compare(
        [inner],
        outer,
        catalogue=ctx.catalogue,
        account_id=ctx.account.account_id,
        partition=ctx.account.partition,
    )
    return comparison.contained is True


def controls_identities(ctx: AwsContext, pieces: Sequence[Piece]) -> str:
    """Return the action with which these pieces of access give control over identities, or an empty string."""
    statements = [
        {"Effect": "Allow", "Action": list(p.actions), "Resource": list(p.resources) or ["*"]}
        for p in pieces
        if p.actions
    ]
    named = next((p.witness.action for p in pieces if p.witness.action.lower() in _CONTROL_FOLDED), "")
    if named or not statements:
        return named
    document = NamedDocument("excess", {"Version": "2012-10-17", "Statement": statements})
    try:
        answer = ask(
            [document],
            Question(actions=CONTROL_ACTIONS),
            catalogue=ctx.catalogue,
            account_id=ctx.account.account_id,
            partition=ctx.account.partition,
        )
    except PolicyError:  # a piece the engine describes but cannot read back: its witness was looked at above
        return ""
    return answer.witness.action if answer.witness else ""


_CONTROL_FOLDED = frozenset(action.lower() for action in CONTROL_ACTIONS)
