"""When one IAM condition implies others, exactly for the part of CEL that can be decided, and what else to try.

Exact part: conjunctions of `request.time` compared with a whole second, and of `resource.name`, `resource.type`
and `resource.service` compared by `==`, `startsWith` and `endsWith`. Any other term is opaque: the same term
implies itself, nothing more. An attribute that a request lacks makes its terms fail, so what holds for requests
that have them all holds for every request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from itertools import islice, product
from math import prod
from typing import NamedTuple

from scanner.access.gcp.terms import Opaque, Term, TextTerm, TimeTerm, parse_condition
from scanner.access.pattern import ANY, STAR, StateLimitError, compile_pattern, explore

Context = dict[str, str | list[str]]
Choice = tuple[str, str, frozenset[Term]]
"""An attribute, a value for it, and the terms that hold for the value."""

_NOT_EMPTY = compile_pattern((ANY, STAR))

_COMBINATIONS = 4_096
_TRIED = 24
_NAMED = re.compile(r"(['\"])(.*?)\1")


class Gap(NamedTuple):
    """A context in which the live condition holds and no documented one does, if the opaque terms allow it."""

    context: Context
    certain: bool
    """No opaque term is involved."""


def gaps(live: str, base: Sequence[str]) -> Iterator[Gap]:
    """Yield contexts for every way to be inside `live` and outside all of `base`; certain ones first.

    Yields nothing only if `live` implies the union of `base`: complete. A certain gap is exact. Raises
    `StateLimitError` if patterns, or their combinations, are too many.
    """
    here, there = parse_condition(live), [parse_condition(b) for b in base]
    everything = [*here, *(term for terms in there for term in terms)]
    times = [t for t in everything if isinstance(t, TimeTerm)]
    texts: dict[str, list[TextTerm]] = {}
    for term in everything:
        if isinstance(term, TextTerm):
            texts.setdefault(term.attribute, []).append(term)
    choices: list[list[Choice]] = []
    if times:
        choices.append(list(_times(times)))
    choices.extend(list(_words(attribute, terms)) for attribute, terms in texts.items())
    if prod(map(len, choices)) > _COMBINATIONS:
        raise StateLimitError
    yield from sorted(_combined(here, there, choices), key=lambda gap: not gap.certain)


def _combined(
    here: frozenset[Term], there: Sequence[frozenset[Term]], choices: Sequence[Sequence[Choice]]
) -> Iterator[Gap]:
    opaque = {t for t in here if isinstance(t, Opaque)}
    for chosen in product(*choices):
        true = set().union(*(held for _, _, held in chosen)) | opaque
        if not here <= true:
            continue
        if any(terms <= true for terms in there):
            continue
        decided = all(any(not isinstance(t, Opaque) for t in terms - true) for terms in there)
        yield Gap({key: value for key, value, _ in chosen}, decided and not opaque)


def _times(terms: Sequence[TimeTerm]) -> Iterator[Choice]:
    """Yield a time in every interval the terms distinguish, with the terms that hold then."""
    moments = sorted({t.moment for t in terms})
    half = timedelta(milliseconds=500)
    for moment in dict.fromkeys(m for at in moments for m in (at - half, at, at + half)):
        held = frozenset(t for t in terms if t.holds(moment))
        shown = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        yield "request.time", shown, held


def _words(attribute: str, terms: Sequence[TextTerm]) -> Iterator[Choice]:
    """Yield a value for every combination of terms that some string satisfies, with the terms it satisfies."""
    own = list(dict.fromkeys(terms))
    patterns = [_NOT_EMPTY, *(compile_pattern(t.tokens) for t in own)]
    for mask, word in explore(patterns):
        yield attribute, "".join(word), frozenset(t for i, t in enumerate(own) if mask >> (i + 1) & 1)


def proposals(gap: Gap, expressions: Sequence[str]) -> Iterator[Context]:
    """Yield the gap's context completed by values for tags and API attributes that the expressions name, at most 24.

    Only proposes: whether the conditions hold is asked of the second evaluator.
    """
    written = " ".join(expressions)
    named = [value for _, value in _NAMED.findall(written)]
    pairs = [f"{k}={v}" for k, v in re.findall(r"matchTag\(\s*['\"](.+?)['\"]\s*,\s*['\"](.+?)['\"]", written)]
    ids = [f"{k}={v}" for k, v in re.findall(r"matchTagId\(\s*['\"](.+?)['\"]\s*,\s*['\"](.+?)['\"]", written)]
    keys = [f"{k}=example" for k in re.findall(r"hasTagKey\(\s*['\"](.+?)['\"]", written)]
    key_ids = [f"{k}=example" for k in re.findall(r"hasTagKeyId\(\s*['\"](.+?)['\"]", written)]
    attributes = list(dict.fromkeys(re.findall(r"getAttribute\(\s*['\"](.+?)['\"]", written)))
    roles = [n for n in named if "roles/" in n]
    defaults: Mapping[str, str] = {
        "resource.name": "projects/example",
        "resource.type": "example",
        "resource.service": "example",
    }
    lacking: Context = {k: v for k, v in defaults.items() if k not in gap.context}
    tags = [([], []), ([*pairs, *keys], [*ids, *key_ids]), (pairs[:1], ids[:1])]
    for (short, full), granted in islice(product(tags, ([], roles[:1], ["roles/owner"])), _TRIED):
        context: Context = {**lacking, **gap.context, "resource.tags": list(short), "resource.tagIds": list(full)}
        if "request.time" in written and "request.time" not in context:
            context["request.time"] = "2026-01-01T12:00:00Z"
        yield {**context, **{f"api:{name}": list(granted) for name in attributes}}
