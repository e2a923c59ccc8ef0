"""What a configuration says for one scan of one cloud, as the options of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from scanner.app.config.paths import declared_files, documented_spec
from scanner.app.config.read import LoadedConfig
from scanner.app.config.secrets import is_reference
from scanner.app.config.words import cloud_of
from scanner.model.config import AwsTarget, AzureTarget, GcpTarget, Judged, Target


class ScanDefaults(msgspec.Struct, frozen=True):
    """Defaults by the names of the command line's parameters."""

    options: dict[str, Any]
    parameters: tuple[str, ...]
    """KEY=VALUE, KEY=@FILE or KEY=env:NAME."""
    secret_expiry_days: tuple[int, int, int] | None


def scan_defaults(loaded: LoadedConfig, cloud: str, *, reads: bool) -> ScanDefaults:
    """Return the defaults for `scan aws|gcp|azure`: those for all, and those of the one target of the cloud.

    Several targets of the cloud say nothing about one scan, and a file that is judged (`reads` is False) needs nobody
    to read as.
    """
    config, base = loaded.config, loaded.path.parent
    mine = [target for target in config.targets if cloud_of(target) == cloud]
    one = mine[0] if len(mine) == 1 else None
    values: dict[str, Any] = {
        **_judged(config.defaults, one, base),
        "porter_yaml": [str(file) for file in declared_files(one, base)] or None if one is not None else None,
        **_outputs(loaded),
        **_gates(loaded),
        **(_reader(one, base) if one is not None and reads else {}),
    }
    named = {**config.defaults.parameters, **(one.parameters if one is not None else {})}
    return ScanDefaults(
        options={name: value for name, value in values.items() if value is not None},
        parameters=tuple(f"{name}={_absolute(value, base)}" for name, value in sorted(named.items())),
        secret_expiry_days=config.thresholds.secret_expiry_days,
    )


def _judged(defaults: Judged, one: Target | None, base: Path) -> dict[str, Any]:
    documented = (one.documented if one is not None else None) or defaults.documented
    presence = (one.presence if one is not None else None) or defaults.presence
    return {
        "baseline": documented_spec(documented, base) if documented is not None else None,
        "presence": presence.value if presence is not None else None,
    }


def _outputs(loaded: LoadedConfig) -> dict[str, Any]:
    outputs, config = loaded.config.outputs, loaded.config
    return {
        "out": str(loaded.beside(outputs.directory)) if outputs.directory is not None else None,
        "formats": ",".join(("terminal", *outputs.formats)) if outputs.formats is not None else None,
        "bundle": outputs.bundle.value if outputs.bundle is not None else None,
        "sign_key": str(loaded.beside(outputs.sign_key)) if outputs.sign_key is not None else None,
        "history": str(loaded.beside(config.history)) if config.history is not None else None,
        "waivers": str(loaded.beside(config.waivers)) if config.waivers is not None else None,
    }


def _gates(loaded: LoadedConfig) -> dict[str, Any]:
    gates = loaded.config.thresholds
    return {
        "fail_on": gates.fail_on.value,
        "fail_on_posture": gates.fail_on_posture.value,
        "allow_incomplete": gates.allow_incomplete or None,
        "ratchet": gates.ratchet or None,
    }


def _reader(one: Target, base: Path) -> dict[str, Any]:
    match one:
        case AwsTarget(account=str()):
            role = one.role.replace("{account_id}", one.account or "") if one.role is not None else None
            return {
                "profile": one.profile,
                "regions": ",".join(one.regions) or None,
                "assume_role": role,
                "assume_external_id": _absolute(one.external_id, base) if one.external_id is not None else None,
            }
        case GcpTarget():
            return {
                "projects": [one.project] if one.project is not None else None,
                "folder": one.folder,
                "organization": one.organization,
                "impersonate": one.impersonate,
            }
        case AzureTarget():
            return {
                "subscriptions": [one.subscription] if one.subscription is not None else None,
                "management_group": one.management_group,
                "tenant": one.tenant,
            }
    return {}


def _absolute(value: str, base: Path) -> str:
    return f"@{(base / value[1:]).resolve()}" if is_reference(value) and value.startswith("@") else value
