"""AWS-ACT-001: Porter's roles are assumed by the documented principals only.

## What it checks
Every session of a Porter role that CloudTrail knows of in the days that were asked for: the account or service that
opened it, held against the principals of the documented trust policy, and, where the documents ask for an ExternalId,
whether one was shown and, if you gave yours, whether it was yours.

## Why it matters
The trust policy says who could come in. This says who did.

## Remediation
A session by another account is an incident until explained: close the trust policy, revoke the role's sessions, and
ask whose account it is.

## Limits
CloudTrail's event history holds 90 days of management events. Across accounts it names the caller's account, not the
role in it. What Porter does inside a session is not looked at. A role that was deleted has no events here.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records import DocumentedRole
from scanner.model.finding import Axis, ObservedValue, Outcome, Reference, Remediation, Result, Severity
from scanner.model.inventory import AwsActivity, AwsEvent, AwsRole
from scanner.model.kinds import ACTIVITY, AUTHORIZATION_DETAILS
from scanner.rules.aws._activity import about, caller, span
from scanner.rules.aws._common import PORTER_PERMISSIONS, key_of, no_porter_role, role_subject
from scanner.rules.base import AwsContext, Rule
from scanner.rules.external_id import values
from scanner.rules.questions import account_of, vendor_accounts
from scanner.rules.words import count, listed

SESSIONS = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoleForPodIdentity")


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role."""
    activity = ctx.account.activity or AwsActivity((), None, None)
    if not ctx.porter_roles:
        yield no_porter_role(ctx)
    for role in ctx.porter_roles:
        yield _judge(ctx, role, activity)


def _judge(ctx: AwsContext, role: AwsRole, activity: AwsActivity) -> Outcome:
    sessions = [e for e in about(role, activity) if e.name in SESSIONS]
    opened = [e for e in sessions if not e.error_code]
    page = ctx.documented(role)
    faults = {e.event_id: why for e in opened if (why := _fault(ctx, page, e))}
    bad = [e for e in opened if e.event_id in faults]
    refused = len(sessions) - len(opened)
    if bad:
        result, code = Result.FAIL, "UNDOCUMENTED_CALLER"
        why = listed(dict.fromkeys(faults.values()))
        message = f"{count(len(bad), 'session')} of {span(activity)} not as documented: {why}."
    elif activity.unreadable:
        result, code = Result.INCOMPLETE, "EVENTS_UNREAD"
        message = f"{count(activity.unreadable, 'event')} of {span(activity)} could not be read."
    else:
        result, code = Result.PASS, "DOCUMENTED_CALLERS"
        by = f", by {listed(sorted({caller(e) for e in opened}))}" if opened else ""
        message = f"{count(len(opened), 'session')} in {span(activity)}{by}; {refused} refused."
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=key_of(ctx, role),
        observed=ObservedValue(sorted({caller(e) for e in (bad or opened)}), "CloudTrail event history"),
        evidence=tuple(e.evidence for e in (bad or opened)[:20]) or (role.evidence,),
    )


def _fault(ctx: AwsContext, page: DocumentedRole | None, event: AwsEvent) -> str:
    """Return what is wrong with a session, in words; empty where it is as documented."""
    accounts, services = _documented_callers(ctx, page)
    if event.identity_type == "AWSService" or (event.invoked_by and not event.identity_account):
        return "" if event.invoked_by in services else f"opened by {event.invoked_by or 'a service that is not named'}"
    if event.identity_account not in accounts:
        return f"opened by {caller(event)}"
    if page is None or not _asks_for_external_id(page):
        return ""
    if event.external_id is None:
        return f"opened by {caller(event)} without ExternalId"
    fact = next((f for f in ctx.inventory.external_ids if f.token == event.external_id), None)
    return f"opened by {caller(event)} with another ExternalId" if fact and fact.equals_expected is False else ""


def _documented_callers(ctx: AwsContext, page: DocumentedRole | None) -> tuple[set[str], set[str]]:
    """Return accounts and services that the documents let in; of a role that is not documented, the vendor's."""
    if page is None:
        return set(vendor_accounts(ctx.baseline)), set()
    accounts: set[str] = set()
    services: set[str] = set()
    for statement in page.trust.statements:
        accounts |= {account_of(p) for p in values(statement.principals.get("AWS", []))}
        services |= set(values(statement.principals.get("Service", [])))
    return accounts - {""}, services


def _asks_for_external_id(page: DocumentedRole) -> bool:
    return any(
        key.casefold() == "sts:externalid"
        for statement in page.trust.statements
        for keys in statement.conditions.values()
        for key in keys
    )


RULE = Rule(
    id="AWS-ACT-001",
    title="Porter's roles are assumed by the documented principals only",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="activity",
    requires=(AUTHORIZATION_DETAILS, ACTIVITY),
    check=check,
    remediation=Remediation(
        summary="Treat it as an incident: close the trust policy, revoke sessions, find out whose account it is.",
        cli="aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=ROLE",
        risk_of_change="Closing the trust policy stops Porter until it is opened again.",
        owner="customer",
    ),
    references=(
        PORTER_PERMISSIONS,
        Reference(
            "AWS: logging IAM and STS with CloudTrail",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html",
        ),
    ),
    claims=(6,),
)
