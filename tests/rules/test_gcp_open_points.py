"""What is open in a GCP project stays open, whatever else a reader is denied: less was read, so no more is proven."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.access.catalogue import EmptyCatalogue
from scanner.assess.runner import Terms
from scanner.baseline.load import find
from scanner.baseline.version import load_version
from scanner.engine import RunFacts, evaluate
from scanner.model.kinds_gcp import GCP_UNIT_KINDS, POLICIES_BELOW

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_project import AS_OF, snapshot_of

Json = dict[str, Any]
OWN = "projects/porter-demo-project/roles/q"
KEPT = "organizations/789/roles/kept"
BUCKET = "//storage.googleapis.com/logs"
ODD = {"title": "odd", "expression": "foo.bar(resource.x)"}
OPEN: dict[str, list[Json]] = {
    "a role that the page does not enumerate": [{"op": "bind", "role": "roles/bigquery.admin", "member": "PORTER"}],
    "a condition that nobody can evaluate": [
        {"op": "define_role", "name": OWN, "permissions": ["bigquery.tables.getData"]},
        {"op": "bind", "role": OWN, "member": "PORTER", "condition": ODD},
    ],
    "a role that is kept from the reader": [{"op": "bind", "role": KEPT, "member": "PORTER"}],
    "another account that it may act as": [
        {"op": "bind_account", "account": "billing-api", "role": "roles/iam.serviceAccountUser", "member": "PORTER"}
    ],
    "a member of its own policy in such a role": [
        {"op": "bind_account", "account": "PORTER", "role": KEPT, "member": "user:m@example.com"}
    ],
    "a bucket bound in such a role": [{"op": "bind_resource", "resource": BUCKET, "role": KEPT, "member": "PORTER"}],
}
UNITS = [kind.kind for kind in GCP_UNIT_KINDS if not kind.required]


def answer(do: list[Json], denied: str = "") -> str:
    snapshot = snapshot_of({"start": "keyed", "presence": "expected", "do": do, "units": {denied: "denied"}})
    version = load_version(find("porter@2026-05"), ["gcp"])
    facts = RunFacts("run", AS_OF, AS_OF)
    report = evaluate(snapshot, documented=version, terms=Terms(AS_OF, EmptyCatalogue()), facts=facts)
    return report.verdict.as_documented


@pytest.mark.parametrize("do", OPEN.values(), ids=OPEN)
def test_denying_one_more_list_never_turns_an_open_point_into_a_yes(do: list[Json]) -> None:
    assert answer(do) == "not proven"
    # A binding on a resource is not seen at all where resources are not searched, which the report names.
    units = [unit for unit in UNITS if unit != POLICIES_BELOW or do[0]["op"] != "bind_resource"]
    assert {unit: answer(do, unit) for unit in units} == dict.fromkeys(units, "not proven")


def test_the_documented_project_is_a_yes_with_every_supplementary_list_denied() -> None:
    assert {unit: answer([], unit) for unit in UNITS} == dict.fromkeys(UNITS, "yes")
