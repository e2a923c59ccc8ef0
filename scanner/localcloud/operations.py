"""The operations that scenario files may name: each one an administrator's act in a loopback account."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from scanner.localcloud.aws import LoopbackAws
from scanner.model.common import JsonObject

Document = JsonObject
_VERSION = "2012-10-17"


def add_grant(cloud: LoopbackAws, role: str, policy: str, statements: list[JsonObject]) -> None:
    """Write a new inline policy."""
    cloud.client("iam").put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=_text(statements))


def edit_grant(
    cloud: LoopbackAws,
    role: str,
    action: str,
    holds: str = "",
    replace: tuple[str, str] = ("", ""),
    set: Mapping[str, Any] | None = None,
    unset: tuple[str, ...] = (),
) -> None:
    """Rewrite the statements of the role's own policies that grant `action` and hold the text `holds`."""
    iam = cloud.client("iam")
    touched = 0
    for document, write in _own_documents(iam, role):
        found = [s for s in document["Statement"] if _grants(s, action) and holds in json.dumps(s)]
        for statement in found:
            _edit(statement, replace, set or {}, unset)
        if found:
            write(document)
        touched += len(found)
    if not touched:
        raise LookupError(f"no statement of {role} grants {action} and holds {holds!r}")


def edit_trust(
    cloud: LoopbackAws,
    role: str,
    add: tuple[JsonObject, ...] = (),
    holds: str = "",
    replace: tuple[str, str] = ("", ""),
    set: Mapping[str, Any] | None = None,
    unset: tuple[str, ...] = (),
    verbatim: bool = False,
) -> None:
    """Add statements to a trust policy, and rewrite those that hold the text `holds`.

    `verbatim` is for what AWS accepts and moto's validator does not.
    """
    iam = cloud.client("iam")
    document: Document = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    found = [s for s in document["Statement"] if holds and holds in json.dumps(s)]
    if holds and not found:
        raise LookupError(f"no trust statement of {role} holds {holds!r}")
    for statement in found:
        _edit(statement, replace, set or {}, unset)
    document["Statement"] += add
    if verbatim:
        cloud.state.write_trust(role, json.dumps(document))
    else:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))


def attach(cloud: LoopbackAws, role: str, arn: str) -> None:
    """Attach a managed policy."""
    cloud.client("iam").attach_role_policy(RoleName=role, PolicyArn=arn)


def replace_by_copy(
    cloud: LoopbackAws, role: str, arn: str, plus: tuple[JsonObject, ...] = (), edits: tuple[JsonObject, ...] = ()
) -> None:
    """Take an AWS-managed policy off a role and attach the customer's copy of the same name, with changes."""
    iam = cloud.client("iam")
    name = arn.rpartition("/")[2]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document: Document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    for edit in edits:
        found = [s for s in document["Statement"] if _grants(s, edit["action"])]
        if not found:
            raise LookupError(f"no statement of {name} grants {edit['action']}")
        for statement in found:
            _edit(statement, ("", ""), edit.get("set", {}), edit.get("unset", ()))
    statements = [*document["Statement"], *plus]
    made = iam.create_policy(PolicyName=name, PolicyDocument=_text(statements))["Policy"]["Arn"]
    iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    iam.attach_role_policy(RoleName=role, PolicyArn=made)


def set_default_version(cloud: LoopbackAws, policy: str, version: str) -> None:
    """Make another version of a customer-managed policy the one that counts."""
    arn = f"arn:{cloud.partition}:iam::{cloud.account_id}:policy/{policy}"
    cloud.client("iam").set_default_policy_version(PolicyArn=arn, VersionId=version)


def set_boundary(cloud: LoopbackAws, role: str, arn: str) -> None:
    """Put a permissions boundary on a role."""
    cloud.client("iam").put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)


def create_role(
    cloud: LoopbackAws,
    name: str,
    trust: list[JsonObject],
    statements: list[JsonObject] | None = None,
    attached: tuple[str, ...] = (),
    description: str = "",
    path: str = "/",
) -> None:
    """Make a role."""
    iam = cloud.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=_text(trust), Description=description, Path=path)
    for arn in attached:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    if statements:
        add_grant(cloud, name, "own", statements)


def create_user(cloud: LoopbackAws, name: str, access_key: bool, statements: list[JsonObject]) -> None:
    """Make an IAM user, with an access key or without."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=_text(statements))
    if access_key:
        iam.create_access_key(UserName=name)


def create_association(
    cloud: LoopbackAws,
    cluster: str,
    namespace: str,
    service_account: str,
    role: str,
    target_role_arn: str | None = None,
) -> None:
    """Give a service account of a cluster a role, perhaps on the way to one of another account."""
    further = {} if target_role_arn is None else {"targetRoleArn": target_role_arn}
    cloud.client("eks").create_pod_identity_association(
        clusterName=cluster,
        namespace=namespace,
        serviceAccount=service_account,
        roleArn=f"arn:{cloud.partition}:iam::{cloud.account_id}:role/{role}",
        **further,
    )


def add_to_stack(cloud: LoopbackAws, stack: str, region: str, resources: JsonObject) -> None:
    """Update a stack so that its template has further resources."""
    cloudformation = cloud.client("cloudformation", region)
    template: Document = cloudformation.get_template(StackName=stack)["TemplateBody"]
    keys = [p["ParameterKey"] for p in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]]
    cloudformation.update_stack(
        StackName=stack,
        TemplateBody=json.dumps({**template, "Resources": {**template["Resources"], **resources}}),
        Parameters=[{"ParameterKey": key, "UsePreviousValue": True} for key in keys],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )


def delete_stack(cloud: LoopbackAws, stack: str, region: str) -> None:
    """Delete a stack and what it owns."""
    cloud.client("cloudformation", region).delete_stack(StackName=stack)


def delete_role(cloud: LoopbackAws, role: str) -> None:
    """Delete a role with its inline policies, and the customer-managed policies that nobody else has."""
    iam = cloud.client("iam")
    for profile in iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=role)
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        if ":iam::aws:" not in policy["PolicyArn"]:
            _delete_unattached(iam, policy["PolicyArn"])
    iam.delete_role(RoleName=role)


def delete_instance_profile(cloud: LoopbackAws, profile: str) -> None:
    """Delete an instance profile that holds no role."""
    cloud.client("iam").delete_instance_profile(InstanceProfileName=profile)


def delete_cluster(cloud: LoopbackAws, cluster: str) -> None:
    """Delete a cluster; its Pod Identity associations go with it."""
    cloud.client("eks").delete_cluster(name=cluster)


def _delete_unattached(iam: Any, arn: str) -> None:
    if iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"]:
        return
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


OPERATIONS: dict[str, Callable[..., None]] = {
    operation.__name__: operation
    for operation in (
        add_grant,
        edit_grant,
        edit_trust,
        attach,
        replace_by_copy,
        set_default_version,
        set_boundary,
        create_role,
        create_user,
        create_association,
        add_to_stack,
        delete_stack,
        delete_role,
        delete_instance_profile,
        delete_cluster,
    )
}
"""What `op:` may name."""


def _own_documents(iam: Any, role: str) -> Iterator[tuple[Document, Callable[[Document], None]]]:
    """Yield the role's inline and customer-managed documents, each with how to write it back."""
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        yield document, partial(_write_inline, iam, role, name)
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = policy["PolicyArn"]
        if ":iam::aws:" not in arn:
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
            yield document, partial(_write_version, iam, arn)


def _write_inline(iam: Any, role: str, name: str, body: Document) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(body))


def _write_version(iam: Any, arn: str, body: Document) -> None:
    """Write a new default version; AWS keeps five, so the oldest that does not count makes room."""
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    if len(versions) >= 5:
        oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: int(v["VersionId"][1:]))
        iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(body), SetAsDefault=True)


def _grants(statement: JsonObject, action: str) -> bool:
    actions = statement.get("Action", [])
    listed = [actions] if isinstance(actions, str) else actions
    return action.lower() in (one.lower() for one in listed)


def _edit(statement: JsonObject, replace: tuple[str, str], set: Mapping[str, Any], unset: tuple[str, ...]) -> None:
    """Change a statement in place: text first, then whole elements. Raises `LookupError` if the text is not there."""
    old, new = replace
    if old:
        text = json.dumps(statement)
        if json.dumps(old)[1:-1] not in text:
            raise LookupError(f"statement does not hold {old!r}")
        changed = json.loads(text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1]))
        statement.clear()
        statement.update(changed)
    statement.update(set)
    for key in unset:
        del statement[key]


def _text(statements: list[JsonObject]) -> str:
    return json.dumps({"Version": _VERSION, "Statement": statements})
