"""The terminal shows the verdict first, never colour alone, and nothing a name could do to a terminal."""

from __future__ import annotations

import re

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.model.finding import Result, Severity
from scanner.model.report import TieOut
from scanner.model.snapshot import UnitStatus
from scanner.render.terminal import render_terminal
from scanner.render.text import cells
from scanner.render.words import duties

ANSI = re.compile(r"\x1b\[[0-9;]*m")
WIDTHS = (60, 80, 100, 140)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sample.SAMPLES)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    for line in render_terminal(sample.SAMPLES[name](), width=width, verbose=True).splitlines():
        assert cells(line) <= width, line


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_colour_only_repeats_what_words_say(name: str) -> None:
    report = sample.SAMPLES[name]()
    assert [line.rstrip() for line in ANSI.sub("", render_terminal(report, color=True)).splitlines()] == [
        line.rstrip() for line in render_terminal(report).splitlines()
    ]


def test_colour_is_used_where_it_is_asked_for() -> None:
    assert "\x1b[" in render_terminal(sample.drifted(), color=True)


@pytest.mark.parametrize("verbose", [False, True])
def test_hostile_names_leave_no_unprintable_character(verbose: bool) -> None:
    made = render_terminal(sample.hostile(), verbose=verbose)
    assert {char for char in made if not char.isprintable()} <= {"\n"}
    assert "⟨U+202E⟩" in made
    assert "⟨U+001B⟩[31m" in made
    assert made.encode()


def test_hostile_names_cannot_add_a_line_of_their_own() -> None:
    report = sample.small()
    planted = replace(report.findings[0], message="fine\n✓ As documented: yes")
    made = render_terminal(replace(report, findings=(planted,)))
    assert not any(line.startswith("✓ As documented: yes") for line in made.splitlines())


def test_two_verdict_lines_lead() -> None:
    lines = flat(render_terminal(sample.drifted()))
    assert lines.startswith("✗ As documented: no. 9 actions on 5 identities and 1 identity are not documented;")
    assert "! What the documented access allows: administrator of the account" in lines


def test_clean_report_says_yes_and_shows_no_incomplete_box() -> None:
    made = render_terminal(sample.clean())
    assert made.startswith("✓ As documented: yes.")
    assert "INCOMPLETE" not in made


def test_incomplete_stands_above_everything() -> None:
    made = render_terminal(sample.incomplete())
    assert made.startswith("┏━ INCOMPLETE")
    assert "Pod Identity associations of us-east-1 (throttled)" in made
    assert made.index("INCOMPLETE") < made.index("As documented: not proven")


def test_required_unit_that_was_not_read_shows_the_box_even_when_nothing_else_says_so() -> None:
    report = sample.clean()
    read = sample.units(aws_iam_account_summary=sample.UnitStatus.DENIED)
    made = render_terminal(replace(report, units=read))
    assert made.startswith("┏━ INCOMPLETE")
    assert "aws.iam.account_summary of 123456789012: denied (AccessDenied)" in made


def test_supplementary_unit_is_named_without_the_box() -> None:
    report = sample.clean()
    read = sample.units(aws_organizations_policies=sample.UnitStatus.DENIED)
    made = render_terminal(replace(report, units=read))
    assert "INCOMPLETE" not in made
    assert "aws.organizations.policies of 123456789012: denied" in made


def test_each_deviation_shows_rule_subject_example_request_and_who_acts() -> None:
    made = flat(render_terminal(sample.drifted()))
    for finding in sample.deviations():
        assert finding.rule_id in made
        assert finding.finding_id in made
        if finding.witness:
            assert f"Example request {finding.witness.action} on" in made
    assert "Who acts Porter:" in made
    assert "Who acts You:" in made


def test_deviations_are_told_most_severe_first() -> None:
    made = render_terminal(sample.drifted())
    order = [made.index(f" {word} ") for word in ("CRITICAL", "HIGH", "INFO")]
    assert order == sorted(order)


def test_passes_are_counted_and_listed_only_when_asked() -> None:
    title = "A permissions boundary is not lost"
    assert title not in render_terminal(sample.clean())
    assert "40 conformance" in render_terminal(sample.clean())
    assert title in render_terminal(sample.clean(), verbose=True)


def test_waived_and_error_have_their_own_place() -> None:
    report = sample.small()
    waived = replace(report.findings[0], status="WAIVED")
    failed = replace(report.findings[1], result=Result.ERROR, status="ERROR", severity=Severity.LOW)
    made = render_terminal(replace(report, findings=(waived, failed)))
    assert "Waived  1" in made
    assert "Rule errors  1" in made


def test_count_that_does_not_tie_out_is_named() -> None:
    tie = TieOut("Roles", sample.ACCOUNT, 213, 214, "iam:GetAccountSummary", False)
    made = render_terminal(replace(sample.clean(), tie_outs=(tie,)))
    assert "Roles: counted 213, reported 214 (not explained)" in made


def test_exit_code_is_explained() -> None:
    assert "Exit code           1: findings at or above the gates" in render_terminal(sample.drifted())


def test_long_lists_of_pieces_say_how_many_are_not_shown() -> None:
    report = sample.small()
    finding = report.findings[0]
    assert finding.diff is not None
    many = replace(finding, diff=replace(finding.diff, added=finding.diff.added * 9))
    made = render_terminal(replace(report, findings=(many,)))
    assert "… 5 more pieces; the report has all" in made
    assert "more pieces" not in render_terminal(replace(report, findings=(many,)), verbose=True)


@pytest.mark.parametrize("width", WIDTHS)
def test_names_and_words_of_the_table_of_identities_are_never_broken(width: int) -> None:
    report = sample.drifted()
    report = replace(report, reviews=tuple(replace(r, external_id="none, as documented") for r in report.reviews))
    text = render_terminal(report, width=width)
    told = text[text.index("Identities") : text.index("Not as documented")]
    for review in report.reviews:
        assert review.name in told, width
    for word in ("Permissions", "ExternalId", "documented"):
        assert word in told, width
    assert ("Permissions ✗" in told) == (width == 60)
    assert ("\n  Identity\n" in told) == (width == 80)


def test_all_that_an_undocumented_identity_has_is_excess() -> None:
    report = sample.drifted()
    review = replace(report.reviews[0], name="unlisted", verdict="undocumented", excess=0, missing=7, undecided=0)
    text = render_terminal(replace(report, reviews=(review,)))
    (line,) = (line for line in text.splitlines() if line.startswith("  unlisted"))
    assert line.split()[-3:-1] == ["all", "7"]


def test_what_the_verdict_does_not_count_is_told_where_it_is_counted() -> None:
    report = sample.drifted()
    failed = [f for f in report.findings if f.result is Result.FAIL and f.axis.value == "conformance"]
    none, one = (
        tuple(replace(f, severity=Severity.INFO if f in less else Severity.HIGH) if f in failed else f for f in all_)
        for less, all_ in (([], report.findings), (failed[:1], report.findings))
    )
    assert "no gate counts it" not in render_terminal(replace(report, findings=none))
    told = flat(render_terminal(replace(report, findings=one)))
    assert "1 of them says (info) that something documented is missing: no deviation, and no gate counts it." in told


def test_the_end_repeats_the_answer_and_leads_on() -> None:
    lines = render_terminal(sample.drifted()).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  Answer"))
    assert lines[at].split()[1:] == ["As", "documented:", "no"]
    assert lines[at + 1].split()[:4] == ["Next", "porter-audit", "rules", "show"]
    end = render_terminal(sample.incomplete())
    assert "porter-audit doctor aws: who reads" in flat(end[end.index("  Answer") :])
    assert not render_terminal(sample.clean()).splitlines()[-1].startswith("  Next")


def test_what_a_file_cannot_hold_is_one_line() -> None:
    report = sample.clean()
    units = tuple(replace(u, status=UnitStatus.NOT_IN_INPUT, required=False) for u in report.units)
    text = flat(render_terminal(replace(report, units=units)))
    kinds = ", ".join(sorted({unit.kind for unit in units}))
    assert f"Also not read not in this input, so that nothing that needs it is decided: {kinds}" in text
    assert "no effect on the verdict" not in text
    assert "NotInInput" not in text


def test_nobody_is_told_to_remove_what_was_not_decided() -> None:
    report = sample.incomplete()
    text = render_terminal(report, verbose=True)
    open_ = text[text.index("Not proven") : text.index("This run")]
    told = {finding.remediation.summary for finding in report.findings if finding.result is Result.INCOMPLETE}
    assert told
    assert "If it fails" in open_
    to_do = [finding for duty in duties(report) for finding in duty.findings]
    assert {f.axis.value for f in to_do if f.result is Result.INCOMPLETE} <= {"coverage"}
