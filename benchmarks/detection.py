"""How much of all drift is found: mutants of the documented state of three clouds, and rewrites that mean the same.

Run: python benchmarks/detection.py [--full] [--seed N] [--cloud aws|gcp|azure] [--json FILE]

The documented accounts are provisioned on the loopback clouds and read by the real collectors. Each mutant changes the
provider's JSON of that snapshot in one place and is judged as a scan judges it. Whether it changed anything is found by
trying requests on the second evaluator, never by the engine under test; a mutant that changes nothing has to be
reported by no rule, like the rewrites. A finding counts only if the rules that the kind names speak, of the right
subject, and if it shows a request that the second evaluator confirms, or the value seen.

Exit code 0: every mutant found and shown, no false alarm. 1: anything else.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from mutations.matrix import CLOUDS, Plan, Row, failures, rows, run  # noqa: E402 (the path is set above)
from mutations.records import Verdict  # noqa: E402

_SMALL = 12
_LINE = "{:48} {:>8} {:>7} {:>7} {:>7} {:>7} {:>7}"


def main(arguments: Sequence[str]) -> int:
    """Run the matrix, print its tables, and return the exit code."""
    options = _options().parse_args(arguments)
    clouds = tuple(options.cloud or CLOUDS)
    plan = Plan(options.seed, None if options.full else options.per_kind, clouds, whole=options.whole)
    started = time.perf_counter()
    verdicts = run(plan, options.jobs)
    seconds = time.perf_counter() - started
    table, wrong = rows(verdicts), failures(verdicts)
    for cloud in clouds:
        print(_table(cloud, [row for row in table if row.cloud == cloud]))
    print(f"{_summary(table)} in {seconds:.0f} s")
    for verdict in wrong[:50]:
        print(_wrong(verdict), file=sys.stderr)
    if options.json:
        _write(Path(options.json), plan, table, wrong, seconds)
    return 1 if wrong else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Mutants of the documented state: how many are found?")
    parser.add_argument("--full", action="store_true", help="every mutant at every place; minutes instead of seconds")
    parser.add_argument("--per-kind", type=int, default=_SMALL, help=f"mutants of each kind without --full ({_SMALL})")
    parser.add_argument("--seed", type=int, default=1, help="which ones without --full (1)")
    parser.add_argument("--cloud", action="append", choices=CLOUDS, help="only this cloud; may be repeated")
    parser.add_argument("--whole", action="store_true", help="judge AWS roles in the whole account (slower)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--json", metavar="FILE", help="write counts and failures")
    return parser


def _table(cloud: str, table: Sequence[Row]) -> str:
    head = _LINE.format(f"{cloud}: mutation", "mutants", "same", "found", "right", "shown", "alarms")
    lines = [head, "-" * len(head)]
    for row in (r for r in table if not r.rewrite):
        lines.append(_LINE.format(row.kind, row.mutants, row.same, row.found, row.right, row.shown, row.alarms))
    lines += ["", f"{f'{cloud}: rewrite':48} {'made':>8} {'alarms':>7}", "-" * 64]
    lines += [f"{row.kind:48} {row.mutants:>8} {row.alarms:>7}" for row in table if row.rewrite]
    return "\n".join([*lines, ""])


def _summary(table: Sequence[Row]) -> str:
    mutants = [row for row in table if not row.rewrite]
    changed, missed = sum(r.mutants for r in mutants), sum(r.missed for r in mutants)
    same, rewrites = sum(r.same for r in mutants), sum(r.mutants for r in table if r.rewrite)
    kinds = f"{len(mutants)} kinds of mutation, {len(table) - len(mutants)} of rewrites"
    share = 100 * (changed - missed) / changed if changed else 0.0
    alarms = sum(r.alarms for r in table)
    return (
        f"{kinds}: {changed} mutants, {changed - missed} found by the right rules and shown ({share:.2f} %); "
        f"{rewrites + same} rewrites ({same} of them mutants that change nothing); {alarms} false alarms"
    )


def _wrong(verdict: Verdict) -> str:
    what = "false alarm" if verdict.alarms else "missed"
    said = "\n    ".join(verdict.alarms or verdict.said) or "nothing was said"
    return f"{what}: {verdict.cloud} {verdict.version}: {verdict.kind}: {verdict.place}\n    {said}"


def _write(path: Path, plan: Plan, table: Sequence[Row], wrong: Sequence[Verdict], seconds: float) -> None:
    content = {
        "schema": "porter-audit/detection/v1",
        "plan": msgspec.to_builtins(plan),
        "seconds": round(seconds, 1),
        "summary": _summary(table),
        "rows": [{**msgspec.to_builtins(row), "missed": row.missed} for row in table],
        "failures": [msgspec.to_builtins(verdict) for verdict in wrong],
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
