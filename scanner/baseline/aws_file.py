"""Turn the parsed YAML of a documented version's AWS part into records (format `porter-audit/baseline/aws/v1`)."""

from __future__ import annotations

import re
from typing import Any

from scanner.baseline.fields import Fields, kind_of, shown
from scanner.baseline.parts import (
    NAME_PATTERN,
    SOURCE,
    matching,
    read_contradictions,
    read_documents,
    read_known_extras,
    read_risk_notes,
    read_source,
    read_source_ref,
    read_variables,
)
from scanner.baseline.records import (
    ActionAlias,
    AwsBaseline,
    DocumentedRole,
    DocumentedStatement,
    DocumentedTrust,
    ManagedPolicyRef,
    StackClaim,
    TrustStatement,
)
from scanner.model.common import JsonObject

FORMAT = "porter-audit/baseline/aws/v1"
_TOP = """format vendor version cloud title publication name_prefix documents variables vendor_accounts stack aliases
 known_extras contradictions risk_notes roles"""
_ROLE = """name_pattern created_by purpose assumable_from_outside optional optional_reason source trust managed_policies
 statements"""
_STATEMENT = "sid effect actions resources conditions permissive as_printed settled_by same_as source"
_ACTION = re.compile(r"(?:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)\Z")
_RESOURCE = re.compile(r"(?:\*|arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S+)\Z")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_PRINCIPALS = ("AWS", "Service", "Federated", "CanonicalUser")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATOR = re.compile(
    r"""(?:(?:ForAllValues|ForAnyValue):)?(?:
        (?:String(?:Not)?(?:Equals(?:IgnoreCase)?|Like) | Arn(?:Not)?(?:Equals|Like) | Bool | BinaryEquals
         | Numeric(?:Not)?Equals | Numeric(?:Less|Greater)Than(?:Equals)? | Date(?:Not)?Equals
         | Date(?:Less|Greater)Than(?:Equals)? | (?:Not)?IpAddress)(?:IfExists)? | Null)\Z""",
    re.VERBOSE | re.IGNORECASE,
)


def read_aws(value: Any, where: str) -> AwsBaseline:
    """Return the records; `where` starts every message. Raises `BaselineError` on anything not of the format."""
    top = Fields(value, where, _TOP)
    top.choice("format", FORMAT)
    top.choice("cloud", "aws")
    return AwsBaseline(
        vendor=top.text("vendor"),
        version=top.text("version"),
        title=top.text("title"),
        publication=top.text("publication"),
        documents=read_documents(top),
        variables=read_variables(top, "text account-id external-id"),
        roles=_roles(top),
        name_prefix=top.text("name_prefix"),
        vendor_accounts=_vendor_accounts(top),
        aliases=_aliases(top),
        known_extras=read_known_extras(top),
        contradictions=read_contradictions(top, "roles"),
        risk_notes=read_risk_notes(top, "roles"),
        stack=_stack(top),
    )


def _vendor_accounts(top: Fields) -> tuple[tuple[str, str], ...]:
    accounts: list[tuple[str, str]] = []
    for account, what in top.pairs("vendor_accounts"):
        if not _ACCOUNT.match(account):
            raise top.error(f"`vendor_accounts`: `{shown(account)}` is not an account id of 12 digits")
        if not isinstance(what, str):
            raise top.error(f"`vendor_accounts`: `{account}` must hold text, not {kind_of(what)}")
        accounts.append((account, what))
    return tuple(accounts)


def _aliases(top: Fields) -> tuple[ActionAlias, ...]:
    return tuple(
        ActionAlias(
            printed=matching(fields, fields.text("printed"), _ACTION, "an action"),
            means=matching(fields, fields.text("means"), _ACTION, "an action"),
            reason=fields.text("reason"),
            source=read_source(fields) if fields.has("source") else None,
        )
        for fields in top.items("aliases", "printed means reason source", "alias")
    )


def _stack(top: Fields) -> StackClaim | None:
    if not top.has("stack"):
        return None
    fields = top.fields("stack", "name region_hint creates_roles resource_types source")
    return StackClaim(
        name=fields.text("name"),
        region_hint=fields.optional_text("region_hint"),
        creates_roles=fields.texts("creates_roles"),
        resource_types=fields.texts("resource_types"),
        source=read_source(fields),
    )


def _roles(top: Fields) -> tuple[DocumentedRole, ...]:
    roles = tuple(_role(name, fields) for name, fields in top.entries("roles", _ROLE, "role"))
    if not roles:
        raise top.error("missing key `roles`")
    return roles


def _role(name: str, fields: Fields) -> DocumentedRole:
    matching(fields, name, NAME_PATTERN, "a role name")
    return DocumentedRole(
        key=name,
        name_pattern=matching(fields, fields.text("name_pattern", name), NAME_PATTERN, "a role name"),
        created_by=fields.text("created_by"),
        purpose=fields.text("purpose"),
        assumable_from_outside=fields.flag("assumable_from_outside"),
        optional=fields.flag("optional", False),
        optional_reason=fields.text("optional_reason", ""),
        trust=_trust(fields.fields("trust", "external_id external_id_reason external_id_source statements notes")),
        statements=tuple(_statement(item) for item in fields.items("statements", _STATEMENT, "statement")),
        source=read_source(fields),
        managed_policies=tuple(
            ManagedPolicyRef(
                arn=matching(item, item.text("arn"), _RESOURCE, "an ARN"),
                source=read_source(item),
                sids=item.texts("sids", required=False),
            )
            for item in fields.items("managed_policies", "arn sids source", "managed policy")
        ),
    )


def _statement(fields: Fields) -> DocumentedStatement:
    actions, resources = fields.texts("actions"), fields.texts("resources")
    for action in actions:
        matching(fields, action, _ACTION, "an action")
    for resource in resources:
        matching(fields, resource, _RESOURCE, "`*` or an ARN")
    return DocumentedStatement(
        sid=fields.text("sid"),
        effect=fields.choice("effect", "Allow Deny", "Allow"),
        actions=actions,
        resources=resources,
        conditions=_conditions(fields, "conditions"),
        source=read_source(fields),
        same_as=fields.optional_text("same_as"),
        permissive=_conditions(fields, "permissive") if fields.has("permissive") else None,
        settled_by=fields.optional_text("settled_by"),
        as_printed=fields.text("as_printed", ""),
    )


def _trust(fields: Fields) -> DocumentedTrust:
    known = "sid effect principals actions conditions source"
    return DocumentedTrust(
        statements=tuple(
            TrustStatement(
                sid=item.text("sid"),
                effect=item.choice("effect", "Allow Deny", "Allow"),
                principals=_principals(item),
                actions=tuple(matching(item, action, _ACTION, "an action") for action in item.texts("actions")),
                conditions=_conditions(item, "conditions"),
                source=read_source(item),
            )
            for item in fields.items("statements", known, "statement")
        ),
        external_id=fields.choice("external_id", "required none-documented not-applicable"),
        external_id_reason=fields.text("external_id_reason", ""),
        external_id_source=read_source_ref(fields.fields("external_id_source", SOURCE))
        if fields.has("external_id_source")
        else None,
        notes=fields.texts("notes", required=False),
    )


def _principals(fields: Fields) -> JsonObject:
    block = fields.fields("principals", " ".join(_PRINCIPALS))
    principals: JsonObject = {kind: list(block.texts(kind)) for kind in _PRINCIPALS if block.has(kind)}
    if not principals:
        raise fields.error("`principals` must not be empty")
    return principals


def _conditions(fields: Fields, key: str) -> JsonObject:
    """Return operator -> key -> list of values; every level is checked, so that no typo can drop a condition."""
    conditions: JsonObject = {}
    for operator, keys in fields.pairs(key):
        if not _OPERATOR.match(operator):
            raise fields.error(f"`{key}`: unknown operator `{shown(operator)}`")
        if not isinstance(keys, dict) or not keys:
            raise fields.error(f"`{key}`: `{operator}` must be a mapping of condition keys, not {kind_of(keys)}")
        for name in keys:
            if ":" not in name or any(char.isspace() for char in name):
                raise fields.error(f"`{key}`: `{operator}`: `{shown(name)}` is not a condition key")
        block = Fields(keys, f"{fields.where}: {key} `{operator}`", " ".join(keys))
        conditions[operator] = {name: list(block.texts(name)) for name in keys}
    return conditions
