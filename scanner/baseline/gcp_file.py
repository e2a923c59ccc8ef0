"""Turn the parsed YAML of a documented version's GCP part into records (format `porter-audit/baseline/gcp/v1`)."""

from __future__ import annotations

import re
from typing import Any

from scanner.baseline.fields import Fields
from scanner.baseline.parts import (
    NAME_PATTERN,
    SOURCE,
    matching,
    read_contradictions,
    read_documents,
    read_known_extras,
    read_risk_notes,
    read_source,
    read_source_ref,
    read_variables,
)
from scanner.baseline.records_gcp import (
    ApiClaim,
    DocumentedGrant,
    DocumentedServiceAccount,
    FederationClaim,
    GcpBaseline,
    KeyClaim,
    OpenList,
)

FORMAT = "porter-audit/baseline/gcp/v1"
VARIABLE_KINDS = "text account-id project-id"
EXTRA_KINDS = "service-account role bucket secret binding"
_TOP = """format vendor version cloud title publication name_prefix documents variables known_extras contradictions
 risk_notes apis service_accounts"""
_ACCOUNT = """name_pattern name_is_example created_by purpose optional optional_reason source grants open_list keys
 federation description_marks notes"""
_GRANT = "role scope granted_by standing as_printed optional source"
_FEDERATION = "pool_pattern provider_pattern aws_account attribute_mapping conjuncts member member_role source"
_API = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*\.googleapis\.com\Z")
# https://cloud.google.com/iam/docs/roles-overview: predefined, or custom on a project or organization.
_GRANTED_ROLE = re.compile(r"(?:(?:projects|organizations)/[A-Za-z0-9_{}.:-]+/)?roles/[A-Za-z0-9_.]+\Z")
_AWS_ACCOUNT = re.compile(r"(?:[0-9]{12}|\{[a-z][a-z0-9_]*\})\Z")


def read_gcp(value: Any, where: str) -> GcpBaseline:
    """Return the records; `where` starts every message. Raises `BaselineError` on anything not of the format."""
    top = Fields(value, where, _TOP)
    top.choice("format", FORMAT)
    top.choice("cloud", "gcp")
    return GcpBaseline(
        vendor=top.text("vendor"),
        version=top.text("version"),
        title=top.text("title"),
        publication=top.text("publication"),
        documents=read_documents(top),
        variables=read_variables(top, VARIABLE_KINDS),
        service_accounts=_service_accounts(top),
        apis=tuple(
            ApiClaim(
                name=matching(item, item.text("name"), _API, "a Google API"),
                source=read_source(item),
                purpose=item.text("purpose", ""),
            )
            for item in top.items("apis", "name purpose source", "API")
        ),
        name_prefix=top.text("name_prefix"),
        known_extras=read_known_extras(top, EXTRA_KINDS),
        contradictions=read_contradictions(top, "service_accounts"),
        risk_notes=read_risk_notes(top, "service_accounts"),
    )


def _service_accounts(top: Fields) -> tuple[DocumentedServiceAccount, ...]:
    accounts = tuple(
        _account(name, item) for name, item in top.entries("service_accounts", _ACCOUNT, "service account")
    )
    if not accounts:
        raise top.error("missing key `service_accounts`")
    return accounts


def _account(name: str, fields: Fields) -> DocumentedServiceAccount:
    matching(fields, name, NAME_PATTERN, "a service account's name")
    return DocumentedServiceAccount(
        key=name,
        name_pattern=matching(fields, fields.text("name_pattern", name), NAME_PATTERN, "a service account's name"),
        created_by=fields.text("created_by"),
        purpose=fields.text("purpose"),
        grants=tuple(_grant(item) for item in fields.items("grants", _GRANT, "grant")),
        keys=_keys(fields.fields("keys", "user_managed at_most reason source")),
        source=read_source(fields),
        name_is_example=fields.flag("name_is_example", False),
        optional=fields.flag("optional", False),
        optional_reason=fields.text("optional_reason", ""),
        open_list=_open_list(fields),
        federation=_federation(fields.fields("federation", _FEDERATION)) if fields.has("federation") else None,
        description_marks=fields.texts("description_marks", required=False),
        notes=fields.texts("notes", required=False),
    )


def _grant(fields: Fields) -> DocumentedGrant:
    return DocumentedGrant(
        role=matching(fields, fields.text("role"), _GRANTED_ROLE, "a role's id"),
        scope=fields.choice("scope", "project folder organization", "project"),
        granted_by=fields.choice("granted_by", "customer vendor"),
        standing=fields.choice("standing", "documented proposed code", "documented"),
        source=read_source(fields),
        as_printed=fields.text("as_printed", ""),
        optional=fields.flag("optional", False),
    )


def _keys(fields: Fields) -> KeyClaim:
    claim = KeyClaim(
        user_managed=fields.choice("user_managed", "expected forbidden"),
        at_most=fields.optional_number("at_most") or 0,
        reason=fields.text("reason"),
        source=read_source(fields),
    )
    if (claim.user_managed == "expected") != (claim.at_most > 0):
        raise fields.error(f"`user_managed` is `{claim.user_managed}` but `at_most` is {claim.at_most}")
    return claim


def _open_list(fields: Fields) -> OpenList | None:
    if not fields.has("open_list"):
        return None
    block = fields.fields("open_list", "summary source")
    return OpenList(summary=block.text("summary"), source=read_source_ref(block.fields("source", SOURCE)))


def _federation(fields: Fields) -> FederationClaim:
    mapping = fields.fields("attribute_mapping", " ".join(name for name, _ in fields.pairs("attribute_mapping")))
    return FederationClaim(
        pool_pattern=matching(fields, fields.text("pool_pattern"), NAME_PATTERN, "a pool's id"),
        provider_pattern=matching(fields, fields.text("provider_pattern"), NAME_PATTERN, "a provider's id"),
        aws_account=matching(fields, fields.text("aws_account"), _AWS_ACCOUNT, "an account id or a variable"),
        attribute_mapping={name: mapping.text(name) for name, _ in fields.pairs("attribute_mapping")},
        conjuncts=fields.texts("conjuncts"),
        member=fields.text("member"),
        member_role=matching(fields, fields.text("member_role"), _GRANTED_ROLE, "a role's id"),
        source=read_source(fields),
    )
