"""The comparison engine against the second evaluator, and against z3.

FUZZ_PAIRS and FUZZ_Z3 size the two runs, FUZZ_SEED varies them. A failure prints the smallest pair found.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from scanner.access.compare import compare
from scanner.access.evaluator.authorize import Permits, allows
from scanner.access.evaluator.rule import read_request
from scanner.access.records import NamedDocument
from scanner.errors import DisagreementError, PorterAuditError


def _sibling(name: str):
    """Return a helper module of this folder, which is not a package."""
    spec = importlib.util.spec_from_file_location(f"access_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


fuzzing = _sibling("fuzzing")

PAIRS = int(os.environ.get("FUZZ_PAIRS", "400"))
SEED = os.environ.get("FUZZ_SEED", "1")
ATTACKS = int(os.environ.get("FUZZ_ATTACKS", "60"))
Z3_PAIRS = int(os.environ.get("FUZZ_Z3", "40"))
Z3_TIMEOUT_MS = int(os.environ.get("FUZZ_Z3_TIMEOUT_MS", "2000"))
ACCOUNT = "111122223333"
FOUND = json.loads((Path(__file__).parents[1] / "cases/engine/found_by_fuzzing.json").read_text(encoding="utf-8"))


def _compared(live, documented, kind):
    return compare(
        [NamedDocument("live", live)],
        [NamedDocument("documented", documented)],
        kind=kind,
        catalogue=fuzzing.KeyTypes(),
        account_id=ACCOUNT,
    )


def _pair(number: int):
    kind = fuzzing.KINDS[number % len(fuzzing.KINDS)]
    generator = fuzzing.Generator(f"{SEED}/{number}", kind)
    documented = generator.document()
    return generator, generator.related(documented), documented


def _trouble(generator, live, documented) -> tuple[str, bool]:
    """Return what is wrong with the engine's answer, or nothing, and whether something was left undecided."""
    kind = generator.kind
    try:
        result = _compared(live, documented, kind)
    except DisagreementError as error:
        return f"disagreement: {error}", False
    for piece in result.excess:
        if allows([live], piece.witness, kind=kind) is not True:
            return f"the witness of excess is not allowed live: {piece.witness}", False
        if allows([documented], piece.witness, kind=kind) is not False:
            return f"the witness of excess is documented: {piece.witness}", False
    for piece in result.missing:
        if allows([documented], piece.witness, kind=kind) is not True:
            return f"the witness of missing is not documented: {piece.witness}", False
        if allows([live], piece.witness, kind=kind) is not False:
            return f"the witness of missing is allowed live: {piece.witness}", False
    ours, theirs = Permits([live], kind), Permits([documented], kind)
    if result.contained is True and (request := _escape(generator, ours, theirs, [live, documented])):
        return f"contained, but live allows more: {json.dumps(request)}", False
    if _complete(result) and (request := _escape(generator, theirs, ours, [live, documented])):
        return f"nothing missing, but documented allows more: {json.dumps(request)}", False
    return "", any(not u.reason.startswith("reading: ") for u in result.undecided)


def _is_supported(*documents) -> bool:
    """Return False where AWS describes a meaning in two ways: whom NotPrincipal spares."""
    return not any("NotPrincipal" in statement for document in documents for statement in document["Statement"])


def _complete(result) -> bool:
    return not result.missing and not any(u.direction == "missing" for u in result.undecided)


def _escape(generator, inner, outer, documents):
    """Return a request that `inner` allows and `outer` does not, if the attack finds one."""
    for request in generator.requests(documents, ATTACKS):
        for reading in ("crossing", "segment"):
            view = read_request(request, reading)
            if inner(view) is True and outer(view) is False:
                return {**request, "reading": reading}
    return None


def _shrunk(generator, live, documented) -> str:
    """Return the smallest pair found that still shows a defect, as JSON."""

    def fails(one, other) -> bool:
        if not one["Statement"] or not other["Statement"]:
            return False
        return any(_trouble(generator, one, other)[0] for _ in range(4))

    progress = True
    while progress:
        progress = False
        candidates = [(c, documented) for c in fuzzing.smaller(live)] + [(live, c) for c in fuzzing.smaller(documented)]
        for one, other in candidates:
            if fails(one, other):
                live, documented, progress = one, other, True
                break
    trouble = _trouble(generator, live, documented)[0]
    return json.dumps({"kind": generator.kind, "live": live, "documented": documented, "trouble": trouble}, indent=1)


def test_the_engine_and_the_second_evaluator_never_disagree():
    counted: Counter[str] = Counter()
    for number in range(PAIRS):
        generator, live, documented = _pair(number)
        trouble, undecided = _trouble(generator, live, documented)
        assert not trouble, f"pair {number}: {trouble}\n{_shrunk(generator, live, documented)}"
        counted["undecided" if undecided and _is_supported(live, documented) else "decided"] += 1
    assert counted["undecided"] <= max(2, 0.005 * PAIRS), counted


@pytest.mark.parametrize("case", FOUND, ids=lambda case: case["name"])
def test_a_pair_found_by_fuzzing_stays_mended(case):
    """A case marked `open` waits for the engine; whoever mends it takes the mark away."""
    generator = fuzzing.Generator("found", case["kind"])
    trouble = ""
    try:
        verdict = _compared(case["live"], case["documented"], case["kind"]).verdict
        trouble = _trouble(generator, case["live"], case["documented"])[0]
    except PorterAuditError as error:
        verdict = str(error)
    if case.get("open") and (trouble or verdict not in case["verdicts"]):
        pytest.xfail(f"{verdict} {trouble}")
    assert not trouble
    assert verdict in case["verdicts"]


def test_the_engine_and_z3_agree_where_z3_answers():
    """A timeout of z3 is no failure; every request z3 finds is asked of the second evaluator too."""
    formula = _sibling("formula")
    counted: Counter[str] = Counter()
    for number in range(Z3_PAIRS):
        generator = fuzzing.Generator(f"z3/{SEED}/{number}", "identity")
        documented = generator.document()
        live = generator.related(documented)
        key_types = {key: fuzzing.KEY_TYPES[key] for key in generator.keys}
        contained = _compared(live, documented, "identity").contained
        found = formula.solve(live, documented, key_types, Z3_TIMEOUT_MS)
        pair = json.dumps({"live": live, "documented": documented})
        if found is None or contained is None:
            counted["open"] += 1
        elif found is False:
            assert contained, f"pair {number}: z3 finds no excess\n{pair}"
            counted["contained"] += 1
        else:
            assert allows([live], found) is True, f"pair {number}: not allowed live: {found}\n{pair}"
            assert allows([documented], found) is False, f"pair {number}: documented: {found}\n{pair}"
            assert not contained, f"pair {number}: {found} is beyond what is documented\n{pair}"
            counted["excess"] += 1
    assert counted["contained"] + counted["excess"] >= Z3_PAIRS // 4, counted
