"""AZURE-FED-001: Porter's application trusts only the documented federated credential.

## What it checks
Issuer, subject and audience of every federated credential on Porter's app registrations, and on managed identities
named like Porter's, against the documented version; whether another managed identity takes Porter's tokens, by
subject or by expression; and whether the credentials are of more than one project in Porter.

## Why it matters
Whoever holds a token that a federated credential accepts acts as Porter: no secret shows, and no secret scanner
finds it.

## Remediation
Delete the federated credential that is not documented.

## Limits
The issuer's first label and what the page leaves open are compared by form. Without the parameter
porter_aws_account the account in the subject cannot be told from a stranger's: then it is for a person to judge, and a
managed identity shows by the name of the AWS role, or by an issuer that Porter's application trusts too. App
registrations are searched by name: credentials of one whose name says nothing of Porter are not read.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/workload-id/workload-identity-federation
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records_azure import DocumentedApplication, FederatedCredentialClaim
from scanner.model import kinds_azure as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_azure import AzureManagedIdentity, FederatedCredential
from scanner.rules.azure._common import (
    FEDERATION_PAGE,
    PORTER_CONNECT,
    application_subject,
    documented_applications,
    expectation,
    no_application,
)
from scanner.rules.azure._federation import is_from_aws, takes_vendors_tokens
from scanner.rules.azure_context import AzureContext, is_named_like_vendor, made_by_cluster, matches
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per federated credential, one per application without."""
    found = False
    for application, page in documented_applications(ctx):
        found = True
        subject = application_subject(application)
        for credential in {_key(c): c for c in application.federated}.values():
            yield _judge(ctx, subject, credential, page)
        if not application.federated:
            said = f"{quote(application.name)} has no federated credential."
            yield Outcome(subject, Result.PASS, said, "NONE", porter_role=page.key, evidence=(application.evidence,))
    yield from _several(ctx)
    issuers = {c.issuer for a in ctx.applications for c in a.federated if is_from_aws(c)}
    for identity in ctx.account.identities:
        own = made_by_cluster(identity.name, identity.principal_id, ctx.account, ctx.baseline)
        if is_named_like_vendor(identity.name, ctx.baseline) and not own:
            found = True
            yield from _of_identity(ctx, identity)
            continue
        for credential in identity.credentials if not isinstance(identity.credentials, NotObserved) else ():
            if takes_vendors_tokens(ctx.baseline, credential, issuers):
                found = True
                yield _unknown(ctx, Subject("azure.managed_identity", identity.id, identity.name), credential)
    if not found:
        yield no_application(ctx)


def _several(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one MANUAL per application that takes tokens of more than one documented subject."""
    for application, page in documented_applications(ctx):
        claims = page.federated_credentials
        fit = {c.subject: c for c in application.federated if any(_is(claim, c) for claim in claims)}
        if len(fit) > 1:
            yield Outcome(
                subject=application_subject(application),
                result=Result.MANUAL,
                message=f"{quote(application.name)} takes tokens of {listed(sorted(fit))}: one for each project in "
                "Porter. See that all these projects are yours.",
                reason_code="SEVERAL_PROJECTS",
                discriminator="several",
                severity=Severity.MEDIUM,
                porter_role=page.key,
                observed=ObservedValue(sorted(fit)),
                evidence=tuple(c.evidence for c in fit.values()),
            )


def _of_identity(ctx: AzureContext, identity: AzureManagedIdentity) -> Iterator[Outcome]:
    """Yield what a managed identity named like the vendor's trusts: no document names any."""
    subject = Subject("azure.managed_identity", identity.id, identity.name)
    if isinstance(identity.credentials, NotObserved):
        said = f"The federated credentials of {quote(identity.name)} were not read: {identity.credentials.reason}."
        yield Outcome(subject, Result.INCOMPLETE, said, "CREDENTIALS_UNREAD", evidence=(identity.evidence,))
        return
    for credential in identity.credentials:
        yield _unknown(ctx, subject, credential)
    if not identity.credentials:
        said = f"{quote(identity.name)} has no federated credential."
        yield Outcome(subject, Result.PASS, said, "NONE", evidence=(identity.evidence,))


def _judge(
    ctx: AzureContext, subject: Subject, credential: FederatedCredential, page: DocumentedApplication
) -> Outcome:
    claim = next((c for c in page.federated_credentials if _is(c, credential)), None)
    if claim is None:
        return _unknown(ctx, subject, credential)
    left_open = "{" in claim.subject_pattern + claim.issuer_pattern
    said = f"{quote(credential.name)} takes tokens of {quote(credential.subject)}"
    note = ", which has the documented form; whether the account is Porter's is open: porter_aws_account is not given"
    return Outcome(
        subject=subject,
        result=Result.MANUAL if left_open else Result.PASS,
        message=f"{said}{note if left_open else ', as documented'}.",
        reason_code="PARAMETER_MISSING" if left_open else "DOCUMENTED",
        discriminator=_key(credential),
        porter_role=page.key,
        expected=expectation(ctx, claim.subject_pattern, claim.source),
        evidence=(credential.evidence,),
    )


def _is(claim: FederatedCredentialClaim, credential: FederatedCredential) -> bool:
    return (
        matches(claim.issuer_pattern, credential.issuer.rstrip("/"))
        and matches(claim.subject_pattern, credential.subject)
        and not credential.expression
        and credential.audiences == (claim.audience,)
    )


def _key(credential: FederatedCredential) -> str:
    return f"{credential.issuer}|{credential.subject or credential.expression}|{','.join(credential.audiences)}"


def _unknown(ctx: AzureContext, subject: Subject, credential: FederatedCredential) -> Outcome:
    who = credential.subject or credential.expression
    return Outcome(
        subject=subject,
        result=Result.FAIL,
        message=f"The federated credential {quote(credential.name)} takes tokens of {quote(who)} from "
        f"{quote(credential.issuer)} for {listed(credential.audiences)}, which is not documented.",
        reason_code="NOT_DOCUMENTED",
        discriminator=_key(credential),
        observed=ObservedValue(
            {"issuer": credential.issuer, "subject": who, "audiences": list(credential.audiences)}, credential.name
        ),
        evidence=(credential.evidence,),
    )


RULE = Rule(
    id="AZURE-FED-001",
    title="Porter's application trusts only the documented federated credential",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(
        kinds.APPLICATIONS,
        kinds.FEDERATED_CREDENTIALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Delete the federated credential that is not documented.",
        owner="customer",
        cli="az ad app federated-credential list --id APP-ID",
    ),
    references=(
        PORTER_CONNECT,
        FEDERATION_PAGE,
    ),
    claims=(73,),
    supplementary=(kinds.MANAGED_IDENTITIES, kinds.AKS_CLUSTERS),
    cloud="azure",
)
