"""Make a documented version of what a page says, and carry over from an earlier version what no page says."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from scanner.baseline.links import texts_in
from scanner.baseline.page.records import PageInventory, PageNote, PageRole
from scanner.baseline.records import (
    AwsBaseline,
    DocumentedRole,
    DocumentedTrust,
    SourceDocument,
    SourceRef,
    Variable,
)

_ACCOUNT = re.compile(r"\Aarn:[^:]+:iam::(\d{12}):")
_BRACES = re.compile(r"(?<!\$)\{([a-z][a-z0-9_]*)\}")
_PER_THING = re.compile(r"\bper\b|\bdynamically\b|\bafter creation\b|\bonce\b", re.IGNORECASE)


class Imported(msgspec.Struct, frozen=True):
    """A documented version made of a page, and what a person should look at."""

    baseline: AwsBaseline
    notices: tuple[PageNote, ...] = ()
    """What was carried over, dropped or guessed; line 0 is no line of the page."""


def imported_version(
    inventory: PageInventory, document: SourceDocument, *, vendor: str, version: str, known: Sequence[AwsBaseline] = ()
) -> Imported:
    """Return the documented version that the page alone makes; `known` versions supply variables of the same name.

    Of roles with several sections the first counts. Raises nothing: an empty page makes a version without roles.
    """
    first = {role.name: role for role in reversed(inventory.roles)}
    roles = [_role(role, document.name) for role in inventory.roles if first[role.name] is role]
    baseline = AwsBaseline(
        vendor=vendor,
        version=version,
        title=f"Imported from {document.title}",
        publication="not recorded",
        documents=(document,),
        variables=(),
        roles=tuple(roles),
        name_prefix=name_prefix([role.key for role in roles]) or vendor,
        vendor_accounts=_accounts(roles),
    )
    return Imported(replace(baseline, variables=_variables(baseline, known)))


def based_on(imported: AwsBaseline, base: AwsBaseline, *, vendor: str, version: str) -> Imported:
    """Return the imported inventory with what pages do not say taken from `base`: words, notes, risks, contradictions.

    A page with the sha256 of one of the base's documents is that document; another is added to them.
    """
    document = imported.documents[0]
    same = next((known for known in base.documents if known.sha256 == document.sha256), None)
    by_key = {role.key: role for role in base.roles}
    notices: list[PageNote] = []
    roles: list[DocumentedRole] = []
    for role in imported.roles:
        older = by_key.get(role.key)
        if older is None:
            notices.append(PageNote(role.source.line or 0, role.key, f"a role that {base.id} does not have"))
            roles.append(role)
        else:
            merged, dropped = _merged(role, older)
            roles.append(merged)
            notices += dropped
    left = [key for key in by_key if key not in {role.key for role in roles}]
    notices += [PageNote(0, key, f"a role of {base.id} that the page does not have: left out") for key in left]
    kept = {role.key for role in roles}
    result = replace(
        base,
        vendor=vendor,
        version=version,
        documents=base.documents if same else (*base.documents, document),
        roles=tuple(roles),
        variables=base.variables
        + tuple(v for v in imported.variables if v.name not in {o.name for o in base.variables}),
        contradictions=tuple(replace(c, roles=tuple(k for k in c.roles if k in kept)) for c in base.contradictions),
        risk_notes=tuple(
            replace(note, roles=tuple(k for k in note.roles if k in kept))
            for note in base.risk_notes
            if kept & set(note.roles)
        ),
        same_as=None,
        digest="",
    )
    if same is not None:
        result = replace(result, roles=tuple(_renamed(role, document.name, same.name) for role in result.roles))
    return Imported(result, tuple(notices))


def name_prefix(names: Sequence[str]) -> str:
    """Return the first part that all names share, up to a hyphen: `acme` of `acme-reader` and `acme-s3-*`."""
    heads = {name.lower().partition("-")[0] for name in names}
    return heads.pop() if len(heads) == 1 else ""


def _role(role: PageRole, document: str) -> DocumentedRole:
    purpose = role.purpose or next((text for _, text in role.prose), "") or "not stated on the page"
    trust = role.trust or DocumentedTrust((), "not-applicable", notes=("The page does not say who may assume it.",))
    in_overview = role.overview_line is not None
    optional = role.name.endswith("*") or _PER_THING.search(role.created_by) is not None
    return DocumentedRole(
        key=role.name,
        name_pattern=role.name,
        created_by=role.created_by or "not stated on the page",
        purpose=purpose,
        assumable_from_outside=_from_outside(role, trust),
        optional=optional,
        optional_reason=role.created_by
        if optional and role.created_by
        else "one per thing it is for"
        if optional
        else "",
        trust=trust,
        statements=role.statements,
        source=SourceRef(
            document=document,
            heading=role.overview_heading if in_overview else role.name,
            row=role.overview_row,
            line=role.overview_line or role.line,
        ),
    )


def _from_outside(role: PageRole, trust: DocumentedTrust) -> bool:
    if role.assumable:
        return role.assumable.lower().startswith("yes")
    return any(statement.effect == "Allow" and "AWS" in statement.principals for statement in trust.statements)


def _merged(role: DocumentedRole, older: DocumentedRole) -> tuple[DocumentedRole, list[PageNote]]:
    """Return the role of the page with the older version's words, and what of those words no longer fits."""
    sids = {statement.sid for statement in role.statements}
    managed = tuple(policy for policy in older.managed_policies if set(policy.sids) <= sids)
    dropped = [
        PageNote(role.source.line or 0, policy.arn, "rows of this AWS-managed policy are gone: it is left out")
        for policy in older.managed_policies
        if policy not in managed
    ]
    weaker = {statement.sid: statement for statement in older.statements}
    merged = replace(
        role,
        name_pattern=older.name_pattern,
        created_by=older.created_by,
        purpose=older.purpose,
        optional=older.optional,
        optional_reason=older.optional_reason,
        managed_policies=managed,
        statements=tuple(
            replace(s, permissive=weaker[s.sid].permissive)
            if s.sid in weaker and s.as_printed == weaker[s.sid].as_printed
            else s
            for s in role.statements
        ),
        trust=_merged_trust(role.trust, older.trust),
    )
    return merged, dropped


def _merged_trust(trust: DocumentedTrust, older: DocumentedTrust) -> DocumentedTrust:
    """Return the page's trust with the older version's words, where both make the same claim."""
    if not trust.statements or trust.external_id != older.external_id:
        return trust
    return replace(trust, external_id_reason=older.external_id_reason, notes=older.notes)


def _renamed(role: DocumentedRole, old: str, new: str) -> DocumentedRole:
    """Return the role with sources in the document under its own name."""

    def ref(source: SourceRef) -> SourceRef:
        return replace(source, document=new) if source.document == old else source

    external_id = role.trust.external_id_source
    return replace(
        role,
        source=ref(role.source),
        statements=tuple(replace(s, source=ref(s.source)) for s in role.statements),
        managed_policies=tuple(replace(p, source=ref(p.source)) for p in role.managed_policies),
        trust=replace(
            role.trust,
            statements=tuple(replace(s, source=ref(s.source)) for s in role.trust.statements),
            external_id_source=ref(external_id) if external_id else None,
        ),
    )


def _variables(baseline: AwsBaseline, known: Sequence[AwsBaseline]) -> tuple[Variable, ...]:
    """Return a declaration of every variable that the roles use."""
    declared = {variable.name: variable for version in reversed(known) for variable in version.variables}
    names = dict.fromkeys(
        name for text in texts_in(msgspec.to_builtins(baseline.roles)) for name in _BRACES.findall(text)
    )
    return tuple(declared.get(name) or _declared(name) for name in names)


def _declared(name: str) -> Variable:
    if name == "external_id":
        return Variable(name, "The ExternalId that the trust must require.", sensitive=True, kind="external-id")
    if name == "account_id":
        return Variable(name, "The account that is audited.", kind="account-id")
    kind = "account-id" if name.endswith("account_id") else "text"
    return Variable(name, "Left open by the page.", kind=kind)


def _accounts(roles: Sequence[DocumentedRole]) -> tuple[tuple[str, str], ...]:
    """Return the accounts that printed trust policies name."""
    found: dict[str, str] = {}
    for role in roles:
        for statement in role.trust.statements:
            for name in statement.principals.get("AWS", []):
                match = _ACCOUNT.match(name)
                if match is not None:
                    found.setdefault(match[1], "named in a trust policy of the page")
    return tuple(found.items())
