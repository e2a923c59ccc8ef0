"""Authorization details to identities: nothing is dropped, nothing unread looks empty, every value has its place."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from scanner.errors import InputError
from scanner.model import kinds
from scanner.model.common import EvidencePointer, NotObserved, Observed
from scanner.model.inventory import AwsAccount
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitStatus
from scanner.normalize.inventory import normalize

ACCOUNT = "123456789012"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
OTHER = {"Version": "2012-10-17", "Statement": []}
DETAILS = f"aws/{ACCOUNT}/global/{kinds.AUTHORIZATION_DETAILS}"


def unit(kind: str, *pages: dict[str, Any], status: UnitStatus = UnitStatus.COMPLETE, region: str = "global") -> Unit:
    return Unit(
        unit_id=f"aws/{ACCOUNT}/{region}/{kind}",
        kind=kind,
        cloud="aws",
        scope_id=ACCOUNT,
        region=region,
        required=True,
        status=status,
        apis=(),
        pages=pages,
    )


def account(*units: Unit) -> AwsAccount:
    snapshot = Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.LIVE,
        tool_version="0",
        collected_at=datetime(2026, 1, 1, tzinfo=UTC),
        scopes=(Scope(cloud="aws", kind="account", id=ACCOUNT, partition="aws"),),
        units=units,
    )
    return normalize(snapshot).aws[0]


def role(name: str = "r", **more: Any) -> dict[str, Any]:
    return {
        "RoleName": name,
        "RoleId": f"AROA{name}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "AssumeRolePolicyDocument": OTHER,
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        **more,
    }


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"UserName": name, "UserId": f"AIDA{name}", "Arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", **more}


def attached(arn: str) -> dict[str, Any]:
    return {"AttachedManagedPolicies": [{"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn}]}


def managed(arn: str, document: Any = ALLOW, **more: Any) -> dict[str, Any]:
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document}
    return {"Arn": arn, "DefaultVersionId": "v1", "PolicyVersionList": [version], **more}


OWN = f"arn:aws:iam::{ACCOUNT}:policy/own"
AWS_OWN = "arn:aws:iam::aws:policy/AdministratorAccess"


def of(*roles: dict[str, Any], **lists: list[Any]) -> AwsAccount:
    return account(unit(kinds.AUTHORIZATION_DETAILS, {"RoleDetailList": list(roles), **lists}))


def test_a_role_has_every_field_of_the_answer() -> None:
    raw = role(
        "porter-manager",
        Path="/p/",
        CreateDate="2024-05-01T14:00:00+02:00",
        Description="d",
        MaxSessionDuration=7200,
        RoleLastUsed={"LastUsedDate": "2024-06-01T00:00:00Z", "Region": "us-east-2"},
        InstanceProfileList=[{"InstanceProfileName": "i"}],
        Tags=[{"Key": "b", "Value": "2"}, {"Key": "a"}],
    )
    found = of(raw).roles[0]
    assert (found.path, found.description, found.max_session_s) == ("/p/", "d", 7200)
    assert found.created_at == datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert (found.last_used_at, found.last_used_region) == (datetime(2024, 6, 1, tzinfo=UTC), "us-east-2")
    assert (found.instance_profiles, found.tags) == (("i",), (("a", ""), ("b", "2")))
    assert (found.account_id, found.role_id) == (ACCOUNT, "AROAporter-manager")
    assert found.evidence == EvidencePointer(DETAILS, "/0/RoleDetailList/0")


def test_a_role_never_used_and_without_boundary_has_none() -> None:
    found = of(role(RoleLastUsed={})).roles[0]
    assert (found.last_used_at, found.boundary_arn, found.boundary) == (None, None, None)


def test_policies_are_inline_by_name_then_managed_by_arn() -> None:
    inline = [{"PolicyName": name, "PolicyDocument": ALLOW} for name in ("z", "a")]
    raw = role(RolePolicyList=inline, AttachedManagedPolicies=[{"PolicyArn": OWN}, {"PolicyArn": AWS_OWN}])
    found = of(raw, Policies=[managed(OWN), managed(AWS_OWN)]).roles[0].policies
    assert [(policy.name, policy.origin) for policy in found] == [
        ("a", "inline"),
        ("z", "inline"),
        ("own", "customer-managed"),
        ("AdministratorAccess", "aws-managed"),
    ]
    assert found[0].evidence.pointer == "/0/RoleDetailList/0/RolePolicyList/1/PolicyDocument"
    assert found[2].evidence.pointer == "/0/Policies/0/PolicyVersionList/0/Document"


@pytest.mark.parametrize(
    ("arn", "origin"),
    [
        (AWS_OWN, "aws-managed"),
        ("arn:aws-us-gov:iam::aws:policy/service-role/X", "aws-managed"),
        (f"arn:aws:iam::{ACCOUNT}:policy/aws/AdministratorAccess", "customer-managed"),
        (f"arn:aws:iam::{ACCOUNT}:policy/AmazonEKSClusterPolicy", "customer-managed"),
    ],
)
def test_only_the_account_field_makes_a_policy_awss_own(arn: str, origin: str) -> None:
    assert of(role(**attached(arn)), Policies=[managed(arn)]).roles[0].policies[0].origin == origin


def test_an_attached_policy_without_document_is_kept_as_unread() -> None:
    found = of(role(**attached(OWN))).roles[0].policies
    assert [policy.name for policy in found] == ["own"]
    assert isinstance(found[0].document, NotObserved)
    assert OWN in found[0].document.reason


VERSIONS = [
    {"VersionId": "v1", "IsDefaultVersion": False, "Document": OTHER},
    {"VersionId": "v2", "IsDefaultVersion": True, "Document": ALLOW},
]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"DefaultVersionId": "v2", "PolicyVersionList": VERSIONS}, ALLOW),
        ({"DefaultVersionId": None, "PolicyVersionList": VERSIONS}, ALLOW),
        ({"DefaultVersionId": "v2", "PolicyVersionList": [{"VersionId": "v2", "Document": ALLOW}]}, ALLOW),
        ({"DefaultVersionId": "v1", "PolicyVersionList": VERSIONS}, "contradicts itself"),
        ({"DefaultVersionId": "v9", "PolicyVersionList": VERSIONS}, "not in the answer"),
        ({"DefaultVersionId": "v2", "PolicyVersionList": [VERSIONS[1], VERSIONS[1]]}, "several default versions"),
        ({"DefaultVersionId": "v1", "PolicyVersionList": []}, "not in the answer"),
        ({"PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True}], "DefaultVersionId": "v1"}, "document"),
    ],
)
def test_the_default_version_is_the_one_in_force_or_unread(policy: dict[str, Any], expected: Any) -> None:
    document = of(role(**attached(OWN)), Policies=[managed(OWN) | policy]).roles[0].policies[0].document
    if isinstance(expected, str):
        assert isinstance(document, NotObserved)
        assert expected in document.reason
    else:
        assert document == Observed(expected)


def test_policies_are_found_on_any_page_and_without_a_name() -> None:
    first, second = {"RoleDetailList": [role(**attached(OWN))]}, {"Policies": [managed(OWN)]}
    found = account(unit(kinds.AUTHORIZATION_DETAILS, first, second)).roles[0].policies[0]
    assert found.document == Observed(ALLOW)
    assert found.evidence.pointer.startswith("/1/Policies/0/")


def test_a_boundary_is_resolved_like_any_managed_policy() -> None:
    boundary: dict[str, Any] = {
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": OWN}
    }
    known = of(role(**boundary), Policies=[managed(OWN)]).roles[0]
    assert (known.boundary_arn, known.boundary) == (OWN, Observed(ALLOW))
    unknown = of(role(**boundary)).roles[0]
    assert unknown.boundary_arn == OWN
    assert isinstance(unknown.boundary, NotObserved)


@pytest.mark.parametrize("value", [None, "%7B%7D", [], {"_unreadable": "why"}])
def test_a_trust_policy_that_is_no_document_is_unread(value: Any) -> None:
    assert isinstance(of(role(AssumeRolePolicyDocument=value)).roles[0].trust, NotObserved)


@pytest.mark.parametrize("lost", ["RolePolicyList", "AttachedManagedPolicies"])
def test_a_list_of_policies_that_is_not_there_is_unread_not_empty(lost: str) -> None:
    raw = role()
    del raw[lost]
    found = of(raw).roles[0].policies
    assert [type(policy.document) for policy in found] == [NotObserved]
    assert lost in found[0].name


def test_a_user_has_its_own_policies_and_those_of_its_groups() -> None:
    group = {
        "GroupName": "g",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/g",
        "GroupPolicyList": [{"PolicyName": "i", "PolicyDocument": ALLOW}],
        **attached(OWN),
    }
    raw = user("u", GroupList=["g", "gone"], UserPolicyList=[{"PolicyName": "mine", "PolicyDocument": OTHER}])
    found = of(UserDetailList=[raw], GroupDetailList=[group], Policies=[managed(OWN)])
    assert [policy.name for policy in found.users[0].policies] == ["mine", "g/i", "g/own", "gone/*"]
    assert isinstance(found.users[0].policies[-1].document, NotObserved)
    assert found.users[0].policies[1].evidence.pointer == "/0/GroupDetailList/0/GroupPolicyList/0/PolicyDocument"
    assert found.users[0].groups == ("g", "gone")
    assert [policy.name for policy in found.groups[0].policies] == ["i", "own"]


def test_a_user_without_the_list_of_inline_policies_has_none() -> None:
    assert of(UserDetailList=[user("u")]).users[0].policies == ()


def keys_page(name: str, *tails: str) -> dict[str, Any]:
    rows = [{"UserName": name, "AccessKeyId": f"****{tail}", "Status": "Active"} for tail in tails]
    return {"_call": {"operation": "ListAccessKeys", "params": {"UserName": name}}, "AccessKeyMetadata": rows}


def test_access_keys_are_none_only_where_they_were_asked_for_to_the_end() -> None:
    details = unit(
        kinds.AUTHORIZATION_DETAILS,
        {"UserDetailList": [user("porter-a"), user("porter-b"), user("porter-c"), user("other")]},
    )
    pages = (keys_page("porter-a", "ZZZZ", "AAAA"), keys_page("porter-b"))
    for status, none_is_none in ((UnitStatus.COMPLETE, True), (UnitStatus.DENIED, False)):
        found = account(details, unit(kinds.ACCESS_KEYS, *pages, status=status))
        keys = {item.name: item.access_keys for item in found.users}
        seen = keys["porter-a"]
        assert isinstance(seen, tuple)
        assert [key.key_id_tail for key in seen] == ["AAAA", "ZZZZ"]
        assert (keys["porter-b"] == ()) is none_is_none
        assert isinstance(keys["porter-c"], NotObserved)
        assert isinstance(keys["other"], NotObserved)
    assert all(isinstance(item.access_keys, NotObserved) for item in account(details).users)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no ARN": ({"RoleDetailList": [{**role(), "Arn": None}]}, "/0/RoleDetailList/0/Arn: is missing"),
    "no name": ({"RoleDetailList": [{**role(), "RoleName": ""}]}, "/0/RoleDetailList/0/RoleName: is not a non-empty"),
    "no id": ({"RoleDetailList": [{**role(), "RoleId": 5}]}, "/0/RoleDetailList/0/RoleId: is not a non-empty"),
    "roles no list": ({"RoleDetailList": {}}, "/0/RoleDetailList: is not a list"),
    "role no object": ({"RoleDetailList": ["r"]}, "/0/RoleDetailList/0: is not an object"),
    "bad time": ({"RoleDetailList": [role(CreateDate="soon")]}, "/0/RoleDetailList/0/CreateDate: is not a time"),
    "policy without ARN": ({"Policies": [{}]}, "/0/Policies/0/Arn: is missing"),
    "attachment without ARN": (
        {"RoleDetailList": [role(AttachedManagedPolicies=[{}])]},
        "/0/RoleDetailList/0/AttachedManagedPolicies/0/PolicyArn: is missing",
    ),
    "tag without key": ({"RoleDetailList": [role(Tags=[{}])]}, "/0/RoleDetailList/0/Tags/0/Key: is missing"),
    "group name no text": ({"UserDetailList": [user("u", GroupList=[5])]}, "/0/UserDetailList/0/GroupList/0"),
    "used no object": ({"RoleDetailList": [role(RoleLastUsed=[])]}, "/0/RoleDetailList/0/RoleLastUsed: is not an"),
}


@pytest.mark.parametrize(("page", "words"), BROKEN.values(), ids=BROKEN)
def test_a_malformed_answer_is_refused_with_unit_and_pointer(page: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        account(unit(kinds.AUTHORIZATION_DETAILS, page))
    assert str(caught.value).startswith(f"unit `{DETAILS}`: ")
    assert words in str(caught.value)


def test_every_evidence_pointer_leads_to_what_it_proves() -> None:
    raw = role("r", RolePolicyList=[{"PolicyName": "i", "PolicyDocument": ALLOW}], **attached(OWN))
    details = unit(kinds.AUTHORIZATION_DETAILS, {"RoleDetailList": [raw], "Policies": [managed(OWN)]})
    found = account(details).roles[0]
    for policy in found.policies:
        assert resolve(details, policy.evidence) == ALLOW
    assert resolve(details, found.evidence) == raw


def resolve(found: Unit, evidence: EvidencePointer) -> Any:
    node: Any = found.pages
    for part in evidence.pointer.split("/")[1:]:
        node = node[int(part)] if isinstance(node, list | tuple) else node[part]
    return node


def test_the_order_of_the_answer_does_not_change_the_inventory_but_for_its_pointers() -> None:
    roles = [role("b"), role("a"), role("c")]
    one, two = of(*roles), of(*reversed(roles))
    assert [found.name for found in one.roles] == [found.name for found in two.roles] == ["a", "b", "c"]


def test_normalizing_leaves_the_snapshot_as_it_was() -> None:
    page = {"RoleDetailList": [role(**attached(OWN))], "Policies": [managed(OWN)]}
    before = copy.deepcopy(page)
    account(unit(kinds.AUTHORIZATION_DETAILS, page))
    assert page == before


def test_an_account_without_any_unit_is_empty_and_still_there() -> None:
    found = account()
    assert (found.account_id, found.roles, found.partition) == (ACCOUNT, (), "aws")


def test_units_of_another_account_are_not_mixed_in() -> None:
    other = msgspec.structs.replace(unit(kinds.AUTHORIZATION_DETAILS, {"RoleDetailList": [role()]}), scope_id="2")
    assert account(other).roles == ()
