"""Terraform plans for GCP and Azure: judged by the same rules, marked planned; unknown is undecided, never ignored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.app.params import Parameter
from scanner.app.scan import ScanOptions, ScanOutcome, scan
from scanner.errors import InputError, PorterAuditError, UsageError
from scanner.model import kinds_azure, kinds_gcp
from scanner.model.finding import Axis, Result, Severity
from scanner.model.snapshot import UnitStatus
from tests.collect.plan_files import EXAMPLES, Json, change, example, forget, resource, taken_from, written

Edit = Callable[[Json], Json]
PORTER = "serviceAccount:porter-manager@acme-platform.iam.gserviceaccount.com"
APP, SP = "azuread_application.porter", "azuread_service_principal.porter"
SUBSCRIPTION = "/subscriptions/3f2a1b0c-0000-4000-8000-00000000abcd"


def judged(cloud: str, source: Path, **parameters: str) -> ScanOutcome:
    given = tuple(Parameter(name, value, "test") for name, value in parameters.items())
    return scan(ScanOptions(baseline="porter@2026-05", cloud=cloud, source=source, parameters=given))


def of(cloud: str, plan: Json, tmp_path: Path, **parameters: str) -> ScanOutcome:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    return judged(cloud, path, **parameters)


def failed(outcome: ScanOutcome) -> set[str]:
    return {
        f.rule_id
        for f in outcome.report.findings
        if f.axis is Axis.CONFORMANCE and f.result is Result.FAIL and f.severity is not Severity.INFO
    }


def reasons(outcome: ScanOutcome) -> str:
    return "; ".join(unit.error.message for unit in outcome.snapshot.units if unit.error)


@pytest.mark.parametrize("cloud", ["gcp", "azure"])
def test_the_example_is_as_documented_and_marked_planned(cloud: str) -> None:
    outcome = judged(cloud, EXAMPLES / f"{cloud}-connection-plan.json")
    assert outcome.exit_code == 0
    assert outcome.report.verdict.as_documented == "yes"
    assert outcome.report.run.planned
    assert failed(outcome) == set()
    assert "other resources, not judged" in reasons(outcome) or cloud == "azure"


def add(*rows: Json) -> Edit:
    return lambda plan: {**plan, "resource_changes": [*plan["resource_changes"], *rows]}


def member(role: str, who: str = PORTER, **more: Any) -> Json:
    return resource("google_project_iam_member.x", {"project": "acme-platform", "role": role, "member": who, **more})


def bound(address: str, **values: Any) -> Json:
    return resource(address, {"project": "acme-platform", **values})


def policy(bindings: object) -> Json:
    data = json.dumps({"bindings": bindings})
    return resource("google_project_iam_policy.p", {"project": "acme-platform", "policy_data": data})


def assignment(**values: Any) -> Edit:
    base = {"scope": SUBSCRIPTION, "role_definition_name": "Owner", **values}
    row = resource("azurerm_role_assignment.x", base, {"principal_id": True})
    holder = taken_from(f"{SP}.object_id", SP)
    return lambda plan: written(add(row)(plan), "azurerm_role_assignment.x", principal_id=holder)


BAD: dict[str, tuple[str, Edit, set[str]]] = {
    "owner": ("gcp", add(member("roles/owner")), {"GCP-PERM-001", "GCP-PERM-003"}),
    "owner in a list of members": (
        "gcp",
        add(
            resource(
                "google_project_iam_binding.b",
                {"project": "acme-platform", "role": "roles/editor", "members": [PORTER, "user:a@example.com"]},
            )
        ),
        {"GCP-PERM-001", "GCP-PERM-003"},
    ),
    "owner in a whole policy": (
        "gcp",
        add(policy([{"role": "roles/owner", "members": [PORTER]}])),
        {"GCP-PERM-001", "GCP-PERM-003"},
    ),
    "owner on a folder": (
        "gcp",
        add(resource("google_folder_iam_member.f", {"folder": "folders/7", "role": "roles/owner", "member": PORTER})),
        {"GCP-PERM-001", "GCP-PERM-003"},
    ),
    "editor of the organization": (
        "gcp",
        add(resource("google_organization_iam_member.o", {"org_id": "9", "role": "roles/editor", "member": PORTER})),
        {"GCP-PERM-001", "GCP-PERM-003"},
    ),
    "somebody of the vendor's on a bucket": (
        "gcp",
        add(bound("google_storage_bucket_iam_member.b", role="roles/storage.admin", member="user:x@porter.run")),
        {"GCP-PERM-005"},
    ),
    "a custom role on a secret": (
        "gcp",
        add(
            resource(
                "google_project_iam_custom_role.r",
                {"project": "acme-platform", "role_id": "extra", "permissions": ["bigquery.tables.getData"]},
            ),
            bound(
                "google_secret_manager_secret_iam_binding.s",
                role="projects/acme-platform/roles/extra",
                members=["user:a@example.com", PORTER],
            ),
        ),
        {"GCP-PERM-005"},
    ),
    "an HMAC key": (
        "gcp",
        add(resource("google_storage_hmac_key.k", {"service_account_email": PORTER.partition(":")[2]})),
        {"GCP-KEY-004"},
    ),
    "a project of a domain": (
        "gcp",
        add(
            resource(
                "google_project_iam_member.d",
                {
                    "project": "example.com:proj",
                    "role": "roles/owner",
                    "member": "serviceAccount:porter-manager@proj.example.com.iam.gserviceaccount.com",
                },
            )
        ),
        {"GCP-PERM-001", "GCP-PERM-003"},
    ),
    "an account of Porter's name that the plan does not make": (
        "gcp",
        add(member("roles/owner", "serviceAccount:porter-old@acme-platform.iam.gserviceaccount.com")),
        {"GCP-SA-001", "GCP-PERM-001", "GCP-PERM-003"},
    ),
    "everybody may act as it": (
        "gcp",
        add(
            resource(
                "google_service_account_iam_member.w",
                {
                    "service_account_id": f"projects/acme-platform/serviceAccounts/{PORTER.partition(':')[2]}",
                    "role": "roles/iam.serviceAccountTokenCreator",
                    "member": "allUsers",
                },
            )
        ),
        {"GCP-IMP-001"},
    ),
    "a second key": (
        "gcp",
        lambda plan: written(
            add(resource("google_service_account_key.two", {}, {"service_account_id": True}))(plan),
            "google_service_account_key.two",
            service_account_id=taken_from("google_service_account.porter.name", "google_service_account.porter"),
        ),
        {"GCP-KEY-001"},
    ),
    "a custom role with more, by reference": (
        "gcp",
        lambda plan: written(
            add(
                resource(
                    "google_project_iam_custom_role.r",
                    {"project": "acme-platform", "role_id": "reports", "permissions": ["bigquery.tables.getData"]},
                    {"id": True, "name": True},
                ),
                resource(
                    "google_project_iam_member.x", {"project": "acme-platform", "member": PORTER}, {"role": True}
                ),
            )(plan),
            "google_project_iam_member.x",
            role=taken_from("google_project_iam_custom_role.r.id", "google_project_iam_custom_role.r"),
        ),
        {"GCP-PERM-001"},
    ),
    "Porter's role reaches data": (
        "azure",
        lambda plan: change(
            plan,
            "azurerm_role_definition.porter",
            permissions=[{"actions": ["*"], "not_actions": [], "data_actions": ["*"], "not_data_actions": []}],
        ),
        {"AZURE-ROLE-001"},
    ),
    "Porter is Owner": ("azure", assignment(), {"AZURE-ASSIGN-001"}),
    "Porter's role higher up": (
        "azure",
        assignment(
            scope="/providers/Microsoft.Management/managementGroups/root", role_definition_name="porter-aks-restricted"
        ),
        {"AZURE-ASSIGN-001"},
    ),
    "an eighth permission on Graph": (
        "azure",
        lambda plan: written(
            add(
                resource(
                    "azuread_app_role_assignment.x",
                    {"app_role_id": "06b708a9-e830-4db3-a914-8e69da51d44f"},
                    {"principal_object_id": True},
                )
            )(plan),
            "azuread_app_role_assignment.x",
            principal_object_id=taken_from(f"{SP}.object_id", SP),
        ),
        {"AZURE-GRAPH-001"},
    ),
    "a secret that lives for two years": (
        "azure",
        lambda plan: change(plan, "azuread_application_password.porter", end_date_relative="17520h"),
        {"AZURE-SECRET-002"},
    ),
    "somebody else's tokens": (
        "azure",
        lambda plan: written(
            add(
                resource(
                    "azuread_application_federated_identity_credential.x",
                    {
                        "display_name": "ci",
                        "issuer": "https://token.actions.githubusercontent.com",
                        "subject": "repo:someone/else:ref:refs/heads/main",
                        "audiences": ["api://AzureADTokenExchange"],
                    },
                    {"application_id": True},
                )
            )(plan),
            "azuread_application_federated_identity_credential.x",
            application_id=taken_from(f"{APP}.id", APP),
        ),
        {"AZURE-FED-001"},
    ),
}


@pytest.mark.parametrize(("cloud", "edit", "rules"), BAD.values(), ids=BAD)
def test_what_is_too_much_is_found_before_it_exists(cloud: str, edit: Edit, rules: set[str], tmp_path: Path) -> None:
    outcome = of(cloud, edit(example(cloud)), tmp_path)
    assert rules <= failed(outcome)
    assert outcome.exit_code == 1 or all(
        f.severity in (Severity.MEDIUM, Severity.LOW) for f in outcome.report.findings if f.rule_id in rules
    )


MEMBER = "google_project_iam_member.iam"
OPEN: dict[str, tuple[str, Edit, str, str]] = {
    "a member from somewhere": (
        "gcp",
        lambda plan: forget(plan, MEMBER, "member"),
        kinds_gcp.PROJECT_POLICY,
        f"{MEMBER}: its members are known only after apply",
    ),
    "a role from somewhere": (
        "gcp",
        lambda plan: forget(plan, MEMBER, "role"),
        kinds_gcp.PROJECT_POLICY,
        f"{MEMBER}: its role is known only after apply",
    ),
    "a condition from somewhere": (
        "gcp",
        lambda plan: forget(plan, MEMBER, "condition"),
        kinds_gcp.PROJECT_POLICY,
        "its condition is known only after apply",
    ),
    "another project": (
        "gcp",
        lambda plan: forget(plan, MEMBER, "project"),
        kinds_gcp.PROJECT_POLICY,
        "its project is known only after apply",
    ),
    "a whole policy from somewhere": (
        "gcp",
        add(resource("google_project_iam_policy.p", {"project": "acme-platform"}, {"policy_data": True})),
        kinds_gcp.PROJECT_POLICY,
        "`policy_data` is known only after apply",
    ),
    "a policy that is not JSON": (
        "gcp",
        add(resource("google_project_iam_policy.p", {"project": "acme-platform", "policy_data": "{'a'}"})),
        kinds_gcp.PROJECT_POLICY,
        "the policy could not be decoded",
    ),
    "a policy of another shape": (
        "gcp",
        add(policy([{"role": 7}])),
        kinds_gcp.PROJECT_POLICY,
        "not a list of roles and members",
    ),
    "an account without a name": (
        "gcp",
        lambda plan: forget(plan, "google_service_account.porter", "account_id"),
        kinds_gcp.SERVICE_ACCOUNTS,
        "the account's name is known only after apply",
    ),
    "permissions of a role": (
        "gcp",
        add(
            resource(
                "google_project_iam_custom_role.r",
                {"project": "acme-platform", "role_id": "x"},
                {"permissions": True},
            )
        ),
        kinds_gcp.ROLES,
        "its permissions are known only after apply",
    ),
    "whom a provider trusts": (
        "gcp",
        add(
            resource(
                "google_iam_workload_identity_pool_provider.p",
                {"workload_identity_pool_id": "ci", "workload_identity_pool_provider_id": "aws"},
                {"aws": [{"account_id": True}], "project": True},
            )
        ),
        kinds_gcp.POOLS,
        "`aws` is known only after apply",
    ),
    "a type that makes bindings of its own": (
        "gcp",
        add(resource("google_project_iam_member_remove.r", {})),
        kinds_gcp.PROJECT_POLICY,
        "`google_project_iam_member_remove` is not read and can make access of its own",
    ),
    "an account that is forgotten": (
        "gcp",
        add(resource("google_service_account.old", None, None, "forget")),
        kinds_gcp.SERVICE_ACCOUNTS,
        "google_service_account.old stays, but is no longer managed",
    ),
    "a plan that ended with an error": (
        "gcp",
        lambda plan: {**plan, "errored": True},
        kinds_gcp.PROJECT_POLICY,
        "the plan ended with an error",
    ),
    "permissions of a definition": (
        "azure",
        lambda plan: forget(plan, "azurerm_role_definition.porter", "permissions"),
        kinds_azure.ROLE_DEFINITIONS,
        "`permissions` is known only after apply",
    ),
    "who is assigned": (
        "azure",
        lambda plan: forget(plan, "azurerm_role_assignment.porter", "principal_id"),
        kinds_azure.ROLE_ASSIGNMENTS,
        "its principal is known only after apply",
    ),
    "what is assigned": (
        "azure",
        lambda plan: forget(plan, "azurerm_role_assignment.porter", "role_definition_id"),
        kinds_azure.ROLE_ASSIGNMENTS,
        "its role is known only after apply",
    ),
    "when a secret ends": (
        "azure",
        lambda plan: change(plan, "azuread_application_password.porter", end_date_relative=None),
        kinds_azure.APPLICATIONS,
        "when the secret ends is known only after apply",
    ),
    "whose tokens are taken": (
        "azure",
        lambda plan: written(
            add(
                resource(
                    "azuread_application_federated_identity_credential.x",
                    {"display_name": "ci", "issuer": "https://x", "audiences": []},
                    {"application_id": True, "subject": True},
                )
            )(plan),
            "azuread_application_federated_identity_credential.x",
            application_id=taken_from(f"{APP}.id", APP),
        ),
        kinds_azure.FEDERATED_CREDENTIALS,
        "`subject` is known only after apply",
    ),
    "an application that is not in the plan": (
        "azure",
        add(resource("azuread_application_password.y", {"display_name": "y"}, {"application_id": True})),
        kinds_azure.APPLICATIONS,
        "its application is not known before apply",
    ),
    "a directory role": (
        "azure",
        add(resource("azuread_directory_role_assignment.d", {"role_id": "x"}, {"principal_object_id": True})),
        kinds_azure.SERVICE_PRINCIPALS,
        "`azuread_directory_role_assignment` is not read and can make access of its own",
    ),
}


@pytest.mark.parametrize(("cloud", "edit", "kind", "reason"), OPEN.values(), ids=OPEN)
def test_what_is_not_known_is_undecided_and_never_a_pass(
    cloud: str, edit: Edit, kind: str, reason: str, tmp_path: Path
) -> None:
    outcome = of(cloud, edit(example(cloud)), tmp_path)
    unit = next(u for u in outcome.snapshot.units if u.kind == kind)
    assert unit.status is UnitStatus.TRUNCATED
    assert reason in reasons(outcome)
    assert outcome.exit_code in (1, 2)
    assert outcome.report.verdict.as_documented in ("no", "not proven")
    from scanner.rules.registry_all import rules_of

    needing = {r.id for r in rules_of(cloud) if kind in r.requires}
    assert [f.rule_id for f in outcome.report.findings if f.rule_id in needing and f.result is Result.PASS] == []


def test_other_types_are_named_on_the_coverage_list(tmp_path: Path) -> None:
    rows = (resource("google_storage_bucket.b", {}), resource("google_sql_database_instance.d", {}))
    outcome = of("gcp", add(*rows)(example("gcp")), tmp_path)
    assert "google_sql_database_instance (1), google_storage_bucket (1)" in reasons(outcome)
    assert outcome.exit_code == 0


@pytest.mark.parametrize(
    ("values", "unknown"),
    [
        ({"role": "roles/storage.objectViewer", "member": "user:a@example.com"}, {}),
        ({"role": "roles/storage.objectViewer", "member": PORTER.replace("porter-manager", "app")}, {}),
        ({"role": "roles/storage.objectViewer"}, {"member": True}),
        ({"role": "roles/storage.admin", "member": PORTER}, {}),
    ],
    ids=["a person", "an account that is not made here", "nobody knows yet", "Porter inside its roles"],
)
def test_a_binding_on_a_resource_that_gives_porter_nothing_more_leaves_the_answer_alone(
    values: Json, unknown: Json, tmp_path: Path
) -> None:
    row = resource("google_storage_bucket_iam_member.b", {"bucket": "b", **values}, unknown)
    outcome = of("gcp", add(row)(example("gcp")), tmp_path)
    assert failed(outcome) == set()
    assert outcome.exit_code == 0


def test_an_undocumented_predefined_role_on_a_resource_is_undecided(tmp_path: Path) -> None:
    row = bound("google_storage_bucket_iam_member.b", role="roles/bigquery.dataViewer", member=PORTER)
    outcome = of("gcp", add(row)(example("gcp")), tmp_path)
    found = [f for f in outcome.report.findings if f.result is Result.INCOMPLETE and f.rule_id == "GCP-PERM-005"]
    assert "google_storage_bucket_iam_member.b" in found[0].message
    assert outcome.exit_code == 2


def test_an_undocumented_predefined_role_is_undecided_since_a_plan_does_not_say_what_it_grants(tmp_path: Path) -> None:
    outcome = of("gcp", add(member("roles/logging.configWriter"))(example("gcp")), tmp_path)
    open_points = [f for f in outcome.report.findings if f.result is Result.INCOMPLETE and f.rule_id == "GCP-PERM-001"]
    assert "roles/logging.configWriter" in open_points[0].message
    assert outcome.exit_code == 2


def test_a_condition_that_is_known_is_judged(tmp_path: Path) -> None:
    expired = [{"title": "trial", "description": "", "expression": 'request.time < timestamp("2024-01-01T00:00:00Z")'}]
    outcome = of("gcp", change(example("gcp"), MEMBER, condition=expired), tmp_path)
    (finding,) = [f for f in outcome.report.findings if f.rule_id == "GCP-COND-001" and f.result is Result.FAIL]
    assert "has expired" in finding.message


def test_a_plan_of_several_clouds_gives_each_scan_its_part(tmp_path: Path) -> None:
    gcp, azure = example("gcp"), example("azure")
    aws = json.loads((EXAMPLES / "secrets-role-plan.json").read_text())
    plan = {**aws, "resource_changes": [r for p in (aws, gcp, azure) for r in p["resource_changes"]]}
    plan["configuration"]["provider_config"] = {
        **gcp["configuration"]["provider_config"],
        **azure["configuration"]["provider_config"],
    }
    plan["variables"] = gcp["variables"]
    plan["configuration"]["root_module"]["resources"] = [
        r for p in (gcp, azure) for r in p["configuration"]["root_module"]["resources"]
    ]
    for cloud, scope in (("aws", "111122223333"), ("gcp", "acme-platform"), ("azure", SUBSCRIPTION.rpartition("/")[2])):
        outcome = of(cloud, plan, tmp_path)
        assert [s.id for s in outcome.report.scopes] == [scope]
        assert outcome.exit_code == 0
        assert {u.cloud for u in outcome.snapshot.units} == {cloud}
        other = {"aws": "google_", "gcp": "aws_", "azure": "google_"}[cloud]
        assert other not in reasons(outcome)


def test_a_plan_of_another_cloud_is_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="holds no Azure subscription"):
        judged("azure", EXAMPLES / "gcp-connection-plan.json")


def test_the_project_and_subscription_may_be_named_where_the_plan_does_not(tmp_path: Path) -> None:
    plan = example("gcp")
    del plan["configuration"]["provider_config"]
    for row in plan["resource_changes"]:
        row["change"]["after"].pop("project", None)
    unnamed = of("gcp", plan, tmp_path)
    assert unnamed.report.scopes[0].id == "project-not-named"
    assert "--param project_id" in str(unnamed.report.scopes[0].name)
    named = of("gcp", plan, tmp_path, project_id="acme-platform")
    assert (named.report.scopes[0].id, named.exit_code) == ("acme-platform", 0)
    azure = example("azure")
    del azure["configuration"]["provider_config"]
    assert of("azure", azure, tmp_path).report.scopes[0].id == SUBSCRIPTION.rpartition("/")[2]


def test_secrets_that_a_plan_knows_never_enter_the_snapshot(tmp_path: Path) -> None:
    plan = change(example("azure"), "azuread_application_password.porter", value="not-really-a-secret")
    outcome = of("azure", plan, tmp_path)
    keyed = change(example("gcp"), "google_service_account_key.porter", private_key="not-really-a-key")
    assert "not-really" not in str(outcome.snapshot) + str(of("gcp", keyed, tmp_path).snapshot)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"resource_changes": "x"}, "/resource_changes: is not a list"),
        ({"resource_changes": [{"address": "a", "type": "google_project_iam_member"}]}, "is not a resource change"),
        ({"format_version": "7.0"}, "plan format `7.0` is not known"),
    ],
)
def test_a_malformed_plan_is_one_clear_line(plan: Json, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        of("gcp", {**example("gcp"), **plan}, tmp_path)


def with_every_attribute(cloud: str, value: Any) -> Json:
    plan = example(cloud)
    for row in plan["resource_changes"]:
        row["change"]["after"] = dict.fromkeys(row["change"]["after"], value)
    return plan


@pytest.mark.parametrize("value", [7, "text", [], [1], [None], {"a": 1}])
@pytest.mark.parametrize("cloud", ["gcp", "azure"])
def test_wrong_types_in_every_attribute_are_refused_in_one_line(cloud: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\Ainput `plan\.json`: "):
        of(cloud, with_every_attribute(cloud, value), tmp_path)


@pytest.mark.parametrize("cloud", ["gcp", "azure"])
def test_attributes_without_value_are_judged_and_never_a_crash(cloud: str, tmp_path: Path) -> None:
    outcome = of(cloud, with_every_attribute(cloud, None), tmp_path)
    assert outcome.exit_code in (0, 1, 2)
    assert [f.message for f in outcome.report.findings if f.result is Result.ERROR] == []


def reads(plan: Json, *values: Json) -> Json:
    """Add data sources that the plan has read."""
    rows = [{"mode": "data", "type": "azuread_service_principal", "values": v} for v in values]
    return {**plan, "prior_state": {"values": {"root_module": {"resources": rows}}}}


KNOWN = "dddddddd-0000-4000-8000-00000000000d"


def test_a_principal_that_a_data_source_names_is_judged_by_its_name(tmp_path: Path) -> None:
    row = resource(
        "azurerm_role_assignment.x",
        {"scope": SUBSCRIPTION, "role_definition_name": "Owner", "principal_id": KNOWN},
    )
    known = {"object_id": KNOWN, "client_id": "c", "display_name": "porter-break-glass", "type": "Application"}
    outcome = of("azure", reads(add(row)(example("azure")), known), tmp_path)
    assert {"AZURE-ASSIGN-001", "AZURE-APP-002"} <= failed(outcome)
    harmless = {**known, "display_name": "billing"}
    assert of("azure", reads(add(row)(example("azure")), harmless), tmp_path).exit_code == 0
    unnamed = of("azure", add(row)(example("azure")), tmp_path)
    assert unnamed.exit_code == 2
    assert f"whose principal {KNOWN} is, the plan does not say" in reasons(unnamed)


def test_identities_that_other_resources_bring_are_nobodys_and_leave_nothing_open(tmp_path: Path) -> None:
    cluster = "azurerm_kubernetes_cluster.main"
    row = resource(
        "azurerm_role_assignment.kubelet",
        {"scope": f"{SUBSCRIPTION}/resourceGroups/rg", "role_definition_name": "Reader"},
        {"principal_id": True},
    )
    plan = written(
        add(resource(cluster, {"name": "main"}), row)(example("azure")),
        "azurerm_role_assignment.kubelet",
        principal_id=taken_from(f"{cluster}.kubelet_identity[0].object_id", f"{cluster}.kubelet_identity[0]", cluster),
    )
    assert of("azure", plan, tmp_path).exit_code == 0
    sink = "google_logging_project_sink.s"
    bound = resource(
        "google_project_iam_member.sink",
        {"project": "acme-platform", "role": "roles/logging.bucketWriter"},
        {"member": True},
    )
    google = written(
        add(resource(sink, {"name": "s"}), bound)(example("gcp")),
        "google_project_iam_member.sink",
        member=taken_from(f"{sink}.writer_identity", sink),
    )
    assert of("gcp", google, tmp_path).exit_code == 0


def test_a_federated_member_made_of_a_pool_is_undecided(tmp_path: Path) -> None:
    pool = "google_iam_workload_identity_pool.p"
    bound = resource(
        "google_service_account_iam_member.w",
        {
            "service_account_id": f"projects/acme-platform/serviceAccounts/{PORTER.partition(':')[2]}",
            "role": "roles/iam.workloadIdentityUser",
        },
        {"member": True},
    )
    plan = written(
        add(resource(pool, {"workload_identity_pool_id": "porter-pool-1"}, {"name": True}), bound)(example("gcp")),
        "google_service_account_iam_member.w",
        member=taken_from(f"{pool}.name", pool),
    )
    outcome = of("gcp", plan, tmp_path)
    assert "google_service_account_iam_member.w: its members are known only after apply" in reasons(outcome)
    assert [f for f in outcome.report.findings if f.rule_id == "GCP-IMP-001" and f.result is Result.PASS] == []
    assert "GCP-WIF-002" in failed(outcome)


ODD: list[Any] = [None, 7, True, "x", [], [1], [None], {}, {"a": 1}, "\u202e\n`x`", [[]], [{}]]


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, value in below for place in places(value, (*at, key)))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_plan_with_anything_anywhere_is_refused_in_one_line_or_judged(data: st.DataObject, tmp_path: Path) -> None:
    cloud = data.draw(st.sampled_from(["gcp", "azure"]))
    plan = example(cloud)
    place = data.draw(st.sampled_from([p for p in places(plan) if len(p) > 1]))
    holder = plan
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = data.draw(st.sampled_from(ODD))
    said: tuple[str, ...] = ()
    try:
        said = of(cloud, plan, tmp_path).report.errors
    except PorterAuditError as error:
        said = tuple(str(error).splitlines()[1:])
    assert said == (), "a rule raised, or a refusal has more than one line"
