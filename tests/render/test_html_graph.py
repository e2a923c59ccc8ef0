"""The trust graph: which line has which tone, nothing undocumented reads as documented, and how it is drawn."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import sample_report as sample
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scanner.model.common import EvidencePointer
from scanner.model.finding import Axis, Diff, DiffEntry, Finding, ObservedValue, Result, Severity, Subject
from scanner.model.report import Report, RoleReview, StatementRow
from scanner.model.snapshot import Scope
from scanner.render.html.graph import DRAWN, Graph, graphs
from scanner.render.html.graph_layout import MANY, layout
from scanner.render.html.graph_ways import End, Way

SUB = "bbbbbbbb-0000-4000-8000-000000000002"


def one(report: Report) -> Graph:
    (made,) = graphs(report, {})
    return made


def lines(report: Report) -> dict[tuple[str, str], str]:
    return {(line.start.label, line.end.label): line.tone for line in one(report).lines}


def with_reviews(*reviews: RoleReview, findings: tuple[Finding, ...] = ()) -> Report:
    return replace(sample.clean(), reviews=reviews, findings=findings)


def trusting(*statements: dict[str, Any], **more: Any) -> RoleReview:
    policy = json.dumps({"Statement": list(statements)})
    return sample.review("porter-manager", live_trust=policy, **more)


def allow(principal: Any, action: Any = "sts:AssumeRole") -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action}


def test_a_clean_account_has_documented_lines_only() -> None:
    graph = one(sample.clean())
    assert {line.tone for line in graph.lines} <= {"documented", "risk"}
    assert graph.deviations == 0
    assert ("Porter, account 108458755588", "porter-manager") in lines(sample.clean())


def test_excess_is_worse_than_undocumented_than_unread_than_risk_than_documented() -> None:
    drawn = lines(sample.drifted())
    assert drawn["porter-infra-manager", "More than documented"] == "excess"
    assert drawn["porter-debug", "Access that no document names"] == "undocumented"
    assert drawn["porter-infra-manager", "Documented access"] == "documented"
    assert drawn["Porter, account 108458755588", "porter-debug"] == "undocumented"


def test_a_principal_the_trust_difference_names_is_excess_whether_written_as_account_or_arn() -> None:
    entry = DiffEntry("principal", "trust: 0", ("sts:AssumeRole",), (), principals={"AWS": ["777788889999"]})
    review = trusting(
        allow({"AWS": "arn:aws:iam::777788889999:root"}), trust_verdict="broader", trust_diff=Diff(added=(entry,))
    )
    assert lines(with_reviews(review))["Account 777788889999", "porter-manager"] == "excess"


@pytest.mark.parametrize(
    ("verdict", "tone"), [("broader", "excess"), ("different", "excess"), ("undecided", "unread"), ("odd", "excess")]
)
def test_a_principal_that_no_document_names_is_never_documented_unless_trust_is_as_documented(
    verdict: str, tone: str
) -> None:
    review = trusting(allow({"AWS": "arn:aws:iam::777788889999:role/x"}), trust_verdict=verdict)
    assert lines(with_reviews(review))["Account 777788889999", "porter-manager"] == tone


@pytest.mark.parametrize("policy", [None, "", "no json", "[]", '{"Statement": ["x"]}', "{}"])
def test_a_trust_policy_that_was_not_read_or_understood_is_a_line_of_its_own(policy: str | None) -> None:
    review = sample.review("porter-manager", live_trust=policy, trust_verdict="undecided", verdict="undecided")
    drawn = lines(with_reviews(review))
    assert drawn["Not read", "porter-manager"] == "unread"
    assert drawn["porter-manager", "Not proven"] == "unread"
    assert ("porter-manager", "Documented access") not in drawn


@pytest.mark.parametrize(
    ("statement", "source"),
    [
        (allow("*"), "Anyone"),
        (allow({"AWS": "*"}), "Anyone"),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}, "Action": "sts:*"}, "Anyone, but some"),
        (allow({"AWS": "AROAEXAMPLEDELETED01A"}), "AROAEXAMPLEDELETED01A"),
        (allow({"AWS": f"arn:aws:iam::{sample.ACCOUNT}:role/own"}), "This account"),
        (allow({"Federated": "arn:aws:iam::1:oidc-provider/issuer.example/id/A"}), "issuer.example/id/A"),
        (allow({"Service": ["lambda.amazonaws.com"]}), "lambda.amazonaws.com"),
    ],
)
def test_every_kind_of_principal_is_drawn(statement: dict[str, Any], source: str) -> None:
    review = trusting(statement, trust_verdict="broader")
    assert lines(with_reviews(review))[source, "porter-manager"] == "excess"


def test_an_unknown_verdict_and_an_undecided_piece_are_never_only_documented() -> None:
    odd = lines(with_reviews(sample.review("porter-manager", verdict="odd")))
    open_piece = lines(with_reviews(sample.review("porter-manager", diff=Diff(undecided=("why",)))))
    assert odd["porter-manager", "Not proven"] == "unread"
    assert ("porter-manager", "Documented access") not in odd
    assert open_piece["porter-manager", "Not proven"] == "unread"


def test_a_trust_policy_without_statements_lets_nobody_in() -> None:
    drawn = lines(with_reviews(trusting(trust_verdict="narrower")))
    assert [end for start, end in drawn if end == "porter-manager"] == []


def test_a_deny_in_a_trust_policy_lets_nobody_in() -> None:
    review = trusting({"Effect": "Deny", "Principal": "*", "Action": "sts:*"}, trust_verdict="equal")
    assert ("Anyone", "porter-manager") not in lines(with_reviews(review))


def test_administrator_in_effect_is_a_documented_risk_and_lesser_escalations_are_not_drawn() -> None:
    def risk(severity: Severity) -> Finding:
        return sample.finding(
            "AWS-ESC-001", "t", Result.FAIL, "porter-manager", "m", axis=Axis.POSTURE, severity=severity
        )

    reviewed = sample.review("porter-manager")
    high = lines(with_reviews(reviewed, findings=(risk(Severity.HIGH),)))
    critical = lines(with_reviews(reviewed, findings=(risk(Severity.CRITICAL),)))
    assert ("porter-manager", "Administrator of the account") not in high
    assert critical["porter-manager", "Administrator of the account"] == "risk"


def test_a_pod_given_a_role_against_the_documents_and_a_user_are_drawn() -> None:
    role = sample.arn("porter-manager")
    pod = sample.finding("AWS-POD-001", "t", Result.FAIL, "default/shell", "m", observed=ObservedValue({"role": role}))
    user = sample.finding("AWS-USER-001", "t", Result.FAIL, "ci-user", "m")
    drawn = lines(with_reviews(sample.review("porter-manager"), findings=(pod, user)))
    assert drawn["default/shell", "porter-manager"] == "excess"
    assert drawn["ci-user", "Access that no document names"] == "undocumented"


def test_absent_identities_are_not_drawn() -> None:
    absent = sample.review("porter-karpenter", present=False, verdict="absent", trust_verdict="absent", arn=None)
    assert graphs(with_reviews(absent), {}) == ()


# --- GCP and Azure ---------------------------------------------------------------------------------------------------


def gcp(**more: Any) -> RoleReview:
    rows = (
        StatementRow("a", json.dumps({"role": "roles/owner", "resource": "folders/1"}), ("excess",)),
        StatementRow("b", json.dumps({"role": "roles/storage.admin", "resource": "projects/p"}), ("documented",)),
    )
    policy = {"bindings": [{"role": "roles/iam.serviceAccountUser", "members": ["user:m@example.com", "allUsers"]}]}
    fields: dict[str, Any] = {
        "cloud": "gcp",
        "scope_id": "p",
        "name": "porter-manager",
        "arn": "porter-manager@p.example",
        "live": rows,
        "live_trust": json.dumps(policy),
        "documented_trust": None,
        "trust_verdict": "broader",
        "verdict": "broader",
        **more,
    }
    return sample.review("porter-manager", **fields)


def test_gcp_members_and_nodes() -> None:
    drawn = lines(with_reviews(gcp()))
    assert drawn["m@example.com", "porter-manager"] == "excess"
    assert drawn["Anyone", "porter-manager"] == "excess"
    assert drawn["porter-manager", "folders/1"] == "excess"
    assert drawn["porter-manager", "projects/p"] == "documented"


@pytest.mark.parametrize("policy", [None, "no json", "[]"])
def test_a_gcp_policy_that_was_not_read_or_understood_is_a_line_of_its_own(policy: str | None) -> None:
    assert lines(with_reviews(gcp(live_trust=policy)))["Not read", "porter-manager"] == "unread"


@pytest.mark.parametrize(
    ("more", "tone"),
    [
        ({"documented_as": None}, "undocumented"),
        ({"trust_verdict": "undecided"}, "unread"),
        ({"documented_trust": json.dumps({"members": ["user:m@example.com"]})}, "documented"),
        ({"trust_verdict": "equal"}, "documented"),
    ],
)
def test_gcp_member_tones(more: dict[str, Any], tone: str) -> None:
    assert lines(with_reviews(gcp(**more)))["m@example.com", "porter-manager"] == tone


def test_gcp_keys_are_a_way_in() -> None:
    def rule(name: str) -> Finding:
        made = sample.finding(name, "t", Result.FAIL, "x", "m")
        return replace(made, cloud="gcp", subject=Subject("gcp.service_account", "porter-manager@p.example"))

    held = lines(with_reviews(gcp(), findings=(rule("GCP-KEY-003"),)))
    more = lines(with_reviews(gcp(), findings=(rule("GCP-KEY-003"), rule("GCP-KEY-001"))))
    assert held["Whoever holds a key", "porter-manager"] == "documented"
    assert more["Whoever holds a key", "porter-manager"] == "excess"


def azure_finding(rule: str, result: Result, name: str, value: Any = None, pointer: str = "") -> Finding:
    made = sample.finding(rule, "t", result, name, "m")
    return replace(
        made,
        cloud="azure",
        scope=Scope("azure", "subscription", SUB),
        subject=Subject("entra.service_principal", name, name),
        observed=ObservedValue(value) if value is not None else None,
        evidence=(EvidencePointer("azure/u", pointer),),
    )


def azure(*findings: Finding, **changed: Any) -> dict[tuple[str, str], str]:
    more: dict[str, Any] = {"cloud": "azure", "scope_id": SUB, "external_principals": ("porter-sp",), **changed}
    review = sample.review("porter-manager", name="porter-aks", **more)
    return lines(with_reviews(review, findings=findings))


def test_azure_holder_is_documented_only_where_its_assignment_passed() -> None:
    assert azure()["porter-sp", "porter-aks"] == "unread"
    passed = azure_finding("AZURE-ASSIGN-001", Result.PASS, "porter-sp")
    stray = azure_finding("AZURE-ASSIGN-002", Result.FAIL, "porter-sp")
    assert azure(passed)["porter-sp", "porter-aks"] == "documented"
    assert azure(passed, stray)["porter-sp", "porter-aks"] == "excess"


def test_azure_line_to_a_definition_that_grants_more_is_excess_and_to_an_unproven_one_unread() -> None:
    passed = azure_finding("AZURE-ASSIGN-001", Result.PASS, "porter-sp")
    piece = DiffEntry("action", "0", ("*",), ("/",))
    assert azure(passed, diff=Diff(added=(piece,)), verdict="broader")["porter-sp", "porter-aks"] == "excess"
    assert azure(passed, verdict="undecided")["porter-sp", "porter-aks"] == "unread"


def test_azure_owner_in_effect_is_a_risk_of_everybody_who_holds_the_definition() -> None:
    risk = replace(azure_finding("AZURE-RISK-001", Result.FAIL, "porter-aks"), axis=Axis.POSTURE)
    risk = replace(risk, subject=Subject("azure.role_definition", sample.arn("porter-manager"), "porter-aks"))
    assert azure(risk)["porter-sp", "Owner of the subscription"] == "risk"


def test_azure_ways_in_and_out() -> None:
    drawn = azure(
        azure_finding("AZURE-FED-001", Result.FAIL, "porter-sp", {"subject": "repo:x/y"}),
        azure_finding("AZURE-SECRET-004", Result.PASS, "porter-sp", None, "/0/value/0/passwordCredentials/0"),
        azure_finding("AZURE-ASSIGN-001", Result.FAIL, "porter-sp", {"role": "Owner", "scope": "/"}),
        replace(azure_finding("AZURE-GRAPH-004", Result.FAIL, "porter-sp"), axis=Axis.POSTURE),
    )
    assert drawn["repo:x/y", "porter-sp"] == "excess"
    assert drawn["Whoever holds a client secret", "porter-sp"] == "documented"
    assert drawn["porter-sp", "Owner"] == "excess"
    assert drawn["porter-sp", "Control over the Entra tenant"] == "risk"


# --- drawing ---------------------------------------------------------------------------------------------------------


def many(number: int) -> Report:
    names = [f"r-{n}" for n in range(number)]
    return with_reviews(*(sample.review("porter-manager", name=name, arn=sample.arn(name)) for name in names))


@pytest.mark.parametrize("number", [1, MANY + 1, 60])
def test_every_identity_and_every_line_is_drawn(number: int) -> None:
    graph = one(many(number))
    assert sum(box.x == 410 for box in graph.figure.boxes) == number
    assert len(graph.figure.curves) == len(graph.lines)
    assert graph.left_out == ""


def test_beyond_the_limit_the_figure_says_what_stands_in_the_table_only() -> None:
    graph = one(many(DRAWN + 3))
    assert graph.left_out == "3 more identities in the table only"
    assert {line.end.label for line in graph.lines} >= {f"r-{n}" for n in range(DRAWN + 3)}


def test_identities_of_one_name_are_boxes_of_their_own() -> None:
    alike = [sample.review("porter-manager", arn=arn) for arn in ("a", "role", "role 2", "a", "a")]
    assert sum(box.x == 410 for box in one(with_reviews(*alike)).figure.boxes) == 5


ENDS = st.integers(0, 30)


@given(st.lists(st.tuples(st.booleans(), ENDS, ENDS, st.sampled_from(["documented", "excess"])), max_size=60))
def test_boxes_of_a_column_never_overlap_and_stay_in_the_picture(ties: list[tuple[bool, int, int, Any]]) -> None:
    middle = [End(f"m{n}") for n in range(31)]
    ways = [
        Way(End(f"l{a}"), middle[b], tone, "") if inward else Way(middle[b], End(f"r{a}"), tone, "")
        for inward, a, b, tone in ties
    ]
    figure = layout(middle, ways, {})
    for x in {box.x for box in figure.boxes}:
        column = sorted((box.y, box.height) for box in figure.boxes if box.x == x)
        assert column[0][0] >= 20
        assert all(y + height <= after for (y, height), (after, _) in itertools.pairwise(column))
        assert column[-1][0] + column[-1][1] <= figure.height


def test_texts_are_cut_in_the_middle_and_whole_in_the_title() -> None:
    name = "a" * 60 + "-end"
    (box,) = layout([End(name)], [], {}).boxes
    assert len(box.label) <= 31
    assert box.label.endswith("-end")
    assert "…" in box.label
    assert box.full == name


@pytest.mark.parametrize("text", sample.HOSTILE, ids=range(len(sample.HOSTILE)))
def test_hostile_names_and_policies_are_drawn_as_text(text: str) -> None:
    review = sample.review(
        "porter-manager",
        name=text,
        arn=text,
        live_trust=json.dumps({"Statement": [{"Principal": {text: [text]}, "Action": text}]}),
        documented_trust=text,
        external_principals=(text,),
    )
    for cloud in ("aws", "gcp", "azure", text):
        for graph in graphs(with_reviews(replace(review, cloud=cloud)), {}):
            for line in graph.lines:
                shown = line.start.label + line.end.label + line.how
                assert not set(shown) & set("\x00\x1b\n\u202e")
