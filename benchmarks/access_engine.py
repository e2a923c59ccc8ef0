"""How fast each documented role and its mutations are compared, and how others do on the same inputs.

Run: python benchmarks/access_engine.py [--z3] [--timeout-ms N]. Ratios are to this engine's median. z3 is asked the
same question as one formula; expansion (policy-sentry, where it is installed) turns wildcards into the actions known
today, which answers a smaller question: it cannot see conditions, resources, or actions to come.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "access")]

from scanner.access.compare import compare  # noqa: E402
from scanner.access.records import NamedDocument  # noqa: E402
from scanner.app.catalogue import load_catalogue  # noqa: E402
from scanner.baseline.documents import permission_documents  # noqa: E402
from scanner.baseline.load import find, load_aws  # noqa: E402

Policy = dict[str, Any]


def mutations(statement: Policy) -> Iterator[tuple[str, Policy]]:
    """Yield the statement changed in ways an account drifts."""
    yield "as documented", statement
    yield "action added", {**statement, "Action": [*statement["Action"], "organizations:LeaveOrganization"]}
    yield "service wildcard", {**statement, "Action": [statement["Action"][0].split(":")[0] + ":*"]}
    yield "last letter free", {**statement, "Action": [statement["Action"][0][:-1] + "?", *statement["Action"][1:]]}
    yield "any resource", {**statement, "Resource": "*"}
    yield "condition dropped", {k: v for k, v in statement.items() if k != "Condition"}
    yield "NotAction", {**{k: v for k, v in statement.items() if k != "Action"}, "NotAction": "iam:GetRole"}


def pairs() -> Iterator[tuple[str, str, Policy, Policy]]:
    """Yield role, mutation, live and documented; the first statement of each role is the one changed."""
    baseline = load_aws(find("porter@2026-05"))
    for role in baseline.roles:
        documented = permission_documents(role, baseline.aliases)[0].body
        first, *rest = documented["Statement"]
        for name, changed in mutations(first):
            yield role.key, name, {**documented, "Statement": [changed, *rest]}, documented


def ours(live: Policy, documented: Policy) -> str:
    """Return whether live is inside documented, by this engine."""
    result = compare([NamedDocument("l", live)], [NamedDocument("d", documented)], catalogue=CATALOGUE)
    return {True: "inside", False: "exceeds", None: "undecided"}[result.contained]


def by_z3(live: Policy, documented: Policy) -> str:
    """Return the same by z3, from one formula."""
    import formula

    keys = {
        key
        for body in (live, documented)
        for statement in body["Statement"]
        for block in statement.get("Condition", {}).values()
        for key in block
    }
    types = {key: CATALOGUE.key_type(key) or "String" for key in keys}
    answer = formula.solve(live, documented, types, TIMEOUT_MS)
    return "undecided" if answer is None else "exceeds" if answer else "inside"


def by_expansion(live: Policy, documented: Policy) -> str:
    """Return whether the actions known today that live spells are among those documented spells."""
    from policy_sentry.analysis.expand import determine_actions_to_expand

    def known(body: Policy) -> set[str]:
        actions = [a for s in body["Statement"] for a in s.get("Action", ["*"])]
        return {a.lower() for a in determine_actions_to_expand(actions)}

    return "inside" if known(live) <= known(documented) else "exceeds"


def timed(function: Callable[[Policy, Policy], str]) -> tuple[list[float], dict[tuple[str, str], str]]:
    """Return seconds per pair and the answers."""
    seconds, answers = [], {}
    for role, name, live, documented in pairs():
        start = time.perf_counter()
        answers[role, name] = function(live, documented)
        seconds.append(time.perf_counter() - start)
    return seconds, answers


def main() -> None:
    """Print a table of medians, worst cases, ratios and disagreements."""
    cold, answers = timed(ours)
    gc.collect()
    warm, _ = timed(ours)
    rows = [("this engine, cold", cold, answers), ("this engine, warm", warm, answers)]
    if ARGUMENTS.z3:
        rows.append(("z3, one formula", *timed(by_z3)))
    if find_spec("policy_sentry"):
        rows.append(("policy-sentry expansion", *timed(by_expansion)))
    reference = statistics.median(warm)
    print(f"{len(warm)} comparisons: 10 documented roles, {len(warm) // 10} variants each")
    print(f"{'':<26}{'median ms':>10}{'worst ms':>10}{'ratio':>8}{'undecided':>11}{'differs':>9}")
    for name, seconds, said in rows:
        undecided = sum(v == "undecided" for v in said.values())
        differs = sum(said[k] != v and "undecided" not in (said[k], v) for k, v in answers.items())
        median, worst = statistics.median(seconds), max(seconds)
        times = f"{median * 1000:>10.2f}{worst * 1000:>10.1f}{median / reference:>7.1f}x"
        print(f"{name:<26}{times}{undecided:>11}{differs:>9}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--z3", action="store_true", help="also ask z3 (slow)")
    parser.add_argument("--timeout-ms", type=int, default=10_000)
    ARGUMENTS = parser.parse_args()
    TIMEOUT_MS = ARGUMENTS.timeout_ms
    CATALOGUE = load_catalogue()
    main()
