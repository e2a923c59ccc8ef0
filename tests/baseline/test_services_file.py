"""The services part of a documented version: read, refused where it is wrong, shown, and in step with the parser."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner.baseline.lint import lint_services
from scanner.baseline.load import find, has_services, load_services
from scanner.baseline.services_file import read_services
from scanner.baseline.show_services import show_services_json, show_services_text
from scanner.baseline.yaml_text import read_yaml
from scanner.collect.porter_yaml import CONNECTION_TYPES, STATIC_CREDENTIALS
from scanner.errors import BaselineError
from scanner.resources import data_dir

Data = dict[str, Any]
SPECS = ("porter@2026-05", "porter@2026-08")
SHIPPED: Data = read_yaml((find(SPECS[0]) / "services.yaml").read_bytes(), "x")


def schema(name: str) -> Data:
    found: Data = json.loads((data_dir("baselines") / "schema" / name).read_text(encoding="utf-8"))
    return found


def test_the_shipped_files_satisfy_their_schemas() -> None:
    for spec, name in zip(SPECS, ("baseline-services.schema.json", "baseline-same.schema.json"), strict=True):
        data = read_yaml((find(spec) / "services.yaml").read_bytes(), "x")
        jsonschema.validate(data, schema(name))
    assert load_services(find(SPECS[1])).same_as == SPECS[0]


def test_the_parser_knows_the_documented_types_and_names() -> None:
    baseline = load_services(find(SPECS[0]))
    assert {connection.key for connection in baseline.connections} == set(CONNECTION_TYPES)
    assert set(baseline.static_credentials) == STATIC_CREDENTIALS


def test_the_documented_trust_is_pod_identity_with_both_actions() -> None:
    claim = load_services(find(SPECS[0])).aws
    assert (claim.principal, claim.actions) == ("pods.eks.amazonaws.com", ("sts:AssumeRole", "sts:TagSession"))


def _unknown_key(data: Data) -> None:
    data["aws"]["princpal"] = "x"


def _stray_document(data: Data) -> None:
    data["gcp"]["source"] = {"document": "S999"}


def _no_words(data: Data) -> None:
    data["azure"]["subject"] = "system:serviceaccount:{namespace}"


def _stray_type(data: Data) -> None:
    data["contradictions"]["B18"]["connections"] = ["awsRoles"]


def _no_connection(data: Data) -> None:
    data["connections"] = {}


def _odd_principal(data: Data) -> None:
    data["aws"]["principal"] = "*"


def _name_twice(data: Data) -> None:
    data["static_credentials"]["names"] *= 2


BROKEN: dict[str, tuple[Callable[[Data], None], str]] = {
    "an unknown key": (_unknown_key, "aws: unknown key `princpal`"),
    "a document that is not there": (_stray_document, "unknown document `S999`"),
    "a subject without its words": (_no_words, "`subject` must hold `{service_account}` once"),
    "a type that is not there": (_stray_type, "unknown connection `awsRoles`"),
    "no connection": (_no_connection, "missing key `connections`"),
    "anybody as principal": (_odd_principal, "`*` is not a service principal"),
    "a name that stands twice": (_name_twice, "duplicate name `AWS_ACCESS_KEY_ID`"),
}


@pytest.mark.parametrize(("break_it", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, break_it: Callable[[Data], None], said: str) -> None:
    data = copy.deepcopy(SHIPPED)
    break_it(data)
    (tmp_path / "services.yaml").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(BaselineError) as caught:
        load_services(tmp_path)
    assert str(caught.value).startswith("baseline `services.yaml`: ")
    assert said in str(caught.value)


def test_a_version_without_the_part_says_so(tmp_path: Path) -> None:
    assert not has_services(tmp_path)
    with pytest.raises(BaselineError, match="no such file"):
        load_services(tmp_path)


def test_it_is_shown_with_the_place_of_every_field() -> None:
    text = show_services_text(load_services(find(SPECS[0])))
    assert "role: role (S004 line 27)" in text
    assert "pods.eks.amazonaws.com with sts:AssumeRole and sts:TagSession" in text
    assert show_services_json(load_services(find(SPECS[1])))["same_as"] == SPECS[0]


def test_reading_takes_a_mapping_only() -> None:
    with pytest.raises(BaselineError, match="expected a mapping"):
        read_services([], "x")


def test_lint_names_contradictions_and_what_grows_old() -> None:
    baseline = load_services(find(SPECS[0]))
    fresh = lint_services(baseline, as_of=date(2026, 9, 2))
    assert {(f.code, f.item) for f in fresh} == {("contradiction", name) for name in ("B18", "B19", "B20")}
    old = lint_services(baseline, as_of=date(2028, 1, 1))
    assert {f.code for f in old} == {"contradiction", "stale"}
