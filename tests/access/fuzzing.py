"""Random policies and requests for the differential tests: few literals, so that statements meet often."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

Policy = dict[str, Any]

KINDS = ("identity", "trust", "resource")
KEY_TYPES = {
    "aws:PrincipalTag/team": "String",
    "sts:ExternalId": "String",
    "s3:max-keys": "Numeric",
    "aws:CurrentTime": "Date",
    "aws:SecureTransport": "Bool",
    "aws:SourceIp": "IPAddress",
    "aws:SourceArn": "ARN",
    "k:blob": "Binary",
    "aws:TagKeys": "ArrayOfString",
    "aws:PrincipalOrgPaths": "ArrayOfString",
    "k:sizes": "ArrayOfNumeric",
}
_ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_SORTS = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
OPERATORS = {
    "String": tuple(f"String{sort}" for sort in _SORTS),
    "Numeric": tuple(f"Numeric{order}" for order in _ORDERS),
    "Date": tuple(f"Date{order}" for order in _ORDERS),
    "Bool": ("Bool",),
    "IPAddress": ("IpAddress", "NotIpAddress"),
    "ARN": ("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"),
    "Binary": ("BinaryEquals",),
}
VALUES: dict[str, tuple[object, ...]] = {
    "String": ("a", "b", "ab", "A", "a*", "*b", "?", "a?b", "*"),
    "Numeric": ("1", "2", "2.5", "10", "10.0", 10),
    "Date": ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "1704067200", "2025-06-01", "1750000000"),
    "Bool": ("true", "false", True),
    "IPAddress": ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0"),
    "ARN": (
        "arn:aws:s3:::a*",
        "arn:aws:s3:::ab",
        "arn:aws:sns:*:111122223333:t",
        "arn:aws:sns:eu-west-1:*:t?",
        "arn:aws:*:*:*:*",
    ),
    "Binary": ("YQ==", "YWI=", "Yg=="),
}
# A request's values beyond what the policies name.
_NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "String": ("a", "b", "ab", "AB", "B", "axb", "c", "ba"),
    "Numeric": ("0", "1", "1.5", "2", "2.25", "2.5", "5", "10", "11"),
    "Date": (
        "2023-12-31T23:59:59Z",
        "2024-01-01T00:00:00Z",
        "1704067201",
        "2025-06-01T00:00:00Z",
        "2030-01-01T00:00:00Z",
    ),
    "Bool": ("true", "false"),
    "IPAddress": ("10.1.2.3", "10.1.2.4", "10.2.0.0", "11.0.0.0", "192.0.2.255", "2001:db8::1", "2001:db9::"),
    "ARN": (
        "arn:aws:s3:::a",
        "arn:aws:s3:::ab",
        "arn:aws:s3:::b",
        "arn:aws:sns:eu-west-1:111122223333:t",
        "arn:aws:sns:us-east-1:111122223333:t",
        "arn:aws:sns:eu-west-1:444455556666:tx",
    ),
    "Binary": ("YQ==", "YWI=", "Yg==", "Yw=="),
}
ACTIONS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:Get*",
    "s3:*Object",
    "s3:?etObject",
    "s3:*",
    "iam:PassRole",
    "*",
    "iam:*",
)
RESOURCES = (
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/a*",
    "arn:aws:s3:::b/A*",
    "arn:aws:s3:::b/*z",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/?",
    "arn:aws:iam::*:role/*",
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:*:*:*:*",
)
_TRUST_ACTIONS = ("sts:AssumeRole", "sts:TagSession", "sts:*", "sts:Assume*", "*")
_ONE, _TWO = "111122223333", "444455556666"
PRINCIPALS: tuple[tuple[str, str], ...] = (
    ("AWS", "*"),
    ("AWS", _ONE),
    ("AWS", f"arn:aws:iam::{_ONE}:root"),
    ("AWS", f"arn:aws:iam::{_TWO}:root"),
    ("AWS", f"arn:aws:iam::{_ONE}:role/a"),
    ("AWS", f"arn:aws:iam::{_ONE}:user/a"),
    ("AWS", f"arn:aws:sts::{_ONE}:assumed-role/a/s"),
    ("AWS", f"arn:aws:iam::{_TWO}:role/a"),
    ("AWS", "AROA" + "EXAMPLEID1234567"),
    ("Service", "ec2.amazonaws.com"),
    ("Service", "ecs.amazonaws.com"),
    ("Federated", f"arn:aws:iam::{_ONE}:oidc-provider/idp.example.com"),
    ("CanonicalUser", "1f" * 32),
)
CALLERS = (
    f"arn:aws:iam::{_ONE}:role/a",
    f"arn:aws:iam::{_ONE}:role/b",
    f"arn:aws:iam::{_ONE}:user/a",
    f"arn:aws:sts::{_ONE}:assumed-role/a/s",
    f"arn:aws:sts::{_ONE}:assumed-role/a/t",
    f"arn:aws:iam::{_TWO}:role/a",
    "arn:aws:iam::777788889999:role/a",
    "ec2.amazonaws.com",
    "lambda.amazonaws.com",
    "*",
    "1f" * 32,
    f"arn:aws:iam::{_ONE}:oidc-provider/idp.example.com",
    "AROA" + "EXAMPLEID1234567",
)


class KeyTypes:
    """A catalogue of no actions that knows the types of the keys used here."""

    name = "fuzzing"

    def actions(self, service: str) -> tuple[str, ...]:
        return ("GetObject", "PutObject") if service == "s3" else ()

    def is_published(self, action: str) -> bool:
        return action.lower() in ("s3:getobject", "s3:putobject")

    def resource_templates(self, action: str) -> tuple[str, ...]:
        return ()

    def key_type(self, key: str) -> str | None:
        return next((kind for name, kind in KEY_TYPES.items() if name.lower() == key.lower()), None)


class Generator:
    """Random documents and requests of one kind of policy."""

    def __init__(self, seed: str, kind: str, keys: tuple[str, ...] = tuple(KEY_TYPES)) -> None:
        self.random = random.Random(seed)
        self.kind = kind
        # Few keys in one pair, so that the clauses of different statements speak about the same ones.
        self.keys = tuple(self.random.sample(keys, min(len(keys), 3)))

    def some(self, choices: tuple[Any, ...], most: int = 2) -> list[Any]:
        return self.random.sample(choices, self.random.randint(1, min(most, len(choices))))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def document(self) -> Policy:
        """Return one to four statements; there is at least one Allow."""
        statements = [self.statement() for _ in range(self.random.randint(1, 4))]
        self.random.choice(statements)["Effect"] = "Allow"
        return {"Version": "2012-10-17", "Statement": statements}

    def related(self, document: Policy) -> Policy:
        """Return a document that is often near the given one: a few edits, or something new."""
        if self.chance(0.25):
            return self.document()
        statements = [dict(s) for s in document["Statement"]]
        for _ in range(self.random.randint(0, 2)):
            place = self.random.randrange(len(statements))
            edit = self.random.choice(("drop", "add", "narrow", "swap"))
            if edit == "drop" and len(statements) > 1:
                del statements[place]
            elif edit == "add":
                statements.insert(place, self.statement())
            elif edit == "narrow":
                statements[place]["Condition"] = self.condition()
            else:
                other = self.statement()
                key = self.random.choice([k for k in other if k not in ("Effect", "Condition")])
                for twin in (key, key.removeprefix("Not"), "Not" + key):
                    statements[place].pop(twin, None)
                statements[place][key] = other[key]
        self.random.shuffle(statements)
        return {"Version": "2012-10-17", "Statement": statements}

    def statement(self) -> Policy:
        """Return one random statement."""
        actions = _TRUST_ACTIONS if self.kind == "trust" else ACTIONS
        made: Policy = {"Effect": "Deny" if self.chance(0.3) else "Allow"}
        made["NotAction" if self.chance(0.15) else "Action"] = self.flip_all(self.some(actions))
        if self.kind != "trust":
            made["NotResource" if self.chance(0.2) else "Resource"] = self.some(RESOURCES)
        if self.kind != "identity":
            made["NotPrincipal" if self.chance(0.08) else "Principal"] = self.principal()
        if self.chance(0.65):
            made["Condition"] = self.condition()
        return made

    def principal(self) -> object:
        """Return `*` or a Principal block."""
        if self.chance(0.15):
            return "*"
        block: dict[str, list[str]] = {}
        for kind, value in self.some(PRINCIPALS):
            block.setdefault(kind, []).append(value)
        return block

    def condition(self) -> Policy:
        """Return one or two operators on one or two keys."""
        block: Policy = {}
        for _ in range(self.random.randint(1, 2)):
            key = self.random.choice(self.keys)
            key_type = KEY_TYPES[key]
            operator = self.operator(key_type)
            if operator == "Null":
                values: list[object] = [self.random.choice(("true", "false"))]
            else:
                values = self.some(VALUES[key_type.removeprefix("ArrayOf")])
            block.setdefault(operator, {})[self.flip(key)] = values if len(values) > 1 else values[0]
        return {operator: _one_spelling(keys) for operator, keys in block.items()}

    def operator(self, key_type: str) -> str:
        """Return an operator for a key of this type; a list is only asked with a set operator or Null."""
        if self.chance(0.12):
            return "Null"
        base = self.random.choice(OPERATORS[key_type.removeprefix("ArrayOf")])
        optional = "IfExists" if self.chance(0.2) else ""
        if key_type.startswith("ArrayOf"):
            return self.random.choice(("ForAllValues:", "ForAnyValue:")) + base + optional
        return base + optional

    def flip(self, text: str) -> str:
        return text.swapcase() if self.chance(0.2) else text

    def flip_all(self, texts: list[str]) -> list[str]:
        return [self.flip(text) for text in texts]

    # --- requests

    def requests(self, documents: list[Policy], count: int) -> Iterator[Policy]:
        """Yield requests built from the literals of the documents and their neighbours."""
        written = [s for d in documents for s in d["Statement"]]
        actions = sorted({a.lower() for s in written for a in (*s.get("Action", ()), *s.get("NotAction", ()))})
        resources = [r for s in written for r in (*s.get("Resource", ()), *s.get("NotResource", ()))]
        resources = sorted({*resources, "arn:aws:s3:::b/az", "arn:aws:s3:::other", "*"})
        values = self.written_values(written)
        for _ in range(count):
            action = self.fill(self.random.choice(actions)) if actions else "s3:getobject"
            yield {
                "principal": self.random.choice(CALLERS) if self.kind != "identity" else None,
                "action": action if ":" in action.strip(":") else "s3:putobject",
                "resource": self.concrete_resource(self.random.choice(resources)),
                "context": {key: given for key in self.keys if (given := self.given(key, values)) is not None},
            }

    def written_values(self, statements: list[Policy]) -> dict[str, list[str]]:
        """Return the values that the documents compare each key with."""
        found: dict[str, list[str]] = {key: [] for key in self.keys}
        for statement in statements:
            for operator, keys in statement.get("Condition", {}).items():
                for key, raw in keys.items():
                    name = next(k for k in KEY_TYPES if k.lower() == key.lower())
                    if operator != "Null" and KEY_TYPES[name].endswith(("String", "ARN")):
                        found.setdefault(name, []).extend(str(v) for v in (raw if isinstance(raw, list) else [raw]))
        return found

    def given(self, key: str, values: dict[str, list[str]]) -> str | list[str] | None:
        """Return a request's value for a key: None, one text, or for a key of lists a list."""
        if self.chance(0.25):
            return None
        key_type = KEY_TYPES[key]
        pool = (*_NEIGHBOURS[key_type.removeprefix("ArrayOf")], *(self.fill(v) for v in values[key]))
        if key_type.startswith("ArrayOf"):
            return self.random.sample(pool, self.random.randint(1, 3))
        return self.random.choice(pool)

    def concrete_resource(self, pattern: str) -> str:
        """Return `*` or a well-formed ARN of a resource pattern."""
        if pattern == "*":
            return self.random.choice(("*", "arn:aws:s3:::b/a", "arn:aws:sqs:eu-west-1:111122223333:q"))
        head, _, tail = self.fill(pattern).partition("arn:")
        parts = (head + "arn:" + tail).split(":", 5)
        for place, default in ((1, "aws"), (2, "s3"), (5, "x")):
            parts[place] = parts[place] or default
        return ":".join(parts)

    def fill(self, pattern: str) -> str:
        """Return a text of the pattern."""
        return "".join(
            self.random.choice(("", "a", "ab", "z")) if c == "*" else self.random.choice("ag") if c == "?" else c
            for c in pattern
        )


def _one_spelling(keys: Policy) -> Policy:
    """Return the keys of one operator without two spellings of one key, which AWS refuses."""
    return dict({key.lower(): (key, values) for key, values in keys.items()}.values())


def smaller(document: Policy) -> Iterator[Policy]:
    """Yield documents with one thing less, to find the smallest that still shows a defect."""
    statements = document["Statement"]
    for i, statement in enumerate(statements):
        rest = [*statements[:i], *statements[i + 1 :]]
        yield {**document, "Statement": rest}
        for simpler in _smaller_statements(statement):
            yield {**document, "Statement": [*statements[:i], simpler, *statements[i + 1 :]]}


def _smaller_statements(statement: Policy) -> Iterator[Policy]:
    for key, value in statement.items():
        if key == "Condition":
            yield {k: v for k, v in statement.items() if k != key}
            for operator, keys in value.items():
                without = {o: k for o, k in value.items() if o != operator}
                if without:
                    yield {**statement, key: without}
                for name, values in keys.items():
                    if len(keys) > 1:
                        yield {**statement, key: {**value, operator: {k: v for k, v in keys.items() if k != name}}}
                    for fewer in _fewer(values):
                        yield {**statement, key: {**value, operator: {**keys, name: fewer}}}
        elif isinstance(value, dict):
            for name, values in value.items():
                if len(value) > 1:
                    yield {**statement, key: {k: v for k, v in value.items() if k != name}}
                for fewer in _fewer(values):
                    yield {**statement, key: {**value, name: fewer}}
        else:
            for fewer in _fewer(value):
                yield {**statement, key: fewer}


def _fewer(values: object) -> Iterator[list[object]]:
    if isinstance(values, list) and len(values) > 1:
        for i in range(len(values)):
            yield [*values[:i], *values[i + 1 :]]
