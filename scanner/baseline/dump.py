"""Write the AWS part of a documented version as YAML in its canonical form."""

from __future__ import annotations

from scanner.baseline import parts_dump
from scanner.baseline.aws_file import FORMAT
from scanner.baseline.parts_dump import Mapping, given, source, written
from scanner.baseline.records import (
    AwsBaseline,
    DocumentedRole,
    DocumentedStatement,
    DocumentedTrust,
    ManagedPolicyRef,
    TrustStatement,
)
from scanner.baseline.yaml_dump import Plain, dump_yaml

_COMMENT = """What the vendor's documents say about access to an AWS account, with the place of every claim.
Facts only, in our words; names, actions, ARNs and condition cells as printed.
Format: baselines/schema/baseline-aws.schema.json
"""


def dump_aws(baseline: AwsBaseline) -> str:
    """Return YAML that `load_aws` reads back to the same records; the digest is not part of it."""
    top: Mapping = {
        "format": FORMAT,
        "vendor": baseline.vendor,
        "version": baseline.version,
        "cloud": "aws",
        "title": baseline.title,
        "publication": baseline.publication,
        "name_prefix": baseline.name_prefix,
        "documents": parts_dump.documents(baseline.documents),
        "variables": parts_dump.variables(baseline.variables),
        "vendor_accounts": dict(baseline.vendor_accounts),
        "stack": _stack(baseline),
        "aliases": [
            given(
                printed=item.printed,
                means=item.means,
                reason=item.reason,
                source=source(item.source) if item.source is not None else None,
            )
            for item in baseline.aliases
        ],
        "known_extras": parts_dump.known_extras(baseline.known_extras),
        "contradictions": parts_dump.contradictions(baseline.contradictions, "roles"),
        "risk_notes": parts_dump.risk_notes(baseline.risk_notes, "roles"),
        "roles": {role.key: _role(role) for role in baseline.roles},
    }
    return dump_yaml(written(top), _COMMENT)


def _stack(baseline: AwsBaseline) -> Plain:
    stack = baseline.stack
    if stack is None:
        return None
    return given(
        name=stack.name,
        region_hint=stack.region_hint,
        creates_roles=list(stack.creates_roles),
        resource_types=list(stack.resource_types),
        source=source(stack.source),
    )


def _role(role: DocumentedRole) -> Mapping:
    return given(
        name_pattern=role.name_pattern if role.name_pattern != role.key else None,
        created_by=role.created_by,
        purpose=role.purpose,
        assumable_from_outside=role.assumable_from_outside,
        optional=role.optional or None,
        optional_reason=role.optional_reason,
        source=source(role.source),
        trust=_trust(role.trust),
        managed_policies=[_managed(item) for item in role.managed_policies],
        statements=[_statement(item) for item in role.statements],
    )


def _managed(policy: ManagedPolicyRef) -> Mapping:
    return given(arn=policy.arn, sids=list(policy.sids), source=source(policy.source))


def _trust(trust: DocumentedTrust) -> Mapping:
    return given(
        external_id=trust.external_id,
        external_id_reason=trust.external_id_reason,
        external_id_source=source(trust.external_id_source) if trust.external_id_source else None,
        statements=[_trust_statement(item) for item in trust.statements],
        notes=list(trust.notes),
    )


def _trust_statement(statement: TrustStatement) -> Mapping:
    return given(
        sid=statement.sid,
        effect=statement.effect if statement.effect != "Allow" else None,
        principals=statement.principals,
        actions=list(statement.actions),
        conditions=statement.conditions or None,
        source=source(statement.source),
    )


def _statement(statement: DocumentedStatement) -> Mapping:
    return given(
        sid=statement.sid,
        effect=statement.effect if statement.effect != "Allow" else None,
        same_as=statement.same_as,
        actions=list(statement.actions),
        resources=list(statement.resources),
        conditions=statement.conditions or None,
        permissive=statement.permissive,
        as_printed=statement.as_printed,
        settled_by=statement.settled_by,
        source=source(statement.source),
    )
