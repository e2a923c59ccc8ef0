"""The reader's permissions as infrastructure code: CloudFormation and Terraform, made from the lists of calls."""

from __future__ import annotations

import json
from typing import Any, Final

from scanner.app.permissions.azure import azure_needs
from scanner.collect.aws.allowlist import Tier
from scanner.collect.aws.permissions import aws_policy
from scanner.collect.gcp.allowlist import GCP_TIERS, GcpTier, gcp_role
from scanner.model.common import JsonObject

_MADE_BY: Final = "Made by `porter-audit permissions {cloud} --format {form} --tier {tier}` from the list of calls."


def deploy_files() -> dict[str, str]:
    """Return the files of `deploy/` that are made from the lists of calls: path below it -> text."""
    return {
        "aws/porter-audit-read.cfn.yaml": cloudformation("account"),
        "aws/porter-audit-read.tf": terraform_aws("account"),
        "gcp/project/porter-audit-read.tf": terraform_gcp("project"),
        "gcp/organization/porter-audit-read.tf": terraform_gcp("ancestors"),
        "azure/porter-audit-read.tf": terraform_azure("graph"),
    }


def cloudformation(tier: Tier) -> str:
    """Return a template for one account or, as a StackSet, for all of an organization."""
    import yaml

    made = _TEMPLATE | {
        "Description": f"The role that porter-audit reads this account with (tier {tier}). It cannot change anything.",
        "Resources": {"Reader": _role(tier)},
    }
    comment = _MADE_BY.format(cloud="aws", form="cloudformation", tier=tier)
    return f"# {comment}\n{yaml.safe_dump(made, sort_keys=False, width=118, allow_unicode=True)}"


_TEMPLATE: Final[JsonObject] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Description": "",
    "Parameters": {
        "TrustedPrincipalArn": {
            "Type": "String",
            "Description": "Who may assume the role: the ARN of the role that runs the scan, here or elsewhere.",
            "AllowedPattern": r"arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|role/.+|user/.+|assumed-role/.+)",
        },
        "ExternalId": {
            "Type": "String",
            "NoEcho": True,
            "Default": "",
            "MaxLength": 1224,
            "Description": "ExternalId that the scan must show. Empty where the scan runs in your own organization.",
        },
        "RoleName": {
            "Type": "String",
            "Default": "porter-audit-read",
            "AllowedPattern": r"[\w+=,.@-]{1,64}",
        },
    },
    "Conditions": {"WithExternalId": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExternalId"}, ""]}]}},
    "Resources": {},
    "Outputs": {
        "RoleArn": {
            "Description": "For --assume-role, or `assume_role` in porter-audit.yaml.",
            "Value": {"Fn::GetAtt": ["Reader", "Arn"]},
        }
    },
}


def _role(tier: Tier) -> JsonObject:
    condition = {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    trust: JsonObject = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Ref": "TrustedPrincipalArn"}},
        "Action": "sts:AssumeRole",
        "Condition": {"Fn::If": ["WithExternalId", condition, {"Ref": "AWS::NoValue"}]},
    }
    policy = aws_policy(tier)
    for statement in policy["Statement"]:
        if statement["Resource"].startswith("arn:aws:"):
            statement["Resource"] = {"Fn::Sub": statement["Resource"].replace("arn:aws:", "arn:${AWS::Partition}:", 1)}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": {"Ref": "RoleName"},
            "Description": "Read-only: what porter-audit needs to judge Porter's access, and nothing else.",
            "MaxSessionDuration": 3600,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "porter-audit-read", "PolicyDocument": policy}],
        },
    }


def terraform_aws(tier: Tier) -> str:
    """Return a Terraform file that makes the reader's role in one AWS account."""
    policy = aws_policy(tier, partition="${data.aws_partition.current.partition}")
    return f"""# {_MADE_BY.format(cloud="aws", form="terraform", tier=tier)}
variable "trusted_principal_arn" {{
  description = "Who may assume the role: the ARN of the role that runs the scan."
  type        = string
}}

variable "external_id" {{
  description = "ExternalId that the scan must show; null for none."
  type        = string
  default     = null
  sensitive   = true
}}

data "aws_partition" "current" {{}}

resource "aws_iam_role" "porter_audit_read" {{
  name                 = "porter-audit-read"
  description          = "Read-only: what porter-audit needs to judge Porter's access, and nothing else."
  max_session_duration = 3600
  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [merge(
      {{
        Effect    = "Allow"
        Principal = {{ AWS = var.trusted_principal_arn }}
        Action    = "sts:AssumeRole"
      }},
      var.external_id == null ? {{}} : {{
        Condition = {{ StringEquals = {{ "sts:ExternalId" = var.external_id }} }}
      }},
    )]
  }})
}}

resource "aws_iam_role_policy" "porter_audit_read" {{
  name   = "porter-audit-read"
  role   = aws_iam_role.porter_audit_read.id
  policy = jsonencode({_hcl(policy, 2)})
}}

output "role_arn" {{
  description = "For --assume-role, or assume_role in porter-audit.yaml."
  value       = aws_iam_role.porter_audit_read.arn
}}
"""


def terraform_gcp(tier: GcpTier) -> str:
    """Return a Terraform file that makes the reader's custom role, and binds it, on a project or an organization."""
    role = gcp_role(tier)
    below = tier == GCP_TIERS[0]
    scope, variable = ("project", "project_id") if below else ("organization", "org_id")
    attribute = "project" if below else "org_id"
    return f"""# {_MADE_BY.format(cloud="gcp", form="terraform", tier=tier)}
variable "{variable}" {{
  description = "The {scope} that the scan reads."
  type        = string
}}

variable "reader" {{
  description = "Who reads, for example serviceAccount:NAME@PROJECT.iam.gserviceaccount.com."
  type        = string
}}

resource "google_{scope}_iam_custom_role" "porter_audit_read" {{
  {attribute:<11} = var.{variable}
  role_id     = "porterAuditRead"
  title       = {_hcl(role["title"])}
  description = {_hcl(role["description"])}
  stage       = "GA"
  permissions = {_hcl(role["includedPermissions"], 2)}
}}

resource "google_{scope}_iam_member" "porter_audit_read" {{
  {attribute:<7} = var.{variable}
  role    = google_{scope}_iam_custom_role.porter_audit_read.id
  member  = var.reader
}}
"""


def terraform_azure(tier: str) -> str:
    """Return a Terraform file that makes the reader's role definition, its assignment and its Graph permissions."""
    actions, graph = azure_needs(tier)
    grants = "".join(
        f"""
resource "azuread_app_role_assignment" "{name.replace(".", "_").lower()}" {{
  app_role_id         = "{permission}" # {name}
  principal_object_id = var.reader_object_id
  resource_object_id  = data.azuread_service_principal.graph.object_id
}}
"""
        for name, permission in graph
    )
    lookup = """
data "azuread_service_principal" "graph" {
  client_id = "00000003-0000-0000-c000-000000000000" # Microsoft Graph, the same in every tenant
}
"""
    return f"""# {_MADE_BY.format(cloud="azure", form="terraform", tier=tier)}
variable "subscription_id" {{
  description = "The subscription that the scan reads."
  type        = string
}}

variable "reader_object_id" {{
  description = "Object id of the service principal or managed identity that reads."
  type        = string
}}

resource "azurerm_role_definition" "porter_audit_read" {{
  name              = "porter-audit reader"
  scope             = "/subscriptions/${{var.subscription_id}}"
  description       = "Read-only: what porter-audit needs to judge Porter's access, and nothing else."
  assignable_scopes = ["/subscriptions/${{var.subscription_id}}"]

  permissions {{
    actions = {_hcl(actions, 4)}
  }}
}}

resource "azurerm_role_assignment" "porter_audit_read" {{
  scope              = "/subscriptions/${{var.subscription_id}}"
  role_definition_id = azurerm_role_definition.porter_audit_read.role_definition_resource_id
  principal_id       = var.reader_object_id
}}
{lookup + grants if graph else ""}"""


def _hcl(value: Any, indent: int = 0) -> str:
    """Return a value in HCL's syntax; objects and lists a line each, as `terraform fmt` leaves them."""
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        width = max(len(key) for key in value)
        lines = "".join(f"{pad}{key:<{width}} = {_hcl(item, indent + 2)}\n" for key, item in value.items())
        return f"{{\n{lines}{' ' * indent}}}"
    if isinstance(value, list):
        lines = "".join(f"{pad}{_hcl(item, indent + 2)},\n" for item in value)
        return f"[\n{lines}{' ' * indent}]"
    return json.dumps(value, ensure_ascii=False)


def main(folder: str) -> None:
    """Write the files anew: `python -m scanner.app.permissions.files deploy`."""
    from pathlib import Path

    for name, text in deploy_files().items():
        file = Path(folder) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    import sys

    main(sys.argv[1])
