"""Paths of a configuration: they start from its directory, wherever a command is run."""

from __future__ import annotations

from pathlib import Path

from scanner.model.config import Target


def declared_files(target: Target, directory: Path) -> tuple[Path, ...]:
    """Return the files that a target names; a relative path starts from the directory of the configuration."""
    return tuple((directory / named).resolve() for named in target.porter_yaml)

def documented_spec(named: str, directory: Path) -> str:
    """Return a documented version as `find` takes it; a path starts from the directory of the configuration."""
    return str(directory / named) if named.startswith(".") or named.endswith((".yaml", ".yml")) else named
