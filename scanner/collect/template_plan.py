"""A Terraform plan as JSON (`terraform show -json PLAN`) as a snapshot of the IAM roles as they will be.

Format: https://developer.hashicorp.com/terraform/internals/json-format (1.x). Attributes of resources:
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role and its neighbours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from scanner.collect.authorization_pages import decode_document
from scanner.collect.gaad_export import Reading
from scanner.collect.planned import PlannedAccount, planned_snapshot, unreadable
from scanner.collect.strict_json import InputDocument, shown
from scanner.errors import InputError
from scanner.model.common import JsonObject
from scanner.model.snapshot import Snapshot

_ROLE: Final = "aws_iam_role"
_POLICY: Final = "aws_iam_policy"
_ROLE_POLICY: Final = "aws_iam_role_policy"
_ATTACHMENT: Final = "aws_iam_role_policy_attachment"
_SHARED_ATTACHMENT: Final = "aws_iam_policy_attachment"
_PROFILE: Final = "aws_iam_instance_profile"
_READ: Final = frozenset({_ROLE, _POLICY, _ROLE_POLICY, _ATTACHMENT, _SHARED_ATTACHMENT, _PROFILE})
_HARMLESS: Final = re.compile(
    r"aws_iam_(?:openid_connect_provider|saml_provider|service_linked_role|server_certificate|account_\w+"
    r"|role_policies_exclusive|role_policy_attachments_exclusive|signing_certificate|virtual_mfa_device)"
)
_OPAQUE: Final = re.compile(r"aws_iam_\w+|awscc_iam_\w+|aws_cloudformation_stack\w*|awscc_cloudformation_\w+")
"""Types whose resources are, or can make, IAM identities or grants that are not read here."""
_LATER: Final = "known only after apply"


class _Change(msgspec.Struct, frozen=True):
    """A resource as it will be."""

    address: str
    type: str
    name: str
    module: str
    after: JsonObject
    unknown: JsonObject
    configured: JsonObject | None
    """The expressions of its configuration; None: the plan does not hold it."""

    def known(self, key: str) -> bool:
        """Return whether a whole attribute is known."""
        return not _any_true(self.unknown.get(key))

    def text(self, key: str) -> str:
        """Return a text that is known, or nothing."""
        value = self.after.get(key)
        return value if isinstance(value, str) and self.known(key) else ""


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
    return planned_snapshot(_Plan(name, plan, reading).planned(), reading, "a Terraform plan")


class _Plan:
    """One plan on its way to planned roles."""

    def __init__(self, name: str, plan: JsonObject, reading: Reading) -> None:
        self._name = name
        self._plan = plan
        self._expressions = dict(_expressions(_object(_object(plan, "configuration"), "root_module"), ()))
        self._out = PlannedAccount(*self._account(reading.account_id))
        self._changes: list[_Change] = []
        self._roles: dict[str, JsonObject] = {}
        self._arns: dict[str, str] = {}

    def planned(self) -> PlannedAccount:
        """Return the roles and policies; those first that others refer to."""
        self._whole()
        self._changes = list(self._read_changes())
        for change in self._of(_ROLE):
            self._role(change)
        for change in self._of(_POLICY):
            self._policy(change)
        for change in self._changes:
            self._grant(change)
        for change in self._of(_ROLE):
            self._own_attachments(change, self._roles[change.address])
        self._name_others()
        return self._out

    def _of(self, kind: str) -> Iterator[_Change]:
        return (change for change in self._changes if change.type == kind)

    def _account(self, named: str | None) -> tuple[str | None, str]:
        """Return account and partition: from the user, or from data sources and ARNs that the plan knows already."""
        values = list(_resources(_object(_object(self._plan, "prior_state"), "values").get("root_module")))
        accounts = {str(v.get("account_id")) for kind, v in values if kind == "aws_caller_identity"} - {"None"}
        accounts |= set(self._accounts_of_arns()) if not accounts else set()
        partitions = {str(v.get("partition")) for kind, v in values if kind == "aws_partition"} - {"None"}
        if len(accounts) > 1 and named not in accounts:
            raise InputError(
                f"input `{self._name}`: the plan is of several accounts: {', '.join(sorted(accounts))}",
                advice="say which with --param account_id=...",
            )
        account = named if len(accounts) != 1 else next(iter(accounts))
        return account, next(iter(partitions)) if len(partitions) == 1 else "aws"

    def _accounts_of_arns(self) -> Iterator[str]:
        """Yield the accounts in ARNs of IAM resources that exist already."""
        rows = self._plan.get("resource_changes")
        for row in rows if isinstance(rows, list) else ():
            arn = _object(_object(row, "change"), "after").get("arn")
            parts = arn.split(":") if isinstance(arn, str) else []
            if len(parts) == 6 and parts[2] == "iam" and parts[4].isdigit():
                yield parts[4]

    def _whole(self) -> None:
        """Say what keeps the plan from being all that will be."""
        if not self._out.named:
            self._out.notes.append("the account is not named: 000000000000 stands for it (--param account_id=...)")
        if self._plan.get("errored") is True:
            self._out.lost.append("the plan ended with an error")
        if self._plan.get("complete") is False or self._plan.get("deferred_changes"):
            self._out.lost.append("the plan defers changes to another run")

    def _read_changes(self) -> Iterator[_Change]:
        rows = self._plan.get("resource_changes", [])
        if not isinstance(rows, list):
            raise InputError(f"input `{self._name}`: /resource_changes: is not a list")
        for number, row in enumerate(rows):
            change = row.get("change") if isinstance(row, dict) else None
            if not isinstance(change, dict) or not all(
                isinstance(row.get(k), str) for k in ("address", "type", "name")
            ):
                raise InputError(f"input `{self._name}`: /resource_changes/{number}: is not a resource change")
            if row.get("mode") == "data":
                continue
            if not isinstance(change.get("after"), dict):
                self._gone(row, change)
                continue
            yield self._change(row, change)

    def _gone(self, row: JsonObject, change: JsonObject) -> None:
        if row["type"] in _READ:
            where = shown(row["address"], 120)
            if change.get("actions") == ["forget"]:
                self._out.lost.append(f"{where} stays, but is no longer managed: its state is not in the plan")
            else:
                self._out.notes.append(f"{where} is deleted")

    def _change(self, row: JsonObject, change: JsonObject) -> _Change:
        module = row.get("module_address") or ""
        path = tuple(re.findall(r"module\.([^.\[]+)", module))
        unknown = change.get("after_unknown")
        return _Change(
            address=row["address"],
            type=row["type"],
            name=row["name"],
            module=module,
            after=change["after"],
            unknown=unknown if isinstance(unknown, dict) else {},
            configured=self._expressions.get((path, f"{row['type']}.{row['name']}")),
        )

    def _role(self, change: _Change) -> None:
        name = change.text("name")
        if not name:
            self._out.lost.append(f"{shown(change.address, 120)}: the role's name is {_LATER}")
            name = f"(made from {change.address})"
        if not change.known("path"):
            self._out.lost.append(f"{shown(change.address, 120)}: the role's path is {_LATER}")
        trust = self._document(change, "assume_role_policy")
        role = self._out.role(name, change.text("path") or "/", trust)
        self._roles[change.address] = role
        if change.after.get("permissions_boundary") or not change.known("permissions_boundary"):
            arn = change.text("permissions_boundary") or f"({_LATER})"
            role["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
        tags = change.after.get("tags")
        if isinstance(tags, dict):
            role["Tags"] = [{"Key": key, "Value": str(value)} for key, value in sorted(tags.items())]
        if change.text("description"):
            role["Description"] = change.text("description")

    def _own_attachments(self, change: _Change, role: JsonObject) -> None:
        """Read the policies that stand in the role's own block; without one the provider reports them as unknown."""
        for number, block in enumerate(self._list(change, role, "inline_policy")):
            if isinstance(block, dict) and (block.get("policy") or block.get("name")):
                name = block.get("name") if isinstance(block.get("name"), str) else f"(inline_policy {number})"
                unknown = change.unknown.get("inline_policy")
                lost = isinstance(unknown, list) and number < len(unknown) and _any_true(unknown[number])
                text = None if lost else block.get("policy")
                self._out.inline(role, str(name), self._parsed(f"{change.address}: inline_policy {number}", text))
        for arn in self._list(change, role, "managed_policy_arns"):
            if isinstance(arn, str):
                self._out.attach(role, arn)

    def _list(self, change: _Change, role: JsonObject, key: str) -> list[Any]:
        value, unknown = change.after.get(key), change.unknown.get(key)
        if unknown is True or (key == "managed_policy_arns" and _any_true(unknown)):
            if change.configured is None or key in change.configured:
                reason = f"{change.address}: `{key}` is {_LATER}"
                self._out.inline(role, f"({key})", unreadable(reason))
            return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
        return value if isinstance(value, list) else []

    def _policy(self, change: _Change) -> None:
        name = change.text("name") or f"(made from {change.address})"
        made = self._out.managed(name, change.text("path") or "/", self._document(change, "policy"))
        self._arns[change.address] = made

    def _grant(self, change: _Change) -> None:
        """Give a role what an attachment, an inline policy or a profile resource gives it."""
        if change.type == _SHARED_ATTACHMENT:
            self._shared(change)
            return
        if change.type not in (_ROLE_POLICY, _ATTACHMENT, _PROFILE):
            return
        if change.type == _PROFILE and change.after.get("role") is None and change.known("role"):
            return
        role = self._target(change)
        if role is None:
            self._out.lost.append(f"{shown(change.address, 120)}: its role is {_LATER}")
        elif change.type == _ROLE_POLICY:
            name = change.text("name") or f"(made from {change.address})"
            self._out.inline(role, name, self._document(change, "policy"))
        elif change.type == _ATTACHMENT:
            self._attach(change, role)
        else:
            profile = change.text("name") or f"(made from {change.address})"
            role["InstanceProfileList"].append({"InstanceProfileName": profile})

    def _shared(self, change: _Change) -> None:
        roles = change.after.get("roles")
        if not change.known("roles"):
            self._out.lost.append(f"{shown(change.address, 120)}: its roles are {_LATER}")
        if (
            change.after.get("users")
            or change.after.get("groups")
            or not (change.known("users") and change.known("groups"))
        ):
            self._out.lost.append(f"{shown(change.address, 120)}: users and groups of a plan are not read")
        for name in roles if isinstance(roles, list) else []:
            if isinstance(name, str):
                self._attach(change, self._out.role_named(name))

    def _attach(self, change: _Change, role: JsonObject) -> None:
        arn = change.text("policy_arn")
        if not arn:
            found = self._referred(change, "policy_arn", _POLICY, ("arn", "id"))
            arn = self._arns.get(found, "") if found else ""
        if arn:
            self._out.attach(role, arn)
        else:
            self._out.inline(role, f"({change.address})", unreadable(f"{change.address}: `policy_arn` is {_LATER}"))

    def _target(self, change: _Change) -> JsonObject | None:
        name = change.text("role")
        if name:
            return self._out.role_named(name)
        found = self._referred(change, "role", _ROLE, ("name", "id"))
        return self._roles.get(found) if found else None

    def _referred(self, change: _Change, key: str, kind: str, attributes: tuple[str, ...]) -> str | None:
        """Return the address of the one resource that an unknown attribute is taken from, if it is that and no more."""
        expression = (change.configured or {}).get(key)
        references = expression.get("references") if isinstance(expression, dict) else None
        if not isinstance(references, list) or not references:
            return None
        names = {ref.split(".")[1] for ref in references if isinstance(ref, str) and ref.startswith(f"{kind}.")}
        if len(names) != 1:
            return None
        name = next(iter(names))
        allowed = {f"{kind}.{name}", *(f"{kind}.{name}.{attribute}" for attribute in attributes)}
        if not all(ref in allowed for ref in references):
            return None
        found = [c.address for c in self._of(kind) if c.name == name and c.module == change.module]
        return found[0] if len(found) == 1 else None

    def _document(self, change: _Change, key: str) -> Any:
        if not change.known(key):
            return unreadable(f"{change.address}: `{key}` is {_LATER}")
        return self._parsed(f"{change.address}: {key}", change.after.get(key))

    def _parsed(self, where: str, text: Any) -> Any:
        if not isinstance(text, str):
            return unreadable(f"{where}: {'is ' + _LATER if text is None else 'is not text'}")
        try:
            return decode_document(shown(where, 200), text)
        except InputError as error:
            return unreadable(f"the policy document could not be decoded: {error}")

    def _name_others(self) -> None:
        """Say what else is in the plan; what may hide identities keeps it from counting as complete."""
        kinds = Counter(change.type for change in self._changes if change.type not in _READ)
        for kind in sorted(kinds):
            if _OPAQUE.fullmatch(kind) and not _HARMLESS.fullmatch(kind):
                self._out.lost.append(f"`{shown(kind)}` is not read and can make access of its own")
        if kinds:
            named = ", ".join(f"{shown(kind)} ({kinds[kind]})" for kind in sorted(kinds))
            self._out.notes.append(f"other resources, not judged: {named}")


def _object(holder: Any, key: str) -> JsonObject:
    found = holder.get(key) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}


def _expressions(module: JsonObject, path: tuple[str, ...]) -> Iterator[tuple[tuple[tuple[str, ...], str], JsonObject]]:
    """Yield the expressions of every resource of the configuration, by module path and `type.name`."""
    for resource in module.get("resources") or ():
        if isinstance(resource, dict) and resource.get("mode") != "data":
            yield (path, f"{resource.get('type')}.{resource.get('name')}"), _object(resource, "expressions")
    for name, call in _object(module, "module_calls").items():
        yield from _expressions(_object(call, "module"), (*path, name))


def _resources(module: Any) -> Iterator[tuple[str, JsonObject]]:
    """Yield type and values of every resource of a state's module and the modules below it."""
    if not isinstance(module, dict):
        return
    for resource in module.get("resources") or ():
        if isinstance(resource, dict) and isinstance(resource.get("values"), dict):
            yield str(resource.get("type")), resource["values"]
    for below in module.get("child_modules") or ():
        yield from _resources(below)


def _any_true(unknown: Any) -> bool:
    if isinstance(unknown, dict):
        return any(map(_any_true, unknown.values()))
    if isinstance(unknown, list):
        return any(map(_any_true, unknown))
    return unknown is True
