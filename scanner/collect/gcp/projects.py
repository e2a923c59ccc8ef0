"""GCP projects, read one after the other from their live APIs into a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from scanner.collect.gcp import units as gcp_units
from scanner.collect.gcp.session import GcpOptions, GcpReading, GcpSession, start_error
from scanner.collect.gcp.snapshot import Container, Read, assemble
from scanner.collect.gcp.unit import GcpReader, read_gcp_unit
from scanner.collect.unit import UnitResult
from scanner.errors import CollectError
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import Snapshot, UnitStatus

Progress = Callable[[str, int, int], None]
"""Told what is being read, how many units are done, and how many there are as far as is known."""


def collect_gcp(
    options: GcpOptions,
    *,
    clock: Callable[[], datetime],
    presence: str = "unknown",
    progress: Progress | None = None,
    session: GcpReading | None = None,
) -> Snapshot:
    """Return what the projects' APIs answer, each unit with how reading it ended.

    Sends only the calls of `GCP_CALLS`. Projects are those named, or all below the folder or organization, or the
    one of the credentials. Raises `CollectError` if reading cannot start at all.
    """
    if session is not None:
        return _collect(options, session, clock, presence, progress)
    made = GcpSession(options, clock)
    try:
        return _collect(options, made, clock, presence, progress)
    finally:
        made.close()


def _collect(
    options: GcpOptions,
    session: GcpReading,
    clock: Callable[[], datetime],
    presence: str,
    progress: Progress | None,
) -> Snapshot:
    collector = _Collector(session, clock, progress)
    container = collector.container(options)
    names = list(options.projects) or (container.projects() if container else [_default_project(session)])
    started = clock()
    return assemble(started, presence, session.principal(), container, collector.read(names))


def _default_project(session: GcpReading) -> str:
    found = getattr(session, "default_project", None)
    if not found:
        raise CollectError("no project is named and the credentials bring none", advice="name one with --project")
    return str(found)


class _Collector:
    """Reads the units of projects in the order in which they need each other."""

    def __init__(self, session: GcpReading, clock: Callable[[], datetime], progress: Progress | None) -> None:
        self._session = session
        self._clock = clock
        self._progress = progress
        self._begun = 0
        self._total = len(kinds.GCP_UNIT_KINDS)

    def container(self, options: GcpOptions) -> Container | None:
        """Read which projects there are below the folder or organization, if one is named."""
        named = f"folders/{options.folder}" if options.folder else None
        named = f"organizations/{options.organization}" if options.organization else named
        if named is None:
            return None
        result = self._unit(kinds.PROJECTS, partial(gcp_units.projects_below, container=named))
        self._refuse_start(result)
        return Container(named, result)

    def read(self, projects: Sequence[str]) -> list[Read]:
        """Return every unit of every project."""
        self._total = self._begun + len(kinds.GCP_UNIT_KINDS) * len(projects)
        found = {one.project_id: one for name in projects for one in (self._project(name),)}
        self._tell("done", 0)
        return list(found.values())

    def _tell(self, what: str, begins: int) -> None:
        if self._progress is not None:
            self._progress(what, self._begun, self._total)
            self._begun += begins

    def _unit(self, kind: str, read: Callable[[GcpReader], None]) -> UnitResult:
        self._tell(kind, 1)
        return read_gcp_unit(kind, read, self._session, self._clock)

    def _refuse_start(self, result: UnitResult) -> None:
        fatal = start_error(result.error.code) if result.error else None
        if fatal is not None:
            raise fatal

    def _project(self, name: str) -> Read:
        """Read one project; one that is named by its number goes by its id, as policies and accounts name it."""
        itself = self._unit(kinds.PROJECT, partial(gcp_units.project, project_id=name))
        self._refuse_start(itself)
        own = next((str(p.get("projectId") or "") for p in itself.pages), "") or name
        return Read(own, tuple(self._units(own, itself)))

    def _units(self, name: str, itself: UnitResult) -> list[UnitResult]:
        policy = self._unit(kinds.PROJECT_POLICY, partial(gcp_units.project_policy, project_id=name))
        accounts = self._accounts(name)
        parent = next((str(p.get("parent") or "") for p in itself.pages), "")
        above = self._unit(kinds.ANCESTORS, partial(_ancestors, parent=parent, known=_complete(itself)))
        below = self._unit(kinds.POLICIES_BELOW, partial(gcp_units.policies_below, project_id=name))
        return [
            itself,
            policy,
            *accounts,
            self._unit(kinds.HMAC_KEYS, partial(gcp_units.hmac_keys, project_id=name)),
            self._unit(kinds.POOLS, partial(gcp_units.pools, project_id=name)),
            self._unit(kinds.SERVICES, partial(gcp_units.services, project_id=name)),
            above,
            below,
            self._roles(policy, accounts, above, below),
            self._unit(kinds.CUSTOM_ROLES, partial(gcp_units.custom_roles, project_id=name)),
            self._deny_policies(name, parent, itself, above),
            self._unit(kinds.BILLING, partial(gcp_units.billing, project_id=name)),
            self._unit(kinds.NODES, partial(gcp_units.node_pools, project_id=name)),
        ]

    def _accounts(self, name: str) -> list[UnitResult]:
        listed = self._unit(kinds.SERVICE_ACCOUNTS, partial(gcp_units.service_accounts, project_id=name))
        emails = gcp_units.names_in(listed.pages, "accounts", "email")
        known = _complete(listed)
        return [
            listed,
            self._unit(
                kinds.SERVICE_ACCOUNT_POLICIES,
                partial(gcp_units.account_policies, project_id=name, emails=emails, all_known=known),
            ),
            self._unit(
                kinds.SERVICE_ACCOUNT_KEYS,
                partial(gcp_units.account_keys, project_id=name, emails=emails, all_known=known),
            ),
        ]

    def _roles(
        self, policy: UnitResult, accounts: Sequence[UnitResult], above: UnitResult, below: UnitResult
    ) -> UnitResult:
        """Read the roles that matter: whatever a service account of the project holds, and who may act as one."""
        listed, account_policies, _ = accounts
        emails = gcp_units.names_in(listed.pages, "accounts", "email")
        policies = [*policy.pages, *above.pages]
        found = set(_roles_of_accounts(policies, emails, _SETS))
        found |= {r for page in account_policies.pages for r in _bound_roles(page)}
        # Everybody may read many a bucket: that is not what Porter's account was given.
        resources = [one.get("policy") or {} for page in below.pages for one in page.get("results") or ()]
        found |= set(_roles_of_accounts(resources, emails, ()))
        found |= {r for page in policies for r in _bound_roles(page) if not r.startswith("roles/")}
        googles = {role for role in found if role.startswith("roles/")}
        known = _complete(policy) and _complete(account_policies)
        read = partial(gcp_units.roles, names=sorted(googles), others=sorted(found - googles), all_known=known)
        return self._unit(kinds.ROLES, read)

    def _deny_policies(self, name: str, parent: str, itself: UnitResult, above: UnitResult) -> UnitResult:
        nodes = [f"projects/{name}"]
        for page in above.pages:
            resource = str(page.get("_call", {}).get("params", {}).get("resource") or "")
            nodes += [resource] if resource else []
        read = partial(gcp_units.deny_policies, nodes=nodes, all_known=_complete(itself) and _complete(above))
        return self._unit(kinds.DENY_POLICIES, read)


def _ancestors(reader: GcpReader, parent: str, known: bool) -> None:
    gcp_units.ancestors(reader, parent)
    if not known:
        gcp_units.not_known(reader, "the project was not read, so what stands above it is not known")


def _complete(result: UnitResult) -> bool:
    return result.status is UnitStatus.COMPLETE


def _bound_roles(page: JsonObject) -> list[str]:
    return [str(b.get("role")) for b in page.get("bindings") or () if _is_readable(str(b.get("role") or ""))]


_SETS = ("allUsers", "allAuthenticatedUsers")


def _roles_of_accounts(pages: Sequence[JsonObject], emails: Sequence[str], sets: Sequence[str]) -> list[str]:
    """Return the roles of bindings that name a service account of the project, all of them, or one of the sets."""
    own = {f"serviceAccount:{email}".lower() for email in emails}
    found: list[str] = []
    for page in pages:
        for binding in page.get("bindings") or ():
            members = [str(m) for m in binding.get("members") or ()]
            mine = any(m.lower() in own or m in sets or m.endswith("/type/ServiceAccount") for m in members)
            role = str(binding.get("role") or "")
            if mine and _is_readable(role):
                found.append(role)
    return found


def _is_readable(role: str) -> bool:
    """Return whether a role's name can be asked for; a name that hides a condition is no role's."""
    return bool(role) and "_withcond_" not in role
