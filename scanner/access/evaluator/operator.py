"""The second evaluator's condition operators: their names, what a valid policy value is, and how one value is compared.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (read 2026-10).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from operator import eq, ge, gt, le, lt

import msgspec

from scanner.access.evaluator.text import Atoms, Truth, agreed, arn_matches, lowered, matches

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_EXPRESSION = re.compile(
    r"(?:(?P<set>forallvalues|foranyvalue):)?(?P<base>[a-z]+?)(?P<optional>ifexists)?", re.IGNORECASE
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,200}(?:\.[0-9]{0,200})?|\.[0-9]{1,200})(?:[eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,30}))?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_EPOCH = re.compile(r"-?[0-9]{1,200}(?:\.[0-9]{1,200})?")
_BLOCK = re.compile(r"([0-9A-Fa-f.:]+)(?:/([0-9]{1,3}))?")

_ORDER: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "equals": eq,
    "lessthan": lt,
    "lessthanequals": le,
    "greaterthan": gt,
    "greaterthanequals": ge,
}
# base operator -> (family, comparison, negated)
_BASES: dict[str, tuple[str, str, bool]] = {
    "stringequals": ("text", "exact", False),
    "stringnotequals": ("text", "exact", True),
    "stringequalsignorecase": ("text", "nocase", False),
    "stringnotequalsignorecase": ("text", "nocase", True),
    "stringlike": ("text", "like", False),
    "stringnotlike": ("text", "like", True),
    "arnequals": ("arn", "like", False),
    "arnlike": ("arn", "like", False),
    "arnnotequals": ("arn", "like", True),
    "arnnotlike": ("arn", "like", True),
    "bool": ("bool", "", False),
    "binaryequals": ("binary", "", False),
    "ipaddress": ("ip", "", False),
    "notipaddress": ("ip", "", True),
    "null": ("null", "", False),
    **{f"{family}{name}": (family, name, False) for family in ("numeric", "date") for name in _ORDER},
    "numericnotequals": ("numeric", "equals", True),
    "datenotequals": ("date", "equals", True),
}


class Operator(msgspec.Struct, frozen=True):
    """A condition operator taken apart."""

    family: str
    comparison: str
    negated: bool
    quantifier: str
    """Empty, `all` or `any`."""
    if_exists: bool

    @property
    def takes_variables(self) -> bool:
        """Return whether policy variables are replaced in its values.

        For Bool the two pages of the guide disagree; a value of Bool that is not a boolean can only be a variable.
        """
        return self.family in ("text", "arn", "bool")

    @property
    def takes_wildcards(self) -> bool:
        """Return whether `*` and `?` are wildcards in its values."""
        return self.comparison == "like"


@lru_cache(maxsize=1024)
def parse_operator(name: str) -> Operator | None:
    """Return the operator, or None if there is no such operator. Letter case does not matter."""
    found = _EXPRESSION.fullmatch(name)
    if found is None or found["base"].lower() not in _BASES:
        return None
    family, comparison, negated = _BASES[found["base"].lower()]
    if family == "null" and (found["set"] or found["optional"]):
        return None
    quantifier = {"forallvalues": "all", "foranyvalue": "any"}.get((found["set"] or "").lower(), "")
    return Operator(family, comparison, negated, quantifier, bool(found["optional"]))


def check_policy_value(operator: Operator, value: str, *, variables: bool) -> str | None:
    """Return what is wrong with a policy value, or None."""
    if operator.family in ("text", "arn"):
        return None
    if operator.family == "bool" and variables and "${" in value:
        return None
    if "${" in value and variables:
        return f"value `{value}` holds a policy variable, which this operator does not take"
    return None if _readings(operator.family, value) else f"value `{value}` is not valid for this operator"


def is_readable(operator: Operator, value: str) -> bool:
    """Return whether a request's value is of the type the operator compares ("the ARN is considered a string")."""
    return operator.family in ("text", "arn") or bool(_request_readings(operator.family, value))


def value_matches(operator: Operator, policy: Atoms, value: str) -> Truth:
    """Return whether one policy value matches one readable request value, the operator's negation left aside."""
    if operator.family == "arn":
        return arn_matches(policy, value)
    if operator.comparison == "like":
        return matches(policy, value)
    written = "".join(char for _, char in policy)
    if operator.comparison == "exact":
        return written == value
    if operator.comparison == "nocase":
        return _same_but_for_case(policy, value)
    lefts, rights = _readings(operator.family, written), _request_readings(operator.family, value)
    if operator.comparison == "equals" and len(lefts) + len(rights) > 2:
        return None if _overlap(lefts, rights) else False
    return agreed(_typed_match(operator, left, right) for left in lefts for right in rights)


def _overlap(lefts: tuple[object, ...], rights: tuple[object, ...]) -> bool:
    """Return whether two ranges of possible times have a time in common."""
    left = [x for x in lefts if isinstance(x, Decimal)]
    right = [x for x in rights if isinstance(x, Decimal)]
    return bool(left and right) and min(left) <= max(right) and min(right) <= max(left)


def _same_but_for_case(policy: Atoms, value: str) -> Truth:
    """Return whether the texts are equal without case. AWS documents no folding beyond ASCII."""
    if matches(lowered(policy), value.lower()):
        ascii_only = value.isascii() and all(char.isascii() for _, char in policy)
        return True if ascii_only or "".join(char for _, char in policy) == value else None
    return None if "".join(char for _, char in policy).casefold() == value.casefold() else False


def _typed_match(operator: Operator, policy: object, value: object) -> bool:
    if isinstance(policy, Decimal) and isinstance(value, Decimal):
        return _ORDER[operator.comparison](value, policy)
    if isinstance(policy, Network) and isinstance(value, Address):
        return value.version == policy.version and value in policy
    return policy == value


@lru_cache(maxsize=65_536)
def _readings(family: str, text: str) -> tuple[object, ...]:
    """Return what the text can mean: nothing if it is not valid, several things where AWS does not say."""
    if family in ("bool", "null"):
        return (text.lower(),) if text.lower() in ("true", "false") else ()
    if family == "numeric":
        return (Decimal(text),) if _NUMBER.fullmatch(text) else ()
    if family == "date":
        return _moments(text)
    if family == "ip":
        return _networks(text)
    try:
        return (base64.b64decode(text, validate=True),)
    except (binascii.Error, ValueError):
        return ()


def _request_readings(family: str, text: str) -> tuple[object, ...]:
    return _addresses(text) if family == "ip" else _readings(family, text)


def _moments(text: str) -> tuple[Decimal, ...]:
    """Return the seconds since 1970 a date can mean.

    Four digits can be a year or seconds; a time without zone can lie anywhere within 26 hours.
    """
    found = _DATE.fullmatch(text)
    epoch = (Decimal(text),) if _EPOCH.fullmatch(text) else ()
    if found is None:
        return epoch
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return epoch
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = delta.days * 86_400 + delta.seconds + Decimal(f"0.{fraction or 0}")
    if hour is None:
        return (seconds, *epoch)
    if zone is None:
        # All zones in use lie between these two.
        return (seconds - 14 * 3600, seconds + 12 * 3600)
    if zone == "Z":
        return (seconds,)
    if int(zone[1:3]) > 23 or int(zone[4:6]) > 59:
        return ()
    offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return (seconds - offset if zone[0] == "+" else seconds + offset,)


def _networks(text: str) -> tuple[Network, ...]:
    """Return the blocks a policy value can mean; the guide gives a bare address the prefix /32, even an IPv6 one."""
    found = _BLOCK.fullmatch(text)
    if found is None:
        return ()
    try:
        single = ipaddress.ip_network(found[1])
        if found[2] is not None:
            return (ipaddress.ip_network(text, strict=False),)
    except ValueError:
        return ()
    return (single,) if single.version == 4 else (single, ipaddress.ip_network(f"{text}/32", strict=False))


def _addresses(text: str) -> tuple[Address, ...]:
    """Return the address a request value is, if it is one."""
    try:
        return (ipaddress.ip_address(text),) if _BLOCK.fullmatch(text) else ()
    except ValueError:
        return ()
