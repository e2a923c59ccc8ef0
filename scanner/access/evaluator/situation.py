"""The second evaluator's facts that no document states: whose resource it is, who is exempt from what."""

from __future__ import annotations

import msgspec

from scanner.access.evaluator.rule import View
from scanner.access.evaluator.text import ContextValue, Truth

# Services whose resources RCPs apply to, as listed 2026-09-26 at
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services
RCP_SERVICES = frozenset({
    "aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory", "cloudfront",
    "cloudsearch", "cloudtrail-data", "codeartifact", "codebuild", "codecommit", "codepipeline", "cognito-identity",
    "cognito-idp", "comprehend", "comprehendmedical", "compute-optimizer", "cost-optimization-hub", "dax", "dsql",
    "dynamodb", "ecr", "ecr-public", "events", "firehose", "fis", "fms", "gamelift", "health", "inspector-scan",
    "kendra", "kinesisvideo", "kms", "logs", "memorydb", "networkmonitor", "notifications", "opensearch",
    "pca-connector-ad", "personalize", "polly", "pricing", "resource-groups", "rolesanywhere", "s3", "secretsmanager",
    "servicediscovery", "signin", "sqs", "sts", "support", "swf", "textract", "timestream-influxdb", "transcribe",
    "transfer", "translate", "wafv2", "workspaces", "xray",
})  # fmt: skip
_TRUST_ACTIONS = frozenset(
    f"sts:{name}"
    for name in (
        "assumerole",
        "assumerolewithsaml",
        "assumerolewithwebidentity",
        "tagsession",
        "setsourceidentity",
        "setcontext",
    )
)
_UNSIGNED_ACTIONS = frozenset({"sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
_WITHOUT_IDENTITY = frozenset({"service", "provider", "anonymous"})


class Exemption(msgspec.Struct, frozen=True):
    """Why a layer does not bind this request; `doubtful` if only perhaps."""

    reason: str
    doubtful: bool = False


class Situation:
    """Facts that follow from principal, action and resource alone."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.service = view.action.partition(":")[0]
        self.is_trust_action = view.action in _TRUST_ACTIONS
        self.owner, self.owner_is_assumed = self._owner()

    def _owner(self) -> tuple[str, bool]:
        parts = self.view.resource.split(":", 5)
        if len(parts) == 6 and parts[4]:
            return parts[4], False
        given = self.view.context.get("aws:resourceaccount", ContextValue()).values
        if len(given) == 1:
            return given[0], False
        return self.view.caller.account, True

    @property
    def without_identity(self) -> bool:
        """Return whether the caller has no policies of its own: a service, an identity without AWS keys, anyone."""
        return self.view.caller.kind in _WITHOUT_IDENTITY or self.view.action in _UNSIGNED_ACTIONS

    @property
    def same_account(self) -> Truth:
        """Return whether caller and resource are in one account, None if the caller's account is not known.

        A caller without name is taken as one of the resource's account; the reason says so.
        """
        if self.view.caller.kind == "unnamed":
            return True
        if not self.view.caller.in_account:
            return True if self.owner_is_assumed else None
        return self.owner == self.view.caller.account

    @property
    def needs_resource_policy(self) -> bool:
        """Return whether the resource's policy must allow even within the account: role trust and KMS key policies."""
        return self.is_trust_action or (self.service == "kms" and ":key/" in self.view.resource)

    @property
    def always_allowed(self) -> str:
        """Return why no policy can deny this action, or nothing."""
        if self.view.caller.kind in ("anonymous", "provider", "service"):
            return ""
        if self.view.action == "sts:getcalleridentity":
            # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
            return "sts:GetCallerIdentity needs no permission and cannot be denied"
        if self.view.action == "sts:getsessiontoken" and self.view.caller.kind in ("user", "root"):
            # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
            return "sts:GetSessionToken needs no permission: policies do not control authentication"
        return ""

    @property
    def not_modelled(self) -> str:
        """Return why this action cannot be decided from these layers, or nothing."""
        asks_root = self.view.action == "sts:assumeroot"
        return "sts:AssumeRoot is decided by the organization's settings too" if asks_root else ""

    @property
    def impossible(self) -> str:
        """Return why the caller can never do this, or nothing."""
        if self.view.action == "sts:assumerole" and self.view.caller.kind == "root":
            return "the root user cannot assume a role"
        return ""

    def exemption(self, layer: str) -> Exemption | None:
        """Return why a layer does not bind the request, or None if it does."""
        if layer in ("identity", "boundary", "session") or layer.startswith("scps"):
            if self.without_identity:
                return Exemption("the caller is not an IAM principal of an account")
        if layer.startswith("scps"):
            return self._service_linked("service control policies do not bind service-linked roles")
        return self._rcp_exemption() if layer == "rcps" else None

    def _service_linked(self, reason: str) -> Exemption | None:
        linked = self.view.caller.is_service_linked_role
        if linked is False:
            return None
        return Exemption(reason if linked else "the caller may be a service-linked role", doubtful=linked is None)

    def _rcp_exemption(self) -> Exemption | None:
        if self.view.action == "kms:retiregrant":
            return Exemption("resource control policies do not bind kms:RetireGrant")
        if self.is_trust_action and ":role/aws-service-role/" in self.view.resource:
            return Exemption("resource control policies do not bind the trust of service-linked roles")
        if self.service not in RCP_SERVICES:
            return Exemption(f"resource control policies do not apply to `{self.service}` (list of 2026-09-26)")
        if self.view.resource == "*":
            return Exemption("resource control policies bind resources; the request names none", doubtful=True)
        return self._service_linked("resource control policies do not bind service-linked roles")


def with_derived_keys(view: View, situation: Situation) -> View:
    """Return the view with the context keys AWS derives from principal and resource, where the request has none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html. A session's ARN lacks
    the role's path, so its `aws:PrincipalArn` stays hidden.
    """
    caller = view.caller
    derived: dict[str, ContextValue] = {}
    if caller.in_account:
        derived["aws:principalaccount"] = ContextValue((caller.account,))
        derived["aws:principalisawsservice"] = ContextValue(("false",))
        hidden = caller.kind == "session" and not caller.role_arn
        arn = caller.role_arn or caller.text
        derived["aws:principalarn"] = ContextValue(hidden=True) if hidden else ContextValue((arn,))
    if caller.kind == "user":
        derived["aws:username"] = ContextValue((caller.name,))
    if caller.kind == "service":
        derived["aws:principalisawsservice"] = ContextValue(("true",))
    if not situation.owner_is_assumed:
        derived["aws:resourceaccount"] = ContextValue((situation.owner,))
    return msgspec.structs.replace(view, context={**derived, **view.context})
