"""An AWS-managed policy without content: a template may take the page's word for it, a read account may not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from scanner.model.common import NotObserved, Observed
from scanner.model.inventory import AwsRole, Inventory
from scanner.model.snapshot import SourceKind
from scanner.rules.base import Settings
from scanner.rules.context import build_context
from scanner.rules.printed import AS_PRINTED, printed_names

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_account import AS_OF, CATALOGUE, bound_baseline, context, documented_roles

NAMED = {
    page.name_pattern.replace("*", "0c1d2e"): {ref.arn for ref in page.managed_policies if ref.sids}
    for page in bound_baseline().roles
}
ROLES = [name for name, arns in NAMED.items() if arns]


def without_contents(role: AwsRole) -> AwsRole:
    policies = (
        replace(p, document=NotObserved("not in the file")) if p.origin == "aws-managed" else p for p in role.policies
    )
    return replace(role, policies=tuple(policies))


def judged(name: str, source: SourceKind) -> AwsRole:
    role = without_contents(documented_roles()[name])
    account = replace(context({}).account, roles=(role,))
    inventory = Inventory(source=source, units=(), aws=(account,), external_ids=())
    built = build_context(account, inventory, bound_baseline(), Settings(), AS_OF, CATALOGUE)
    return built.judge(built.account.roles[0]).role


def test_some_documented_role_has_such_a_policy() -> None:
    assert ROLES


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("source", [source for source in SourceKind if source is not SourceKind.TEMPLATE])
def test_what_was_not_read_of_an_account_is_never_taken_from_the_page(name: str, source: SourceKind) -> None:
    role = judged(name, source)
    assert all(isinstance(p.document, NotObserved) for p in role.policies if p.origin == "aws-managed")
    assert printed_names(role.policies) == ()


@pytest.mark.parametrize("name", ROLES)
def test_a_template_gets_the_pages_rows_for_the_policies_the_page_names(name: str) -> None:
    managed = [p for p in judged(name, SourceKind.TEMPLATE).policies if p.origin == "aws-managed"]
    printed = {p.arn for p in managed if isinstance(p.document, Observed)}
    assert printed == NAMED[name]
    assert all((p.version_id == AS_PRINTED) == (p.arn in printed) for p in managed)
