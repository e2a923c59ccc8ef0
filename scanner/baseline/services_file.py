"""Turn the parsed YAML of a documented version's services part into records (`porter-audit/baseline/services/v1`)."""

from __future__ import annotations

import re
from typing import Any

from scanner.baseline.fields import Fields, shown
from scanner.baseline.links import sources_in, unique
from scanner.baseline.parts import SOURCE, matching, read_contradictions, read_documents, read_source, read_source_ref
from scanner.baseline.records import SourceRef
from scanner.baseline.records_services import (
    Advice,
    ConnectionField,
    DocumentedConnection,
    PodTrustClaim,
    ServicesBaseline,
    WorkloadBindingClaim,
    WorkloadCredentialClaim,
)
from scanner.errors import BaselineError

FORMAT = "porter-audit/baseline/services/v1"
FORMS = "role identity-name resource-group email instance port account-name disk-name text"
_TOP = """format vendor version cloud title publication documents contradictions connections aws azure gcp advice
 static_credentials"""
_TYPE = re.compile(r"[a-z][A-Za-z0-9]*\Z")
_FIELD = re.compile(r"[a-z][A-Za-z0-9]*(?:\.[a-z][A-Za-z0-9]*)?\Z")
_PRINCIPAL = re.compile(r"[a-z0-9.-]+\.amazonaws\.com\Z")
_ACTION = re.compile(r"sts:[A-Za-z]+\Z")
_ROLE = re.compile(r"roles/[a-z][A-Za-z0-9.]+\Z")
_ENV = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_KEY = re.compile(r"[a-z][a-z0-9-]*\Z")


def read_services(value: Any, where: str) -> ServicesBaseline:
    """Return the records; `where` starts every message. Raises `BaselineError` on anything not of the format."""
    top = Fields(value, where, _TOP)
    top.choice("format", FORMAT)
    top.choice("cloud", "services")
    static = top.fields("static_credentials", "names source")
    return ServicesBaseline(
        vendor=top.text("vendor"),
        version=top.text("version"),
        title=top.text("title"),
        publication=top.text("publication"),
        documents=read_documents(top),
        connections=_connections(top),
        aws=_aws(top.fields("aws", "principal actions source association made_by_customer")),
        azure=_azure(
            top.fields("azure", "credentials_per_service subject audience source form same_subscription"),
        ),
        gcp=_gcp(top.fields("gcp", "role member metadata_mode source form same_project nodes")),
        advice=tuple(
            Advice(matching(item, key, _KEY, "a recommendation's name"), item.text("summary"), read_source(item))
            for key, item in top.entries("advice", "summary source", "advice")
        ),
        static_credentials=tuple(
            matching(static, name, _ENV, "an environment variable") for name in static.texts("names")
        ),
        static_source=read_source(static),
        contradictions=read_contradictions(top, "connections"),
    )


def _connections(top: Fields) -> tuple[DocumentedConnection, ...]:
    found = tuple(
        DocumentedConnection(
            key=matching(item, key, _TYPE, "a connection type"),
            cloud=item.choice("cloud", "aws azure gcp none"),
            purpose=item.text("purpose"),
            at_most=item.optional_number("at_most") or 1,
            fields=tuple(
                ConnectionField(
                    matching(field, field.text("name"), _FIELD, "a field"), field.choice("form", FORMS),
                    read_source(field),
                )
                for field in item.items("fields", "name form source", "field")
            ),
            source=read_source(item),
            notes=item.texts("notes", required=False),
        )
        for key, item in top.entries("connections", "cloud purpose at_most source fields notes", "connection")
    )
    if not found:
        raise top.error("missing key `connections`")
    return found


def _aws(fields: Fields) -> PodTrustClaim:
    return PodTrustClaim(
        principal=matching(fields, fields.text("principal"), _PRINCIPAL, "a service principal"),
        actions=tuple(matching(fields, action, _ACTION, "an STS action") for action in fields.texts("actions")),
        source=read_source(fields),
        association=_ref(fields, "association"),
        made_by_customer=_ref(fields, "made_by_customer"),
    )


def _azure(fields: Fields) -> WorkloadCredentialClaim:
    return WorkloadCredentialClaim(
        credentials_per_service=fields.optional_number("credentials_per_service") or 1,
        subject=_pattern(fields, "subject", "namespace service_account"),
        audience=fields.text("audience"),
        source=read_source(fields),
        form=_ref(fields, "form"),
        same_subscription=_ref(fields, "same_subscription"),
    )


def _gcp(fields: Fields) -> WorkloadBindingClaim:
    return WorkloadBindingClaim(
        role=matching(fields, fields.text("role"), _ROLE, "a predefined role"),
        member=_pattern(fields, "member", "project_id namespace service_account"),
        metadata_mode=fields.text("metadata_mode"),
        source=read_source(fields),
        form=_ref(fields, "form"),
        same_project=_ref(fields, "same_project"),
        nodes=_ref(fields, "nodes"),
    )


def _pattern(fields: Fields, key: str, words: str) -> str:
    """Return a text that holds each of the words in braces, once."""
    text = fields.text(key)
    for word in words.split():
        if text.count(f"{{{word}}}") != 1:
            raise fields.error(f"`{key}` must hold `{{{word}}}` once")
    return text


def _ref(fields: Fields, key: str) -> SourceRef:
    return read_source_ref(fields.fields(key, SOURCE))


def check_services(baseline: ServicesBaseline, where: str) -> None:
    """Raise `BaselineError` at the first reference that resolves nowhere and the first name used twice."""
    documents = {document.name for document in baseline.documents}
    for source in sources_in(baseline):
        if source.document not in documents:
            raise BaselineError(f"{where}: source: unknown document `{shown(source.document)}`")
    types = {connection.key for connection in baseline.connections}
    for item in baseline.contradictions:
        for name in item.roles:
            if name not in types:
                raise BaselineError(f"{where}: contradiction `{shown(item.id)}`: unknown connection `{shown(name)}`")
    for connection in baseline.connections:
        unique((f.name for f in connection.fields), f"{where}: connection `{connection.key}`: duplicate field")
    unique(baseline.static_credentials, f"{where}: static_credentials: duplicate name")
