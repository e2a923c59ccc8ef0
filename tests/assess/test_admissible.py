"""What an outcome may still say when some of what its rule looks at was not read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from scanner.assess.findings import Frame, admissible, content_hash
from scanner.assess.units import basis_of
from scanner.model.finding import Diff, DiffEntry, Outcome, Result, Subject
from scanner.model.snapshot import Scope, SourceKind, Unit, UnitError, UnitStatus
from scanner.rules.registry_gcp import GCP_RULES

RULE = next(rule for rule in GCP_RULES if rule.id == "GCP-PERM-001")
NOW_OPEN = (Result.MANUAL, Result.INCOMPLETE)


def frame(*unread: str) -> Frame:
    kinds = (*RULE.requires, *RULE.supplementary)
    units = [
        Unit(
            unit_id=kind,
            kind=kind,
            cloud="gcp",
            scope_id="p",
            region="global",
            required=kind in RULE.requires,
            apis=(),
            status=UnitStatus.DENIED if kind in unread else UnitStatus.COMPLETE,
            error=UnitError("PermissionDenied", "denied") if kind in unread else None,
        )
        for kind in kinds
    ]
    basis = basis_of(RULE.requires, RULE.supplementary, units, SourceKind.LIVE)
    scope = Scope(cloud="gcp", kind="project", id="p")
    return Frame(RULE, scope, basis, "porter@2026-05", datetime(2026, 6, 1, tzinfo=UTC), require_live=False)


def outcome(result: Result, code: str = "UNDECIDED") -> Outcome:
    return Outcome(Subject("gcp.service_account", "a", "a"), result, "said", reason_code=code)


@pytest.mark.parametrize("result", NOW_OPEN)
@pytest.mark.parametrize("kind", RULE.supplementary)
def test_an_open_point_stays_open_where_a_supplementary_unit_is_unread(result: Result, kind: str) -> None:
    seen = outcome(result)
    assert admissible(seen, frame(kind)) == seen


@pytest.mark.parametrize("result", NOW_OPEN)
@pytest.mark.parametrize("kind", RULE.requires)
def test_an_open_point_gives_way_to_a_required_unit_that_is_unread(result: Result, kind: str) -> None:
    said = admissible(outcome(result), frame(kind, *RULE.supplementary))
    assert (said.result, said.reason_code) == (Result.INCOMPLETE, "UNIT_UNREAD")


@pytest.mark.parametrize("code", ["ABSENT_ROLE", "POLICY_UNREAD"])
def test_what_rests_on_the_unread_unit_itself_is_not_an_open_point_of_its_own(code: str) -> None:
    said = admissible(outcome(Result.INCOMPLETE, code), frame(*RULE.supplementary))
    assert said.reason_code == "UNIT_UNREAD"


def test_nothing_unread_leaves_a_pass_alone_and_anything_unread_takes_it_away() -> None:
    passed = outcome(Result.PASS, "INSIDE")
    assert admissible(passed, frame()) == passed
    for kind in (*RULE.requires, *RULE.supplementary):
        assert admissible(passed, frame(kind)).result is Result.INCOMPLETE


def test_what_is_undecided_beside_a_deviation_is_part_of_what_deviates() -> None:
    """A waiver of the deviation alone, or a ratchet that knows it, may not cover what could be more of it."""
    added = (DiffEntry("action", "policy: 1", ("s3:GetObject",), ("*",)),)
    hashes = {
        content_hash(replace(outcome(Result.FAIL), diff=Diff(added, undecided=undecided)))
        for undecided in ((), ("policy: 2: an unknown operator",), ("hidden: AccessDenied",))
    }
    assert len(hashes) == 3
