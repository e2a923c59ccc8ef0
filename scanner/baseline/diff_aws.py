"""What a newer AWS part adds and takes away, role by role, as the access engine decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.access.compare import compare
from scanner.access.records import Comparison, NamedDocument, Piece
from scanner.baseline.diff_records import Access, IdentityChange, common_facts, paired, sets, told
from scanner.baseline.documents import permission_documents, trust_document
from scanner.baseline.records import AwsBaseline, DocumentedRole
from scanner.baseline.variables import bind_aws
from scanner.errors import PolicyError
from scanner.model.common import JsonObject


class _Filled:
    """A version with a stand-in for every variable, and how to print it with the variables in braces again."""

    def __init__(self, baseline: AwsBaseline) -> None:
        self._stand_ins = {
            variable.name: f"{index:012d}" if variable.kind == "account-id" else f"stand-in-{variable.name}"
            for index, variable in enumerate(sorted(baseline.variables, key=lambda item: item.name), 1)
        }
        self.baseline = bind_aws(baseline, self._stand_ins)

    def printed(self, text: str) -> str:
        """Return text with variables in braces."""
        for name, value in self._stand_ins.items():
            text = text.replace(value, "{" + name + "}")
        return text


def role_changes(before: AwsBaseline, after: AwsBaseline, catalogue: Catalogue) -> Iterator[IdentityChange]:
    """Yield every role of either version; variables stand as equal on both sides, and are printed in braces."""
    both = _same_variables(before, after)
    old, new = _Filled(both[0]), _Filled(both[1])
    for key, (older, newer) in paired(old.baseline.roles, new.baseline.roles).items():
        if older is None and newer is not None:
            yield IdentityChange(key, "added", adds=_everything(newer, new), who_adds=_everyone(newer, new))
        elif newer is None and older is not None:
            yield IdentityChange(key, "removed", takes=_everything(older, old), who_takes=_everyone(older, old))
        elif older is not None and newer is not None:
            yield _role(key, older, newer, (old, new), catalogue)


def _same_variables(before: AwsBaseline, after: AwsBaseline) -> tuple[AwsBaseline, AwsBaseline]:
    """Return both with the variables of both, so that a stand-in is the same on both sides."""
    names = {variable.name: variable for variable in (*before.variables, *after.variables)}
    variables = tuple(names.values())
    return msgspec.structs.replace(before, variables=variables), msgspec.structs.replace(after, variables=variables)


def _role(
    key: str, older: DocumentedRole, newer: DocumentedRole, sides: tuple[_Filled, _Filled], catalogue: Catalogue
) -> IdentityChange:
    old, new = sides
    facts = tuple(_role_facts(older, newer))
    undecided: list[str] = []
    access = who = None
    if _content(older) != _content(newer):
        access = _compared(
            permission_documents(newer, new.baseline.aliases),
            permission_documents(older, old.baseline.aliases),
            "identity",
            catalogue,
            undecided,
        )
    if _trusts(older) != _trusts(newer):
        who = _compared((trust_document(newer),), (trust_document(older),), "trust", catalogue, undecided)
    adds, takes = _pieces(access, new)
    who_adds, who_takes = _pieces(who, new)
    changed = bool(adds or takes or who_adds or who_takes or undecided or facts)
    return IdentityChange(
        key, "changed" if changed else "unchanged", adds, takes, who_adds, who_takes, tuple(undecided), facts
    )


def _compared(
    newer: Sequence[NamedDocument],
    older: Sequence[NamedDocument],
    kind: str,
    catalogue: Catalogue,
    undecided: list[str],
) -> Comparison | None:
    """Return the comparison of the newer with the older documents; what it leaves open joins `undecided`."""
    try:
        result = compare(newer, older, kind=kind, catalogue=catalogue)
    except PolicyError as error:
        undecided.append(str(error))
        return None
    undecided += [f"{item.statement}: {item.reason}" for item in result.undecided]
    return result


def _content(role: DocumentedRole) -> object:
    return [(s.effect, s.actions, s.resources, s.conditions) for s in role.statements]


def _trusts(role: DocumentedRole) -> object:
    return [(s.effect, s.principals, s.actions, s.conditions) for s in role.trust.statements]


def _pieces(result: Comparison | None, filled: _Filled) -> tuple[tuple[Access, ...], tuple[Access, ...]]:
    if result is None:
        return (), ()
    return tuple(_access(p, filled) for p in result.excess), tuple(_access(p, filled) for p in result.missing)


def _access(piece: Piece, filled: _Filled) -> Access:
    where = f" on {', '.join(piece.resources)}" if piece.resources else ""
    request = piece.witness
    example = f"{request.action} on {request.resource}" + (f" by {request.principal}" if request.principal else "")
    example += "".join(f", {key} = {value}" for key, value in sorted(request.context.items()))
    what = f"{', '.join(piece.actions)}{where}{_by(piece.principals)}{_if(piece.conditions)}"
    return Access(filled.printed(what), piece.statement, filled.printed(example), piece.latent)


def _by(principals: JsonObject) -> str:
    return "".join(f" by {kind} {', '.join(names)}" for kind, names in principals.items())


def _if(conditions: JsonObject) -> str:
    clauses = [
        f"{operator} {key} {', '.join(map(str, values)) if isinstance(values, list) else values}"
        for operator, block in conditions.items()
        for key, values in block.items()
    ]
    return f" if {' and '.join(clauses)}" if clauses else ""


def _everything(role: DocumentedRole, filled: _Filled) -> tuple[Access, ...]:
    return tuple(
        Access(filled.printed(f"{', '.join(s.actions)} on {', '.join(s.resources)}{_if(s.conditions)}"), s.sid)
        for s in role.statements
        if s.effect == "Allow"
    )


def _everyone(role: DocumentedRole, filled: _Filled) -> tuple[Access, ...]:
    return tuple(
        Access(filled.printed(f"{', '.join(s.actions)}{_by(s.principals)}{_if(s.conditions)}"), s.sid)
        for s in role.trust.statements
        if s.effect == "Allow"
    )


def _role_facts(older: DocumentedRole, newer: DocumentedRole) -> Iterator[str]:
    yield from told("ExternalId", older.trust.external_id, newer.trust.external_id)
    yield from told("optional", older.optional, newer.optional)
    yield from told("assumable from outside", older.assumable_from_outside, newer.assumable_from_outside)
    yield from told("live name", older.name_pattern, newer.name_pattern)
    yield from sets(
        "AWS-managed policy", (p.arn for p in older.managed_policies), (p.arn for p in newer.managed_policies)
    )


def aws_facts(before: AwsBaseline, after: AwsBaseline) -> tuple[str, ...]:
    """Return changes of the version as a whole, in words."""
    facts = list(common_facts(before, after))
    facts += sets("alias", (a.printed for a in before.aliases), (a.printed for a in after.aliases))
    facts += sets("vendor account", dict(before.vendor_accounts), dict(after.vendor_accounts))
    stacks = [tuple(b.stack.creates_roles) if b.stack else () for b in (before, after)]
    facts += told("roles the stack creates", ", ".join(stacks[0]) or "none", ", ".join(stacks[1]) or "none")
    return tuple(facts)
