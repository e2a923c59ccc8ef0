"""The policies of an organization that apply to an account, level by level from the account up to the root."""

from __future__ import annotations

from scanner.model.common import EvidencePointer, JsonObject, NotObserved
from scanner.model.inventory import ControlLevel, ControlPolicy, Document
from scanner.model.snapshot import Unit
from scanner.normalize.aws_documents import Page, read_document
from scanner.normalize.aws_iam import pages_of
from scanner.normalize.pointer import child, optional_text, record, records, text

_SERVICE, _RESOURCE = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


def control_levels_of(unit: Unit) -> tuple[ControlLevel, ...]:
    """Return a level per target asked (account, organizational units, root), in the order in which they were asked."""
    pages = pages_of(unit)
    if any(record(page, "Organization", at).get("MasterAccountId") == unit.scope_id for at, page in pages):
        # Control policies do not restrict the management account:
        # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
        return ()
    bodies = _bodies(unit, pages)
    levels: dict[str, dict[str, list[ControlPolicy]]] = {}
    for at, page in pages:
        call = record(page, "_call", at)
        if call.get("operation") != "ListPoliciesForTarget":
            continue
        asked = record(call, "params", child(at, "_call"))
        target = text(asked, "TargetId", child(at, "_call", "params"))
        of_target = levels.setdefault(target, {_SERVICE: [], _RESOURCE: []})
        for where, raw in records(page, "Policies", at):
            policy = _policy(unit, raw, where, bodies)
            of_target.setdefault(text(asked, "Filter", child(at, "_call", "params")), []).append(policy)
    return tuple(
        ControlLevel(target, tuple(found[_SERVICE]), tuple(found[_RESOURCE])) for target, found in levels.items()
    )


def _policy(unit: Unit, raw: JsonObject, at: str, bodies: dict[str, Document]) -> ControlPolicy:
    policy_id = text(raw, "Id", at)
    return ControlPolicy(
        id=policy_id,
        name=optional_text(raw, "Name", at) or policy_id,
        document=bodies.get(policy_id, NotObserved("the policy's content was not read")),
        evidence=EvidencePointer(unit.unit_id, at),
    )


def _bodies(unit: Unit, pages: list[Page]) -> dict[str, Document]:
    """Return the content of every policy that was described, by id."""
    found: dict[str, Document] = {}
    for at, page in pages:
        if "Policy" in page:
            policy = record(page, "Policy", at)
            summary = record(policy, "PolicySummary", child(at, "Policy"))
            policy_id = text(summary, "Id", child(at, "Policy", "PolicySummary"))
            found[policy_id] = read_document(policy.get("Content"), "the policy's content was not read")
    return found


def organization_ids_of(unit: Unit) -> tuple[str, ...]:
    """Return the id of the organization that a unit describes; nothing where there is none."""
    found = (
        optional_text(record(page, "Organization", at), "Id", child(at, "Organization")) for at, page in pages_of(unit)
    )
    return tuple(name for name in found if name)
