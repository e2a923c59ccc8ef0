"""Identity policies as z3 formulas: a third meaning, shared with neither evaluator. For tests only.

Lists are modelled with up to four values, texts in them are not empty.
"""

from __future__ import annotations

import base64
import ipaddress
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import z3

SLOTS = 4
_REGEX = z3.ReSort(z3.StringSort())
_ANY = z3.AllChar(_REGEX)
_NO_COLON = z3.Intersect(_ANY, z3.Complement(z3.Re(":")))
_LOWER = z3.Intersect(_NO_COLON, z3.Complement(z3.Range("A", "Z")))
_COMPARE = {
    "equals": lambda value, limit: value == limit,
    "lessthan": lambda value, limit: value < limit,
    "lessthanequals": lambda value, limit: value <= limit,
    "greaterthan": lambda value, limit: value > limit,
    "greaterthanequals": lambda value, limit: value >= limit,
}


class Key:
    """The variables of one context key: up to SLOTS values, one for a key that is no list."""

    def __init__(self, name: str, key_type: str) -> None:
        self.name, self.type = name, key_type.removeprefix("ArrayOf")
        self.is_list = key_type.startswith("ArrayOf")
        slots = range(SLOTS if self.is_list else 1)
        self.used = [z3.Bool(f"{name}#{i}?") for i in slots]
        self.values = [self._variable(f"{name}#{i}") for i in slots]
        self.version = z3.Bool(f"{name} is IPv6")
        self.present = z3.Or(self.used)

    def _variable(self, name: str) -> Any:
        if self.type in ("Numeric", "Date"):
            return z3.Real(name)
        if self.type == "IPAddress":
            return z3.Int(name)
        return z3.Bool(name) if self.type == "Bool" else z3.String(name)

    def universe(self) -> list[Any]:
        """Return what every request's value of this key satisfies."""
        facts = []
        for value in self.values:
            if self.type == "IPAddress":
                facts.append(z3.And(value >= 0, value < z3.If(self.version, z3.IntVal(1 << 128), z3.IntVal(1 << 32))))
            elif self.type == "ARN":
                facts.append(z3.InRe(value, _arn_universe()))
            elif self.type == "Binary" or (self.is_list and self.type == "String"):
                facts.append(z3.Length(value) > 0)
        return facts

    def shown(self, model: Any) -> str | list[str] | None:
        """Return the model's value as a request has it."""
        texts = []
        for used, value in zip(self.used, self.values, strict=True):
            if z3.is_true(model.eval(used, model_completion=True)):
                texts.append(self._text(model, model.eval(value, model_completion=True)))
        if not texts:
            return None
        return texts if self.is_list else texts[0]

    def _text(self, model: Any, value: Any) -> str:
        if self.type in ("Numeric", "Date"):
            number = Fraction(value.as_fraction())
            return str(number.numerator) if number.denominator == 1 else repr(float(number))
        if self.type == "IPAddress":
            is_v6 = z3.is_true(model.eval(self.version, model_completion=True))
            return str((ipaddress.IPv6Address if is_v6 else ipaddress.IPv4Address)(value.as_long()))
        if self.type == "Bool":
            return "true" if z3.is_true(value) else "false"
        return _decoded(value)


class Universe:
    """The variables of a request, and the formulas of documents over them."""

    def __init__(self, key_types: dict[str, str]) -> None:
        self.action, self.resource = z3.String("action"), z3.String("resource")
        self.keys = {name.lower(): Key(name, key_type) for name, key_type in key_types.items()}

    def well_formed(self) -> Any:
        """Return what every request satisfies."""
        name = z3.Concat(z3.Plus(_LOWER), z3.Re(":"), z3.Plus(_LOWER))
        resource = z3.Or(self.resource == "*", z3.InRe(self.resource, _arn_universe()))
        return z3.And(z3.InRe(self.action, name), resource, *(f for k in self.keys.values() for f in k.universe()))

    def allows(self, document: dict[str, Any]) -> Any:
        """Return the formula of the requests a document allows."""
        allowed = [self._statement(s) for s in document["Statement"] if s["Effect"] == "Allow"]
        denied = [self._statement(s) for s in document["Statement"] if s["Effect"] == "Deny"]
        return z3.And(z3.Or(allowed), z3.Not(z3.Or(denied)))

    def request(self, model: Any) -> dict[str, Any]:
        """Return the model as a request."""
        context = {key.name: value for key in self.keys.values() if (value := key.shown(model)) is not None}
        action = _decoded(model.eval(self.action, model_completion=True))
        resource = _decoded(model.eval(self.resource, model_completion=True))
        return {"principal": None, "action": action, "resource": resource, "context": context}

    def _statement(self, statement: dict[str, Any]) -> Any:
        parts = []
        for name, variable, fold in (("Action", self.action, True), ("Resource", self.resource, False)):
            for key in (name, f"Not{name}"):
                if key in statement:
                    patterns = [p.lower() if fold else p for p in statement[key]]
                    hit = z3.Or([_glob_holds(variable, p) for p in patterns])
                    parts.append(hit if key == name else z3.Not(hit))
        for operator, keys in statement.get("Condition", {}).items():
            parts += [self._test(operator.lower(), key.lower(), values) for key, values in keys.items()]
        return z3.And(parts)

    def _test(self, operator: str, name: str, raw: Any) -> Any:
        key = self.keys[name]
        texts = [_scalar(v) for v in (raw if isinstance(raw, list) else [raw])]
        if operator == "null":
            return z3.Or([key.present if text == "false" else z3.Not(key.present) for text in texts])
        quantifier, _, base = operator.rpartition(":")
        optional = base.endswith("ifexists")
        base = base.removesuffix("ifexists")
        negated = "not" in base
        hits = [z3.Or([_matches(base.replace("not", ""), key, v, text) for text in texts]) for v in key.values]
        cells = [z3.Not(hit) if negated else hit for hit in hits]
        pairs = list(zip(key.used, cells, strict=True))
        if quantifier == "foranyvalue":
            found = z3.Or([z3.And(used, cell) for used, cell in pairs])
        else:
            found = z3.And([z3.Implies(used, cell) for used, cell in pairs])
        absent = optional or quantifier == "forallvalues" or (negated and quantifier != "foranyvalue")
        return z3.If(key.present, found, z3.BoolVal(absent))


def _matches(base: str, key: Key, value: Any, text: str) -> Any:
    if base == "stringequals":
        return value == z3.StringVal(text)
    if base == "stringlike":
        return _glob_holds(value, text)
    if base == "stringequalsignorecase":
        letters = [z3.Union(z3.Re(c.lower()), z3.Re(c.upper())) if c.isalpha() else z3.Re(c) for c in text]
        return z3.InRe(value, _joined(letters))
    if base in ("arnlike", "arnequals"):
        head, tail = text.split(":", 5)[:5], text.split(":", 5)[5]
        parts = [_glob(part, _NO_COLON) for part in head] + [_glob(tail, _ANY)]
        return z3.InRe(value, _joined([p for part in parts for p in (z3.Re(":"), part)][1:]))
    if base == "bool":
        return value == z3.BoolVal(text == "true")
    if base == "binaryequals":
        return value == z3.StringVal(base64.b64encode(base64.b64decode(text)).decode())
    if base == "ipaddress":
        block = ipaddress.ip_network(text)
        inside = z3.And(value >= int(block.network_address), value <= int(block.broadcast_address))
        return z3.And(key.version == z3.BoolVal(block.version == 6), inside)
    if base.startswith("numeric"):
        return _COMPARE[base.removeprefix("numeric")](value, z3.RealVal(str(Fraction(text))))
    return _COMPARE[base.removeprefix("date")](value, z3.RealVal(_epoch(text)))


def _glob_holds(variable: Any, pattern: str) -> Any:
    if "*" not in pattern and "?" not in pattern:
        return variable == z3.StringVal(pattern)
    return z3.BoolVal(True) if pattern == "*" else z3.InRe(variable, _glob(pattern, _ANY))


def _glob(pattern: str, letter: Any) -> Any:
    return _joined([z3.Star(letter) if c == "*" else letter if c == "?" else z3.Re(c) for c in pattern])


def _joined(parts: list[Any]) -> Any:
    return z3.Re("") if not parts else parts[0] if len(parts) == 1 else z3.Concat(*parts)


def _arn_universe() -> Any:
    some, free, colon = z3.Plus(_NO_COLON), z3.Star(_NO_COLON), z3.Re(":")
    return z3.Concat(z3.Re("arn"), colon, some, colon, some, colon, free, colon, free, colon, z3.Plus(_ANY))


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _epoch(text: str) -> int:
    if text.isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _decoded(value: Any) -> str:
    """Return a z3 string literal as text (`u{41}` escapes resolved)."""
    text, out, place = value.as_string(), "", 0
    while place < len(text):
        if text.startswith("\\u{", place):
            end = text.index("}", place)
            out += chr(int(text[place + 3 : end], 16))
            place = end + 1
        else:
            out += text[place]
            place += 1
    return out


def solve(live: dict[str, Any], documented: dict[str, Any], key_types: dict[str, str], timeout_ms: int) -> Any:
    """Return a request that `live` allows and `documented` does not, False if there is none, None on timeout."""
    universe = Universe(key_types)
    solver = z3.Solver()
    solver.set("timeout", timeout_ms)
    solver.add(universe.well_formed(), universe.allows(live), z3.Not(universe.allows(documented)))
    answer = solver.check()
    if answer == z3.sat:
        return universe.request(solver.model())
    return False if answer == z3.unsat else None
