"""Fill in what a documented version leaves open: variables in braces, and the partition of its ARNs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from scanner.baseline.fields import shown
from scanner.baseline.records import (
    AwsBaseline,
    DocumentedRole,
    DocumentedStatement,
    TrustStatement,
    Variable,
)
from scanner.errors import BaselineError
from scanner.model.common import JsonObject

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
AUDITED_ACCOUNT = "account_id"
"""Every caller knows it and gives it; a version whose documents never name the audited account need not declare it."""
_Fill = Callable[[str], str]

# `${...}` is an IAM policy variable, not one of ours.
_BRACES = re.compile(r"(?<!\$)\{([a-z][a-z0-9_]*)\}")
_DOCUMENTED_ARN = "arn:aws:"
# Services whose principal has a second form in the China regions (EKS, Pod Identity, VPC Flow Logs have one).
# EC2's stands in the vendor's own inventory, porter-karpenter/PassNodeInstanceRole.
_CHINA_FORMS = {"ec2.amazonaws.com": "ec2.amazonaws.com.cn"}

_ACCOUNT = re.compile(r"[0-9]{12}")
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: 2 to 1224 characters of this set.
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
# No wildcard, brace or blank: a value may not widen what is documented.
_TEXT = re.compile(r"[A-Za-z0-9_+=,.@:/-]{1,512}")
_VALUES = {
    "account-id": (_ACCOUNT, "12 digits"),
    "external-id": (_EXTERNAL_ID, "2 to 1224 letters, digits or any of _+=,.@:/-"),
    "text": (_TEXT, "letters, digits or any of _+=,.@:/-, without wildcards"),
}


def bind_aws(baseline: AwsBaseline, values: Mapping[str, str], *, partition: str = "aws") -> AwsBaseline:
    """Return the baseline with every `{variable}` replaced by its value or default and its ARNs in `partition`.

    A sensitive variable without value stays in braces; with one, the records hold it, so they must not be printed.
    The vendor's account, where given, joins `vendor_accounts`.
    Raises `BaselineError` if a value is for no variable of this version, is not acceptable, or is needed and missing.
    """
    if partition not in PARTITIONS:
        raise BaselineError(f"unknown partition `{shown(partition)}`: known are {', '.join(PARTITIONS)}")
    filled = _values(baseline, values)
    _require(baseline, filled)
    fill = _filler(filled, partition)
    return replace(
        baseline,
        roles=tuple(_role(role, fill, partition) for role in baseline.roles),
        vendor_accounts=_vendor_accounts(baseline, filled),
    )


def _values(baseline: AwsBaseline, given: Mapping[str, str]) -> dict[str, str]:
    """Return the accepted values by variable, defaults included."""
    variables = {variable.name: variable for variable in baseline.variables}
    for name in given:
        if name not in variables and name != AUDITED_ACCOUNT:
            known = ", ".join(f"`{variable}`" for variable in variables) or "none"
            raise BaselineError(f"baseline `{baseline.id}`: unknown parameter `{shown(name)}`: known are {known}")
    filled: dict[str, str] = {}
    for name, variable in variables.items():
        value = given.get(name, variable.default)
        if value is not None:
            filled[name] = _accepted(baseline, variable, value)
    return filled


def _accepted(baseline: AwsBaseline, variable: Variable, value: str) -> str:
    pattern, expected = _VALUES[variable.kind]
    if pattern.fullmatch(value):
        return value
    seen = "the value given" if variable.sensitive else f"`{shown(value)}`"
    where = f"baseline `{baseline.id}`: parameter `{variable.name}`"
    raise BaselineError(f"{where}: {seen} is not acceptable, expected {expected}")


def _require(baseline: AwsBaseline, filled: Mapping[str, str]) -> None:
    """Require a value for each variable that the roles use, except sensitive ones."""
    used: set[str] = set()

    def note(text: str) -> str:
        used.update(_BRACES.findall(text))
        return text

    for role in baseline.roles:
        _role(role, note, "aws")
    for variable in baseline.variables:
        if variable.name in used and variable.name not in filled and not variable.sensitive:
            raise BaselineError(
                f"baseline `{baseline.id}`: parameter `{variable.name}` has no value",
                advice=f"give it with --param {variable.name}=VALUE",
            )


def _filler(filled: Mapping[str, str], partition: str) -> _Fill:
    def fill(text: str) -> str:
        bound = _BRACES.sub(lambda match: filled.get(match[1], match[0]), text)
        if bound.startswith(_DOCUMENTED_ARN):
            return f"arn:{partition}:{bound[len(_DOCUMENTED_ARN) :]}"
        return bound

    return fill


def _role(role: DocumentedRole, fill: _Fill, partition: str) -> DocumentedRole:
    return replace(
        role,
        name_pattern=fill(role.name_pattern),
        statements=tuple(_statement(statement, fill) for statement in role.statements),
        trust=replace(
            role.trust, statements=tuple(_trust_statement(item, fill, partition) for item in role.trust.statements)
        ),
        managed_policies=tuple(replace(policy, arn=fill(policy.arn)) for policy in role.managed_policies),
    )


def _statement(statement: DocumentedStatement, fill: _Fill) -> DocumentedStatement:
    return replace(
        statement,
        resources=tuple(fill(resource) for resource in statement.resources),
        conditions=_conditions(statement.conditions, fill),
        permissive=None if statement.permissive is None else _conditions(statement.permissive, fill),
        settled_by=None if statement.settled_by is None else fill(statement.settled_by),
    )


def _trust_statement(statement: TrustStatement, fill: _Fill, partition: str) -> TrustStatement:
    principals: JsonObject = {kind: [fill(name) for name in names] for kind, names in statement.principals.items()}
    if partition == "aws-cn" and "Service" in principals:
        china = [_CHINA_FORMS[name] for name in principals["Service"] if name in _CHINA_FORMS]
        principals["Service"] = list(dict.fromkeys([*principals["Service"], *china]))
    return replace(statement, principals=principals, conditions=_conditions(statement.conditions, fill))


def _conditions(conditions: JsonObject, fill: _Fill) -> JsonObject:
    return {
        operator: {key: [fill(value) for value in values] for key, values in block.items()}
        for operator, block in conditions.items()
    }


def _vendor_accounts(baseline: AwsBaseline, filled: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the known accounts, with those that a parameter other than the audited account's names."""
    accounts = dict(baseline.vendor_accounts)
    for variable in baseline.variables:
        if variable.kind == "account-id" and variable.default is not None:
            accounts.setdefault(filled[variable.name], f"given as parameter {variable.name}")
    return tuple(accounts.items())
