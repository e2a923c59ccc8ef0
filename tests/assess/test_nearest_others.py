"""Naming the nearest documented version of a GCP service account and of an Azure role definition."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.app.catalogue import load_catalogue
from scanner.assess.runner import Terms
from scanner.baseline.load import find, load_azure, load_gcp
from scanner.baseline.version import known_values
from scanner.engine_azure import evaluate_azure
from scanner.engine_gcp import evaluate_gcp
from scanner.localcloud.gcp_provision import gcp_parameters

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

import live_project
import live_subscription


def gcp(judged_by: str, start: str, values: dict[str, str], do: tuple[Any, ...] = ()) -> str | None:
    version = load_gcp(find(f"porter@{judged_by}"))
    others = tuple(load_gcp(find(f"porter@{v}")) for v in ("2026-05", "2026-08") if v != judged_by)
    ctx, _ = live_project.context({"start": start, "do": list(do)})
    terms = Terms(live_project.AS_OF, load_catalogue(), known_values(values, version))
    return evaluate_gcp(ctx.project, ctx.inventory, version, terms, others).reviews[0].nearest


GIVEN = gcp_parameters("2026-08")


@pytest.mark.parametrize(
    ("judged_by", "start", "do", "words"),
    [
        ("2026-05", "keyed", (), "porter@2026-05: matches; not documented in porter@2026-08"),
        ("2026-08", "federated", (), "nearest to porter@2026-08: matches; porter@2026-05 "),
        ("2026-05", "federated", (), "nearest to porter@2026-08: 1 undecided; porter@2026-05 "),
        (
            "2026-08",
            "federated",
            ({"op": "bind", "role": "roles/owner", "member": "PORTER"},),
            "nearest to porter@2026-08: 1 beyond it; porter@2026-05 ",
        ),
    ],
)
def test_a_service_account_is_named_by_the_version_it_is_nearest_to(
    judged_by: str, start: str, do: tuple[Any, ...], words: str
) -> None:
    assert (gcp(judged_by, start, GIVEN, do) or "").startswith(words)


def test_without_the_parameters_of_federation_its_principal_stays_open() -> None:
    assert "porter@2026-08: 1 undecided" in (gcp("2026-08", "federated", {}) or "")


@pytest.mark.parametrize(
    ("do", "words"),
    [
        ((), "porter@2026-05 and porter@2026-08 document it alike: matches"),
        (
            ({"op": "edit_role", "role": "porter-aks-restricted", "block": {"notActions": []}},),
            "porter@2026-05 and porter@2026-08 document it alike: 1 beyond it",
        ),
        (({"op": "edit_role", "role": "porter-aks-restricted", "set": {"roleName": "porter-x"}},), None),
    ],
)
def test_a_role_definition_is_named_by_the_version_it_is_nearest_to(do: tuple[Any, ...], words: str | None) -> None:
    ctx = live_subscription.context({"do": list(do)})
    version, other = (load_azure(find(f"porter@{v}")) for v in ("2026-05", "2026-08"))
    terms = Terms(live_subscription.AS_OF, load_catalogue())
    reviews = evaluate_azure(ctx.account, ctx.inventory, version, terms, (other,)).reviews
    told = [r.nearest for r in reviews if r.present]
    assert told == [words] if words else told == ["not documented in porter@2026-05 and porter@2026-08"]
