"""Redaction: nothing leaks, structure stays, equal values stay equal."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from gaad import trust
from hypothesis import given
from hypothesis import strategies as st

from scanner.collect.redact import Redactor, names_external_id

KEY = b"k" * 32
SECRET = "kept-very-secret-4711"
KEY_ID = "AKIA" + "TESTONLY" + "NOTREAL1"
TOKEN = re.compile(r"xid-[0-9a-f]{24}")


def redacted(document: Any, expected: str | None = None) -> tuple[Any, Redactor]:
    redactor = Redactor(KEY, expected)
    changed = copy.deepcopy(document)
    redactor.document(changed)
    return changed, redactor


PLACES: dict[str, dict[str, Any]] = {
    "plain": {"StringEquals": {"sts:ExternalId": SECRET}},
    "a list": {"StringEquals": {"sts:ExternalId": [SECRET, "other-value"]}},
    "any case": {"stringlike": {"STS:EXTERNALID": SECRET}},
    "if exists": {"StringEqualsIfExists": {"sts:ExternalId": SECRET}},
    "set-qualified": {"ForAnyValue:StringLike": {"sts:ExternalId": [f"{SECRET}*"]}},
    "negated": {"StringNotEquals": {"sts:ExternalId": SECRET}},
    "unknown operator": {"Whatever": {"sts:ExternalId": SECRET}},
    "blanks around the key": {"StringEquals": {" sts:ExternalId ": SECRET}},
    "nested where no value belongs": {"StringEquals": {"sts:ExternalId": {"x": [SECRET]}}},
    "a default of a variable": {"StringEquals": {"sts:ExternalId": "${aws:PrincipalTag/x, '" + SECRET + "'}"}},
    "a null operator with a value": {"Null": {"sts:ExternalId": SECRET}},
}


@pytest.mark.parametrize("conditions", PLACES.values(), ids=PLACES)
def test_an_external_id_is_gone_wherever_a_policy_may_hold_it(conditions: dict[str, Any]) -> None:
    changed, redactor = redacted({"Policies": [{"anything": trust(conditions)}]})
    assert SECRET not in json.dumps(changed)
    assert TOKEN.search(json.dumps(changed))
    assert redactor.count >= 1


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("abc", "T"),
        ("abc*", "T*"),
        ("*", "*"),
        ("", ""),
        ("a?c", "T?T"),
        ("*abc*def?", "*T*T?"),
        ("${aws:PrincipalAccount}", "${aws:PrincipalAccount}"),
        ("pre-${aws:PrincipalTag/x}-post", "T${aws:PrincipalTag/x}T"),
        ("a${*}b", "T${*}T"),
        ("${aws:PrincipalTag/x, 'secret'}", "${aws:PrincipalTag/x, 'T'}"),
        ("${unclosed", "T"),
    ],
)
def test_wildcards_variables_and_emptiness_stay_in_place(value: str, pattern: str) -> None:
    assert TOKEN.sub("T", Redactor(KEY).token(value)) == pattern


@pytest.mark.parametrize(
    ("value", "wildcard", "empty"),
    [("abc", False, False), ("a*", True, False), ("?", True, False), ("", False, True), ("${*}", False, False)],
)
def test_a_fact_says_what_may_be_known(value: str, wildcard: bool, empty: bool) -> None:
    redactor = Redactor(KEY)
    redactor.external_id(value)
    fact = redactor.facts()[0]
    assert (fact.wildcard, fact.empty, fact.equals_expected) == (wildcard, empty, None)


def test_a_null_operator_keeps_its_true_and_false() -> None:
    conditions = {"Null": {"sts:ExternalId": "true"}, "ForAllValues:Null": {"sts:ExternalId": ["False"]}}
    changed, redactor = redacted(trust(conditions))
    assert changed["Statement"][0]["Condition"] == conditions
    assert redactor.facts() == ()


def test_booleans_and_numbers_keep_or_lose_their_value_as_they_should() -> None:
    changed, _ = redacted({"StringEquals": {"sts:ExternalId": [True, None, 4711]}})
    kept = changed["StringEquals"]["sts:ExternalId"]
    assert kept[:2] == [True, None]
    assert TOKEN.fullmatch(kept[2])


def test_other_keys_and_the_shape_of_the_document_stay() -> None:
    conditions = {"StringEquals": {"sts:ExternalId": SECRET, "aws:SourceAccount": "123456789012"}}
    document = trust(conditions)
    changed, redactor = redacted(document)
    changed["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = SECRET
    assert changed == document
    assert redactor.count == 1


def test_another_key_gives_another_token() -> None:
    assert Redactor(b"a" * 32).token(SECRET) != Redactor(b"b" * 32).token(SECRET)


def test_equality_with_the_expected_value_is_exact() -> None:
    conditions = {"StringLike": {"sts:ExternalId": [SECRET, SECRET.upper(), f"{SECRET}*"]}}
    _, redactor = redacted(trust(conditions), expected=SECRET)
    assert sorted(str(fact.equals_expected) for fact in redactor.facts()) == ["False", "False", "True"]


@given(st.lists(st.text(alphabet="ab*?-", min_size=0, max_size=6), max_size=8))
def test_equal_values_have_equal_tokens_and_different_values_do_not(values: list[str]) -> None:
    redactor = Redactor(KEY)
    tokens = {value: redactor.external_id(value) for value in values}
    assert len(set(tokens.values())) == len(tokens)
    assert [fact.token for fact in redactor.facts()] == sorted(tokens.values())


LETTERS = st.text(alphabet="abcdefghij0123456789", min_size=8, max_size=20)


@given(secret=LETTERS, before=st.text(max_size=10), after=st.text(max_size=10))
def test_free_text_loses_every_external_id_seen(secret: str, before: str, after: str) -> None:
    redactor = Redactor(KEY)
    redactor.external_id(secret)
    page = {"RoleDetailList": [{"RoleName": "r", "Description": before + secret + after}]}
    redactor.scrub(page)
    left = TOKEN.sub("", page["RoleDetailList"][0]["Description"])
    assert secret not in left


def test_identifiers_and_policies_are_never_rewritten_by_free_text_redaction() -> None:
    """An account that chooses `sts:AssumeRole` as an ExternalId must not be able to change what a policy says."""
    redactor = Redactor(KEY)
    redactor.external_id("sts:AssumeRole")
    redactor.external_id("porter-manager")
    page = {
        "RoleDetailList": [
            {
                "RoleName": "porter-manager",
                "Arn": "arn:aws:iam::123456789012:role/porter-manager",
                "AssumeRolePolicyDocument": trust({"StringEquals": {"Value": "porter-manager"}}),
            }
        ]
    }
    before = copy.deepcopy(page)
    redactor.scrub(page)
    assert page == before


def test_the_longer_of_two_external_ids_leaves_no_rest() -> None:
    redactor = Redactor(KEY)
    redactor.external_id("abcdef")
    redactor.external_id("abcdefghij")
    assert redactor.message("x abcdefghij y") == f"x {redactor.token('abcdefghij')} y"


def test_access_key_ids_keep_four_characters_or_none() -> None:
    redactor = Redactor(KEY)
    page = {"AccessKeyMetadata": [{"UserName": "u", "AccessKeyId": KEY_ID}]}
    redactor.access_keys(page)
    assert page["AccessKeyMetadata"][0]["AccessKeyId"] == f"****{KEY_ID[-4:]}"
    assert redactor.message(f"key {KEY_ID} is inactive") == f"key ****{KEY_ID[-4:]} is inactive"
    tags = {"Tags": [{"Key": KEY_ID, "Value": f"my {KEY_ID}"}]}
    redactor.scrub(tags)
    assert KEY_ID not in json.dumps(tags)


def test_messages_are_one_line_and_short() -> None:
    message = Redactor(KEY).message("a\nb\t" + "x" * 900)
    assert message.startswith("a b x")
    assert len(message) == 500


@pytest.mark.parametrize(
    ("name", "hit"),
    [("ExternalIdParameter", True), ("external_id", True), ("EXTERNAL-ID", True), ("TrustArnParameter", False)],
)
def test_a_stack_parameter_is_known_by_its_name(name: str, hit: bool) -> None:
    assert names_external_id(name) is hit


def test_stack_parameters_and_outputs_become_tokens_and_a_hidden_value_stays_hidden() -> None:
    redactor = Redactor(KEY)
    page = {
        "Stacks": [
            {
                "Parameters": [
                    {"ParameterKey": "ExternalIdParameter", "ParameterValue": SECRET, "ResolvedValue": SECRET},
                    {"ParameterKey": "TrustArnParameter", "ParameterValue": "arn:aws:iam::108458755588:root"},
                    {"ParameterKey": "HiddenExternalId", "ParameterValue": "****"},
                ],
                "Outputs": [{"OutputKey": "ExternalId", "OutputValue": SECRET}],
            }
        ]
    }
    redactor.stack(page)
    stack = page["Stacks"][0]
    token = redactor.token(SECRET)
    assert [entry["ParameterValue"] for entry in stack["Parameters"]] == [
        token,
        "arn:aws:iam::108458755588:root",
        "****",
    ]
    assert stack["Parameters"][0]["ResolvedValue"] == stack["Outputs"][0]["OutputValue"] == token
