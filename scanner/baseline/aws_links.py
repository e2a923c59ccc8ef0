"""Check what ties a documented version together: references that must resolve, names that must be unique."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.fields import shown
from scanner.baseline.links import unique
from scanner.baseline.records import AwsBaseline, DocumentedRole, DocumentedStatement, SourceRef
from scanner.errors import BaselineError


def check_links(baseline: AwsBaseline, where: str) -> None:
    """Raise `BaselineError` at the first reference that resolves nowhere and the first name used twice."""
    documents = {document.name for document in baseline.documents}
    statements = {(role.key, statement.sid): statement for role in baseline.roles for statement in role.statements}
    for place, source in _sources(baseline, where):
        if source.document not in documents:
            raise BaselineError(f"{place}: source: unknown document `{shown(source.document)}`")
    for role in baseline.roles:
        _check_role(role, statements, f"{where}: role `{role.key}`")
    _check_role_names(baseline, where)


def _check_role(role: DocumentedRole, statements: dict[tuple[str, str], DocumentedStatement], where: str) -> None:
    unique((statement.sid for statement in role.statements), f"{where}: duplicate statement")
    unique((statement.sid for statement in role.trust.statements), f"{where}: trust: duplicate statement")
    for statement in role.statements:
        if statement.same_as is not None:
            _check_reference(statement, statements, f"{where}: statement `{shown(statement.sid)}`")
    own = {statement.sid for statement in role.statements}
    for policy in role.managed_policies:
        for sid in policy.sids:
            if sid not in own:
                raise BaselineError(f"{where}: managed policy `{policy.arn}`: unknown statement `{shown(sid)}`")
    _check_external_id(role, f"{where}: trust")


def _check_reference(
    statement: DocumentedStatement, statements: dict[tuple[str, str], DocumentedStatement], where: str
) -> None:
    """Require that the statement referred to exists and that actions or resources were taken from it."""
    reference = statement.same_as or ""
    role, _, sid = reference.rpartition("/")
    origin = statements.get((role, sid))
    if origin is None:
        raise BaselineError(f"{where}: `same_as` names `{shown(reference)}`, which is not there")
    if statement.actions != origin.actions and statement.resources != origin.resources:
        raise BaselineError(f"{where}: `same_as`: neither actions nor resources are those of `{shown(reference)}`")


def _check_external_id(role: DocumentedRole, where: str) -> None:
    """Require that the claim on ExternalId and the statements agree."""
    conditioned = any(
        key.lower() == "sts:externalid"
        for statement in role.trust.statements
        for block in statement.conditions.values()
        for key in block
    )
    if (role.trust.external_id == "required") != conditioned:
        found = "a statement has" if conditioned else "no statement has"
        claim = role.trust.external_id
        raise BaselineError(f"{where}: `external_id` is `{claim}` but {found} a condition on sts:ExternalId")
    if role.trust.external_id == "none-documented" and not role.trust.external_id_reason:
        raise BaselineError(f"{where}: `external_id` is `none-documented`: missing key `external_id_reason`")


def _check_role_names(baseline: AwsBaseline, where: str) -> None:
    roles = {role.key for role in baseline.roles}
    unique((role.name_pattern for role in baseline.roles), f"{where}: two roles have `name_pattern`")
    named = [(f"risk note `{shown(note.id)}`", note.roles) for note in baseline.risk_notes]
    named += [(f"contradiction `{shown(item.id)}`", item.roles) for item in baseline.contradictions]
    for place, names in named:
        for name in names:
            if name not in roles:
                raise BaselineError(f"{where}: {place}: unknown role `{shown(name)}`")


def _sources(baseline: AwsBaseline, where: str) -> Iterator[tuple[str, SourceRef]]:
    """Yield every source with the place it stands in."""
    for role in baseline.roles:
        place = f"{where}: role `{role.key}`"
        yield place, role.source
        yield from ((f"{place}: statement `{shown(item.sid)}`", item.source) for item in role.statements)
        yield from ((f"{place}: trust: statement `{shown(item.sid)}`", item.source) for item in role.trust.statements)
        yield from ((f"{place}: managed policy `{item.arn}`", item.source) for item in role.managed_policies)
        if role.trust.external_id_source is not None:
            yield f"{place}: trust: external_id_source", role.trust.external_id_source
    for contradiction in baseline.contradictions:
        yield from ((f"{where}: contradiction `{shown(contradiction.id)}`", source) for source in contradiction.sources)
    for alias in baseline.aliases:
        if alias.source is not None:
            yield f"{where}: alias `{alias.printed}`", alias.source
    if baseline.stack is not None:
        yield f"{where}: stack", baseline.stack.source
