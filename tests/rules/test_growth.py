"""What was accepted once does not cover what comes later: more access behind a finding is another content hash."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.assess.runner import run_rule
from scanner.model.finding import Finding, Result
from scanner.rules.registry_all import rules_of

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_account import context, units
from live_project import context as project

RULES = {rule.id: rule for rule in rules_of("aws")}
Case = dict[str, Any]

_PORTER = "arn:aws:iam::108458755588:role/CAPIManagement"
_ONE_BUCKET = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::one/*"}
_MUCH = {"Action": ["s3:*", "dynamodb:*"], "Resource": "*"}
_DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **_MUCH}]}
_DENY = {"Effect": "Deny", "Action": "dynamodb:DeleteTable", "Resource": "*"}
_TABLES = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}


def trusting(principal: Any, **condition: Any) -> list[Case]:
    """Return a trust policy's statements."""
    more = {"Condition": {"StringEquals": condition["equals"]}} if condition else {}
    return [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}]


def role(name: str, trust: list[Case], **more: Any) -> Case:
    """Return an account with one more role."""
    return {"start": "documented", "roles": {name: {"trust": trust, "add_statement": _ONE_BUCKET, **more}}}


def agent(*statements: Case) -> Case:
    """Return an account whose documented role for telemetry has one more policy."""
    policy = {"more": {"Version": "2012-10-17", "Statement": list(statements)}}
    return {"start": "documented", "roles": {"porter-telemetry-manager": {"add_policy": policy}}}


def also_trusting(*statements: Case) -> Case:
    """Return an account whose documented role for telemetry trusts more."""
    pods = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"start": "documented", "roles": {"porter-telemetry-manager": {"trust": [pods, *statements]}}}


_BY_PORTER = trusting({"AWS": _PORTER})
_GUARDED = trusting({"AWS": _PORTER}, equals={"sts:ExternalId": "xid-0a"})
_BY_EC2 = trusting({"Service": "ec2.amazonaws.com"})
_OURS = "arn:aws:iam::111122223333:role/"
_BY_MANAGER = trusting({"AWS": f"{_OURS}porter-manager"})
_BY_TWO = trusting({"AWS": [f"{_OURS}porter-manager", f"{_OURS}porter-node-manager"]})
_PARTNER = trusting({"AWS": "arn:aws:iam::777788889999:root"})
_FROM_OFFICE = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sts:AssumeRole",
    "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
}
_ODD = {"Action": "sts:SetSourceIdentity", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
_ODDER = {**_ODD, "Action": "sts:AssumeRoleWithSAML", "Principal": {"AWS": f"{_OURS}own"}}
_HIDDEN = {"unread": "AccessDenied"}
_POD = {"associations": [{"pod": "porter-agent-system/porter-agent", "role": "app"}]}

GROWN: dict[str, tuple[str, Case, Case]] = {
    "an undocumented role may do more": (
        "AWS-ROLE-001", role("bridge", _GUARDED), role("bridge", _GUARDED, add_policy={"more": _DOCUMENT}),
    ),
    "an undocumented role loses its ExternalId": ("AWS-ROLE-001", role("bridge", _GUARDED), role("bridge", _BY_PORTER)),
    "a role of the vendor's name admits more": (
        "AWS-ROLE-001", role("porter-ci", _BY_EC2), role("porter-ci", [*_BY_EC2, *trusting({"AWS": f"{_OURS}own"})]),
    ),
    "a chained role may do more": (
        "AWS-ROLE-006", role("job", _BY_MANAGER), role("job", _BY_MANAGER, add_statement=_MUCH),
    ),
    "a chained role admits another of the vendor's": ("AWS-ROLE-006", role("job", _BY_MANAGER), role("job", _BY_TWO)),
    "a Deny beside accepted excess is gone": ("AWS-PERM-001", agent(_TABLES, _DENY), agent(_TABLES)),
    "a Deny beside accepted trust is gone": (
        "AWS-TRUST-001", also_trusting(*_PARTNER, _FROM_OFFICE), also_trusting(*_PARTNER),
    ),
    "beside accepted excess stands a policy that cannot be read": (
        "AWS-PERM-001",
        {"start": "documented", "roles": {"porter-telemetry-manager": {"add_statement": _MUCH}}},
        {
            "start": "documented",
            "roles": {"porter-telemetry-manager": {"add_statement": _MUCH, "add_policy": {"hidden": _HIDDEN}}},
        },
    ),
    "an unusual action of a trust gets another beside it": (
        "AWS-TRUST-005", also_trusting(_ODD), also_trusting(_ODD, _ODDER),
    ),
    "an unusual action of a trust is for another principal": (
        "AWS-TRUST-005", also_trusting(_ODD), also_trusting({**_ODD, "Principal": {"AWS": f"{_OURS}own"}}),
    ),
    "an unusual action of a trust loses its condition": (
        "AWS-TRUST-005",
        also_trusting({**_ODD, "Condition": {"StringEquals": {"sts:SourceIdentity": "a"}}}),
        also_trusting(_ODD),
    ),
    "a Deny beside an unusual action of a trust is gone": (
        "AWS-TRUST-005", also_trusting(_ODD, _FROM_OFFICE), also_trusting(_ODD),
    ),
    "a pod's other role may do more": (
        "AWS-POD-001", {**role("app", _BY_EC2), **_POD}, {**role("app", _BY_EC2, add_statement=_MUCH), **_POD},
    ),
    "the user may do more": (
        "AWS-USER-001",
        {"users": [{"name": "porter-ci", "keys": []}]},
        {"users": [{"name": "porter-ci", "keys": [], "policies": {"more": _DOCUMENT}}]},
    ),
}  # fmt: skip


def failures(rule_id: str, case: Case) -> list[Finding]:
    ctx = context(case)
    errors: list[Exception] = []
    found = run_rule(RULES[rule_id], ctx, units(case), ctx.baseline.id, False, lambda _, error: errors.append(error))
    assert not errors, errors
    return [finding for finding in found if finding.result is Result.FAIL]


def test_one_more_action_of_a_risk_is_another_content_hash() -> None:
    """Each risk is one finding, whatever of it is possible: one of them grows, the others stay."""
    more = {"porter-infra-manager": {"add_statement": {"Action": "kms:PutKeyPolicy", "Resource": "*"}}}
    case = {"start": "documented", "only": ["porter-infra-manager"]}
    was, now = failures("AWS-RISK-001", case), failures("AWS-RISK-001", {**case, "roles": more})
    assert [f.fingerprint for f in was] == [f.fingerprint for f in now]
    assert [f.discriminator for f, g in zip(was, now, strict=True) if f.content_hash != g.content_hash] == ["C7"]


def test_another_static_key_is_another_content_hash() -> None:
    rule = next(rule for rule in rules_of("gcp") if rule.id == "GCP-KEY-003")
    second = {"op": "add_key", "account": "porter-manager", "key": "feedface"}
    hashes = []
    for done in ([], [second]):
        ctx, read = project({"start": "keyed", "do": done})
        (found,) = run_rule(rule, ctx, read, ctx.baseline.id, False, None)
        assert found.result is Result.FAIL
        hashes.append((found.fingerprint, found.content_hash))
    assert hashes[0][0] == hashes[1][0]
    assert hashes[0][1] != hashes[1][1]


@pytest.mark.parametrize("name", GROWN)
def test_more_behind_the_same_finding_is_another_content_hash(name: str) -> None:
    rule_id, before, after = GROWN[name]
    was, now = failures(rule_id, before), failures(rule_id, after)
    assert was
    assert {f.fingerprint for f in was} == {f.fingerprint for f in now}
    assert {f.content_hash for f in was}.isdisjoint(f.content_hash for f in now)
