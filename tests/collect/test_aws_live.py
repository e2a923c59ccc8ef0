"""The live collector against a scripted AWS: real sockets, the real SDK, every way an answer can go wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from fake_account import (
    ACCOUNT,
    DETAIL_PAGES,
    KEY_ID,
    NO_STACK,
    SECRET,
    detail_page,
    details,
    role,
    small_account,
)
from fake_aws import Drop, FakeAws, Fault, Hang, Raw, Reply

from scanner.collect.aws.account import collect_aws
from scanner.collect.aws.allowlist import READ_ONLY_CALLS
from scanner.collect.aws.session import AwsOptions
from scanner.collect.snapshot_io import dump_snapshot, load_snapshot
from scanner.model import kinds
from scanner.model.snapshot import Snapshot, SourceKind, Unit, UnitStatus
from scanner.normalize.inventory import normalize

KEY = b"k" * 32
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DENIED = Fault("AccessDenied", "User: arn:aws:sts::123456789012:assumed-role/reader/me is not authorized", 403)


class Clock:
    """Advances a fixed step at each reading; safe for threads."""

    def __init__(self, step_s: float = 0.001) -> None:
        self._now = START
        self._step = timedelta(seconds=step_s)
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            self._now += self._step
            return self._now


def collect(aws: FakeAws, *, step_s: float = 0.001, **options: Any) -> Snapshot:
    defaults: dict[str, Any] = {"endpoint_url": aws.url, "max_attempts": 1, "read_timeout_s": 5.0}
    chosen = AwsOptions(**{**defaults, **options})
    return collect_aws(chosen, clock=Clock(step_s), hmac_key=KEY, expected_external_id=SECRET)


def unit(snapshot: Snapshot, kind: str, region: str = "global") -> Unit:
    return next(found for found in snapshot.units if found.kind == kind and found.region == region)


def test_an_account_that_answers_everything_is_complete_in_every_unit(aws: FakeAws) -> None:
    snapshot = collect(aws)
    assert {found.unit_id: found.status for found in snapshot.units if found.status is not UnitStatus.COMPLETE} == {}
    assert [found.unit_id for found in snapshot.units] == [
        f"aws/{ACCOUNT}/{region}/{kind.kind}"
        for kind in kinds.AWS_UNIT_KINDS
        for region in (("eu-west-1", "us-east-2") if kind.regional else ("global",))
    ]
    assert snapshot.source is SourceKind.LIVE
    assert snapshot.callers[0].principal == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"


def test_the_ledger_has_one_line_per_request_that_arrived(aws: FakeAws) -> None:
    snapshot = collect(aws)
    lines = sorted(f"{call.service}:{call.operation}" for call in snapshot.calls)
    assert lines == sorted(aws.operations())
    assert {call.unit_id for call in snapshot.calls} <= {found.unit_id for found in snapshot.units}
    assert all(call.attempts == 1 and call.endpoint_host == "127.0.0.1" for call in snapshot.calls)
    first = snapshot.calls[0]
    assert (first.http_status, first.request_id, first.items) == (200, "req-GetCallerIdentity", 1)
    assert first.server_date is not None


def test_pages_are_followed_to_the_end_and_counted(aws: FakeAws) -> None:
    snapshot = collect(aws)
    found = unit(snapshot, kinds.AUTHORIZATION_DETAILS)
    calls = [call for call in snapshot.calls if call.unit_id == found.unit_id]
    assert [(call.page, call.items, call.params.get("Marker")) for call in calls] == [
        (1, 2, None),
        (2, 2, "m1"),
        (3, 1, "m2"),
    ]
    assert found.items == 5


def test_the_inventory_of_a_live_snapshot_holds_what_the_account_answered(aws: FakeAws) -> None:
    account = normalize(collect(aws)).aws[0]
    assert [found.name for found in account.roles] == ["porter-manager", "other"][::-1]
    assert account.stacks[0].drift_status == "IN_SYNC"
    assert [resource.logical_id for resource in account.stacks[0].resources] == ["First", "Second"]
    assert account.clusters[0].oidc_issuer == "https://oidc.example/c1"
    assert [found.association_id for found in account.pod_identities] == ["a-1", "a-2"]
    assert account.pod_identities[0].role_arn == f"arn:aws:iam::{ACCOUNT}:role/porter-manager"
    assert account.regions == ("eu-west-1", "us-east-2")
    assert dict(account.summary) == {"Roles": 2, "Policies": 1}
    assert account.oidc_providers[0].client_ids == ("sts.amazonaws.com",)


def test_keys_are_listed_only_of_users_named_like_the_vendor(aws: FakeAws) -> None:
    account = normalize(collect(aws)).aws[0]
    asked = [request.params["UserName"] for request in aws.requests if request.operation == "ListAccessKeys"]
    assert asked == ["porter-ci"]
    keys = {user.name: user.access_keys for user in account.users}
    assert isinstance(keys["porter-ci"], tuple)
    assert keys["porter-ci"][0].key_id_tail == KEY_ID[-4:]
    assert not isinstance(keys["somebody"], tuple)


def test_two_collections_of_one_account_give_the_same_pages(aws: FakeAws) -> None:
    first, second = collect(aws), collect(aws)
    assert [found.pages for found in first.units] == [found.pages for found in second.units]
    assert [call.operation for call in first.calls] == [call.operation for call in second.calls]


def test_no_planted_secret_reaches_the_saved_bytes(aws: FakeAws) -> None:
    aws.answers["iam:GetAccountSummary"] = Fault("AccessDenied", f"not allowed with {SECRET} and {KEY_ID}", 403)
    saved = dump_snapshot(collect(aws))
    assert SECRET.encode() not in saved
    assert KEY_ID.encode() not in saved
    assert KEY_ID[-4:].encode() in saved
    assert b"test-secret" not in saved
    snapshot = load_snapshot(saved)
    assert [fact.equals_expected for fact in snapshot.external_ids] == [True]
    assert snapshot.redactions > 0


def test_a_saved_live_snapshot_reads_back_equal(aws: FakeAws) -> None:
    snapshot = collect(aws)
    assert load_snapshot(dump_snapshot(snapshot)) == snapshot


# --- each call fails in turn -----------------------------------------------------------------------------------------

WAYS: dict[str, tuple[Reply, UnitStatus]] = {
    "denied": (DENIED, UnitStatus.DENIED),
    "throttled": (Fault("ThrottlingException", "slow down", 400), UnitStatus.THROTTLED),
    "unknown error": (Fault("SomethingNew", "never seen", 400), UnitStatus.ERROR),
    "connection lost": (Drop(), UnitStatus.TIMEOUT),
}


# One call per protocol and paging style for the other ways; being denied is tried for every call.
SOME = ("iam:ListAccessKeys", "ec2:DescribeRegions", "eks:ListClusters", "organizations:DescribePolicy")
FAILING = [(call, way) for call in READ_ONLY_CALLS for way in WAYS if way == "denied" or call.api in SOME]


@pytest.mark.parametrize(("call", "way"), FAILING, ids=[f"{call.api} {way}" for call, way in FAILING])
def test_a_call_that_fails_leaves_its_unit_incomplete(aws: FakeAws, call: Any, way: str) -> None:
    reply, status = WAYS[way]
    for name in [name for name in aws.answers if name.partition("@")[0] == call.api]:
        aws.answers[name] = reply
    if call.api == "account:ListRegions":
        aws.answers["ec2:DescribeRegions"] = DENIED
    snapshot = collect(aws, activity_days=int(call.kind == kinds.ACTIVITY))
    broken = [found for found in snapshot.units if found.kind == call.kind]
    if call.api == "ec2:DescribeRegions" and way == "denied":
        assert [found.status for found in broken] == [UnitStatus.COMPLETE]
        return
    affected = [found for found in broken if found.status is not UnitStatus.COMPLETE]
    assert {found.status for found in affected} == {status}
    assert all(found.error is not None and found.error.code for found in affected)
    failed = {f"{line.service}:{line.operation}" for line in snapshot.calls if line.outcome is status}
    by_hand = {"ec2:DescribeRegions"} if call.api == "account:ListRegions" and way == "denied" else set()
    assert failed == {call.api} | by_hand


@pytest.mark.parametrize("call", READ_ONLY_CALLS, ids=lambda call: call.api)
def test_an_answer_that_is_not_the_protocol_is_an_error(aws: FakeAws, call: Any) -> None:
    for name in [name for name in aws.answers if name.partition("@")[0] == call.api]:
        aws.answers[name] = Raw(b"<html><body>sign in to the proxy")
    if call.api == "account:ListRegions":
        aws.answers["ec2:DescribeRegions"] = DENIED
    snapshot = collect(aws, activity_days=int(call.kind == kinds.ACTIVITY))
    statuses = {found.status for found in snapshot.units if found.kind == call.kind}
    assert UnitStatus.ERROR in statuses


def test_an_answer_without_its_list_is_an_error_not_an_empty_list(aws: FakeAws) -> None:
    aws.answers["eks:ListClusters"] = {}
    aws.answers["iam:GetAccountAuthorizationDetails"] = {"IsTruncated": False}
    snapshot = collect(aws)
    for found in (unit(snapshot, kinds.CLUSTERS, "eu-west-1"), unit(snapshot, kinds.AUTHORIZATION_DETAILS)):
        assert (found.status, found.error.code if found.error else "") == (UnitStatus.ERROR, "MalformedAnswer")


def test_nothing_readable_at_all_still_gives_a_snapshot_that_says_so(aws: FakeAws) -> None:
    for name in aws.answers:
        aws.answers[name] = DENIED
    snapshot = collect(aws)
    assert {found.status for found in snapshot.units} <= {UnitStatus.DENIED, UnitStatus.NOT_ATTEMPTED}
    assert snapshot.scopes[0].id == "unknown"


def test_the_account_is_known_from_its_roles_if_the_caller_is_not(aws: FakeAws) -> None:
    aws.answers["sts:GetCallerIdentity"] = DENIED
    snapshot = collect(aws)
    assert snapshot.scopes[0].id == ACCOUNT
    assert unit(snapshot, kinds.CALLER_IDENTITY).status is UnitStatus.DENIED


# --- pages -----------------------------------------------------------------------------------------------------------


def broken_details(page: int, reply: Reply) -> Callable[[dict[str, Any]], Reply]:
    def answer(params: dict[str, Any]) -> Reply:
        return reply if (params.get("Marker") or "m0") == f"m{page}" else details(params)

    return answer


def unfinished_page(marker: str) -> Reply:
    page: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    return {**page, "IsTruncated": True, "Marker": marker}


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (DENIED, UnitStatus.DENIED),
        (Fault("Throttling", "rate exceeded", 400), UnitStatus.THROTTLED),
        (unfinished_page(""), UnitStatus.TRUNCATED),
        (unfinished_page("m1"), UnitStatus.TRUNCATED),
        (Drop(), UnitStatus.TIMEOUT),
        (Raw(b"<GetAccountAuthorizationDetailsResponse><GetAcc"), UnitStatus.ERROR),
    ],
    ids=["denied", "throttled", "no marker", "same marker again", "connection lost", "cut off"],
)
def test_pages_read_before_a_failure_are_kept(aws: FakeAws, reply: Reply, status: UnitStatus) -> None:
    aws.answers["iam:GetAccountAuthorizationDetails"] = broken_details(1, reply)
    snapshot = collect(aws)
    found = unit(snapshot, kinds.AUTHORIZATION_DETAILS)
    assert found.status is status
    assert found.pages[0]["UserDetailList"][0]["UserName"] == "porter-ci"
    assert [call.outcome for call in snapshot.calls if call.unit_id == found.unit_id][-1] is status
    assert [user.name for user in normalize(snapshot).aws[0].users] == ["porter-ci", "somebody"]


def test_keys_of_users_already_seen_are_read_but_never_count_as_all(aws: FakeAws) -> None:
    aws.answers["iam:GetAccountAuthorizationDetails"] = broken_details(1, DENIED)
    found = unit(collect(aws), kinds.ACCESS_KEYS)
    assert found.status is UnitStatus.TRUNCATED
    assert found.items == 1
    assert found.error is not None
    assert found.error.code == "PrerequisiteUnread"


def test_a_role_on_two_pages_makes_the_unit_unstable(aws: FakeAws) -> None:
    pages = [DETAIL_PAGES[1], {"RoleDetailList": [role("other"), role("third")]}, DETAIL_PAGES[2]]

    def answer(params: dict[str, Any]) -> Reply:
        return detail_page(int((params.get("Marker") or "m0")[1:]), pages)

    aws.answers["iam:GetAccountAuthorizationDetails"] = answer
    found = unit(collect(aws), kinds.AUTHORIZATION_DETAILS)
    assert found.status is UnitStatus.UNSTABLE
    assert len(found.pages) == 3


def test_a_policy_document_that_cannot_be_decoded_is_unread_not_empty(aws: FakeAws) -> None:
    twice = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%2C%22Statement%22%3A%5B%5D%7D"
    page = {"RoleDetailList": [role("porter-manager", AssumeRolePolicyDocument=twice)], "Policies": []}
    aws.answers["iam:GetAccountAuthorizationDetails"] = detail_page(0, [page])
    trust = normalize(collect(aws)).aws[0].roles[0].trust
    assert "duplicate key" in getattr(trust, "reason", "")


def test_a_user_that_vanishes_while_reading_makes_the_unit_unstable(aws: FakeAws) -> None:
    aws.answers["iam:ListAccessKeys"] = Fault("NoSuchEntity", "no such user", 404)
    assert unit(collect(aws), kinds.ACCESS_KEYS).status is UnitStatus.UNSTABLE


def test_one_refused_part_does_not_hide_the_parts_after_it(aws: FakeAws) -> None:
    """Two clusters, the first is refused: the second is still described."""

    def described(params: dict[str, Any]) -> Reply:
        if params["name"] == "c1":
            return Fault("AccessDeniedException", "no", 403)
        return {"cluster": {"name": params["name"], "arn": "arn:aws:eks:us-east-2:1:cluster/c2"}}

    aws.answers["eks:ListClusters@us-east-2"] = {"clusters": ["c1", "c2"]}
    aws.answers["eks:DescribeCluster"] = described
    snapshot = collect(aws)
    found = unit(snapshot, kinds.CLUSTERS, "us-east-2")
    assert found.status is UnitStatus.DENIED
    assert [cluster.name for cluster in normalize(snapshot).aws[0].clusters] == ["c2"]
    assert unit(snapshot, kinds.POD_IDENTITIES, "us-east-2").status is UnitStatus.COMPLETE


def test_an_association_that_cannot_be_described_keeps_its_place_without_a_role(aws: FakeAws) -> None:
    aws.answers["eks:DescribePodIdentityAssociation"] = Fault("AccessDeniedException", "no", 403)
    found = normalize(collect(aws)).aws[0].pod_identities
    assert [association.association_id for association in found] == ["a-1", "a-2"]
    assert not any(isinstance(association.role_arn, str) for association in found)


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_server_that_does_not_answer_ends_as_timeout(aws: FakeAws) -> None:
    aws.answers["iam:GetAccountSummary"] = Hang()
    found = unit(collect(aws, read_timeout_s=0.3), kinds.ACCOUNT_SUMMARY)
    assert found.status is UnitStatus.TIMEOUT
    assert found.error is not None
    assert found.error.code == "ReadTimeoutError"


def test_after_the_deadline_nothing_is_sent(aws: FakeAws) -> None:
    snapshot = collect(aws, step_s=30, deadline_s=600)
    late = [found for found in snapshot.units if found.status is UnitStatus.NOT_ATTEMPTED]
    assert unit(snapshot, kinds.CALLER_IDENTITY).status is UnitStatus.COMPLETE
    assert late
    called = {call.unit_id for call in snapshot.calls}
    assert not called & {found.unit_id for found in late}
    assert {found.status for found in snapshot.units} <= {
        UnitStatus.COMPLETE,
        UnitStatus.TIMEOUT,
        UnitStatus.TRUNCATED,
        UnitStatus.NOT_ATTEMPTED,
    }


def test_retries_are_counted_and_capped(aws: FakeAws) -> None:
    aws.answers["iam:GetAccountSummary"] = Fault("Throttling", "rate exceeded", 400)
    snapshot = collect(aws, max_attempts=2)
    call = next(line for line in snapshot.calls if line.operation == "GetAccountSummary")
    assert (call.attempts, call.outcome) == (2, UnitStatus.THROTTLED)
    assert aws.operations().count("iam:GetAccountSummary") == 2


# --- regions ---------------------------------------------------------------------------------------------------------

SCP = Fault("AccessDenied", "not authorized with an explicit deny in a service control policy", 403)
EKS_SCP = Fault("AccessDeniedException", "not authorized with an explicit deny in a service control policy", 403)


def test_a_region_closed_by_a_service_control_policy_is_supplementary(aws: FakeAws) -> None:
    aws.answers["cloudformation:DescribeStacks@eu-west-1"] = SCP
    aws.answers["eks:ListClusters@eu-west-1"] = EKS_SCP
    snapshot = collect(aws)
    closed = [found for found in snapshot.units if found.region == "eu-west-1"]
    assert {found.required for found in closed} == {False}
    assert UnitStatus.COMPLETE not in {found.status for found in closed}
    assert all(found.required for found in snapshot.units if found.region == "us-east-2")


def test_a_policy_that_closes_a_service_everywhere_does_not_make_regions_supplementary(aws: FakeAws) -> None:
    for name, reply in {"cloudformation:DescribeStacks": SCP, "eks:ListClusters": EKS_SCP}.items():
        aws.answers[name] = aws.answers[f"{name}@us-east-2"] = reply
    snapshot = collect(aws)
    assert all(found.required for found in snapshot.units if found.region != "global")


def test_a_region_where_only_one_service_is_closed_stays_required(aws: FakeAws) -> None:
    aws.answers["eks:ListClusters@eu-west-1"] = EKS_SCP
    assert all(found.required for found in collect(aws).units if found.region == "eu-west-1")


def test_named_regions_replace_the_enabled_ones_and_are_on_record(aws: FakeAws) -> None:
    snapshot = collect(aws, regions=("us-east-2",))
    found = unit(snapshot, kinds.REGIONS)
    assert found.pages == ({"_call": {"operation": "--regions"}, "Regions": [{"RegionName": "us-east-2"}]},)
    assert "ec2:DescribeRegions" not in aws.operations()
    assert {other.region for other in snapshot.units} == {"global", "us-east-2"}


def test_the_account_service_is_asked_where_regions_are_denied(aws: FakeAws) -> None:
    aws.answers["ec2:DescribeRegions"] = Fault("UnauthorizedOperation", "no", 403)
    snapshot = collect(aws)
    assert unit(snapshot, kinds.REGIONS).status is UnitStatus.COMPLETE
    assert normalize(snapshot).aws[0].regions == ("us-east-2",)


def test_without_any_list_of_regions_the_own_region_is_read_and_the_unit_is_denied(aws: FakeAws) -> None:
    aws.answers["ec2:DescribeRegions"] = Fault("UnauthorizedOperation", "no", 403)
    aws.answers["account:ListRegions"] = Fault("AccessDeniedException", "no", 403)
    snapshot = collect(aws)
    assert unit(snapshot, kinds.REGIONS).status is UnitStatus.DENIED
    assert {found.region for found in snapshot.units} == {"global", "us-east-1"}


# --- absence that is an answer ---------------------------------------------------------------------------------------


def test_no_stack_is_a_full_answer_and_the_ledger_has_the_error(aws: FakeAws) -> None:
    snapshot = collect(aws)
    found = unit(snapshot, kinds.STACK, "eu-west-1")
    assert (found.status, found.items) == (UnitStatus.COMPLETE, 0)
    call = next(line for line in snapshot.calls if line.unit_id == found.unit_id)
    assert (call.outcome, call.error_code, call.http_status) == (UnitStatus.COMPLETE, "ValidationError", 400)


def test_another_validation_error_is_not_an_absent_stack(aws: FakeAws) -> None:
    aws.answers["cloudformation:DescribeStacks"] = msgspec.structs.replace(NO_STACK, message="bad template")
    assert unit(collect(aws), kinds.STACK, "eu-west-1").status is UnitStatus.ERROR


def test_an_account_outside_any_organization_has_no_policies_above_it(aws: FakeAws) -> None:
    aws.answers["organizations:DescribeOrganization"] = Fault("AWSOrganizationsNotInUseException", "none")
    found = unit(collect(aws), kinds.ORGANIZATION_POLICIES)
    assert (found.status, found.items) == (UnitStatus.COMPLETE, 0)


def test_organization_policies_are_decoded_and_asked_for_on_every_level(aws: FakeAws) -> None:
    found = unit(collect(aws), kinds.ORGANIZATION_POLICIES)
    contents = [page["Policy"]["Content"] for page in found.pages if "Policy" in page]
    assert contents == [json.loads(small_account()["organizations:DescribePolicy"]["Policy"]["Content"])]  # type: ignore[index]
    targets = [request.params["TargetId"] for request in aws.requests if request.operation == "ListPoliciesForTarget"]
    assert targets == [ACCOUNT, ACCOUNT, "r-root", "r-root"]


# --- identity of the reader ------------------------------------------------------------------------------------------


def test_every_request_says_who_sends_it(aws: FakeAws) -> None:
    collect(aws)
    assert all("porter-audit/" in request.user_agent for request in aws.requests)


def test_progress_tells_what_is_read_and_ends_with_all_units(aws: FakeAws) -> None:
    told: list[tuple[str, int, int]] = []
    options = AwsOptions(endpoint_url=aws.url, max_attempts=1)
    snapshot = collect_aws(
        options, clock=Clock(), hmac_key=KEY, progress=lambda what, done, total: told.append((what, done, total))
    )
    assert told[-1] == ("done", len(snapshot.units), len(snapshot.units))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
