"""A version that names another: what it takes over, what it may add, and what it may not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small_baseline import small

from scanner.baseline.load import find, load_aws
from scanner.baseline.yaml_text import read_yaml
from scanner.errors import BaselineError
from scanner.resources import data_dir

Data = dict[str, Any]
SAME: Data = {
    "format": "porter-audit/baseline/aws/v1",
    "vendor": "acme",
    "version": "2",
    "cloud": "aws",
    "same_as": "acme@1",
    "title": "Unchanged",
    "publication": "published",
    "reason": "nothing new",
    "documents": {"D2": {"title": "Another", "retrieved": "2026-02-02", "publication": "published"}},
    "contradictions": {"X1": {"summary": "a", "settled": "b", "sources": [{"document": "D2"}]}},
}


def _two(tmp_path: Path, data: Data | None = None, base: Data | None = None) -> Path:
    """Write both versions beside each other and return the second one's directory."""
    for version, content in (("1", base or small()), ("2", data or SAME)):
        directory = tmp_path / "acme" / version
        directory.mkdir(parents=True)
        (directory / "aws.yaml").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path / "acme" / "2"


def test_everything_but_what_stands_there_is_the_named_versions(tmp_path: Path) -> None:
    second = load_aws(_two(tmp_path))
    first = load_aws(tmp_path / "acme" / "1")
    assert (second.id, second.same_as, second.title) == ("acme@2", "acme@1", "Unchanged")
    assert second.roles == first.roles
    assert second.variables == first.variables
    assert [document.name for document in second.documents] == ["D1", "D2"]
    assert [item.id for item in second.contradictions] == ["X1"]


def test_the_digest_covers_both_files(tmp_path: Path) -> None:
    directory = _two(tmp_path)
    both = (directory / "aws.yaml").read_bytes() + (tmp_path / "acme" / "1" / "aws.yaml").read_bytes()
    assert load_aws(directory).digest == hashlib.sha256(both).hexdigest()


REFUSED: dict[str, tuple[Data, str]] = {
    "grants": ({"roles": {}}, "unknown key `roles`"),
    "no reason": ({"reason": None}, "missing key `reason`"),
    "no version's name": ({"same_as": "../1"}, "`same_as` must be vendor@version"),
    "version that is not there": ({"same_as": "acme@9"}, "`same_as` names `acme@9`, which is not there"),
    "itself": ({"same_as": "acme@2"}, "`same_as` names `acme@2`, which is not there"),
    "source of an unknown document": (
        {"contradictions": {"X1": {"summary": "a", "settled": "b", "sources": [{"document": "D9"}]}}},
        "unknown document `D9`",
    ),
    "note on an unknown role": (
        {"contradictions": {"X1": {"summary": "a", "settled": "b", "roles": ["acme-x"]}}},
        "unknown role `acme-x`",
    ),
    "other cloud": ({"cloud": "gcp"}, "`cloud` must be one of `aws`"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_with_its_place(tmp_path: Path, change: Data, message: str) -> None:
    with pytest.raises(BaselineError) as caught:
        load_aws(_two(tmp_path, {**SAME, **change}))
    assert str(caught.value).startswith("baseline `aws.yaml`: ")
    assert message in str(caught.value)


def test_a_chain_of_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="which itself only names another"):
        load_aws(_two(tmp_path, SAME, {**SAME, "version": "1", "same_as": "acme@0"}))


def test_a_file_without_neighbours_finds_the_shipped_version(tmp_path: Path) -> None:
    data = {**SAME, "same_as": "porter@2026-05", "contradictions": {}}
    (tmp_path / "aws.yaml").write_text(json.dumps(data), encoding="utf-8")
    assert load_aws(tmp_path).roles == load_aws(find("porter@2026-05")).roles


def test_shipped_aws_of_august_is_that_of_may_and_satisfies_its_schema() -> None:
    file = find("porter@2026-08") / "aws.yaml"
    value = read_yaml(file.read_bytes(), "x")
    schema = json.loads((data_dir("baselines") / "schema" / "baseline-same.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema)
    may, august = load_aws(find("porter@2026-05")), load_aws(file)
    assert (august.id, august.roles) == ("porter@2026-08", may.roles)
    assert [item.id for item in august.contradictions] == [item.id for item in may.contradictions]
