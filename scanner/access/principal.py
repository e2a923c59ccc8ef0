"""Principals of trust and resource policies: who is meant, and a finite set of principals that tells all apart.

Facts: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html. A wildcard can
only stand alone. An account (its id or root ARN) stands for every principal of that account. `*` stands for everyone,
services included.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.access.statement import PrincipalElement, Statement


def element_matches(element: PrincipalElement, principal: PrincipalElement) -> bool:
    """Return whether a concrete principal is one the element names."""
    kind, value = element
    if kind == "AWS" and value == "*":
        return True
    if kind != principal[0]:
        return False
    name = principal[1]
    if value == name:
        return True
    if kind != "AWS":
        return False
    if value.isdigit() and len(value) == 12:
        return account_of(name) == value
    return role_of_session(name) == value.split(":", 5)[-1].rpartition("/")[2] and _same_role_account(value, name)


def _same_role_account(role_arn: str, session_arn: str) -> bool:
    parts = role_arn.split(":")
    return (
        len(parts) == 6 and parts[2] == "iam" and parts[5].startswith("role/") and account_of(session_arn) == parts[4]
    )


def role_of_session(arn: str) -> str | None:
    """Return the role name of an assumed-role session ARN, else None."""
    parts = arn.split(":", 5)
    if len(parts) == 6 and parts[2] == "sts" and parts[5].startswith("assumed-role/"):
        return parts[5].split("/")[1]
    return None


def account_of(arn: str) -> str | None:
    """Return the account an ARN lies in, or None."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" else None


def statement_names(statement: Statement, principal: PrincipalElement | None) -> bool:
    """Return whether the Principal (or NotPrincipal) element lets the principal in; None is an identity's own."""
    if principal is None:
        return True
    return any(element_matches(e, principal) for e in statement.principals) != statement.not_principals


def representatives(statements: Iterable[Statement], partition: str) -> tuple[PrincipalElement, ...]:
    """Return concrete principals such that any two that some element tells apart are both represented."""
    elements = dict.fromkeys(e for s in statements for e in s.principals)
    accounts = {v for k, v in elements if k == "AWS" and v.isdigit() and len(v) == 12}
    accounts |= {a for k, v in elements if k == "AWS" and (a := account_of(v)) and a.isdigit()}
    stranger = next(a for a in (f"{n:012d}" for n in range(999_999_999_999, 0, -1)) if a not in accounts)
    found: dict[PrincipalElement, None] = {}
    for kind, value in elements:
        if kind != "AWS" or not (value == "*" or value in accounts):
            found[(kind, value)] = None
    for account in (*sorted(accounts), stranger):
        found[("AWS", f"arn:{partition}:iam::{account}:role/{_unused_name(account, elements)}")] = None
    found[("AWS", "anonymous")] = None
    for kind, value in (
        ("Service", "example.amazonaws.com"),
        ("Federated", f"arn:{partition}:iam::{stranger}:saml-provider/example"),
        ("CanonicalUser", "0" * 64),
    ):
        if (kind, value) not in found:
            found[(kind, value)] = None
    return tuple(found)


def _unused_name(account: str, elements: Iterable[PrincipalElement]) -> str:
    taken = {v.rpartition("/")[2] for _, v in elements}
    return next(n for n in ("example", *(f"example-{i}" for i in range(len(taken) + 1))) if n not in taken)


def show(principal: PrincipalElement | None) -> str | None:
    """Return a principal as a witness prints it."""
    if principal is None:
        return None
    return "*" if principal == ("AWS", "anonymous") else principal[1]
