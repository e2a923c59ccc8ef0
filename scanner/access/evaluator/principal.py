"""The second evaluator's principals: who calls, and whether a Principal or NotPrincipal element names the caller.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (read 2026-10).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from scanner.access.evaluator.text import Context, ContextValue, Truth

NO_GRANT, ACCOUNT, ROLE, DIRECT = "none", "account", "role", "direct"
GRADES = (NO_GRANT, ACCOUNT, ROLE, DIRECT)
"""How directly a resource's policy names the caller, weakest first.

`account`: delegates to the account's own policies. `role`: names the role behind a session; boundary and session policy
still limit.
`direct`: names the caller itself or everyone; implicit denies elsewhere in the same account do not matter.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

_ARN = re.compile(r"arn:(?P<partition>[a-z-]+):(?P<service>iam|sts)::(?P<account>[0-9]{12}):(?P<what>.+)", re.DOTALL)
_ACCOUNT = re.compile(r"[0-9]{12}")
_CANONICAL = re.compile(r"[0-9a-f]{64}")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
_PROVIDERS_LIKE_SERVICES = frozenset({"cognito-identity.amazonaws.com"})
_OF_ACCOUNT = frozenset({"root", "user", "role", "session", "federated-user"})


class Caller(msgspec.Struct, frozen=True):
    """The principal of a request."""

    text: str
    kind: str
    """root, user, role, session, federated-user, service, provider, canonical, id, anonymous, unnamed or other."""
    partition: str = ""
    account: str = ""
    name: str = ""
    """Name of the role or user, without path."""
    role_arn: str = ""
    """For a role or session, if known: the role's ARN with its path."""
    unique_id: str = ""
    """From `aws:userid`, if given."""
    distinct: bool = False
    """Names of other kinds are other principals: an ARN is never of the account that a canonical id stands for."""

    @property
    def in_account(self) -> bool:
        """Return whether the caller is a principal of an AWS account."""
        return self.kind in _OF_ACCOUNT

    @property
    def is_service_linked_role(self) -> Truth:
        """Return whether the caller is a service-linked role; a session's ARN does not show the path that says so."""
        if self.kind not in ("role", "session"):
            return False
        if self.role_arn:
            return ":role/aws-service-role/" in self.role_arn
        return None if self.name.startswith("AWSServiceRoleFor") else False


def read_caller(principal: str | None, action: str, context: Context) -> Caller:
    """Return the caller that a request's principal text stands for. `action` is lower-cased."""
    unique_id = _first(context, "aws:userid").partition(":")[0]
    if principal is None:
        return Caller(text="", kind="unnamed", unique_id=unique_id)
    if principal in ("*", "anonymous"):
        return Caller(text=principal, kind="anonymous")
    found = _ARN.fullmatch(principal)
    if _ACCOUNT.fullmatch(principal):
        return Caller(text=f"arn:aws:iam::{principal}:root", kind="root", partition="aws", account=principal)
    if found is None:
        return Caller(text=principal, kind=_kind_of_name(principal, action))
    kind, name = _kind_of_arn(found["service"], found["what"])
    role_arn = principal if kind == "role" else ""
    given_arn = _first(context, "aws:principalarn")
    if kind == "session" and f":{found['account']}:role/" in given_arn and given_arn.rpartition("/")[2] == name:
        role_arn = given_arn
    return Caller(principal, kind, found["partition"], found["account"], name, role_arn, unique_id)


def _first(context: Context, key: str) -> str:
    values = context.get(key, ContextValue()).values
    return values[0] if len(values) == 1 else ""


def _kind_of_arn(service: str, what: str) -> tuple[str, str]:
    first, _, rest = what.partition("/")
    if service == "iam" and what == "root":
        return "root", ""
    if service == "iam" and first in ("user", "role"):
        return first, rest.rpartition("/")[2]
    if service == "iam" and first in ("oidc-provider", "saml-provider"):
        return "provider", ""
    if service == "sts" and first == "assumed-role":
        return "session", rest.partition("/")[0]
    if service == "sts" and first == "federated-user":
        return "federated-user", rest
    return "other", ""


def _kind_of_name(text: str, action: str) -> str:
    if _CANONICAL.fullmatch(text):
        return "canonical"
    if _UNIQUE_ID.fullmatch(text):
        return "id"
    like_service = text.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    federated = action in ("sts:assumerolewithwebidentity", "sts:assumerolewithsaml")
    if like_service and not (federated and text in _PROVIDERS_LIKE_SERVICES):
        return "service"
    if federated:
        return "provider"
    return "provider" if "." in text and ":" not in text else "other"


def best_grade(elements: Sequence[tuple[str, str]], caller: Caller) -> tuple[Truth, str]:
    """Return whether a Principal element names the caller, and how directly (certain before possible)."""
    named = [(_element_names(kind, value, caller)) for kind, value in elements]
    certain = [grade for truth, grade in named if truth is True]
    possible = [grade for truth, grade in named if truth is None]
    if certain:
        return True, max(certain, key=GRADES.index)
    return (None, max(possible, key=GRADES.index)) if possible else (False, NO_GRANT)


def _element_names(kind: str, value: str, caller: Caller) -> tuple[Truth, str]:
    if kind == "*" or (kind == "AWS" and value == "*"):
        # The guide calls the two spellings equal for anonymous users; no page describes a difference for others.
        return True, DIRECT
    if "*" in value or "?" in value:
        # "You cannot use a wildcard to match part of a principal name or ARN."
        return None, DIRECT
    if kind == "AWS":
        return _aws_element_names(value, caller)
    if kind == "CanonicalUser" and caller.distinct:
        return value == caller.text, DIRECT
    if kind == "CanonicalUser":
        # A canonical id is an account's other name; which account's is not in the request.
        return (
            (value == caller.text, DIRECT)
            if caller.kind == "canonical"
            else (_unless(caller, "service", "provider"), ACCOUNT)
        )
    if caller.kind == "unnamed":
        return None, DIRECT
    wanted = "service" if kind == "Service" else "provider"
    same_kind = caller.kind in (wanted, "other") or caller.text in _PROVIDERS_LIKE_SERVICES
    return (same_kind and caller.text == value), DIRECT


def _unless(caller: Caller, *kinds: str) -> Truth:
    return False if caller.kind in (*kinds, "anonymous") else None


def _aws_element_names(value: str, caller: Caller) -> tuple[Truth, str]:
    if caller.kind == "unnamed":
        return None, DIRECT
    if value == caller.text:
        return True, DIRECT
    if _UNIQUE_ID.fullmatch(value):
        # Shown instead of an ARN only when no such user or role exists any more; the caller's own id may say otherwise.
        return (caller.unique_id == value), (ROLE if caller.kind in ("role", "session") else DIRECT)
    if caller.kind == "canonical":
        return (False if caller.distinct else None), ACCOUNT
    found = _ARN.fullmatch(value)
    account = value if _ACCOUNT.fullmatch(value) else found["account"] if found and found["what"] == "root" else ""
    if account:
        same: Truth = caller.in_account and caller.account == account
        if same and found is not None and found["partition"] != caller.partition:
            same = None  # account ids are not said to differ between partitions, and no policy may name another's
        return same, (DIRECT if caller.kind == "root" else ACCOUNT)
    if found is None or found["account"] != caller.account:
        return False, NO_GRANT
    kind, name = _kind_of_arn(found["service"], found["what"])
    if caller.kind == "session" and kind == "role":
        # Role names are unique within an account, whatever their path.
        return (value == caller.role_arn if caller.role_arn else name == caller.name), ROLE
    if caller.kind == "federated-user" and kind == "user":
        # The session's name need not be the name of the user who federated.
        return None, ROLE
    return False, NO_GRANT


def excluded(elements: Sequence[tuple[str, str]], caller: Caller) -> Truth:
    """Return whether a NotPrincipal element leaves the caller out of the statement.

    A caller named without its account or role may or may not be left out, "depending on the service". An account named
    without its users: the guide's example (both are named) reads as if it left out only the account principal itself,
    elsewhere an account stands for all its principals; so that is not known either.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    truth, grade = best_grade(elements, caller)
    if truth is not True:
        return truth
    if not caller.in_account or caller.kind == "root" or ("*", "*") in elements or ("AWS", "*") in elements:
        return True
    if grade == ACCOUNT:
        return None
    root = Caller(f"arn:{caller.partition}:iam::{caller.account}:root", "root", caller.partition, caller.account)
    account_named = best_grade(elements, root)[0]
    if caller.kind != "session":
        return True if account_named is True and grade == DIRECT else None
    role_named = any(_aws_element_names(value, caller) == (True, ROLE) for kind, value in elements if kind == "AWS")
    return True if account_named is True and grade == DIRECT and role_named else None
