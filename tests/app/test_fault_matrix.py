"""Every allow-listed call denied in turn, on the documented account: nothing that needed it may say PASS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scanner.app.params import Parameter
from scanner.app.run_facts import now
from scanner.app.scan import ScanOptions, ScanOutcome, scan
from scanner.app.sources.aws import AwsOptions
from scanner.baseline.load import find, load_aws
from scanner.baseline.variables import bind_aws
from scanner.collect.aws.allowlist import READ_ONLY_CALLS, ReadOnlyCall
from scanner.errors import CollectError
from scanner.localcloud.demo import ProvisionedAws, demo_parameters, provisioned_aws
from scanner.model import kinds
from scanner.model.finding import Axis, Result, Severity
from scanner.model.kinds import AWS_UNIT_KINDS
from scanner.model.snapshot import UnitStatus
from scanner.rules.registry_all import rules_of

REQUIRED = {k.kind for k in AWS_UNIT_KINDS if k.required}
# The documented account has nobody of Porter's name whose keys could be listed, and is in no organization.
NOT_CALLED = {"iam:ListAccessKeys"}


@pytest.fixture(scope="module")
def account() -> Iterator[ProvisionedAws]:
    baseline = bind_aws(load_aws(find("porter@2026-05")), demo_parameters())
    with provisioned_aws("documented", baseline.roles, now=now()) as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        yield cloud


def run(*regions: str) -> ScanOutcome:
    parameters = tuple(Parameter(name, value, "test") for name, value in demo_parameters().items())
    options = AwsOptions(regions=regions or ("us-east-1", "us-east-2"), activity_days=1)
    return scan(ScanOptions(baseline="porter@2026-05", live=options, parameters=parameters, presence="expected"))


def test_the_account_as_documented_is_clean_and_complete(account: ProvisionedAws) -> None:
    outcome = run()
    report = outcome.report
    assert outcome.exit_code == 0
    assert report.verdict.as_documented == "yes"
    assert [f.message for f in report.findings if f.result in (Result.INCOMPLETE, Result.ERROR, Result.MANUAL)] == []
    assert [
        f.message
        for f in report.findings
        if f.axis is Axis.CONFORMANCE and f.result is Result.FAIL and f.severity is not Severity.INFO
    ] == []
    present = [r for r in report.reviews if r.present]
    assert len(present) == 10
    assert all(r.matched_statements == r.documented_statements for r in present)
    assert all(f.witness is None or f.witness.replayed or f.axis is not Axis.CONFORMANCE for f in report.findings)


def called(account: ProvisionedAws, call: ReadOnlyCall) -> bool:
    return any(r.operation == call.operation for r in account.cloud.requests)


@pytest.mark.parametrize("call", READ_ONLY_CALLS, ids=lambda c: c.api)
def test_no_rule_that_needs_a_denied_call_says_pass(account: ProvisionedAws, call: ReadOnlyCall) -> None:
    account.cloud.forget_requests()
    account.cloud.fault(call.operation, "denied")
    try:
        outcome = run()
    except CollectError:
        assert call.kind == kinds.CALLER_IDENTITY, "only without an identity is there nothing to report on"
        return
    finally:
        account.cloud.clear_faults()
    report = outcome.report
    if not called(account, call):
        assert call.api in NOT_CALLED or call.kind in (kinds.ORGANIZATION_POLICIES, kinds.REGIONS), call.api
        return
    unread = [u for u in report.units if u.kind == call.kind and u.status is not UnitStatus.COMPLETE]
    assert unread, f"{call.api} was denied and its unit still says complete"
    needing = {r.id for r in rules_of("aws") if call.kind in (*r.requires, *r.supplementary)}
    assert [f.rule_id for f in report.findings if f.rule_id in needing and f.result is Result.PASS] == []
    assert any(call.kind in line for line in report.verdict.unread)
    if call.kind in REQUIRED:
        assert outcome.exit_code == 2
        assert report.verdict.as_documented == "not proven"
    else:
        assert outcome.exit_code == 0


def test_a_region_closed_by_a_control_policy_is_named_and_does_not_block(account: ProvisionedAws) -> None:
    account.cloud.fault("*", "scp", region="eu-west-1")
    try:
        outcome = run("us-east-1", "us-east-2", "eu-west-1")
    finally:
        account.cloud.clear_faults()
    assert outcome.exit_code == 0
    assert any("eu-west-1" in line for line in outcome.report.verdict.unread)


@pytest.mark.parametrize("kind", ["throttled", "malformed", "cut", "truncated"])
def test_the_core_call_going_wrong_in_any_way_is_never_a_pass(account: ProvisionedAws, kind: str) -> None:
    account.cloud.fault("GetAccountAuthorizationDetails", kind)
    try:
        outcome = run()
    finally:
        account.cloud.clear_faults()
    assert outcome.exit_code == 2
    needing = {r.id for r in rules_of("aws") if kinds.AUTHORIZATION_DETAILS in r.requires}
    assert [f.rule_id for f in outcome.report.findings if f.rule_id in needing and f.result is Result.PASS] == []
