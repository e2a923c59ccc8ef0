"""Turn the parsed YAML of a documented version's AWS part into records (format `porter-audit/baseline/aws/v1`)."""

from __future__ import annotations

import re
from typing import Any

from scanner.baseline.fields import Fields, kind_of, shown
from scanner.baseline.records import (
    ActionAlias,
    AwsBaseline,
    Contradiction,
    DocumentedRole,
    DocumentedStatement,
    DocumentedTrust,
    KnownExtra,
    ManagedPolicyRef,
    RiskNote,
    SourceDocument,
    SourceRef,
    StackClaim,
    TrustStatement,
    Variable,
)
from scanner.model.common import JsonObject

FORMAT = "porter-audit/baseline/aws/v1"
_TOP = """format vendor version cloud title publication name_prefix documents variables vendor_accounts stack aliases
 known_extras contradictions risk_notes roles"""
_ROLE = """name_pattern created_by purpose assumable_from_outside optional optional_reason source trust managed_policies
 statements"""
_STATEMENT = "sid effect actions resources conditions permissive as_printed settled_by same_as source"
_SEVERITIES = "info low medium high critical"
_ACTION = re.compile(r"(?:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)\Z")
_RESOURCE = re.compile(r"(?:\*|arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S+)\Z")
_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_NAME_PATTERN = re.compile(r"[A-Za-z0-9_+=,.@*{}-]{1,128}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*\Z")
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
        documents=_documents(top),
        variables=tuple(_variable(name, fields) for name, fields in _variables(top)),
        roles=_roles(top),
        name_prefix=top.text("name_prefix"),
        vendor_accounts=_vendor_accounts(top),
        aliases=_aliases(top),
        known_extras=_known_extras(top),
        contradictions=_contradictions(top),
        risk_notes=_risk_notes(top),
        stack=_stack(top),
    )


def _documents(top: Fields) -> tuple[SourceDocument, ...]:
    known = "title url retrieved sha256 publication"
    documents = tuple(
        SourceDocument(
            name=name,
            title=fields.text("title"),
            url=fields.optional_text("url"),
            retrieved=fields.text("retrieved"),
            sha256=_matching(fields, fields.text("sha256"), _SHA256, "a sha256") if fields.has("sha256") else None,
            publication=fields.text("publication"),
        )
        for name, fields in top.entries("documents", known, "document")
    )
    if not documents:
        raise top.error("missing key `documents`")
    return documents


def _variables(top: Fields) -> tuple[tuple[str, Fields], ...]:
    return tuple(top.entries("variables", "description default source sensitive kind", "variable"))


def _variable(name: str, fields: Fields) -> Variable:
    if not _VARIABLE.match(name):
        raise fields.error("a variable's name is lower-case letters, digits and underscores")
    return Variable(
        name=name,
        description=fields.text("description"),
        default=fields.optional_text("default"),
        source=fields.text("source", ""),
        sensitive=fields.flag("sensitive", False),
        kind=fields.choice("kind", "text account-id external-id", "text"),
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
            printed=_matching(fields, fields.text("printed"), _ACTION, "an action"),
            means=_matching(fields, fields.text("means"), _ACTION, "an action"),
            reason=fields.text("reason"),
            source=_source(fields) if fields.has("source") else None,
        )
        for fields in top.items("aliases", "printed means reason source", "alias")
    )


def _known_extras(top: Fields) -> tuple[KnownExtra, ...]:
    return tuple(
        KnownExtra(
            name_pattern=_matching(fields, fields.text("name_pattern"), _NAME_PATTERN, "a role name"),
            severity=fields.choice("severity", _SEVERITIES),
            reason=fields.text("reason"),
            source=fields.text("source"),
        )
        for fields in top.items("known_extras", "name_pattern severity reason source", "known extra")
    )


def _contradictions(top: Fields) -> tuple[Contradiction, ...]:
    return tuple(
        Contradiction(
            id=name,
            summary=fields.text("summary"),
            settled=fields.text("settled"),
            sources=tuple(_source_ref(item) for item in fields.items("sources", _SOURCE, "source")),
            roles=fields.texts("roles", required=False),
        )
        for name, fields in top.entries("contradictions", "summary settled sources roles", "contradiction")
    )


def _risk_notes(top: Fields) -> tuple[RiskNote, ...]:
    return tuple(
        RiskNote(
            id=name,
            roles=fields.texts("roles"),
            summary=fields.text("summary"),
            severity=fields.choice("severity", _SEVERITIES),
        )
        for name, fields in top.entries("risk_notes", "roles summary severity", "risk note")
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
        source=_source(fields),
    )


_SOURCE = "document heading row line quote"


def _source(fields: Fields) -> SourceRef:
    return _source_ref(fields.fields("source", _SOURCE))


def _source_ref(fields: Fields) -> SourceRef:
    return SourceRef(
        document=fields.text("document"),
        heading=fields.text("heading", ""),
        row=fields.optional_number("row"),
        line=fields.optional_number("line"),
        quote=fields.text("quote", ""),
    )


def _roles(top: Fields) -> tuple[DocumentedRole, ...]:
    roles = tuple(_role(name, fields) for name, fields in top.entries("roles", _ROLE, "role"))
    if not roles:
        raise top.error("missing key `roles`")
    return roles


def _role(name: str, fields: Fields) -> DocumentedRole:
    _matching(fields, name, _NAME_PATTERN, "a role name")
    return DocumentedRole(
        key=name,
        name_pattern=_matching(fields, fields.text("name_pattern", name), _NAME_PATTERN, "a role name"),
        created_by=fields.text("created_by"),
        purpose=fields.text("purpose"),
        assumable_from_outside=fields.flag("assumable_from_outside"),
        optional=fields.flag("optional", False),
        optional_reason=fields.text("optional_reason", ""),
        trust=_trust(fields.fields("trust", "external_id external_id_reason external_id_source statements notes")),
        statements=tuple(_statement(item) for item in fields.items("statements", _STATEMENT, "statement")),
        source=_source(fields),
        managed_policies=tuple(
            ManagedPolicyRef(
                arn=_matching(item, item.text("arn"), _RESOURCE, "an ARN"),
                source=_source(item),
                sids=item.texts("sids", required=False),
            )
            for item in fields.items("managed_policies", "arn sids source", "managed policy")
        ),
    )


def _statement(fields: Fields) -> DocumentedStatement:
    actions, resources = fields.texts("actions"), fields.texts("resources")
    for action in actions:
        _matching(fields, action, _ACTION, "an action")
    for resource in resources:
        _matching(fields, resource, _RESOURCE, "`*` or an ARN")
    return DocumentedStatement(
        sid=fields.text("sid"),
        effect=fields.choice("effect", "Allow Deny", "Allow"),
        actions=actions,
        resources=resources,
        conditions=_conditions(fields, "conditions"),
        source=_source(fields),
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
                actions=tuple(_matching(item, action, _ACTION, "an action") for action in item.texts("actions")),
                conditions=_conditions(item, "conditions"),
                source=_source(item),
            )
            for item in fields.items("statements", known, "statement")
        ),
        external_id=fields.choice("external_id", "required none-documented not-applicable"),
        external_id_reason=fields.text("external_id_reason", ""),
        external_id_source=_source_ref(fields.fields("external_id_source", _SOURCE))
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


def _matching(fields: Fields, text: str, pattern: re.Pattern[str], noun: str) -> str:
    if not pattern.match(text):
        raise fields.error(f"`{shown(text)}` is not {noun}")
    return text
