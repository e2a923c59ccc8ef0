"""The identities of services in the demo: what examples/porter*.yaml declare, and what happened to it since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from scanner.model.common import JsonObject

_FILES = Path(__file__).resolve().parent / "scenarios_services"
DRIFTED = "drifted"


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `scenarios_services/`: steps in the operations of its cloud."""

    good: tuple[JsonObject, ...]
    drifted: tuple[JsonObject, ...] = ()


def service_steps(cloud: str, scenario: str, **facts: str) -> tuple[JsonObject, ...]:
    """Return the steps that make a cloud's services; in the drifted scenario, those that spoil some of them too.

    `facts` fill the braces of the file, for example `account_id`.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (_FILES / f"{cloud}.yaml").read_text(encoding="utf-8")
    for name, value in facts.items():
        text = text.replace(f"{{{name}}}", value)
    content = msgspec.convert(yaml.load(text, Loader=loader), Content)
    return (*content.good, *content.drifted) if scenario == DRIFTED else content.good
