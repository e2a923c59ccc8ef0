"""Documented access that is dangerous without being an escalation, as questions: C7 to C14 of the risk notes."""

from __future__ import annotations

import msgspec

from scanner.model.finding import Severity
from scanner.rules.aws.escalation_paths import Step

_ANY_OBJECT = "arn:{partition}:s3:::a-bucket-of-another-team/object"
_ANY_BUCKET = "arn:{partition}:s3:::a-bucket-of-another-team"
_TRAIL_BUCKET = "arn:{partition}:s3:::aws-cloudtrail-logs-of-the-company"
_PREFIX_OBJECT = "arn:{partition}:s3:::porter-a-bucket-of-another-team/object"
_ANY_KEY = "arn:{partition}:kms:us-east-1:{account}:key/0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"
_ANY_SECRET = "arn:{partition}:secretsmanager:us-east-1:{account}:secret:of-another-team"
_ANY_PARAMETER = "arn:{partition}:ssm:us-east-1:{account}:parameter/of-another-team"
_ANY_INSTANCE = "arn:{partition}:ec2:us-east-1:{account}:instance/i-0a0a0a0a0a0a0a0a0"
_ANY_VOLUME = "arn:{partition}:ec2:us-east-1:{account}:volume/vol-0a0a0a0a0a0a0a0a0"
_ANY_QUEUE = "arn:{partition}:sqs:us-east-1:{account}:of-another-team"
_ANY_RULE = "arn:{partition}:events:us-east-1:{account}:rule/of-another-team"
_ANY_PROFILE = "arn:{partition}:iam::{account}:instance-profile/of-another-team"
_ANY_DATABASE = "arn:{partition}:rds:us-east-1:{account}:db:of-another-team"
_ANY_SNAPSHOT = "arn:{partition}:rds:us-east-1:{account}:snapshot:of-another-team"
_NO_NODEPOOL = {"Null": {"aws:ResourceTag/karpenter.sh/nodepool": "true"}}


class DocumentedRisk(msgspec.Struct, frozen=True):
    """One risk note, decided by questions; any step that is possible counts."""

    id: str
    title: str
    severity: Severity
    roles: tuple[str, ...]
    """Documented names, used where the documented version has no such risk note."""
    steps: tuple[Step, ...]


RISKS: tuple[DocumentedRisk, ...] = (
    DocumentedRisk(
        "C7",
        "Control over encryption keys of others",
        Severity.HIGH,
        ("porter-manager", "porter-infra-manager"),
        (
            Step("kms:PutKeyPolicy", (_ANY_KEY,)),
            Step("kms:CreateGrant", (_ANY_KEY,)),
            Step("kms:Decrypt", (_ANY_KEY,)),
            Step("kms:ScheduleKeyDeletion", (_ANY_KEY,)),
        ),
    ),
    DocumentedRisk(
        "C8",
        "Control over buckets and objects of others",
        Severity.HIGH,
        ("porter-manager", "porter-infra-manager"),
        (
            Step("s3:PutBucketPolicy", (_ANY_BUCKET,)),
            Step("s3:PutBucketPublicAccessBlock", (_ANY_BUCKET,)),
            Step("s3:GetObject", (_ANY_OBJECT,)),
            Step("s3:DeleteObject", (_ANY_OBJECT,)),
            Step("s3:PutBucketPolicy", (_TRAIL_BUCKET,)),
            Step("s3:DeleteObject", (_PREFIX_OBJECT,)),
        ),
    ),
    DocumentedRisk(
        "C9",
        "Secrets of others can be deleted or made, whatever the narrower statement says",
        Severity.MEDIUM,
        ("porter-manager",),
        (
            Step("secretsmanager:DeleteSecret", (_ANY_SECRET,)),
            Step("secretsmanager:CreateSecret", (_ANY_SECRET,)),
            Step("secretsmanager:TagResource", (_ANY_SECRET,)),
        ),
    ),
    DocumentedRisk(
        "C10",
        "Detection can be switched off",
        Severity.HIGH,
        ("porter-manager", "porter-infra-manager", "porter-agent-compliance-manager"),
        (
            Step("cloudtrail:StopLogging"),
            Step("cloudtrail:DeleteTrail"),
            Step("guardduty:DeleteDetector"),
            Step("guardduty:UpdateDetector"),
            Step("cloudwatch:DeleteAlarms"),
            Step("logs:DeleteLogGroup"),
            Step("s3:DeleteObject", (_TRAIL_BUCKET + "/object",)),
        ),
    ),
    DocumentedRisk(
        "C11",
        "Control over databases and caches of others",
        Severity.HIGH,
        ("porter-infra-manager",),
        (
            Step("rds:ModifyDBSnapshotAttribute", (_ANY_SNAPSHOT,)),
            Step("rds:ModifyDBInstance", (_ANY_DATABASE,)),
            Step("rds:DeleteDBInstance", (_ANY_DATABASE,)),
            Step("elasticache:ModifyUser"),
        ),
    ),
    DocumentedRisk(
        "C12",
        "What a node may do, every pod that reaches its metadata may do",
        Severity.HIGH,
        ("porter-node-manager",),
        (
            Step("ssm:GetParameter", (_ANY_PARAMETER,)),
            Step("ssm:GetParametersByPath", (_ANY_PARAMETER,)),
            Step("eks-auth:AssumeRoleForPodIdentity"),
            Step("ec2:AttachVolume", (_ANY_VOLUME, _ANY_INSTANCE)),
            Step("ec2:DetachVolume", (_ANY_VOLUME, _ANY_INSTANCE)),
        ),
    ),
    DocumentedRisk(
        "C13",
        "Statements called scoped lack the tag, region and parameter limits of Karpenter's own template",
        Severity.HIGH,
        ("porter-karpenter",),
        (
            Step("ec2:TerminateInstances", (_ANY_INSTANCE,), _NO_NODEPOOL),
            Step("ec2:CreateTags", (_ANY_INSTANCE,), _NO_NODEPOOL),
            Step("ssm:GetParameter", (_ANY_PARAMETER,)),
            Step("sqs:DeleteQueue", (_ANY_QUEUE,)),
            Step("events:DeleteRule", (_ANY_RULE,)),
            Step("iam:AddRoleToInstanceProfile", (_ANY_PROFILE,)),
        ),
    ),
    DocumentedRisk(
        "C14",
        "Buckets are told apart by their prefix only",
        Severity.MEDIUM,
        ("porter-telemetry-manager",),
        (
            Step("s3:DeleteObject", (_PREFIX_OBJECT,)),
            Step("s3:CreateBucket", ("arn:{partition}:s3:::porter-a-bucket-of-another-team",)),
        ),
    ),
)
