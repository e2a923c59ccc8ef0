"""What public scanners see of the same drift, beside this one: docs/comparison.md is made by this.

Run: python benchmarks/peers.py [--per-kind N] [--seed N] [--environments DIR] [--json FILE] [--write FILE]

Each scanner is installed in an environment of its own from `benchmarks/peers/*.txt` (pinned, hashed; needs the package
index). The mutants are those of `detection.py`, of AWS. A peer has no documented version to compare with, so it is
asked the kindest question there is: does it report anything about the mutant that it did not report about the
documented state it was made from? A rewrite that makes it report something new is a false alarm by the same
measure. Prowler reads a live account only: it is run on the loopback account, as documented and as drifted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from mutations import documented, matrix  # noqa: E402 (the path is set above)
from mutations.records import Mutant, Verdict  # noqa: E402

from scanner import __version__  # noqa: E402
from scanner.baseline.load import find, load_aws  # noqa: E402
from scanner.baseline.variables import bind_aws  # noqa: E402
from scanner.localcloud.demo import demo_parameters, provisioned_aws  # noqa: E402
from scanner.localcloud.scenario import Change  # noqa: E402
from scanner.model import kinds  # noqa: E402

OFFLINE = ("cloudsplaining", "parliament")
PEERS = (*OFFLINE, "prowler")


class Peer(msgspec.Struct, frozen=True):
    """One scanner on the exported mutants."""

    name: str
    version: str
    new: dict[int, bool]
    """Mutant's number -> whether anything was reported that was not of its base."""
    seconds: float
    megabytes: float


class Live(msgspec.Struct, frozen=True):
    """A scanner of live accounts on the documented and the drifted loopback account."""

    name: str
    version: str
    subjects: int
    """Roles, users and the like that the scenario changes."""
    seen: tuple[str, ...]
    """Those of them of which anything new is reported."""
    checks: dict[str, int]
    """Check -> new findings."""
    seconds: float
    ours: int
    """Subjects that porter-audit reports, all of them by the rules the scenario names."""


def main(arguments: Sequence[str]) -> int:
    """Run everything, print or write the page, and return the exit code."""
    options = _options().parse_args(arguments)
    plan = matrix.Plan(seed=options.seed, per_kind=options.per_kind, clouds=("aws",), versions=documented.VERSIONS[:1])
    mutants = list(_mutants(plan))
    started = time.perf_counter()
    verdicts = _verdicts(plan)
    own = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        environments = Path(options.environments or folder) / "environments"
        exported = Path(folder) / "accounts"
        bases = _export(mutants, exported)
        peers = [_offline(name, environments, exported, bases) for name in OFFLINE]
        live = None if options.without_live else _prowler(environments, Path(folder))
    page = render(plan, verdicts, own, peers, live)
    if options.json:
        numbers = {"peers": [msgspec.to_builtins(p) for p in peers], "live": msgspec.to_builtins(live), "own": own}
        Path(options.json).write_text(json.dumps(numbers, indent=1) + "\n")
    if options.write:
        Path(options.write).write_text(page)
    else:
        print(page)
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What other scanners see of the same drift.")
    parser.add_argument("--per-kind", type=int, default=6, help="mutants of each kind (6)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--environments", metavar="DIR", help="keep the scanners' environments here")
    parser.add_argument("--without-live", action="store_true", help="leave out the scanner of live accounts")
    parser.add_argument("--json", metavar="FILE", help="write the numbers too")
    parser.add_argument("--write", metavar="FILE", help="write the page there instead of printing it")
    return parser


def _mutants(plan: matrix.Plan) -> Iterator[Mutant]:
    """Yield the mutants that `_verdicts` judges, in the same order."""
    version = plan.versions[0]
    state = documented.aws_account(version)
    _, make = matrix.judge_of("aws", version, plan)
    yield from matrix.chosen(make, state, plan, f"aws {version}", plan.per_kind)


def _verdicts(plan: matrix.Plan) -> list[Verdict]:
    version = plan.versions[0]
    state = documented.aws_account(version)
    judge, make = matrix.judge_of("aws", version, plan)
    return [judge.verdict(m) for m in matrix.chosen(make, state, plan, f"aws {version}", plan.per_kind)]


def _export(mutants: Sequence[Mutant], folder: Path) -> dict[int, str]:
    """Write each account as GetAccountAuthorizationDetails prints it; return each mutant's base by file name."""
    folder.mkdir(parents=True)
    bases: dict[str, str] = {}
    of: dict[int, str] = {}
    for number, mutant in enumerate(mutants):
        text = _details(mutant.base)
        name = bases.setdefault(text, f"base-{len(bases):04}.json")
        (folder / name).write_text(text)
        (folder / f"mutant-{number:05}.json").write_text(_details(mutant.snapshot))
        of[number] = name
    return of


def _details(snapshot: Any) -> str:
    keys = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    pages = [page for unit in snapshot.units if unit.kind == kinds.AUTHORIZATION_DETAILS for page in unit.pages]
    return json.dumps({key: [item for page in pages for item in page.get(key) or ()] for key in keys}, sort_keys=True)


def _install(name: str, environments: Path) -> Path:
    """Return the interpreter of a scanner's own environment, made if it is not there."""
    folder = environments / name
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pinned = str(HERE / "peers" / f"{name}.txt")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", pinned], check=True)
    return python


def _version(python: Path, name: str) -> str:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _offline(name: str, environments: Path, exported: Path, bases: dict[int, str]) -> Peer:
    python = _install(name, environments)
    out = exported.with_name(f"{name}.ndjson")
    started = time.perf_counter()
    worker = str(HERE / "peers" / f"run_{name}.py")
    subprocess.run([str(python), worker, str(exported), str(out)], check=True, capture_output=True)
    seconds = time.perf_counter() - started
    *lines, last = (json.loads(line) for line in out.read_text().splitlines())
    found = {line["file"]: Counter(line["found"]) for line in lines}
    memory = last["kilobytes"] / 1024
    new = {n: bool(found[f"mutant-{n:05}.json"] - found[base]) for n, base in bases.items()}
    return Peer(name, _version(python, name), new, seconds, memory)


def _prowler(environments: Path, folder: Path) -> Live:
    python = _install("prowler", environments)
    baseline = bind_aws(load_aws(find("porter@2026-05")), demo_parameters())
    seconds = 0.0
    found: dict[str, Counter[tuple[str, str]]] = {}
    changes: tuple[Change, ...] = ()
    for scenario in ("documented", "drifted"):
        with provisioned_aws(scenario, baseline.roles, now=documented.NOW) as account:
            changes = account.expected
            started = time.perf_counter()
            out = folder / scenario
            options = ["--services", "iam", "-f", "us-east-1", "-M", "json-ocsf", "-o", str(out), "-F", "out"]
            command = [str(python.with_name("prowler")), "aws", *options, "--no-banner", "-z"]
            environ = {**os.environ, **account.environment}
            subprocess.run(command, check=True, capture_output=True, env=environ)
            seconds += time.perf_counter() - started
        rows = json.loads((out / "out.ocsf.json").read_text())
        failed = [row for row in rows if row["status_code"] == "FAIL"]
        found[scenario] = Counter((row["metadata"]["event_code"], row["resources"][0]["uid"]) for row in failed)
    new = found["drifted"] - found["documented"]
    subjects = sorted({change.subject for change in changes})
    seen = tuple(s for s in subjects if any(uid.rpartition("/")[2] == s for _, uid in new))
    checks = Counter(check for check, _ in new.elements())
    return Live("prowler", _version(python, "prowler"), len(subjects), seen, dict(checks), seconds / 2, len(subjects))


def render(
    plan: matrix.Plan, verdicts: Sequence[Verdict], own: float, peers: Sequence[Peer], live: Live | None
) -> str:
    """Return the page."""
    changed = [n for n, v in enumerate(verdicts) if not v.rewrite]
    same = [n for n, v in enumerate(verdicts) if v.rewrite]
    ours = {n: v.right and v.shown for n, v in enumerate(verdicts)} | {n: bool(verdicts[n].alarms) for n in same}
    every = [ours, *(peer.new for peer in peers)]
    head = ["porter-audit", *(peer.name for peer in peers)]
    summary = [
        _row("version", __version__, *(p.version for p in peers)),
        _row(f"drifts found, of {len(changed)}", *_counts(every, changed)),
        _row(f"rewrites that raise a false alarm, of {len(same)}", *_counts(every, same)),
        _row("seconds for all", f"{own:.0f}", *(f"{p.seconds:.0f}" for p in peers)),
        _row("peak memory, MB", f"{_memory(resource.RUSAGE_SELF):.0f}", *(f"{p.megabytes:.0f}" for p in peers)),
    ]
    text = (HERE / "peers" / "page.md").read_text()
    words = {
        "command": "python benchmarks/peers.py --write docs/comparison.md",
        "seed": plan.seed,
        "per_kind": plan.per_kind,
        "summary": _table(["", *head], summary),
        "drifts": _table(["drift", "mutants", *head], _by_kind(verdicts, changed, every)),
        "rewrites": _table(["rewrite", "made", *head], _by_kind(verdicts, same, every)),
    }
    if live is None:
        text = text[: text.index("## A live account")] + text[text.index("## By kind of drift") :]
        return text.format(**words)
    return text.format(**words, **_live_words(live))


def _by_kind(
    verdicts: Sequence[Verdict], numbers: Sequence[int], every: Sequence[Mapping[int, bool]]
) -> list[list[str]]:
    kinds_there = sorted({verdicts[n].kind for n in numbers})
    groups = {kind: [n for n in numbers if verdicts[n].kind == kind] for kind in kinds_there}
    return [_row(kind, len(mine), *_counts(every, mine)) for kind, mine in groups.items()]


def _counts(every: Sequence[Mapping[int, bool]], numbers: Sequence[int]) -> list[int]:
    return [sum(said[n] for n in numbers) for said in every]


def _memory(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def _live_words(live: Live) -> dict[str, Any]:
    checks = ", ".join(f"`{name}` ({count})" for name, count in sorted(live.checks.items())) or "none"
    return {
        "version": live.version,
        "subjects": live.subjects,
        "seen": len(live.seen),
        "names": ", ".join(f"`{name}`" for name in live.seen) or "none",
        "checks": checks,
        "seconds": f"{live.seconds:.0f}",
    }


def _row(*cells: object) -> list[str]:
    return [str(cell) for cell in cells]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join(['---'] + ['---:'] * (len(head) - 1))}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
