"""The values a condition key can take, cut into finitely many classes that the clauses on it can tell apart.

For a set of clauses on one key, `Domain` lists one representative value per class and, per clause, the classes on
which it holds. A conjunction of clauses and negated clauses on the key is then decided by set operations:

- a single-valued key is absent or has exactly one value; a key that is not published is looked for as one, and nothing
  rests on its having no second value;
- a multivalued key is absent or has a non-empty set of values; ForAllValues restricts the set, ForAnyValue must meet
  it.

`exact` is False where the representatives may not tell everything (operators of different families on one key, an
operator without qualifier on a multivalued key, policy variables in values): then "satisfiable" still comes with a
real value, but "unsatisfiable" is only believed when the clauses contradict each other as written.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from itertools import pairwise

import msgspec

from scanner.access.clause import (
    Clause,
    format_number,
    has_variable,
    parse_date,
    parse_network,
    parse_number,
    value_tokens,
)
from scanner.access.pattern import (
    STAR,
    Pattern,
    StateLimitError,
    compile_pattern,
    explore,
    matches,
    text_of,
    tokenize,
)

Literal = tuple[Clause, bool]
"""A clause, and whether it must hold (True) or must not hold (False)."""
Value = str | tuple[str, ...] | None
"""What a key has in a request: one value, a set of values, or None (absent)."""

_ANYTHING = compile_pattern((STAR,))
# Exact for the sum and the middle of any two numbers that a policy may hold (60 digits, exponents within 60).
_DIGITS = 200


class Domain(msgspec.Struct, frozen=True):
    """Representatives of one key, and what each clause says of them."""

    values: tuple[str, ...]
    multivalued: bool
    exact: bool
    holds: dict[Clause, int]
    """Clause -> bit mask of the values it accepts (for a set-qualified clause: as a condition on each value)."""
    on_absent: dict[Clause, bool]
    unreadable: frozenset[Clause]
    """Clauses whose truth cannot be read off a value (policy variables)."""
    published: bool
    """The catalogue knows the key's type; else it may have several values, whatever the operators say."""


def build_domain(key_type: str | None, clauses: Iterable[Clause]) -> Domain:
    """Return the domain of one key for all clauses on it. `key_type` is the catalogue's, or None."""
    return _build(key_type, tuple(sorted(set(clauses))))


@lru_cache(maxsize=32_768)
def _build(key_type: str | None, clauses: tuple[Clause, ...]) -> Domain:
    is_list = bool(key_type and key_type.startswith("ArrayOf"))
    qualified = any(c.qualifier for c in clauses)
    multivalued = is_list or (qualified and key_type is None)
    readable = [c for c in clauses if c.family != "null" and not has_variable(c)]
    values, complete = _representatives(key_type, readable)
    unqualified_on_list = multivalued and any(not c.qualifier and c.family != "null" for c in clauses)
    holds = {c: _mask(c, values) for c in clauses}
    return Domain(
        values=values,
        multivalued=multivalued,
        exact=complete and not unqualified_on_list and len(readable) == sum(c.family != "null" for c in clauses),
        holds=holds,
        on_absent={c: _on_absent(c) for c in clauses},
        unreadable=frozenset(c for c in clauses if has_variable(c)),
        published=key_type is not None,
    )


def _on_absent(clause: Clause) -> bool:
    """Return the clause's truth when the key is absent (IAM user guide, condition operators)."""
    if clause.family == "null":
        return "true" in clause.values
    if clause.if_exists or clause.qualifier == "all":
        return True
    return clause.negated and clause.qualifier != "any"


def _mask(clause: Clause, values: Sequence[str]) -> int:
    """Return which values the clause accepts."""
    if clause.family == "null":
        return (1 << len(values)) - 1 if "false" in clause.values else 0
    mask = 0
    for i, value in enumerate(values):
        if accepts(clause, value):
            mask |= 1 << i
    return mask


def accepts(clause: Clause, value: str) -> bool:
    """Return whether one request value satisfies the clause: some policy value matches (negated: none does)."""
    return any(_value_matches(clause, policy, value) for policy in clause.values) != clause.negated


def _value_matches(clause: Clause, policy: str, value: str) -> bool:
    family = clause.family
    if family == "string":
        return matches(_compiled(clause, policy), value)
    try:
        if family == "bool":
            return value.lower() == policy
        if family == "ip":
            return _contains(parse_network(policy), value)
        left = (parse_number if family == "numeric" else parse_date)(value, _DIGITS)
    except ValueError:
        return False
    right = Decimal(policy)
    return {
        "=": left == right, "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right,
    }[clause.comparison]  # fmt: skip


def _contains(network: ipaddress.IPv4Network | ipaddress.IPv6Network, value: str) -> bool:
    address = ipaddress.ip_address(value)
    return address.version == network.version and address in network


@lru_cache(maxsize=32_768)
def _compiled(clause: Clause, value: str) -> Pattern:
    """Return the policy value as a pattern.

    Values that hold variables match nothing here; the caller asks `unreadable` first.
    """
    tokens = value_tokens(clause, value)
    if clause.comparison != "arn":
        return compile_pattern(tokens, "crossing", clause.comparison == "fold")
    return compile_pattern(tokens, "arn")


def _representatives(key_type: str | None, clauses: Sequence[Clause]) -> tuple[tuple[str, ...], bool]:
    """Return values that cover every class, and whether they are known to cover all."""
    families = {c.family for c in clauses}
    if key_type in ("Bool", "ArrayOfBool") or families == {"bool"}:
        return ("true", "false"), families <= {"bool", "string"}
    found: dict[str, None] = {}
    complete = len(families) <= 1
    for family in sorted(families):
        of_family = [c for c in clauses if c.family == family]
        if family == "string":
            strings, all_of_them = _strings(of_family)
            complete = complete and all_of_them
            found.update(dict.fromkeys(strings))
        elif family == "ip":
            found.update(dict.fromkeys(_addresses(of_family)))
        elif family == "bool":
            found.update({"true": None, "false": None})
        else:
            found.update(dict.fromkeys(_numbers(of_family, family)))
    if not found:
        found["example"] = None
    return tuple(found), complete


def _strings(clauses: Sequence[Clause]) -> tuple[list[str], bool]:
    """Return one string per class of the clauses' patterns."""
    patterns = list({_compiled(c, v) for c in clauses for v in c.values})
    complete = all(_readable_pattern(c, v) for c in clauses for v in c.values)
    if all(p.literal is not None and not p.fold for p in patterns):
        literals = sorted({p.literal for p in patterns if p.literal is not None})
        return [*literals, _fresh(literals)], complete
    patterns.sort(key=lambda p: (p.tokens, p.loops, p.fold))
    try:
        words = [text_of(word) for _, word in explore([_ANYTHING, *patterns])]
    except StateLimitError:
        return sorted({p.literal for p in patterns if p.literal is not None}) or ["example"], False
    words = [w for w in words if w] + ([""] if "" in words else [])
    pretty = _prettier(words, patterns)
    return pretty, complete


def _prettier(words: Sequence[str], patterns: Sequence[Pattern]) -> list[str]:
    """Return the words, each preceded by a more telling one of the same class where the patterns suggest one."""
    signature = {w: tuple(matches(p, w) for p in patterns) for w in words}
    better: dict[tuple[bool, ...], str] = {}
    for pattern in patterns:
        candidate = "".join("example" if t == STAR else "x" if len(t) > 1 else t for t in pattern.tokens)
        better.setdefault(tuple(matches(p, candidate) for p in patterns), candidate)
    better.setdefault(tuple(matches(p, "example") for p in patterns), "example")
    return [better.get(signature[w], w) for w in words]


def _fresh(taken: Sequence[str]) -> str:
    """Return a readable string that is not among `taken`."""
    return next(w for w in ("example", *(f"example-{n}" for n in range(len(taken) + 1))) if w not in taken)


def _readable_pattern(clause: Clause, value: str) -> bool:
    """Return False where no meaning is documented: short ARN patterns, letters beyond ASCII without case."""
    if clause.comparison == "arn":
        return value == "*" or tokenize(value).count(":") >= 5
    return not (clause.comparison == "fold" and not value.isascii())


def _numbers(clauses: Sequence[Clause], family: str) -> list[str]:
    """Return every break point, a point between each two, and one beyond each end."""
    points = sorted({Decimal(v) for c in clauses for v in c.values})
    if not points:
        return ["0"]
    with localcontext(Context(prec=_DIGITS)):
        between = [(a + b) / 2 for a, b in pairwise(points)]
        return [format_number(n) for n in sorted({points[0] - 1, *points, *between, points[-1] + 1})]


def _addresses(clauses: Sequence[Clause]) -> list[str]:
    """Return the first address of each block and the first after it.

    Every gap between nested blocks begins at one of these.
    """
    found: dict[str, None] = {}
    for network in sorted({parse_network(v) for c in clauses for v in c.values}, key=lambda n: (n.version, n)):
        found[str(network.network_address)] = None
        after = int(network.broadcast_address) + 1
        if after < 1 << network.max_prefixlen:
            found[str(type(network.network_address)(after))] = None
    found["0.0.0.0"] = found["::"] = None
    return list(found)


def find_value(domain: Domain, literals: Sequence[Literal]) -> tuple[bool, Value] | None:
    """Return (True, value) if a value satisfies every literal, (False, None) if none does, None if that is open."""
    wanted: dict[Clause, bool] = {}
    for clause, positive in literals:
        if wanted.setdefault(clause, positive) != positive:
            return False, None
    if all(domain.on_absent[c] == positive for c, positive in wanted.items()):
        return True, None
    readable = {c: positive for c, positive in wanted.items() if c not in domain.unreadable}
    if len(readable) < len(wanted):
        return (False, None) if find_value(domain, tuple(readable.items())) == (False, None) else None
    found = _find_set(domain, wanted) if domain.multivalued else _find_single(domain, wanted)
    if found is not None:
        return True, found
    return (False, None) if domain.exact and (domain.published or _none_in_a_list(domain, wanted)) else None


def _none_in_a_list(domain: Domain, wanted: dict[Clause, bool]) -> bool:
    """Return whether no list of values satisfies the literals either, in both readings of an unqualified operator.

    AWS says of a list only what the qualifiers mean. Without one, a clause may ask for one value or for all: what it
    asks of one, another value may give than the one that satisfies another clause.
    """
    if domain.multivalued:
        return True
    for asks_for_one in (True, False):
        of_one = {c for c, p in wanted.items() if c.family != "null" and (p != c.negated) == asks_for_one}
        of_all = {c: p for c, p in wanted.items() if c not in of_one}
        alone = [{**of_all, c: wanted[c]} for c in sorted(of_one)] or [of_all]
        if all(_find_single(domain, together) is not None for together in alone):
            return False
    return True


def _find_single(domain: Domain, wanted: dict[Clause, bool]) -> Value:
    allowed = (1 << len(domain.values)) - 1
    for clause, positive in wanted.items():
        allowed &= domain.holds[clause] if positive else ~domain.holds[clause]
    return _first(domain, allowed) if allowed else None


def _find_set(domain: Domain, wanted: dict[Clause, bool]) -> Value:
    """Find a non-empty set; an unqualified clause is only read on sets of one, where its meaning is documented."""
    everything = (1 << len(domain.values)) - 1
    allowed, meets, single = everything, [], False
    for clause, positive in wanted.items():
        mask = domain.holds[clause] if positive else everything & ~domain.holds[clause]
        if clause.family == "null":
            allowed &= mask
        elif (clause.qualifier == "any") == positive and clause.qualifier:
            # ForAnyValue must meet its values; "not ForAllValues" must meet the values outside.
            meets.append(mask)
        else:
            single = single or not clause.qualifier
            allowed &= mask
    if single:
        for mask in meets:
            allowed &= mask
        one = _first(domain, allowed) if allowed else ""
        return (one,) if one else None
    if not allowed or any(not allowed & mask for mask in meets):
        return None
    found = tuple(dict.fromkeys(_first(domain, allowed & mask) for mask in meets or [allowed]))
    if found != ("",):
        return found
    # A set whose only value is empty counts as no value at all.
    other = next((v for i, v in enumerate(domain.values) if v and allowed >> i & 1), None)
    return ("", other) if other else None


def _first(domain: Domain, mask: int) -> str:
    return domain.values[(mask & -mask).bit_length() - 1]


def show_value(clause_family: str, value: str) -> str:
    """Return a representative as it would stand in a request (dates as ISO 8601)."""
    if clause_family != "date":
        return value
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(value))
    except (OverflowError, ValueError):
        return value
    return moment.isoformat().replace("+00:00", "Z") if float(value).is_integer() else value
