from __future__ import annotations

import ast
import inspect
import itertools
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.access.evaluator.authorize import allows, authorize
from scanner.access.evaluator.text import _regex, _walk, matches, plain
from scanner.access.records import Request
from scanner.errors import InputError, PolicyError, UsageError

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def _vectors() -> Iterator[object]:
    for path in sorted(VECTORS.glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8")):
            yield pytest.param(vector, id=f"{path.stem}: {vector['name']}")


def _answer(vector: dict) -> object:
    if "layers" in vector:
        return authorize(vector["request"], **vector["layers"]).effect
    return allows(
        vector["documents"], vector["request"], kind=vector["kind"], reading=vector.get("reading", "crossing")
    )


@pytest.mark.parametrize("vector", list(_vectors()))
def test_language_fact(vector):
    expected = vector["expected"]
    if isinstance(expected, dict):
        with pytest.raises(PolicyError) as caught:
            _answer(vector)
        assert expected["error"] in str(caught.value)
    else:
        assert _answer(vector) == expected


# --- the decision itself

ROLE = "arn:aws:iam::111122223333:role/deploy"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:jobs"


def _document(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _statement(effect: str = "Allow", sid: str | None = None, **elements: object) -> dict:
    named = {} if sid is None else {"Sid": sid}
    return {**named, "Effect": effect, "Action": "sqs:*", "Resource": "*", **elements}


def _request(action: str = "sqs:SendMessage", resource: str = QUEUE, principal: str | None = ROLE, **context) -> dict:
    return {"principal": principal, "action": action, "resource": resource, "context": context}


def test_a_decision_names_each_layer_and_the_statements_that_decided():
    decision = authorize(
        _request(),
        identity=[_document(_statement(sid="Reads", Action="s3:*")), _document(_statement(sid="Queues"))],
        boundary=_document(_statement()),
        scps=[[_document(_statement())]],
    )
    assert [(layer.layer, layer.effect) for layer in decision.layers] == [
        ("scps[0]", "allowed"),
        ("identity", "allowed"),
        ("boundary", "allowed"),
    ]
    assert [(s.layer, s.document, s.statement, s.effect) for s in decision.statements] == [
        ("scps[0]", 0, "0", "Allow"),
        ("identity", 1, "Queues", "Allow"),
        ("boundary", 0, "0", "Allow"),
    ]


def test_an_explicit_deny_names_only_the_statements_that_deny():
    decision = authorize(
        _request(), identity=[_document(_statement(), _statement("Deny", sid="No"))], scps=[[_document(_statement())]]
    )
    assert [(s.layer, s.statement, s.effect) for s in decision.statements] == [("identity", "No", "Deny")]
    assert decision.reason == "a Deny statement of identity applies"


def test_an_undecided_answer_names_the_element_and_the_statement():
    decision = authorize(_request(), identity=[_document(_statement(sid="Odd", Action="s*:SendMessage"))])
    assert decision.effect == "undecided"
    assert decision.reason == "identity: a wildcard in the service part of an action"
    assert [s.statement for s in decision.statements] == ["Odd"]


def test_a_layer_that_does_not_bind_says_why():
    decision = authorize(
        _request("ec2:StartInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"),
        identity=[_document(_statement(Action="*"))],
        rcps=[_document(_statement("Deny", Action="*", Principal="*"))],
    )
    rcps = decision.layers[0]
    assert (rcps.layer, rcps.effect) == ("rcps", "not_applicable")
    assert "do not apply to `ec2`" in rcps.reason


def test_an_assumed_owner_is_said():
    decision = authorize(_request("s3:GetObject", "arn:aws:s3:::b/x"), identity=[_document(_statement(Action="s3:*"))])
    assert decision.effect == "allowed"
    assert "taken as the principal's own" in decision.reason


def test_a_statement_that_cannot_matter_does_not_make_the_answer_undecided():
    doubtful = _statement("Deny", Action="s*:SendMessage", Condition={"StringEquals": {"k:x": "a"}})
    assert authorize(_request(), identity=[_document(_statement(), doubtful)]).effect == "allowed"


@pytest.mark.parametrize(
    ("request_", "trouble"),
    [
        ({"action": "sqs:*", "resource": QUEUE}, "is not one `service:Name`"),
        ({"action": "SendMessage", "resource": QUEUE}, "is not one `service:Name`"),
        ({"action": "sqs:SendMessage"}, "resource"),
        ({"action": "sqs:SendMessage", "resource": QUEUE, "principal": 1}, "principal is not text"),
        ({"action": "sqs:SendMessage", "resource": QUEUE, "contxt": {}}, "unknown key `contxt`"),
        ({"action": "sqs:SendMessage", "resource": QUEUE, "context": []}, "context is not an object"),
        ({"action": "sqs:SendMessage", "resource": QUEUE, "context": {"k:x": {}}}, "`k:x`"),
        ({"action": "sqs:SendMessage", "resource": QUEUE, "context": {"k:x": "a", "K:x": "b"}}, "twice"),
    ],
)
def test_what_is_not_one_concrete_request_is_refused(request_, trouble):
    with pytest.raises(InputError) as caught:
        authorize(request_)
    assert trouble in str(caught.value)


@pytest.mark.parametrize("option", [{"kind": "scp"}, {"reading": "loose"}])
def test_unknown_options_are_refused(option):
    with pytest.raises(UsageError):
        allows([], _request(), **option)


def test_a_request_record_and_a_mapping_are_the_same():
    documents = [_document(_statement(Condition={"StringEquals": {"k:x": "a"}}))]
    record = Request(principal=ROLE, action="sqs:SendMessage", resource=QUEUE, context={"k:x": "a"})
    assert allows(documents, record) is True
    assert allows(documents, _request(**{"k:x": "a"})) is True


def test_an_unnamed_principal_is_decided_where_the_name_does_not_matter():
    request = _request(principal=None)
    assert authorize(request, identity=[_document(_statement())]).effect == "allowed"
    named = {"Version": "2012-10-17", "Statement": _statement(Principal={"AWS": ROLE})}
    assert allows([named], request, kind="resource") is None
    assert allows([{"Statement": _statement(Principal="*")}], request, kind="resource") is True


def test_the_second_evaluator_shares_no_code_with_the_comparison_engine():
    package = Path(inspect.getfile(authorize)).parent
    permitted = {"scanner.errors", "scanner.model.common", "scanner.access.records"}
    for path in package.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scanner"):
                assert node.module in permitted or node.module.startswith("scanner.access.evaluator."), path.name
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("scanner") for alias in node.names), path.name


# --- wildcards


def _slow(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return _slow(pattern[1:], text) or (bool(text) and _slow(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and _slow(pattern[1:], text[1:])


def test_wildcards_agree_with_a_slow_reference_on_every_short_pattern():
    texts = ["".join(t) for size in range(5) for t in itertools.product("ab", repeat=size)]
    for size in range(5):
        for letters in itertools.product("ab*?", repeat=size):
            atoms = plain("".join(letters), True).readings[0]
            for text in texts:
                assert matches(atoms, text) == _slow("".join(letters), text), (letters, text)


def test_many_stars_agree_with_few_stars_in_both_readings():
    rng = random.Random(7)
    for _ in range(3000):
        pattern = "".join(rng.choice("a:*?") for _ in range(rng.randint(0, 7)))
        text = "".join(rng.choice("a:b") for _ in range(rng.randint(0, 7)))
        atoms = plain(pattern, True).readings[0]
        for reading in ("crossing", "segment"):
            assert _walk(atoms, text, reading) == (_regex(atoms, reading).fullmatch(text) is not None)


def test_a_hostile_pattern_takes_no_time():
    started = time.perf_counter()
    assert allows([_document(_statement(Resource="*a?" * 70))], _request(resource="a" * 250)) is None
    document = _document(_statement(Resource=f"arn:aws:sqs:*:*:{'*a?' * 70}b"))
    assert allows([document], _request(resource=f"arn:aws:sqs:::{'a' * 250}")) is False
    assert time.perf_counter() - started < 1


# --- laws

KEYS = ("aws:PrincipalTag/team", "aws:TagKeys", "s3:max-keys")
_values = st.sampled_from(["a", "ab", "b", "A", "*", "a*", ""])
_conditions = st.dictionaries(
    st.sampled_from(
        [
            "StringEquals",
            "StringNotLike",
            "StringLikeIfExists",
            "ForAllValues:StringLike",
            "ForAnyValue:StringNotEquals",
        ]
    ),
    st.dictionaries(st.sampled_from(KEYS[:2]), st.lists(_values, max_size=2), max_size=2),
    max_size=2,
)
_statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Condition": _conditions},
).flatmap(
    lambda base: st.builds(
        lambda action, actions, resource, resources: {**base, action: actions, resource: resources},
        st.sampled_from(["Action", "NotAction"]),
        st.lists(st.sampled_from(["s3:Get*", "s3:PutObject", "iam:*", "*"]), min_size=1, max_size=2),
        st.sampled_from(["Resource", "NotResource"]),
        st.lists(st.sampled_from(["arn:aws:s3:::b/*", "arn:aws:s3:::b/a", "*"]), min_size=1, max_size=2),
    )
)
_documents = st.lists(st.lists(_statements, max_size=3).map(lambda s: _document(*s)), max_size=3)
_requests = st.builds(
    lambda action, resource, context: _request(action, resource, **context),
    st.sampled_from(["s3:GetObject", "s3:PutObject", "iam:CreateUser"]),
    st.sampled_from(["arn:aws:s3:::b/a", "arn:aws:s3:::c", "*"]),
    st.dictionaries(st.sampled_from(KEYS[:2]), st.one_of(_values, st.lists(_values, max_size=2)), max_size=2),
)


@given(_documents, _requests)
def test_a_deny_of_everything_beats_every_allow(documents, request):
    everything = _document({"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert allows([*documents, everything], request) is False
    assert authorize(request, identity=[*documents, everything]).effect == "explicit_deny"


@given(_documents, _statements, _requests)
def test_adding_an_allow_never_removes_a_grant(documents, statement, request):
    added = _document({**statement, "Effect": "Allow"})
    if allows(documents, request) is True:
        assert allows([*documents, added], request) is True


@given(_documents, _statements, _requests)
def test_adding_a_deny_never_grants(documents, statement, request):
    added = _document({**statement, "Effect": "Deny"})
    if allows(documents, request) is False:
        assert allows([*documents, added], request) is False


@given(_documents, _requests, st.randoms(use_true_random=False))
def test_order_and_duplicates_do_not_matter(documents, request, rng):
    shuffled = [_document(*rng.sample(d["Statement"], len(d["Statement"])), *d["Statement"]) for d in documents]
    rng.shuffle(shuffled)
    assert allows([*shuffled, *documents], request) == allows(documents, request)


@given(_documents, _requests)
def test_splitting_documents_into_one_statement_each_does_not_matter(documents, request):
    split = [_document(statement) for document in documents for statement in document["Statement"]]
    assert allows(split, request) == allows(documents, request)


@given(_documents, _requests)
def test_letter_case_of_actions_operators_and_keys_does_not_matter(documents, request):
    def swapped(statement: dict) -> dict:
        folded = {k: [a.swapcase() for a in v] if k.endswith("Action") else v for k, v in statement.items()}
        block = statement["Condition"]
        folded["Condition"] = {o.upper(): {k.upper(): v for k, v in keys.items()} for o, keys in block.items()}
        return folded

    other = [_document(*(swapped(s) for s in d["Statement"])) for d in documents]
    assert allows(other, request) == allows(documents, request)


@given(_documents, _requests)
def test_an_identity_alone_is_decided_as_its_documents_are(documents, request):
    """Within one account, without any other layer, `authorize` and `allows` are two ways to ask the same."""
    effect = authorize(request, identity=documents).effect
    assert {True: effect == "allowed", False: effect.endswith("_deny"), None: effect == "undecided"}[
        allows(documents, request)
    ]


@given(_documents, _documents, _requests)
def test_a_boundary_never_grants(documents, boundary, request):
    limit = _document(*(s for d in boundary for s in d["Statement"]))
    with_boundary = authorize(request, identity=documents, boundary=limit).effect
    if authorize(request, identity=documents).effect.endswith("_deny"):
        assert with_boundary.endswith("_deny")
    if with_boundary == "allowed":
        assert allows([limit], request) is True
