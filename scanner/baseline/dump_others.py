"""Write the GCP and Azure parts of a documented version as canonical YAML."""

from __future__ import annotations

from scanner.baseline import azure_file, gcp_file, parts_dump
from scanner.baseline.parts_dump import Mapping, given, source, written
from scanner.baseline.records_azure import AzureBaseline, DocumentedApplication, DocumentedRoleDefinition
from scanner.baseline.records_gcp import DocumentedServiceAccount, FederationClaim, GcpBaseline
from scanner.baseline.yaml_dump import Plain, dump_yaml

_COMMENT = """What the vendor's documents say about access to {what}, with the place of every claim.
Facts only, in our words; names as printed.
Format: baselines/schema/baseline-{cloud}.schema.json
"""


def dump_gcp(baseline: GcpBaseline) -> str:
    """Return YAML that `load_gcp` reads back to the same records; the digest is not part of it."""
    top = _head(baseline, gcp_file.FORMAT, "gcp", "service_accounts")
    top["apis"] = [given(name=api.name, purpose=api.purpose, source=source(api.source)) for api in baseline.apis]
    top["service_accounts"] = {account.key: _account(account) for account in baseline.service_accounts}
    return dump_yaml(written(top), _COMMENT.format(what="a GCP project", cloud="gcp"))


def dump_azure(baseline: AzureBaseline) -> str:
    """Return YAML that `load_azure` reads back to the same records; the digest is not part of it."""
    top = _head(baseline, azure_file.FORMAT, "azure", "identities")
    top["providers"] = [
        given(name=item.namespace, optional=item.optional or None, source=source(item.source))
        for item in baseline.providers
    ]
    top["role_definitions"] = {item.key: _definition(item) for item in baseline.role_definitions}
    top["applications"] = {item.key: _application(item) for item in baseline.applications}
    what = "an Azure subscription and its Entra tenant"
    return dump_yaml(written(top), _COMMENT.format(what=what, cloud="azure"))


def _head(baseline: GcpBaseline | AzureBaseline, form: str, cloud: str, names: str) -> Mapping:
    return {
        "format": form,
        "vendor": baseline.vendor,
        "version": baseline.version,
        "cloud": cloud,
        "title": baseline.title,
        "publication": baseline.publication,
        "name_prefix": baseline.name_prefix,
        "documents": parts_dump.documents(baseline.documents),
        "variables": parts_dump.variables(baseline.variables),
        "known_extras": parts_dump.known_extras(baseline.known_extras),
        "contradictions": parts_dump.contradictions(baseline.contradictions, names),
        "risk_notes": parts_dump.risk_notes(baseline.risk_notes, names),
    }


def _account(account: DocumentedServiceAccount) -> Mapping:
    open_list = account.open_list
    return given(
        name_pattern=account.name_pattern if account.name_pattern != account.key else None,
        name_is_example=account.name_is_example or None,
        created_by=account.created_by,
        purpose=account.purpose,
        optional=account.optional or None,
        optional_reason=account.optional_reason,
        source=source(account.source),
        grants=[
            given(
                role=grant.role,
                scope=None if grant.scope == "project" else grant.scope,
                granted_by=grant.granted_by,
                standing=None if grant.standing == "documented" else grant.standing,
                optional=grant.optional or None,
                as_printed=grant.as_printed,
                source=source(grant.source),
            )
            for grant in account.grants
        ],
        open_list=given(summary=open_list.summary, source=source(open_list.source)) if open_list else None,
        keys=given(
            user_managed=account.keys.user_managed,
            at_most=account.keys.at_most or None,
            reason=account.keys.reason,
            source=source(account.keys.source),
        ),
        federation=_federation(account.federation) if account.federation else None,
        description_marks=list(account.description_marks),
        notes=list(account.notes),
    )


def _federation(claim: FederationClaim) -> Plain:
    return given(
        pool_pattern=claim.pool_pattern,
        provider_pattern=claim.provider_pattern,
        aws_account=claim.aws_account,
        attribute_mapping=dict(claim.attribute_mapping),
        conjuncts=list(claim.conjuncts),
        member=claim.member,
        member_role=claim.member_role,
        source=source(claim.source),
    )


def _definition(item: DocumentedRoleDefinition) -> Mapping:
    return given(
        name_patterns=list(item.name_patterns) if item.name_patterns != (item.key,) else None,
        kind=item.kind,
        description=item.description,
        permissions=[
            given(
                actions=list(block.actions),
                not_actions=list(block.not_actions),
                data_actions=list(block.data_actions),
                not_data_actions=list(block.not_data_actions),
            )
            for block in item.permissions
        ],
        assignable_scopes=list(item.assignable_scopes),
        source=source(item.source),
        notes=list(item.notes),
    )


def _application(item: DocumentedApplication) -> Mapping:
    return given(
        name_pattern=item.name_pattern if item.name_pattern != item.key else None,
        created_by=item.created_by,
        purpose=item.purpose,
        optional=item.optional or None,
        optional_reason=item.optional_reason,
        source=source(item.source),
        role_assignments=[
            given(role=claim.role, scope=claim.scope, source=source(claim.source)) for claim in item.role_assignments
        ],
        app_roles=[
            given(
                value=role.value,
                id=role.id,
                resource=None if role.resource == "Microsoft Graph" else role.resource,
                source=source(role.source),
            )
            for role in item.app_roles
        ],
        secrets=given(
            client_secret=item.secrets.client_secret,
            max_age_days=item.secrets.max_age_days or None,
            reason=item.secrets.reason,
            source=source(item.secrets.source),
        ),
        federated_credentials=[
            given(
                name_pattern=credential.name_pattern,
                issuer_pattern=credential.issuer_pattern,
                subject_pattern=credential.subject_pattern,
                audience=credential.audience,
                source=source(credential.source),
            )
            for credential in item.federated_credentials
        ],
        notes=list(item.notes),
    )
