"""Condition blocks to clauses: operator, qualifier, key and values, validated."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from scanner.access.pattern import Tokens, is_variable, tokenize
from scanner.errors import PolicyError

# Operators as listed at
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
# name -> (family, negated, comparison)
OPERATORS: dict[str, tuple[str, bool, str]] = {
    "stringequals": ("string", False, "equals"),
    "stringnotequals": ("string", True, "equals"),
    "stringequalsignorecase": ("string", False, "fold"),
    "stringnotequalsignorecase": ("string", True, "fold"),
    "stringlike": ("string", False, "like"),
    "stringnotlike": ("string", True, "like"),
    "arnequals": ("string", False, "arn"),
    "arnlike": ("string", False, "arn"),
    "arnnotequals": ("string", True, "arn"),
    "arnnotlike": ("string", True, "arn"),
    "binaryequals": ("string", False, "binary"),
    "numericequals": ("numeric", False, "="),
    "numericnotequals": ("numeric", True, "="),
    "numericlessthan": ("numeric", False, "<"),
    "numericlessthanequals": ("numeric", False, "<="),
    "numericgreaterthan": ("numeric", False, ">"),
    "numericgreaterthanequals": ("numeric", False, ">="),
    "dateequals": ("date", False, "="),
    "datenotequals": ("date", True, "="),
    "datelessthan": ("date", False, "<"),
    "datelessthanequals": ("date", False, "<="),
    "dategreaterthan": ("date", False, ">"),
    "dategreaterthanequals": ("date", False, ">="),
    "bool": ("bool", False, "bool"),
    "ipaddress": ("ip", False, "in"),
    "notipaddress": ("ip", True, "in"),
    "null": ("null", False, "null"),
}
_YEAR_MONTH = re.compile(r"\d{4}-\d{2}")
_QUALIFIERS = {"forallvalues": "all", "foranyvalue": "any"}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Clause(msgspec.Struct, frozen=True, order=True):
    """One operator on one key: all of a statement's clauses must hold. Equal clauses mean the same."""

    key: str
    """Lower-cased: key names ignore case."""
    operator: str
    """Lower-cased, without qualifier and IfExists."""
    qualifier: str
    """``, `all` (ForAllValues) or `any` (ForAnyValue)."""
    if_exists: bool
    values: tuple[str, ...]
    """Canonical, sorted, without repeats."""
    variables: bool = False
    """`${...}` in values is a policy variable or escape (Version 2012-10-17), and at least one value holds it."""

    @property
    def family(self) -> str:
        """Return string, numeric, date, bool, ip or null."""
        return OPERATORS[self.operator][0]

    @property
    def negated(self) -> bool:
        """Return whether the operator is a negated one: true when the key is absent."""
        return OPERATORS[self.operator][1]

    @property
    def comparison(self) -> str:
        """Return how one request value is compared with one policy value."""
        return OPERATORS[self.operator][2]


# An empty list of values: what it means with a qualifier or IfExists is documented; of the plain form one sentence says
# both that the condition is true and that the statement grants nothing.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html (read 2026-11)
def parse_conditions(block: Any, where: str, *, variables: bool) -> tuple[Clause, ...]:
    """Return the clauses of a Condition block, sorted. Raises `PolicyError` naming operator and key."""
    if not isinstance(block, dict):
        raise PolicyError(f"{where}: Condition is not an object")
    clauses: list[Clause] = []
    seen_operators: set[str] = set()
    for operator, keys in block.items():
        name, qualifier, if_exists = _operator(operator, where)
        if operator.lower() in seen_operators:
            raise PolicyError(f"{where}: Condition: operator `{operator}` stands twice in different case")
        seen_operators.add(operator.lower())
        if not isinstance(keys, dict):
            raise PolicyError(f"{where}: Condition `{operator}`: is not an object")
        seen_keys: set[str] = set()
        for key, values in keys.items():
            if key.lower() in seen_keys:
                raise PolicyError(f"{where}: Condition `{operator}`: key `{key}` stands twice in different case")
            seen_keys.add(key.lower())
            at = f"{where}: Condition `{operator}`: `{key}`"
            texts = [_text(v, at) for v in (values if isinstance(values, list) else [values])]
            if not texts and not qualifier and not if_exists:
                raise PolicyError(f"{at}: has no values; AWS says both that this holds and that it grants nothing")
            special = variables and any("${" in x for x in texts)
            canonical = tuple(sorted({_canonical(name, x, at, special) for x in texts}))
            clauses.append(Clause(key.lower(), name, qualifier, if_exists, canonical, special))
    return tuple(sorted(clauses))


def _operator(text: str, where: str) -> tuple[str, str, bool]:
    qualifier, _, rest = text.rpartition(":")
    name = rest.lower()
    if qualifier and qualifier.lower() not in _QUALIFIERS:
        raise PolicyError(f"{where}: Condition: unknown operator `{text}`")
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    if name not in OPERATORS or (name == "null" and (if_exists or qualifier)):
        raise PolicyError(f"{where}: Condition: unknown operator `{text}`")
    return name, _QUALIFIERS.get(qualifier.lower(), ""), if_exists


def _text(value: Any, where: str) -> str:
    """Return a value as text; JSON booleans and numbers may stand bare."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise PolicyError(f"{where}: value `{value!r}` is neither text, number nor boolean")
    return value


def _canonical(operator: str, text: str, where: str, special: bool) -> str:
    """Return a spelling that is equal for equal values; text with variables is kept."""
    family = OPERATORS[operator][0]
    try:
        if special or family == "string":
            if operator == "binaryequals" and not special:
                return base64.b64encode(base64.b64decode(text, validate=True)).decode()
            return text
        if family in ("bool", "null"):
            if text.lower() not in ("true", "false"):
                raise ValueError
            return text.lower()
        if family == "numeric":
            return format_number(parse_number(text))
        if family == "date":
            return format_number(parse_date(text))
        return str(parse_network(text))
    except (ValueError, binascii.Error):
        raise PolicyError(f"{where}: value `{text}` is not valid for this operator") from None


def parse_number(text: str, most_digits: int = 60) -> Decimal:
    """Return a finite decimal of at most so many digits on either side of the point. Raises ValueError."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite() or len(number.as_tuple().digits) > most_digits or abs(number.adjusted()) > most_digits:
        raise ValueError(text)
    return number


def format_number(number: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def parse_date(text: str, most_digits: int = 60) -> Decimal:
    """Return seconds since 1970 of an ISO 8601 date (UTC where no zone is given) or of epoch seconds.

    Raises ValueError.
    """
    try:
        return parse_number(text, most_digits)
    except ValueError:
        moment = datetime.fromisoformat(f"{text}-01" if _YEAR_MONTH.fullmatch(text) else text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return Decimal(delta.days * 86_400 + delta.seconds) + Decimal(delta.microseconds) / 1_000_000


def parse_network(text: str) -> Network:
    """Return the CIDR block (a single address is a block of one; host bits are cleared). Raises ValueError."""
    return ipaddress.ip_network(text, strict=False)


def has_variable(clause: Clause) -> bool:
    """Return whether a policy variable stands in a value; its meaning depends on the request."""
    return clause.variables and any(is_variable(t) for v in clause.values for t in tokenize(v, variables=True))


def value_tokens(clause: Clause, value: str) -> Tokens:
    """Return a policy value of a string-family clause as a pattern."""
    fold = clause.comparison == "fold"
    return tokenize(value, wildcards=clause.comparison in ("like", "arn"), variables=clause.variables, fold=fold)
