"""A second vendor's version: the format is not shaped for one page, and its guide shows the file as it ships."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema

from scanner.baseline.dump import dump_aws
from scanner.baseline.load import find, load_aws
from scanner.baseline.variables import bind_aws
from scanner.baseline.yaml_text import read_yaml
from scanner.resources import data_dir

SPEC = "grafana-cloud@2026-11"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "write-a-baseline.md"


def test_the_file_is_canonical_and_satisfies_the_schema() -> None:
    file = find(SPEC) / "aws.yaml"
    assert dump_aws(load_aws(file)) == file.read_text(encoding="utf-8")
    schema = json.loads((data_dir("baselines") / "schema" / "baseline-aws.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(read_yaml(file.read_bytes(), "x"), schema)


def test_nothing_of_the_first_vendor_stands_in_it() -> None:
    text = (find(SPEC) / "aws.yaml").read_text(encoding="utf-8").lower()
    assert re.findall(r"\bporter\b(?!-audit)", text) == []


def test_it_trusts_an_account_with_an_external_id_and_only_reads() -> None:
    (role,) = bind_aws(load_aws(find(SPEC)), {"account_id": "111122223333", "external_id": "1234567"}).roles
    (trust,) = role.trust.statements
    assert trust.principals == {"AWS": ["arn:aws:iam::008923505280:root"]}
    assert trust.conditions == {"StringEquals": {"sts:ExternalId": ["1234567"]}}
    (statement,) = role.statements
    assert len(statement.actions) == 12
    assert all(re.match(r"(?:Get|List|Describe|GET)", action.partition(":")[2]) for action in statement.actions)


def test_the_guide_shows_the_file_part_by_part_as_it_ships() -> None:
    """Each YAML block of the guide that is marked as an excerpt stands in the shipped file, line by line."""
    shipped = (find(SPEC) / "aws.yaml").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml excerpt\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        assert block in shipped, block


def test_the_guide_explains_every_key_that_a_file_may_have() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for name in ("aws", "gcp", "azure", "services", "same"):
        schema = json.loads((data_dir("baselines") / "schema" / f"baseline-{name}.schema.json").read_text())
        keys = set(schema["properties"])
        for part in schema["$defs"].values():
            keys |= set(part.get("properties", {})) - {"AWS", "Service", "Federated", "CanonicalUser"}
        assert [key for key in sorted(keys) if f"`{key}`" not in guide] == [], name
