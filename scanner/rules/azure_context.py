"""What the Azure rules look at: what is the vendor's, and memoised comparisons."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise

import msgspec

from scanner.access.azure.compare import compare_azure
from scanner.access.records import Comparison, NamedDocument
from scanner.baseline.records_azure import AzureBaseline, DocumentedApplication, DocumentedRoleDefinition
from scanner.model.common import JsonObject
from scanner.model.inventory import Inventory
from scanner.model.inventory_azure import (
    AzureRoleAssignment,
    AzureRoleDefinition,
    AzureSubscription,
    EntraApplication,
    EntraServicePrincipal,
)
from scanner.rules.base import Settings

OF_APPLICATIONS = ("", "Application", "Legacy")
"""Types of service principals that stand for an app registration; empty where the input does not say."""


class AzureContext(msgspec.Struct, frozen=True):
    """Everything a rule may look at for one subscription and its tenant. Pure data; `judge` memoises comparisons."""

    account: AzureSubscription
    inventory: Inventory
    baseline: AzureBaseline
    """Variables are bound; one without value remains in braces."""
    settings: Settings
    as_of: datetime
    definitions: tuple[AzureRoleDefinition, ...]
    """Custom role definitions that are the vendor's by name."""
    applications: tuple[EntraApplication, ...]
    """App registrations that are the vendor's by name, or whose service principal is."""
    principals: tuple[EntraServicePrincipal, ...]
    """Service principals that are the vendor's by name, or that hold one of the vendor's roles."""
    principal_ids: frozenset[str]
    """Object ids of `principals`, of managed identities of the vendor's name, and of unread holders of its role.

    Holders that are known to be gone are left out.
    """
    parents: Mapping[str, str]
    """Management groups above the subscription, as far as assignments name them."""
    judge: Callable[[AzureRoleDefinition, DocumentedRoleDefinition], Comparison]
    """Compare permissions with documented ones. Memoised; may raise `PolicyError`."""

    def documented_definition(self, definition: AzureRoleDefinition) -> DocumentedRoleDefinition | None:
        """Return the documented role definition that a live one is held to be, by name."""
        named = definition.name.lower()
        return next((d for d in self.baseline.role_definitions if any(_like(p, named) for p in d.name_patterns)), None)

    def double_of(self, definition: AzureRoleDefinition) -> DocumentedRoleDefinition | None:
        """Return the documented role definition that a custom one says word for word under a name of its own."""
        if definition.kind == "BuiltInRole" or definition in self.definitions:
            return None
        said = _said(definition.body)
        pages = self.baseline.role_definitions
        return next((page for page in pages if said and said == _said(documented_body(page))), None)

    def documented_application(self, name: str) -> DocumentedApplication | None:
        """Return the documented application of that display name."""
        return next((a for a in self.baseline.applications if _like(a.name_pattern, name.lower())), None)

    def is_documented(self, principal: EntraServicePrincipal) -> bool:
        """Return whether a service principal is a documented application's: by name, and no managed identity."""
        return principal.kind in OF_APPLICATIONS and self.documented_application(principal.name) is not None

    def definition(self, role_id: str) -> AzureRoleDefinition | None:
        """Return a role definition by the last segment of its id; None too where two that differ have it."""
        found = [d for d in self.account.definitions if d.role_id == role_id]
        same = all((d.name, d.body) == (found[0].name, found[0].body) for d in found[1:])
        return found[0] if found and same else None


def _said(body: JsonObject) -> frozenset[tuple[frozenset[str], ...]]:
    """Return what a role definition's blocks list, without order, case and empty blocks."""
    blocks = body.get("permissions")
    keys = ("actions", "notActions", "dataActions", "notDataActions")
    rows = (
        tuple(_listed(block.get(key)) for key in keys)
        for block in (blocks if isinstance(blocks, list) else [])
        if isinstance(block, dict)
    )
    return frozenset(row for row in rows if row[0] or row[2])


def _listed(value: object) -> frozenset[str]:
    """Return what a list of a block says; what is no list says nothing that a list could say."""
    if isinstance(value, list):
        return frozenset(str(one).lower() for one in value)
    return frozenset() if value is None else frozenset({f"{type(value).__name__}: {value}"})


def _like(pattern: str, name: str) -> bool:
    """Return whether a lower-cased name is one of a pattern; `*` stands for one or more characters."""
    return re.fullmatch(".+".join(map(re.escape, pattern.lower().split("*"))), name, re.DOTALL) is not None


def matches(pattern: str, value: str) -> bool:
    """Return whether a value is one of a documented pattern, case kept; a variable left open is one word.

    `*` stands for the letters that a role's name may have: none that ends a URL's host, `?` and `#` among them.
    """
    parts = re.split(r"(\*|\{[a-z0-9_]+\})", pattern)
    shape = "".join(_shape_of(part) for part in parts)
    return re.fullmatch(shape, value) is not None


def _shape_of(part: str) -> str:
    if part == "*":
        return "[A-Za-z0-9_+=,.@-]+"
    return "[A-Za-z0-9-]+" if part.startswith("{") else re.escape(part)


def is_named_like_vendor(name: str, baseline: AzureBaseline) -> bool:
    """Return whether a display name has a word that begins with the vendor's name, in any case.

    Words end at anything but a letter or digit, and where a capital follows a small letter: `AzurePorter`, `my_porter`.
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()
    return re.search(rf"(?:^|[\W_]){re.escape(baseline.name_prefix.lower())}", apart) is not None


def made_by_cluster(
    identity_name: str, principal_id: str, subscription: AzureSubscription, baseline: AzureBaseline
) -> bool:
    """Return whether a managed identity is AKS's own: in the group that AKS made, or the cluster's itself by name.

    A cluster that the vendor makes carries the vendor's name, and AKS names its identities after it. Anybody can give
    an identity a cluster's name, but only the cluster has one that is no resource of its own.
    """
    groups = [i.resource_group for i in subscription.identities if i.principal_id == principal_id]
    if groups:
        return any(_is_node_group(group, subscription, baseline) for group in groups)
    return any(cluster.name.lower() == identity_name.lower() for cluster in subscription.clusters)


def _is_node_group(group: str, subscription: AzureSubscription, baseline: AzureBaseline) -> bool:
    """Return whether AKS made a resource group for a cluster; by its form where the clusters were not read."""
    if not subscription.clusters_read:
        patterns = [x.name_pattern for x in baseline.known_extras if x.kind == "resource-group"]
        return any(_like(pattern, group) for pattern in patterns)
    # https://learn.microsoft.com/azure/aks/faq: MC_GROUP_CLUSTER_LOCATION, unless the cluster was made with another.
    named = (c.node_group or f"mc_{c.id.split('/')[4]}_{c.name}_".lower() for c in subscription.clusters)
    return any(group == name or (name.endswith("_") and group.startswith(name)) for name in named)


def documented_body(documented: DocumentedRoleDefinition) -> JsonObject:
    """Return a documented role definition in the shape the engine reads."""
    return {
        "name": f"documented-{documented.key}",
        "permissions": [
            {
                "actions": list(block.actions),
                "notActions": list(block.not_actions),
                "dataActions": list(block.data_actions),
                "notDataActions": list(block.not_data_actions),
            }
            for block in documented.permissions
        ],
    }


def build_azure_context(
    subscription: AzureSubscription,
    inventory: Inventory,
    baseline: AzureBaseline,
    settings: Settings,
    as_of: datetime,
) -> AzureContext:
    """Return the context of one subscription; `baseline` has its variables bound."""
    definitions = tuple(
        d
        for d in sorted(subscription.definitions, key=lambda d: d.id)
        if d.kind != "BuiltInRole" and is_named_like_vendor(d.name, baseline)
    )
    roles = {d.role_id for d in definitions}
    holders = {a.principal_id for a in subscription.assignments if a.role_id in roles and _is_application(a)}
    named = [
        p
        for p in subscription.principals
        if is_named_like_vendor(p.name, baseline)
        and not (p.kind == "ManagedIdentity" and made_by_cluster(p.name, p.object_id, subscription, baseline))
    ]
    principals = tuple(p for p in subscription.principals if p in named or p.object_id in holders)
    identities = {
        i.principal_id
        for i in subscription.identities
        if is_named_like_vendor(i.name, baseline)
        and not made_by_cluster(i.name, i.principal_id, subscription, baseline)
    } - {""}
    clients = {p.app_id for p in principals}
    known: dict[str, Comparison] = {}

    def judge(definition: AzureRoleDefinition, documented: DocumentedRoleDefinition) -> Comparison:
        if definition.id not in known:
            live = [NamedDocument(definition.name or definition.role_id, definition.body)]
            page = [NamedDocument(documented.key, documented_body(documented))]
            known[definition.id] = compare_azure(live, page)
        return known[definition.id]

    return AzureContext(
        account=subscription,
        inventory=inventory,
        baseline=baseline,
        settings=settings,
        as_of=as_of,
        definitions=definitions,
        applications=tuple(
            a for a in subscription.applications if a.app_id in clients or is_named_like_vendor(a.name, baseline)
        ),
        principals=principals,
        principal_ids=frozenset({p.object_id for p in principals} | identities | (holders - subscription.gone)),
        parents=parents_of(subscription),
        judge=judge,
    )


def _is_application(assignment: AzureRoleAssignment) -> bool:
    return assignment.principal_type in ("", "ServicePrincipal")


def parents_of(subscription: AzureSubscription) -> dict[str, str]:
    """Return a chain of the management groups that the service itself says contain the subscription."""
    marker = "/providers/microsoft.management/managementgroups/"
    groups = sorted({a.scope for a in subscription.assignments if a.scope.lower().startswith(marker)})
    chain = [f"/subscriptions/{subscription.subscription_id}", *groups]
    return dict(pairwise(chain))
