"""Write the AWS part of a documented version as YAML in its canonical form."""

from __future__ import annotations

from scanner.baseline.aws_file import FORMAT
from scanner.baseline.records import (
    AwsBaseline,
    DocumentedRole,
    DocumentedStatement,
    DocumentedTrust,
    ManagedPolicyRef,
    SourceRef,
    TrustStatement,
)
from scanner.baseline.yaml_dump import Plain, dump_yaml

_Mapping = dict[str, Plain]

_COMMENT = """What the vendor's documents say about access to an AWS account, with the place of every claim.
Facts only, in our words; names, actions, ARNs and condition cells as printed.
Format: baselines/schema/baseline-aws.schema.json
"""


def dump_aws(baseline: AwsBaseline) -> str:
    """Return YAML that `load_aws` reads back to the same records; the digest is not part of it."""
    top: _Mapping = {
        "format": FORMAT,
        "vendor": baseline.vendor,
        "version": baseline.version,
        "cloud": "aws",
        "title": baseline.title,
        "publication": baseline.publication,
        "name_prefix": baseline.name_prefix,
        "documents": {
            item.name: _given(
                title=item.title,
                url=item.url,
                retrieved=item.retrieved,
                sha256=item.sha256,
                publication=item.publication,
            )
            for item in baseline.documents
        },
        "variables": {
            item.name: _given(
                description=item.description,
                default=item.default,
                kind=None if item.kind == "text" else item.kind,
                sensitive=item.sensitive or None,
                source=item.source,
            )
            for item in baseline.variables
        },
        "vendor_accounts": dict(baseline.vendor_accounts),
        "stack": _stack(baseline),
        "aliases": [
            _given(
                printed=item.printed,
                means=item.means,
                reason=item.reason,
                source=_source(item.source) if item.source is not None else None,
            )
            for item in baseline.aliases
        ],
        "known_extras": [
            _given(name_pattern=item.name_pattern, severity=item.severity, reason=item.reason, source=item.source)
            for item in baseline.known_extras
        ],
        "contradictions": {
            item.id: _given(
                summary=item.summary,
                settled=item.settled,
                roles=list(item.roles),
                sources=[_source(source) for source in item.sources],
            )
            for item in baseline.contradictions
        },
        "risk_notes": {
            item.id: _given(severity=item.severity, roles=list(item.roles), summary=item.summary)
            for item in baseline.risk_notes
        },
        "roles": {role.key: _role(role) for role in baseline.roles},
    }
    return dump_yaml({key: value for key, value in top.items() if value not in (None, [], {})}, _COMMENT)


def _given(**items: Plain) -> _Mapping:
    """Return the items that say something: null, empty text and empty lists are the reader's defaults."""
    return {key: value for key, value in items.items() if value is not None and value != "" and value != []}


def _stack(baseline: AwsBaseline) -> Plain:
    stack = baseline.stack
    if stack is None:
        return None
    return _given(
        name=stack.name,
        region_hint=stack.region_hint,
        creates_roles=list(stack.creates_roles),
        resource_types=list(stack.resource_types),
        source=_source(stack.source),
    )


def _source(source: SourceRef) -> _Mapping:
    return _given(
        document=source.document, heading=source.heading, row=source.row, line=source.line, quote=source.quote
    )


def _role(role: DocumentedRole) -> _Mapping:
    return _given(
        name_pattern=role.name_pattern if role.name_pattern != role.key else None,
        created_by=role.created_by,
        purpose=role.purpose,
        assumable_from_outside=role.assumable_from_outside,
        optional=role.optional or None,
        optional_reason=role.optional_reason,
        source=_source(role.source),
        trust=_trust(role.trust),
        managed_policies=[_managed(item) for item in role.managed_policies],
        statements=[_statement(item) for item in role.statements],
    )


def _managed(policy: ManagedPolicyRef) -> _Mapping:
    return _given(arn=policy.arn, sids=list(policy.sids), source=_source(policy.source))


def _trust(trust: DocumentedTrust) -> _Mapping:
    return _given(
        external_id=trust.external_id,
        external_id_reason=trust.external_id_reason,
        external_id_source=_source(trust.external_id_source) if trust.external_id_source else None,
        statements=[_trust_statement(item) for item in trust.statements],
        notes=list(trust.notes),
    )


def _trust_statement(statement: TrustStatement) -> _Mapping:
    return _given(
        sid=statement.sid,
        effect=statement.effect if statement.effect != "Allow" else None,
        principals=statement.principals,
        actions=list(statement.actions),
        conditions=statement.conditions or None,
        source=_source(statement.source),
    )


def _statement(statement: DocumentedStatement) -> _Mapping:
    return _given(
        sid=statement.sid,
        effect=statement.effect if statement.effect != "Allow" else None,
        same_as=statement.same_as,
        actions=list(statement.actions),
        resources=list(statement.resources),
        conditions=statement.conditions or None,
        permissive=statement.permissive,
        as_printed=statement.as_printed,
        settled_by=statement.settled_by,
        source=_source(statement.source),
    )
