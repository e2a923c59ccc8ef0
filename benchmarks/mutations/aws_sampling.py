"""Try requests on the second evaluator: those that are allowed after a mutation and were not before it.

The requests are made from the words of the two policies; the engine under test has no part in it.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mutations.aws_state import as_list
from scanner.access.catalogue import Catalogue
from scanner.access.evaluator.authorize import Permits
from scanner.access.evaluator.rule import read_request
from scanner.access.records import Request
from scanner.model.common import JsonObject

ACCOUNT = "111122223333"
OUTSIDER = "arn:aws:iam::999999999999:role/zz"
_MOST = 1_500
_POOL = (
    "iam:CreateUser",
    "s3:GetObject",
    "ec2:TerminateInstances",
    "sts:AssumeRole",
    "kms:Decrypt",
    "dynamodb:GetItem",
    "zz:Zz",
)
_STS = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity", "sts:TagSession", "sts:Zz")
_ARNS = (
    "*",
    "arn:aws:s3:::zz/zz",
    f"arn:aws:iam::{ACCOUNT}:role/zz",
    f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/zz",
    f"arn:aws:sqs:us-east-1:{ACCOUNT}:zz",
)


class Trial:
    """The documents of one role before and after a mutation."""

    def __init__(
        self, before: Sequence[JsonObject], after: Sequence[JsonObject], kind: str, catalogue: Catalogue
    ) -> None:
        self._before, self._after = list(before), list(after)
        self._kind = kind
        self._catalogue = catalogue
        self._was: Permits | None = None
        self._now: Permits | None = None

    def confirms(self, request: Request) -> bool:
        """Return whether the request is allowed after the mutation and was not before, by the second evaluator."""
        if self._was is None or self._now is None:
            self._was, self._now = Permits(self._before, self._kind), Permits(self._after, self._kind)
        view = read_request(request)
        return self._now(view) is True and self._was(view) is False

    def difference(self) -> Request | None:
        """Return a request that became allowed, or None if no request that was tried did."""
        return self._search(_MOST) or self._search(_MOST * 4)

    def _search(self, most: int) -> Request | None:
        old = [s for d in self._before for s in _statements(d)]
        new = [s for d in self._after for s in _statements(d)]
        touched = [s for s in new if s not in old and s.get("Effect") == "Allow"]
        lost = [s for s in old if s not in new and s.get("Effect") == "Deny"]
        rng = random.Random(len(new))
        for statement in (*touched, *lost):
            for request in self._requests(statement, old, rng, most):
                if self.confirms(request):
                    return request
        return None

    def _requests(
        self, statement: JsonObject, old: list[JsonObject], rng: random.Random, most: int
    ) -> Iterator[Request]:
        """Yield requests that the statement may allow: all combinations of its words, or `most` of them."""
        actions = _unique(self._actions(statement, old, rng))
        contexts = list(_contexts(statement, old))
        if self._kind == "trust":
            pairs: list[tuple[str | None, str]] = [(p, "*") for p in _unique(_principals(statement, old))]
        else:
            pairs = [(None, r) for r in _unique(_resources(statement, old))]
        product = [(a, p, c) for c in contexts for p in pairs for a in actions]
        if len(product) > most:
            # The first contexts are the likeliest: those that the statement itself asks for.
            likely = [one for one in product if one[2] in contexts[:3]]
            product = [*rng.sample(likely, min(len(likely), most)), *rng.sample(product, most)]
        for action, (principal, resource), context in product:
            yield Request(principal, action, resource, context)

    def _actions(self, statement: JsonObject, old: list[JsonObject], rng: random.Random) -> Iterator[str]:
        if "NotAction" in statement:
            yield from self._any_action()
            return
        patterns = as_list(statement["Action"])
        held = [a for s in old if s.get("Effect") == "Allow" for a in as_list(s.get("Action", []))]
        fresh = [p for p in patterns if p not in held] or patterns
        for pattern in fresh:
            yield from self._instances(pattern, rng)
        yield from self._instances(rng.choice(patterns), rng)

    def _any_action(self) -> Iterator[str]:
        yield from _STS if self._kind == "trust" else _POOL

    def _instances(self, pattern: str, rng: random.Random) -> Iterator[str]:
        if not _wild(pattern):
            yield pattern
            return
        service, _, name = pattern.partition(":")
        if _wild(service) or not name:
            yield from self._any_action()
            return
        shape = re.compile(name.lower().replace("*", ".*").replace("?", "."))
        names = [n for n in self._catalogue.actions(service.lower()) if shape.fullmatch(n.lower())]
        yield f"{service}:{name.replace('*', 'Zz').replace('?', 'z')}"
        yield from (f"{service}:{n}" for n in rng.sample(names, min(8, len(names))))


def _statements(body: JsonObject) -> list[JsonObject]:
    found = body.get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


def _wild(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _filled(pattern: str) -> Iterator[str]:
    if not _wild(pattern):
        yield pattern
        return
    for text, letter in (("zz", "z"), ("", "0"), ("a/b", "-")):
        yield pattern.replace("*", text).replace("?", letter)
    if pattern.startswith("arn:"):
        parts = pattern.split(":", 5)
        defaults = {1: "aws", 2: "s3", 3: "us-east-1", 4: ACCOUNT}
        known = [defaults.get(i, p) if p == "*" else p for i, p in enumerate(parts)]
        yield ":".join(known).replace("*", "zz").replace("?", "z")


def _resources(statement: JsonObject, old: list[JsonObject]) -> Iterator[str]:
    mine = as_list(statement.get("Resource", []))
    if not mine or mine == ["*"]:
        yield from _ARNS
    for pattern in mine:
        yield from (r for r in _filled(pattern) if r == "*" or len(r.split(":", 5)) == 6)
    for pattern in as_list(statement.get("NotResource", [])):
        yield from _filled(f"{pattern[:-1]}zz")
    if "*" in mine or not mine:
        for other in old:
            for pattern in as_list(other.get("Resource", [])):
                yield next(_filled(pattern))


def _contexts(statement: JsonObject, old: list[JsonObject]) -> Iterator[dict[str, Any]]:
    """Yield contexts: what the statement asks for, then that with one key and with two keys changed, then nothing."""
    words: dict[str, list[Any]] = {}
    for one in (statement, *old):
        for operator, keys in one.get("Condition", {}).items():
            for key, value in keys.items():
                words.setdefault(key.lower(), []).extend(_words(operator, as_list(value)))
    starts = [_satisfying(s) for s in (statement, *(o for o in old if o.get("Resource") == statement.get("Resource")))]
    starts = [*starts[:1], {}, *starts[1:]]
    seen: list[dict[str, Any]] = []
    for start in starts[:4]:
        for changed in _varied(start, words):
            if changed not in seen:
                seen.append(changed)
                yield changed


def _satisfying(statement: JsonObject) -> dict[str, Any]:
    """Return a context that the statement's positive conditions hold for."""
    context: dict[str, Any] = {}
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            if operator.startswith("Null"):
                if str(as_list(value)[0]).lower() == "false":
                    context.setdefault(key.lower(), "zz")
                continue
            first = next(_words(operator, as_list(value)))
            context[key.lower()] = f"not-{first}" if "Not" in operator and isinstance(first, str) else first
    return context


def _varied(start: dict[str, Any], words: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    yield start
    single = [(key, value) for key in sorted(words) for value in (None, *words[key])]
    for key, value in single:
        yield _with(start, key, value)
    for (first, one), (second, two) in itertools.combinations(single, 2):
        if first != second and len(words) < 4:
            yield _with(_with(start, first, one), second, two)


def _with(context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    changed = {k: v for k, v in context.items() if k != key}
    return changed if value is None else {**changed, key: value}


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _words(operator: str, values: list[Any]) -> Iterator[Any]:
    several = operator.startswith("For")
    for value in values:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        for word in (*_filled(text), text.upper(), "zz", f"{text[:-1]}z", f"z{text[1:]}"):
            yield [word] if several else word
        if several:
            yield [text, "zz"]
    if several:
        yield [str(v) for v in values]


def _principals(statement: JsonObject, old: list[JsonObject]) -> Iterator[str]:
    for one in (statement, *old):
        principal = one.get("Principal")
        if not isinstance(principal, dict):
            yield OUTSIDER
            continue
        for kind, names in principal.items():
            for name in as_list(names):
                yield from _people(kind, name)


def _people(kind: str, name: str) -> Iterator[str]:
    account = name if name.isdigit() else name.split(":")[4] if name.endswith(":root") else ""
    if kind == "AWS" and name == "*":
        yield OUTSIDER
    elif account:
        yield f"arn:aws:iam::{account}:role/zz"
    else:
        yield name
