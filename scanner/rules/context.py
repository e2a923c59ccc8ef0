"""Build what the AWS rules look at: whose role is whose, and memoised comparisons."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from scanner.access.catalogue import Catalogue
from scanner.baseline.records import AwsBaseline, DocumentedRole
from scanner.model.common import Observed
from scanner.model.inventory import AwsAccount, AwsRole, Inventory
from scanner.model.snapshot import SourceKind
from scanner.rules.base import AwsContext, Settings
from scanner.rules.external_id import statements, values
from scanner.rules.judge import RoleJudgement, judge_role
from scanner.rules.printed import with_printed_policies
from scanner.rules.questions import IMPOSSIBLE, POSSIBLE, by_organization_only, vendor_accounts, vendor_answer
from scanner.rules.vendor_marks import by_tag

_PRINCIPALS = ("AWS", "Service", "Federated", "CanonicalUser")


def build_context(
    account: AwsAccount,
    inventory: Inventory,
    baseline: AwsBaseline,
    settings: Settings,
    as_of: datetime,
    catalogue: Catalogue,
) -> AwsContext:
    """Return the context of one account; `baseline` has its variables bound, but for `{external_id}`."""
    find = _finder(baseline)
    judgements: dict[str, RoleJudgement] = {}

    def documented(role: AwsRole) -> DocumentedRole | None:
        return find(role.name)

    if inventory.source is SourceKind.TEMPLATE:
        account = with_printed_policies(account, documented, baseline)

    def judge(role: AwsRole) -> RoleJudgement:
        if role.arn not in judgements:
            page = find(role.name)
            if page is None:
                raise KeyError(f"role {role.name} is not documented")
            judgements[role.arn] = judge_role(
                role,
                page,
                baseline=baseline,
                external_ids=inventory.external_ids,
                account=account,
                catalogue=catalogue,
            )
        return judgements[role.arn]

    porter_roles, open_to_organizations = _vendor_roles(account, baseline, catalogue)
    return AwsContext(
        account=account,
        inventory=inventory,
        baseline=baseline,
        settings=settings,
        as_of=as_of,
        catalogue=catalogue,
        judge=judge,
        documented=documented,
        porter_roles=porter_roles,
        open_to_organizations=open_to_organizations,
    )


def _vendor_roles(
    account: AwsAccount, baseline: AwsBaseline, catalogue: Catalogue
) -> tuple[tuple[AwsRole, ...], tuple[AwsRole, ...]]:
    """Return the roles that are the vendor's, and those that are if a given organization is, in ARN order."""
    vendors = vendor_accounts(baseline)
    certain: list[AwsRole] = []
    doubtful: list[AwsRole] = []
    for role in sorted(account.roles, key=lambda r: r.arn):
        if is_named_like_vendor(role.name, baseline) or by_tag(baseline, role.tags):
            certain.append(role)
            continue
        outcome = _admits(role, vendors, baseline, account, catalogue)
        if outcome == POSSIBLE and not _spells(role, vendors) and by_organization_only(
            role, baseline, account, catalogue
        ):
            doubtful.append(role)
        elif outcome != IMPOSSIBLE:
            certain.append(role)
    return tuple(certain), tuple(doubtful)


def matches_name(pattern: str, name: str) -> bool:
    """Return whether a role name is one of a documented pattern; `*` stands for one or more characters."""
    return re.fullmatch(".+".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


def is_named_like_vendor(name: str, baseline: AwsBaseline) -> bool:
    """Return whether a name claims to be the vendor's, in any case: IAM keeps names unique whatever their case."""
    folded = name.lower()
    return folded.startswith(baseline.name_prefix.lower()) or any(
        matches_name(extra.name_pattern.lower(), folded) for extra in baseline.known_extras
    )


def _finder(baseline: AwsBaseline) -> Callable[[str], DocumentedRole | None]:
    """Return the lookup by name: literal names first, then the patterns the document leaves open."""
    literal = {role.name_pattern: role for role in baseline.roles if "*" not in role.name_pattern}
    open_ended = [role for role in baseline.roles if "*" in role.name_pattern]

    def find(name: str) -> DocumentedRole | None:
        if name in literal:
            return literal[name]
        return next((role for role in open_ended if matches_name(role.name_pattern, name)), None)

    return find


def _admits(
    role: AwsRole, vendors: tuple[str, ...], baseline: AwsBaseline, account: AwsAccount, catalogue: Catalogue
) -> str:
    """Return whether a vendor account may assume the role; a trust that was not read is not guessed at."""
    if not isinstance(role.trust, Observed) or not _mentions(role.trust.value, vendors):
        return IMPOSSIBLE
    return vendor_answer(role, baseline, account, catalogue).outcome


def _spells(role: AwsRole, vendors: Iterable[str]) -> bool:
    """Return whether an Allow of the trust policy spells out one of the vendor's accounts, wherever in it."""
    body = role.trust.value if isinstance(role.trust, Observed) else {}
    allows = repr([s for s in statements(body) if s.get("Effect") == "Allow"])
    return any(vendor in allows for vendor in vendors)


def _mentions(body: dict[str, Any], vendors: Iterable[str]) -> bool:
    """Return whether a trust policy could admit a vendor at all: a cheap look before the engine is asked.

    What is not spelled as IAM spells it is the engine's to refuse, never this look's to pass over.
    """
    for statement in statements(body):
        if statement.get("Effect") == "Deny":
            continue
        principal = statement.get("Principal")
        if statement.get("Effect") != "Allow" or not isinstance(principal, dict):  # NotPrincipal, or not valid
            return True
        for kind, names in principal.items():
            named = values(names) if kind == "AWS" else ()
            if kind not in _PRINCIPALS or any("*" in n or any(v in n for v in vendors) for n in named):
                return True
    found = body.get("Statement")
    return not statements(body) or (isinstance(found, list) and len(found) != len(statements(body)))
