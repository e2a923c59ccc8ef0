"""How the HTML report groups, links and words its parts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.model.common import EvidencePointer
from scanner.model.finding import Diff, DiffEntry
from scanner.model.history import HistoryNote
from scanner.model.report import StatementRow
from scanner.render.html.report import render_html
from scanner.render.html.roles import OPEN_UP_TO, roles
from scanner.render.html.statements import trust_lines
from scanner.render.html.values import LIST_SHOWN, Anchors, condition_lines, link, listed, slug, value


def entry(action: str, resource: str = "*", **more: Any) -> DiffEntry:
    witness = sample.witness(action, resource)
    return DiffEntry(
        **{
            "kind": "action",
            "statement": "p: A",
            "actions": (action,),
            "resources": (resource,),
            "witness": witness,
            **more,
        }
    )


def rows_of(*added: DiffEntry, **more: Any) -> Any:
    reviewed = sample.review("porter-manager", diff=Diff(added=added), verdict="broader", **more)
    return roles(replace(sample.clean(), reviews=(reviewed,)))[0].rows


def test_pieces_of_one_statement_that_differ_in_actions_only_are_one_row_with_every_example() -> None:
    (row,) = rows_of(entry("s3:A"), entry("s3:B"), entry("s3:C"))
    assert row.live.actions == ("s3:A", "s3:B", "s3:C")
    assert [e.action for e in row.examples] == ["s3:A", "s3:B", "s3:C"]


def test_pieces_of_one_statement_that_differ_in_resources_only_are_one_row() -> None:
    (row,) = rows_of(entry("s3:A", "arn:1"), entry("s3:A", "arn:2"))
    assert row.live.resources == ("arn:1", "arn:2")


@pytest.mark.parametrize(
    "other",
    [
        entry("s3:B", statement="p: B"),
        entry("s3:B", kind="resource"),
        entry("s3:B", conditions={"Bool": {"aws:SecureTransport": "true"}}),
        entry("s3:B", latent=True),
        entry("s3:B", "arn:2"),
    ],
)
def test_pieces_that_differ_in_anything_else_stay_apart(other: DiffEntry) -> None:
    assert len(rows_of(entry("s3:A"), other)) == 2


def test_the_documented_statement_beside_is_the_one_that_shares_most() -> None:
    documented = tuple(
        StatementRow(
            f"Pass{number} (row {number})",
            json.dumps(
                {
                    "Action": ["iam:PassRole"],
                    "Resource": "*",
                    "Condition": {"StringEquals": {"iam:PassedToService": service}},
                }
            ),
        )
        for number, service in enumerate(("cloudtrail.amazonaws.com", "s3.amazonaws.com"))
    )
    live = {"StringEquals": {"iam:PassedToService": ["s3.amazonaws.com", "lambda.amazonaws.com"]}}
    (row,) = rows_of(entry("iam:PassRole", kind="condition", conditions=live), documented=documented)
    assert row.documented.ref == "Pass1 (row 1)"
    assert row.documented.conditions == ("StringEquals iam:PassedToService: s3.amazonaws.com",)


def test_excess_principal_stands_beside_the_documented_one() -> None:
    report = replace(sample.drifted(), reviews=(sample.review("porter-access-manager", drift=True),))
    (row,) = roles(report)[0].rows
    assert row.documented.principals == (f"AWS: {sample.VENDOR}",)
    assert row.live.principals == ("AWS: arn:aws:iam::108458755588:root",)


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"Statement": 1}', '{"Statement": [1, "a", null]}'])
def test_a_documented_trust_that_cannot_be_read_only_loses_the_neighbour(text: str) -> None:
    trust = Diff(added=(entry("sts:AssumeRole", kind="principal"),))
    (row,) = rows_of(trust_diff=trust, documented_trust=text)
    assert row.documented is None


def test_only_lines_that_name_something_new_are_marked_in_trust() -> None:
    """The same action as a text on one side and a list on the other is not a difference."""
    one = '{\n"Sid": "A",\n"Action": "sts:AssumeRole",\n"Principal": "x"\n}'
    other = '{\n"Sid": "B",\n"Action": [\n"sts:AssumeRole"\n],\n"Principal": "y"\n}'
    reviewed = sample.review(
        "porter-manager", documented_trust=one, live_trust=other, trust_diff=Diff(added=(entry("sts:AssumeRole"),))
    )
    documented, live = trust_lines(reviewed)
    assert [c.text for c in documented if c.mark] == ['"Principal": "x"\n']
    assert [c.text for c in live if c.mark] == ['"Principal": "y"\n']


def test_deviating_identities_are_unfolded_only_while_they_are_few() -> None:
    few = render_html(sample.drifted())
    assert b'<details class="role card" open>' in few
    many = tuple(
        replace(r, verdict="broader", name=f"{r.name}-{n}") for n in range(2) for r in sample.drifted().reviews
    )
    assert len(many) > OPEN_UP_TO
    assert b'<details class="role card" open>' not in render_html(replace(sample.drifted(), reviews=many))


def test_places_in_one_answer_share_their_call() -> None:
    report = sample.small()
    pointers = (EvidencePointer(sample.GAAD, "/0/RoleDetailList/3"), EvidencePointer(sample.GAAD, "/0/Policies/1"))
    raw = render_html(replace(report, findings=(replace(report.findings[0], evidence=pointers),))).decode()
    findings = raw[raw.index('id="findings"') : raw.index('id="evidence"')]
    assert '<a href="#ev-1"><code>/0/RoleDetailList/3</code></a> <code>/0/Policies/1</code>' in findings
    assert findings.count("aws iam get-account-authorization-details") == 1


def test_backticks_become_code_and_what_is_inside_stays_escaped() -> None:
    report = sample.small()
    message = "`<img src=x onerror=alert(1)>` on `a\u202eb` and a lone ` tick"
    raw = render_html(replace(report, findings=(replace(report.findings[0], message=message),))).decode()
    assert "<code>&lt;img src=x onerror=alert(1)&gt;</code> on <code>a⟨U+202E⟩b</code> and a lone ` tick" in raw


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, ()),
        ({"Bool": {"aws:SecureTransport": "true"}}, ("Bool aws:SecureTransport: true",)),
        ({"Null": {"b": ["x", "y"], "a": True}}, ("Null a: true", "Null b: x, y")),
        ({"Odd": "text"}, ('{"Odd": "text"}',)),
    ],
)
def test_condition_lines(conditions: Any, expected: tuple[str, ...]) -> None:
    assert condition_lines(conditions) == expected


def test_long_lists_say_how_much_is_left_out() -> None:
    made = listed(str(number) for number in range(LIST_SHOWN + 7))
    assert made[-1] == "… 7 more in report.json"
    assert len(made) == LIST_SHOWN + 1


@pytest.mark.parametrize(
    ("raw", "text", "items", "block"),
    [
        (None, "none", (), ""),
        ("", "(empty text)", (), ""),
        ([], "none", (), ""),
        (True, "true", (), ""),
        (["a", 1], "", ("a", "1"), ""),
        ({"b": 1, "a": [2]}, "", (), '{"a": [2], "b": 1}'),
    ],
)
def test_value(raw: Any, text: str, items: tuple[str, ...], block: str) -> None:
    made = value(raw)
    assert (made.text, made.items, made.block) == (text, items, block)


def test_anchors_are_unique_and_plain() -> None:
    anchors = Anchors()
    assert [anchors.take(slug(name)) for name in ("A b", "a-b", "日本", "", "a b")] == [
        "a-b",
        "a-b-2",
        "x",
        "x-2",
        "a-b-3",
    ]


@pytest.mark.parametrize("url", ["https://docs.porter.run/a-b?c=d#e", "https://a.example:8443/x"])
def test_plain_https_addresses_are_links(url: str) -> None:
    assert link(url) == url


@pytest.mark.parametrize(
    "url", [None, "http://a", "javascript:1", "https://a b", 'https://a/"x', "https://a/\n", "https://u@h/"]
)
def test_anything_else_is_not(url: str | None) -> None:
    assert link(url) is None


def test_what_changed_since_the_run_before_stands_in_the_summary_and_on_each_finding() -> None:
    note = HistoryNote("history", "before", sample.T0, deltas={"new": 1, "fixed": 2, "unknown_incomplete": 1})
    report = sample.small()
    first, second, *rest = report.findings
    told = (replace(first, delta="new"), replace(second, delta="unchanged"), *rest)
    raw = render_html(replace(report, history=note, findings=told)).decode()
    summary = raw[raw.index('id="summary"') : raw.index('id="findings"')]
    for tone, words in (("bad", "1 new"), ("good", "2 fixed"), ("open", "1 not known tonight")):
        assert re.search(rf'class="chip t-{tone}">[^/]*</span>{words}</span>', summary)
    assert raw.count('<span class="tag news">new</span>') == 1
    assert raw.count("tag news") == 1


def test_nothing_is_said_of_nights_that_nobody_asked_about() -> None:
    assert "Since the run before" not in render_html(sample.small()).decode()


def test_a_report_on_another_vendors_version_speaks_of_that_vendor() -> None:
    report = sample.drifted()
    other = replace(report, run=replace(report.run, baseline_id="grafana-cloud@2026-11"))
    raw = render_html(other).decode()
    assert "Independent of Grafana Cloud." in raw
    assert "made independently of Grafana Cloud" in raw
    assert "Grafana Cloud, account 108458755588" in raw
    assert re.search(r"<h3>Grafana Cloud <span", raw)
