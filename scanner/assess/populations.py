"""Countable lists an auditor may sample from, and our counts against the provider's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from scanner.model.inventory import AwsAccount
from scanner.model.report import Population, TieOut


def aws_populations(account: AwsAccount, porter_roles: Iterable[str]) -> tuple[Population, ...]:
    """Return what was read of an account, list by list."""
    attached = [(r.arn, p) for r in account.roles for p in r.policies]
    attached += [(u.arn, p) for u in account.users for p in u.policies]
    attached += [(g.arn, p) for g in account.groups for p in g.policies]
    policies = {p.arn for _, p in attached if p.arn}
    inline = {f"{owner}#{p.name}" for owner, p in attached if p.origin == "inline"}
    lists: dict[str, Iterable[str]] = {
        "iam roles": (r.arn for r in account.roles),
        "roles held to be Porter's": porter_roles,
        "iam users": (u.arn for u in account.users),
        "iam groups": (g.arn for g in account.groups),
        "attached managed policies": policies,
        "inline policies": inline,
        "cloudformation stacks": (s.stack_id for s in account.stacks),
        "eks clusters": (c.arn for c in account.clusters),
        "eks pod identity associations": (f"{a.region}/{a.cluster}/{a.association_id}" for a in account.pod_identities),
        "oidc providers": (o.arn for o in account.oidc_providers),
    }
    return tuple(population(name, account.account_id, keys) for name, keys in lists.items())


def population(name: str, scope_id: str, keys: Iterable[str]) -> Population:
    """Return a population with its count and hash."""
    ordered = tuple(sorted(set(keys)))
    digest = hashlib.sha256("\n".join(ordered).encode()).hexdigest()
    return Population(name, scope_id, len(ordered), digest, ordered)


# GetAccountSummary's keys, as documented at
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
_COUNTED = {"Roles": "roles", "Users": "users", "Groups": "groups"}


def aws_tie_outs(account: AwsAccount) -> tuple[TieOut, ...]:
    """Compare the number of roles, users and groups read with the account's own summary."""
    reported = dict(account.summary)
    found: list[TieOut] = []
    for key, attribute in _COUNTED.items():
        counted = len(getattr(account, attribute))
        told = reported.get(key)
        agrees = None if told is None else told == counted
        explanation = {
            None: "the account's summary was not read",
            True: "",
            False: "the lists differ: something was created or deleted while reading, or a page is missing",
        }[agrees]
        found.append(
            TieOut(f"iam {attribute}", account.account_id, counted, told, "iam:GetAccountSummary", agrees, explanation)
        )
    return tuple(found)
