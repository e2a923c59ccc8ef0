"""What a rule is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.baseline.records import AwsBaseline, DocumentedRole
from scanner.model.finding import Axis, Outcome, Reference, Remediation, Severity
from scanner.model.inventory import AwsAccount, AwsRole, Inventory
from scanner.model.snapshot import Scope
from scanner.rules.judge import RoleJudgement


class Settings(msgspec.Struct, frozen=True):
    """What the operator may set for rules."""

    unused_after_days: int = 90
    previous_boundaries: tuple[tuple[str, str], ...] = ()
    """Role ARN -> boundary ARN of the previous run, where one was given."""
    previous_external_ids: tuple[tuple[str, str], ...] = ()
    """Role ARN -> ExternalId token of the previous run."""
    previous_gcp_roles: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """GCP role -> its permissions in the previous run."""
    has_previous: bool = False
    secret_expiry_days: tuple[int, int, int] = (30, 14, 7)
    """Days before a client secret's end at which the finding becomes low, medium, high."""
    previous_credentials: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Application or service principal -> key ids of its secrets and certificates in the previous run."""
    previous_conditions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """GCP provider or bound role -> the conditions that limited it in the previous run."""


class Scoped(Protocol):
    """An account, project or subscription."""

    @property
    def scope(self) -> Scope:
        """Return the scope as the snapshot names it."""
        ...


class RuleContext(Protocol):
    """What the engine needs of any cloud's context."""

    @property
    def account(self) -> Scoped:
        """Return what is judged."""
        ...

    @property
    def inventory(self) -> Inventory:
        """Return everything that was read."""
        ...

    @property
    def as_of(self) -> datetime:
        """Return the rules' clock."""
        ...


class AwsContext(msgspec.Struct, frozen=True):
    """Everything a rule may look at for one AWS account. Pure data; `judge` memoises comparisons."""

    account: AwsAccount
    inventory: Inventory
    baseline: AwsBaseline
    """Variables are bound: ARNs hold the account, partition and vendor account; only `{external_id}` may remain."""
    settings: Settings
    as_of: datetime
    catalogue: Catalogue
    judge: Callable[[AwsRole], RoleJudgement]
    """Return the role's comparison with its documented role. Memoised; may raise `PolicyError`."""
    documented: Callable[[AwsRole], DocumentedRole | None]
    """Return the documented role a live role is held to be, by name."""
    porter_roles: tuple[AwsRole, ...]
    """Roles that are the vendor's by name or by its tag, or that admit one of the vendor's accounts."""
    open_to_organizations: tuple[AwsRole, ...] = ()
    """Other roles that admit the vendor if a given organization is its own; a person has to compare."""


class Rule(msgspec.Struct, frozen=True):
    """One rule. The module's docstring is its page."""

    id: str
    title: str
    """The compliant state, at most 100 characters."""
    severity: Severity
    axis: Axis
    family: str
    """Key in `baselines/controls.yaml`."""
    requires: tuple[str, ...]
    """Kinds of collection units without which no PASS is possible and the run is incomplete."""
    check: Callable[..., Iterator[Outcome]]
    """Takes the context of the rule's cloud: `AwsContext`, or another that is a `RuleContext`."""
    remediation: Remediation
    references: tuple[Reference, ...] = ()
    claims: tuple[int, ...] = ()
    supplementary: tuple[str, ...] = ()
    """Kinds without which no PASS is possible, but which never block the core verdict."""
    version: int = 1
    cloud: str = "aws"
    services: bool = False
    """It judges what porter.yaml files declare, and takes a context of its own."""
