"""GCP documents that leave something open, and deny rules: never read as less than they may grant."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from scanner.access.gcp.authorize import allows_gcp
from scanner.access.gcp.compare import compare_gcp
from scanner.access.gcp.deny import denied_at
from scanner.access.gcp.document import parse_gcp
from scanner.access.gcp.member import canonical
from scanner.access.gcp.terms import Opaque, parse_condition
from scanner.access.records import NamedDocument, Request

Body = dict[str, Any]
UP = {"projects/p": "folders/1", "folders/1": "organizations/9", "projects/q": "organizations/9"}
PORTER = "serviceAccount:porter@p.iam.gserviceaccount.com"
POOL = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/w"


def named(*bodies: Body) -> list[NamedDocument]:
    return [NamedDocument(f"document {i}", body) for i, body in enumerate(bodies)]


def bound(role: str, node: str = "projects/p", member: str = PORTER, expression: str = "") -> Body:
    binding: Body = {"role": role, "members": [member]}
    if expression:
        binding["condition"] = {"title": "t", "expression": expression}
    return {"resource": node, "bindings": [binding]}


def deny(node: str = "projects/p", expression: str = "", **lists: list[str]) -> Body:
    rule: Body = {
        "deniedPrincipals": ["principalSet://goog/public:all"],
        "deniedPermissions": ["a.googleapis.com/x.get"],
        **lists,
    }
    if expression:
        rule["denialCondition"] = {"expression": expression}
    attached = f"cloudresourcemanager.googleapis.com/{node}".replace("/", "%2F")
    return {"name": f"policies/{attached}/denypolicies/d", "rules": [{"denyRule": rule}]}


ROLE: Body = {"name": "roles/known", "includedPermissions": ["a.x.get", "a.x.set"]}
BEFORE = 'request.time < timestamp("2026-06-04T00:00:00Z")'
LATER = 'request.time < timestamp("2026-07-04T00:00:00Z")'


@pytest.mark.parametrize(
    ("live", "documented"),
    [
        ([bound("roles/u")], [bound("roles/v")]),
        ([bound("roles/u", "folders/1")], [bound("roles/u")]),
        ([bound("roles/u")], [bound("roles/u", "projects/q")]),
        ([bound("roles/u")], [bound("roles/u", member="user:a@x.y")]),
        ([bound("roles/u")], [bound("roles/u", member="group:g@x.y")]),
        ([bound("roles/u")], [bound("roles/u", expression=BEFORE)]),
        ([bound("roles/u", expression=LATER)], [bound("roles/u", expression=BEFORE)]),
        ([bound("roles/u")], [bound("roles/u"), deny()]),
        ([bound("roles/u")], [bound("roles/known"), ROLE]),
        ([bound("roles/u_withcond_0a")], [bound("roles/u_withcond_0a")]),
        ([bound("roles/u_withcond_0a")], [bound("roles/u")]),
        ([bound("roles/u")], [bound("roles/u_withcond_0a")]),
    ],
)
def test_a_role_nobody_gave_is_inside_only_itself_bound_as_widely(live: list[Body], documented: list[Body]) -> None:
    result = compare_gcp(named(*live), named(*documented), parents=UP)
    assert "excess" in [u.direction for u in result.undecided]
    assert result.certificate["discharged"] == []
    assert result.contained is None


@pytest.mark.parametrize(
    ("live", "documented"),
    [
        ([bound("roles/u")], [bound("roles/u")]),
        ([bound("roles/u")], [bound("roles/v"), bound("roles/u", "folders/1")]),
        ([bound("roles/u", expression=BEFORE)], [bound("roles/u", expression=LATER)]),
        ([bound("roles/u"), deny()], [bound("roles/u", member="allUsers")]),
        ([bound("roles/known"), ROLE], [bound("roles/known")]),
    ],
)
def test_a_role_nobody_gave_holds_itself(live: list[Body], documented: list[Body]) -> None:
    result = compare_gcp(named(*live), named(*documented), parents=UP)
    assert result.excess == ()
    assert [u.direction for u in result.undecided if u.direction == "excess"] == []
    assert result.certificate["discharged"]


@pytest.mark.parametrize(
    ("documented", "verdict"),
    [
        ([bound("roles/known"), deny()], "broader"),
        ([bound("roles/known"), deny("organizations/9")], "broader"),
        ([bound("roles/known"), deny(deniedPrincipals=["principalSet://goog/group/g@x.y"])], "undecided"),
        ([bound("roles/known"), deny(deniedPermissions=["a.googleapis.com/x.*"])], "undecided"),
        ([bound("roles/known"), deny(deniedPermissions=["a.googleapis.com/y.*"])], "equal"),
        ([bound("roles/known"), deny("projects/q")], "equal"),
        ([bound("roles/known"), deny(exceptionPrincipals=["principalSet://goog/public:all"])], "equal"),
        ([bound("roles/known"), deny(exceptionPrincipals=["principalSet://goog/group/g@x.y"])], "undecided"),
        ([bound("roles/known"), deny(exceptionPermissions=["a.googleapis.com/x.get"])], "equal"),
        ([bound("roles/known"), deny(expression="resource.fromTheFuture()")], "undecided"),
    ],
)
def test_what_the_documents_deny_and_live_lacks_is_beyond_or_open(documented: list[Body], verdict: str) -> None:
    live = named(bound("roles/known"), ROLE)
    assert compare_gcp(live, named(*documented, ROLE), parents=UP).verdict == verdict


MEMBERS = [
    "allUsers",
    "user:a@x.y",
    PORTER,
    "group:g@x.y",
    f"principal://{POOL}/subject/s",
    f"principalSet://{POOL}/*",
    f"principalSet://{POOL}/attribute.a/1",
]
LISTS = [
    (["a.googleapis.com/x.get"], []),
    (["a.googleapis.com/x.*"], []),
    (["a.googleapis.com/*.get"], []),
    (["a.googleapis.com/*.*"], []),
    (["*/*.*"], []),
    (["b.googleapis.com/*.*", "a.googleapis.com/y.*", "a.googleapis.com/x.set"], []),
    (["a.googleapis.com/x.get"], ["a.googleapis.com/x.get"]),
    (["a.googleapis.com/x.get"], ["a.googleapis.com/x.*"]),
    (["a.googleapis.com/x.get"], ["b.googleapis.com/x.*"]),
    ([], []),
]
PERMISSION = {"name": "roles/one", "includedPermissions": ["a.x.get"]}


def open_or_denied(document: Body, member: str, node: str) -> bool | None:
    """Return what the engine says of the one permission: taken away, None, or left."""
    rules = parse_gcp(named(document)).denies
    found = denied_at(rules, frozenset({"a.x.get"}), canonical(member), node, UP)
    return True if found.surely else None if found.perhaps else False


def said(document: Body, member: str, node: str) -> bool | None:
    """Return what the second evaluator says of it, for somebody who has everything."""
    request = Request(member, "a.x.get", node)
    answer = allows_gcp(request, [bound("roles/one", "organizations/9", "allUsers"), PERMISSION, document], parents=UP)
    return None if answer is None else not answer


@pytest.mark.parametrize(("permissions", "excepted"), LISTS)
def test_both_engines_read_the_permissions_of_a_deny_rule_alike(permissions: list[str], excepted: list[str]) -> None:
    for node, at in itertools.product(("projects/p", "folders/1", "projects/q"), ("projects/p", "folders/1")):
        document = deny(at, deniedPermissions=permissions, exceptionPermissions=excepted)
        assert open_or_denied(document, PORTER, node) is said(document, PORTER, node), (node, at)


@pytest.mark.parametrize("denied", MEMBERS)
@pytest.mark.parametrize("excepted", [None, *MEMBERS])
def test_what_one_engine_calls_denied_the_other_does_not_call_allowed(denied: str, excepted: str | None) -> None:
    document = deny(deniedPrincipals=[denied], exceptionPrincipals=[excepted] if excepted else [])
    for member in ("user:a@x.y", "user:b@x.y", PORTER, f"principal://{POOL}/subject/s", f"principal://{POOL}/subject/t"):
        ours, theirs = open_or_denied(document, member, "projects/p"), said(document, member, "projects/p")
        assert ours is theirs, (denied, excepted, member)


WORKFORCE = "iam.googleapis.com/locations/global/workforcePools/f"


@pytest.mark.parametrize(
    ("denied", "member", "expected"),
    [
        ("principal://iam.googleapis.com/projects/-/serviceAccounts/Porter@p.iam.gserviceaccount.com", PORTER, True),
        ("principal://iam.googleapis.com/projects/-/serviceAccounts/other@p.iam.gserviceaccount.com", PORTER, False),
        ("principal://goog/subject/A@x.y", "user:a@x.y", True),
        ("principal://goog/subject/A@x.y", "user:b@x.y", False),
        ("principal://goog/subject/porter@p.iam.gserviceaccount.com", PORTER, False),
        ("principalSet://goog/group/G@x.y", "group:g@x.y", True),
        ("principalSet://goog/group/g@x.y", "user:a@x.y", None),
        ("principalSet://goog/public:all", "allUsers", True),
        (f"principalSet://{WORKFORCE}/*", f"principal://{WORKFORCE}/subject/s", True),
        (f"principalSet://{WORKFORCE}/*", f"principal://{POOL}/subject/s", False),
        (f"principalSet://{WORKFORCE}/group/g", f"principal://{WORKFORCE}/subject/s", None),
        (f"principal://{WORKFORCE}/subject/s", f"principal://{WORKFORCE}/subject/t", False),
        (f"principalSet://{POOL}/*", f"principalSet://{POOL}/attribute.a/1", True),
        (f"principalSet://{POOL}/attribute.a/1", f"principalSet://{POOL}/attribute.a/2", False),
    ],
)
def test_both_engines_know_the_names_that_deny_policies_use(denied: str, member: str, expected: bool | None) -> None:
    document = deny(deniedPrincipals=[denied])
    assert open_or_denied(document, member, "projects/p") is expected
    assert said(document, member, "projects/p") is expected


MAYBE = [
    deny(deniedPrincipals=["principalSet://goog/group/g@x.y"]),
    deny(deniedPermissions=["a.googleapis.com/x.*"]),
    deny(exceptionPrincipals=["principalSet://goog/group/g@x.y"]),
    deny(exceptionPermissions=["a.googleapis.com/x.*"]),
    deny(expression="resource.fromTheFuture()"),
    deny("folders/7"),
]


@pytest.mark.parametrize("perhaps", MAYBE)
def test_what_a_live_deny_rule_only_may_take_away_is_still_there(perhaps: Body) -> None:
    live = named(bound("roles/known"), ROLE, perhaps)
    viewer: Body = {"name": "roles/known", "includedPermissions": ["a.x.set"]}
    result = compare_gcp(live, named(bound("roles/known"), viewer), parents={})
    assert result.contained is None
    assert "excess" in [u.direction for u in result.undecided]


def test_an_excess_names_permissions_that_exist_and_what_grants_nothing_stands_in_the_certificate() -> None:
    empty: Body = {"resource": "projects/p", "bindings": []}
    result = compare_gcp(named(empty, bound("roles/known"), ROLE), named(bound("roles/none")), parents=UP)
    (piece,) = compare_gcp(named(bound("roles/known"), ROLE), named(empty), parents=UP).excess
    assert (piece.latent, piece.kind, piece.resources) == (False, "action", ("projects/p",))
    (entry,) = result.certificate["discharged"]
    assert entry["live"] == {"document": "document 0", "statement": "", "actions": [], "resources": []}
    assert entry["how"] == "its policy has no bindings: it grants nothing"
    held = named(bound("roles/known"), ROLE)
    (same,) = compare_gcp(held, held).certificate["discharged"]
    where = {"document": "document 0", "statement": "0", "actions": ["roles/known"], "resources": ["projects/p"]}
    assert (same["live"], same["by"]) == (where, ["document 0: 0"])


@pytest.mark.parametrize(("one", "other"), [("<", ">"), ("<=", ">="), (">", "<"), (">=", "<="), ("==", "==")])
def test_a_moment_may_stand_on_either_side(one: str, other: str) -> None:
    moment = 'timestamp("2026-06-04T00:00:00Z")'
    terms = parse_condition(f"{moment} {one} request.time")
    assert terms == parse_condition(f"request.time {other} {moment}")
    assert all(term.operator == other for term in terms)


WITHOUT_NODE: Body = {"bindings": [{"role": "roles/known", "members": [PORTER]}]}


@pytest.mark.parametrize(
    ("live", "documented"),
    [(bound("roles/known"), WITHOUT_NODE), (WITHOUT_NODE, bound("roles/known"))],
)
def test_a_policy_that_does_not_say_where_it_is_attached_settles_nothing(live: Body, documented: Body) -> None:
    assert compare_gcp(named(live, ROLE), named(documented, ROLE), parents=UP).verdict == "undecided"
    assert compare_gcp(named(live, ROLE), named(live, ROLE), parents=UP).verdict == "equal"


@pytest.mark.parametrize(
    "expression",
    [
        'resource.name.startsWith("""a""")',
        'resource.name == "a" // && false',
        'resource.name == "a\\x62"',
    ],
)
def test_a_condition_in_a_form_that_is_not_read_is_one_opaque_term(expression: str) -> None:
    (term,) = parse_condition(expression)
    assert term == Opaque(expression)


def test_the_sides_of_a_lone_equation_may_change_places_and_no_others() -> None:
    assert parse_condition('api.get == "x"') == parse_condition('"x" == api.get')
    assert parse_condition("f(a, b) == 1") == parse_condition("1 == f(a, b)")
    for operator in (">", "<", ">=", "<=", "in", "&&", "||", "!="):
        assert parse_condition(f"a {operator} b == c") != parse_condition(f"c == a {operator} b"), operator
