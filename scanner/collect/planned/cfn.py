"""A CloudFormation template as a snapshot of the IAM roles that it will make.

Resource types: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from scanner.collect.exports.gaad import Reading
from scanner.collect.planned.cfn_values import NO_VALUE, Undetermined, Values, function_of
from scanner.collect.planned.snapshot import PlannedAccount, planned_snapshot, unreadable
from scanner.collect.strict_json import InputDocument, shown
from scanner.errors import InputError
from scanner.model.common import JsonObject
from scanner.model.snapshot import Snapshot

_ROLE: Final = "AWS::IAM::Role"
_MANAGED: Final = "AWS::IAM::ManagedPolicy"
_POLICY: Final = "AWS::IAM::Policy"
_ROLE_POLICY: Final = "AWS::IAM::RolePolicy"
_PROFILE: Final = "AWS::IAM::InstanceProfile"
_SETTABLE: Final = ("AWS::Region", "AWS::StackName", "AWS::StackId", "AWS::Partition")
"""Pseudo parameters that the user may give; the account is `--param account_id`."""
_HARMLESS_IAM: Final = frozenset(
    {"AWS::IAM::OIDCProvider", "AWS::IAM::SAMLProvider", "AWS::IAM::ServerCertificate", "AWS::IAM::ServiceLinkedRole"}
)
_GRANTS: Final = ("Policies", "ManagedPolicyArns", "Roles", "PermissionsBoundary")
"""Properties that decide what a role may do, and that a role may do without."""
_OPAQUE: Final = re.compile(
    r"AWS::IAM::.*|AWS::CloudFormation::(?:Stack|StackSet|CustomResource)|AWS::Serverless::.*|.*::MODULE"
    r"|AWS::ServiceCatalog::.*Provisioned.*|(?!AWS::|Alexa::).*"
)
"""Types whose resources are, or can make, IAM identities or grants that are not read here."""


def is_cfn_template(value: Any) -> bool:
    """Return whether a value is a CloudFormation template, by its keys."""
    if not isinstance(value, dict):
        return False
    resources = value.get("Resources")
    typed = isinstance(resources, dict) and any(isinstance(r, dict) and "Type" in r for r in resources.values())
    return typed or "AWSTemplateFormatVersion" in value


def read_cfn_template(documents: list[InputDocument], reading: Reading) -> Snapshot:
    """Return the snapshot of one template. Raises `InputError` (file, place) on what CloudFormation would refuse."""
    if len(documents) != 1:
        raise InputError(f"input `{documents[1].name}`: more than one template", advice="scan one template at a time")
    return planned_snapshot(_Template(documents[0], reading).planned(), reading, "a CloudFormation template")


class _Template:
    """One template on its way to planned roles."""

    def __init__(self, document: InputDocument, reading: Reading) -> None:
        self._document = document
        self._template: JsonObject = document.value
        given = dict(reading.template_values)
        self._resources = self._section("Resources")
        if not self._resources:
            raise self._error("/Resources", "the template has no resources")
        self._check_given(given)
        self._out = PlannedAccount(reading.account_id, _partition(given))
        self._values = Values(self._template, given, self._out.account, self._out.partition, self._attribute)
        self._naming: set[str] = set()

    def planned(self) -> PlannedAccount:
        """Return the roles and policies; managed policies and roles first, since others refer to them."""
        if not self._out.named:
            self._out.notes.append("the account is not named: 000000000000 stands for it (--param account_id=...)")
        if "Transform" in self._template:
            self._out.lost.append(f"{self._where('/Transform')}: a transform rewrites the template on creation")
        self._defaults()
        for logical, resource, kind in list(self._wanted()):
            if kind == _MANAGED:
                self._managed(logical, self._properties(logical, resource))
            elif kind == _ROLE:
                self._role(logical, self._properties(logical, resource))
        for logical, resource, kind in list(self._wanted()):
            if kind in _READ and kind != _ROLE:
                self._second(logical, kind, self._properties(logical, resource))
        self._name_others()
        return self._out

    def _second(self, logical: str, kind: str, raw: JsonObject) -> None:
        """Read what refers to roles."""
        if kind == _MANAGED:
            arn = self._managed_arn(logical)
            self._targets(logical, raw, lambda role: self._out.attach(role, arn))
        elif kind == _POLICY:
            name, document = self._policy(logical, raw, f"/Resources/{logical}/Properties")
            self._targets(logical, raw, lambda role: self._out.inline(role, name, document))
        elif kind == _ROLE_POLICY:
            name, document = self._policy(logical, raw, f"/Resources/{logical}/Properties")
            one = {"Roles": [raw.get("RoleName")]}
            self._targets(logical, one, lambda role: self._out.inline(role, name, document))
        elif kind == _PROFILE:
            profile = {"InstanceProfileName": self._text_or(raw.get("InstanceProfileName"), f"(made from {logical})")}
            self._targets(logical, raw, lambda role: role["InstanceProfileList"].append(profile))

    def _section(self, name: str) -> JsonObject:
        found = self._template.get(name, {})
        if not isinstance(found, dict):
            raise self._error(f"/{name}", f"`{name}` is not an object")
        return found

    def _check_given(self, given: dict[str, str]) -> None:
        parameters = self._section("Parameters")
        for name, value in given.items():
            if name not in parameters and name not in _SETTABLE:
                known = ", ".join(f"`{shown(key, 60)}`" for key in sorted(parameters)[:8]) or "none"
                raise InputError(
                    f"input `{self._document.name}`: the template has no parameter `{shown(name)}`",
                    advice=f"its parameters: {known}; the account is given with --param account_id=...",
                )
            allowed = parameters.get(name, {}).get("AllowedValues") if name in parameters else None
            if isinstance(allowed, list) and value not in map(str, allowed):
                raise self._error(f"/Parameters/{name}", f"the value given for `{shown(name)}` is not an allowed one")

    def _defaults(self) -> None:
        """Say which parameters were taken at their default: another value may be typed on creation."""
        taken = [
            name
            for name, declared in self._section("Parameters").items()
            if isinstance(declared, dict) and "Default" in declared and not self._values.is_given(name)
        ]
        if taken:
            named = ", ".join(f"`{shown(name, 60)}`" for name in taken[:6])
            self._out.notes.append(f"judged with the default of {named}{' and more' if len(taken) > 6 else ''}")

    def _wanted(self) -> Iterator[tuple[str, JsonObject, str]]:
        """Yield each resource that is, or may be, made, with its type."""
        for logical, resource in self._resources.items():
            at = f"/Resources/{logical}"
            if logical.startswith("Fn::"):
                self._lose(at, f"`{shown(logical)}` is expanded only when the stack is created")
                continue
            if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
                raise self._error(at, f"resource `{shown(logical)}` has no type")
            if self._made(resource, at):
                yield logical, resource, resource["Type"]

    def _made(self, resource: JsonObject, at: str) -> bool:
        if "Condition" not in resource:
            return True
        try:
            made = self._values.condition(resource["Condition"])
        except Undetermined as error:
            self._lose(at, f"whether it is made is open: {error}")
            return True
        if not made:
            self._out.notes.append(f"`{shown(at.rsplit('/', 1)[-1])}` is not made: its condition is false")
        return made

    def _name_others(self) -> None:
        """Say what else is in the template; what may hide identities keeps it from counting as complete."""
        kinds = Counter(kind for _, _, kind in self._wanted() if kind not in _READ)
        for kind in sorted(kinds):
            if _OPAQUE.fullmatch(kind) and kind not in _HARMLESS_IAM:
                self._out.lost.append(f"`{shown(kind)}` is not read and can make access of its own")
        others = [f"{shown(kind)} ({number})" for kind, number in sorted(kinds.items())]
        if others:
            self._out.notes.append(f"other resources, not judged: {', '.join(others)}")

    def _properties(self, logical: str, resource: JsonObject) -> JsonObject:
        at = f"/Resources/{logical}/Properties"
        found = resource.get("Properties", {})
        if not isinstance(found, dict):
            raise self._error(at, "the properties are not an object")
        try:
            name = function_of(found)
        except Undetermined:
            name = "Fn::Transform"
        if name is not None:
            self._lose(at, f"`{shown(name)}` makes the properties on creation")
            return {"AssumeRolePolicyDocument": {name: None}, "PolicyDocument": {name: None}}
        for key in _GRANTS:
            if key in found and found[key] is None:
                raise self._error(f"{at}/{key}", f"`{key}` is null, which CloudFormation refuses")
        return found

    def _role(self, logical: str, raw: JsonObject) -> None:
        at = f"/Resources/{logical}/Properties"
        path = self._known_path(raw, at)
        role = self._out.role(self._role_name(logical), path, self._decided(raw, "AssumeRolePolicyDocument", at))
        for number, item in self._items(raw.get("Policies"), f"{at}/Policies"):
            if isinstance(item, dict) and not self._calls(item):
                self._out.inline(role, *self._policy(f"Policies {number}", item, f"{at}/Policies/{number}"))
            else:
                self._out.inline(role, f"(Policies {number})", self._open(f"{at}/Policies/{number}", item))
        for number, item in self._items(raw.get("ManagedPolicyArns"), f"{at}/ManagedPolicyArns"):
            self._attach(role, item, f"{at}/ManagedPolicyArns/{number}")
        if "PermissionsBoundary" in raw and self._values.chosen(raw["PermissionsBoundary"]) is not NO_VALUE:
            arn = self._policy_arn(raw["PermissionsBoundary"]) or "(not known before creation)"
            role["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
        role["Tags"] = list(self._tags(raw))
        if "Description" in raw:
            role["Description"] = self._text_or(raw["Description"], "")

    def _known_path(self, raw: JsonObject, at: str) -> str:
        try:
            return self._path(raw)
        except Undetermined as error:
            self._lose(f"{at}/Path", f"the path is not known: {error}")
            return "/"

    def _tags(self, raw: JsonObject) -> Iterator[JsonObject]:
        for _, tag in self._items(raw.get("Tags"), ""):
            if isinstance(tag, dict) and isinstance(tag.get("Key"), str):
                yield {"Key": tag["Key"], "Value": self._text_or(tag.get("Value"), "(not known before creation)")}

    def _managed(self, logical: str, raw: JsonObject) -> None:
        at = f"/Resources/{logical}/Properties"
        name, path = self._managed_name(logical)
        self._out.managed(name, path, self._decided(raw, "PolicyDocument", at))

    def _managed_name(self, logical: str) -> tuple[str, str]:
        raw = self._resources[logical].get("Properties")
        raw = raw if isinstance(raw, dict) else {}
        name = self._text_or(raw.get("ManagedPolicyName"), f"(made from {logical})")
        return name, self._text_or(raw.get("Path"), "/")

    def _managed_arn(self, logical: str) -> str:
        name, path = self._managed_name(logical)
        return self._out.arn("policy", path, name)

    def _policy(self, fallback: str, raw: JsonObject, at: str) -> tuple[str, Any]:
        return self._text_or(raw.get("PolicyName"), f"({fallback})"), self._decided(raw, "PolicyDocument", at)

    def _attach(self, role: JsonObject, item: Any, at: str) -> None:
        arn = self._policy_arn(item)
        if arn is None:
            self._out.inline(role, f"({at.split('/', 4)[-1]})", self._open(at, item))
        else:
            self._out.attach(role, arn)

    def _policy_arn(self, item: Any) -> str | None:
        """Return the ARN of an attached policy; one of the template has one even where its name is made later."""
        try:
            chosen = self._values.chosen(item)
            if isinstance(chosen, dict) and len(chosen) == 1:
                name = chosen.get("Ref") or _first(chosen.get("Fn::GetAtt"), "PolicyArn")
                if isinstance(name, str) and self._type(name) == _MANAGED:
                    return self._managed_arn(name)
            return self._values.text(chosen)
        except Undetermined:
            return None

    def _targets(self, logical: str, raw: JsonObject, add: Callable[[JsonObject], None]) -> None:
        """Call `add` for every role that a policy or profile is given to."""
        at = f"/Resources/{logical}/Properties"
        for key in ("Users", "Groups"):
            if raw.get(key):
                self._lose(f"{at}/{key}", "users and groups of a template are not read")
        for number, item in self._items(raw.get("Roles"), f"{at}/Roles"):
            name = self._target(item)
            if name is None:
                self._lose(f"{at}/Roles/{number}", f"the role is not known: {self._reason(item)}")
            else:
                add(self._out.role_named(name))

    def _target(self, item: Any) -> str | None:
        try:
            chosen = self._values.chosen(item)
            logical = chosen.get("Ref") if isinstance(chosen, dict) and len(chosen) == 1 else None
            if isinstance(logical, str) and self._type(logical) == _ROLE:
                return self._role_name(logical)
            return self._values.text(chosen)
        except Undetermined:
            return None

    def _role_name(self, logical: str) -> str:
        """Return a role's name, or a placeholder for one that is made on creation; that is said."""
        raw = self._resources[logical].get("Properties")
        try:
            return self._own_name(logical, raw.get("RoleName") if isinstance(raw, dict) else None)
        except Undetermined as error:
            self._lose(f"/Resources/{logical}/Properties", f"the role's name is not known: {error}")
            return f"(made from {logical})"

    def _own_name(self, logical: str, node: Any) -> str:
        """Return the name; `stack-LogicalId-` and a mark where CloudFormation adds random characters."""
        if node is not None and self._values.chosen(node) is not NO_VALUE:
            if logical in self._naming:
                raise Undetermined("the name rests on itself")
            self._naming.add(logical)
            try:
                return self._values.text(node)
            finally:
                self._naming.discard(logical)
        return f"{self._values.text({'Ref': 'AWS::StackName'})}-{logical}-(made on creation)"

    def _attribute(self, logical: str, attribute: str) -> str:
        """Return what `Ref` (empty attribute) or `Fn::GetAtt` gives for a resource. Raises `Undetermined`."""
        kind = self._type(logical)
        raw = self._resources.get(logical)
        properties = raw.get("Properties") if isinstance(raw, dict) else None
        properties = properties if isinstance(properties, dict) else {}
        if kind == _ROLE and attribute in ("", "Arn") and properties.get("RoleName") is not None:
            name = self._own_name(logical, properties["RoleName"])
            return self._out.arn("role", self._path(properties), name) if attribute else name
        if kind == _MANAGED and attribute in ("", "PolicyArn") and properties.get("ManagedPolicyName") is not None:
            return self._out.arn("policy", self._path(properties), self._values.text(properties["ManagedPolicyName"]))
        what = f"`{shown(logical)}{'.' + shown(attribute) if attribute else ''}`"
        raise Undetermined(f"{what} is known only when the stack is created")

    def _path(self, properties: JsonObject) -> str:
        return self._values.text(properties.get("Path", "/"))

    def _type(self, logical: str) -> str:
        resource = self._resources.get(logical)
        return str(resource.get("Type")) if isinstance(resource, dict) else ""

    def _items(self, node: Any, at: str) -> list[tuple[int, Any]]:
        """Return the items of a list with their numbers, without what `AWS::NoValue` removes."""
        if node is None:
            return []
        try:
            chosen = self._values.chosen(node)
            if chosen is NO_VALUE:
                return []
            if isinstance(chosen, dict) and self._calls(chosen):
                chosen = self._values.value(chosen)
        except Undetermined:
            return [(0, node)]
        items = chosen if isinstance(chosen, list) else [chosen]
        kept: list[tuple[int, Any]] = []
        for number, item in enumerate(items):
            try:
                picked = self._values.chosen(item)
            except Undetermined:
                picked = item
            if picked is not NO_VALUE:
                kept.append((number, picked))
        return kept

    def _calls(self, node: JsonObject) -> bool:
        try:
            return function_of(node) is not None
        except Undetermined:
            return True

    def _decided(self, raw: JsonObject, key: str, at: str) -> Any:
        """Return a document with every value known, or the marker that says why not."""
        try:
            found = self._values.value(raw.get(key))
        except Undetermined as error:
            return unreadable(f"{self._where(f'{at}/{key}')}: not decided before creation: {error}")
        return unreadable(f"{self._where(at)}: there is no `{key}`") if found in (None, NO_VALUE) else found

    def _open(self, at: str, item: Any) -> JsonObject:
        return unreadable(f"{self._where(at)}: not decided before creation: {self._reason(item)}")

    def _reason(self, item: Any) -> str:
        try:
            self._values.text(item)
        except Undetermined as error:
            return str(error)
        return "it is not of the expected form"

    def _text_or(self, node: Any, otherwise: str) -> str:
        """Return a text that decides nothing, or what stands for it where creation decides it."""
        if node is None:
            return otherwise
        try:
            return self._values.text(node) or otherwise
        except Undetermined:
            return otherwise

    def _lose(self, at: str, why: str) -> None:
        self._out.lost.append(f"{self._where(at)}: {why}")

    def _where(self, at: str) -> str:
        line = self._document.lines.get(at)
        return f"{shown(at, 160)}{f' (line {line})' if line else ''}"

    def _error(self, at: str, what: str) -> InputError:
        return InputError(f"input `{self._document.name}`: {self._where(at)}: {what}")


_READ: Final = frozenset({_ROLE, _MANAGED, _POLICY, _ROLE_POLICY, _PROFILE})


def _partition(given: dict[str, str]) -> str:
    region = given.get("AWS::Region", "")
    implied = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    return given.get("AWS::Partition", implied)


def _first(argument: Any, attribute: str) -> str | None:
    """Return the logical id of a `Fn::GetAtt` of one attribute."""
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    return parts[0] if isinstance(parts, list) and len(parts) == 2 and parts[1] == attribute else None
