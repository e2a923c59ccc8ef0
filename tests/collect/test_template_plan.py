"""Terraform plans as planned roles: what is known is exact, what apply decides is a reason, nothing is ignored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.collect.exports.read import read_input
from scanner.errors import InputError, UsageError
from scanner.model import kinds
from scanner.model.common import NotObserved, Observed
from scanner.model.inventory import AwsRole
from scanner.model.snapshot import Snapshot, SourceKind, Unit, UnitStatus
from scanner.normalize.inventory import normalize

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ACCOUNT = "111122223333"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "secrets-role-plan.json"
CREATED = {"arn": True, "id": True, "inline_policy": True, "managed_policy_arns": True, "unique_id": True}
Json = dict[str, Any]


def document(resource: str = "*") -> Json:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]}


TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def change(address: str, after: Json | None, unknown: Json | None = None, *actions: str) -> Json:
    kind, name = address.split(".")[-2:]
    module = address.rsplit(f".{kind}.", 1)[0] if f".{kind}." in address else ""
    row = {"address": address, "mode": "managed", "type": kind, "name": name.split("[")[0]}
    row |= {"module_address": module} if module else {}
    return row | {
        "change": {"actions": list(actions or ("create",)), "after": after, "after_unknown": unknown or {}},
    }


def role(address: str = "aws_iam_role.r", unknown: Json | None = None, **more: Any) -> Json:
    after = {"name": "porter-manager", "path": "/", "assume_role_policy": json.dumps(TRUST), **more}
    return change(address, after, CREATED if unknown is None else unknown)


def config(**expressions: Json) -> Json:
    """Return a configuration; `aws_iam_role__r={...}` holds the expressions of `aws_iam_role.r`."""
    resources = []
    for key, found in expressions.items():
        kind, name = key.split("__")
        resources.append({"mode": "managed", "type": kind, "name": name, "expressions": found})
    return {"root_module": {"resources": resources}}


PLAIN = config(aws_iam_role__r={"name": {}, "assume_role_policy": {}})


def plan(*rows: Json, **more: Any) -> Json:
    return {"format_version": "1.2", "configuration": PLAIN, "resource_changes": list(rows), **more}


def read(tmp_path: Path, value: Json, account: str | None = ACCOUNT) -> Snapshot:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(value))
    return read_input(path, now=NOW, hmac_key=b"k" * 32, account_id=account)


def details(snapshot: Snapshot) -> Unit:
    return next(unit for unit in snapshot.units if unit.kind == kinds.AUTHORIZATION_DETAILS)


def lost(snapshot: Snapshot) -> str:
    error = details(snapshot).error
    return error.message if error else ""


def notes(snapshot: Snapshot) -> str:
    return "; ".join(
        unit.error.message for unit in snapshot.units if unit.kind == "aws.template.other_resources" and unit.error
    )


def roles(snapshot: Snapshot) -> dict[str, AwsRole]:
    return {found.name: found for found in normalize(snapshot).aws[0].roles}


def resources_of(found: AwsRole) -> set[str]:
    return {
        policy.document.value["Statement"][0]["Resource"]
        for policy in found.policies
        if isinstance(policy.document, Observed)
    }


def reasons(found: AwsRole) -> str:
    return "; ".join(policy.document.reason for policy in found.policies if isinstance(policy.document, NotObserved))


def test_the_example_is_complete_and_joins_a_policy_by_its_reference() -> None:
    snapshot = read_input(EXAMPLE, now=NOW, hmac_key=b"k" * 32)
    assert (snapshot.source, snapshot.scopes[0].id) == (SourceKind.TEMPLATE, ACCOUNT)
    assert details(snapshot).status is UnitStatus.COMPLETE
    found = roles(snapshot)["porter-eso-secrets-manager"]
    assert [policy.name for policy in found.policies] == ["porter-eso"]
    assert isinstance(found.policies[0].document, Observed)
    assert found.tags == (("porter.run/managed", "true"),)


def test_every_way_to_give_a_role_a_policy_is_read(tmp_path: Path) -> None:
    own = role(
        inline_policy=[{"name": "in", "policy": json.dumps(document("inline"))}],
        managed_policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        unknown={"arn": True},
    )
    policy_arn = f"arn:aws:iam::{ACCOUNT}:policy/known"
    rows = [
        own,
        change("aws_iam_policy.p", {"name": "known", "path": "/", "policy": json.dumps(document("attached"))}),
        change("aws_iam_role_policy_attachment.a", {"role": "porter-manager", "policy_arn": policy_arn}),
        change("aws_iam_role_policy.q", {"name": "q", "role": "porter-manager", "policy": json.dumps(document("own"))}),
        change(
            "aws_iam_policy_attachment.s",
            {"name": "s", "roles": ["porter-manager"], "users": [], "policy_arn": "arn:aws:iam::aws:policy/Shared"},
        ),
        change(
            "aws_iam_role_policy_attachments_exclusive.e",
            {"role_name": "porter-manager", "policy_arns": [policy_arn, "arn:aws:iam::aws:policy/Alone"]},
        ),
        change("aws_iam_instance_profile.i", {"name": "nodes", "role": "porter-manager"}),
    ]
    snapshot = read(tmp_path, plan(*rows))
    found = roles(snapshot)["porter-manager"]
    assert resources_of(found) == {"inline", "attached", "own"}
    assert {policy.name for policy in found.policies if isinstance(policy.document, NotObserved)} == {
        "Alone",
        "ReadOnlyAccess",
        "Shared",
    }
    assert found.instance_profiles == ("nodes",)
    assert details(snapshot).status is UnitStatus.COMPLETE


EXCLUSIVE = "aws_iam_role_policy_attachments_exclusive"


def exclusive(references: list[str]) -> Json:
    """Return a plan whose role gets exactly the policies that are referred to, none of them made yet."""
    rows = [
        role(),
        change("aws_iam_policy.a", {"name": "a", "policy": json.dumps(document("a"))}, {"arn": True}),
        change("aws_iam_policy.b", {"name": "b", "policy": json.dumps(document("b"))}, {"arn": True}),
        change("aws_iam_role_policy_attachment.x", {"role": "porter-manager"}, {"policy_arn": True}),
        change(f"{EXCLUSIVE}.e", {}, {"role_name": True, "policy_arns": True}),
    ]
    configuration = config(
        aws_iam_role__r={},
        aws_iam_role_policy_attachment__x={"policy_arn": {"references": ["aws_iam_policy.a.arn", "aws_iam_policy.a"]}},
        aws_iam_role_policy_attachments_exclusive__e={
            "role_name": {"references": ["aws_iam_role.r.name", "aws_iam_role.r"]},
            "policy_arns": {"references": references},
        },
    )
    return plan(*rows, configuration=configuration)


def test_an_exclusive_list_attaches_the_policies_it_is_taken_from(tmp_path: Path) -> None:
    of_an_attachment = ["aws_iam_role_policy_attachment.x.policy_arn", "aws_iam_role_policy_attachment.x"]
    references = [*of_an_attachment, "aws_iam_policy.b.arn", "aws_iam_policy.b"]
    found = roles(read(tmp_path, exclusive(references)))["porter-manager"]
    assert resources_of(found) == {"a", "b"}
    assert reasons(found) == ""


@pytest.mark.parametrize("reference", ["var.more", "data.aws_iam_policy.c.arn", "aws_iam_policy.b.name"])
def test_an_exclusive_list_that_may_hold_others_leaves_the_role_open(tmp_path: Path, reference: str) -> None:
    found = roles(read(tmp_path, exclusive(["aws_iam_policy.b.arn", "aws_iam_policy.b", reference])))["porter-manager"]
    assert "`policy_arns` is known only after apply" in reasons(found)


def test_a_role_policy_joins_a_role_of_its_module_by_reference(tmp_path: Path) -> None:
    rows = [
        role(),
        change("aws_iam_role_policy.q", {"name": "q", "policy": json.dumps(document("own"))}, {"role": True}),
    ]
    references = {"role": {"references": ["aws_iam_role.r.id", "aws_iam_role.r"]}}
    configuration = config(aws_iam_role__r={}, aws_iam_role_policy__q=references)
    snapshot = read(tmp_path, plan(*rows, configuration=configuration))
    assert resources_of(roles(snapshot)["porter-manager"]) == {"own"}
    assert details(snapshot).status is UnitStatus.COMPLETE


@pytest.mark.parametrize(
    "references",
    [
        ["aws_iam_policy.a.arn", "aws_iam_policy.a", "aws_iam_policy.b.arn", "aws_iam_policy.b"],
        ["var.choice", "aws_iam_policy.a.arn", "aws_iam_policy.a"],
        ["aws_iam_policy.a.name", "aws_iam_policy.a"],
        ["data.aws_iam_policy.a.arn"],
        ["aws_iam_policy.nobody.arn"],
        [],
    ],
)
def test_a_reference_that_is_not_one_resource_is_not_guessed(tmp_path: Path, references: list[str]) -> None:
    rows = [
        role(),
        change("aws_iam_policy.a", {"name": "a", "policy": json.dumps(document("a"))}, {"arn": True}),
        change("aws_iam_policy.b", {"name": "b", "policy": json.dumps(document("b"))}, {"arn": True}),
        change("aws_iam_role_policy_attachment.x", {"role": "porter-manager"}, {"policy_arn": True}),
    ]
    expressions = {"policy_arn": {"references": references}}
    configuration = config(aws_iam_role__r={}, aws_iam_role_policy_attachment__x=expressions)
    found = roles(read(tmp_path, plan(*rows, configuration=configuration)))["porter-manager"]
    assert resources_of(found) == set()
    assert "`policy_arn` is known only after apply" in reasons(found)


def test_an_unknown_document_is_unread(tmp_path: Path) -> None:
    rows = [
        role(unknown={**CREATED, "assume_role_policy": True}, assume_role_policy=None),
        change("aws_iam_role_policy.q", {"name": "q", "role": "porter-manager"}, {"policy": True}),
    ]
    found = roles(read(tmp_path, plan(*rows)))["porter-manager"]
    assert found.trust == NotObserved("aws_iam_role.r: `assume_role_policy` is known only after apply")
    assert "aws_iam_role_policy.q: `policy` is known only after apply" in reasons(found)


def test_unknown_policies_of_a_role_are_none_only_where_the_configuration_has_none(tmp_path: Path) -> None:
    assert roles(read(tmp_path, plan(role())))["porter-manager"].policies == ()
    configured = config(aws_iam_role__r={"managed_policy_arns": {"references": ["var.arns"]}})
    found = roles(read(tmp_path, plan(role(), configuration=configured)))["porter-manager"]
    assert "`managed_policy_arns` is known only after apply" in reasons(found)
    without = plan(role())
    del without["configuration"]
    assert "`inline_policy` is known only after apply" in reasons(roles(read(tmp_path, without))["porter-manager"])


def test_a_document_that_is_not_json_is_unread(tmp_path: Path) -> None:
    twice = '{"Statement": [], "Statement": []}'
    found = roles(read(tmp_path, plan(role(assume_role_policy=twice))))["porter-manager"]
    assert isinstance(found.trust, NotObserved)
    assert "duplicate key `Statement`" in found.trust.reason


def test_a_policy_for_a_role_outside_the_plan_leaves_that_role_open(tmp_path: Path) -> None:
    row = change("aws_iam_role_policy.q", {"name": "q", "role": "porter-manager", "policy": json.dumps(document("x"))})
    found = roles(read(tmp_path, plan(row)))["porter-manager"]
    assert isinstance(found.trust, NotObserved)
    assert "which only adds to it" in reasons(found)


LOST = {
    "a user": ([change("aws_iam_user.u", {"name": "u"})], {}, "`aws_iam_user` is not read"),
    "a stack": ([change("aws_cloudformation_stack.s", {})], {}, "`aws_cloudformation_stack` is not read"),
    "another provider's role": ([change("awscc_iam_role.r", {})], {}, "`awscc_iam_role` is not read"),
    "a name made later": (
        [change("aws_iam_role.x", {"assume_role_policy": json.dumps(TRUST)}, {"name": True})],
        {},
        "aws_iam_role.x: the role's name is known only after apply",
    ),
    "a role that is not known": (
        [change("aws_iam_role_policy.q", {"name": "q"}, {"role": True, "policy": True})],
        {},
        "aws_iam_role_policy.q: its role is known only after apply",
    ),
    "a policy for groups": (
        [change("aws_iam_policy_attachment.s", {"roles": [], "groups": ["g"], "policy_arn": "x"})],
        {},
        "users and groups of a plan are not read",
    ),
    "a role that is forgotten": (
        [change("aws_iam_role.f", None, None, "forget")],
        {},
        "aws_iam_role.f stays, but is no longer managed",
    ),
    "an error": ([], {"errored": True}, "the plan ended with an error"),
    "deferred changes": ([], {"complete": False}, "the plan defers changes"),
}


@pytest.mark.parametrize(("rows", "more", "reason"), LOST.values(), ids=LOST)
def test_what_may_hide_identities_keeps_the_list_from_counting_as_whole(
    tmp_path: Path, rows: list[Json], more: Json, reason: str
) -> None:
    snapshot = read(tmp_path, plan(role(), *rows, **more))
    assert details(snapshot).status is UnitStatus.TRUNCATED
    assert reason in lost(snapshot)
    assert "porter-manager" in roles(snapshot)


def test_a_role_that_is_deleted_is_not_there_and_that_is_said(tmp_path: Path) -> None:
    snapshot = read(tmp_path, plan(role(), change("aws_iam_role.old", None, None, "delete")))
    assert list(roles(snapshot)) == ["porter-manager"]
    assert "aws_iam_role.old is deleted" in notes(snapshot)
    assert details(snapshot).status is UnitStatus.COMPLETE


def test_other_resources_are_said_and_data_sources_are_not_resources(tmp_path: Path) -> None:
    data = change("aws_iam_user.read", {"name": "u"}) | {"mode": "data"}
    snapshot = read(tmp_path, plan(role(), data, change("aws_s3_bucket.b", {})))
    assert "other resources, not judged: aws_s3_bucket (1)" in notes(snapshot)
    assert details(snapshot).status is UnitStatus.COMPLETE


def test_the_account_comes_from_what_the_plan_knows(tmp_path: Path) -> None:
    existing = role(arn="arn:aws:iam::444455556666:role/porter-manager", unknown={})
    assert read(tmp_path, plan(existing), None).scopes[0].id == "444455556666"
    assert read(tmp_path, plan(role()), None).scopes[0].name is not None


def test_a_plan_of_two_accounts_is_refused(tmp_path: Path) -> None:
    rows = [role(f"aws_iam_role.r{i}", name=f"r{i}", arn=f"arn:aws:iam::44445555666{i}:role/r{i}") for i in (1, 2)]
    with pytest.raises(InputError, match="the plan is of several accounts"):
        read(tmp_path, plan(*rows), None)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (plan() | {"format_version": "2.0"}, "plan format `2.0` is not known"),
        (plan() | {"resource_changes": {}}, "/resource_changes: is not a list"),
        (plan() | {"resource_changes": [1]}, "/resource_changes/0: is not a resource change"),
        (plan() | {"resource_changes": [{"address": "a", "type": "b", "name": "c"}]}, "is not a resource change"),
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(tmp_path: Path, value: Json, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(tmp_path, value)


def test_template_values_for_a_plan_are_refused() -> None:
    with pytest.raises(UsageError, match="is for CloudFormation templates"):
        read_input(EXAMPLE, now=NOW, hmac_key=b"k" * 32, template_values=(("A", "b"),))
