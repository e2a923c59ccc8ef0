"""The workload identity pools and providers of a Terraform plan, as the list calls answer once it is applied."""

from __future__ import annotations

from typing import Final

from scanner.collect.planned.plan_changes import LATER, Change, PlanChanges
from scanner.collect.planned.units import PlannedUnits
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject

POOL: Final = "google_iam_workload_identity_pool"
PROVIDER: Final = "google_iam_workload_identity_pool_provider"
_OPERATION: Final = "projects.locations.workloadIdentityPools"
_NAME: Final = "workload_identity_pool_id"


def add_pool(changes: PlanChanges, change: Change, project: str, made: PlannedUnits) -> None:
    """Add a pool or provider; one whose name is not known is a reason."""
    pool = change.text(_NAME) or _pool_of(changes, change)
    own = change.text("workload_identity_pool_provider_id") if change.type == PROVIDER else pool
    if not pool or not own:
        made.lose(f"{change.where}: its name is {LATER}", kinds.POOLS)
        return
    # The project's number, which live names hold, is not in a plan.
    parent = f"projects/{project}/locations/global"
    name = f"{parent}/workloadIdentityPools/{pool}"
    disabled = change.after.get("disabled") is True
    if change.type == POOL:
        row: JsonObject = {"name": name, "state": "ACTIVE", "disabled": disabled}
        made.add(kinds.POOLS, f"{_OPERATION}.list", {"parent": parent}, {"workloadIdentityPools": [row]})
        return
    row = {"name": f"{name}/providers/{own}", "state": "ACTIVE", "disabled": disabled, **_trusts(change, made)}
    listed = {"workloadIdentityPoolProviders": [row]}
    made.add(kinds.POOLS, f"{_OPERATION}.providers.list", {"parent": name}, listed)


def _pool_of(changes: PlanChanges, change: Change) -> str:
    found = changes.referred(change, _NAME, POOL, (_NAME,))
    return found.text(_NAME) if found else ""


def _trusts(change: Change, made: PlannedUnits) -> JsonObject:
    """Return whom a provider trusts; what is not known keeps the pools from counting as whole."""
    for key in ("attribute_condition", "attribute_mapping", "aws", "oidc", "saml", "x509"):
        if not change.known(key) and change.configures(key):
            made.lose(f"{change.where}: `{key}` is {LATER}", kinds.POOLS)
    body: JsonObject = {"attributeCondition": change.text("attribute_condition")}
    mapping = change.after.get("attribute_mapping") or {}
    known = change.known("attribute_mapping")
    if not isinstance(mapping, dict) or not all(isinstance(v, str) or not known for v in mapping.values()):
        raise change.odd("attribute_mapping", "is not made of texts")
    if mapping:
        body["attributeMapping"] = {k: v for k, v in mapping.items() if isinstance(v, str)}
    for block in change.blocks("aws")[:1]:
        body["aws"] = {"accountId": str(block.get("account_id") or "")}
    for block in change.blocks("oidc")[:1]:
        body["oidc"] = {"issuerUri": str(block.get("issuer_uri") or "")}
    for key in ("saml", "x509"):
        if change.blocks(key):
            body[key] = {}
    return body
