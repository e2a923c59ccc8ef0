"""What can change around a role's own policies: attachments, versions, boundaries, other roles, users, stacks, pods."""

from __future__ import annotations

from collections.abc import Iterator

from mutations.aws_state import AwsState, Place, document, managed_policy
from scanner.model import kinds
from scanner.model.common import JsonObject
from scanner.rules.base import Settings

PORTER = "arn:aws:iam::108458755588"
Made = tuple[str, str, AwsState, Settings]
"""Kind, where, the account after it, and what the rules know of the run before."""
_PLAIN = Settings()

AWS_POLICIES = (
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam::aws:policy/SecurityAudit",
    "arn:aws:iam::aws:policy/IAMReadOnlyAccess",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
    "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
    "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
    "arn:aws:iam::aws:policy/service-role/AmazonEFSCSIDriverPolicy",
)
_EXTRA: tuple[JsonObject, ...] = (
    {"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*"},
    {"Effect": "Allow", "Action": ["dynamodb:*"], "Resource": ["arn:aws:dynamodb:*:*:table/orders"]},
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/*"},
)
_PASS: tuple[JsonObject, ...] = (
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/customer-admin"},
    {
        "Effect": "Allow",
        "Action": "iam:Pass*",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    },
)


def attachments(state: AwsState, full: AwsState, role: JsonObject) -> Iterator[Made]:
    """Yield the account with more policies on the role, and with others in the place of its own."""
    name, had = role["RoleName"], {a["PolicyArn"] for a in role["AttachedManagedPolicies"]}
    for arn in AWS_POLICIES:
        if arn not in had:
            kind = "AdministratorAccess attached" if arn.endswith("AdministratorAccess") else "AWS policy attached"
            yield kind, arn, state.with_attached(name, full.managed(arn)), _PLAIN
    for number, statement in enumerate(_EXTRA):
        own = managed_policy(state.account_id, f"extra-{number}", document([statement]))
        yield "customer policy attached", f"{number}", state.with_attached(name, own), _PLAIN
        yield "inline policy added", f"{number}", state.with_inline(name, f"extra-{number}", [statement]), _PLAIN
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    yield "administrator by inline policy", "*", state.with_inline(name, "admin", everything), _PLAIN
    whole_iam = [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]
    yield "administrator by inline policy", "iam:*", state.with_inline(name, "admin", whole_iam), _PLAIN
    for kind, statement in zip(("PassRole added", "PassRole by a wildcard"), _PASS, strict=True):
        yield kind, name, state.with_inline(name, "passing", [statement]), _PLAIN
    yield from _versions(state, name, list(state.places(role)))


def _versions(state: AwsState, name: str, places: list[Place]) -> Iterator[Made]:
    for place in places:
        if place.origin == "inline":
            continue
        wider = {**place.body, "Statement": [*place.statements, _EXTRA[0]]}
        if place.origin == "customer-managed":
            policy = state.managed(place.policy)
            own = policy["PolicyName"]
            changed = {**managed_policy(state.account_id, own, place.body, wider), "Arn": place.policy}
            yield "default version switched", own, state.with_managed(changed), _PLAIN
            continue
        own = place.policy.rpartition("/")[2]
        role = state.role(name)
        rest = [a for a in role["AttachedManagedPolicies"] if a["PolicyArn"] != place.policy]
        swapped = state.with_role({**role, "AttachedManagedPolicies": rest})
        look_alike = managed_policy(state.account_id, own, wider)
        yield "AWS policy replaced by a look-alike", own, swapped.with_attached(name, look_alike), _PLAIN


def boundaries(state: AwsState, role: JsonObject) -> Iterator[Made]:
    """Yield the account after a boundary that the role had is gone, or is another."""
    name, arn = role["RoleName"], role["Arn"]
    before = f"arn:aws:iam::{state.account_id}:policy/vendor-boundary"
    known = Settings(has_previous=True, previous_boundaries=((arn, before),))
    yield "boundary removed", name, state, known
    wide = managed_policy(
        state.account_id, "wide-boundary", document([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
    )
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": wide["Arn"]}
    other = state.with_managed(wide).with_role({**role, "PermissionsBoundary": boundary})
    yield "boundary swapped", name, other, known


def new_role(state: AwsState, name: str, trust: list[JsonObject], statements: list[JsonObject]) -> JsonObject:
    """Return a role as the provider prints it."""
    return {
        "RoleName": name,
        "RoleId": "AROAEXAMPLENEWROLE001",
        "Arn": f"arn:aws:iam::{state.account_id}:role/{name}",
        "Path": "/",
        "CreateDate": "2026-05-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": document(trust),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document(statements)}] if statements else [],
        "AttachedManagedPolicies": [],
        "InstanceProfileList": [],
        "Tags": [],
    }


_READ: list[JsonObject] = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]


def other_identities(state: AwsState) -> Iterator[tuple[str, str, AwsState, str]]:
    """Yield (kind, where, the account, subject) with roles and users that nobody documented."""
    for name in ("porter-ci", "Porter-debug", "porter-manager-2", "porter", "PORTER-MANAGER-OLD", "PorterRole"):
        trust = [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
        yield "undocumented role of the vendor's name", name, state.with_role(new_role(state, name, trust, _READ)), name
    for number, statement in enumerate(_TRUSTING):
        name = f"bridge-{number}"
        body = document([{"Effect": "Allow", "Action": "sts:AssumeRole", **statement}])
        made = state.with_role(new_role(state, name, [], _READ)).with_trust(name, body)
        yield "undocumented role trusting the vendor", f"{statement}", made, name
    for number, statement in enumerate(_TRUSTING_OURS):
        name = f"chained-{number}"
        body = document([{"Effect": "Allow", "Action": "sts:AssumeRole", **statement}])
        made = state.with_role(new_role(state, name, [], _READ)).with_trust(name, body)
        yield "role of the account trusting a role of the vendor", f"{statement}", made, name
    tagged = new_role(state, "tagged", [{**_BY_EC2}], _READ)
    tagged["Tags"] = [{"Key": "porter.run/managed", "Value": "true"}]
    yield "role with the vendor's tag", "tagged", state.with_role(tagged), "tagged"
    for number, (certain, statement) in enumerate(_FEDERATED):
        name = f"federated-{number}"
        kind = "role trusting an identity provider of the vendor" if certain else "role trusting what is named like it"
        body = document([{"Effect": "Allow", **statement}])
        made = state.with_role(new_role(state, name, [], _READ)).with_trust(name, body)
        yield kind, f"{statement}", made, name
    for name in ("porter-ci", "Porter", "porterbot"):
        yield "IAM user of the vendor's name", name, _with_user(state, name), name


_OWN = "arn:aws:iam::111122223333"
_TRUSTING: tuple[JsonObject, ...] = (
    {"Principal": {"AWS": f"{PORTER}:role/CAPIManagement"}},
    {"Principal": {"AWS": f"{PORTER}:root"}},
    {"Principal": {"AWS": "108458755588"}},
    {"Principal": {"AWS": f"{PORTER}:user/somebody"}},
    {"Principal": {"AWS": "arn:aws:sts::108458755588:assumed-role/CAPIManagement/session"}},
    {"Principal": {"AWS": "arn:aws:iam::813111008191:root"}},
    {"Principal": {"AWS": "arn:aws:iam::975032674314:role/old"}},
    {"Principal": {"AWS": "*"}},
    {"Principal": "*"},
    {"Principal": {"AWS": [f"{_OWN}:root", f"{PORTER}:role/CAPIManagement"]}},
    {"Principal": {"AWS": f"{PORTER}:root"}, "Action": "sts:*"},
    {"Principal": {"AWS": f"{PORTER}:root", "Service": "ec2.amazonaws.com"}},
    *(
        {"Principal": {"AWS": f"{PORTER}:role/CAPIManagement"}, "Condition": condition}
        for condition in (
            {"StringEquals": {"sts:ExternalId": "of-this-bridge"}},
            {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        )
    ),
    *(
        {"Principal": {"AWS": "*"}, "Condition": condition}
        for condition in (
            {"StringEquals": {"aws:PrincipalAccount": "108458755588"}},
            {"StringEquals": {"aws:PrincipalAccount": ["111122223333", "108458755588"]}},
            {"StringLike": {"aws:PrincipalAccount": "1084*"}},
            {"ArnLike": {"aws:PrincipalArn": f"{PORTER}:role/*"}},
            {"StringLike": {"aws:PrincipalArn": f"{PORTER}:role/CAPI*"}},
            {"StringLike": {"aws:PrincipalArn": "*CAPIManagement"}},
            {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/CAPIManagement"}},
            {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}},
            {"StringEquals": {"sts:ExternalId": "of-this-bridge"}},
        )
    ),
)
_TRUSTING_OURS: tuple[JsonObject, ...] = (
    {"Principal": {"AWS": f"{_OWN}:role/porter-manager"}},
    {"Principal": {"AWS": [f"{_OWN}:role/checkout-service", f"{_OWN}:role/porter-node-manager"]}},
    {"Principal": {"AWS": "*"}, "Condition": {"ArnLike": {"aws:PrincipalArn": f"{_OWN}:role/porter-*"}}},
    {"Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/porter-manager/nightly"}},
)


_BY_EC2: JsonObject = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
_GITHUB, _EKS = "token.actions.githubusercontent.com", "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE"


def _web(provider: str, claim: str, value: str) -> JsonObject:
    return {
        "Principal": {"Federated": f"{_OWN}:oidc-provider/{provider}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringLike": {f"{provider}:{claim}": value}},
    }


_FEDERATED: tuple[tuple[bool, JsonObject], ...] = (
    (True, _web("oidc.porter.run", "aud", "sts.amazonaws.com")),
    (False, _web(_GITHUB, "sub", "repo:porter-dev/*:*")),
    (False, _web(_EKS, "sub", "system:serviceaccount:porter-agent-system:*")),
    (
        False,
        {
            "Principal": {"Service": "eks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "108458755588"}},
        },
    ),
)


def _with_user(state: AwsState, name: str) -> AwsState:
    user = {
        "UserName": name,
        "UserId": "AIDAEXAMPLENEWUSER001",
        "Arn": f"arn:aws:iam::{state.account_id}:user/{name}",
        "Path": "/",
        "CreateDate": "2026-05-01T00:00:00+00:00",
        "GroupList": [],
        "AttachedManagedPolicies": [],
        "UserPolicyList": [],
        "Tags": [],
    }
    page = {**state.page, "UserDetailList": [*state.page["UserDetailList"], user]}
    call = {"operation": "ListAccessKeys", "params": {"UserName": name}}
    row = {"UserName": name, "AccessKeyId": "****WXYZ", "Status": "Active"}
    key = {"_call": call, "AccessKeyMetadata": [row]}
    return state.with_page(page).with_unit(kinds.ACCESS_KEYS, (key,))


def stack_and_pods(state: AwsState) -> Iterator[tuple[str, str, AwsState, str]]:
    """Yield (kind, where, the account, subject) with changes of the stack and of the pods that get roles."""
    for unit in state.snapshot.units:
        if unit.kind == kinds.STACK and len(unit.pages) > 1:
            yield from _stack(state, unit.region, unit.pages)
        if unit.kind == kinds.POD_IDENTITIES and unit.pages:
            yield from _pods(state, unit.region, unit.pages)


def _stack(state: AwsState, region: str, pages: tuple[JsonObject, ...]) -> Iterator[tuple[str, str, AwsState, str]]:
    for index, page in enumerate(pages):
        rows = page.get("StackResourceSummaries")
        if not rows:
            continue
        for resource_type in ("AWS::IAM::ManagedPolicy", "AWS::IAM::User", "AWS::Lambda::Function"):
            extra = {"LogicalResourceId": "Extra", "PhysicalResourceId": "extra", "ResourceType": resource_type}
            row = {**rows[0], **extra}
            new = (*pages[:index], {**page, "StackResourceSummaries": [*rows, row]}, *pages[index + 1 :])
            yield "resource added to the stack", resource_type, state.with_unit(kinds.STACK, new, region), "PorterRole"
        drifted = [{**r, "DriftInformation": {"StackResourceDriftStatus": "MODIFIED"}} for r in rows]
        new = (*pages[:index], {**page, "StackResourceSummaries": drifted}, *pages[index + 1 :])
        yield "stack drifted", region, state.with_unit(kinds.STACK, new, region), "PorterRole"


def _pods(state: AwsState, region: str, pages: tuple[JsonObject, ...]) -> Iterator[tuple[str, str, AwsState, str]]:
    for index, page in enumerate(pages):
        association = page.get("association")
        if not association or "role/porter-" not in str(association.get("roleArn")):
            continue
        pod = f"{association['namespace']}/{association['serviceAccount']}"
        for role in ("porter-manager", "porter-access-manager", "porter-infra-manager", "porter-node-manager"):
            changed = {**association, "roleArn": f"arn:aws:iam::{state.account_id}:role/{role}"}
            new = (*pages[:index], {**page, "association": changed}, *pages[index + 1 :])
            yield "pod given another role", f"{pod}: {role}", state.with_unit(kinds.POD_IDENTITIES, new, region), pod
        for account in ("777788889999", state.account_id):
            changed = {**association, "targetRoleArn": f"arn:aws:iam::{account}:role/lake"}
            new = (*pages[:index], {**page, "association": changed}, *pages[index + 1 :])
            yield "pod led on to another role", pod, state.with_unit(kinds.POD_IDENTITIES, new, region), pod
        if association["serviceAccount"].startswith("porter"):
            changed = {**association, "roleArn": f"{_OWN}:role/checkout-service"}
            new = (*pages[:index], {**page, "association": changed}, *pages[index + 1 :])
            yield "pod of the vendor given a role of the customer", pod, state.with_unit(
                kinds.POD_IDENTITIES, new, region
            ), pod
        role_name = association["roleArn"].rpartition("/")[2]
        for namespace, service_account in (("default", "shell"), ("zz", association["serviceAccount"])):
            other = {
                **association,
                "namespace": namespace,
                "serviceAccount": service_account,
                "associationId": "a-zz",
                "associationArn": f"{association.get('associationArn', 'arn')}-zz",
            }
            new = (*(_also_listed(one, other) for one in pages), {**page, "association": other})
            yield (
                "second service account with the role",
                f"{role_name}: {namespace}/{service_account}",
                state.with_unit(kinds.POD_IDENTITIES, new, region),
                role_name,
            )


def _also_listed(page: JsonObject, association: JsonObject) -> JsonObject:
    """Return a page of the list with the association in it, where it is its cluster's."""
    rows = page.get("associations")
    if not rows or page["_call"]["params"].get("clusterName") != association["clusterName"]:
        return page
    keys = ("associationArn", "associationId", "clusterName", "namespace", "serviceAccount")
    return {**page, "associations": [*rows, {k: association[k] for k in keys}]}
