"""verify-revoked on loopback clouds: what is left by name, nothing left only when all was read, and never otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scanner.app.demo.azure import azure_plan, loopback_of
from scanner.app.demo.show import DemoOptions, demo
from scanner.app.params import Parameter
from scanner.app.run_facts import now
from scanner.app.scan import ScanOptions, ScanOutcome
from scanner.app.sources.aws import AwsOptions
from scanner.app.sources.azure import AzureOptions
from scanner.app.sources.gcp import GcpOptions
from scanner.app.verify_revoked import verify_revoked
from scanner.baseline.load import find, load_aws, load_azure
from scanner.baseline.variables import bind_aws
from scanner.baseline.variables_azure import bind_azure
from scanner.collect.aws.allowlist import READ_ONLY_CALLS
from scanner.collect.azure.allowlist import AZURE_CALLS
from scanner.collect.gcp.allowlist import GCP_CALLS
from scanner.errors import CollectError, UsageError
from scanner.localcloud.azure import start_azure
from scanner.localcloud.azure_operations import apply_azure
from scanner.localcloud.azure_tenant import DEMO_SUBSCRIPTION_ID, documented_tenant
from scanner.localcloud.demo import demo_parameters, provisioned_aws
from scanner.localcloud.gcp import start_gcp
from scanner.localcloud.gcp_demo import load_gcp_scenario
from scanner.localcloud.gcp_provision import federated_project, keyed_project
from scanner.localcloud.gcp_state import DEMO_PROJECT
from scanner.localcloud.operations import delete_instance_profile, delete_role
from scanner.localcloud.scenario_azure import load_azure_scenario
from scanner.model.finding import Result
from scanner.model.question import Question
from scanner.model.snapshot import UnitStatus
from scanner.model.waiver import Ceiling, Waiver, WaiverKind, WaiverMatch
from scanner.rules.registry_revoked import REVOKED_RULES

NEEDED = {kind for rule in REVOKED_RULES for kind in rule.requires}
V5, V8 = "porter@2026-05", "porter@2026-08"


def demo_of(cloud: str, baseline: str = V5) -> ScanOutcome:
    return _demo_of(cloud, baseline)


@cache
def _demo_of(cloud: str, baseline: str) -> ScanOutcome:
    return demo(DemoOptions(scenario="revoked", baseline=baseline, cloud=cloud))


def failures(outcome: ScanOutcome) -> set[tuple[str, str]]:
    return {(f.rule_id, f.subject.name) for f in outcome.report.findings if f.result is Result.FAIL}


def expected_of(cloud: str, start: str = "keyed") -> list[Any]:
    if cloud == "gcp":
        return [c for c in load_gcp_scenario("revoked").changes if start in c.starts]
    if cloud == "azure":
        return list(load_azure_scenario("revoked", "azure-porter-restricted-sp").changes)
    from scanner.localcloud.demo import AwsFacts, demo_external_id, load_scenario

    facts = AwsFacts(account_id="111122223333", external_id=demo_external_id(), now=now())
    return list(load_scenario("revoked", facts).aws.changes)


@pytest.mark.parametrize(
    ("cloud", "baseline", "start"),
    [("aws", V5, ""), ("gcp", V5, "keyed"), ("gcp", V8, "federated"), ("azure", V5, "")],
)
def test_the_scenario_names_exactly_what_is_left(cloud: str, baseline: str, start: str) -> None:
    outcome = demo_of(cloud, baseline)
    expected = expected_of(cloud, start or "keyed")
    names = {c.subject if c.subject != "PORTER" else "porter-manager" for c in expected}
    assert failures(outcome) == {
        (rule, name)
        for c in expected
        for rule in c.reported_by
        for name in [c.subject if c.subject != "PORTER" else "porter-manager"]
    }
    assert names
    for change in expected:
        said = " ".join(f.message for f in outcome.report.findings if f.rule_id in change.reported_by)
        assert change.mark in said, change.id
    assert outcome.exit_code == 1
    assert outcome.report.verdict.as_documented == "no"
    assert outcome.report.reviews == ()


def test_the_trap_is_named_first_the_stack_is_gone_and_porter_manager_still_trusts() -> None:
    report = demo_of("aws").report
    assert report.verdict.allows == "porter-infra-manager, porter-manager, support-2025-03."
    finding = next(f for f in report.findings if f.subject.name == "porter-manager" and f.rule_id == "AWS-REVOKED-001")
    assert "deleting the stack does not remove it" in finding.message
    assert finding.witness is not None
    assert finding.witness.replayed
    assert finding.remediation is not None
    assert finding.remediation.cli == "aws iam delete-role --role-name porter-manager"
    assert all(step.startswith("aws iam detach-role-policy") for step in finding.remediation.steps)


def test_all_clouds_in_one_report() -> None:
    report = demo_of("all").report
    assert report.summary.exit_code == 1
    assert {f.cloud for f in report.findings if f.result is Result.FAIL} == {"aws", "gcp", "azure"}
    assert report.summary.rules_evaluated == len(REVOKED_RULES)


# --- everything is gone

Verify = Callable[..., ScanOutcome]


def options(cloud: str, live: Any, *, baseline: str = V5, **more: Any) -> ScanOptions:
    return ScanOptions(baseline=baseline, cloud=cloud, live=live, fail_on="low", **more)


class Empty:
    """A loopback cloud that Porter has left, and how to verify it."""

    def __init__(self, cloud: Any, verify: Verify) -> None:
        self.cloud = cloud
        self.verify = verify


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def aws() -> Iterator[Empty]:
    roles = bind_aws(load_aws(find(V5)), demo_parameters()).roles
    parameters = tuple(Parameter(n, v, "test") for n, v in demo_parameters().items())
    with provisioned_aws("revoked", roles, now=now()) as account, environment(account.environment):
        account.cloud.read_only = False
        for role in ("porter-manager", "porter-infra-manager", "porter-node-manager", "support-2025-03"):
            delete_role(account.cloud, role)
        delete_instance_profile(account.cloud, "porter-node-manager")
        account.cloud.read_only = True
        live = AwsOptions(max_attempts=1)
        yield Empty(
            account.cloud, lambda **k: verify_revoked(options("aws", k.pop("live", live), parameters=parameters, **k))
        )


@pytest.fixture(scope="module")
def gcp() -> Iterator[Empty]:
    state = keyed_project(datetime(2026, 6, 1, tzinfo=UTC))
    email = next(e for e in state.service_accounts if e.startswith("porter-manager@"))
    del state.service_accounts[email], state.keys[email]
    for policy in state.policies.values():
        policy["bindings"] = [b for b in policy["bindings"] if not any("porter-manager" in m for m in b["members"])]
    live = GcpOptions(projects=(DEMO_PROJECT,), backoff_s=0.01, max_attempts=1)
    with start_gcp(state) as cloud, environment(dict(cloud.environment())):
        yield Empty(cloud, lambda **k: verify_revoked(options("gcp", live, **k)))


@pytest.fixture(scope="module")
def azure() -> Iterator[Empty]:
    documented = bind_azure(load_azure(find(V5)), {"subscription_id": DEMO_SUBSCRIPTION_ID})
    plan = azure_plan(documented)
    state = documented_tenant(plan, now=now())
    gone = [{"op": "delete_application", "name": plan.application}, {"op": "purge"}, {"op": "drop_orphans"}]
    apply_azure(state, [*gone, {"op": "delete_role", "role": plan.role_name}])
    with start_azure(state) as cloud, environment(cloud.environment()):
        live = AzureOptions(loopback=loopback_of(cloud), max_attempts=1)
        yield Empty(cloud, lambda **k: verify_revoked(options("azure", live, **k)))


@pytest.fixture
def empty(request: pytest.FixtureRequest) -> Empty:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Empty)
    return found


@pytest.mark.parametrize(
    ("empty", "said"),
    [
        ("aws", ["account 111122223333", "11 IAM roles", "0 EKS clusters"]),
        ("gcp", ["project porter-demo-project", "1 service account", "0 workload identity pools"]),
        ("azure", ["subscription bbbbbbbb", "4 role definitions", "0 Lighthouse delegations"]),
    ],
    indirect=["empty"],
)
def test_nothing_left_says_what_was_looked_through(empty: Empty, said: list[str]) -> None:
    outcome = empty.verify()
    assert failures(outcome) == set()
    assert [f.message for f in outcome.report.findings if f.result in (Result.INCOMPLETE, Result.ERROR)] == []
    assert outcome.report.verdict.as_documented == "yes"
    assert outcome.exit_code == 0
    assert outcome.report.verdict.headline.startswith("Nothing of Porter was found in ")
    for words in said:
        assert words in outcome.report.verdict.headline


# The account has nobody named like Porter whose keys could be asked for, and nothing that is only read of such.
QUIET = {"iam:ListAccessKeys"}
CALLS = [
    *(("aws", c.kind, c.operation, c.api) for c in READ_ONLY_CALLS),
    *(("gcp", c.kind, c.operation, c.api) for c in GCP_CALLS),
    *(("azure", c.kind, c.operation, c.api) for c in AZURE_CALLS),
]
FAULTED = [row for row in CALLS if row[1] in NEEDED]


@pytest.mark.parametrize(
    ("empty", "kind", "operation", "api"), FAULTED, ids=[r[3] for r in FAULTED], indirect=["empty"]
)
def test_a_needed_call_that_is_denied_is_never_nothing_left(empty: Empty, kind: str, operation: str, api: str) -> None:
    empty.cloud.fault(operation, "denied")
    before = len(empty.cloud.requests)
    try:
        outcome = empty.verify()
    except CollectError:
        return
    finally:
        empty.cloud.clear_faults()
    if not any(r.operation == operation for r in empty.cloud.requests[before:]):
        assert outcome.exit_code == 0, "what was never asked for cannot be denied"
        return
    unread = [u for u in outcome.report.units if u.kind == kind and u.status is not UnitStatus.COMPLETE]
    if not unread:
        # Another call answers the same question.
        assert api == "ec2:DescribeRegions"
        return
    assert outcome.exit_code == 2
    assert outcome.report.verdict.as_documented == "not proven"
    needing = {r.id for r in REVOKED_RULES if kind in r.requires}
    assert [f.rule_id for f in outcome.report.findings if f.rule_id in needing and f.result is Result.PASS] == []


def test_regions_that_were_left_out_are_not_proven_to_be_empty(aws: Empty) -> None:
    outcome = aws.verify(live=AwsOptions(regions=("us-east-2",), max_attempts=1))
    assert outcome.exit_code == 2
    assert any("--regions" in u.error.message for u in outcome.report.units if u.error)


def test_an_export_that_shows_roles_alone_is_not_proven(aws: Empty, tmp_path: Path) -> None:
    source = tmp_path / "gaad.json"
    client = aws.cloud.client("iam")
    pages = client.get_paginator("get_account_authorization_details").paginate()
    import json

    page = json.dumps(pages.build_full_result(), default=str)
    source.write_text(page)
    outcome = aws.verify(source=source)
    assert outcome.exit_code == 2
    assert failures(outcome) == set()


def test_a_template_is_of_what_will_be() -> None:
    template = Path(__file__).resolve().parents[2] / "examples" / "porter-role.yaml"
    with pytest.raises(UsageError, match="not what is left"):
        verify_revoked(options("aws", None, source=template))


def test_names_of_other_versions_count_whichever_was_chosen(tmp_path: Path) -> None:
    from scanner.collect.snapshot_io import save_snapshot

    federated = demo_of("gcp", V8)
    save_snapshot(federated.snapshot, tmp_path / "snapshot.json")
    outcome = verify_revoked(options("gcp", None, source=tmp_path / "snapshot.json"))
    assert outcome.report.run.baseline_id == V5
    assert ("GCP-REVOKED-004", "porter-pool-12345-a1b2") in failures(outcome)


def test_federation_is_found_from_the_project_itself_without_a_parameter() -> None:
    state = federated_project(datetime(2026, 6, 1, tzinfo=UTC))
    live = GcpOptions(projects=(DEMO_PROJECT,), backoff_s=0.01, max_attempts=1)
    with start_gcp(state) as cloud, environment(dict(cloud.environment())):
        outcome = verify_revoked(options("gcp", live))
    assert {rule for rule, _ in failures(outcome)} == {"GCP-REVOKED-001", "GCP-REVOKED-003", "GCP-REVOKED-004"}


def test_a_look_alike_alone_is_for_a_person_and_does_not_count(gcp: Empty) -> None:
    gcp.cloud.state.service_accounts["porter-billing@x"] = {"email": "porter-billing@x", "name": "n", "uniqueId": "1"}
    try:
        outcome = gcp.verify()
    finally:
        del gcp.cloud.state.service_accounts["porter-billing@x"]
    assert outcome.exit_code == 0
    assert "For a person to judge: 1 thing" in outcome.report.verdict.headline


def test_what_only_a_person_can_tell_is_not_proven(gcp: Empty) -> None:
    from scanner.localcloud.gcp_provision import bind

    policy = gcp.cloud.state.policies[gcp.cloud.state.node]
    kept = [dict(b) for b in policy["bindings"]]
    member = "serviceAccount:billing-api@porter-demo-project.iam.gserviceaccount.com"
    bind(gcp.cloud.state, gcp.cloud.state.node, "roles/resourcemanager.projectIamAdmin", member)
    try:
        outcome = gcp.verify()
        allowed = gcp.verify(allow_incomplete=True)
    finally:
        policy["bindings"] = kept
    assert outcome.report.verdict.as_documented == "not proven"
    assert (outcome.exit_code, allowed.exit_code) == (2, 0)


def accepted(kind: WaiverKind, match: WaiverMatch, ceiling: Ceiling) -> Waiver:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    ends = datetime(2099, 1, 1, tzinfo=UTC)
    return Waiver("W-1", kind, match, ceiling, "known", "alice", "bob", "T-1", start, ends, "2098-12-31", 90)


def test_an_acknowledged_gap_is_named_and_no_longer_stops(gcp: Empty) -> None:
    unit = f"gcp/{DEMO_PROJECT}/global/gcp.ancestors"
    known = accepted(WaiverKind.ACK, WaiverMatch(unit=unit), Ceiling(statuses=("denied",)))
    gcp.cloud.fault("organizations.getIamPolicy", "denied")
    try:
        bare, acknowledged = gcp.verify(), gcp.verify(waivers=(known,))
    finally:
        gcp.cloud.clear_faults()
    assert (bare.exit_code, acknowledged.exit_code) == (2, 0)
    assert "Not read: 1 unit of what is needed" in acknowledged.report.verdict.headline
    assert acknowledged.report.verdict.as_documented == "not proven"


def test_what_somebody_accepted_still_makes_the_answer_no() -> None:
    left = demo_of("gcp")
    waivers = tuple(
        accepted(
            WaiverKind.ACCEPT,
            WaiverMatch(fingerprint=f.fingerprint),
            Ceiling(content_hashes=(f.content_hash,)),
        )
        for f in left.report.findings
        if f.result is Result.FAIL
    )
    from scanner.app.scan import judge

    asked = options("gcp", None, waivers=waivers, question=Question.REVOKED)
    outcome = judge(asked, left.snapshot, left.documented, now())
    assert outcome.report.verdict.as_documented == "no"
    assert {f.status for f in outcome.report.findings if f.result is Result.FAIL} == {"WAIVED"}
    assert outcome.exit_code == 0


def test_another_vendor_is_looked_for_and_spoken_of_by_its_own_names(tmp_path: Path) -> None:
    import json

    from scanner.baseline.version import load_version
    from scanner.render.terminal import render_terminal
    from scanner.rules.questions import vendor_accounts

    aws = load_version(find("grafana-cloud@2026-11"), ["aws"]).aws
    assert aws is not None
    principal = f"arn:aws:iam::{next(a for a in vendor_accounts(aws) if a.isdigit())}:root"
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]}
    role = {
        "RoleName": "metrics",
        "RoleId": "AROAMETRICS",
        "Path": "/",
        "Arn": "arn:aws:iam::111122223333:role/metrics",
        "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "InstanceProfileList": [],
    }
    page = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []}
    source = tmp_path / "gaad.json"
    source.write_text(json.dumps(page))
    outcome = verify_revoked(options("aws", None, baseline="grafana-cloud@2026-11", source=source))
    assert outcome.exit_code == 1
    text = " ".join(render_terminal(outcome.report, width=200).split())
    assert "Nothing of Grafana Cloud is left: no. 1 thing of Grafana Cloud's is left" in text
    assert "What still lets Grafana Cloud in: metrics." in text
