"""The exit code of a report, as a table."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import msgspec
import pytest

from scanner.app.exit_codes import MEANINGS, strongest
from scanner.app.gates import GATES, at_or_above, exit_code
from scanner.model.finding import Axis, Confidence, Finding, Result, Severity, Subject
from scanner.model.report import Report, Run, Summary, Verdict
from scanner.model.snapshot import Scope, SourceKind, Unit, UnitStatus

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SCOPE = Scope(cloud="aws", kind="account", id="111122223333")


def finding(
    result: str, axis: str = "conformance", severity: str = "high", *, status: str = "", blocking: bool = False
) -> Finding:
    return Finding(
        finding_id="F-0",
        fingerprint="0",
        content_hash="0",
        rule_id="X-1",
        rule_version=1,
        rule_title="",
        axis=Axis(axis),
        severity=Severity(severity),
        severity_reason="",
        confidence=Confidence.CERTAIN,
        result=Result(result),
        status=status or result,
        reason_code="",
        message="",
        cloud="aws",
        scope=SCOPE,
        region="global",
        subject=Subject("aws.account", SCOPE.id),
        porter_role=None,
        expected=None,
        observed=None,
        diff=None,
        witness=None,
        remediation=None,
        references=(),
        claims=(),
        controls=(),
        evidence=(),
        requires_units=(),
        blocking=blocking,
        evaluated_at=NOON,
    )


def unit(status: str, *, required: bool = True) -> Unit:
    return Unit(
        unit_id="u",
        kind="k",
        cloud="aws",
        scope_id=SCOPE.id,
        region="global",
        required=required,
        status=UnitStatus(status),
        apis=(),
    )


def report(findings: tuple[Finding, ...] = (), units: tuple[Unit, ...] = (), errors: tuple[str, ...] = ()) -> Report:
    run = Run(
        run_id="r",
        started=NOON,
        ended=NOON,
        as_of=NOON,
        collected_at=NOON,
        tool_version="0",
        source=SourceKind.LIVE,
        baseline_id="b@1",
        baseline_digest="",
        rules_digest="",
        catalogue="none",
        callers=(),
        parameters=(),
    )
    return Report(
        schema="s",
        schema_version="1.0",
        run=run,
        verdict=Verdict(as_documented="yes", headline="", allows=""),
        summary=Summary(results={}, conformance_fail={}, posture_fail={}, units={}, rules_evaluated=0, exit_code=0),
        scopes=(SCOPE,),
        units=units,
        calls=(),
        populations=(),
        tie_outs=(),
        reviews=(),
        findings=findings,
        baseline_documents=(),
        errors=errors,
    )


FAIL = finding("FAIL")
MEDIUM = finding("FAIL", severity="medium")
POSTURE = finding("FAIL", "posture", "critical")
OPEN = finding("INCOMPLETE", blocking=True)

TABLE = {
    "nothing at all": (report(), {}, 0),
    "passes, manuals and what does not apply": (
        report((finding("PASS"), finding("MANUAL"), finding("NOT_APPLICABLE"))),
        {},
        0,
    ),
    "a failure at the gate": (report((FAIL,)), {}, 1),
    "a failure above the gate": (report((finding("FAIL", severity="critical"),)), {}, 1),
    "a failure below the gate": (report((MEDIUM,)), {}, 0),
    "the gate lowered": (report((MEDIUM,)), {"fail_on": "medium"}, 1),
    "the gate switched off": (report((finding("FAIL", severity="critical"),)), {"fail_on": "none"}, 0),
    "severity info passes the lowest gate": (report((finding("FAIL", severity="info"),)), {"fail_on": "low"}, 0),
    "a documented risk fails nothing by default": (report((POSTURE,)), {}, 0),
    "a documented risk at its own gate": (report((POSTURE,)), {"fail_on_posture": "high"}, 1),
    "coverage and hygiene have no gate": (
        report((finding("FAIL", "coverage", "critical"), finding("FAIL", "hygiene", "critical"))),
        {"fail_on": "low", "fail_on_posture": "low"},
        0,
    ),
    "a waived failure": (report((finding("FAIL", status="WAIVED"),)), {}, 0),
    "an open question that blocks": (report((OPEN,)), {}, 2),
    "an open question that does not block": (report((finding("INCOMPLETE"),)), {}, 0),
    "an open question, allowed": (report((OPEN,)), {"allow_incomplete": True}, 0),
    "a finding beats incompleteness": (report((OPEN, FAIL)), {}, 1),
    "a rule that raised beats everything": (report((finding("ERROR"), OPEN, FAIL)), {}, 4),
    "a rule that raised is not allowed away": (report((finding("ERROR"),)), {"allow_incomplete": True}, 4),
    "an error of the run": (report(errors=("x",)), {}, 4),
    **{
        f"a required unit that is {status.value}": (
            report(units=(unit(status.value),)),
            {},
            0 if status in {UnitStatus.COMPLETE, UnitStatus.NOT_IN_INPUT} else 2,
        )
        for status in UnitStatus
    },
    **{
        f"a supplementary unit that is {status.value}": (report(units=(unit(status.value, required=False),)), {}, 0)
        for status in UnitStatus
    },
    "a required unit denied, allowed": (report(units=(unit("denied"),)), {"allow_incomplete": True}, 0),
}


@pytest.mark.parametrize(("given", "options", "expected"), TABLE.values(), ids=TABLE)
def test_exit_code(given: Report, options: dict[str, object], expected: int) -> None:
    defaults = {"fail_on": "high", "fail_on_posture": "none", "allow_incomplete": False}
    assert exit_code(given, **{**defaults, **options}) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("held", list(itertools.combinations([4, 3, 1, 2, 0], 2)), ids=str)
def test_the_stronger_of_two_codes_wins(held: tuple[int, int]) -> None:
    assert strongest(held) == strongest(reversed(held)) == held[0]


def test_every_gate_is_a_severity_or_none_and_order_is_kept() -> None:
    severities = [s.value for s in Severity if s is not Severity.INFO]
    assert [*severities, "none"] == list(GATES)
    for severity, gate in itertools.product(severities, severities):
        assert at_or_above(severity, gate) == (severities.index(severity) <= severities.index(gate))


def test_every_code_is_explained_once() -> None:
    assert [code for code, _ in MEANINGS] == [0, 1, 2, 3, 4]


def test_raising_the_gate_never_turns_a_pass_into_a_failure() -> None:
    for severity in Severity:
        given = report((msgspec.structs.replace(FAIL, severity=severity),))
        weakest_last = [*reversed(GATES[:-1]), "none"]
        codes = [exit_code(given, fail_on=g, fail_on_posture="none", allow_incomplete=False) for g in weakest_last]
        assert codes == sorted(codes, reverse=True)
