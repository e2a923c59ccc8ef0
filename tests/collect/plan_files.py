"""Terraform plans for tests: the examples, changed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
Json = dict[str, Any]


def example(cloud: str) -> Json:
    return copy.deepcopy(json.loads((EXAMPLES / f"{cloud}-connection-plan.json").read_text()))


def resource(address: str, after: Json | None, unknown: Json | None = None, *actions: str) -> Json:
    kind, name = address.split(".")[-2:]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "change": {"actions": list(actions or ("create",)), "after": after, "after_unknown": unknown or {}},
    }


def written(plan: Json, address: str, **expressions: Json) -> Json:
    """Add the expressions of a resource to a plan's configuration."""
    kind, name = address.split(".")[-2:]
    row = {"mode": "managed", "type": kind, "name": name, "expressions": expressions}
    plan["configuration"]["root_module"]["resources"].append(row)
    return plan


def taken_from(*references: str) -> Json:
    return {"references": list(references)}


def after(plan: Json, address: str) -> Json:
    """Return what a resource of a plan will be, to be changed."""
    found: Json = next(r for r in plan["resource_changes"] if r["address"] == address)["change"]
    return found


def change(plan: Json, address: str, **values: Any) -> Json:
    after(plan, address)["after"].update(values)
    return plan


def forget(plan: Json, address: str, key: str) -> Json:
    """Make an attribute known only after apply, from something the plan does not show."""
    found = after(plan, address)
    found["after"].pop(key, None)
    found["after_unknown"][key] = True
    kind, name = address.split(".")
    for row in plan["configuration"]["root_module"]["resources"]:
        if (row["type"], row["name"]) == (kind, name):
            row["expressions"][key] = taken_from("var.somewhere")
    return plan
