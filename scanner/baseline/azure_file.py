"""Turn the parsed YAML of a documented version's Azure part into records (format `porter-audit/baseline/azure/v1`)."""

from __future__ import annotations

import re
from typing import Any

from scanner.baseline.fields import Fields
from scanner.baseline.parts import (
    NAME_PATTERN,
    matching,
    read_contradictions,
    read_documents,
    read_known_extras,
    read_risk_notes,
    read_source,
    read_variables,
)
from scanner.baseline.records_azure import (
    AppRoleClaim,
    AzureBaseline,
    AzurePermissions,
    DocumentedApplication,
    DocumentedRoleDefinition,
    FederatedCredentialClaim,
    ProviderClaim,
    RoleAssignmentClaim,
    SecretClaim,
)

FORMAT = "porter-audit/baseline/azure/v1"
VARIABLE_KINDS = "text account-id subscription-id tenant-id"
EXTRA_KINDS = "application role-definition provider resource-group"
_TOP = """format vendor version cloud title publication name_prefix documents variables known_extras contradictions
 risk_notes providers role_definitions applications"""
_DEFINITION = "name_patterns kind description permissions assignable_scopes source notes"
_PERMISSIONS = "actions not_actions data_actions not_data_actions"
_APPLICATION = """name_pattern created_by purpose optional optional_reason source role_assignments app_roles secrets
 federated_credentials notes"""
_CREDENTIAL = "name_pattern issuer_pattern subject_pattern audience source"
# https://learn.microsoft.com/azure/role-based-access-control/role-definitions#actions-format
_ACTION = re.compile(r"(?:\*|[A-Za-z0-9.*]+(?:/[A-Za-z0-9.*_-]+)+)\Z")
_SCOPE = re.compile(r"/(?:[A-Za-z0-9._{}()-]+(?:/[A-Za-z0-9._{}()-]+)*)?\Z")
_NAMESPACE = re.compile(r"[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)+\Z")
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z")
_APP_ROLE = re.compile(r"[A-Za-z0-9]+(?:\.[A-Za-z0-9-]+)+\Z")


def read_azure(value: Any, where: str) -> AzureBaseline:
    """Return the records; `where` starts every message. Raises `BaselineError` on anything not of the format."""
    top = Fields(value, where, _TOP)
    top.choice("format", FORMAT)
    top.choice("cloud", "azure")
    return AzureBaseline(
        vendor=top.text("vendor"),
        version=top.text("version"),
        title=top.text("title"),
        publication=top.text("publication"),
        documents=read_documents(top),
        variables=read_variables(top, VARIABLE_KINDS),
        role_definitions=_role_definitions(top),
        applications=_applications(top),
        providers=tuple(
            ProviderClaim(
                namespace=matching(item, item.text("name"), _NAMESPACE, "a resource provider"),
                source=read_source(item),
                optional=item.flag("optional", False),
            )
            for item in top.items("providers", "name optional source", "provider")
        ),
        name_prefix=top.text("name_prefix"),
        known_extras=read_known_extras(top, EXTRA_KINDS),
        contradictions=read_contradictions(top, "identities"),
        risk_notes=read_risk_notes(top, "identities"),
    )


def _role_definitions(top: Fields) -> tuple[DocumentedRoleDefinition, ...]:
    return tuple(
        _definition(name, item) for name, item in top.entries("role_definitions", _DEFINITION, "role definition")
    )


def _definition(name: str, fields: Fields) -> DocumentedRoleDefinition:
    matching(fields, name, NAME_PATTERN, "a role definition's name")
    patterns = fields.texts("name_patterns", required=False) or (name,)
    permissions = tuple(
        AzurePermissions(
            actions=_actions(item, "actions"),
            not_actions=_actions(item, "not_actions"),
            data_actions=_actions(item, "data_actions"),
            not_data_actions=_actions(item, "not_data_actions"),
        )
        for item in fields.items("permissions", _PERMISSIONS, "permissions")
    )
    if not permissions:
        raise fields.error("missing key `permissions`")
    return DocumentedRoleDefinition(
        key=name,
        name_patterns=tuple(matching(fields, text, NAME_PATTERN, "a role definition's name") for text in patterns),
        kind=fields.choice("kind", "CustomRole BuiltInRole"),
        description=fields.text("description", ""),
        permissions=permissions,
        assignable_scopes=tuple(matching(fields, s, _SCOPE, "a scope") for s in fields.texts("assignable_scopes")),
        source=read_source(fields),
        notes=fields.texts("notes", required=False),
    )


def _actions(fields: Fields, key: str) -> tuple[str, ...]:
    texts = fields.texts(key, required=False)
    return tuple(matching(fields, text, _ACTION, "an operation") for text in texts)


def _applications(top: Fields) -> tuple[DocumentedApplication, ...]:
    found = tuple(_application(name, item) for name, item in top.entries("applications", _APPLICATION, "application"))
    if not found:
        raise top.error("missing key `applications`")
    return found


def _application(name: str, fields: Fields) -> DocumentedApplication:
    matching(fields, name, NAME_PATTERN, "an application's name")
    return DocumentedApplication(
        key=name,
        name_pattern=matching(fields, fields.text("name_pattern", name), NAME_PATTERN, "an application's name"),
        created_by=fields.text("created_by"),
        purpose=fields.text("purpose"),
        role_assignments=tuple(
            RoleAssignmentClaim(
                role=item.text("role"),
                scope=matching(item, item.text("scope"), _SCOPE, "a scope"),
                source=read_source(item),
            )
            for item in fields.items("role_assignments", "role scope source", "role assignment")
        ),
        app_roles=tuple(
            AppRoleClaim(
                value=matching(item, item.text("value"), _APP_ROLE, "an application permission"),
                id=matching(item, item.text("id"), _GUID, "a lower-case GUID"),
                resource=item.text("resource", "Microsoft Graph"),
                source=read_source(item),
            )
            for item in fields.items("app_roles", "value id resource source", "app role")
        ),
        secrets=_secrets(fields.fields("secrets", "client_secret max_age_days reason source")),
        source=read_source(fields),
        federated_credentials=tuple(
            _credential(item) for item in fields.items("federated_credentials", _CREDENTIAL, "federated credential")
        ),
        optional=fields.flag("optional", False),
        optional_reason=fields.text("optional_reason", ""),
        notes=fields.texts("notes", required=False),
    )


def _secrets(fields: Fields) -> SecretClaim:
    claim = SecretClaim(
        client_secret=fields.choice("client_secret", "expected forbidden"),
        max_age_days=fields.optional_number("max_age_days") or 0,
        reason=fields.text("reason"),
        source=read_source(fields),
    )
    if (claim.client_secret == "expected") != (claim.max_age_days > 0):
        raise fields.error(f"`client_secret` is `{claim.client_secret}` but `max_age_days` is {claim.max_age_days}")
    return claim


def _credential(fields: Fields) -> FederatedCredentialClaim:
    return FederatedCredentialClaim(
        name_pattern=fields.text("name_pattern"),
        issuer_pattern=fields.text("issuer_pattern"),
        subject_pattern=fields.text("subject_pattern"),
        audience=fields.text("audience"),
        source=read_source(fields),
    )
