"""What report.json says of its evidence is true of the bundle's files, in both profiles."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from bundle_nights import Nights

from scanner.app.bundle import BundlePlan, contents
from scanner.app.outputs import Format
from scanner.evidence.bundle import all_files


def made(nights: Nights, profile: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    plan = BundlePlan(nights.directory, profile, (Format.JSON,), "porter@2026-08")
    files = all_files(contents(nights.outcome, plan), None, None)
    return files, json.loads(files["report.json"])


@pytest.mark.parametrize("profile", ["full", "shareable"])
def test_every_path_is_a_file_with_that_hash(nights: Nights, profile: str) -> None:
    files, report = made(nights, profile)
    named = [(e["path"], e["sha256"]) for f in report["findings"] for e in f["evidence"] if e["path"]]
    named += [(raw["path"], raw["sha256"]) for unit in report["units"] for raw in unit["raw"]]
    assert len(named) > 10
    for path, sha256 in named:
        assert hashlib.sha256(files[path]).hexdigest() == sha256, path
    raw = {raw["path"]: raw["bytes"] for unit in report["units"] for raw in unit["raw"]}
    assert raw == {p: len(d) for p, d in files.items() if p.startswith("evidence/") and not p.endswith(".meta.json")}


@pytest.mark.parametrize("profile", ["full", "shareable"])
def test_every_pointer_with_a_page_leads_to_its_excerpt(nights: Nights, profile: str) -> None:
    files, report = made(nights, profile)
    excerpts = {(e["unit_id"], e["json_pointer"]): e for e in report["excerpts"]}
    seen = 0
    for evidence in (e for f in report["findings"] for e in f["evidence"]):
        parts = evidence["json_pointer"].split("/")[1:]
        excerpt = excerpts.get((evidence["unit_id"], evidence["json_pointer"]))
        assert (excerpt is not None) == (len(parts) > 1)
        if excerpt is None:
            continue
        node = json.loads(files[evidence["path"]])
        for part in parts[1:]:
            node = node[part] if isinstance(node, dict) else node[int(part)]
        assert json.loads(excerpt["text"]) == node
        assert evidence["redactions"] == excerpt["redactions"]
        seen += 1
    assert seen > 10
    assert any("external_id" in e["redactions"] for e in report["excerpts"])


def test_the_run_names_the_hashes_of_what_it_was_made_with(nights: Nights) -> None:
    files, report = made(nights, "full")
    run = report["run"]
    assert run["controls_digest"] == hashlib.sha256(files["inputs/controls.yaml"]).hexdigest()
    assert len(run["config_digest"]) == 64
    assert (run["waivers_digest"], run["previous_run"], run["clock_skew_s"]) == (None, None, None)
    assert run["baseline"]["docs_snapshot_date"] == max(d["retrieved"] for d in run["baseline"]["documents"])
