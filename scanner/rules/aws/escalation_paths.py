"""Ways in which a principal comes to more access than it was given, as data: what a path is, and those by IAM itself.

Facts about single paths were collected from AWS's own pages on each action and from public research; names, grouping,
resource and condition shapes, and words are ours. Every action of a step must be possible; resources and conditions
say what makes it real. `{partition}` and `{account}` are filled in for the account that is judged.
"""

from __future__ import annotations

import msgspec

from scanner.model.common import JsonObject
from scanner.model.finding import Severity

ROLES = "arn:{partition}:iam::{account}:role/*"
USERS = "arn:{partition}:iam::{account}:user/*"
GROUPS = "arn:{partition}:iam::{account}:group/*"
POLICIES = "arn:{partition}:iam::{account}:policy/*"
ADMINISTRATOR_POLICY = "arn:{partition}:iam::aws:policy/AdministratorAccess"


class Step(msgspec.Struct, frozen=True):
    """One action that must be possible."""

    action: str
    resources: tuple[str, ...] = ("*",)
    conditions: JsonObject = {}
    other_role: bool = False
    """The resource must be a role other than the principal's own: handing on oneself gains nothing."""


class EscalationPath(msgspec.Struct, frozen=True):
    """One way to more access."""

    id: str
    title: str
    steps: tuple[Step, ...]
    effect: str
    """What is reached, in words."""
    severity: Severity
    """Where the steps are possible on every resource."""
    needs: str = ""
    """What must exist already for the path to lead anywhere."""
    limited: Severity = Severity.HIGH
    """Where the steps are possible on certain resources only."""


IDENTITY_PATHS: tuple[EscalationPath, ...] = (
    EscalationPath(
        "role-attach-policy",
        "Attach AdministratorAccess to a role",
        (Step("iam:AttachRolePolicy", (ROLES,), {"ArnEquals": {"iam:PolicyARN": [ADMINISTRATOR_POLICY]}}),),
        "administrator, by a role it holds or may assume",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "role-inline-policy",
        "Write an inline policy into a role",
        (Step("iam:PutRolePolicy", (ROLES,)),),
        "administrator, by a role it holds or may assume",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "policy-new-version",
        "Write a new default version of a customer-managed policy",
        (Step("iam:CreatePolicyVersion", (POLICIES,)),),
        "whatever the new version says, for all who have the policy",
        Severity.CRITICAL,
        "a customer-managed policy attached to an identity within reach",
    ),
    EscalationPath(
        "policy-old-version",
        "Make an older, wider version of a customer-managed policy the default",
        (Step("iam:SetDefaultPolicyVersion", (POLICIES,)),),
        "what the older version says",
        Severity.HIGH,
        "a policy that keeps a wider version",
    ),
    EscalationPath(
        "role-trust-rewrite",
        "Rewrite who may assume a role",
        (Step("iam:UpdateAssumeRolePolicy", (ROLES,)),),
        "every role whose trust it may rewrite",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "role-trust-and-attach",
        "Open a role and attach AdministratorAccess to it",
        (
            Step("iam:UpdateAssumeRolePolicy", (ROLES,)),
            Step("iam:AttachRolePolicy", (ROLES,), {"ArnEquals": {"iam:PolicyARN": [ADMINISTRATOR_POLICY]}}),
        ),
        "administrator, from wherever the new trust says",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "role-trust-and-inline",
        "Open a role and write an inline policy into it",
        (Step("iam:UpdateAssumeRolePolicy", (ROLES,)), Step("iam:PutRolePolicy", (ROLES,))),
        "administrator, from wherever the new trust says",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "role-trust-and-version",
        "Open a role and rewrite a policy attached to it",
        (Step("iam:UpdateAssumeRolePolicy", (ROLES,)), Step("iam:CreatePolicyVersion", (POLICIES,))),
        "administrator, from wherever the new trust says",
        Severity.CRITICAL,
        "a role with a customer-managed policy",
    ),
    EscalationPath(
        "role-attach-and-assume",
        "Attach a policy to a role and assume it",
        (
            Step("iam:AttachRolePolicy", (ROLES,), {"ArnEquals": {"iam:PolicyARN": [ADMINISTRATOR_POLICY]}}),
            Step("sts:AssumeRole", (ROLES,), other_role=True),
        ),
        "administrator",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "role-inline-and-assume",
        "Write an inline policy into a role and assume it",
        (Step("iam:PutRolePolicy", (ROLES,)), Step("sts:AssumeRole", (ROLES,), other_role=True)),
        "administrator",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "role-version-and-assume",
        "Rewrite a policy of a role and assume it",
        (Step("iam:CreatePolicyVersion", (POLICIES,)), Step("sts:AssumeRole", (ROLES,), other_role=True)),
        "administrator",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "role-assume-any",
        "Assume other roles of the account",
        (Step("sts:AssumeRole", (ROLES,), other_role=True),),
        "all that a role may do which trusts the account",
        Severity.HIGH,
        "a role that trusts the account or this role",
    ),
    EscalationPath(
        "role-boundary-remove",
        "Take the permissions boundary off a role",
        (Step("iam:DeleteRolePermissionsBoundary", (ROLES,)),),
        "what the boundary held back",
        Severity.HIGH,
        "a role limited by a boundary only",
    ),
    EscalationPath(
        "user-access-key",
        "Make an access key for a user",
        (Step("iam:CreateAccessKey", (USERS,)),),
        "all that the user may do, for good",
        Severity.CRITICAL,
        "a user that may do more",
    ),
    EscalationPath(
        "user-access-key-swap",
        "Delete a user's access key to make room, and make a new one",
        (Step("iam:DeleteAccessKey", (USERS,)), Step("iam:CreateAccessKey", (USERS,))),
        "all that the user may do, for good",
        Severity.CRITICAL,
        "a user that has two keys",
    ),
    EscalationPath(
        "user-console-password",
        "Give a user a console password",
        (Step("iam:CreateLoginProfile", (USERS,)),),
        "all that the user may do",
        Severity.CRITICAL,
        "a user without a password",
    ),
    EscalationPath(
        "user-console-reset",
        "Change a user's console password",
        (Step("iam:UpdateLoginProfile", (USERS,)),),
        "all that the user may do",
        Severity.CRITICAL,
        "a user with a password and no second factor",
    ),
    EscalationPath(
        "user-inline-policy",
        "Write an inline policy into a user",
        (Step("iam:PutUserPolicy", (USERS,)),),
        "administrator, by a user within reach",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "user-attach-policy",
        "Attach a policy to a user",
        (Step("iam:AttachUserPolicy", (USERS,)),),
        "administrator, by a user within reach",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "user-attach-and-key",
        "Attach a policy to a user and make a key for it",
        (Step("iam:AttachUserPolicy", (USERS,)), Step("iam:CreateAccessKey", (USERS,))),
        "administrator, for good",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "user-inline-and-key",
        "Write an inline policy into a user and make a key for it",
        (Step("iam:PutUserPolicy", (USERS,)), Step("iam:CreateAccessKey", (USERS,))),
        "administrator, for good",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "group-attach-policy",
        "Attach a policy to a group",
        (Step("iam:AttachGroupPolicy", (GROUPS,)),),
        "administrator, for every user of the group",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "group-inline-policy",
        "Write an inline policy into a group",
        (Step("iam:PutGroupPolicy", (GROUPS,)),),
        "administrator, for every user of the group",
        Severity.CRITICAL,
    ),
    EscalationPath(
        "group-join",
        "Put a user into a group",
        (Step("iam:AddUserToGroup", (GROUPS,)),),
        "all that the group may do",
        Severity.HIGH,
        "a group that may do more",
    ),
    EscalationPath(
        "saml-provider-rewrite",
        "Replace the metadata of a SAML provider",
        (Step("iam:UpdateSAMLProvider"),),
        "every role that trusts the provider",
        Severity.HIGH,
        "a role that trusts a SAML provider",
    ),
    EscalationPath(
        "oidc-thumbprint-rewrite",
        "Change the thumbprints of an OpenID Connect provider",
        (Step("iam:UpdateOpenIDConnectProviderThumbprint"),),
        "roles that trust the provider, where its certificate is checked by thumbprint",
        Severity.LOW,
        "control over the provider's address",
    ),
)
