"""Valid exports and pages: what `gcloud`, `az` and a documentation site give, from our own documented state."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scanner.baseline.load import find, load_aws, load_azure
from scanner.localcloud.azure_tenant import documented_tenant
from scanner.localcloud.gcp_provision import keyed_project
from tests.baseline.page_style import as_html, as_json_policies, as_markdown, as_mdx, as_plain_text
from tests.collect.test_gcloud_export import export
from tests.rules.live_subscription import plan_of

VERSION = "porter@2026-05"


def gcloud_export(folder: Path) -> Path:
    """Write what gcloud prints of a project with a static key; one file of each kind is enough."""
    whole = export(keyed_project(datetime(2026, 6, 1, tzinfo=UTC)), folder.with_suffix(".whole"))
    folder.mkdir()
    for path in whole.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def az_export(folder: Path) -> Path:
    """Write what az prints of a subscription and its tenant."""
    from tests.collect.azure_cloud import NOW

    state = documented_tenant(plan_of(load_azure(find(VERSION))), now=NOW)
    principals = copy.deepcopy(state.rows("servicePrincipals"))
    for row in principals:
        row["appRoleAssignments"] = state.rows_below("appRoleAssignments", row["id"])
    lists = {
        "assignments": _flat(state.rows("roleAssignments")),
        "definitions": _flat(state.rows("roleDefinitions"), type="roleType"),
        "principals": principals,
        "applications": state.rows("applications"),
    }
    folder.mkdir()
    for name, rows in lists.items():
        (folder / f"{name}.json").write_text(json.dumps(rows))
    return folder


def _flat(rows: list[dict[str, Any]], **renamed: str) -> list[dict[str, Any]]:
    """Return rows of the API as the command line prints them: without `properties`."""
    made = []
    for row in copy.deepcopy(rows):
        inner = row.pop("properties")
        made.append({**row, **{renamed.get(key, key): value for key, value in inner.items()}})
    return made


def pages() -> dict[str, bytes]:
    """Return the AWS inventory as each kind of page, by the ending of its file."""
    baseline = load_aws(find(VERSION))
    return {
        "txt": as_plain_text(baseline, trust=True).encode(),
        "md": as_markdown(baseline).encode(),
        "mdx": as_mdx(baseline).encode(),
        "html": as_html(baseline).encode(),
        "json": as_json_policies(baseline).encode(),
    }
