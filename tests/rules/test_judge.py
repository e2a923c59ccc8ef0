"""Judging a role: names, tokens, partitions, misprints, and what may not be read as an empty policy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scanner.baseline.documents import permission_documents, trust_document
from scanner.baseline.load import find, load_aws
from scanner.baseline.variables import bind_aws
from scanner.model.common import Observed
from scanner.model.inventory import Inventory
from scanner.model.snapshot import ExternalIdFact, SourceKind
from scanner.rules.base import Settings
from scanner.rules.context import build_context, matches_name
from scanner.rules.external_id import NOTHING, bind_external_id, live_external_id
from scanner.rules.judge import in_partition
from scanner.rules.questions import account_of, external_principals, is_unique_id

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_account import ACCOUNT, AS_OF, CATALOGUE, TOKEN, context

OTHER = "xid-" + "0b" * 12


def trust(*values: str, operator: str = "StringEquals") -> dict[str, object]:
    conditions = {operator: {"sts:ExternalId": list(values)}}
    principal = {"AWS": "arn:aws:iam::108458755588:role/CAPIManagement"}
    return {
        "Statement": {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": conditions}
    }


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("porter-manager", "porter-manager", True),
        ("porter-manager", "porter-manager2", False),
        ("porter-s3-*", "porter-s3-ab12", True),
        ("porter-s3-*", "porter-s3-", False),
        ("porter-s3-*", "my-porter-s3-ab", False),
        ("a.b", "axb", False),
    ],
)
def test_a_documented_name_matches_as_a_whole(pattern: str, name: str, expected: bool) -> None:
    assert matches_name(pattern, name) is expected


def test_an_expected_token_is_found_among_several() -> None:
    assert live_external_id(trust(TOKEN, OTHER), [ExternalIdFact(OTHER, equals_expected=True)]) == OTHER
    assert live_external_id(trust(TOKEN, OTHER), []) is None


@pytest.mark.parametrize(
    "fact",
    [
        ExternalIdFact(TOKEN, equals_expected=False),
        ExternalIdFact(TOKEN, wildcard=True),
        ExternalIdFact(TOKEN, empty=True),
    ],
)
def test_a_token_known_to_be_wrong_stands_for_nothing(fact: ExternalIdFact) -> None:
    assert live_external_id(trust(TOKEN), [fact]) is None


@pytest.mark.parametrize("operator", ["StringLike", "StringNotEquals", "Null"])
def test_only_string_equals_makes_a_concrete_value(operator: str) -> None:
    assert live_external_id(trust(TOKEN), []) == TOKEN
    assert live_external_id(trust(TOKEN, operator=operator), []) is None


@pytest.mark.parametrize("operator", ["StringEqualsIgnoreCase", "StringEqualsIfExists", "ForAllValues:StringEquals"])
def test_a_weaker_form_tells_which_value_is_meant(operator: str) -> None:
    assert live_external_id(trust(TOKEN, operator=operator), []) == TOKEN
    assert live_external_id(trust(f"{TOKEN}*", operator=operator), []) is None


@given(st.recursive(st.text() | st.none(), lambda t: st.lists(t) | st.dictionaries(st.text(), t), max_leaves=8))
def test_binding_changes_nothing_but_the_variable(value: object) -> None:
    body = {"Statement": value}
    bound = bind_external_id(body, None)
    assert "{external_id}" not in str(bound) or "{external_id}" in "".join(_keys(body))
    if "{external_id}" not in str(body):
        assert bound == body


def _keys(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(k for v in value.values() for k in _keys(v))]
    return [k for v in value for k in _keys(v)] if isinstance(value, list) else []


def test_unbound_means_a_value_no_token_equals() -> None:
    assert bind_external_id({"x": ["{external_id}"]}, None) == {"x": [NOTHING]}
    assert not NOTHING.startswith("xid-")


def test_principals_know_their_account() -> None:
    assert account_of("111122223333") == account_of("arn:aws:iam::111122223333:root") == "111122223333"
    assert account_of("*") == account_of("AROA" + "EXAMPLEROLEID000") == ""
    assert is_unique_id("AIDA" + "EXAMPLEUSERID000")
    assert not is_unique_id("arn:aws:iam::111122223333:role/AROAEXAMPLE")


def test_a_deleted_principal_and_the_own_account_are_not_outside() -> None:
    principals = ["AROA" + "EXAMPLEROLEID000", f"arn:aws:iam::{ACCOUNT}:root", "108458755588", "*"]
    body = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"}]}
    assert external_principals(body, ACCOUNT) == ("*", "108458755588")


def test_an_arn_moves_to_another_partition() -> None:
    assert in_partition("arn:aws:iam::aws:policy/X", "aws-cn") == "arn:aws-cn:iam::aws:policy/X"


def test_a_role_with_an_unread_policy_is_compared_for_excess_only() -> None:
    unread = {"unread": "AccessDenied"}
    extra = {"Action": "sqs:PurgeQueue", "Resource": "*"}
    ctx = context(
        {
            "start": "documented",
            "only": ["porter-manager"],
            "roles": {"porter-manager": {"add_policy": {"hidden": unread}, "add_statement": extra}},
        }
    )
    judged = ctx.judge(ctx.porter_roles[0])
    assert judged.permissions is None
    assert judged.unread == ("hidden: AccessDenied",)
    assert judged.readable is not None
    assert [p.witness.action for p in judged.readable.excess] == ["sqs:PurgeQueue"]


def test_a_judgement_is_made_once() -> None:
    ctx = context({"start": "documented", "only": ["porter-manager"]})
    assert ctx.judge(ctx.porter_roles[0]) is ctx.judge(ctx.porter_roles[0])


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_the_documented_account_of_another_partition_is_as_documented(partition: str) -> None:
    baseline = bind_aws(load_aws(find("porter@2026-05")), {"account_id": ACCOUNT}, partition=partition)
    here = context({"start": "documented"})
    text = {r.name: r for r in here.account.roles}
    roles = []
    for page in baseline.roles:
        role = text[page.name_pattern.replace("*", "0c1d2e")]
        body = trust_document(page).body
        policy = replace(
            role.policies[0], origin="inline", document=Observed(permission_documents(page)[0].body), arn=None
        )
        bound = bind_external_id(body, TOKEN)
        arn = role.arn.replace("arn:aws:", f"arn:{partition}:")
        roles.append(replace(role, arn=arn, trust=Observed(bound), policies=(policy,)))
    account = replace(here.account, partition=partition, roles=tuple(roles))
    inventory = Inventory(source=SourceKind.LIVE, units=(), aws=(account,))
    ctx = build_context(account, inventory, baseline, Settings(), AS_OF, CATALOGUE)
    assert len(ctx.porter_roles) == 10
    for role in ctx.porter_roles:
        judged = ctx.judge(role)
        assert judged.permissions is not None
        assert judged.permissions.contained is True, (
            role.name,
            judged.permissions.excess[:1],
            judged.permissions.undecided[:1],
        )
        assert judged.trust is not None
        assert judged.trust.verdict == "equal", role.name
