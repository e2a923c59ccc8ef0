"""GCP: one case per documented fact, laws, and random documents against the second evaluator.

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

from scanner.access.gcp.authorize import allows_gcp
from scanner.access.gcp.cel import holds
from scanner.access.gcp.compare import compare_gcp
from scanner.access.gcp.condition import gaps
from scanner.access.gcp.deny import domain_form
from scanner.access.gcp.member import canonical, includes
from scanner.access.gcp.node import below
from scanner.access.gcp.terms import Opaque, parse_condition
from scanner.access.records import NamedDocument, Request
from scanner.errors import PolicyError

Body = dict[str, Any]
FOLDER = Path(__file__).parents[1] / "cases/engine"
CASES = json.loads((FOLDER / "gcp.json").read_text())
INVALID = json.loads((FOLDER / "gcp_invalid.json").read_text())
PAIRS = int(os.environ.get("FUZZ_PAIRS", "400")) // 4
ATTACKS = int(os.environ.get("FUZZ_ATTACKS", "60"))
SEED = os.environ.get("FUZZ_SEED", "1")


def named(side: str, bodies: list[Body]) -> list[NamedDocument]:
    return [NamedDocument(f"{side}{i}", body) for i, body in enumerate(bodies)]


def decide(live: list[Body], documented: list[Body], parents: dict[str, str] | None = None):
    return compare_gcp(named("live", live), named("documented", documented), parents=parents)


def role(name: str, *permissions: str) -> Body:
    return {"name": name, "includedPermissions": list(permissions)}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_the_verdict_is_what_the_documents_mean(case: Body) -> None:
    result = decide(case["live"], case["documented"], case.get("parents"))
    assert result.verdict == case["verdict"], result
    if "kinds" in case:
        assert [p.kind for p in result.excess] == case["kinds"]
    if "permission" in case:
        assert result.excess[0].witness.action == case["permission"]
    if "context" in case:
        assert result.excess[0].witness.context == case["context"]
    if "undecided" in case:
        assert result.undecided
        assert all(case["undecided"] in u.reason for u in result.undecided)
    if "nothing" in case:
        said = [d["live"]["document"] for d in result.certificate["discharged"] if "grants nothing" in d["how"]]
        assert said == case["nothing"]


def test_every_case_names_its_source() -> None:
    assert all(case["source"].startswith("https://") for case in CASES)
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", INVALID, ids=lambda c: c["name"])
def test_an_invalid_document_is_refused_by_name_and_key(case: Body) -> None:
    with pytest.raises(PolicyError) as refused:
        decide([case["document"]], [role("roles/x", "a.b.c")])
    assert "document `live0`" in str(refused.value)
    assert case["message"] in str(refused.value)


def test_a_role_given_twice_with_different_permissions_is_refused() -> None:
    with pytest.raises(PolicyError, match="given twice"):
        decide([role("roles/x", "a.b.c"), role("roles/x", "a.b.d")], [])


def test_the_most_telling_permission_is_the_example() -> None:
    (piece,) = decide([role("roles/x", "a.b.c", "z.y.x", "resourcemanager.projects.setIamPolicy")], []).excess
    assert piece.witness.action == "resourcemanager.projects.setIamPolicy"
    assert piece.actions == ("a.b.c", "resourcemanager.projects.setIamPolicy", "z.y.x")


@pytest.mark.parametrize(
    ("permission", "form"),
    [
        ("iam.roles.list", "iam.googleapis.com/roles.list"),
        ("resourcemanager.projects.delete", "cloudresourcemanager.googleapis.com/projects.delete"),
        ("compute.instances.setMetadata", "compute.googleapis.com/instances.setMetadata"),
        ("cloudonefs.isiloncloud.com/clusters.get", "cloudonefs.isiloncloud.com/clusters.get"),
    ],
)
def test_a_permission_has_a_name_in_deny_policies(permission: str, form: str) -> None:
    assert domain_form(permission) == form


_TIME = {"request.time": "2026-06-03T10:00:00Z"}
_BUCKET = {"resource.name": "projects/_/buckets/porter-1/objects/a/b"}


@pytest.mark.parametrize(
    ("expression", "context", "value"),
    [
        ('request.time < timestamp("2026-06-04T00:00:00Z")', _TIME, True),
        ('request.time < timestamp("2026-06-04T00:00:00Z")', {}, None),
        ("request.time.getHours('Europe/Berlin') == 12", _TIME, True),
        ("request.time.getDayOfWeek('Europe/Berlin') == 3", _TIME, True),
        ("resource.name.startsWith('projects/_/buckets/porter-')", _BUCKET, True),
        ("resource.name.extract('/buckets/{bucket}/') == 'porter-1'", _BUCKET, True),
        ("resource.name.extract('/objects/{rest}') == 'a/b'", _BUCKET, True),
        ("resource.name.extract('{start}/buckets/') == 'projects/_'", _BUCKET, True),
        ("resource.name.extract('/disks/{disk}/') == ''", _BUCKET, True),
        ("resource.matchTag('1/env', 'prod')", {"resource.tags": ["1/env=prod"]}, True),
        ("resource.matchTag('1/env', 'prod')", {"resource.tags": ["1/env=production"]}, False),
        ("resource.matchTag('1/env', 'prod')", {}, None),
        ("resource.matchTagId('tagKeys/1', 'tagValues/2')", {"resource.tagIds": ["tagKeys/1=tagValues/2"]}, True),
        ("resource.hasTagKey('1/env')", {"resource.tags": ["1/env=x"]}, True),
        ("resource.hasTagKey('1/en')", {"resource.tags": ["1/env=x"]}, False),
        ("resource.hasTagKeyId('tagKeys/1')", {"resource.tagIds": []}, False),
        ("api.getAttribute('k', []).hasOnly(['a', 'b'])", {"api:k": ["b"]}, True),
        ("api.getAttribute('k', []).hasOnly(['a', 'b'])", {"api:k": ["b", "c"]}, False),
        ("api.getAttribute('k', '') == 'v'", {"api:k": "v"}, True),
        ("api.getAttribute('k', []).hasOnly(['a'])", {}, None),
        ("resource.type == 'x' && resource.fromTheFuture()", {"resource.type": "x"}, None),
        ("resource.type == 'x' && resource.fromTheFuture()", {"resource.type": "y"}, False),
        ("resource.type == 'x' || resource.fromTheFuture()", {"resource.type": "x"}, True),
        ("resource.type in ['x', 'y']", {"resource.type": "y"}, True),
        ("!(resource.type == 'x')", {"resource.type": "y"}, True),
        ("resource.type", {"resource.type": "y"}, None),
        ("resource.type.matches('x')", {"resource.type": "x"}, None),
        ("request.time < timestamp('2026-06-04T00:00:00Z')", {"request.time": "tomorrow"}, None),
        ("this is not CEL", {}, None),
        ("'unclosed", {}, None),
    ],
)
def test_a_condition_is_evaluated_or_left_open(expression: str, context: Body, value: bool | None) -> None:
    assert holds(expression, context) is value


@pytest.mark.parametrize(
    ("expression", "opaque"),
    [
        ("true", 0),
        ('resource.type == "x" && (resource.service == r"y" && resource.name.endsWith("z"))', 0),
        ('"x" == resource.type && timestamp("2026-01-01T00:00:00Z") > request.time', 0),
        ('resource.type == "x" || resource.type == "y"', 1),
        ('resource.type == "x" && (resource.name == "a" || resource.name == "b")', 1),
        ('!(resource.type == "x")', 1),
        ('resource.type != "x"', 1),
        ('resource.type == "x\\ty"', 1),
        ('resource.type == """x"""', 1),
        ('resource.type == "x" // comment', 1),
        ('request.time < timestamp("2026-01-01T00:00:00.5Z")', 1),
        ('request.time < timestamp("2026-13-01T00:00:00Z")', 1),
        ('resource.name.startsWith("a") ? true : false', 1),
        (" && ".join(["(" * 400 + 'resource.type == "x"' + ")" * 400] * 3), 1),
    ],
)
def test_terms_are_taken_apart_or_stay_opaque_and_are_never_dropped(expression: str, opaque: int) -> None:
    terms = parse_condition(expression)
    assert sum(isinstance(t, Opaque) for t in terms) == opaque
    assert terms or expression == "true"


# --- conditions: exact against a dense grid of values ---------------------------------------------

_TERMS = [
    *(f'request.time {op} timestamp("2026-0{m}-01T00:00:00Z")' for op in ("<", "<=", ">", ">=") for m in (1, 2, 3)),
    *(f'resource.name.{f}("{v}")' for f in ("startsWith", "endsWith") for v in ("a", "ab", "b", "ba", "aba")),
    *(f'resource.name == "{v}"' for v in ("a", "ab", "ba", "abba")),
    *(f'resource.type == "{v}"' for v in ("a", "b")),
]
_MOMENTS = [f"2026-0{m}-{d}T00:00:00Z" for m in (1, 2, 3) for d in ("01", "15")] + ["2025-12-31T00:00:00Z"]
_WORDS = ["".join(w) for n in range(1, 5) for w in itertools.product("abx", repeat=n)]


def random_condition(rng: random.Random) -> str:
    return " && ".join(rng.choice(_TERMS) for _ in range(rng.choice((1, 1, 2, 3))))


def test_implication_between_conditions_is_exact() -> None:
    outcomes = set()
    for number in range(PAIRS * 2):
        rng = random.Random(f"{SEED} condition {number}")
        live, base = random_condition(rng), [random_condition(rng) for _ in range(rng.choice((1, 1, 2)))]
        found = list(gaps(live, base))
        outcomes.add(bool(found))
        assert all(gap.certain for gap in found)
        for gap in found[:3]:
            context = {"resource.name": "n", "resource.type": "t", **_TIME, **gap.context}
            assert holds(live, context) is True, (live, base, gap)
            assert [holds(b, context) for b in base] == [False] * len(base), (live, base, gap)
        tried = [
            {
                "request.time": rng.choice(_MOMENTS),
                "resource.name": rng.choice(_WORDS),
                "resource.type": rng.choice("abx"),
            }
            for _ in range(0 if found else ATTACKS)
        ]
        escapes = [c for c in tried if holds(live, c) and not any(holds(b, c) for b in base)]
        assert not escapes, (live, base)
    assert outcomes == {True, False}


# --- members and nodes ----------------------------------------------------------------------------

_POOL = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools"
_MEMBERS = [
    "allUsers",
    "allAuthenticatedUsers",
    "user:a@x.y",
    "user:b@x.y",
    "serviceAccount:s@p.iam.gserviceaccount.com",
    "serviceAccount:p.svc.id.goog[ns/sa]",
    "group:g@x.y",
    "domain:x.y",
    "projectOwner:p",
    "deleted:user:a@x.y?uid=1",
    "deleted:user:c@x.y?uid=2",
    f"principal://{_POOL}/w/subject/s",
    f"principal://{_POOL}/v/subject/s",
    f"principalSet://{_POOL}/w/*",
    f"principalSet://{_POOL}/w/attribute.a/1",
    f"principalSet://{_POOL}/w/attribute.a/2",
    f"principalSet://{_POOL}/w/attribute.b/1",
    f"principalSet://{_POOL}/w/group/g",
    "principalSet://cloudresourcemanager.googleapis.com/projects/1/type/ServiceAccount",
    "somethingNew:x",
]


@pytest.mark.parametrize("outer", _MEMBERS)
def test_both_evaluators_agree_on_who_is_in_whom(outer: str) -> None:
    bound = [
        role("roles/r", "a.b.c"),
        {"resource": "projects/p", "bindings": [{"role": "roles/r", "members": [outer]}]},
    ]
    for inner in _MEMBERS:
        said = allows_gcp(Request(inner, "a.b.c", "projects/p"), bound)
        assert includes(canonical(outer), canonical(inner)) is said, (outer, inner)


def test_membership_is_reflexive_and_transitive() -> None:
    for a, b, c in itertools.product(_MEMBERS, repeat=3):
        if includes(a, b) and includes(b, c):
            assert includes(a, c), (a, b, c)
    assert all(includes(m, m) for m in _MEMBERS)


@pytest.mark.parametrize(
    ("deny", "allow"),
    [
        ("principalSet://goog/public:all", "allUsers"),
        ("principal://goog/subject/Ann@Example.com", "user:ann@example.com"),
        ("principalSet://goog/group/g@example.com", "group:g@example.com"),
        ("principal://iam.googleapis.com/projects/-/serviceAccounts/s@p.iam", "serviceAccount:s@p.iam"),
        ("deleted:principal://goog/subject/a@x.y?uid=1", "deleted:user:a@x.y?uid=1"),
    ],
)
def test_the_names_of_deny_policies_are_those_of_allow_policies(deny: str, allow: str) -> None:
    assert canonical(deny) == canonical(allow)


_UP = {
    "projects/p": "folders/1",
    "projects/q": "folders/2",
    "folders/1": "organizations/9",
    "folders/2": "organizations/9",
}
_NODES = [
    "projects/p",
    "projects/q",
    "projects/7",
    "projects/new",
    "folders/1",
    "folders/2",
    "folders/3",
    "organizations/9",
]


def test_both_evaluators_agree_on_what_lies_below_what() -> None:
    nodes = [*_NODES, "storage.googleapis.com/projects/_/buckets/b", "organizations/8"]
    for outer, inner in itertools.product(nodes, repeat=2):
        bound = [
            role("roles/r", "a.b.c"),
            {"resource": outer, "bindings": [{"role": "roles/r", "members": ["allUsers"]}]},
        ]
        assert below(inner, outer, _UP) is allows_gcp(Request("user:a@x.y", "a.b.c", inner), bound, parents=_UP), (
            outer,
            inner,
        )


def test_a_hierarchy_that_goes_in_circles_ends() -> None:
    circle = {"folders/1": "folders/2", "folders/2": "folders/1"}
    assert below("folders/1", "organizations/9", circle) is None


# --- random documents -----------------------------------------------------------------------------

_PERMISSIONS = [f"a.{r}.{v}" for r in ("x", "y") for v in ("get", "set")] + ["resourcemanager.projects.setIamPolicy"]
_WHO = [
    "user:a@x.y",
    "user:b@x.y",
    "serviceAccount:s@p.iam",
    "allUsers",
    f"principal://{_POOL}/w/subject/s",
    f"principalSet://{_POOL}/w/*",
]
_DENIED = ["principalSet://goog/public:all", "principal://goog/subject/a@x.y", f"principalSet://{_POOL}/w/*"]
_WHERE = ["projects/p", "projects/q", "folders/1", "organizations/9"]


def random_policy(rng: random.Random) -> Body:
    bindings = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        binding: Body = {"role": f"roles/r{rng.randrange(3)}", "members": rng.sample(_WHO, rng.choice((1, 2)))}
        if rng.random() < 0.4:
            binding["condition"] = {"title": "t", "expression": random_condition(rng)}
        bindings.append(binding)
    return {"resource": rng.choice(_WHERE), "bindings": bindings}


def random_deny(rng: random.Random) -> Body:
    rule: Body = {
        "deniedPrincipals": rng.sample(_DENIED, rng.choice((1, 1, 2))),
        "exceptionPrincipals": rng.sample(_DENIED[1:], rng.choice((0, 0, 1))),
        "deniedPermissions": [domain_form(p) for p in rng.sample(_PERMISSIONS, 2)],
        "exceptionPermissions": [domain_form(p) for p in rng.sample(_PERMISSIONS, rng.choice((0, 1)))],
    }
    where = rng.choice(_WHERE).replace("/", "%2F")
    return {
        "name": f"policies/cloudresourcemanager.googleapis.com%2F{where}/denypolicies/d",
        "rules": [{"denyRule": rule}],
    }


def random_roles(rng: random.Random) -> list[Body]:
    return [role(f"roles/r{i}", *rng.sample(_PERMISSIONS, rng.randrange(1, 5))) for i in range(3)]


def random_side(rng: random.Random) -> list[Body]:
    denies = [random_deny(rng)] if rng.random() < 0.3 else []
    return [*random_roles(rng), *(random_policy(rng) for _ in range(rng.choice((1, 2)))), *denies]


def random_pair(rng: random.Random) -> tuple[list[Body], list[Body]]:
    """Return two sides; in half of the pairs one is made of the other by a small change, or by none."""
    live = random_side(rng)
    if rng.random() < 0.5:
        return live, random_side(rng)
    other = json.loads(json.dumps(live))
    bindings = next(d["bindings"] for d in other if "bindings" in d)
    change = rng.choice(("binding", "condition", "member", ""))
    if change == "binding":
        bindings.append(random_policy(rng)["bindings"][0])
    elif change == "condition":
        bindings[0].pop("condition", None)
    elif change == "member":
        bindings[0]["members"] = ["allUsers"]
    return (live, other) if rng.random() < 0.5 else (other, live)


def requests(rng: random.Random) -> list[Request]:
    contexts = [
        {"request.time": rng.choice(_MOMENTS), "resource.name": rng.choice(_WORDS), "resource.type": rng.choice("abx")}
        for _ in range(ATTACKS)
    ]
    return [Request(rng.choice(_WHO), rng.choice(_PERMISSIONS), rng.choice(_WHERE), context) for context in contexts]


def test_random_documents_agree_with_the_second_evaluator() -> None:
    verdicts = set()
    for number in range(PAIRS):
        rng = random.Random(f"{SEED} {number}")
        live, documented = random_pair(rng)
        result = decide(live, documented, _UP)
        verdicts.add(result.verdict)
        assert result.undecided == (), (number, result.undecided)
        for request in requests(rng):
            here, there = (allows_gcp(request, side, parents=_UP) for side in (live, documented))
            assert here is not None, request
            assert there is not None, request
            assert not (here and not there) or result.excess, (number, request)
            assert not (there and not here) or result.missing, (number, request)
        for piece in result.excess:
            assert allows_gcp(piece.witness, live, parents=_UP) is True
            assert allows_gcp(piece.witness, documented, parents=_UP) is False
    assert verdicts >= {"equal", "narrower", "broader", "different"} or PAIRS < 100


def test_containment_is_reflexive_transitive_and_monotone() -> None:
    chains = 0
    for number in range(PAIRS):
        rng = random.Random(f"{SEED} law {number}")
        roles = random_roles(rng)
        a, b, c = ([*roles, *(random_policy(rng) for _ in range(n))] for n in (1, 2, 3))
        assert decide(a, a, _UP).verdict == "equal"
        if decide(a, b, _UP).contained and decide(b, c, _UP).contained:
            chains += 1
            assert decide(a, c, _UP).contained
        assert decide(a, [*a, random_policy(rng)], _UP).contained
        assert decide([*a, random_deny(rng)], a, _UP).contained
        union = [*a, *b[3:], *c[3:]]
        assert decide(b, union, _UP).contained
    assert chains or PAIRS < 100


def test_order_duplicates_and_splitting_do_not_matter() -> None:
    for number in range(PAIRS):
        rng = random.Random(f"{SEED} rewrite {number}")
        roles, policy = random_roles(rng), random_policy(rng)
        split = [
            {**policy, "bindings": [{**binding, "members": [member, member]}]}
            for binding in policy["bindings"]
            for member in binding["members"]
        ]
        rng.shuffle(split)
        reordered = [{**r, "includedPermissions": r["includedPermissions"][::-1] * 2} for r in reversed(roles)]
        assert decide([*split, *reordered], [*roles, policy], _UP).verdict == "equal"


def test_brute_force_over_every_short_list_of_permissions_agrees() -> None:
    subsets = [s for n in range(4) for s in itertools.combinations(_PERMISSIONS[:3], n)]
    for live, documented in itertools.product(subsets, repeat=2):
        result = decide([role("roles/l", *live)], [role("roles/d", *documented)])
        expected = {
            (True, True): "equal",
            (True, False): "narrower",
            (False, True): "broader",
            (False, False): "different",
        }[set(live) <= set(documented), set(documented) <= set(live)]
        assert result.verdict == expected
        assert [p.actions for p in result.excess] == [tuple(sorted(set(live) - set(documented)))] * bool(result.excess)
