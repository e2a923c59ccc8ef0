"""Scenarios are data: what is changed in the account as documented, and which rules must say so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from scanner.localcloud.aws import LoopbackAws
from scanner.localcloud.operations import OPERATIONS
from scanner.localcloud.provision import AwsFacts
from scanner.localcloud.scenario_file import read_yaml
from scanner.model.common import JsonObject


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One deviation from the documented account, and how it must be reported."""

    id: str
    kind: str
    """The kind of mutation: action_added, condition_dropped, principal_added ..."""
    title: str
    """What happened, for people."""
    subject: str
    """Live name of the role or user, namespace/service account of an association, or name of the stack."""
    reported_by: frozenset[str]
    """Every rule that must report it. A rule that fails for the subject and stands in no change is a false alarm."""
    mark: str
    """Text that the finding of at least one of these rules must hold: an action, a principal, a policy's name."""
    do: tuple[JsonObject, ...]
    previous_boundary: str = ""
    """ARN of the boundary that the subject had in the previous run."""


class Rewrite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another text for the same access: no rule may report it."""

    id: str
    title: str
    do: tuple[JsonObject, ...]


class AwsScenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The AWS part of a scenario."""

    changes: tuple[Change, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    alternatives: tuple[Change, ...] = ()
    """Changes that exclude each other, each to be applied alone; the demo leaves them out."""
    since_previous: tuple[Change, ...] = ()
    """Changes that only a run which knows the previous one can report."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `scenarios/`; other clouds get their own key."""

    scenario: str
    title: str
    aws: AwsScenario = AwsScenario()


def load_scenario(name: str, facts: AwsFacts) -> Scenario:
    """Return a scenario with the account's facts filled in.

    Raises `UsageError` if there is none of that name; a file that does not fit the records is a bug of ours.
    """
    return msgspec.convert(read_yaml(f"{name}.yaml", facts), Scenario)


def apply_aws(cloud: LoopbackAws, scenario: Scenario) -> None:
    """Make the scenario's rewrites and changes in a provisioned account."""
    for rewrite in scenario.aws.rewrites:
        apply(cloud, rewrite)
    for change in scenario.aws.changes:
        apply(cloud, change)


def apply(cloud: LoopbackAws, item: Change | Rewrite) -> None:
    """Make one change. Raises `LookupError`, naming it, if the account does not hold what is to be changed."""
    apply_steps(cloud, item.do, f"change {item.id}")


def apply_steps(cloud: LoopbackAws, steps: Iterable[JsonObject], name: str) -> None:
    """Make steps in order. Raises `LookupError`, with `name` in front, if the account does not hold what is changed."""
    for step in steps:
        arguments: dict[str, Any] = dict(step)
        operation = OPERATIONS[arguments.pop("op")]
        try:
            operation(cloud, **arguments)
        except LookupError as error:
            raise LookupError(f"{name}: {error}") from error
