"""One deviation put into a documented export, template or plan, and the places whose damage could hide it again."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hostile.exports import az_export, gcloud_export
from tests.hostile.mutate import Path as Place
from tests.hostile.mutate import places
from tests.hostile.target import ROOT

Files = dict[str, Any]
"""Name of a file without its ending -> its JSON."""
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002"
PORTER_SP = "cf3c7ab1-9f50-531b-8736-2081820fd02a"
PORTER_SA = "porter-manager@porter-demo-project.iam.gserviceaccount.com"
_ACCOUNTS = "projects/porter-demo-project/serviceAccounts"
_ASSIGNMENTS = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments"
_DEFINITIONS = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
_OWNER = f"{_DEFINITIONS}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
_DATES = {"startDateTime": "2026-04-02T12:00:00Z", "endDateTime": "2027-04-02T12:00:00Z"}


@dataclass(frozen=True)
class Plant:
    """A deviation: which kind of input, what is changed, and where it stands."""

    name: str
    cloud: str
    base: str
    """`az`, `gcloud`, or the name of an example."""
    put: Callable[[Files], tuple[str, Place]]
    """Changes the files, and returns the file and the place below which the deviation stands."""
    none_is_none: frozenset[str] = frozenset()
    """Keys whose null the provider prints for "there is none"."""

    def damaged_places(self, files: Files, file: str, at: Place) -> Iterator[Place]:
        """Yield the places of the deviation and all that it stands in."""
        for place in places(files[file]):
            if place[: len(at)] == at or place == at[: len(place)]:
                yield place


def bases(work: Path) -> dict[str, Files]:
    """Return the documented inputs; exports are made below `work`."""
    exports = {"az": az_export(work / "az"), "gcloud": gcloud_export(work / "gcloud")}
    made = {name: {p.stem: json.loads(p.read_bytes()) for p in folder.iterdir()} for name, folder in exports.items()}
    made["template"] = {"template": _template()}
    of_pods = session(userIdentity={"type": "AWSService", "invokedBy": "pods.eks.amazonaws.com"}, eventID="1")
    made["account"] = {"account": _export(), "trail": {"Records": [of_pods]}}
    for example in ("gcp-connection-plan", "azure-connection-plan", "secrets-role-plan", "administrator-role"):
        made[example] = {example: json.loads((ROOT / "examples" / f"{example}.json").read_bytes())}
    return made


def assignment(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{_ASSIGNMENTS}/50f8119b-2a29-5af9-86a2-cd7249330{number}",
        "type": "Microsoft.Authorization/roleAssignments",
        "name": f"50f8119b-2a29-5af9-86a2-cd7249330{number}",
        "roleDefinitionId": _OWNER,
        "principalId": PORTER_SP,
        "principalType": "ServicePrincipal",
        "scope": SUBSCRIPTION,
        "condition": None,
        "conditionVersion": None,
        **changes,
    }


def _added(file: str, row: Callable[[Files], Any], *inside: str | int) -> Callable[[Files], tuple[str, Place]]:
    """Return what appends a row to the list at a place of a file."""

    def put(files: Files) -> tuple[str, Place]:
        rows = files[file]
        for part in inside:
            rows = rows[part]
        rows.append(row(files))
        return file, (*inside, len(rows) - 1)

    return put


def _like_the_last(file: str, **changes: Any) -> Callable[[Files], Any]:
    return lambda files: {**copy.deepcopy(files[file][-1]), **changes}


def _wider(files: Files) -> tuple[str, Place]:
    last = len(files["definitions"]) - 1
    blocks = files["definitions"][last]["permissions"]
    blocks[0]["notActions"] = []
    blocks.append({"actions": ["Microsoft.Blueprint/blueprintAssignments/write"], "notActions": [],
                   "dataActions": ["*"], "notDataActions": []})  # fmt: skip
    return "definitions", (last,)


def _wide_scope(files: Files) -> tuple[str, Place]:
    last = len(files["definitions"]) - 1
    files["definitions"][last]["assignableScopes"].append("/providers/Microsoft.Management/managementGroups/root")
    return "definitions", (last, "assignableScopes")


def _raised(files: Files) -> tuple[str, Place]:
    files["assignments"][0]["scope"] = "/"
    return "assignments", (0,)


def _federated(files: Files) -> tuple[str, Place]:
    foreign = {"id": "1", "name": "f", "issuer": "https://issuer.example", "subject": "x", "audiences": ["api://x"]}
    files["applications"][0]["federatedIdentityCredentials"] = [foreign]
    return "applications", (0,)


def _azure() -> Iterator[Plant]:
    app_role = {
        "id": "7862e174-0fdf-5244-8ac7-a1918a3e2099",
        "appRoleId": "06b708a9-e830-4db3-a914-8e69da51d44f",
        "principalId": PORTER_SP,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": "Microsoft Graph",
        "resourceId": "28ff23ff-4e8a-59bb-a5c8-006ca2bb4dd9",
    }
    key = {"keyId": "8add7204-cdcb-5814-84c0-57b3a46d1c99", "displayName": "x", **_DATES}
    other = "00000000-0000-4000-8000-00000000000a"
    for name, put in (
        ("owner of the subscription", _added("assignments", lambda _: assignment("0a1"))),
        ("role at a wider scope", _raised),
        ("wider role", _wider),
        ("role for a wider scope", _wide_scope),
        ("another role of Porter's", _added("definitions", _like_the_last(
            "definitions", id=f"{_DEFINITIONS}/{other}", name=other, roleName="porter-aks-other"))),
        ("another Graph permission", _added("principals", lambda _: app_role, 0, "appRoleAssignments")),
        ("secret on the principal", _added("principals", lambda _: key, 0, "passwordCredentials")),
        ("certificate", _added("applications", lambda _: key, 0, "keyCredentials")),
        ("foreign federated credential", _federated),
        ("another principal of Porter's", _added("principals", _like_the_last(
            "principals", id=other, appId=other, displayName="azure-porter-other"))),
    ):  # fmt: skip
        yield Plant(name, "azure", "az", put, frozenset({"displayName"}))


def _gcloud() -> Iterator[Plant]:
    member = f"serviceAccount:{PORTER_SA}"
    email = "porter-other@porter-demo-project.iam.gserviceaccount.com"
    account = {"name": f"{_ACCOUNTS}/{email}", "projectId": "porter-demo-project", "uniqueId": "1", "email": email,
               "displayName": "Porter"}  # fmt: skip
    held = {"role": "roles/editor", "members": [member],
            "condition": {"title": "t", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"}}  # fmt: skip

    def on_account(files: Files) -> tuple[str, Place]:
        files[PORTER_SA]["bindings"] = [
            {"role": "roles/iam.serviceAccountTokenCreator", "members": ["user:mallory@example.com"]}
        ]
        return PORTER_SA, ()

    for name, put in (
        ("owner of the project", _added(
            "policy", lambda _: {"role": "roles/owner", "members": [member]}, "bindings")),
        ("role with a condition", _added("policy", lambda _: held, "bindings")),
        ("another service account of Porter's", _added("accounts", lambda _: account)),
        ("who may impersonate Porter", on_account),
    ):  # fmt: skip
        yield Plant(name, "gcp", "gcloud", put)


def _planned(
    name: str, cloud: str, plan: str, kind: str, after: dict[str, Any], expressions: dict[str, Any] | None = None
) -> Plant:
    """Return a plant that adds one resource to a Terraform plan."""

    def put(files: Files) -> tuple[str, Place]:
        address = f"{kind}.planted"
        resource = {"address": address, "mode": "managed", "type": kind, "name": "planted"}
        change = {"actions": ["create"], "before": None, "after": after, "after_unknown": {"id": True}}
        configured = files[plan]["configuration"]["root_module"].setdefault("resources", [])
        configured.append({**resource, "expressions": expressions or {}})
        changes = files[plan]["resource_changes"]
        changes.append({**resource, "provider_name": "registry.terraform.io/hashicorp/x", "change": change})
        return plan, ("resource_changes", len(changes) - 1)

    return Plant(name, cloud, plan, put)


def _plans() -> Iterator[Plant]:
    gcp, azure, aws = "gcp-connection-plan", "azure-connection-plan", "secrets-role-plan"
    account = "porter-manager@acme-platform.iam.gserviceaccount.com"
    member = f"serviceAccount:{account}"
    owner = {"project": "acme-platform", "role": "roles/owner", "condition": []}
    yield _planned("planned owner", "gcp", gcp, "google_project_iam_member", {**owner, "member": member})
    yield _planned("planned binding", "gcp", gcp, "google_project_iam_binding", {**owner, "members": [member]})
    policy = {"bindings": [{"role": "roles/owner", "members": [member]}]}
    yield _planned("planned policy", "gcp", gcp, "google_project_iam_policy",
                   {"project": "acme-platform", "policy_data": json.dumps(policy)})  # fmt: skip
    yield _planned("planned impersonation", "gcp", gcp, "google_service_account_iam_member",
                   {"service_account_id": f"projects/acme-platform/serviceAccounts/{account}",
                    "role": "roles/iam.serviceAccountTokenCreator", "member": "user:mallory@example.com",
                    "condition": []})  # fmt: skip
    scope = "/subscriptions/3f2a1b0c-0000-4000-8000-00000000abcd"
    yield _planned("planned assignment", "azure", azure, "azurerm_role_assignment",
                   {"scope": scope, "role_definition_name": "Owner", "condition": None},
                   {"principal_id": {"references": ["azuread_service_principal.porter.object_id",
                                                    "azuread_service_principal.porter"]}})  # fmt: skip
    block = {"actions": ["*"], "not_actions": [], "data_actions": ["*"], "not_data_actions": []}
    yield _planned("planned role", "azure", azure, "azurerm_role_definition",
                   {"name": "porter-aks-other", "scope": scope, "assignable_scopes": [scope],
                    "permissions": [block]})  # fmt: skip
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    application = {"application_id": {"references": ["azuread_application.porter.id", "azuread_application.porter"]}}
    yield _planned("planned federated credential", "azure", azure, "azuread_application_federated_identity_credential",
                   {"display_name": "f", "issuer": "https://issuer.example", "subject": "x",
                    "audiences": ["api://x"]}, application)  # fmt: skip
    principal = {"principal_object_id": {"references": ["azuread_service_principal.porter.object_id",
                                                        "azuread_service_principal.porter"]}}  # fmt: skip
    yield _planned("planned Graph permission", "azure", azure, "azuread_app_role_assignment",
                   {"app_role_id": "06b708a9-e830-4db3-a914-8e69da51d44f",
                    "resource_object_id": "77777777-0000-4000-8000-000000000003"}, principal)  # fmt: skip
    attached = {"roles": ["porter-eso-secrets-manager"], "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    yield _planned("planned attachment", "aws", aws, "aws_iam_role_policy_attachment",
                   {"role": attached["roles"][0], "policy_arn": attached["policy_arn"]})  # fmt: skip
    shared = _planned("planned shared attachment", "aws", aws, "aws_iam_policy_attachment", {"name": "a", **attached})
    yield dataclasses.replace(shared, none_is_none=frozenset({"roles"}))
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}  # fmt: skip
    inline = {"name": "all", "policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}]})}  # fmt: skip
    yield _planned("planned role of Porter's", "aws", aws, "aws_iam_role",
                   {"name": "porter-telemetry-manager", "path": "/", "assume_role_policy": json.dumps(trust),
                    "inline_policy": [inline], "managed_policy_arns": [attached["policy_arn"]]})  # fmt: skip
    yield _planned("planned role policy", "aws", aws, "aws_iam_role_policy",
                   {"name": "p", "role": "porter-eso-secrets-manager", "policy": json.dumps(document)})  # fmt: skip


def _templates() -> Iterator[Plant]:
    """A CloudFormation template of one role as documented, and what gives it more."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}

    def inside(key: str, value: Any) -> Callable[[Files], tuple[str, Place]]:
        def put(files: Files) -> tuple[str, Place]:
            files["template"]["Resources"]["Role"]["Properties"][key] = value
            return "template", ("Resources", "Role", "Properties", key)

        return put

    def beside(kind: str, **properties: Any) -> Callable[[Files], tuple[str, Place]]:
        def put(files: Files) -> tuple[str, Place]:
            files["template"]["Resources"]["Planted"] = {"Type": kind, "Properties": properties}
            return "template", ("Resources", "Planted")

        return put

    role = [{"Ref": "Role"}]
    for name, put in (
        ("template: inline policy", inside("Policies", [{"PolicyName": "all", "PolicyDocument": document}])),
        ("template: managed policy", inside("ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"])),
        ("template: trust", inside("AssumeRolePolicyDocument", {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})),
        ("template: policy", beside("AWS::IAM::Policy", PolicyName="all", PolicyDocument=document, Roles=role)),
        ("template: policy of its own", beside("AWS::IAM::RolePolicy", PolicyName="all", PolicyDocument=document,
                                               RoleName={"Ref": "Role"})),
        ("template: shared policy", beside("AWS::IAM::ManagedPolicy", PolicyDocument=document, Roles=role)),
    ):  # fmt: skip
        yield Plant(name, "aws", "template", put)


def _template() -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"},
             "Action": ["sts:AssumeRole", "sts:TagSession"]}  # fmt: skip
    allowed = {"Effect": "Allow", "Action": "secretsmanager:ListSecrets", "Resource": "*"}
    policy = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allowed]}}
    properties = {"RoleName": "porter-eso-secrets-manager", "Policies": [policy],
                  "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}  # fmt: skip
    role = {"Type": "AWS::IAM::Role", "Properties": properties}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Role": role}}


def session(**changes: Any) -> dict[str, Any]:
    """Return an event: somebody of another account opens a session of Porter's role."""
    return {
        "eventVersion": "1.11",
        "eventID": "00000000-0000-4000-8000-00000000e001",
        "eventTime": "2026-05-20T02:00:00Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7",
        "userIdentity": {"type": "AWSAccount", "principalId": "AIDAX", "accountId": "999988887777"},
        "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/porter-eso-secrets-manager",
                              "roleSessionName": "x"},
        "readOnly": True,
        "recipientAccountId": "111122223333",
        **changes,
    }  # fmt: skip


def _export() -> dict[str, Any]:
    """Return an account with one of Porter's roles, as documented."""
    made = _template()["Resources"]["Role"]["Properties"]
    role = {
        "Path": "/",
        "RoleName": made["RoleName"],
        "RoleId": "AROAXXXXXXXXXXXXXXXX",
        "Arn": f"arn:aws:iam::111122223333:role/{made['RoleName']}",
        "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": made["AssumeRolePolicyDocument"],
        "InstanceProfileList": [],
        "RolePolicyList": made["Policies"],
        "AttachedManagedPolicies": [],
        "Tags": [],
        "RoleLastUsed": {},
    }
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []}


def _events() -> Iterator[Plant]:
    yield Plant("foreign session", "aws", "account", _added("trail", lambda _: session(), "Records"))


PLANTS = (*_azure(), *_gcloud(), *_plans(), *_templates(), *_events())
