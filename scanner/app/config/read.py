"""`porter-audit.yaml`: read strictly, every problem named with its line, and what it says as options."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from scanner.app.config.check import Ground, meaning_problems
from scanner.app.config.secrets import is_reference, secret_problems
from scanner.app.config.shape import Place, Problem, shape_problems
from scanner.collect.strict_yaml import MAX_YAML_BYTES, read_yaml
from scanner.errors import InputError
from scanner.model.config import CONFIG_SCHEMA, Config

SCHEMA_ID = "urn:porter-audit:config:v1"
_ADVICE = "`porter-audit config lint FILE` names every problem"


class LoadedConfig(msgspec.Struct, frozen=True):
    """A configuration that is valid, and where it stands."""

    config: Config
    path: Path

    def beside(self, named: str) -> Path:
        """Return a path of the file; a relative one starts from the file's directory."""
        return self.path.parent / named


class Reference(msgspec.Struct, frozen=True, order=True):
    """A value that the file only points at."""

    named: str
    """`env:NAME` or `@FILE`."""
    found: bool


class ConfigLint(msgspec.Struct, frozen=True):
    """What is to be said of a file."""

    problems: tuple[Problem, ...]
    config: Config | None = None
    """None if there are problems."""
    references: tuple[Reference, ...] = ()


def load_config(path: Path) -> LoadedConfig:
    """Return the configuration of a file. Raises `InputError` with the first problem and how many there are."""
    found = lint_config(path, {})
    if found.config is None:
        more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
        raise InputError(f"configuration `{path}`: {found.problems[0]}{more}", advice=_ADVICE)
    return LoadedConfig(found.config, path)


def lint_config(path: Path, environ: Mapping[str, str]) -> ConfigLint:
    """Return every problem of a file, in line order; raises `InputError` if it cannot be read or is not YAML."""
    document = read_yaml(path.name, _bytes(path))
    place = Place(document.lines)
    found = _problems(document.value, Ground(place, path.parent))
    if found:
        return ConfigLint(tuple(found))
    config = msgspec.convert(document.value, Config)
    return ConfigLint((), config, tuple(sorted(set(_references(document.value, path.parent, environ)))))


def _problems(value: Any, ground: Ground) -> list[Problem]:
    place = ground.place
    if not isinstance(value, dict):
        return [place.problem("must be a mapping; start with `schema: porter-audit/config/v1`")]
    found = {*secret_problems(value, place)}
    secret = {problem.where for problem in found}
    # Where a secret stands, all else is beside the point, and might repeat it.
    others = {*shape_problems(value, Config, place), *meaning_problems(value, ground)}
    found |= {problem for problem in others if problem.where not in secret}
    if isinstance(value.get("schema"), str) and value["schema"] != CONFIG_SCHEMA:
        found = {p for p in found if p.where != "schema"} | {place.at("schema").problem(f"must be {CONFIG_SCHEMA}")}
    return sorted(found)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_YAML_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "cannot be read").lower()
        raise InputError(f"configuration `{path}`: {reason}") from error


def _references(value: Any, directory: Path, environ: Mapping[str, str]) -> Iterator[Reference]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _references(item, directory, environ)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item, directory, environ)
    elif isinstance(value, str) and is_reference(value):
        there = bool(environ.get(value[4:])) if value.startswith("env:") else (directory / value[1:]).is_file()
        yield Reference(value, there)


def config_schema() -> bytes:
    """Return the JSON Schema (2020-12) of the file, as it is shipped."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "porter-audit.yaml, version 1",
    }
    made = {**head, **msgspec.json.schema(Config)}
    return json.dumps(made, sort_keys=True, ensure_ascii=False, indent=2).encode() + b"\n"
