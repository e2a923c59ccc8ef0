"""How much a set of grants is worth: administrator, control over other identities, or neither."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.access.compare import compare
from scanner.access.records import NamedDocument, Piece
from scanner.baseline.documents import permission_documents
from scanner.errors import PolicyError
from scanner.model.inventory import AwsRole
from scanner.rules.base import AwsContext
from scanner.rules.judge import RoleJudgement, readable_documents
from scanner.rules.questions import IMPOSSIBLE, ask_permissions, deny_all_but, restriction

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
    if not live or not _to_come(ctx, role, everything):
        return False
    return _inside(ctx, everything, live)


def allows_all(ctx: AwsContext, documents: Sequence[NamedDocument]) -> bool:
    """Return whether the documents allow every action on every resource; what is not valid allows nothing."""
    try:
        return _inside(ctx, ADMINISTRATOR, documents)
    except PolicyError:
        return False


def _to_come(ctx: AwsContext, role: AwsRole, everything: NamedDocument) -> bool:
    """Return whether the role may use an action that nobody has published yet: a quick no for almost every role."""
    service = "iam" if everything is IAM_ADMINISTRATOR else "unpublished"
    answer = ask_permissions(role, ctx.account, ctx.catalogue, actions=(f"{service}:PublishedTomorrow",))
    return answer.outcome != IMPOSSIBLE


def _inside(ctx: AwsContext, inner: NamedDocument, outer: Sequence[NamedDocument]) -> bool:
    comparison = compare(
        [inner],
        outer,
        catalogue=ctx.catalogue,
        account_id=ctx.account.account_id,
        partition=ctx.account.partition,
    )
    return comparison.contained is True


def controls_identities(ctx: AwsContext, judged: RoleJudgement, pieces: Sequence[Piece]) -> str:
    """Return an action by which these pieces of excess give control over identities, or an empty string.

    Asked of the engine: of the role's access to such actions, is anything beyond the document, by the same statements?
    """
    only = restriction([deny_all_but(CONTROL_ACTIONS)])
    beyond = compare(
        [*live_documents(judged.role), *only],
        [*permission_documents(judged.documented, ctx.baseline.aliases), *only],
        catalogue=ctx.catalogue,
        account_id=ctx.account.account_id,
        partition=ctx.account.partition,
    )
    places = {(p.document, p.statement) for p in pieces}
    return next((p.witness.action for p in beyond.excess if (p.document, p.statement) in places), "")
