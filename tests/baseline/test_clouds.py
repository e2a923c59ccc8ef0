"""The GCP and Azure parts: the format as the loader and the schema see it, and what the shipped files claim."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small_clouds import AZURE, BROKEN_AZURE, BROKEN_GCP, GCP, LOOSE_AZURE, LOOSE_GCP, Break, Data, fresh

from scanner.baseline.dump_others import dump_azure, dump_gcp
from scanner.baseline.load import AnyBaseline, clouds_of, find, known, load_azure, load_gcp, load_part
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.show_others import show_other_json, show_other_text
from scanner.baseline.yaml_text import read_yaml
from scanner.errors import BaselineError
from scanner.resources import data_dir

SHIPPED = [(spec, cloud) for spec in known() for cloud in clouds_of(find(spec)) if cloud != "aws"]
SMALL: dict[str, Data] = {"gcp": GCP, "azure": AZURE}
CASES = [
    *(("gcp", name, *case) for name, case in {**BROKEN_GCP, **LOOSE_GCP}.items()),
    *(("azure", name, *case) for name, case in {**BROKEN_AZURE, **LOOSE_AZURE}.items()),
]
SCHEMA_CASES = [
    *(("gcp", name, case[0]) for name, case in BROKEN_GCP.items()),
    *(("azure", name, case[0]) for name, case in BROKEN_AZURE.items()),
]


def _schema(cloud: str) -> Any:
    return json.loads((data_dir("baselines") / "schema" / f"baseline-{cloud}.schema.json").read_text(encoding="utf-8"))


def _load(path: Path, cloud: str, data: Data) -> AnyBaseline:
    file = path / f"{cloud}.yaml"
    file.write_text(json.dumps(data), encoding="utf-8")
    return load_part(path, cloud)


@pytest.mark.parametrize("cloud", ["gcp", "azure"])
def test_small_file_is_accepted_by_loader_and_schema(tmp_path: Path, cloud: str) -> None:
    assert _load(tmp_path, cloud, SMALL[cloud]).id == "acme@1"
    jsonschema.Draft202012Validator.check_schema(_schema(cloud))
    jsonschema.validate(SMALL[cloud], _schema(cloud))


@pytest.mark.parametrize(("cloud", "name", "break_it", "message"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_broken_file_is_refused_with_its_place(
    tmp_path: Path, cloud: str, name: str, break_it: Break, message: str
) -> None:
    data = fresh(SMALL[cloud])
    break_it(data)
    with pytest.raises(BaselineError) as caught:
        _load(tmp_path, cloud, data)
    assert str(caught.value).startswith(f"baseline `{cloud}.yaml`: "), name
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("cloud", "name", "break_it"), SCHEMA_CASES, ids=[f"{c[0]}-{c[1]}" for c in SCHEMA_CASES])
def test_schema_refuses_what_the_reader_refuses(cloud: str, name: str, break_it: Break) -> None:
    data = fresh(SMALL[cloud])
    break_it(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, _schema(cloud))


@pytest.mark.parametrize(("spec", "cloud"), SHIPPED)
def test_shipped_file_is_canonical_and_satisfies_its_schema(spec: str, cloud: str) -> None:
    file = find(spec) / f"{cloud}.yaml"
    dumps: dict[str, Callable[[Any], str]] = {"gcp": dump_gcp, "azure": dump_azure}
    assert dumps[cloud](load_part(find(spec), cloud)) == file.read_text(encoding="utf-8")
    jsonschema.validate(read_yaml(file.read_bytes(), "x"), _schema(cloud))


@pytest.mark.parametrize("cloud", ["gcp", "azure"])
def test_what_is_dumped_loads_back_to_the_same_records(tmp_path: Path, cloud: str) -> None:
    first = _load(tmp_path, cloud, SMALL[cloud])
    text = (
        dump_gcp(first)
        if isinstance(first, GcpBaseline)
        else dump_azure(first)
        if isinstance(first, AzureBaseline)
        else ""
    )
    (tmp_path / f"{cloud}.yaml").write_text(text, encoding="utf-8")
    second = load_part(tmp_path, cloud)
    assert {**_plain(second), "digest": ""} == {**_plain(first), "digest": ""}


def _plain(baseline: AnyBaseline) -> dict[str, object]:
    return show_other_json(baseline) if isinstance(baseline, (GcpBaseline, AzureBaseline)) else {}


def test_gcp_before_federation_expects_one_key_and_is_open() -> None:
    (account,) = load_gcp(find("porter@2026-05")).service_accounts
    assert [g.role for g in account.grants if g.granted_by == "customer"] == ["roles/resourcemanager.projectIamAdmin"]
    assert [g.as_printed for g in account.grants if g.as_printed and g.granted_by == "vendor"] == [
        "Storage Admin",
        "Compute Admin",
        "Kubernetes Engine Admin",
    ]
    assert account.open_list is not None
    assert (account.keys.user_managed, account.keys.at_most, account.federation) == ("expected", 1, None)
    assert account.name_is_example


def test_gcp_by_federation_forbids_keys_and_names_three_conditions() -> None:
    baseline = load_gcp(find("porter@2026-08"))
    (account,) = baseline.service_accounts
    assert account.keys.user_managed == "forbidden"
    assert account.federation is not None
    assert len(account.federation.conjuncts) == 3
    assert [api.name.partition(".")[0] for api in baseline.apis] == [
        "serviceusage",
        "cloudresourcemanager",
        "iam",
        "iamcredentials",
        "sts",
    ]
    customer = {grant.role for grant in account.grants if grant.granted_by == "customer" and not grant.optional}
    assert customer == {
        "roles/resourcemanager.projectIamAdmin",
        "roles/serviceusage.serviceUsageAdmin",
        "roles/iam.serviceAccountAdmin",
    }


def test_what_a_pull_request_proposes_is_never_called_documented() -> None:
    for spec in ("porter@2026-05", "porter@2026-08"):
        for account in load_gcp(find(spec)).service_accounts:
            for grant in account.grants:
                assert (grant.source.document == "PR247") == (grant.standing == "proposed"), grant


NOT_ACTIONS = (
    "Microsoft.Authorization/elevateAccess/Action",
    "Microsoft.Blueprint/blueprintAssignments/write",
    "Microsoft.Blueprint/blueprintAssignments/delete",
    "Microsoft.Compute/galleries/share/action",
)


@pytest.mark.parametrize("spec", ["porter@2026-05", "porter@2026-08"])
def test_azure_role_is_everything_but_four_operations(spec: str) -> None:
    (definition,) = load_azure(find(spec)).role_definitions
    (block,) = definition.permissions
    assert (block.actions, block.not_actions) == (("*",), NOT_ACTIONS)
    assert (block.data_actions, block.not_data_actions) == ((), ())
    assert (definition.kind, definition.assignable_scopes) == ("CustomRole", ("/subscriptions/{subscription_id}",))


def test_azure_secret_gave_way_to_a_federated_credential() -> None:
    (before,) = load_azure(find("porter@2026-05")).applications
    (after,) = load_azure(find("porter@2026-08")).applications
    assert (before.secrets.client_secret, before.secrets.max_age_days) == ("expected", 365)
    assert before.federated_credentials == ()
    assert after.secrets.client_secret == "forbidden"
    (credential,) = after.federated_credentials
    assert credential.audience == "api://AzureADTokenExchange"
    assert {role.value for role in before.app_roles} == {role.value for role in after.app_roles}
    assert len(before.app_roles) == 7


def test_twelve_providers_are_documented_before_federation() -> None:
    assert len(load_azure(find("porter@2026-05")).providers) == 12


def test_the_risks_the_pages_declare_are_there() -> None:
    assert {note.id for note in load_gcp(find("porter@2026-05")).risk_notes} == {"C15"}
    assert {note.id for note in load_azure(find("porter@2026-08")).risk_notes} == {"C16", "C17"}


@pytest.mark.parametrize(("spec", "cloud"), SHIPPED)
def test_show_names_every_identity_grant_and_note(spec: str, cloud: str) -> None:
    baseline = load_part(find(spec), cloud)
    assert isinstance(baseline, (GcpBaseline, AzureBaseline))
    text = " ".join(show_other_text(baseline).split())
    words = [document.name for document in baseline.documents] + [item.id for item in baseline.contradictions]
    if isinstance(baseline, GcpBaseline):
        words += [grant.role for account in baseline.service_accounts for grant in account.grants]
    else:
        words += [role.value for item in baseline.applications for role in item.app_roles]
    assert [word for word in words if word not in text] == []
    assert show_other_json(baseline)["cloud"] == cloud


def test_show_of_a_hostile_file_holds_no_control_characters(tmp_path: Path) -> None:
    data = fresh(GCP)
    data["service_accounts"]["acme-reader"]["purpose"] = "reads \x1b[31m red"
    loaded = _load(tmp_path, "gcp", data)
    assert isinstance(loaded, GcpBaseline)
    assert all(line.isprintable() for line in show_other_text(loaded).split("\n"))
