"""The IAM entities of a template, in the shape of GetAccountAuthorizationDetails, as a snapshot of planned access."""

from __future__ import annotations

from typing import Any

import msgspec

from scanner import __version__
from scanner.collect.aws.allowlist import apis_of
from scanner.collect.aws.authorization_pages import count_entities
from scanner.collect.exports.gaad import Reading
from scanner.collect.strict_json import shown
from scanner.model.common import JsonObject
from scanner.model.kinds import AUTHORIZATION_DETAILS, AWS_UNIT_KINDS, UNREADABLE, UnitKind, aws_unit_id
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitError, UnitStatus

NO_ACCOUNT = "000000000000"
"""Stands for the account where neither the template nor the user names one: the same on both sides of a comparison."""
UNNAMED_ACCOUNT = "account not named: give --param account_id=..."
OTHER_RESOURCES = "aws.template.other_resources"
"""Kind of the unit that names what else is in the template, on the coverage list."""
_SHOWN = 6


class PlannedAccount:
    """Collects the roles and policies of one template; what cannot be read is a marker or a reason, never nothing."""

    def __init__(self, account: str | None, partition: str) -> None:
        self.account = account or NO_ACCOUNT
        self.named = account is not None
        self.partition = partition
        self.lost: list[str] = []
        """Why the list of identities may not be whole; with one reason it never counts as complete."""
        self.notes: list[str] = []
        """What else stands in the template, for the coverage list."""
        self._roles: dict[str, JsonObject] = {}
        self._policies: dict[str, JsonObject] = {}

    def arn(self, kind: str, path: str, name: str) -> str:
        """Return the ARN that a role or policy will have."""
        return f"arn:{self.partition}:iam::{self.account}:{kind}{path}{name}"

    def role(self, name: str, path: str, trust: Any) -> JsonObject:
        """Add a role and return it; a second one of the same name (IAM ignores case) is a reason, and the same role."""
        known = self._roles.get(name.lower())
        if known is not None:
            self.lost.append(f"two resources make a role named `{name}`")
            return known
        made: JsonObject = {
            "Path": path,
            "RoleName": name,
            "RoleId": f"planned:{name}",
            "Arn": self.arn("role", path, name),
            "AssumeRolePolicyDocument": trust,
            "RolePolicyList": [],
            "AttachedManagedPolicies": [],
            "InstanceProfileList": [],
            "Tags": [],
        }
        self._roles[name.lower()] = made
        return made

    def role_named(self, name: str) -> JsonObject:
        """Return a role of the template, or one that exists outside it and of which only what is added is known."""
        known = self._roles.get(name.lower())
        if known is not None:
            return known
        reason = "the role is not in the template, which only adds to it"
        role = self.role(name, "/", unreadable(reason))
        self.inline(role, "(policies the role has already)", unreadable(reason))
        return role

    def inline(self, role: JsonObject, name: str, document: Any) -> None:
        """Give a role an inline policy under a name of its own."""
        taken = {policy["PolicyName"] for policy in role["RolePolicyList"]}
        unique = next(n for n in (name, *(f"{name} ({i})" for i in range(2, len(taken) + 3))) if n not in taken)
        role["RolePolicyList"].append({"PolicyName": unique, "PolicyDocument": document})

    def attach(self, role: JsonObject, arn: str) -> None:
        """Attach a managed policy to a role."""
        attached = {"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn}
        if attached not in role["AttachedManagedPolicies"]:
            role["AttachedManagedPolicies"].append(attached)

    def managed(self, name: str, path: str, document: Any) -> str:
        """Add a managed policy and return its ARN."""
        arn = self.arn("policy", path, name)
        if arn in self._policies:
            self.lost.append(f"two resources make a policy named `{name}`")
            document = unreadable("two resources make a policy of this name")
        self._policies[arn] = {
            "PolicyName": name,
            "Arn": arn,
            "Path": path,
            "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": document}],
        }
        return arn

    def page(self) -> JsonObject:
        """Return everything as one page."""
        return {
            "UserDetailList": [],
            "GroupDetailList": [],
            "RoleDetailList": [self._roles[key] for key in sorted(self._roles)],
            "Policies": [self._policies[arn] for arn in sorted(self._policies)],
            "IsTruncated": False,
        }


def unreadable(reason: str) -> JsonObject:
    """Return what stands in the place of a document that the template does not decide."""
    return {UNREADABLE: reason}


def planned_snapshot(planned: PlannedAccount, reading: Reading, what: str) -> Snapshot:
    """Return the snapshot of a template; `what` names the kind of file. Everything but IAM roles is not in it."""
    page = planned.page()
    reading.redactor.document(page)
    reading.redactor.scrub(page)
    lost, notes = (reading.redactor.message(_joined(said)) for said in (planned.lost, planned.notes))
    units = [_unit(kind, planned, page, what, lost) for kind in AWS_UNIT_KINDS]
    if notes:
        units.append(_others(planned, notes))
    scope = Scope(
        cloud="aws",
        kind="account",
        id=planned.account,
        name=None if planned.named else UNNAMED_ACCOUNT,
        partition=planned.partition,
        presence=reading.presence,
    )
    return Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.TEMPLATE,
        tool_version=__version__,
        collected_at=reading.now,
        scopes=(scope,),
        units=tuple(units),
        external_ids=reading.redactor.facts(),
        redactions=reading.redactor.count,
    )


def _unit(kind: UnitKind, planned: PlannedAccount, page: JsonObject, what: str, lost: str) -> Unit:
    unit = Unit(
        unit_id=aws_unit_id(planned.account, "global", kind.kind),
        kind=kind.kind,
        cloud="aws",
        scope_id=planned.account,
        region="global",
        required=kind.required,
        status=UnitStatus.NOT_IN_INPUT,
        apis=apis_of(kind.kind),
        error=UnitError("NotInInput", f"the input is {what}: of an account it shows planned IAM roles only"),
    )
    if kind.kind != AUTHORIZATION_DETAILS:
        return unit
    return msgspec.structs.replace(
        unit,
        status=UnitStatus.TRUNCATED if lost else UnitStatus.COMPLETE,
        pages=(page,),
        items=count_entities(page),
        error=UnitError("Undecided", lost) if lost else None,
    )


def _others(planned: PlannedAccount, notes: str) -> Unit:
    return Unit(
        unit_id=aws_unit_id(planned.account, "global", OTHER_RESOURCES),
        kind=OTHER_RESOURCES,
        cloud="aws",
        scope_id=planned.account,
        region="global",
        required=False,
        status=UnitStatus.NOT_IN_INPUT,
        apis=(),
        error=UnitError("NotJudged", notes),
    )


def _joined(reasons: list[str]) -> str:
    unique = list(dict.fromkeys(shown(" ".join(reason.split()), 200) for reason in reasons))
    more = f"; and {len(unique) - _SHOWN} more" if len(unique) > _SHOWN else ""
    return "; ".join(unique[:_SHOWN]) + more
