"""Services' own identities: what porter.yaml files declare, held against what was read of each cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from scanner.assess.populations import population
from scanner.assess.runner import Terms, errors_of, run_rules
from scanner.assess.services import CloudContext, service_reviews
from scanner.baseline.records import AwsBaseline
from scanner.baseline.records_services import ServicesBaseline
from scanner.baseline.version import DocumentedVersion
from scanner.errors import BaselineError
from scanner.model.finding import Finding
from scanner.model.inventory import AwsRole, Inventory
from scanner.model.report import Population
from scanner.model.services import ServiceReview
from scanner.model.snapshot import Unit
from scanner.rules.base import Rule
from scanner.rules.context import matches_name
from scanner.rules.registry_services import SERVICES_RULES
from scanner.rules.services_context import (
    AwsServices,
    AzureServices,
    DeclaredFile,
    FilesContext,
    GcpServices,
    aws_connections,
    azure_connections,
    declared_connections,
    file_scope,
    gcp_connections,
    unit_of,
)


class ServicesResult(msgspec.Struct, frozen=True):
    """What the declared services came to."""

    part: ServicesBaseline
    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...]
    reviews: tuple[ServiceReview, ...]
    populations: tuple[Population, ...]
    errors: tuple[str, ...]


def judge_services(inventory: Inventory, documented: DocumentedVersion, terms: Terms) -> ServicesResult:
    """Judge every file, and every connection by the account, project or subscription that answers for it.

    Raises `BaselineError` if the version says nothing of services.
    """
    part = documented.services
    if part is None:
        raise BaselineError(f"documented version `{documented.id}` has no part on services' own identities")
    rules = tuple(r for r in (SERVICES_RULES if terms.rules is None else terms.rules) if r.services)
    findings: list[Finding] = []
    ran: set[str] = set()
    contexts = list(_contexts(inventory, part, documented.aws, terms))
    for context in (*_files(inventory, part, terms), *contexts):
        cloud = context.account.scope.cloud
        mine = tuple(rule for rule in rules if rule.cloud == cloud)
        ran.update(rule.id for rule in mine)
        findings += run_rules(mine, context, _units(inventory, context.account.scope.id), part.id, terms)
    return ServicesResult(
        part=part,
        rules=tuple(rule for rule in rules if rule.id in ran),
        findings=tuple(findings),
        reviews=service_reviews(declared_connections(inventory), contexts, findings),
        populations=tuple(_populations(inventory)),
        errors=errors_of(findings),
    )


def _files(inventory: Inventory, part: ServicesBaseline, terms: Terms) -> Iterator[FilesContext]:
    declared = declared_connections(inventory)
    for file in inventory.porter_yaml:
        yield FilesContext(
            account=DeclaredFile(file_scope(file), file, unit_of(inventory, file)),
            inventory=inventory,
            baseline=part,
            settings=terms.settings,
            as_of=terms.as_of,
            connections=tuple(d for d in declared if d.file == file),
        )


def _contexts(
    inventory: Inventory, part: ServicesBaseline, aws: AwsBaseline | None, terms: Terms
) -> Iterator[CloudContext]:
    settings, as_of = terms.settings, terms.as_of
    for account in inventory.aws:
        mine = aws_connections(inventory, account)
        vendors = vendors_role(part, aws)
        yield AwsServices(account, inventory, part, settings, as_of, terms.catalogue, mine, vendors)
    for project in inventory.gcp:
        yield GcpServices(project, inventory, part, settings, as_of, gcp_connections(inventory, project))
    for subscription in inventory.azure:
        mine = azure_connections(inventory, subscription)
        yield AzureServices(subscription, inventory, part, settings, as_of, mine)


def vendors_role(part: ServicesBaseline, aws: AwsBaseline | None) -> Callable[[AwsRole], str]:
    """Return the question by what a role is the vendor's own: its documented name, its name's start, or its tags."""
    patterns = [role.name_pattern for role in aws.roles] if aws is not None else []
    prefix = f"{aws.name_prefix if aws is not None else part.vendor}".lower().rstrip("-")
    tag = f"{part.vendor}.run/"

    def by(role: AwsRole) -> str:
        if any(matches_name(pattern, role.name) for pattern in patterns):
            return "it is one of the documented roles"
        tags = [key for key, _ in role.tags if key.lower().startswith(tag)]
        if tags:
            return f"it is tagged {', '.join(sorted(tags))}"
        named = role.name.lower().startswith(f"{prefix}-")
        return f"its name starts with {prefix}-" if named else ""

    return by


def _units(inventory: Inventory, scope_id: str) -> list[Unit]:
    """Return a scope's units, all of them required: who gives porter.yaml files asks for what they are held against."""
    return [msgspec.structs.replace(u, required=True) for u in inventory.units if u.scope_id == scope_id]


def _populations(inventory: Inventory) -> Iterator[Population]:
    declared = declared_connections(inventory)
    for file in inventory.porter_yaml:
        keys: Sequence[str] = [d.key for d in declared if d.file == file]
        yield population("declared connections", file.file, keys)
