"""The shipped GCP and Azure parts against the page they were taken from (seed 000) and public role definitions."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from scanner.baseline.links import sources_in
from scanner.baseline.load import find, load_azure, load_gcp, load_part

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
PAGE = SHARED / "seeds" / "000_bb1db9f1abae5337.txt"
LINES = PAGE.read_text(encoding="utf-8").split("\n")
SPECS = ("porter@2026-05", "porter@2026-08")


def _line(number: int | None) -> str:
    assert number is not None
    return LINES[number - 1]


@pytest.mark.parametrize("cloud", ["gcp", "azure"])
@pytest.mark.parametrize("spec", SPECS)
def test_the_page_is_the_seed_byte_for_byte_and_every_line_is_there(spec: str, cloud: str) -> None:
    baseline = load_part(find(spec), cloud)
    (document,) = [document for document in baseline.documents if document.name == "S000"]
    assert document.sha256 == hashlib.sha256(PAGE.read_bytes()).hexdigest()
    places = [source for source in sources_in(baseline) if source.document == "S000"]
    assert places
    assert [source for source in places if not _line(source.line).strip()] == []


def test_every_gcp_role_of_the_page_stands_on_its_line_as_printed() -> None:
    (account,) = load_gcp(find("porter@2026-05")).service_accounts
    printed = [grant for grant in account.grants if grant.source.document == "S000"]
    assert len(printed) == 4
    for grant in printed:
        assert grant.as_printed in _line(grant.source.line)
    assert account.open_list is not None
    assert account.open_list.source.quote in _line(account.open_list.source.line)
    assert account.key in _line(account.source.line)
    assert "JSON key" in _line(account.keys.source.line)


def test_every_api_provider_and_permission_stands_on_its_line() -> None:
    names = {"cloudresourcemanager": "Cloud Resource Manager API", "serviceusage": "Service Usage API"}
    for api in load_gcp(find("porter@2026-05")).apis:
        assert names[api.name.partition(".")[0]] in _line(api.source.line)
    azure = load_azure(find("porter@2026-05"))
    for provider in azure.providers:
        assert _line(provider.source.line).strip() == f"* {provider.namespace}"
    (application,) = azure.applications
    for role in application.app_roles:
        assert _line(role.source.line).strip() == f"* {role.value}"
    for claim in application.role_assignments:
        assert "/subscriptions/" in _line(claim.source.line)
    assert str(application.secrets.max_age_days) in _line(application.secrets.source.line)


def test_the_azure_role_is_the_json_on_the_page() -> None:
    start = LINES.index("        {")
    block = json.loads("\n".join(LINES[start : LINES.index("        }", start) + 1]))
    (definition,) = load_azure(find("porter@2026-05")).role_definitions
    (permissions,) = definition.permissions
    (printed,) = block["permissions"]
    assert list(permissions.actions) == printed["actions"]
    assert list(permissions.not_actions) == printed["notActions"]
    assert [list(permissions.data_actions), list(permissions.not_data_actions)] == [
        printed["dataActions"],
        printed["notDataActions"],
    ]
    assert definition.description == block["description"]
    assert [
        scope.replace("${PORTER_AZURE_SUBSCRIPTION_ID}", "{subscription_id}") for scope in block["assignableScopes"]
    ] == list(definition.assignable_scopes)


@pytest.mark.parametrize("spec", SPECS)
def test_application_permissions_have_microsofts_ids(spec: str) -> None:
    published: list[dict[str, Any]] = json.loads((SHARED / "data" / "graph_application_roles.json").read_text())
    ids = {role["value"]: role["id"] for role in published}
    for application in load_azure(find(spec)).applications:
        assert {role.value: role.id for role in application.app_roles} == {
            role.value: ids[role.value] for role in application.app_roles
        }


def test_risk_c16_holds_the_role_is_wider_than_contributor() -> None:
    contributor = json.loads((SHARED / "data" / "azure_roles" / "Contributor.json").read_text())
    text = json.dumps(contributor).lower()
    (definition,) = load_azure(find("porter@2026-05")).role_definitions
    excluded = {action.lower() for action in definition.permissions[0].not_actions}
    assert all(action in text for action in excluded)
    assert "microsoft.authorization/*/write" in text
    assert "microsoft.authorization/*/write" not in excluded


def test_risk_c15_holds_project_iam_admin_sets_the_projects_policy() -> None:
    role = json.loads((SHARED / "data" / "gcp_roles" / "resourcemanager.projectIamAdmin.json").read_text())
    assert "resourcemanager.projects.setIamPolicy" in role["includedPermissions"]
