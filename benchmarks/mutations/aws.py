"""Every mutant and rewrite of the AWS account."""

from __future__ import annotations

from collections.abc import Iterator

from mutations.aws_account import attachments, boundaries, other_identities, stack_and_pods
from mutations.aws_conditions import condition_changes
from mutations.aws_rewrites import body_rewrites, document_rewrites, role_rewrites, trust_rewrites
from mutations.aws_sampling import Trial
from mutations.aws_state import AwsState, Place, managed_policy
from mutations.aws_statements import action_changes, resource_changes
from mutations.aws_trust import external_id_changes, trust_changes
from mutations.records import OPEN, Kind, Mutant, Mutants
from scanner.access.catalogue import Catalogue
from scanner.model.common import JsonObject
from scanner.rules.base import Settings

_PERM = frozenset({"AWS-PERM-001"})
_ALSO = frozenset({"AWS-PERM-003", "AWS-PERM-006", "AWS-PASS-001"})
_TRUST = frozenset({"AWS-TRUST-001"})
_TRUST_ALSO = frozenset({"AWS-TRUST-002", "AWS-TRUST-005", "AWS-TRUST-006", "AWS-ROLE-004"})


def _kind(name: str, *must: str, **more: object) -> Kind:
    return Kind(name, frozenset(must), **more)  # type: ignore[arg-type]


_SPECIAL: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("every action", "AWS-PERM-001", "AWS-PERM-003", may=_ALSO, access=True),
        _kind("service wildcard", "AWS-PERM-001", "AWS-PERM-003", may=_ALSO, access=True),
        _kind("wildcard widened", "AWS-PERM-001", "AWS-PERM-003", may=_ALSO, access=True),
        _kind("PassRole added", "AWS-PERM-001", "AWS-PASS-001", may=_ALSO, access=True),
        _kind("PassRole by a wildcard", "AWS-PERM-001", "AWS-PERM-003", may=_ALSO, access=True),
        _kind("AWS policy attached", "AWS-PERM-005", may=_PERM | _ALSO),
        _kind(
            "AdministratorAccess attached",
            *("AWS-PERM-001", "AWS-PERM-003", "AWS-PERM-005", "AWS-PERM-006"),
            may=_ALSO,
            access=True,
        ),
        _kind("administrator by inline policy", "AWS-PERM-001", "AWS-PERM-003", "AWS-PERM-006", may=_ALSO, access=True),
        _kind("boundary removed", "AWS-ROLE-005"),
        _kind("boundary swapped", "AWS-ROLE-005"),
        _kind("undocumented role of the vendor's name", "AWS-ROLE-001"),
        _kind("undocumented role trusting the vendor", "AWS-ROLE-001", "AWS-TRUST-006"),
        _kind("role of the account trusting a role of the vendor", "AWS-ROLE-006"),
        _kind("role with the vendor's tag", "AWS-ROLE-001"),
        _kind("role trusting an identity provider of the vendor", "AWS-ROLE-001"),
        _kind("role trusting what is named like it", "AWS-ROLE-001", results=OPEN),
        _kind("pod of the vendor given a role of the customer", "AWS-POD-001", may=frozenset({"AWS-POD-002"})),
        _kind("IAM user of the vendor's name", "AWS-USER-001"),
        _kind("resource added to the stack", "AWS-STACK-001"),
        _kind("stack drifted", "AWS-STACK-001"),
        _kind("pod given another role", "AWS-POD-001", may=frozenset({"AWS-POD-002"})),
        _kind("pod led on to another role", "AWS-POD-001", may=frozenset({"AWS-POD-002"})),
        _kind("second service account with the role", "AWS-POD-002"),
        _kind("NotPrincipal", any_of=_TRUST | {"AWS-TRUST-005"}, may=_TRUST_ALSO, results=OPEN),
        _kind("NotAction in trust", "AWS-TRUST-001", "AWS-TRUST-005", may=_TRUST_ALSO, access=True),
        _kind("trust action added", "AWS-TRUST-001", "AWS-TRUST-005", may=_TRUST_ALSO, access=True),
        _kind("trust action widened", "AWS-TRUST-001", may=_TRUST_ALSO, access=True),
        _kind("principal added: deleted role", "AWS-ROLE-004", "AWS-TRUST-001", may=_TRUST_ALSO),
        _kind("ExternalId: policy variable", "AWS-TRUST-002", may=_TRUST | _TRUST_ALSO, results=OPEN),
        _kind("ExternalId: emptied", "AWS-TRUST-002", may=_TRUST | _TRUST_ALSO),
        _kind("ExternalId: absent", "AWS-TRUST-002", may=_TRUST | _TRUST_ALSO, access=True),
        _kind("ExternalId: StringEqualsIgnoreCase", "AWS-TRUST-002", may=_TRUST | _TRUST_ALSO, access=True),
    )
}


def kind_of(name: str) -> Kind:
    """Return a kind with what has to be said of it."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name.startswith("ExternalId"):
        return Kind(name, frozenset({"AWS-TRUST-002"}), may=_TRUST | _TRUST_ALSO, access=True)
    if name.startswith(("principal", "trust")):
        return Kind(name, _TRUST, may=_TRUST_ALSO, access=True)
    return Kind(name, _PERM, may=_ALSO, access=True)


def _rewrite(name: str) -> Kind:
    return Kind(name, rewrite=True)


class AwsMutations:
    """Makes every mutant of one account; each role is looked at in an account of its own."""

    def __init__(self, state: AwsState, catalogue: Catalogue, external_id: str, *, whole: bool = False) -> None:
        self._full = state
        self._catalogue = catalogue
        self._external_id = external_id
        self._whole = whole

    def bases(self) -> Iterator[AwsState]:
        """Yield the accounts that the mutants are made from, the whole one first."""
        yield self._full
        for role in self._full.roles():
            yield from self._starts(role["RoleName"])

    def _starts(self, name: str) -> list[AwsState]:
        """Return the account with one role, and again with that role's AWS policies as the customer's own copies."""
        state = self._full if self._whole else self._full.focused(name)
        copied = with_copies(state, name)
        return [state] if copied is None else [state, copied]

    def mutants(self) -> Mutants:
        """Yield every mutant and rewrite."""
        for role in self._full.roles():
            for state in self._starts(role["RoleName"]):
                yield from self._of_role(state, role["RoleName"])
        for kind, where, after, subject in (*other_identities(self._full), *stack_and_pods(self._full)):
            yield Mutant("aws", kind_of(kind), where, self._full.snapshot, after.snapshot, subject)

    def _of_role(self, state: AwsState, name: str) -> Mutants:
        role = state.role(name)
        for place in state.places(role):
            if place.origin != "aws-managed":
                yield from self._of_document(state, name, place)
        for kind, where, after, settings in attachments(state, self._full, role):
            yield self._made(kind_of(kind), f"{name} {where}", state, after, name, settings)
        for kind, where, after, settings in boundaries(state, role):
            yield Mutant("aws", kind_of(kind), where, state.snapshot, after.snapshot, name, settings)
        for kind, where, after in role_rewrites(state, role):
            yield Mutant("aws", _rewrite(kind), f"{name} {where}", state.snapshot, after.snapshot)
        yield from self._of_trust(state, name)

    def _of_document(self, state: AwsState, name: str, place: Place) -> Mutants:
        head = f"{name} {place.policy.rpartition('/')[2]}"
        statements = place.statements
        for index, statement in enumerate(statements):
            for kind, where, changed in self._statement(statement):
                new = [*statements[:index], *changed, *statements[index + 1 :]]
                after = state.with_statements(place, new)
                yield self._made(kind_of(kind), f"{head}#{index} {where}", state, after, name)
        for kind, where, new in document_rewrites(statements):
            after = state.with_statements(place, new)
            yield Mutant("aws", _rewrite(kind), f"{head} {where}", state.snapshot, after.snapshot)
        for kind, body in body_rewrites(place.body):
            yield Mutant("aws", _rewrite(kind), head, state.snapshot, state.with_body(place, body).snapshot)

    def _statement(self, statement: JsonObject) -> Iterator[tuple[str, str, list[JsonObject]]]:
        if statement["Effect"] == "Deny":
            yield "Deny became Allow", "effect", [{**statement, "Effect": "Allow"}]
            return
        yield from action_changes(statement, self._catalogue)
        yield from resource_changes(statement)
        yield from condition_changes(statement)

    def _made(
        self,
        kind: Kind,
        where: str,
        before: AwsState,
        after: AwsState,
        name: str,
        settings: Settings = Settings(),  # noqa: B008 (a frozen record)
    ) -> Mutant:
        trial = Trial(
            before.documents(before.role(name)), after.documents(after.role(name)), "identity", self._catalogue
        )
        return Mutant(
            *("aws", kind, where, before.snapshot, after.snapshot, name, settings),
            changed=trial.difference,
            confirms=trial.confirms,
        )

    def _of_trust(self, state: AwsState, name: str) -> Mutants:
        body = state.trust(state.role(name))
        was = state.role(name)["AssumeRolePolicyDocument"]
        changes: list[tuple[str, str, JsonObject]] = [*trust_changes(body, state.account_id)]
        changes += external_id_changes(body, self._external_id)
        for kind, where, new in changes:
            after = state.with_trust(name, new)
            trial = Trial([was], [after.role(name)["AssumeRolePolicyDocument"]], "trust", self._catalogue)
            yield Mutant(
                *("aws", kind_of(kind), f"{name} trust {where}", state.snapshot, after.snapshot, name),
                changed=trial.difference,
                confirms=trial.confirms,
            )
        for kind, where, new in trust_rewrites(body):
            yield Mutant("aws", _rewrite(kind), f"{name} {where}", state.snapshot, state.with_trust(name, new).snapshot)


def with_copies(state: AwsState, name: str) -> AwsState | None:
    """Return the account with the role's AWS policies as the customer's own copies; None if it has none of AWS's.

    Their statements hold the richer conditions, and in a copy each of them counts by its text.
    """
    role = state.role(name)
    ours = [p for p in state.places(role) if p.origin == "aws-managed"]
    if not ours:
        return None
    kept = [a for a in role["AttachedManagedPolicies"] if ":iam::aws:" not in a["PolicyArn"]]
    state = state.with_role({**role, "AttachedManagedPolicies": kept})
    for place in ours:
        copy = managed_policy(state.account_id, f"copy-{place.policy.rpartition('/')[2]}", place.body)
        state = state.with_attached(name, copy)
    return state


