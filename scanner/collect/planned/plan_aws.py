"""A Terraform plan as JSON (`terraform show -json PLAN`) as a snapshot of what will be; here its IAM roles.

Format: https://developer.hashicorp.com/terraform/internals/json-format (1.x). Attributes of resources:
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role and its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from scanner.collect.aws.authorization_pages import decode_document
from scanner.collect.exports.gaad import Reading
from scanner.collect.planned.plan_azure import azure_snapshot
from scanner.collect.planned.plan_changes import LATER, Change, PlanChanges, any_true
from scanner.collect.planned.plan_gcp import gcp_snapshot
from scanner.collect.planned.snapshot import PlannedAccount, planned_snapshot, unreadable
from scanner.collect.strict_json import InputDocument, shown
from scanner.errors import InputError
from scanner.model.common import JsonObject
from scanner.model.snapshot import Snapshot

_ROLE: Final = "aws_iam_role"
_POLICY: Final = "aws_iam_policy"
_ROLE_POLICY: Final = "aws_iam_role_policy"
_ATTACHMENT: Final = "aws_iam_role_policy_attachment"
_SHARED_ATTACHMENT: Final = "aws_iam_policy_attachment"
_EXCLUSIVE: Final = "aws_iam_role_policy_attachments_exclusive"
"""Attaches every policy that it names, besides detaching all others."""
_PROFILE: Final = "aws_iam_instance_profile"
_READ: Final = frozenset({_ROLE, _POLICY, _ROLE_POLICY, _ATTACHMENT, _SHARED_ATTACHMENT, _EXCLUSIVE, _PROFILE})
_HARMLESS: Final = re.compile(
    r"aws_iam_(?:openid_connect_provider|saml_provider|service_linked_role|server_certificate|account_\w+"
    r"|role_policies_exclusive|signing_certificate|virtual_mfa_device)"
)
_OPAQUE: Final = re.compile(r"aws_iam_\w+|awscc_iam_\w+|aws_cloudformation_stack\w*|awscc_cloudformation_\w+")
"""Types whose resources are, or can make, IAM identities or grants that are not read here."""


def is_terraform_plan(value: Any) -> bool:
    """Return whether a value is a Terraform plan, by its keys."""
    return (
        isinstance(value, dict)
        and "format_version" in value
        and bool({"resource_changes", "planned_values"} & set(value))
    )


def read_terraform_plan(documents: list[InputDocument], reading: Reading) -> Snapshot:
    """Return the snapshot of one plan. Raises `InputError` on another format version or a malformed plan."""
    if len(documents) != 1:
        raise InputError(f"input `{documents[1].name}`: more than one plan", advice="scan one plan at a time")
    name, plan = documents[0].name, documents[0].value
    version = str(plan["format_version"])
    if not version.startswith(("0.", "1.")):
        raise InputError(
            f"input `{name}`: plan format `{shown(version, 20)}` is not known", advice="known: 0.x and 1.x"
        )
    changes = PlanChanges(name, plan)
    clouds = _clouds(changes)
    parts = [_PARTS[cloud](changes, reading, _elsewhere(cloud, clouds)) for cloud in clouds]
    return _joined(parts)


_PROVIDERS: Final = {"aws": ("aws_", "awscc_"), "gcp": ("google_",), "azure": ("azurerm_", "azuread_", "azapi_")}
"""Cloud -> how the types of its resources begin."""


def _clouds(changes: PlanChanges) -> list[str]:
    """Return the clouds that a plan makes something in; AWS, where it makes nothing that is known."""
    kinds = [change.type for change in changes.all] + [kind for kind, _, _ in changes.gone]
    return [cloud for cloud, heads in _PROVIDERS.items() if any(kind.startswith(heads) for kind in kinds)] or ["aws"]


def _elsewhere(cloud: str, clouds: list[str]) -> tuple[str, ...]:
    """Return the heads of types that another cloud's part of the snapshot speaks of."""
    return tuple(head for other in clouds if other != cloud for head in _PROVIDERS[other])


def _aws_snapshot(changes: PlanChanges, reading: Reading, elsewhere: tuple[str, ...]) -> Snapshot:
    return planned_snapshot(_Plan(changes, reading, elsewhere).planned(), reading, "a Terraform plan")


_PARTS: Final = {"aws": _aws_snapshot, "gcp": gcp_snapshot, "azure": azure_snapshot}


def _joined(parts: list[Snapshot]) -> Snapshot:
    """Return the clouds' parts as one snapshot."""
    return msgspec.structs.replace(
        parts[0],
        scopes=tuple(scope for part in parts for scope in part.scopes),
        units=tuple(unit for part in parts for unit in part.units),
    )


class _Plan:
    """The AWS part of one plan on its way to planned roles."""

    def __init__(self, changes: PlanChanges, reading: Reading, elsewhere: tuple[str, ...]) -> None:
        self._changes = changes
        self._elsewhere = elsewhere
        self._out = PlannedAccount(*self._account(reading.account_id))
        self._roles: dict[str, JsonObject] = {}
        self._arns: dict[str, str] = {}

    def planned(self) -> PlannedAccount:
        """Return the roles and policies; those first that others refer to."""
        self._whole()
        for change in self._changes.of(_ROLE):
            self._role(change)
        for change in self._changes.of(_POLICY):
            self._policy(change)
        for change in self._changes.all:
            self._grant(change)
        for change in self._changes.of(_ROLE):
            self._own_attachments(change, self._roles[change.address])
        self._name_others()
        return self._out

    def _account(self, named: str | None) -> tuple[str | None, str]:
        """Return account and partition: from the user, or from data sources and ARNs that the plan knows already."""
        values = list(self._changes.prior_values())
        accounts = {str(v.get("account_id")) for kind, v in values if kind == "aws_caller_identity"} - {"None"}
        accounts |= set(self._accounts_of_arns()) if not accounts else set()
        partitions = {str(v.get("partition")) for kind, v in values if kind == "aws_partition"} - {"None"}
        if len(accounts) > 1 and named not in accounts:
            raise InputError(
                f"input `{self._changes.name}`: the plan is of several accounts: {', '.join(sorted(accounts))}",
                advice="say which with --param account_id=...",
            )
        account = named if len(accounts) != 1 else next(iter(accounts))
        return account, next(iter(partitions)) if len(partitions) == 1 else "aws"

    def _accounts_of_arns(self) -> Iterator[str]:
        """Yield the accounts in ARNs of IAM resources that exist already."""
        for change in self._changes.all:
            arn = change.after.get("arn")
            parts = arn.split(":") if isinstance(arn, str) else []
            if len(parts) == 6 and parts[2] == "iam" and parts[4].isdigit():
                yield parts[4]

    def _whole(self) -> None:
        """Say what keeps the plan from being all that will be."""
        if not self._out.named:
            self._out.notes.append("the account is not named: 000000000000 stands for it (--param account_id=...)")
        self._out.lost += self._changes.unfinished()
        stays, deleted = self._changes.lost_and_deleted(_READ)
        self._out.lost += stays
        self._out.notes += deleted

    def _role(self, change: Change) -> None:
        name = change.text("name")
        if not name:
            self._out.lost.append(f"{shown(change.address, 120)}: the role's name is {LATER}")
            name = f"(made from {change.address})"
        if not change.known("path"):
            self._out.lost.append(f"{shown(change.address, 120)}: the role's path is {LATER}")
        trust = self._document(change, "assume_role_policy")
        role = self._out.role(name, change.text("path") or "/", trust)
        self._roles[change.address] = role
        if change.after.get("permissions_boundary") or not change.known("permissions_boundary"):
            arn = change.text("permissions_boundary") or f"({LATER})"
            role["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
        tags = change.after.get("tags")
        if isinstance(tags, dict):
            role["Tags"] = [{"Key": key, "Value": str(value)} for key, value in sorted(tags.items())]
        if change.text("description"):
            role["Description"] = change.text("description")

    def _own_attachments(self, change: Change, role: JsonObject) -> None:
        """Read the policies that stand in the role's own block; without one the provider reports them as unknown."""
        for number, block in enumerate(self._list(change, role, "inline_policy")):
            if not isinstance(block, dict):
                raise change.odd("inline_policy", "is not made of objects")
            if block.get("policy") or block.get("name"):
                name = block.get("name") if isinstance(block.get("name"), str) else f"(inline_policy {number})"
                unknown = change.unknown.get("inline_policy")
                lost = isinstance(unknown, list) and number < len(unknown) and any_true(unknown[number])
                text = None if lost else block.get("policy")
                self._out.inline(role, str(name), self._parsed(f"{change.address}: inline_policy {number}", text))
        for arn in self._list(change, role, "managed_policy_arns"):
            if not isinstance(arn, str):
                raise change.odd("managed_policy_arns", "is not a list of texts")
            self._out.attach(role, arn)

    def _list(self, change: Change, role: JsonObject, key: str) -> list[Any]:
        value, unknown = change.after.get(key), change.unknown.get(key)
        if value is not None and not isinstance(value, list):
            raise change.odd(key, "is not a list")
        if unknown is True or (key == "managed_policy_arns" and any_true(unknown)):
            if change.configured is None or key in change.configured:
                reason = f"{change.address}: `{key}` is {LATER}"
                self._out.inline(role, f"({key})", unreadable(reason))
            return [item for item in value or () if isinstance(item, str)] if key == "managed_policy_arns" else []
        return value or []

    def _policy(self, change: Change) -> None:
        name = change.text("name") or f"(made from {change.address})"
        made = self._out.managed(name, change.text("path") or "/", self._document(change, "policy"))
        self._arns[change.address] = made

    def _grant(self, change: Change) -> None:
        """Give a role what an attachment, an inline policy or a profile resource gives it."""
        if change.type == _SHARED_ATTACHMENT:
            self._shared(change)
            return
        if change.type == _EXCLUSIVE:
            self._exclusive(change)
            return
        if change.type not in (_ROLE_POLICY, _ATTACHMENT, _PROFILE):
            return
        if change.type == _PROFILE and change.after.get("role") is None and change.known("role"):
            return
        role = self._target(change)
        if role is None:
            self._out.lost.append(f"{shown(change.address, 120)}: its role is {LATER}")
        elif change.type == _ROLE_POLICY:
            name = change.text("name") or f"(made from {change.address})"
            self._out.inline(role, name, self._document(change, "policy"))
        elif change.type == _ATTACHMENT:
            self._attach(change, role)
        else:
            profile = change.text("name") or f"(made from {change.address})"
            role["InstanceProfileList"].append({"InstanceProfileName": profile})

    def _shared(self, change: Change) -> None:
        roles = change.texts("roles")
        if not change.known("roles"):
            self._out.lost.append(f"{shown(change.address, 120)}: its roles are {LATER}")
        if (
            change.after.get("users")
            or change.after.get("groups")
            or not (change.known("users") and change.known("groups"))
        ):
            self._out.lost.append(f"{shown(change.address, 120)}: users and groups of a plan are not read")
        for name in roles:
            self._attach(change, self._out.role_named(name))

    def _exclusive(self, change: Change) -> None:
        role = self._target(change, "role_name")
        if role is None:
            self._out.lost.append(f"{shown(change.address, 120)}: its role is {LATER}")
            return
        arns = change.texts("policy_arns")
        if not change.known("policy_arns"):
            arns += self._arns_referred_to(change, "policy_arns")
        for arn in arns:
            if arn:
                self._out.attach(role, arn)
            else:
                self._out.inline(role, f"({change.address})", unreadable(f"{change.address}: `policy_arns` is {LATER}"))

    def _arns_referred_to(self, change: Change, key: str) -> list[str]:
        """Return the ARN of each resource that an unknown list is taken from; an empty one where it is not known."""
        sources = self._changes.sources_of(change, key, ("arn", "id", "policy_arn"))
        return [self._arn_of(source) for source in sources] if sources else [""]

    def _arn_of(self, change: Change) -> str:
        """Return the ARN of a policy of the plan, or of the one that an attachment attaches; empty: not known."""
        if change.type == _POLICY:
            return self._arns.get(change.address, "")
        if change.type != _ATTACHMENT:
            return ""
        found = self._changes.referred(change, "policy_arn", _POLICY, ("arn", "id"))
        return change.text("policy_arn") or (self._arns.get(found.address, "") if found else "")

    def _attach(self, change: Change, role: JsonObject) -> None:
        arn = change.text("policy_arn")
        if not arn:
            found = self._changes.referred(change, "policy_arn", _POLICY, ("arn", "id"))
            arn = self._arns.get(found.address, "") if found else ""
        if arn:
            self._out.attach(role, arn)
        else:
            self._out.inline(role, f"({change.address})", unreadable(f"{change.address}: `policy_arn` is {LATER}"))

    def _target(self, change: Change, key: str = "role") -> JsonObject | None:
        name = change.text(key)
        if name:
            return self._out.role_named(name)
        found = self._changes.referred(change, key, _ROLE, ("name", "id"))
        return self._roles.get(found.address) if found else None

    def _document(self, change: Change, key: str) -> Any:
        if not change.known(key):
            return unreadable(f"{change.address}: `{key}` is {LATER}")
        return self._parsed(f"{change.address}: {key}", change.after.get(key))

    def _parsed(self, where: str, text: Any) -> Any:
        if not isinstance(text, str):
            return unreadable(f"{where}: {'is ' + LATER if text is None else 'is not text'}")
        try:
            return decode_document(shown(where, 200), text)
        except InputError as error:
            return unreadable(f"the policy document could not be decoded: {error}")

    def _name_others(self) -> None:
        """Say what else is in the plan; what may hide identities keeps it from counting as complete."""
        kinds = self._changes.others(_READ, self._elsewhere)
        for kind in sorted(kinds):
            if _OPAQUE.fullmatch(kind) and not _HARMLESS.fullmatch(kind):
                self._out.lost.append(f"`{shown(kind)}` is not read and can make access of its own")
        if kinds:
            named = ", ".join(f"{shown(kind)} ({kinds[kind]})" for kind in sorted(kinds))
            self._out.notes.append(f"other resources, not judged: {named}")
