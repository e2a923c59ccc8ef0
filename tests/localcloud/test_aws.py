"""The loopback AWS as unmodified boto3 clients see it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, PaginationError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from scanner.localcloud.aws import LoopbackAws, start_aws

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
)
ACCOUNT = "210987654321"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LoopbackAws]:
    """An account with 25 roles, a user in a group, three policies and a cluster."""
    with start_aws(ACCOUNT) as running:
        iam = running.client("iam")
        for n in range(25):
            iam.create_role(RoleName=f"role-{n:02}", AssumeRolePolicyDocument=TRUST)
        iam.create_user(UserName="someone")
        iam.create_group(GroupName="people")
        iam.add_user_to_group(UserName="someone", GroupName="people")
        iam.create_policy(PolicyName="own", PolicyDocument=POLICY)
        iam.attach_role_policy(RoleName="role-03", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/own")
        iam.attach_role_policy(
            RoleName="role-03", PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
        )
        running.client("eks").create_cluster(
            name="main",
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/role-00",
            resourcesVpcConfig={"subnetIds": ["subnet-1"]},
        )
        yield running


@pytest.fixture(autouse=True)
def _as_before(cloud) -> Iterator[None]:
    yield
    cloud.clear_faults()
    cloud.page_size, cloud.read_only = 100, False


def impatient(cloud: LoopbackAws, service: str, region: str = "us-east-1"):
    """Return a client that asks once and waits a second."""
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name=region)
    config = Config(retries={"total_max_attempts": 1}, read_timeout=1)
    return session.client(service, endpoint_url=cloud.endpoint, config=config)


def code_of(call, **arguments) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("page_size", [1, 4, 7, 27, 100])
def test_authorization_details_are_the_same_whatever_the_page_size(cloud, page_size):
    whole = cloud.client("iam").get_account_authorization_details()
    cloud.page_size = page_size
    pages = list(cloud.client("iam").get_paginator("get_account_authorization_details").paginate())
    assert len(pages) == -(-29 // page_size)
    for key in ("RoleDetailList", "UserDetailList", "GroupDetailList", "Policies"):
        assert [item for page in pages for item in page[key]] == whole[key]


def test_a_caller_may_ask_for_smaller_pages_but_not_for_larger_ones(cloud):
    cloud.page_size = 10
    iam = cloud.client("iam")
    assert len(iam.get_account_authorization_details(MaxItems=3)["UserDetailList"]) == 1
    assert len(iam.get_account_authorization_details(MaxItems=900)["RoleDetailList"]) == 9


def test_authorization_details_have_the_fields_that_aws_gives(cloud):
    details = cloud.client("iam").get_account_authorization_details()
    own, managed = details["Policies"]
    assert (own["PolicyName"], own["AttachmentCount"], own["IsAttachable"]) == ("own", 1, True)
    assert (managed["PolicyName"], managed["DefaultVersionId"]) == ("AmazonEBSCSIDriverPolicy", "v15")
    assert own["PolicyVersionList"][0]["Document"] == json.loads(POLICY)
    assert details["UserDetailList"][0]["GroupList"] == ["people"]
    assert details["UserDetailList"][0]["UserId"].startswith("AIDA")
    assert details["RoleDetailList"][3]["AssumeRolePolicyDocument"] == json.loads(TRUST)


def test_authorization_details_can_be_filtered(cloud):
    details = cloud.client("iam").get_account_authorization_details(Filter=["Role", "AWSManagedPolicy"])
    assert (len(details["RoleDetailList"]), details["UserDetailList"], details["GroupDetailList"]) == (25, [], [])
    assert [p["PolicyName"] for p in details["Policies"]] == ["AmazonEBSCSIDriverPolicy"]


def test_an_aws_managed_policy_that_nobody_attached_is_not_listed(cloud):
    iam = cloud.client("iam")
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.attach_role_policy(RoleName="role-04", PolicyArn=arn)
    iam.detach_role_policy(RoleName="role-04", PolicyArn=arn)
    assert arn not in [p["Arn"] for p in iam.get_account_authorization_details()["Policies"]]


def test_an_unknown_aws_managed_policy_cannot_be_attached(cloud):
    arn = "arn:aws:iam::aws:policy/NoSuchPolicyAtAll"
    assert code_of(cloud.client("iam").attach_role_policy, RoleName="role-04", PolicyArn=arn) == ("NoSuchEntity", 404)


def test_pod_identity_associations_are_created_listed_described_and_deleted(cloud):
    eks = cloud.client("eks")
    target = "arn:aws:iam::777788889999:role/lake"
    role = f"arn:aws:iam::{ACCOUNT}:role/role-01"
    pods = {"clusterName": "main", "namespace": "shop"}
    made = [eks.create_pod_identity_association(**pods, serviceAccount=f"a{n}", roleArn=role) for n in range(5)]
    further = eks.create_pod_identity_association(**pods, serviceAccount="far", roleArn=role, targetRoleArn=target)
    ids = [m["association"]["associationId"] for m in (*made, further)]
    pages = eks.get_paginator("list_pod_identity_associations").paginate(clusterName="main", maxResults=2)
    listed = [a for page in pages for a in page["associations"]]
    assert [a["associationId"] for a in listed] == ids
    assert all("roleArn" not in a for a in listed)
    full = eks.describe_pod_identity_association(clusterName="main", associationId=ids[-1])["association"]
    assert (full["roleArn"], full["targetRoleArn"], full["serviceAccount"]) == (role, target, "far")
    only = eks.list_pod_identity_associations(clusterName="main", serviceAccount="a3")["associations"]
    assert [a["serviceAccount"] for a in only] == ["a3"]
    again = {**pods, "serviceAccount": "a3", "roleArn": role}
    assert code_of(eks.create_pod_identity_association, **again) == ("ResourceInUseException", 409)
    for one in ids:
        eks.delete_pod_identity_association(clusterName="main", associationId=one)
    assert eks.list_pod_identity_associations(clusterName="main")["associations"] == []
    gone = {"clusterName": "main", "associationId": ids[0]}
    assert code_of(eks.describe_pod_identity_association, **gone) == ("ResourceNotFoundException", 404)


def test_associations_of_a_cluster_that_does_not_exist_are_not_an_empty_list(cloud):
    eks = cloud.client("eks", "eu-west-1")
    found = code_of(eks.list_pod_identity_associations, clusterName="main")
    assert found == ("ResourceNotFoundException", 404)


def test_only_a_few_regions_are_enabled(cloud):
    ec2 = cloud.client("ec2")
    names = [r["RegionName"] for r in ec2.describe_regions()["Regions"]]
    assert names == ["us-east-1", "us-east-2", "eu-west-1"]
    everything = {r["RegionName"]: r["OptInStatus"] for r in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert everything["me-south-1"] == "not-opted-in"
    enabled = cloud.client("account").list_regions(RegionOptStatusContains=["ENABLED_BY_DEFAULT"])["Regions"]
    assert [r["RegionName"] for r in enabled] == names


def test_the_caller_is_the_auditor_of_this_account(cloud):
    identity = cloud.client("sts").get_caller_identity()
    assert identity["Account"] == ACCOUNT
    assert identity["Arn"].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/SecurityAudit/")


def test_an_assumed_role_is_who_it_is(cloud):
    role = f"arn:aws:iam::{ACCOUNT}:role/role-02"
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")
    arn = session.client("sts", endpoint_url=cloud.endpoint).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/role-02/me"


@pytest.mark.parametrize(
    ("service", "method", "arguments", "denied", "throttled"),
    [
        ("iam", "list_roles", {}, "AccessDenied", "Throttling"),
        ("sts", "get_caller_identity", {}, "AccessDenied", "Throttling"),
        ("cloudformation", "describe_stacks", {}, "AccessDenied", "Throttling"),
        ("ec2", "describe_regions", {}, "UnauthorizedOperation", "RequestLimitExceeded"),
        ("eks", "list_clusters", {}, "AccessDeniedException", "ThrottlingException"),
        ("account", "list_regions", {}, "AccessDeniedException", "ThrottlingException"),
        ("organizations", "describe_organization", {}, "AccessDeniedException", "ThrottlingException"),
    ],
)
def test_each_protocol_says_no_in_its_own_way(cloud, service, method, arguments, denied, throttled):
    client = impatient(cloud, service)
    operation = client.meta.method_to_api_mapping[method]
    cloud.fault(operation, "denied", times=1)
    cloud.fault(operation, "scp", times=1)
    cloud.fault(operation, "throttled")
    assert code_of(getattr(client, method), **arguments) == (denied, 403)
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        getattr(client, method)(**arguments)
    assert code_of(getattr(client, method), **arguments)[0] == throttled


def test_the_sdk_retries_a_throttled_call_and_then_succeeds(cloud):
    cloud.fault("ListRoles", "throttled", times=1)
    before = len(cloud.requests)
    assert len(cloud.client("iam").list_roles()["Roles"]) == 25
    assert [r.status for r in cloud.requests[before:]] == [400, 200]


def test_a_held_call_ends_in_the_clients_time_out(cloud):
    cloud.fault("ListClusters", "timeout")
    started = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        impatient(cloud, "eks").list_clusters()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("kind", ["malformed", "cut"])
@pytest.mark.parametrize(("service", "method"), [("iam", "list_roles"), ("ec2", "describe_regions")])
def test_a_broken_xml_body_does_not_parse(cloud, kind, service, method):
    client = impatient(cloud, service)
    cloud.fault(client.meta.method_to_api_mapping[method], kind)
    with pytest.raises((ResponseParserError, BotoCoreError, ClientError)):
        getattr(client, method)()


@pytest.mark.parametrize("kind", ["malformed", "cut"])
def test_a_broken_json_body_passes_the_sdk_without_the_list(cloud, kind):
    """botocore takes such a body for an answer without members: who reads it with a default sees an empty account."""
    cloud.fault("ListClusters", kind)
    assert "clusters" not in impatient(cloud, "eks").list_clusters()


def test_truncated_authorization_details_say_that_there_is_more_and_give_no_marker(cloud):
    cloud.fault("GetAccountAuthorizationDetails", "truncated")
    page = cloud.client("iam").get_account_authorization_details(MaxItems=5)
    assert page["IsTruncated"]
    assert "Marker" not in page


@pytest.mark.parametrize(
    ("service", "method"), [("eks", "list_clusters"), ("cloudformation", "describe_stacks")]
)
def test_truncated_lists_never_end(cloud, service, method):
    client = impatient(cloud, service)
    cloud.fault(client.meta.method_to_api_mapping[method], "truncated")
    with pytest.raises(PaginationError):
        list(client.get_paginator(method).paginate())


def test_a_fault_may_hit_the_second_page_only(cloud):
    cloud.page_size = 10
    cloud.fault("GetAccountAuthorizationDetails", "denied", after=1)
    paginator = impatient(cloud, "iam").get_paginator("get_account_authorization_details")
    pages = []
    with pytest.raises(ClientError):
        pages.extend(iter(paginator.paginate()))
    assert [r.status for r in cloud.requests[-2:]] == [200, 403]


def test_a_fault_may_hit_one_region_only(cloud):
    cloud.fault("ListClusters", "denied", region="eu-west-1")
    assert impatient(cloud, "eks", "us-east-1").list_clusters()["clusters"] == ["main"]
    assert code_of(impatient(cloud, "eks", "eu-west-1").list_clusters)[0] == "AccessDeniedException"


def test_a_fault_may_hit_one_subject_only(cloud):
    cloud.fault("GetRole", "denied", contains="role-07")
    iam = impatient(cloud, "iam")
    assert iam.get_role(RoleName="role-08")["Role"]["RoleName"] == "role-08"
    assert code_of(iam.get_role, RoleName="role-07") == ("AccessDenied", 403)


def test_a_read_only_account_refuses_writes_and_remembers_them(cloud):
    cloud.forget_requests()
    cloud.read_only = True
    assert code_of(cloud.client("iam").delete_role, RoleName="role-01") == ("AccessDenied", 403)
    assert code_of(cloud.client("eks").delete_cluster, name="main") == ("AccessDeniedException", 403)
    assert [r.operation for r in cloud.refused] == ["DeleteRole", "DeleteCluster"]
    assert len(cloud.client("iam").list_roles()["Roles"]) == 25


def test_services_that_the_account_lacks_are_an_error(cloud):
    assert code_of(impatient(cloud, "sqs").list_queues)[1] == 400


def test_stacks_carry_a_drift_status(cloud):
    cloudformation = cloud.client("cloudformation", "us-east-2")
    resources = {"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": json.loads(TRUST)}}}
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": resources}))
    try:
        assert cloudformation.describe_stacks()["Stacks"][0]["DriftInformation"]["StackDriftStatus"] == "NOT_CHECKED"
        resource = cloudformation.list_stack_resources(StackName="s")["StackResourceSummaries"][0]
        assert resource["DriftInformation"]["StackResourceDriftStatus"] == "NOT_CHECKED"
    finally:
        cloudformation.delete_stack(StackName="s")


def test_accounts_side_by_side_do_not_see_each_other(cloud):
    with start_aws("121212121212") as other:
        assert other.client("iam").list_roles()["Roles"] == []
        other.client("iam").create_role(RoleName="elsewhere", AssumeRolePolicyDocument=TRUST)
        names = {r["RoleName"] for r in cloud.client("iam").list_roles()["Roles"]}
        assert "elsewhere" not in names
    with start_aws("121212121212") as again:
        assert again.client("iam").list_roles()["Roles"] == []


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_other_partitions_have_their_own_arns(region, partition):
    with start_aws("131313131313", regions=(region,)) as cloud:
        made = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        assert made == f"arn:{partition}:iam::131313131313:role/r"
        details = cloud.client("iam").get_account_authorization_details()
        assert [r["Arn"] for r in details["RoleDetailList"]] == [made]
        assert cloud.client("sts").get_caller_identity()["Arn"].split(":")[1] == partition


def test_the_server_listens_on_loopback_only_and_ends_with_the_block():
    with start_aws("141414141414") as cloud:
        assert cloud.endpoint.startswith("http://127.0.0.1:")
        endpoint = cloud.endpoint
    with pytest.raises(OSError):
        urllib.request.urlopen(endpoint, timeout=1)


def test_nothing_is_printed_per_request(cloud, capfd):
    cloud.client("iam").list_users()
    assert capfd.readouterr() == ("", "")
