"""porter.yaml: services and their connections to cloud identities, as Porter documents them, with line numbers.

Connection types and fields: https://docs.porter.run/applications/configuration-as-code/services/connections
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from scanner.collect.strict_json import shown
from scanner.collect.strict_yaml import MAX_YAML_BYTES, YamlDocument, read_yaml
from scanner.errors import InputError
from scanner.model.common import JsonObject
from scanner.model.porter_yaml import (
    AwsRoleConnection,
    AzureIdentityConnection,
    CloudSqlConnection,
    Connection,
    DeclaredService,
    DiskConnection,
    EnvName,
    GcpServiceAccountConnection,
    PorterYaml,
    Problem,
    UnreadConnection,
)

STATIC_CREDENTIALS: Final = frozenset(
    {
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE"),
        *("AWS_ACCESS_KEY", "AWS_SECRET_KEY"),
        *("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_PASSWORD", "ARM_CLIENT_SECRET"),
        *("ARM_CLIENT_CERTIFICATE", "ARM_CLIENT_CERTIFICATE_PATH", "ARM_ACCESS_KEY", "ARM_SAS_TOKEN"),
        *("AZURE_STORAGE_KEY", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_SAS_TOKEN"),
        *("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS_JSON"),
        *("GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"),
    }
)
"""Variables from which the clouds' SDKs and tools take a credential that does not expire by itself."""

# Names as IAM, Azure and GCP allow them (resource naming pages of the three, read 2026-09-01).
_ROLE: Final = re.compile(
    r"[\w+=,.@-]{1,64}|arn:aws(?:-cn|-us-gov)?:iam::[0-9]{12}:role/(?:[\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}", re.ASCII
)
_IDENTITY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}")
_RESOURCE_GROUP: Final = re.compile(r"[\w.()-]{0,89}[\w()-]")
_EMAIL: Final = re.compile(
    r"[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z][a-z0-9-]{4,28}[a-z0-9](?:\.[a-z0-9.-]+)?\.iam\.gserviceaccount\.com"
)
_ACCOUNT_NAME: Final = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_INSTANCE: Final = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]:[a-z]+-[a-z]+[0-9]+:[a-z][a-z0-9-]{0,97}")
_DISK: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_OPEN: Final = re.compile(r"\$\{|\{\{|\$[A-Za-z_]|<[^>]*>")

_Report = Callable[[str, str, str], None]
"""Told of a problem: pointer, code, message."""


def read_porter_yaml(path: Path) -> PorterYaml:
    """Return what a file declares. Raises `InputError` (file, line) if it cannot be read or is no porter.yaml."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_YAML_BYTES + 1)
    except OSError as error:
        raise InputError(f"input `{path.name}`: cannot be read: {(error.strerror or 'unknown').lower()}") from error
    return parse_porter_yaml(path.name, data)


def parse_porter_yaml(name: str, data: bytes) -> PorterYaml:
    """Return what the bytes of a porter.yaml declare; what is not as documented becomes a problem with its line.

    Raises `InputError` (file, line) where the YAML is refused, or where services cannot be told apart.
    """
    return _File(name, read_yaml(name, data)).read()


class _File:
    """One porter.yaml on its way to records."""

    def __init__(self, name: str, document: YamlDocument) -> None:
        self._name = name
        self._lines = document.lines
        self._root: Any = document.value
        self._problems: list[Problem] = []
        self._read: set[str] = set()
        """Pointers of the lists of connections that were read."""

    def read(self) -> PorterYaml:
        """Return the records."""
        root = self._mapping(self._root, "", "the file")
        if "services" not in root:
            raise self._error("", "there are no `services`")
        services = tuple(self._services(root))
        env = self._env(root, "", "")
        for key in ("predeploy", "initialDeploy"):
            if isinstance(root.get(key), dict):
                services = (*services, self._service(root[key], f"/{key}", key))
        if "apps" in root:
            self._problem("/apps", "NOT_READ", "", "`apps` is not read; give each app a file of its own")
        for at in self._elsewhere({key: value for key, value in root.items() if key != "apps"}, ""):
            self._problem(at, "UNKNOWN_FIELD", "", "`connections` are documented for services only; these are not read")
        app = root.get("name")
        return PorterYaml(
            file=self._name,
            app=app if isinstance(app, str) else None,
            services=services,
            env=env,
            problems=tuple(sorted(self._problems, key=lambda p: (p.line, p.code, p.message))),
        )

    def _services(self, root: JsonObject) -> Iterator[DeclaredService]:
        seen: dict[str, int] = {}
        for at, raw in self._items(root["services"], "/services"):
            service = self._mapping(raw, at, "a service")
            name = service.get("name")
            if not isinstance(name, str) or not name:
                raise self._error(at, "a service has no `name`")
            if name in seen:
                raise self._error(at, f"service `{shown(name)}` stands in line {seen[name]} already")
            seen[name] = self._line(at)
            yield self._service(service, at, name)

    def _service(self, raw: JsonObject, at: str, name: str) -> DeclaredService:
        connections: list[Connection] = []
        first: dict[str, int] = {}
        self._read.add(f"{at}/connections")
        listed = raw.get("connections")
        for place, item in self._items([] if listed is None else listed, f"{at}/connections"):
            connection = self._mapping(item, place, "a connection")
            kind = connection.get("type")
            if isinstance(kind, str) and kind in first:
                message = f"a second `{shown(kind)}`; the first is in line {first[kind]}, and only one is permitted"
                self._problem(place, "DUPLICATE_TYPE", name, message)
            elif isinstance(kind, str):
                first[kind] = self._line(place)
            connections.append(self._connection(connection, place, name))
        return DeclaredService(
            name=name,
            line=self._line(at),
            connections=tuple(connections),
            env=self._env(raw, at, name),
        )

    def _connection(self, raw: JsonObject, at: str, service: str) -> Connection:
        kind = raw.get("type")
        reader = _READERS.get(kind) if isinstance(kind, str) else None
        if reader is None:
            known = ", ".join(f"`{name}`" for name in _READERS)
            what = f"`{shown(str(kind))}` is not a connection type" if "type" in raw else "a connection has no `type`"
            self._problem(at, "UNKNOWN_TYPE", service, f"{what}; documented are {known}")
            return UnreadConnection(line=self._line(at), type=shown(str(kind)) if "type" in raw else "")

        def report(pointer: str, code: str, message: str) -> None:
            self._problem(pointer, code, service, f"`{kind}`: {message}")

        found = reader(raw, at, self._line(at), report)
        return found or UnreadConnection(line=self._line(at), type=str(kind))

    def _env(self, holder: JsonObject, at: str, service: str) -> tuple[EnvName, ...]:
        """Return the names of variables; a value never leaves this function."""
        env = holder.get("env")
        if env is None:
            return ()
        if not isinstance(env, dict):
            self._problem(f"{at}/env", "NOT_READ", service, "`env` is not a mapping of names to values")
            return ()
        names = tuple(EnvName(name, self._line(_child(f"{at}/env", name))) for name in env)
        for found in names:
            if found.name.upper() in STATIC_CREDENTIALS:
                message = f"`{shown(found.name)}` is a static credential; a connection needs none"
                self._problem(_child(f"{at}/env", found.name), "STATIC_CREDENTIAL", service, message)
        return names

    def _elsewhere(self, value: Any, at: str) -> Iterator[str]:
        """Yield the pointers of connections that stand where none are documented."""
        if isinstance(value, dict):
            for key, below in value.items():
                place = _child(at, key)
                if key == "connections" and below and place not in self._read:
                    yield place
                elif place not in self._read:
                    yield from self._elsewhere(below, place)
        elif isinstance(value, list):
            for number, item in enumerate(value):
                yield from self._elsewhere(item, f"{at}/{number}")

    def _items(self, value: Any, at: str) -> Iterator[tuple[str, Any]]:
        if not isinstance(value, list):
            raise self._error(at, f"`{at.rsplit('/', 1)[-1]}` is not a list")
        return ((f"{at}/{number}", item) for number, item in enumerate(value))

    def _mapping(self, value: Any, at: str, what: str) -> JsonObject:
        if not isinstance(value, dict):
            raise self._error(at, f"{what} is not a mapping")
        return value

    def _line(self, at: str) -> int:
        return self._lines.get(at, 1)

    def _problem(self, at: str, code: str, service: str, message: str) -> None:
        self._problems.append(Problem(self._line(at), code, service, message))

    def _error(self, at: str, what: str) -> InputError:
        return InputError(f"input `{self._name}`: line {self._line(at)}: {what}")


def _child(at: str, key: str) -> str:
    return f"{at}/{key.replace('~', '~0').replace('/', '~1')}"


def _text(raw: JsonObject, key: str, at: str, form: re.Pattern[str], like: str, report: _Report) -> str | None:
    """Return a required text of a form, or None after a report."""
    value = raw.get(key)
    place = _child(at, key) if key in raw else at
    if value is None or value == "":
        report(place, "MISSING_FIELD", f"`{key}` is missing")
    elif not isinstance(value, str):
        report(place, "WRONG_FORMAT", f"`{key}` is not text")
    elif _OPEN.search(value):
        report(place, "NOT_RESOLVED", f"`{key}` is filled in elsewhere, so what it names is not known")
    elif not form.fullmatch(value):
        report(place, "WRONG_FORMAT", f"`{key}` is `{shown(value)}`, not {like}")
    else:
        return value
    return None


def _others(raw: JsonObject, known: tuple[str, ...], at: str, report: _Report) -> None:
    for key in raw:
        if key not in known:
            report(_child(at, key), "UNKNOWN_FIELD", f"`{shown(key)}` is not a documented field")


def _config(raw: JsonObject, at: str, known: tuple[str, ...], report: _Report) -> JsonObject | None:
    _others(raw, ("type", "config"), at, report)
    config = raw.get("config")
    if not isinstance(config, dict):
        report(_child(at, "config") if "config" in raw else at, "MISSING_FIELD", "`config` is missing or not a mapping")
        return None
    _others(config, known, f"{at}/config", report)
    return config


def _aws_role(raw: JsonObject, at: str, line: int, report: _Report) -> Connection | None:
    _others(raw, ("type", "role"), at, report)
    role = _text(raw, "role", at, _ROLE, "a role name or the ARN of a role", report)
    return AwsRoleConnection(line=line, role=role) if role else None


def _azure_identity(raw: JsonObject, at: str, line: int, report: _Report) -> Connection | None:
    _others(raw, ("type", "identityName", "resourceGroup"), at, report)
    name = _text(raw, "identityName", at, _IDENTITY, "the name of a managed identity", report)
    group = _text(raw, "resourceGroup", at, _RESOURCE_GROUP, "the name of a resource group", report)
    return AzureIdentityConnection(line=line, identity_name=name, resource_group=group) if name and group else None


def _gcp_service_account(raw: JsonObject, at: str, line: int, report: _Report) -> Connection | None:
    _others(raw, ("type", "serviceAccountEmail"), at, report)
    like = "a fully qualified `NAME@PROJECT.iam.gserviceaccount.com`"
    email = _text(raw, "serviceAccountEmail", at, _EMAIL, like, report)
    return GcpServiceAccountConnection(line=line, email=email) if email else None


def _cloud_sql(raw: JsonObject, at: str, line: int, report: _Report) -> Connection | None:
    keys = ("cloudSqlConnectionName", "cloudSqlDatabasePort", "cloudSqlServiceAccount")
    config = _config(raw, at, keys, report)
    if config is None:
        return None
    at = f"{at}/config"
    instance = _text(config, keys[0], at, _INSTANCE, "`PROJECT:REGION:INSTANCE`", report)
    port = config.get(keys[1])
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        place, code = (f"{at}/{keys[1]}", "WRONG_FORMAT") if keys[1] in config else (at, "MISSING_FIELD")
        report(place, code, f"`{keys[1]}` is {'not a port number' if keys[1] in config else 'missing'}")
        port = None
    either = re.compile(f"(?:{_ACCOUNT_NAME.pattern})|(?:{_EMAIL.pattern})")
    account = _text(config, keys[2], at, either, "the name or e-mail of a service account", report)
    if not (instance and port and account):
        return None
    return CloudSqlConnection(line=line, connection_name=instance, port=port, service_account=account)


def _disk(raw: JsonObject, at: str, line: int, report: _Report) -> Connection | None:
    config = _config(raw, at, ("diskName",), report)
    name = (
        _text(config, "diskName", f"{at}/config", _DISK, "the name of a disk", report) if config is not None else None
    )
    return DiskConnection(line=line, disk_name=name) if name else None


_READERS: Final[dict[str, Callable[[JsonObject, str, int, _Report], Connection | None]]] = {
    "awsRole": _aws_role,
    "azureManagedIdentity": _azure_identity,
    "gcpServiceAccount": _gcp_service_account,
    "cloudSql": _cloud_sql,
    "disk": _disk,
}
CONNECTION_TYPES: Final = tuple(_READERS)
"""The connection types that are read, as `type` names them."""
