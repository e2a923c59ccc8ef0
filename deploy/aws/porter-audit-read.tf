# Made by `porter-audit permissions aws --format terraform --tier account` from the list of calls.
variable "trusted_principal_arn" {
  description = "Who may assume the role: the ARN of the role that runs the scan."
  type        = string
}

variable "external_id" {
  description = "ExternalId that the scan must show; null for none."
  type        = string
  default     = null
  sensitive   = true
}

data "aws_partition" "current" {}

resource "aws_iam_role" "porter_audit_read" {
  name                 = "porter-audit-read"
  description          = "Read-only: what porter-audit needs to judge Porter's access, and nothing else."
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      {
        Effect    = "Allow"
        Principal = { AWS = var.trusted_principal_arn }
        Action    = "sts:AssumeRole"
      },
      var.external_id == null ? {} : {
        Condition = { StringEquals = { "sts:ExternalId" = var.external_id } }
      },
    )]
  })
}

resource "aws_iam_role_policy" "porter_audit_read" {
  name   = "porter-audit-read"
  role   = aws_iam_role.porter_audit_read.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadAccount"
        Effect   = "Allow"
        Action   = [
          "account:ListRegions",
          "ec2:DescribeRegions",
          "eks:ListClusters",
          "iam:GetAccountAuthorizationDetails",
          "iam:GetAccountSummary",
          "iam:GetOpenIDConnectProvider",
          "iam:ListInstanceProfiles",
          "iam:ListOpenIDConnectProviders",
          "iam:ListSAMLProviders",
        ]
        Resource = "*"
      },
      {
        Sid      = "ReadCloudformationStackPorterRole"
        Effect   = "Allow"
        Action   = [
          "cloudformation:DescribeStacks",
          "cloudformation:ListStackResources",
        ]
        Resource = "arn:${data.aws_partition.current.partition}:cloudformation:*:*:stack/PorterRole/*"
      },
      {
        Sid      = "ReadEksCluster"
        Effect   = "Allow"
        Action   = [
          "eks:DescribeCluster",
          "eks:ListPodIdentityAssociations",
        ]
        Resource = "arn:${data.aws_partition.current.partition}:eks:*:*:cluster/*"
      },
      {
        Sid      = "ReadEksPodidentityassociation"
        Effect   = "Allow"
        Action   = [
          "eks:DescribePodIdentityAssociation",
        ]
        Resource = "arn:${data.aws_partition.current.partition}:eks:*:*:podidentityassociation/*/*"
      },
      {
        Sid      = "ReadIamUser"
        Effect   = "Allow"
        Action   = [
          "iam:ListAccessKeys",
        ]
        Resource = "arn:${data.aws_partition.current.partition}:iam::*:user/*"
      },
    ]
  })
}

output "role_arn" {
  description = "For --assume-role, or assume_role in porter-audit.yaml."
  value       = aws_iam_role.porter_audit_read.arn
}
