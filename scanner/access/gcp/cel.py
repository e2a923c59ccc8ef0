"""Evaluate one IAM condition on concrete attributes with cel-python; what cannot be evaluated is None, never false.

Part of the second evaluator: shares no code with the comparison. cel-python is imported on first use.
https://cloud.google.com/iam/docs/conditions-attribute-reference
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celpy import Runner

Context = Mapping[str, str | list[str]]

_RESOURCE = ("name", "type", "service")


def holds(expression: str, context: Context) -> bool | None:
    """Return the condition's value; None for an unknown function, an attribute not given, or a text that is not CEL.

    Attributes are context keys: `request.time` (RFC 3339), `resource.name`, `resource.type`, `resource.service`,
    `resource.tags` and `resource.tagIds` (lists of `key=value`), `api:NAME` for `api.getAttribute`.
    """
    try:
        from celpy import celtypes
        from celpy.evaluation import CELEvalError, CELUnsupportedError
    except ImportError:
        return None
    # IAM documents no regular expressions, and one from the audited cloud may be written to take for ever.
    runner = None if "matches" in expression else _runner(expression)
    if runner is None:
        return None
    try:
        value = runner.evaluate(_activation(context))
    except (CELEvalError, CELUnsupportedError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return bool(value) if isinstance(value, (bool, celtypes.BoolType)) else None


@lru_cache(maxsize=1_024)
def _runner(expression: str) -> Runner | None:
    from celpy import Environment
    from celpy.celparser import CELParseError
    from celpy.evaluation import CELUnsupportedError

    environment = Environment()
    try:
        return environment.program(environment.compile(expression), functions=_functions())
    except (CELParseError, CELUnsupportedError, ValueError, KeyError, RecursionError):
        return None


def _activation(context: Context) -> dict[str, Any]:
    """Return the variables of an expression; the use of an attribute that is not given is an error."""
    from celpy import celtypes

    text, mapping = celtypes.StringType, celtypes.MapType
    resource: dict[Any, Any] = {
        text(n): text(str(context[f"resource.{n}"])) for n in _RESOURCE if f"resource.{n}" in context
    }
    for name in ("tags", "tagIds"):
        if f"resource.{name}" in context:
            resource[text(f"!{name}")] = celtypes.ListType([text(v) for v in context[f"resource.{name}"]])
    request = {}
    if "request.time" in context:
        request[text("time")] = celtypes.TimestampType(str(context["request.time"]))
    api = {
        text(key[4:]): text(value) if isinstance(value, str) else celtypes.ListType(map(text, value))
        for key, value in context.items()
        if key.startswith("api:")
    }
    return {"resource": mapping(resource), "request": mapping(request), "api": mapping(api)}


def _functions() -> dict[str, Callable[..., Any]]:
    """Return Google's functions beside those of CEL itself."""
    from celpy import celtypes

    def tag(kind: str, wanted: Callable[[str, str], str]) -> Callable[..., Any]:
        def match(resource: Any, key: Any, value: Any = "") -> Any:
            listed = resource[celtypes.StringType(f"!{kind}")]
            prefix = wanted(str(key), str(value))
            found = any(t == prefix or (prefix.endswith("=") and t.startswith(prefix)) for t in map(str, listed))
            return celtypes.BoolType(found)

        return match

    def attribute(api: Any, name: Any, default: Any) -> Any:
        # The default is for a service that does not provide the attribute; whether it does is not known here.
        return api[name]

    def has_only(values: Any, allowed: Any) -> Any:
        return celtypes.BoolType(all(v in allowed for v in values))

    return {
        "extract": lambda whole, template: celtypes.StringType(_extract(str(whole), str(template))),
        "matchTag": tag("tags", lambda k, v: f"{k}={v}"),
        "matchTagId": tag("tagIds", lambda k, v: f"{k}={v}"),
        "hasTagKey": tag("tags", lambda k, _: f"{k}="),
        "hasTagKeyId": tag("tagIds", lambda k, _: f"{k}="),
        "getAttribute": attribute,
        "hasOnly": has_only,
    }


def _extract(whole: str, template: str) -> str:
    """Return what stands for `{...}` of the template in the first place that fits; empty if none does."""
    before, _, rest = template.partition("{")
    _, closed, after = rest.partition("}")
    if not closed:
        raise ValueError(template)
    start = whole.find(before)
    if start < 0:
        return ""
    start += len(before)
    end = whole.find(after, start) if after else len(whole)
    return whole[start:end] if end >= 0 else ""
