"""Reads the YAML files of `scenarios/` and fills in the demo account's facts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from scanner.errors import UsageError
from scanner.localcloud.provision import AwsFacts

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
_FACT = re.compile(r"(?<!\$)\{([a-z][a-z0-9_]*)\}")
_NOT_SCENARIOS = ("bystanders",)


def scenario_names() -> tuple[str, ...]:
    """Return the scenarios that ship with the demo, sorted."""
    return tuple(sorted(path.stem for path in SCENARIOS.glob("*.yaml") if path.stem not in _NOT_SCENARIOS))


def read_yaml(name: str, facts: AwsFacts) -> Any:
    """Return a file of `scenarios/` with `{account_id}` and the like replaced by the facts of the account.

    Raises `UsageError` if there is no such file.
    """
    import yaml

    path = SCENARIOS / name
    if path.parent != SCENARIOS or not path.is_file():
        known = ", ".join(f"`{one}`" for one in scenario_names())
        raise UsageError(f"unknown scenario `{name.removesuffix('.yaml')}`: known are {known}")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return _fill(yaml.load(path.read_text(encoding="utf-8"), Loader=loader), fact_values(facts))


def fact_values(facts: AwsFacts) -> dict[str, str]:
    """Return what scenario files may name in braces."""
    return {
        "account_id": facts.account_id,
        "partition": facts.partition,
        "porter_account_id": facts.porter_account_id,
        "capi_management": facts.external_role,
        "external_id": facts.external_id,
        "s3_role": facts.s3_role,
    }


def _fill(value: Any, facts: dict[str, str]) -> Any:
    match value:
        case str():
            return _FACT.sub(lambda found: facts[found[1]], value)
        case list():
            return [_fill(item, facts) for item in value]
        case dict():
            return {_fill(key, facts): _fill(item, facts) for key, item in value.items()}
    return value
