"""Values of a CloudFormation template before creation: intrinsic functions, pseudo parameters and conditions.

What creation alone decides is not guessed: it raises `Undetermined` with the reason, and whoever asked must say so.
Functions: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from scanner.collect.strict_json import shown
from scanner.model.common import JsonObject

TAGS: Final = {
    f"!{name}": name if name in ("Ref", "Condition") else f"Fn::{name}"
    for name in (
        *("Ref", "Condition", "And", "Equals", "If", "Not", "Or", "Base64", "Cidr", "FindInMap", "GetAtt", "GetAZs"),
        *("ImportValue", "Join", "Length", "Select", "Split", "Sub", "ToJsonString", "Transform"),
    )
}
"""Short forms of YAML templates, and the long form each stands for."""

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_SUFFIXES: Final = {"aws-cn": "amazonaws.com.cn"}
_LATER: Final = "known only when the stack is created"
_SSM_TYPE: Final = "AWS::SSM::Parameter::Value"
# A template of 1 MB that is not written to exhaust a reader stays far below this, all its values together.
_MAX_MADE: Final = 20_000_000


class Undetermined(Exception):
    """The template does not decide a value; the text says why."""


class NoValue:
    """What `AWS::NoValue` stands for: the property is not there."""


NO_VALUE: Final = NoValue()

Attribute = Callable[[str, str], str]
"""Return an attribute (`Arn`; empty for `Ref`) of the resource with a logical id, or raise `Undetermined`."""


class Values:
    """Resolves values of one template with the parameters given. Pure: the same template gives the same values."""

    def __init__(
        self, template: JsonObject, given: Mapping[str, str], account: str, partition: str, attribute: Attribute
    ) -> None:
        self._parameters = _section(template, "Parameters")
        self._mappings = _section(template, "Mappings")
        self._conditions = _section(template, "Conditions")
        self._resources = _section(template, "Resources")
        self._given = given
        self._attribute = attribute
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": account,
            "AWS::Partition": partition,
            "AWS::URLSuffix": _SUFFIXES.get(partition, "amazonaws.com"),
            "AWS::NoValue": NO_VALUE,
        }
        self._decided: dict[str, bool | str] = {}
        self._made = 0
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
        }

    def value(self, node: Any) -> Any:
        """Return the value of a node with every function resolved; may be `NO_VALUE`. Raises `Undetermined`."""
        if isinstance(node, str):
            return _static(node)
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        name = function_of(node)
        if name is None:
            resolved = {key: self.value(item) for key, item in node.items()}
            return {key: item for key, item in resolved.items() if item is not NO_VALUE}
        if name not in self._functions:
            raise Undetermined(f"`{shown(name)}` is {_LATER}")
        return self._functions[name](node[name])

    def _spend(self, size: int) -> None:
        """Count what functions make: a few names repeated can stand for more text than any memory holds."""
        self._made += size
        if self._made > _MAX_MADE:
            raise Undetermined(f"the template's functions make more than {_MAX_MADE} characters")

    def is_given(self, parameter: str) -> bool:
        """Return whether the user gave a value for a parameter."""
        return parameter in self._given

    def chosen(self, node: Any) -> Any:
        """Return the node itself, or the branch that `Fn::If` takes; nothing inside is resolved."""
        while isinstance(node, dict) and function_of(node) == "Fn::If":
            name, yes, no = self._three(node["Fn::If"], "Fn::If")
            node = yes if self.condition(name) else no
        return NO_VALUE if node == {"Ref": "AWS::NoValue"} else node

    def text(self, node: Any) -> str:
        """Return the value as text. Raises `Undetermined` also where it is none."""
        return _as_text(self.value(node))

    def condition(self, name: Any) -> bool:
        """Return whether a named condition holds. Raises `Undetermined`."""
        if not isinstance(name, str) or name not in self._conditions:
            raise Undetermined(f"there is no condition `{shown(str(name))}`")
        if name not in self._decided:
            self._decided[name] = f"condition `{shown(name)}` rests on itself"
            try:
                self._decided[name] = self._holds(self._conditions[name])
            except Undetermined as error:
                self._decided[name] = f"condition `{shown(name)}`: {error}"
        decided = self._decided[name]
        if isinstance(decided, str):
            raise Undetermined(decided)
        return decided

    def _holds(self, node: Any) -> bool:
        if isinstance(node, dict) and len(node) == 1:
            name, argument = next(iter(node.items()))
            if name == "Condition":
                return self.condition(argument)
            if name == "Fn::Equals" and isinstance(argument, list) and len(argument) == 2:
                return self.text(argument[0]) == self.text(argument[1])
            if name == "Fn::Not" and isinstance(argument, list) and len(argument) == 1:
                return not self._holds(argument[0])
            if name in ("Fn::And", "Fn::Or") and isinstance(argument, list) and argument:
                return self._several(argument, settles=name == "Fn::Or")
        raise Undetermined("its definition is not one that is read")

    def _several(self, parts: list[Any], *, settles: bool) -> bool:
        """Return Or (settled by a true part) or And (settled by a false one), whatever the other parts are."""
        reasons: list[str] = []
        for part in parts:
            try:
                if self._holds(part) is settles:
                    return settles
            except Undetermined as error:
                reasons.append(str(error))
        if reasons:
            raise Undetermined(reasons[0])
        return not settles

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            raise Undetermined("`Ref` without a name")
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameter(name)
        if name in self._given:
            return self._given[name]
        if name in self._resources:
            return self._attribute(name, "")
        if name.startswith("AWS::"):
            raise Undetermined(f"`{shown(name)}` has no value: give --template-param {shown(name)}=...")
        raise Undetermined(f"there is no parameter or resource `{shown(name)}`")

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        kind = str(declared.get("Type")) if isinstance(declared, dict) else ""
        if kind.startswith(_SSM_TYPE):
            raise Undetermined(f"parameter `{shown(name)}` is read from Parameter Store when the stack is created")
        value = self._given.get(name, declared.get("Default") if isinstance(declared, dict) else None)
        if value is None:
            raise Undetermined(f"parameter `{shown(name)}` has no value: give --template-param {shown(name)}=...")
        text = _as_text(value)
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [part.strip() for part in text.split(",")]
        return _static(text)

    def _get_att(self, argument: Any) -> str:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[0], str):
            raise Undetermined("`Fn::GetAtt` without resource and attribute")
        return self._attribute(parts[0], self.text(parts[1]))

    def _sub(self, argument: Any) -> str:
        text, local = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str) or not isinstance(local, dict):
            raise Undetermined("`Fn::Sub` without a text")

        def replaced(match: re.Match[str]) -> str:
            name = match.group(1).strip()
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in local:
                found = self.text(local[name])
            else:
                found = _as_text(self._get_att(name) if "." in name else self._ref(name))
            self._spend(len(found))
            return found

        return _static(_REFERENCE.sub(replaced, text))

    def _join(self, argument: Any) -> str:
        delimiter, parts = self._two(argument, "Fn::Join")
        items = self.value(parts)
        if not isinstance(items, list):
            raise Undetermined("`Fn::Join` without a list")
        between, texts = self.text(delimiter), [_as_text(item) for item in items]
        self._spend(sum(map(len, texts)) + len(between) * len(texts))
        return _static(between.join(texts))

    def _if(self, argument: Any) -> Any:
        name, yes, no = self._three(argument, "Fn::If")
        return self.value(yes if self.condition(name) else no)

    def _select(self, argument: Any) -> Any:
        index, items = self._two(argument, "Fn::Select")
        number, found = self.text(index), self.value(items)
        if not isinstance(found, list) or not number.isascii() or not number.isdigit() or int(number) >= len(found):
            raise Undetermined("`Fn::Select` selects nothing")
        return found[int(number)]

    def _split(self, argument: Any) -> list[str]:
        delimiter, text = self._two(argument, "Fn::Split")
        by = self.text(delimiter)
        if not by:
            raise Undetermined("`Fn::Split` without a delimiter")
        whole = self.text(text)
        self._spend(len(whole))
        return whole.split(by)

    def _find_in_map(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            raise Undetermined("`Fn::FindInMap` without map and two keys")
        found: Any = self._mappings
        for key in argument:
            name = self.text(key)
            if not isinstance(found, dict) or name not in found:
                raise Undetermined(f"`Fn::FindInMap` finds no `{shown(name)}`")
            found = found[name]
        # An item costs more than a character: it is visited once more.
        self._spend(10 * len(found) if isinstance(found, list) else len(str(found)))
        return self.value(found)

    def _two(self, argument: Any, name: str) -> tuple[Any, Any]:
        if not isinstance(argument, list) or len(argument) != 2:
            raise Undetermined(f"`{name}` without its two arguments")
        return argument[0], argument[1]

    def _three(self, argument: Any, name: str) -> tuple[Any, Any, Any]:
        if not isinstance(argument, list) or len(argument) != 3:
            raise Undetermined(f"`{name}` without its three arguments")
        return argument[0], argument[1], argument[2]


def _section(template: JsonObject, name: str) -> JsonObject:
    found = template.get(name)
    return found if isinstance(found, dict) else {}


def function_of(node: JsonObject) -> str | None:
    """Return the function that an object is a call of, or None. Raises `Undetermined` if other keys stand beside it."""
    names = [key for key in node if key == "Ref" or key.startswith("Fn::")]
    if names and len(node) != 1:
        raise Undetermined(f"`{shown(names[0])}` stands beside other keys")
    return names[0] if names else None


def _static(text: str) -> str:
    if "{{resolve:" in text:
        raise Undetermined(f"a dynamic reference `{{{{resolve:...}}}}` is {_LATER}")
    return text


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    raise Undetermined("a list or an object stands where text is needed")
