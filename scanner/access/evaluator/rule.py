"""The second evaluator's reading of one statement: whether it applies to a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from scanner.access.evaluator.condition import test_holds
from scanner.access.evaluator.document import Rule, scalar_text
from scanner.access.evaluator.principal import DIRECT, GRADES, NO_GRANT, Caller, best_grade, excluded, read_caller
from scanner.access.evaluator.text import (
    Context,
    ContextValue,
    Truth,
    agreed,
    all_of,
    any_of,
    expand,
    matches,
    negation,
    plain,
)
from scanner.access.records import Request
from scanner.errors import InputError

_REQUEST_KEYS = frozenset({"principal", "action", "resource", "context"})


class View(msgspec.Struct, frozen=True):
    """A request made ready for comparison."""

    caller: Caller
    action: str
    """Lower-cased."""
    resource: str
    context: Context
    reading: str = "crossing"


class Applied(msgspec.Struct, frozen=True):
    """What one statement has to say about a request."""

    rule: Rule
    truth: Truth
    grade: str
    reasons: tuple[str, ...] = ()


def read_request(request: Request | Mapping[str, object], reading: str = "crossing") -> View:
    """Return the request as a view. Raises `InputError` if it is not one concrete request."""
    if isinstance(request, Request):
        request = msgspec.structs.asdict(request)
    if unknown := sorted(set(request) - _REQUEST_KEYS):
        raise InputError(f"request: unknown key `{unknown[0]}`")
    principal, action, resource = request.get("principal"), request.get("action"), request.get("resource")
    if principal is not None and not isinstance(principal, str):
        raise InputError("request: principal is not text")
    if not isinstance(action, str) or not _is_concrete(action):
        raise InputError(f"request: action `{action}` is not one `service:Name`")
    if not isinstance(resource, str) or not resource:
        raise InputError("request: resource is neither an ARN nor `*`")
    context = _read_context(request.get("context"))
    folded = action.lower()
    return View(read_caller(principal or None, folded, context), folded, resource, context, reading)


def _is_concrete(action: str) -> bool:
    service, _, name = action.partition(":")
    return bool(service and name) and "*" not in action and "?" not in action


def _read_context(raw: object) -> Context:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise InputError("request: context is not an object")
    context: dict[str, ContextValue] = {}
    for key, value in raw.items():
        folded = str(key).lower()
        if folded in context:
            raise InputError(f"request: context key `{key}` stands twice in different letter case")
        listed = isinstance(value, list | tuple)
        texts = [scalar_text(item) for item in (value if isinstance(value, list | tuple) else [value])]
        if None in texts:
            raise InputError(f"request: context key `{key}` is neither text nor a list of texts")
        context[folded] = ContextValue(tuple(text for text in texts if text is not None), listed)
    return context


def apply(rules: Sequence[Rule], view: View, *, boundary: bool = False) -> tuple[Applied, ...]:
    """Return every statement that applies, or may apply. `boundary`: the caller has a permissions boundary."""
    found = (_apply_one(rule, view, boundary) for rule in rules)
    return tuple(applied for applied in found if applied.truth is not False)


def _apply_one(rule: Rule, view: View, boundary: bool) -> Applied:
    reasons: list[str] = []
    if (action := _action_in(rule, view, reasons)) is False:
        return Applied(rule, False, NO_GRANT)
    if (resource := _resource_in(rule, view, reasons)) is False:
        return Applied(rule, False, NO_GRANT)
    principal, grade = _principal_in(rule, view, reasons, boundary)
    if principal is False:
        return Applied(rule, False, NO_GRANT)
    tests = [test_holds(test, view.context, reasons, variables=rule.variables) for test in rule.tests]
    return Applied(rule, all_of([action, resource, principal, *tests]), grade, tuple(reasons))


def _action_in(rule: Rule, view: View, reasons: list[str]) -> Truth:
    truth = any_of(_action_matches(pattern, view.action) for pattern in rule.actions)
    if truth is None:
        reasons.append("a wildcard in the service part of an action")
    return negation(truth) if rule.actions_excluded else truth


def _action_matches(pattern: str, action: str) -> Truth:
    if pattern in ("*", "*:*"):
        return True
    if "*" not in pattern and "?" not in pattern:
        return pattern == action
    hit = matches(plain(pattern, True).readings[0], action)
    service = pattern.partition(":")[0]
    return None if hit and ("*" in service or "?" in service) else hit


def _resource_in(rule: Rule, view: View, reasons: list[str]) -> Truth:
    if rule.resources is None:
        return True
    truths: list[Truth] = []
    unresolved = False
    for pattern in rule.resources:
        truth, is_open, why = _resource_matches(pattern, rule.variables, view)
        unresolved = unresolved or is_open
        truths.append(truth)
        if why:
            reasons.append(why)
    truth = any_of(truths)
    if not rule.resources_excluded:
        return truth
    if truth is False and unresolved:
        reasons.append("a policy variable without value in NotResource")
        return None
    return negation(truth)


def _resource_matches(pattern: str, variables: bool, view: View) -> tuple[Truth, bool, str]:
    """Return whether a pattern matches, whether a variable of it has no value, and why it is not known."""
    if pattern == "*":
        return True, False, ""
    if variables:
        expansion = expand(pattern, view.context, wildcards=True, arn_tail_only=pattern.startswith("arn:"))
    else:
        expansion = plain(pattern, True)
    if expansion.undecided:
        return None, False, expansion.undecided
    if not expansion.readings:
        return False, True, ""
    truth = agreed(matches(atoms, view.resource, view.reading) for atoms in expansion.readings)
    if pattern.count(":") < 5:
        # Refused or filled up with `*`, depending on the type of policy; the guide does not say.
        filled = plain(pattern + ":*" * (5 - pattern.count(":")), True).readings[0]
        if truth is not False or matches(filled, view.resource, view.reading):
            return None, False, f"resource `{pattern}` has fewer than six parts"
        return False, False, ""
    why = "a policy variable's value holds a wildcard" if truth is None else ""
    return truth, False, why


def _principal_in(rule: Rule, view: View, reasons: list[str], boundary: bool) -> tuple[Truth, str]:
    if rule.principals is None:
        return True, DIRECT
    if not rule.principals_excluded:
        truth, grade = best_grade(rule.principals, view.caller)
        if truth is None:
            reasons.append("whether Principal names the caller cannot be told")
        return truth, grade
    if boundary and not rule.allow and view.caller.kind in ("user", "role", "session"):
        # "always denies any IAM principal that has a permissions boundary policy attached", whatever its values:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
        return True, DIRECT
    truth = negation(excluded(rule.principals, view.caller))
    if truth is None:
        reasons.append("whether NotPrincipal leaves out the caller cannot be told")
    return truth, DIRECT


def strongest(applied: Sequence[Applied]) -> str:
    """Return the most direct grade among statements, `none` if there are none."""
    return max((a.grade for a in applied), key=GRADES.index, default=NO_GRANT)
