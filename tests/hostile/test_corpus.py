"""Hostile bytes to every reader, through the command line: a result or one line, never a crash or a false pass."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest

from tests.hostile.law import breaches, command
from tests.hostile.mutate import VALUES, deep, mutated, places, replaced, value_at, written
from tests.hostile.target import Target, as_json
from tests.hostile.targets import EXPORT

CASES = Path(__file__).parent / "cases"
NAMES = (
    "aws export", "aws snapshot", "cloudtrail records", "cloudtrail looked up",
    "gcloud policy", "gcloud accounts", "gcloud keys", "az assignments",
    "az definitions", "az principals", "az applications", "gcp snapshot", "azure snapshot", "revoked export",
    "can export", "template porter-role.yaml", "template administrator-role.json", "template secrets-role-plan.json",
    "template gcp-connection-plan.json", "template azure-connection-plan.json", "porter.yaml", "baseline aws",
    "baseline gcp", "baseline azure", "waivers", "config", "policy", "documented policy", "page txt", "page md",
    "page mdx", "page html", "page json", "report to diff", "report to render", "report to tell",
    "report to remember", "bundle manifest.json to verify", "bundle report.json to verify",
    "bundle manifest.json to replay", "bundle manifest.json to report",
)  # fmt: skip
EVIDENCE = (
    "signed manifest.json", "signed manifest.dsse.json", "signed review.dsse.json", "signed report.json",
    "signed calls.ndjson", "signed page-0001.json", "time stamp", "review that was signed",
    "statement that was signed", "resealed report.json to verify", "resealed report.json to replay",
    "resealed report.json to show", "resealed report.json to bind", "resealed snapshot to replay",
    "resealed snapshot to scan", "resealed judging to replay", "resealed run to replay", "resealed baseline to replay",
    "resealed calls to verify", "resealed page to replay", "resealed page to bind", "resealed population to verify",
    "tombstone of all", "tombstone of answers", "tombstone that was signed", "tombstone without key",
    "tombstone to prune", "private key", "public key", "certificate",
)  # fmt: skip
KEPT = (
    "history rows to show", "history file to show", "history rows to diff", "history file to diff",
    "history rows to period", "history file to period", "history rows to scan", "history file to scan",
    "report to period", "report to be the night before", "fleet plan to resume", "fleet journal to resume",
    "fleet result to resume", "fleet report to resume", "state of what was told", "roll-up to tell",
)  # fmt: skip
NESTED = b"[" * 10_000 + b"]" * 10_000
BYTES: dict[str, bytes] = {
    "nothing": b"",
    "a blank": b" \n",
    "a mark of order alone": b"\xef\xbb\xbf",
    "NUL": b"\x00" * 64,
    "no text": bytes(range(128, 256)),
    "lists 10,000 deep": NESTED,
    "objects 10,000 deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "flow mappings 10,000 deep": b"{a: " * 10_000 + b"1" + b"}" * 10_000,
    "sequences 10,000 deep": b"- " * 10_000,
    "a string of 100 KB": b'"' + b"x" * 100_000 + b'"',
    "a number of 100,000 digits": b"9" * 100_000,
    "aliases that grow": b"a: &a [x, x]\n"
    + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(98, 120)),
    "a tag that runs": b"!!python/object/apply:os.system [id]\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "not a number": b'{"a": NaN, "b": Infinity}',
    "a key twice": b'{"schema": 1, "schema": 2}',
    "terminal": b'{"\x1b[2J\x1b]0;PWNED\x07": 1}',
    "both directions": '{"\u202eevil\u2066": 1}'.encode(),
}


def said(target: Target, data: bytes, home: Path) -> list[str]:
    return target.wrong(data, command(*target.lay(home, data)))


def test_the_list_of_readers_is_whole(known: dict[str, Target]) -> None:
    assert {name for name in known if "@" not in name and not name.startswith(("gcloud role", "gcloud services"))} == {
        *NAMES,
        *EVIDENCE,
        *KEPT,
    }


@pytest.mark.parametrize("name", [*NAMES, *EVIDENCE, *KEPT])
def test_a_seed_gives_a_result(known: dict[str, Target], tmp_path: Path, name: str) -> None:
    ended = command(*known[name].lay(tmp_path, known[name].seed))
    assert ended.code in known[name].allowed, ended.err


@pytest.mark.parametrize("name", NAMES)
def test_bytes_that_are_nothing_it_reads_are_refused_in_one_line(
    known: dict[str, Target], tmp_path: Path, name: str
) -> None:
    target = known[name]
    for what, data in BYTES.items():
        ended = command(*target.lay(tmp_path, data))
        assert breaches(ended, target.allowed, lists_problems=target.lists_problems) == [], (what, ended.err[:500])
        assert ended.code in {3, 5}, (what, ended.out[:500])


# Of these no other file of the run vouches, or they are made again: what is no evidence may be nothing.
GOES_ON = ("resealed calls", "resealed page to bind", "resealed population", "history", "report to period", "fleet",
           "signed calls", "state of what")  # fmt: skip
FEW = ("nothing", "no text", "lists 10,000 deep", "aliases that grow", "terminal")


@pytest.mark.parametrize("name", [*EVIDENCE, *KEPT])
def test_what_is_kept_is_refused_in_one_line_where_it_is_nothing(
    known: dict[str, Target], tmp_path: Path, name: str
) -> None:
    target = known[name]
    for what in FEW:
        ended = command(*target.lay(tmp_path / what, BYTES[what]))
        assert target.wrong(BYTES[what], ended) == [], (what, ended.err[:500])
        assert ended.code in {3, 5} or name.startswith(GOES_ON), what


TENTHS = ("aws export", "gcloud policy", "az assignments", "gcp snapshot", "policy", "waivers", "config",
          "template porter-role.yaml", "bundle manifest.json to verify")  # fmt: skip


@pytest.mark.parametrize("name", TENTHS)
def test_what_was_cut_off_is_no_result_of_its_own(known: dict[str, Target], tmp_path: Path, name: str) -> None:
    """JSON that is cut off is always refused; YAML may end at any line, and is then judged as what it says."""
    target = known[name]
    step = max(10, len(target.seed) // 40)
    for end in range(step, len(target.seed.rstrip()), step):
        ended = command(*target.lay(tmp_path, target.seed[:end]))
        assert breaches(ended, target.allowed, lists_problems=target.lists_problems) == [], (end, ended.err)
        if target.seed[:1] in b"{[":
            assert ended.code in {3, 5}, end


def test_a_wrong_type_anywhere_in_porters_role_is_never_exit_0(known: dict[str, Target], tmp_path: Path) -> None:
    """The account deviates as it stands: damage may hide the deviation, but then it must not read as clean."""
    target, random = known["aws export"], Random(1)
    inside = [at for at in places(EXPORT) if at[:2] == ("RoleDetailList", 0) and "Tags" not in at]
    for at in inside:
        held = value_at(EXPORT, at)
        wrong = random.choice([value for value in VALUES if type(value) is not type(held)])
        if wrong is None or wrong == []:
            wrong = 7
        data = written(replaced(EXPORT, at, lambda _, wrong=wrong: wrong))  # type: ignore[misc]
        ended = command(*target.lay(tmp_path, data))
        assert breaches(ended, target.allowed) == [], (at, str(wrong)[:50], ended.err[:500])
        assert ended.code != 0, (at, str(wrong)[:50])


def test_a_wrong_type_anywhere_in_an_undocumented_binding_is_never_exit_0(
    known: dict[str, Target], tmp_path: Path
) -> None:
    target = known["gcloud policy"]
    policy = json.loads(target.seed)
    porter = "serviceAccount:porter-manager@porter-demo-project.iam.gserviceaccount.com"
    policy["bindings"].append({"role": "roles/owner", "members": [porter]})
    assert command(*target.lay(tmp_path, as_json(policy))).code == 1
    last = ("bindings", len(policy["bindings"]) - 1)
    for at in [at for at in places(policy) if at == last[:1] or at[:2] == last]:
        for wrong in (7, "x", {"a": 1}, ["x"], True):
            if type(wrong) is type(value_at(policy, at)):
                continue
            data = written(replaced(policy, at, lambda _, wrong=wrong: wrong))  # type: ignore[misc]
            ended = command(*target.lay(tmp_path, data))
            assert breaches(ended, target.allowed) == [], (at, wrong, ended.err)
            assert ended.code != 0, (at, wrong)


def test_a_value_as_deep_as_wanted_ends_in_one_line(known: dict[str, Target], tmp_path: Path) -> None:
    role = EXPORT["RoleDetailList"][0]
    for levels in (50, 400, 900):
        document = {**role["AssumeRolePolicyDocument"], "Statement": deep(levels)}
        data = as_json({**EXPORT, "RoleDetailList": [{**role, "AssumeRolePolicyDocument": document}]})
        ended = command(*known["aws export"].lay(tmp_path, data))
        assert breaches(ended, known["aws export"].allowed) == [], ended.err[:500]
        assert ended.code != 0


SOME = [name for name in (*NAMES, *EVIDENCE, *KEPT) if not name.startswith(("page", "baseline aws"))]


@pytest.mark.parametrize("key", ["Version", "Statement", "Id"])
def test_depth_near_the_interpreters_own_limit_is_refused_before_a_rule_meets_it(
    known: dict[str, Target], tmp_path: Path, key: str
) -> None:
    """A rule that fails is exit 4; between 900 and 1,000 levels reading went well and rules did not."""
    target = known["aws export"]
    for levels in (100, 880, 900, 920, 940, 960, 980):
        nested = b'{"a":[' * (levels // 2) + b"1" + b"]}" * (levels // 2)
        data = target.seed.replace(b'"RolePolicyList"', b'"%s": %s, "RolePolicyList"' % (key.encode(), nested))
        inside = target.seed.replace(b'"Action": "s3:*"', b'"Action": %s' % nested)
        for made in (data, inside):
            ended = command(*target.lay(tmp_path, made))
            assert target.wrong(made, ended) == [], (levels, ended.err[:300])
            assert ended.code == 3 or levels == 100


@pytest.mark.parametrize("name", SOME)
def test_some_mutants_of_every_seed(known: dict[str, Target], tmp_path: Path, name: str) -> None:
    """A few of those that `make fuzz` goes on making."""
    target, random = known[name], Random(name)
    for number in range(4 if name in NAMES else 2):
        data = mutated(target.seed, random)
        assert said(target, data, tmp_path / str(number)) == [], data[:300]


@pytest.mark.parametrize("case", sorted(CASES.glob("*/*")), ids=lambda case: f"{case.parent.name}/{case.name}")
def test_what_fuzzing_found_stays_mended(known: dict[str, Target], tmp_path: Path, case: Path) -> None:
    by_folder = {name.replace(" ", "_"): target for name, target in known.items()}
    assert said(by_folder[case.parent.name], case.read_bytes(), tmp_path) == []


def test_what_is_written_for_a_reader_that_refuses_repeats_has_one() -> None:
    from tests.hostile.mutate import Repeated

    assert written(Repeated(a=1)) == b'{"a":1,"a":1}'
    assert json.loads(written({"a": [None, True, 1.5, "\ud800"]})) == {"a": [None, True, 1.5, "\ud800"]}


ODD = os.fsdecode(b"x\xff\x1b[2J\xe2\x80\xae")
WITH_PATHS = ("aws export", "private key", "report to tell", "report to period", "history file to scan", "config",
              "fleet journal to resume", "resealed report.json to verify", "waivers")  # fmt: skip


@pytest.mark.parametrize("name", WITH_PATHS)
def test_a_directory_whose_name_is_no_text_is_as_good_as_any(
    known: dict[str, Target], tmp_path: Path, name: str
) -> None:
    target = known[name]
    for data, codes in ((target.seed, target.allowed), (b"\x00", target.allowed | {3, 5})):
        home = tmp_path / str(len(data)) / ODD
        home.mkdir(parents=True)
        ended = command(*target.lay(home, data))
        assert target.wrong(data, ended) == [], ended.err[:500]
        assert ended.code in codes, ended.err[:500]
