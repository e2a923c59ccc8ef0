"""The shipped mapping of rule families to controls of audit frameworks: identifiers, our own wording and limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from scanner.baseline.fields import Fields, shown
from scanner.baseline.load import CLOUDS
from scanner.baseline.parts import matching
from scanner.baseline.yaml_text import MAX_BYTES, read_yaml
from scanner.errors import BaselineError
from scanner.model.finding import ControlLink
from scanner.resources import data_dir

FORMAT = "porter-audit/controls/v1"
FILE = "controls.yaml"
_FAMILY = re.compile(r"[a-z][a-z0-9-]*\Z")
_ID = re.compile(r"[A-Z0-9][A-Za-z0-9.()-]*\Z")


class Framework(msgspec.Struct, frozen=True):
    """One audit framework in one version; controls' numbers move between versions."""

    key: str
    title: str
    version: str
    cloud: str | None = None
    """The cloud whose settings it is about; None: any."""


class Family(msgspec.Struct, frozen=True):
    """What the rules of one family are evidence for."""

    key: str
    summary: str
    links: tuple[ControlLink, ...]


class Controls(msgspec.Struct, frozen=True):
    """The whole file."""

    frameworks: tuple[Framework, ...]
    families: tuple[Family, ...]

    def by_family(self, cloud: str) -> dict[str, tuple[ControlLink, ...]]:
        """Return the links of each family, without those of frameworks that are about another cloud."""
        elsewhere = {framework.title for framework in self.frameworks if framework.cloud not in (None, cloud)}
        return {
            family.key: tuple(link for link in family.links if link.framework not in elsewhere)
            for family in self.families
        }

    def by_cloud(self) -> dict[str, dict[str, tuple[ControlLink, ...]]]:
        """Return what `by_family` returns, for each cloud and for declared files."""
        return {cloud: self.by_family(cloud) for cloud in (*CLOUDS, "files")}


@cache
def shipped_controls() -> Controls:
    """Return the file that ships with the product. Raises `BaselineError` if it is broken."""
    return load_controls(data_dir("baselines") / FILE)


def load_controls(file: Path) -> Controls:
    """Read a mapping file. Raises `BaselineError` naming family, control and key."""
    where = f"controls `{shown(file.name)}`"
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise BaselineError(f"{where}: {(error.strerror or 'cannot be read').lower()}") from error
    return read_controls(read_yaml(data, where), where)


def read_controls(value: Any, where: str) -> Controls:
    """Return the records of parsed YAML; ids must be text, unique in a family, of a framework that is there."""
    top = Fields(value, where, "format frameworks families")
    top.choice("format", FORMAT)
    frameworks = tuple(
        Framework(key, fields.text("title"), fields.text("version"), _cloud(fields))
        for key, fields in top.entries("frameworks", "title version cloud", "framework")
    )
    families = tuple(
        _family(key, fields, {framework.key: framework for framework in frameworks})
        for key, fields in top.entries("families", "summary controls", "family")
    )
    if not families:
        raise top.error("missing key `families`")
    return Controls(frameworks, families)


def _cloud(fields: Fields) -> str | None:
    return fields.choice("cloud", "aws gcp azure") if fields.has("cloud") else None


def _family(key: str, fields: Fields, frameworks: Mapping[str, Framework]) -> Family:
    matching(fields, key, _FAMILY, "a family's name")
    links: list[ControlLink] = []
    seen: set[tuple[str, str]] = set()
    for item in fields.items("controls", "framework id strength rationale limits", "control"):
        link = _link(item, frameworks)
        if (link.framework, link.id) in seen:
            raise item.error(f"`{link.id}` of {link.framework} stands twice")
        seen.add((link.framework, link.id))
        links.append(link)
    if not links:
        raise fields.error("missing key `controls`")
    return Family(key, fields.text("summary"), tuple(links))


def _link(fields: Fields, frameworks: Mapping[str, Framework]) -> ControlLink:
    framework = frameworks.get(fields.text("framework"))
    if framework is None:
        raise fields.error(f"unknown framework `{shown(fields.text('framework'))}`")
    return ControlLink(
        framework=framework.title,
        version=framework.version,
        id=matching(fields, fields.text("id"), _ID, "a control's id"),
        strength=fields.choice("strength", "direct supporting"),
        rationale=f"{fields.text('rationale')} Limits: {fields.text('limits')}",
    )
