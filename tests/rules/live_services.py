"""A small language for services: what porter.yaml files declare, and the clouds they are held against."""

from __future__ import annotations

import json
from typing import Any

import live_account
import live_project
import live_subscription
import msgspec
from msgspec.structs import replace

from scanner.assess.runner import Terms
from scanner.baseline.load import find, load_services
from scanner.baseline.version import DocumentedVersion
from scanner.collect.declared import with_declared
from scanner.collect.porter_yaml import parse_porter_yaml
from scanner.engine_services import ServicesResult, judge_services
from scanner.localcloud.azure_operations import apply_azure
from scanner.localcloud.azure_tenant import documented_tenant
from scanner.model.common import EvidencePointer
from scanner.model.inventory import AwsAccount, EksCluster, Inventory
from scanner.model.porter_yaml import FILES, PORTER_YAML, PorterYaml
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Snapshot, SourceKind, Unit, UnitStatus
from scanner.normalize.inventory import normalize
from scanner.rules.base import Rule
from scanner.rules.registry_services import SERVICES_RULES

Json = dict[str, Any]
SERVICES = load_services(find("porter@2026-05"))
POD = {
    "Effect": "Allow",
    "Principal": {"Service": "pods.eks.amazonaws.com"},
    "Action": ["sts:AssumeRole", "sts:TagSession"],
}


def judged(case: Json, rules: tuple[Rule, ...] = SERVICES_RULES) -> ServicesResult:
    """Return what the rules say of a case's files and clouds."""
    errors: list[Exception] = []
    terms = Terms(
        as_of=live_account.AS_OF,
        catalogue=live_account.CATALOGUE,
        rules=rules,
        on_error=lambda _, error: errors.append(error),
    )
    version = DocumentedVersion(aws=live_account.bound_baseline(), services=SERVICES)
    result = judge_services(inventory(case), version, terms)
    assert not errors, errors
    return result


def inventory(case: Json) -> Inventory:
    """Return a case's inventory: its files, and the clouds it names."""
    snapshot = with_declared(_empty(case), _files(case))
    found = normalize(snapshot)
    if "aws" in case:
        mine = case["aws"]
        found = replace(found, aws=(_account(mine),), units=(*found.units, *live_account.units(mine)))
    if "gcp" in case:
        read = live_project.snapshot_of(case["gcp"])
        found = replace(found, gcp=normalize(read).gcp, units=(*found.units, *read.units))
    if "azure" in case:
        mine = case["azure"]
        state = documented_tenant(live_subscription.plan_of(live_subscription.bound_baseline("2026-05")), now=AS_OF)
        apply_azure(state, mine.get("do", []))
        read = live_subscription.snapshot_of(state, mine)
        found = replace(found, azure=normalize(read).azure, units=(*found.units, *read.units))
    return found


AS_OF = live_account.AS_OF


def _empty(case: Json) -> Snapshot:
    return Snapshot(SNAPSHOT_SCHEMA, SourceKind(case.get("source", "live")), "0", AS_OF, (), ())


def _files(case: Json) -> list[Unit]:
    """Return a unit per file; a file is services by name, each a list of connections, or YAML text."""
    return [_unit(name, _parsed(name, content)) for name, content in case.get("files", {}).items()]


def _parsed(name: str, content: str | Json) -> PorterYaml:
    if isinstance(content, str):
        return parse_porter_yaml(name, content.encode())
    services = [
        {"name": service, "connections": value} if isinstance(value, list) else {"name": service, **value}
        for service, value in content["services"].items()
    ]
    return parse_porter_yaml(name, json.dumps({**content, "services": services}, indent=1).encode())


def _unit(name: str, parsed: PorterYaml) -> Unit:
    page = msgspec.json.decode(msgspec.json.encode(parsed))
    unit_id = f"{FILES}/{name}/global/{PORTER_YAML}"
    return Unit(unit_id, PORTER_YAML, FILES, name, "global", True, UnitStatus.COMPLETE, (), (page,))


def _account(case: Json) -> AwsAccount:
    trusts = {name: {"trust": [POD], **change} for name, change in case.get("roles", {}).items()}
    tags = {name: change.pop("tags", {}) for name, change in trusts.items()}
    account = live_account.context({**case, "roles": trusts}).account
    head = "arn:aws:eks:us-east-2:111122223333:cluster"
    clusters = tuple(
        EksCluster(name, "us-east-2", f"{head}/{name}", EvidencePointer("x"), issuer)
        for name, issuer in case.get("issuers", {}).items()
    )
    roles = tuple(replace(role, tags=tuple(tags.get(role.name, {}).items())) for role in account.roles)
    return replace(account, roles=roles, clusters=clusters)
