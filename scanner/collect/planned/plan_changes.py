"""The resources of a Terraform plan as they will be, whatever provider makes them; what is not known stays a reason.

Format: https://developer.hashicorp.com/terraform/internals/json-format (1.x).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from scanner.collect.strict_json import shown
from scanner.errors import InputError
from scanner.model.common import JsonObject

LATER: Final = "known only after apply"


class Change(msgspec.Struct, frozen=True):
    """A resource as it will be."""

    address: str
    type: str
    name: str
    module: str
    after: JsonObject
    unknown: JsonObject
    configured: JsonObject | None
    """The expressions of its configuration; None: the plan does not hold it."""
    source: str = ""
    """Name of the file."""

    @property
    def where(self) -> str:
        """Return the address for a sentence."""
        return shown(self.address, 120)

    def known(self, key: str) -> bool:
        """Return whether a whole attribute is known."""
        return not any_true(self.unknown.get(key))

    def text(self, key: str) -> str:
        """Return a text that is known, or nothing. Raises `InputError` if there is something else."""
        value = self.after.get(key)
        if value is not None and not isinstance(value, str):
            raise self.odd(key, "is not text")
        return value if value is not None and self.known(key) else ""

    def configures(self, key: str) -> bool:
        """Return whether somebody wrote the attribute; also where the configuration is not in the plan."""
        return self.configured is None or key in self.configured

    def blocks(self, key: str) -> list[JsonObject]:
        """Return the nested blocks of a name. Raises `InputError` if it holds something else."""
        value = self.after.get(key)
        rows = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(row, dict) for row in rows):
            raise self.odd(key, "is not made of objects")
        return rows

    def texts(self, key: str, *, of: str = "", block: JsonObject | None = None) -> list[str]:
        """Return the texts of a list, also of one in a `block` of the attribute `of`; what is not known is left out.

        Raises `InputError` if there is something else.
        """
        value = (self.after if block is None else block).get(key)
        rows = value if isinstance(value, list) else []
        unknown = not self.known(of or key)
        if value is not None and not (isinstance(value, list) and all(_may_be_text(row, unknown) for row in rows)):
            raise self.odd(key, "is not a list of texts")
        return [row for row in rows if isinstance(row, str)]

    def odd(self, key: str, what: str) -> InputError:
        """Return the error that says what is wrong with an attribute."""
        return InputError(f"input `{self.source}`: {self.where}: `{key}` {what}")


class PlanChanges:
    """One plan, read: its resources, what keeps it from being whole, and what is said of it."""

    def __init__(self, name: str, plan: JsonObject) -> None:
        self.name = name
        self.plan = plan
        root = child_of(child_of(plan, "configuration"), "root_module")
        try:
            self._expressions = dict(_expressions(root, ()))
        except _OddError as error:
            raise InputError(f"input `{name}`: /configuration: {error}") from error
        self.gone: list[tuple[str, str, bool]] = []
        """Type and address of what is not there after, and whether it only stops being managed."""
        self.all: tuple[Change, ...] = tuple(self._read())

    def of(self, *kinds: str) -> Iterator[Change]:
        """Yield the resources of some types, in the plan's order."""
        return (change for change in self.all if change.type in kinds)

    def unfinished(self) -> Iterator[str]:
        """Yield what keeps the plan from being all that will be."""
        if self.plan.get("errored") is True:
            yield "the plan ended with an error"
        if self.plan.get("complete") is False or self.plan.get("deferred_changes"):
            yield "the plan defers changes to another run"

    def lost_and_deleted(self, kinds: frozenset[str]) -> tuple[list[str], list[str]]:
        """Return reasons for what is no longer managed but stays, and notes on what is deleted, of some types."""
        mine = [(shown(address, 120), forgotten) for kind, address, forgotten in self.gone if kind in kinds]
        stays = [f"{where} stays, but is no longer managed: its state is not in the plan" for where, f in mine if f]
        return stays, [f"{where} is deleted" for where, forgotten in mine if not forgotten]

    def prior_values(self) -> Iterator[tuple[str, JsonObject]]:
        """Yield type and values of everything that the plan knows already, data sources too."""
        yield from _resources(child_of(child_of(self.plan, "prior_state"), "values").get("root_module"))

    def provider_value(self, provider: str, key: str) -> str:
        """Return a setting of a provider's default configuration, if it is written as text or a variable."""
        settings = child_of(child_of(self.plan, "configuration"), "provider_config").get(provider)
        expression = child_of(child_of(settings, "expressions"), key)
        constant = expression.get("constant_value")
        if isinstance(constant, str):
            return constant
        references = expression.get("references")
        names = [r for r in references if isinstance(r, str)] if isinstance(references, list) else []
        if len(names) == 1 and names[0].startswith("var."):
            value = child_of(child_of(self.plan, "variables"), names[0].removeprefix("var.")).get("value")
            return value if isinstance(value, str) else ""
        return ""

    def referred(self, change: Change, key: str, kind: str, attributes: tuple[str, ...]) -> Change | None:
        """Return the one resource that an unknown attribute is taken from, if it is that and no more."""
        expression = (change.configured or {}).get(key)
        references = expression.get("references") if isinstance(expression, dict) else None
        if not isinstance(references, list) or not references:
            return None
        names = {ref.split(".")[1] for ref in references if isinstance(ref, str) and ref.startswith(f"{kind}.")}
        if len(names) != 1:
            return None
        name = next(iter(names))
        allowed = {f"{kind}.{name}", *(f"{kind}.{name}.{attribute}" for attribute in attributes)}
        if not all(isinstance(ref, str) and ref in allowed for ref in references):
            return None
        found = [c for c in self.of(kind) if c.name == name and c.module == change.module]
        return found[0] if len(found) == 1 else None

    def made_of(self, change: Change, key: str) -> tuple[str, ...]:
        """Return the types of resources of this plan that an unknown attribute is taken from; () if it may be more."""
        expression = (change.configured or {}).get(key)
        references = expression.get("references") if isinstance(expression, dict) else None
        found: set[str] = set()
        for reference in references if isinstance(references, list) else ():
            kind, _, name = str(reference).partition(".")
            name = re.split(r"[.\[]", name)[0]
            if not any(c.name == name and c.module == change.module for c in self.of(kind)):
                return ()
            found.add(kind)
        return tuple(sorted(found))

    def sources_of(self, change: Change, key: str, attributes: tuple[str, ...]) -> list[Change]:
        """Return the resources of this plan that an unknown list is taken from; none where it may be anything else."""
        expression = (change.configured or {}).get(key)
        references = expression.get("references") if isinstance(expression, dict) else None
        found: dict[str, Change] = {}
        for reference in references if isinstance(references, list) else ():
            parts = str(reference).split(".")
            named = [c for c in self.of(parts[0]) if parts[1:2] == [c.name] and c.module == change.module]
            if len(named) != 1 or not set(parts[2:]) <= set(attributes):
                return []
            found[named[0].address] = named[0]
        return list(found.values())

    def others(self, read: frozenset[str], elsewhere: tuple[str, ...]) -> Counter[str]:
        """Return the types that are not read, counted; those of providers in `elsewhere` are judged by others."""
        return Counter(c.type for c in self.all if c.type not in read and not c.type.startswith(elsewhere or ("\0",)))

    def _read(self) -> Iterator[Change]:
        rows = self.plan.get("resource_changes", [])
        if not isinstance(rows, list):
            raise InputError(f"input `{self.name}`: /resource_changes: is not a list")
        for number, row in enumerate(rows):
            change = row.get("change") if isinstance(row, dict) else None
            if not isinstance(change, dict) or not all(
                isinstance(row.get(k), str) for k in ("address", "type", "name")
            ):
                raise InputError(f"input `{self.name}`: /resource_changes/{number}: is not a resource change")
            if row.get("mode") == "data":
                continue
            if not isinstance(change.get("after"), dict):
                if change.get("after") is not None or not _removes(change.get("actions")):
                    raise InputError(f"input `{self.name}`: /resource_changes/{number}/change/after: is not an object")
                self.gone.append((row["type"], row["address"], change.get("actions") == ["forget"]))
                continue
            yield self._change(row, change)

    def _change(self, row: JsonObject, change: JsonObject) -> Change:
        module = str(row.get("module_address") or "")
        path = tuple(re.findall(r"module\.([^.\[]+)", module))
        unknown = change.get("after_unknown", {})
        if not isinstance(unknown, dict):
            raise InputError(f"input `{self.name}`: {shown(row['address'], 120)}: `after_unknown` is not an object")
        return Change(
            address=row["address"],
            type=row["type"],
            name=row["name"],
            module=module,
            after=change["after"],
            unknown=unknown,
            configured=self._expressions.get((path, f"{row['type']}.{row['name']}")),
            source=self.name,
        )


def _may_be_text(value: Any, unknown: bool) -> bool:
    """Return whether a list of texts may hold a value: null stands for what is not known."""
    return isinstance(value, str) or (value is None and unknown)


def _removes(actions: Any) -> bool:
    """Return whether nothing is left after the actions of a change."""
    known = isinstance(actions, list) and bool(actions) and all(isinstance(action, str) for action in actions)
    return known and not {"create", "update"} & set(actions)


def child_of(holder: Any, key: str) -> JsonObject:
    """Return an object below a key, or an empty one."""
    found = holder.get(key) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}


def _expressions(module: JsonObject, path: tuple[str, ...]) -> Iterator[tuple[tuple[tuple[str, ...], str], JsonObject]]:
    """Yield the expressions of every resource of the configuration, by module path and `type.name`."""
    for resource in _objects(module.get("resources")):
        expressions = resource.get("expressions", {})
        if not isinstance(expressions, dict) or not all(isinstance(resource.get(k), str) for k in ("type", "name")):
            raise _OddError("a resource is not one")
        if resource.get("mode") != "data":
            yield (path, f"{resource['type']}.{resource['name']}"), expressions
    for name, call in child_of(module, "module_calls").items():
        yield from _expressions(child_of(call, "module"), (*path, name))


def _resources(module: Any) -> Iterator[tuple[str, JsonObject]]:
    """Yield type and values of every resource of a state's module and the modules below it."""
    if not isinstance(module, dict):
        return
    for resource in _rows(module.get("resources")):
        if isinstance(resource, dict) and isinstance(resource.get("values"), dict):
            yield str(resource.get("type")), resource["values"]
    for below in _rows(module.get("child_modules")):
        yield from _resources(below)


class _OddError(ValueError):
    """What a configuration holds is not what Terraform writes."""


def _objects(value: Any) -> list[JsonObject]:
    """Return the objects of a list, none where there is none. Raises `_OddError` where it is something else."""
    if value is not None and not (isinstance(value, list) and all(isinstance(row, dict) for row in value)):
        raise _OddError("`resources` is not a list of objects")
    return value or []


def _rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def any_true(unknown: Any) -> bool:
    """Return whether anything in an `after_unknown` value is unknown."""
    if isinstance(unknown, dict):
        return any(map(any_true, unknown.values()))
    if isinstance(unknown, list):
        return any(map(any_true, unknown))
    return unknown is True
