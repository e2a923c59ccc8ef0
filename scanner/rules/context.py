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
from scanner.rules.questions import IMPOSSIBLE, vendor_accounts, vendor_answer


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

    vendors = vendor_accounts(baseline)
    return AwsContext(
        account=account,
        inventory=inventory,
        baseline=baseline,
        settings=settings,
        as_of=as_of,
        catalogue=catalogue,
        judge=judge,
        documented=documented,
        porter_roles=tuple(
            role
            for role in sorted(account.roles, key=lambda r: r.arn)
            if is_named_like_vendor(role.name, baseline) or _admits(role, vendors, baseline, account, catalogue)
        ),
    )


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
) -> bool:
    """Return whether a vendor account may assume the role, or cannot be ruled out. Unread trust is not guessed at."""
    if not isinstance(role.trust, Observed) or not _mentions(role.trust.value, vendors):
        return False
    return vendor_answer(role, baseline, account, catalogue).outcome != IMPOSSIBLE


def _mentions(body: dict[str, Any], vendors: Iterable[str]) -> bool:
    """Return whether a trust policy could admit a vendor at all: a cheap look before the engine is asked."""
    for statement in statements(body):
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        if not isinstance(principal, dict):  # everyone, NotPrincipal, or not valid
            return True
        for value in values(principal.get("AWS", [])):
            if "*" in value or any(vendor in value for vendor in vendors):
                return True
    return not statements(body)
