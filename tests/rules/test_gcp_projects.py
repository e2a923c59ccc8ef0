"""Several GCP projects in one scan: what one of them tells about the members of another's policies."""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec.structs import replace

from scanner.access.catalogue import EmptyCatalogue
from scanner.assess.runner import Terms
from scanner.baseline.load import find, load_gcp
from scanner.collect.gcp.projects import collect_gcp
from scanner.collect.gcp.session import GcpOptions
from scanner.collect.ledger import Answer
from scanner.collect.outcome import UnitStop
from scanner.engine_gcp import evaluate_gcp
from scanner.localcloud.gcp_provision import add_account, bind, keyed_project
from scanner.localcloud.gcp_state import GcpState
from scanner.model.finding import Finding, Result
from scanner.model.snapshot import Snapshot, UnitStatus
from scanner.normalize.inventory import normalize
from scanner.rules.gcp_context import CUSTOMER_ROLE

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_project import AS_OF, DirectSession


def read(state: GcpState) -> Snapshot:
    options = GcpOptions(projects=(state.project_id,))
    return collect_gcp(options, clock=lambda: AS_OF, session=DirectSession(state))


def judged(*states: GcpState) -> dict[str, tuple[Finding, ...]]:
    """Return the findings of each project, all read in one scan."""
    read_all = [read(state) for state in states]
    scopes = tuple(scope for one in read_all for scope in one.scopes)
    units = tuple(unit for one in read_all for unit in one.units)
    inventory = normalize(replace(read_all[0], scopes=scopes, units=units))
    documented = load_gcp(find("porter@2026-05"))
    terms = Terms(AS_OF, EmptyCatalogue())
    return {p.project_id: evaluate_gcp(p, inventory, documented, terms).findings for p in inventory.gcp}


def other_principals(findings: tuple[Finding, ...]) -> list[str]:
    return [f.subject.name for f in findings if f.rule_id == "GCP-SA-003" and f.result is Result.FAIL]


def named_otherwise() -> tuple[GcpState, str]:
    """Return a project whose account of Porter's has a name of the customer's choice, and how policies name it."""
    state = GcpState("acme-platform", "111111111111")
    state.roles = keyed_project(AS_OF).roles
    email = add_account(state, "deployer", display_name="", description="")
    for role in (CUSTOMER_ROLE, "roles/storage.admin", "roles/compute.admin", "roles/container.admin"):
        bind(state, state.node, role, f"serviceAccount:{email}")
    return state, f"serviceAccount:{email}"


def test_an_account_that_is_porters_in_one_project_is_porters_in_every_other() -> None:
    first, member = named_otherwise()
    second = keyed_project(AS_OF)
    bind(second, second.node, "roles/owner", member)
    assert other_principals(judged(second)[second.project_id]) == []
    found = judged(first, second)
    assert other_principals(found[second.project_id]) == [member]
    assert other_principals(found[first.project_id]) == []


def test_an_account_of_the_customers_in_one_project_is_nobody_of_porters_in_another() -> None:
    first, _ = named_otherwise()
    email = add_account(first, "reader", display_name="", description="")
    second = keyed_project(AS_OF)
    bind(second, second.node, "roles/owner", f"serviceAccount:{email}")
    assert other_principals(judged(first, second)[second.project_id]) == []


def test_an_account_of_a_project_of_porters_name_is_for_a_person_unless_ones_own_have_it() -> None:
    first, _ = named_otherwise()
    member = "serviceAccount:agent@porter-production.iam.gserviceaccount.com"
    bind(first, first.node, "roles/owner", member)
    alone = [f for f in judged(first)[first.project_id] if f.rule_id == "GCP-SA-003"]
    assert [(f.result, f.reason_code, f.subject.name) for f in alone] == [(Result.MANUAL, "MAY_BE_VENDORS", member)]
    beside = judged(first, keyed_project(AS_OF))[first.project_id]
    assert [f.result for f in beside if f.rule_id == "GCP-SA-003"] == [Result.PASS]


class OnlyByNumber(DirectSession):
    """Tells everything about the project but the project itself."""

    def send(self, operation: str, params: dict[str, object]) -> Answer:
        if operation == "projects.get":
            raise UnitStop(UnitStatus.DENIED, "PermissionDenied", "no")
        return super().send(operation, params)


def test_accounts_of_a_project_of_which_only_the_number_is_known_are_its_own() -> None:
    state = keyed_project(AS_OF)
    options = GcpOptions(projects=(state.number,))
    inventory = normalize(collect_gcp(options, clock=lambda: AS_OF, session=OnlyByNumber(state)))
    documented = load_gcp(find("porter@2026-05"))
    found = evaluate_gcp(inventory.gcp[0], inventory, documented, Terms(AS_OF, EmptyCatalogue())).findings
    assert other_principals(found) == []
