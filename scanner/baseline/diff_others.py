"""What a newer GCP or Azure part adds and takes away: grants, operations and credentials as sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner.baseline.diff_records import Access, IdentityChange, common_facts, paired, sets, told
from scanner.baseline.records_azure import AzureBaseline, DocumentedApplication, DocumentedRoleDefinition
from scanner.baseline.records_gcp import DocumentedServiceAccount, GcpBaseline


def account_changes(before: GcpBaseline, after: GcpBaseline) -> Iterator[IdentityChange]:
    """Yield every service account of either version."""
    for key, (older, newer) in paired(before.service_accounts, after.service_accounts).items():
        grants = [_grants(account) for account in (older, newer)]
        who = [_impersonators(account) for account in (older, newer)]
        facts = tuple(_account_facts(older, newer)) if older and newer else ()
        yield _set_change(key, older is None, newer is None, grants, who, facts)


def _grants(account: DocumentedServiceAccount | None) -> dict[str, str]:
    """Return role and scope in words, by what identifies the grant."""
    if account is None:
        return {}
    found = {f"{g.role} on the {g.scope}": f" (granted by the {g.granted_by}, {g.standing})" for g in account.grants}
    if account.open_list is not None:
        found["more roles, which the page does not list"] = ""
    return found


def _impersonators(account: DocumentedServiceAccount | None) -> dict[str, str]:
    if account is None:
        return {}
    found = {}
    if account.keys.user_managed == "expected":
        found["whoever holds a key file"] = f" (at most {account.keys.at_most})"
    if account.federation is not None:
        claim = account.federation
        found[f"{claim.member} through {claim.member_role}"] = f", if {' and '.join(claim.conjuncts)}"
    return found


def _account_facts(older: DocumentedServiceAccount, newer: DocumentedServiceAccount) -> Iterator[str]:
    yield from told("live name", older.name_pattern, newer.name_pattern)
    yield from told("user-managed keys", older.keys.user_managed, newer.keys.user_managed)
    yield from told("optional", older.optional, newer.optional)
    standing = {grant.role: grant.standing for grant in older.grants}
    for grant in newer.grants:
        yield from told(f"standing of {grant.role}", standing.get(grant.role, grant.standing), grant.standing)


def gcp_facts(before: GcpBaseline, after: GcpBaseline) -> tuple[str, ...]:
    """Return changes of the version as a whole, in words."""
    return (
        *common_facts(before, after),
        *sets("Google API", (a.name for a in before.apis), (a.name for a in after.apis)),
    )


def azure_changes(before: AzureBaseline, after: AzureBaseline) -> Iterator[IdentityChange]:
    """Yield every role definition and application of either version."""
    for key, (older, newer) in paired(before.role_definitions, after.role_definitions).items():
        powers = [_operations(definition) for definition in (older, newer)]
        yield _set_change(key, older is None, newer is None, powers, [{}, {}], ())
    for key, (app, later) in paired(before.applications, after.applications).items():
        held = [_held(application) for application in (app, later)]
        who = [_credentials(application) for application in (app, later)]
        yield _set_change(key, app is None, later is None, held, who, ())


def _operations(definition: DocumentedRoleDefinition | None) -> dict[str, str]:
    """Return operations; one that is excluded counts as part of the block, since it bounds the wildcard."""
    found: dict[str, str] = {}
    for block in definition.permissions if definition else ():
        without = f" without {', '.join(sorted(block.not_actions, key=str.lower))}" if block.not_actions else ""
        data = f" without {', '.join(sorted(block.not_data_actions, key=str.lower))}" if block.not_data_actions else ""
        scopes = ", ".join(definition.assignable_scopes) if definition else ""
        found |= {f"operation {action}{without}": f" on {scopes}" for action in block.actions}
        found |= {f"data operation {action}{data}": f" on {scopes}" for action in block.data_actions}
    return found


def _held(application: DocumentedApplication | None) -> dict[str, str]:
    if application is None:
        return {}
    found = {f"role {claim.role} on {claim.scope}": "" for claim in application.role_assignments}
    return found | {f"{role.value} of {role.resource}": f" ({role.id})" for role in application.app_roles}


def _credentials(application: DocumentedApplication | None) -> dict[str, str]:
    if application is None:
        return {}
    found = {}
    if application.secrets.client_secret == "expected":
        found["whoever holds the client secret"] = f" (at most {application.secrets.max_age_days} days old)"
    for claim in application.federated_credentials:
        found[f"{claim.subject_pattern} of issuer {claim.issuer_pattern}"] = f" (audience {claim.audience})"
    return found


def azure_facts(before: AzureBaseline, after: AzureBaseline) -> tuple[str, ...]:
    """Return changes of the version as a whole, in words."""
    old, new = (sorted(p.namespace for p in part.providers) for part in (before, after))
    return (*common_facts(before, after), *sets("resource provider", old, new))


def _set_change(
    key: str,
    is_new: bool,
    is_gone: bool,
    power: Sequence[Mapping[str, str]],
    who: Sequence[Mapping[str, str]],
    facts: tuple[str, ...],
) -> IdentityChange:
    adds, takes = _only(power[1], power[0]), _only(power[0], power[1])
    who_adds, who_takes = _only(who[1], who[0]), _only(who[0], who[1])
    change = "added" if is_new else "removed" if is_gone else "changed"
    if change == "changed" and not (adds or takes or who_adds or who_takes or facts):
        change = "unchanged"
    return IdentityChange(key, change, adds, takes, who_adds, who_takes, (), facts)


def _only(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[Access, ...]:
    folded = {key.lower() for key in other}
    return tuple(Access(f"{key}{extra}") for key, extra in one.items() if key.lower() not in folded)
