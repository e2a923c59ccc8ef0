"""Comparison: one case per documented fact, and laws that hold for the documented roles and their mutations."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.access.compare import ask, compare
from scanner.access.records import Comparison, NamedDocument, Question
from scanner.app.catalogue import load_catalogue
from scanner.baseline.documents import permission_documents
from scanner.baseline.load import find, load_aws
from scanner.errors import PolicyError

Policy = dict[str, Any]
CATALOGUE = load_catalogue()
CASES = json.loads((Path(__file__).parents[1] / "cases/engine/compare.json").read_text())
BASELINE = load_aws(find("porter@2026-05"))
ROLES = {r.key: permission_documents(r, BASELINE.aliases) for r in BASELINE.roles}


def document(*statements: Policy, version: str | None = "2012-10-17") -> list[NamedDocument]:
    body: Policy = {"Statement": list(statements)}
    return [NamedDocument("policy", {"Version": version, **body} if version else body)]


def decide(live: list[NamedDocument], documented: list[NamedDocument], kind: str = "identity") -> Comparison:
    return compare(live, documented, kind=kind, catalogue=CATALOGUE, account_id="111122223333")


def statements_of(documents: tuple[NamedDocument, ...]) -> list[Policy]:
    return [dict(s) for d in documents for s in d.body["Statement"]]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_the_verdict_is_what_the_language_means(case: dict[str, Any]) -> None:
    result = decide(document(*case["live"]), document(*case["documented"]), case["kind"])
    expected = case["verdict"]
    assert result.verdict in (expected if isinstance(expected, list) else [expected]), result
    if "excess_kinds" in case:
        assert [p.kind for p in result.excess] == case["excess_kinds"]
    if "latent" in case:
        assert [p.latent for p in result.excess] == case["latent"]
    if "undecided" in case:
        assert all(u.reason.startswith(case["undecided"]) for u in result.undecided)


@pytest.mark.parametrize("role", ROLES)
def test_every_documented_role_equals_itself(role: str) -> None:
    result = decide(list(ROLES[role]), list(ROLES[role]))
    assert (result.verdict, result.undecided) == ("equal", ())
    assert result.certificate["discharged"]


@pytest.mark.parametrize("role", ROLES)
def test_shuffled_split_recased_statements_are_still_equal(role: str) -> None:
    rng = random.Random(role)
    pieces: list[Policy] = []
    for statement in statements_of(ROLES[role]):
        for action in statement["Action"]:
            recased = "".join(rng.choice((c.upper(), c.lower())) for c in action)
            pieces.append({**statement, "Action": recased, "Sid": f"s{len(pieces)}"})
    rng.shuffle(pieces)
    assert decide(document(*pieces), list(ROLES[role])).verdict == "equal"


def _add_action(s: Policy) -> Policy:
    return {**s, "Action": [*s["Action"], "organizations:LeaveOrganization"]}


def _service_wildcard(s: Policy) -> Policy:
    return {**s, "Action": [*s["Action"], s["Action"][0].split(":")[0] + ":*"]}


def _last_letter_free(s: Policy) -> Policy:
    return {**s, "Action": [s["Action"][0][:-1] + "*", *s["Action"][1:]]}


def _any_resource(s: Policy) -> Policy:
    return {**s, "Resource": "*"}


def _no_condition(s: Policy) -> Policy:
    return {k: v for k, v in s.items() if k != "Condition"}


def _condition_if_exists(s: Policy) -> Policy:
    block = s.get("Condition", {})
    return {**s, "Condition": {(o if o == "Null" else o + "IfExists"): keys for o, keys in block.items()}}


def _not_action(s: Policy) -> Policy:
    return {**{k: v for k, v in s.items() if k != "Action"}, "NotAction": "iam:GetRole"}


MUTATIONS: dict[str, Callable[[Policy], Policy]] = {
    f.__name__: f
    for f in (
        _add_action,
        _service_wildcard,
        _last_letter_free,
        _any_resource,
        _no_condition,
        _condition_if_exists,
        _not_action,
    )
}


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("role", ROLES)
def test_a_mutated_statement_is_found_unless_the_role_grants_the_same_elsewhere(role: str, mutation: str) -> None:
    """Every mutant is beyond the documents, or a proof says why not; a documented role is never beyond its mutant."""
    original = list(ROLES[role])
    statements = statements_of(ROLES[role])
    found = 0
    for i, statement in enumerate(statements):
        changed = MUTATIONS[mutation](statement)
        if changed == statement:
            continue
        mutant = document(*statements[:i], changed, *statements[i + 1 :])
        result = decide(mutant, original)
        assert not result.undecided
        assert result.verdict in ("broader", "equal", "different")
        found += bool(result.excess)
    if mutation in ("_add_action", "_not_action"):
        assert found == len(statements)


def test_adding_an_allow_to_the_documents_never_makes_live_exceed_them() -> None:
    for case in CASES:
        if case["kind"] == "identity":
            more = [*case["documented"], {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
            before = decide(document(*case["live"]), document(*case["documented"]))
            after = decide(document(*case["live"]), document(*more))
            assert not (before.contained and after.excess), case["name"]


def test_adding_a_deny_to_live_never_makes_it_exceed_the_documents() -> None:
    for case in CASES:
        if case["kind"] == "identity":
            less = [*case["live"], {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::a*"}]
            before = decide(document(*case["live"]), document(*case["documented"]))
            after = decide(document(*less), document(*case["documented"]))
            assert not (before.contained and after.excess), case["name"]


def test_an_unpublished_wildcard_rest_is_found_after_all_published_actions() -> None:
    published = [f"sts:{n}" for n in CATALOGUE.actions("sts")]
    result = decide(
        document({"Effect": "Allow", "Action": "sts:*", "Resource": "*"}),
        document({"Effect": "Allow", "Action": published, "Resource": "*"}),
    )
    (piece,) = result.excess
    assert piece.latent


def test_witnesses_name_published_actions_and_the_scanned_account() -> None:
    result = decide(
        document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
    )
    (piece,) = result.excess
    assert CATALOGUE.is_published(piece.witness.action)
    assert ":111122223333:" in piece.witness.resource


ALLOW_ALL = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("body", "fragment"),
    [
        ({"Version": "2012-10-17"}, "Statement is missing"),
        ({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}, "Action"),
        ({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*"}]}, "Resource"),
        ({"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "NotAction": "iam:*"}]}, "NotAction"),
        ({"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "Effect": "allow"}]}, "Effect"),
        ({"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "Acton": "x"}]}, "Acton"),
        ({"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "Principal": "*"}]}, "Principal"),
        ({"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "Action": "GetObject"}]}, "GetObject"),
        ({"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "Action": []}]}, "Action is empty"),
        ({"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "Condition": {"StringIs": {"k": "v"}}}]}, "StringIs"),
        ({"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "Condition": {"NullIfExists": {"k": "true"}}}]}, "Null"),
        (
            {"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "Condition": {"IpAddress": {"k": "10.0.0.0/99"}}}]},
            "/99",
        ),
        ({"Version": "2012-10-17", "Statement": [{**ALLOW_ALL, "Condition": {"DateEquals": {"k": "soon"}}}]}, "soon"),
        (
            {
                "Version": "2012-10-17",
                "Statement": [{**ALLOW_ALL, "Condition": {"Bool": {"k:a": "true", "K:A": "true"}}}],
            },
            "K:A",
        ),
        ({"Version": "2030-01-01", "Statement": [ALLOW_ALL]}, "2030-01-01"),
        ({"Version": "2012-10-17", "Statement": [ALLOW_ALL], "Note": 1}, "Note"),
    ],
)
def test_an_invalid_document_is_refused_by_name(body: Policy, fragment: str) -> None:
    with pytest.raises(PolicyError) as error:
        compare([NamedDocument("inline `x`", body)], document(ALLOW_ALL))
    assert "inline `x`" in str(error.value)
    assert fragment in str(error.value)


def test_without_version_a_variable_is_literal_text() -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:username}"}
    result = decide(document(statement, version=None), document(statement))
    assert result.verdict != "equal"


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        ({"StringEquals": {"sts:ExternalId": "xid"}}, "impossible"),
        ({"StringEqualsIfExists": {"sts:ExternalId": "xid"}}, "possible"),
        ({"ForAllValues:StringEquals": {"sts:ExternalId": "xid"}}, "possible"),
        ({"StringLike": {"sts:ExternalId": "*"}}, "possible"),
        ({"StringEquals": {"sts:ExternalId": ["xid", "other"]}}, "possible"),
        ({}, "possible"),
    ],
)
def test_may_the_role_be_assumed_with_another_external_id(condition: Policy, outcome: str) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::108458755588:role/CAPIManagement"},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    question = Question(("sts:AssumeRole",), conditions={"StringNotEquals": {"sts:ExternalId": "xid"}})
    assert ask(document(trust), question, kind="trust", catalogue=CATALOGUE).outcome == outcome


def test_a_question_is_answered_over_all_documents_and_denies() -> None:
    allow = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}
    question = Question(("iam:PassRole",))
    assert ask(document(allow), question, catalogue=CATALOGUE).outcome == "possible"
    assert ask(document(allow, deny), question, catalogue=CATALOGUE).outcome == "impossible"


BOUNDARY = {"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}
CONTROL = [
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
]


@pytest.mark.parametrize(
    ("live", "layers", "excess"),
    [
        (["iam:CreateUser"], [], ["iam:CreateUser"]),
        (["iam:CreateUser"], [document(BOUNDARY)], []),
        (["s3:DeleteBucket"], [document(BOUNDARY)], ["s3:DeleteBucket"]),
        (["s3:DeleteBucket"], [document(*CONTROL)], []),
        (["iam:CreateUser", "s3:PutObject"], [document(*CONTROL), document(BOUNDARY)], ["s3:PutObject"]),
        (["*"], [document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})], ["*"]),
        (["iam:*"], [document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})], []),
    ],
)
def test_layers_take_away_and_never_add(live: list[str], layers: list[list[NamedDocument]], excess: list[str]) -> None:
    statement = {"Effect": "Allow", "Action": live, "Resource": "*"}
    documented = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    result = compare(document(statement), documented, catalogue=CATALOGUE, layers=layers)
    assert [a for p in result.excess for a in p.actions] == excess
