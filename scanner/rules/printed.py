"""AWS-managed policies of a template: a template names them, and only the documented page may say what they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from scanner.baseline.documents import permission_documents
from scanner.baseline.records import AwsBaseline, DocumentedRole
from scanner.model.common import JsonObject, NotObserved, Observed
from scanner.model.inventory import AttachedPolicy, AwsAccount, AwsRole
from scanner.rules.judge import documented_managed

AS_PRINTED = "(as the page prints it)"
"""Version of a policy whose content is the page's rows, not AWS's answer."""


def with_printed_policies(
    account: AwsAccount, documented: Callable[[AwsRole], DocumentedRole | None], baseline: AwsBaseline
) -> AwsAccount:
    """Return a planned account with the page's rows as content of each AWS-managed policy named there for the role.

    Only for a template: in a live answer a policy without its content is one that was not read. A policy that the page
    does not name for the role, or names without rows, stays unread.
    """
    roles = tuple(
        role if (page := documented(role)) is None else _with_printed(role, page, baseline, account.partition)
        for role in account.roles
    )
    return msgspec.structs.replace(account, roles=roles)


def printed_names(policies: Sequence[AttachedPolicy]) -> tuple[str, ...]:
    """Return the names of the policies whose content was taken from the page."""
    return tuple(sorted(policy.name for policy in policies if policy.version_id == AS_PRINTED))


def _with_printed(role: AwsRole, page: DocumentedRole, baseline: AwsBaseline, partition: str) -> AwsRole:
    printed: dict[str, JsonObject] = {}
    for policy, ref in documented_managed(role, page, partition):
        rows = tuple(statement for statement in page.statements if statement.sid in ref.sids)
        if rows and policy.arn and isinstance(policy.document, NotObserved):
            documents = permission_documents(msgspec.structs.replace(page, statements=rows), baseline.aliases)
            printed[policy.arn] = documents[0].body
    policies = tuple(
        msgspec.structs.replace(policy, document=Observed(printed[policy.arn]), version_id=AS_PRINTED)
        if policy.arn in printed
        else policy
        for policy in role.policies
    )
    return msgspec.structs.replace(role, policies=policies)
