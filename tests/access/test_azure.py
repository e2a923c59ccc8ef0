"""Azure: one case per documented fact, laws, and random documents against the second evaluator.

FUZZ_PAIRS sizes the random runs, FUZZ_ATTACKS the requests tried on each pair; FUZZ_SEED varies them.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from scanner.access.azure.abac import holds
from scanner.access.azure.authorize import allows_azure
from scanner.access.azure.compare import ask_azure, compare_azure
from scanner.access.azure.operations import Operations, Search, example_of
from scanner.access.azure.scope import contains
from scanner.access.outcome import settle
from scanner.access.records import NamedDocument, Piece, Request
from scanner.errors import DisagreementError, PolicyError

Body = dict[str, Any]
FOLDER = Path(__file__).parents[1] / "cases/engine"
CASES = json.loads((FOLDER / "azure.json").read_text())
INVALID = json.loads((FOLDER / "azure_invalid.json").read_text())
PAIRS = int(os.environ.get("FUZZ_PAIRS", "400")) // 2
ATTACKS = int(os.environ.get("FUZZ_ATTACKS", "60"))
SEED = os.environ.get("FUZZ_SEED", "1")


def named(side: str, bodies: list[Body]) -> list[NamedDocument]:
    return [NamedDocument(f"{side}{i}", body) for i, body in enumerate(bodies)]


def decide(live: list[Body], documented: list[Body], **options: Any):
    return compare_azure(named("live", live), named("documented", documented), **options)


def role(*actions: str, nots: tuple[str, ...] = (), data: tuple[str, ...] = (), name: str = "role") -> Body:
    block = {"actions": list(actions), "notActions": list(nots), "dataActions": list(data), "notDataActions": []}
    return {"name": name, "permissions": [block]}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_the_verdict_is_what_the_documents_mean(case: Body) -> None:
    result = decide(case["live"], case["documented"], parents=case.get("parents"))
    assert result.verdict == case["verdict"], result
    if "kinds" in case:
        assert [p.kind for p in result.excess] == case["kinds"]
    if "operation" in case:
        assert result.excess[0].witness.action == case["operation"]
    if "undecided" in case:
        assert all(case["undecided"] in u.reason for u in result.undecided)
    if "nothing" in case:
        said = [d["live"]["document"] for d in result.certificate["discharged"] if "grants nothing" in d["how"]]
        assert said == case["nothing"]
    assert result.undecided == () or result.verdict in ("undecided", "different", "broader")


def test_every_case_names_its_source() -> None:
    assert all(case["source"].startswith("https://") for case in CASES)
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", INVALID, ids=lambda c: c["name"])
def test_an_invalid_document_is_refused_by_name_and_key(case: Body) -> None:
    with pytest.raises(PolicyError) as refused:
        decide([case["document"]], [role("*")])
    assert "document `live0`" in str(refused.value)
    assert case["message"] in str(refused.value)


RESTRICTED = role(
    "*",
    nots=(
        "Microsoft.Authorization/elevateAccess/Action",
        "Microsoft.Blueprint/blueprintAssignments/write",
        "Microsoft.Blueprint/blueprintAssignments/delete",
        "Microsoft.Compute/galleries/share/action",
    ),
)


def test_the_documented_role_may_write_role_assignments_which_contributor_may_not() -> None:
    contributor = role("*", nots=(*RESTRICTED["permissions"][0]["notActions"], "Microsoft.Authorization/*/Write"))
    beyond = decide([RESTRICTED], [contributor]).excess
    assert [p.witness.action for p in beyond] == ["Microsoft.Authorization/roleAssignments/write"]


class Published:
    """A small catalogue."""

    name = "three operations"

    def operations(self, plane: str) -> tuple[str, ...]:
        return ("Microsoft.Compute/disks/read", "Microsoft.Compute/disks/write") if plane == "control" else ()


def test_published_operations_are_preferred_and_what_none_matches_is_latent() -> None:
    live = [role("Microsoft.Compute/*", "Contoso.Future/*")]
    found = decide(live, [role("*/read")], catalogue=Published()).excess
    assert [(p.actions, p.latent) for p in found] == [(("Microsoft.Compute/*",), False), (("Contoso.Future/*",), True)]
    assert found[0].witness.action == "Microsoft.Compute/disks/write"


def test_a_constructed_operation_is_spelled_like_the_documents() -> None:
    live = [role("Microsoft.Compute/*/disks/*")]
    documented = [role("*/read", "*/write", "*examples*")]
    (piece,) = decide(live, documented).excess
    assert piece.witness.action.startswith("Microsoft.Compute/")
    assert allows_azure(piece.witness, live) is True
    assert allows_azure(piece.witness, documented) is False


def test_the_witness_of_unassigned_definitions_stands_at_an_assignable_scope() -> None:
    live = {**role("*"), "assignableScopes": ["/subscriptions/s1"]}
    (piece,) = decide([live], [role("*/read")]).excess
    assert (piece.witness.resource, piece.resources) == ("/subscriptions/s1", ("*",))


def test_a_contradicted_witness_stops_and_an_open_one_is_undecided() -> None:
    piece = Piece("d", "0", 0, ("a",), ("*",), {}, {}, "action", False, Request(None, "a", "/"))
    with pytest.raises(DisagreementError):
        settle(piece, lambda _: False, lambda _: False, "excess")
    with pytest.raises(DisagreementError):
        settle(piece, lambda _: True, lambda _: True, "excess")
    assert settle(piece, lambda _: True, lambda _: False, "excess") is piece
    assert settle(piece, lambda _: None, lambda _: False, "excess").reason


@pytest.mark.parametrize(
    ("operation", "scope", "outcome"),
    [
        ("Microsoft.Authorization/roleAssignments/write", None, "possible"),
        ("Microsoft.Authorization/*/write", "/subscriptions/a/resourceGroups/rg/providers/x", "possible"),
        ("Microsoft.Authorization/*/write", "/subscriptions/b", "impossible"),
        ("Microsoft.Compute/*", None, "impossible"),
        ("*/delete", None, "possible"),
        ("*", "/", "possible"),
    ],
)
def test_a_question_is_answered_at_a_scope_and_below(operation: str, scope: str | None, outcome: str) -> None:
    documents = [
        role("Microsoft.Authorization/*", nots=("*/read",), name="r1"),
        {"roleDefinitionId": "/x/r1", "scope": "/subscriptions/a/resourceGroups/rg", "principalId": "p"},
    ]
    answer = ask_azure(named("live", documents), [operation], scope=scope)
    assert answer.outcome == outcome
    if answer.witness:
        assert allows_azure(answer.witness, documents) is True
        assert answer.statements == ("live1: 0",)


def test_a_question_about_an_unknown_role_or_condition_is_undecided() -> None:
    assigned = {"roleDefinitionId": "/x/r9", "scope": "/subscriptions/a", "principalId": "p"}
    assert ask_azure(named("live", [assigned]), ["*"]).outcome == "undecided"
    conditional = role("Microsoft.A/x/write")
    conditional["permissions"][0]["condition"] = "@Resource[x] SomethingNew 'y'"
    assert ask_azure(named("live", [conditional]), ["*/write"]).outcome == "undecided"
    assert ask_azure(named("live", [conditional]), ["*/write"], plane="data").outcome == "impossible"


@pytest.mark.parametrize(
    ("condition", "operation", "context", "value"),
    [
        ("@Resource[a:b] StringEquals 'x'", "o/read", {"@Resource[a:b]": "x"}, True),
        ("@Resource[a:b] StringEquals 'x'", "o/read", {"@Resource[a:b]": "X"}, False),
        ("@Resource[a:b] StringEqualsIgnoreCase 'x'", "o/read", {"@Resource[a:b]": "X"}, True),
        ("@Resource[a:b] StringEquals 'it''s'", "o/read", {"@Resource[a:b]": "it's"}, True),
        ("@Resource[a:b] StringEquals 'x'", "o/read", {}, None),
        ("NOT @Resource[a:b] StringEquals 'x'", "o/read", {}, None),
        ("@Resource[a:b] FromTheFuture 'x'", "o/read", {"@Resource[a:b]": "x"}, None),
        ("@Resource[a:b] StringEquals", "o/read", {"@Resource[a:b]": "x"}, None),
        ("ActionMatches{'o/*'}", "o/read", {}, True),
        ("!(ActionMatches{'o/write'})", "o/read", {}, True),
        ("ActionMatches{'o/write'} OR @Resource[a] StringEquals 'x'", "o/write", {}, True),
        ("ActionMatches{'o/write'} AND @Resource[a] StringEquals 'x'", "o/read", {}, False),
        ("SubOperationMatches{'Blob.List'}", "o/read", {"suboperation": "Blob.List"}, True),
        ("SubOperationMatches{'Blob.List'}", "o/read", {}, None),
        ("@Request[g] GuidEquals 00aa-11bb", "o", {"@Request[g]": "00AA11BB"}, True),
        ("@Request[g] ForAnyOfAnyValues:StringEquals {'a', 'b'}", "o", {"@Request[g]": ["c", "b"]}, True),
        ("@Request[g] ForAllOfAnyValues:StringEquals {'a', 'b'}", "o", {"@Request[g]": ["c", "b"]}, False),
        ("@Request[g] ForAllOfAllValues:StringNotEquals {'a', 'b'}", "o", {"@Request[g]": ["c", "d"]}, True),
        ("@Request[g] ForAnyOfAllValues:StringNotEquals {'a', 'b'}", "o", {"@Request[g]": ["a", "d"]}, True),
        ("(" * 5000 + "true" + ")" * 5000, "o", {}, None),
    ],
)  # fmt: skip
def test_a_condition_is_evaluated_or_left_open(
    condition: str, operation: str, context: Body, value: bool | None
) -> None:
    assert holds(condition, operation, context) is value


@pytest.mark.parametrize(
    "text", ["*", "*/read", "Microsoft.A/*", "Microsoft.A/*/write", "a*b*c", "A.B/c", "*.x/*/*/read"]
)
def test_the_example_of_a_pattern_is_one_of_its_operations(text: str) -> None:
    assert Operations((text,)).holds(example_of(text).lower())


# --- every short pattern, against a slow matcher -------------------------------------------------

_LETTERS = "ab*"
_PATTERNS = ["".join(p) for n in (1, 2, 3) for p in itertools.product(_LETTERS, repeat=n)]
_WORDS = ["".join(p) for n in (1, 2, 3, 4, 5) for p in itertools.product("abc", repeat=n)]


def slow(pattern: str, word: str) -> bool:
    if not pattern:
        return not word
    if pattern[0] == "*":
        return slow(pattern[1:], word) or (bool(word) and slow(pattern, word[1:]))
    return bool(word) and word[0] == pattern[0] and slow(pattern[1:], word[1:])


@pytest.mark.parametrize("piece", _PATTERNS)
def test_every_short_question_about_operations_is_answered_exactly(piece: str) -> None:
    rng = random.Random(f"{SEED} {piece}")
    words = [w for w in _WORDS if slow(piece, w)]
    for _ in range(25):
        nots, cover, hole = ([rng.choice(_PATTERNS) for _ in range(rng.randrange(3))] for _ in range(3))
        search = Search(piece, (Operations(tuple(nots)),), (Operations(tuple(cover), tuple(hole)),))
        beyond = {
            w
            for w in words
            if not any(slow(p, w) for p in nots)
            and (any(slow(p, w) for p in hole) or not any(slow(p, w) for p in cover))
        }
        found = search.find()
        assert (found is None) == (not beyond), (piece, nots, cover, hole)
        assert found is None or search.holds(found)
        assert {w for w in words if search.holds(w)} == beyond


# --- random documents ----------------------------------------------------------------------------

_TYPES = ("A.X/t", "A.X/u", "B.Y/t", "B.Y/t/s")
_OPERATIONS = [f"{t}/{v}" for t in _TYPES for v in ("read", "write", "go/action")]
_OPERATION_PATTERNS = [*_OPERATIONS, "*", "*/read", "A.X/*", "a.x/T/*", "*/t/*", "B.Y/*/write", "*action", "B.Y/t/s/*"]
_SCOPES = (
    "/subscriptions/s",
    "/subscriptions/s/resourceGroups/g",
    "/subscriptions/s/resourcegroups/G2",
    "/subscriptions/v",
)
_TRIED = (*_SCOPES, "/", "/subscriptions/s/resourceGroups/g/providers/P.Q/r/n", "/subscriptions/s/resourceGroups/new")
_PRINCIPALS = ("p1", "p2")


def some(rng: random.Random, most: int) -> list[str]:
    return [rng.choice(_OPERATION_PATTERNS) for _ in range(rng.randrange(most + 1))]


def random_role(rng: random.Random, name: str) -> Body:
    blocks = [
        {
            "actions": some(rng, 3),
            "notActions": some(rng, 2),
            "dataActions": some(rng, 1),
            "notDataActions": some(rng, 1),
        }
        for _ in range(rng.choice((1, 1, 2)))
    ]
    return {"name": name, "permissions": blocks}


def random_side(rng: random.Random, *, assigned: bool, denies: bool) -> list[Body]:
    roles = [random_role(rng, f"r{i}") for i in range(rng.choice((1, 2)))]
    if not assigned:
        return roles
    for i in range(rng.choice((1, 2))):
        scope = rng.choice(_SCOPES)
        roles.append({"roleDefinitionId": f"/x/r{i % 2}", "scope": scope, "principalId": rng.choice(_PRINCIPALS)})
    if "r1" not in {r.get("name") for r in roles}:
        roles.append(random_role(rng, "r1"))
    if denies and rng.random() < 0.6:
        roles.append(
            {
                "denyAssignmentName": "d",
                "permissions": [{"actions": some(rng, 2), "notActions": some(rng, 1), "dataActions": []}],
                "scope": rng.choice(_SCOPES),
                "doNotApplyToChildScopes": rng.random() < 0.3,
                "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}],
                "excludePrincipals": [{"id": "p2", "type": "ServicePrincipal"}] if rng.random() < 0.5 else [],
            }
        )
    return roles


def random_pair(rng: random.Random, *, assigned: bool) -> tuple[list[Body], list[Body]]:
    """Return two sides; in half of the pairs one is made of the other by a small change, or by none."""
    live = random_side(rng, assigned=assigned, denies=True)
    if rng.random() < 0.5:
        return live, random_side(rng, assigned=assigned, denies=True)
    other = json.loads(json.dumps(live))
    block = other[0]["permissions"][0]
    change = rng.choice(("actions", "notActions", "dataActions", ""))
    if change and rng.random() < 0.5:
        block[change] = block[change][1:]
    elif change:
        block[change].append(rng.choice(_OPERATION_PATTERNS))
    return (live, other) if rng.random() < 0.5 else (other, live)


def requests(assigned: bool) -> list[Request]:
    places = list(itertools.product(_TRIED, _PRINCIPALS)) if assigned else [("/subscriptions/s", "p1")]
    return [
        Request(who, operation, scope, {"plane": plane})
        for operation in (*_OPERATIONS, "C.Z/new/write", "A.X/v/go/action")
        for plane in ("control", "data")
        for scope, who in places
    ]


@pytest.mark.parametrize("assigned", [False, True])
def test_random_documents_agree_with_the_second_evaluator(assigned: bool) -> None:
    tried = requests(assigned)
    verdicts = set()
    for number in range(PAIRS):
        rng = random.Random(f"{SEED} {assigned} {number}")
        live, documented = random_pair(rng, assigned=assigned)
        result = decide(live, documented)
        verdicts.add(result.verdict)
        assert result.undecided == ()
        said = [
            (r, allows_azure(r, live), allows_azure(r, documented)) for r in rng.sample(tried, min(len(tried), ATTACKS))
        ]
        beyond = [r for r, here, there in said if here and not there]
        lacking = [r for r, here, there in said if there and not here]
        assert not beyond or result.excess, (number, beyond[0])
        assert not lacking or result.missing, (number, lacking[0])
        for piece, one, other in ((p, live, documented) for p in result.excess):
            assert (allows_azure(piece.witness, one), allows_azure(piece.witness, other)) == (True, False)
    assert verdicts >= {"equal", "narrower", "broader", "different"} or PAIRS < 100


def test_containment_is_reflexive_and_transitive() -> None:
    chains = 0
    for number in range(PAIRS):
        rng = random.Random(f"{SEED} law {number}")
        assigned = rng.random() < 0.5
        a, b, c = (random_side(rng, assigned=assigned, denies=True) for _ in range(3))
        assert decide(a, a).verdict == "equal"
        if decide(a, b).contained and decide(b, c).contained:
            chains += 1
            assert decide(a, c).contained
    assert chains or PAIRS < 100


def test_more_documented_or_less_live_never_makes_an_excess() -> None:
    for number in range(PAIRS):
        rng = random.Random(f"{SEED} monotone {number}")
        live, documented = ([random_role(rng, f"r{i}") for i in range(2)] for _ in range(2))
        if decide(live, documented).contained:
            assert decide(live, [*documented, random_role(rng, "more")]).contained
            assert decide(live[:1], documented).contained
            assert decide([live[0]], [*live, *documented]).contained


def test_order_case_duplicates_and_splitting_do_not_matter() -> None:
    for number in range(PAIRS):
        rng = random.Random(f"{SEED} rewrite {number}")
        body = random_role(rng, "r")
        split = []
        for block in body["permissions"]:
            for key, negative in (("actions", "notActions"), ("dataActions", "notDataActions")):
                for action in [*block[key], *block[key]]:
                    recased = "".join(rng.choice((c.upper(), c.lower())) for c in action)
                    split.append(
                        {"permissions": [{key: [recased], negative: rng.sample(block[negative], len(block[negative]))}]}
                    )
        rng.shuffle(split)
        result = decide(split or [{"permissions": []}], [body])
        assert result.verdict == "equal", (number, result)


def test_scopes_contain_by_whole_segments() -> None:
    for outer, inner in itertools.product(_TRIED, repeat=2):
        wide, narrow = outer.strip("/").lower().split("/"), inner.strip("/").lower().split("/")
        expected = wide == [""] or narrow[: len(wide)] == wide
        assert contains(outer, inner, {}) is expected


def test_a_question_with_too_many_states_stays_undecided() -> None:
    wild = [f"*{'a' * i}*b*{'c' * (12 - i)}*d*{i}*" for i in range(12)]
    result = decide(
        [role("*a*b*c*d*", nots=("*Microsoft.Example*", "*example*"))], [role(*wild, "*e*", "*x*", "*y*", "*z*")]
    )
    assert result.verdict in ("undecided", "different")


def test_the_same_input_gives_the_same_answer() -> None:
    rng = random.Random(7)
    live, documented = (random_side(rng, assigned=True, denies=True) for _ in range(2))
    assert decide(live, documented) == decide(live, documented)
