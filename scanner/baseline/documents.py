"""Write a documented role as the IAM documents that the access engine compares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanner.access.records import NamedDocument
from scanner.baseline.records import ActionAlias, DocumentedRole, DocumentedStatement, TrustStatement
from scanner.model.common import JsonObject

_VERSION = "2012-10-17"


def permission_documents(role: DocumentedRole, aliases: Sequence[ActionAlias] = ()) -> tuple[NamedDocument, ...]:
    """Return one document of all the role's statements: statement i of the document is statement i of the role.

    Where a printed action has an alias, both spellings stand in the statement.
    """
    statements = [_statement(statement, statement.conditions, aliases) for statement in role.statements]
    return (NamedDocument(name=f"documented {role.key}", body=_document(statements)),)


def permissive_documents(role: DocumentedRole, aliases: Sequence[ActionAlias] = ()) -> tuple[NamedDocument, ...]:
    """Return the same document in the weaker reading of prose conditions, where there is one."""
    statements = [
        _statement(statement, statement.conditions if statement.permissive is None else statement.permissive, aliases)
        for statement in role.statements
    ]
    return (NamedDocument(name=f"documented {role.key}, weaker reading", body=_document(statements)),)


def has_permissive_reading(role: DocumentedRole) -> bool:
    """Return whether any statement of the role has a weaker reading."""
    return any(statement.permissive is not None for statement in role.statements)


def trust_document(role: DocumentedRole) -> NamedDocument:
    """Return the documented trust policy: statement i of the document is statement i of the role's trust.

    A variable that was not bound, such as `{external_id}`, stands in it as text.
    """
    statements = [_trust_statement(statement) for statement in role.trust.statements]
    return NamedDocument(name=f"documented trust of {role.key}", body=_document(statements))


def _document(statements: Iterable[JsonObject]) -> JsonObject:
    return {"Version": _VERSION, "Statement": list(statements)}


def _statement(statement: DocumentedStatement, conditions: JsonObject, aliases: Sequence[ActionAlias]) -> JsonObject:
    body: JsonObject = {
        "Sid": statement.sid,
        "Effect": statement.effect,
        "Action": _with_aliases(statement.actions, aliases),
        "Resource": list(statement.resources),
    }
    return body | ({"Condition": conditions} if conditions else {})


def _trust_statement(statement: TrustStatement) -> JsonObject:
    body: JsonObject = {
        "Sid": statement.sid,
        "Effect": statement.effect,
        "Principal": statement.principals,
        "Action": list(statement.actions),
    }
    return body | ({"Condition": statement.conditions} if statement.conditions else {})


def _with_aliases(actions: Iterable[str], aliases: Sequence[ActionAlias]) -> list[str]:
    """Return the actions, each followed by what it must mean; IAM's actions ignore case."""
    meant = {alias.printed.lower(): alias.means for alias in aliases}
    both: dict[str, str] = {}
    for action in actions:
        both.setdefault(action.lower(), action)
        means = meant.get(action.lower())
        if means is not None:
            both.setdefault(means.lower(), means)
    return list(both.values())
