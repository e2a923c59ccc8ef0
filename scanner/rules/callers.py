"""A trust in everyone or in an account, on the condition that the caller is one role, as a trust in that role.

`aws:PrincipalArn` is in every request of a principal and holds, for a session, the ARN of its role:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
The engine takes caller and key for independent, and would show a caller that the condition shuts out.
"""

from __future__ import annotations

import re
from typing import Any

from scanner.model.common import JsonObject
from scanner.rules.external_id import statements, values

_KEY = "aws:principalarn"
_EQUALS = ("arnequals", "arnlike", "stringequals", "stringlike")
_ROLE_OR_USER = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):(?:role|user)/[^*?$]+")
_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:iam::)?([0-9]{12})(?::root)?")


def with_callers_named(body: JsonObject) -> JsonObject:
    """Return the trust policy with the same meaning and such callers in the Principal element.

    Exact; a statement with anything beyond literal ARNs of roles and users in its condition stays as it is.
    """
    found = body.get("Statement")
    if isinstance(found, dict):
        return {**body, "Statement": _named(found)}
    if not isinstance(found, list) or len(statements(body)) != len(found):
        return body
    return {**body, "Statement": [_named(statement) for statement in found]}


def _named(statement: JsonObject) -> JsonObject:
    conditions, accounts = statement.get("Condition"), _accounts(statement.get("Principal"))
    if statement.get("Effect") != "Allow" or not isinstance(conditions, dict) or accounts is None:
        return statement
    asked = [
        (operator, key, values(value))
        for operator, keys in conditions.items()
        for key, value in (keys.items() if isinstance(keys, dict) else ())
        if key.lower() == _KEY
    ]
    if len(asked) != 1 or asked[0][0].lower() not in _EQUALS:
        return statement
    operator, key, arns = asked[0]
    callers = [match for arn in arns if (match := _ROLE_OR_USER.fullmatch(arn))]
    admitted = [match[0] for match in callers if not accounts or match[1] in accounts]
    if len(callers) != len(arns) or not admitted:
        return statement
    rest = {o: {k: v for k, v in keys.items() if (o, k) != (operator, key)} for o, keys in conditions.items()}
    kept = {o: keys for o, keys in rest.items() if keys}
    plain = {k: v for k, v in statement.items() if k != "Condition"}
    return {**plain, "Principal": {"AWS": admitted}, **({"Condition": kept} if kept else {})}


def _accounts(principal: Any) -> frozenset[str] | None:
    """Return the accounts that are admitted whole; none in it: everyone. None: something else is admitted too."""
    if principal == "*":
        return frozenset()
    if not isinstance(principal, dict) or list(principal) != ["AWS"]:
        return None
    names = values(principal["AWS"])
    if "*" in names:
        return frozenset()
    found = [_ACCOUNT.fullmatch(name) for name in names]
    return frozenset(match[1] for match in found if match) if found and all(found) else None
