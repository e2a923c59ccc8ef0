"""Lint of documented AWS roles: phantoms, inert grants, statements that add nothing, over-wide grants, sizes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec.structs import replace

from scanner.access.catalogue import Catalogue
from scanner.access.compare import compare
from scanner.access.pattern import Pattern, compile_pattern, disjoint, matches, tokenize
from scanner.access.records import NamedDocument
from scanner.baseline.documents import permission_documents
from scanner.baseline.fields import shown
from scanner.baseline.lint_records import LintFinding
from scanner.baseline.records import AwsBaseline, DocumentedRole, DocumentedStatement
from scanner.baseline.segment import is_known
from scanner.errors import PolicyError

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: characters, white space not counted.
MANAGED_LIMIT = 6_144
INLINE_LIMIT = 10_240
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_OUR_VARIABLE = re.compile(r"(?<!\$)\{[a-z][a-z0-9_]*\}")
_READ = re.compile(r"(?:get|list|describe|lookup|search|batchget|view|read|query|select)", re.IGNORECASE)
_NEEDS_NO_KEY = re.compile(r"ForAllValues:|.*Not(?:Equals|Like|IpAddress)|NotIpAddress|.*IfExists", re.IGNORECASE)


class LintCatalogue(Catalogue, Protocol):
    """The action catalogue, with the condition keys of each action."""

    def supports_key(self, action: str, key: str) -> bool:
        """Return whether requests of a published action can carry a condition key; case does not matter."""
        ...


def lint_roles(baseline: AwsBaseline, catalogue: LintCatalogue) -> Iterator[LintFinding]:
    """Yield the findings of every role, in file order."""
    aliases = {alias.printed.lower(): alias.means for alias in baseline.aliases}
    for role in baseline.roles:
        for statement in role.statements:
            yield from _phantoms(role, statement, aliases, catalogue)
            yield from _inert(role, statement, catalogue)
            yield from _over_wide(role, statement)
        yield from _adds_nothing(role, catalogue)
        yield from _too_large(role)
    yield from _dangling(baseline)


def _phantoms(
    role: DocumentedRole, statement: DocumentedStatement, aliases: dict[str, str], catalogue: Catalogue
) -> Iterator[LintFinding]:
    for action in statement.actions:
        if action == "*" or is_known(action, catalogue):
            continue
        means = aliases.get(action.lower())
        hint = f"; an alias says it means `{means}`" if means else ""
        what = f"no published action is, or matches, `{shown(action)}`{hint}"
        yield _of("unknown-action", "low" if means else "medium", role, statement, what)


def _inert(role: DocumentedRole, statement: DocumentedStatement, catalogue: LintCatalogue) -> Iterator[LintFinding]:
    """Yield actions that cannot match any resource of their statement, or lack a key that its conditions need."""
    needed = sorted({key for operator, block in statement.conditions.items() for key in _needed(operator, block)})
    for action in statement.actions:
        published = _published(action, catalogue)
        if not published:
            continue
        if not any(_reaches(item, statement.resources, catalogue) for item in published):
            what = f"`{action}` never matches {_listed(statement.resources)}: {_why(published, catalogue)}"
            yield _of("inert-grant", "medium", role, statement, what)
        for key in needed:
            if not any(catalogue.supports_key(item, key) for item in published):
                what = f"no request of `{action}` carries the condition key `{key}`, so the grant never matches"
                yield _of("inert-grant", "medium", role, statement, what)


def _needed(operator: str, block: dict[str, list[str]]) -> Iterator[str]:
    """Yield the keys without which the operator is not satisfied."""
    if operator.lower() == "null":
        yield from (key for key, values in block.items() if [value.lower() for value in values] == ["false"])
    elif not _NEEDS_NO_KEY.match(operator):
        yield from block


def _published(action: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the published actions that a documented one matches; none where it is `*` or a phantom."""
    service, _, name = action.partition(":")
    if not name:
        return ()
    if not set("*?") & set(name):
        return (action,) if catalogue.is_published(action) else ()
    pattern = compile_pattern(tokenize(name, fold=True), fold=True)
    return tuple(f"{service}:{item}" for item in catalogue.actions(service.lower()) if matches(pattern, item.lower()))


def _reaches(action: str, resources: Iterable[str], catalogue: Catalogue) -> bool:
    """Return whether a request of the action can name one of the resources; without resource types it names `*`."""
    templates = [_arn(_PLACEHOLDER.sub("*", text)) for text in catalogue.resource_templates(action)]
    for resource in resources:
        if resource == "*":
            return True
        wanted = _arn(_OUR_VARIABLE.sub("*", resource))
        if any(not disjoint(wanted, template) for template in templates):
            return True
    return False


def _arn(text: str) -> Pattern:
    """Return an ARN pattern whose first five parts keep to themselves: else any two would have a string in common."""
    return compile_pattern(tokenize(text), mode="arn")


def _pattern(text: str) -> Pattern:
    return compile_pattern(tokenize(text))


def _why(published: tuple[str, ...], catalogue: Catalogue) -> str:
    if not any(catalogue.resource_templates(action) for action in published):
        return "AWS knows no resource for it, only `*`"
    return "AWS knows other resources for it"


def _over_wide(role: DocumentedRole, statement: DocumentedStatement) -> Iterator[LintFinding]:
    """Yield grants without condition on everything that are wildcards of more than reading, or pass any role."""
    if statement.effect != "Allow" or statement.conditions or "*" not in statement.resources:
        return
    for action in statement.actions:
        name = action.partition(":")[2]
        if action == "*":
            yield _of("over-wide", "critical", role, statement, "grants every action on everything")
        elif action.lower() == "iam:passrole":
            what = "passes any role to any service: no iam:PassedToService and no role named"
            yield _of("over-wide", "high", role, statement, what)
        elif "*" in name and not _READ.match(name):
            yield _of("over-wide", "high", role, statement, f"grants `{action}` on everything, without condition")


def _adds_nothing(role: DocumentedRole, catalogue: Catalogue) -> Iterator[LintFinding]:
    """Yield statements whose requests the role's other statements allow already, as the engine decides."""
    for index, statement in enumerate(role.statements):
        rest = role.statements[:index] + role.statements[index + 1 :]
        others = tuple(other for other in rest if other.effect == "Deny" or _share_actions(statement, other))
        if statement.effect != "Allow" or all(other.effect == "Deny" for other in others):
            continue
        try:
            result = compare(_document(role, (statement,)), _document(role, others), catalogue=catalogue)
        except PolicyError:
            continue  # the loader refuses what IAM would; nothing can be said of such a statement
        covered = [str(by) for item in result.certificate["discharged"] for by in item["by"]]
        by = _listed(name.rpartition(": ")[2] for name in dict.fromkeys(covered))
        if result.contained:
            yield _of("adds-nothing", "low", role, statement, f"other statements of the role grant all of it: {by}")
        elif result.certificate["discharged"]:
            actions = dict.fromkeys(a for item in result.certificate["discharged"] for a in item["live"]["actions"])
            what = f"{_listed(actions)} granted by others of the role already: {by}; this statement limits none of it"
            yield _of("adds-nothing", "info", role, statement, what)


def _share_actions(one: DocumentedStatement, other: DocumentedStatement) -> bool:
    """Return whether a request could have an action of both: only then one can grant what the other does."""
    ours, theirs = _literals(one), _literals(other)
    if ours & theirs:
        return True
    wild, others_wild = _wildcards(one), _wildcards(other)
    if any(matches(pattern, name) for pattern in others_wild for name in ours):
        return True
    if any(matches(pattern, name) for pattern in wild for name in theirs):
        return True
    return any(not disjoint(a, b) for a in wild for b in others_wild)


def _literals(statement: DocumentedStatement) -> frozenset[str]:
    return frozenset(action.lower() for action in statement.actions if not set("*?") & set(action))


def _wildcards(statement: DocumentedStatement) -> tuple[Pattern, ...]:
    return tuple(_pattern(action.lower()) for action in statement.actions if set("*?") & set(action))


def _document(role: DocumentedRole, statements: tuple[DocumentedStatement, ...]) -> tuple[NamedDocument, ...]:
    return permission_documents(replace(role, statements=statements))


def _too_large(role: DocumentedRole) -> Iterator[LintFinding]:
    """Yield roles whose own statements do not fit into one policy; rows of AWS-managed policies are AWS's."""
    aws = {sid for policy in role.managed_policies for sid in policy.sids}
    own = tuple(statement for statement in role.statements if statement.sid not in aws)
    if not own:
        return
    body = _document(role, own)[0].body
    # AWS counts no white space outside quotes.
    size = len(json.dumps(body, separators=(",", ":"), ensure_ascii=False))
    limits = [f"{limit:,} of {what}" for limit, what in _LIMITS if size > limit]
    if limits:
        what = f"its statements need {size:,} characters, more than the {' and the '.join(limits)}"
        yield LintFinding("too-large", "low", role.key, "", role.source, f"{what}: live policies are split")


_LIMITS = ((MANAGED_LIMIT, "a managed policy"), (INLINE_LIMIT, "all inline policies of a role"))


def _dangling(baseline: AwsBaseline) -> Iterator[LintFinding]:
    """Yield references that point at nothing in the file, though the loader need not refuse them."""
    printed = {action.lower() for role in baseline.roles for item in role.statements for action in item.actions}
    for alias in baseline.aliases:
        if alias.printed.lower() not in printed:
            what = f"the alias of `{shown(alias.printed)}` explains an action that no statement prints"
            yield LintFinding("dangling-reference", "low", "", alias.printed, alias.source, what)
    names = {role.key for role in baseline.roles}
    for name in baseline.stack.creates_roles if baseline.stack else ():
        if name not in names:
            what = f"the stack is said to create `{shown(name)}`, which is not documented"
            yield LintFinding(
                "dangling-reference", "medium", name, "", baseline.stack.source if baseline.stack else None, what
            )
    for role in baseline.roles:
        arns = {policy.arn for policy in role.managed_policies}
        for statement in role.statements:
            if statement.settled_by is not None and statement.settled_by not in arns:
                what = f"settled by `{shown(statement.settled_by)}`, which is not among the role's managed policies"
                yield _of("dangling-reference", "low", role, statement, what)


def _of(code: str, severity: str, role: DocumentedRole, statement: DocumentedStatement, message: str) -> LintFinding:
    return LintFinding(code, severity, role.key, statement.sid, statement.source, message)


def _listed(items: Iterable[str], most: int = 6) -> str:
    names = list(items)
    text = ", ".join(f"`{name}`" for name in names[:most])
    return text + (f" and {len(names) - most} more" if len(names) > most else "")
