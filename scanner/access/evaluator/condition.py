"""The second evaluator's Condition block: AND over operators and keys, OR over values, NOR for negated operators.

Read 2026-10 in the IAM user guide (https://docs.aws.amazon.com/IAM/latest/UserGuide/): pages
reference_policies_condition-logic-multiple-context-keys-or-values and
reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from __future__ import annotations

from scanner.access.evaluator.document import Test
from scanner.access.evaluator.operator import Operator, is_readable, value_matches
from scanner.access.evaluator.text import (
    Context,
    ContextValue,
    Expansion,
    Truth,
    agreed,
    all_of,
    any_of,
    expand,
    negation,
    plain,
)


def test_holds(test: Test, context: Context, reasons: list[str], *, variables: bool) -> Truth:
    """Return whether one operator on one key holds; a reason is appended where that is not documented."""
    given = context.get(test.key, ContextValue())
    operator = test.operator
    if operator.family == "null":
        return ("false" if given.values or given.hidden else "true") in {value.lower() for value in test.values}
    if given.hidden:
        return _unknown(reasons, f"the principal does not show the value of `{test.key}`; name it in the context")
    policy = [_expanded(operator, value, context, variables) for value in test.values]
    if operator.negated and any(not e.readings and not e.undecided for e in policy):
        # The guide says only that such a statement "might be invalid".
        return _unknown(reasons, f"a policy variable without value under a negated operator on `{test.key}`")
    if not given.values or (operator.quantifier and not any(given.values)):
        # A "null data set, such as an empty string" is true for ForAllValues and false for ForAnyValue.
        return _on_nothing(operator, absent=not given.values)
    truths = [_value_holds(operator, policy, value) for value in given.values]
    result = _quantified(operator, truths)
    if result is None:
        return _unknown(reasons, _why(test, policy, truths))
    return result


def _on_nothing(operator: Operator, *, absent: bool) -> bool:
    if absent and operator.if_exists:
        return True
    if operator.quantifier:
        return operator.quantifier == "all"
    return operator.negated


def _quantified(operator: Operator, truths: list[Truth]) -> Truth:
    if operator.quantifier == "all":
        return all_of(truths)
    if operator.quantifier == "any":
        return any_of(truths)
    # Several values without ForAllValues or ForAnyValue are not specified: decided only where both would agree.
    return agreed(truths)


def _expanded(operator: Operator, value: str, context: Context, variables: bool) -> Expansion:
    if variables and operator.takes_variables:
        return expand(value, context, wildcards=operator.takes_wildcards)
    return plain(value, operator.takes_wildcards)


def _value_holds(operator: Operator, policy: list[Expansion], value: str) -> Truth:
    if not is_readable(operator, value):
        return None if operator.negated else False
    truth = any_of(
        None if expansion.undecided else _matches_any_reading(operator, expansion, value) for expansion in policy
    )
    return negation(truth) if operator.negated else truth


def _matches_any_reading(operator: Operator, expansion: Expansion, value: str) -> Truth:
    if not expansion.readings:
        return False
    return agreed(value_matches(operator, atoms, value) for atoms in expansion.readings)


def _why(test: Test, policy: list[Expansion], truths: list[Truth]) -> str:
    for expansion in policy:
        if expansion.undecided:
            return f"condition on `{test.key}`: {expansion.undecided}"
    if None in truths:
        return f"condition on `{test.key}`: what the provider does with this pair of values is not documented"
    return f"condition on `{test.key}`: several values, but neither ForAllValues nor ForAnyValue"


def _unknown(reasons: list[str], reason: str) -> Truth:
    reasons.append(reason)
    return None
