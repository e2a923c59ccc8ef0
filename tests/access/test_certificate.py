"""The certificate checker confirms what the engine proves, and objects to what it did not prove."""

from __future__ import annotations

import copy
import itertools
import re

import pytest

from scanner.access.certificate import check_certificate, includes
from scanner.access.compare import compare
from scanner.access.records import NamedDocument
from scanner.baseline.documents import permission_documents
from scanner.baseline.load import find, load_aws

BASELINE = load_aws(find("porter@2026-05"))
ROLES = {r.key: list(permission_documents(r, BASELINE.aliases)) for r in BASELINE.roles}


@pytest.mark.parametrize("role", ROLES)
def test_the_certificate_of_every_documented_role_is_confirmed_without_the_engine(role: str) -> None:
    check = check_certificate(compare(ROLES[role], ROLES[role]).certificate, ROLES[role], ROLES[role])
    assert check.problems == ()
    assert check.confirmed > 0
    assert check.searched == 0


def _document(name: str, **statement: object) -> NamedDocument:
    body = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*", **statement}
    return NamedDocument(name, {"Version": "2012-10-17", "Statement": [body]})


LIVE = [_document("live", Action=["s3:GetObject", "s3:GetBucketAcl"])]
DOCUMENTED = [_document("page")]


def test_a_piece_left_out_of_the_certificate_is_a_problem() -> None:
    certificate = copy.deepcopy(compare(LIVE, DOCUMENTED).certificate)
    del certificate["discharged"][0]
    assert "not in the certificate" in check_certificate(certificate, LIVE, DOCUMENTED).problems[0]


@pytest.mark.parametrize(
    ("documented", "fragment"),
    [
        (_document("page", Action="s3:Put*"), "not inside Action"),
        (_document("page", Resource="arn:aws:s3:::a/*"), "not inside Resource"),
        (_document("page", Condition={"Bool": {"aws:SecureTransport": True}}), "condition"),
        (_document("page", Effect="Deny"), "effect Deny"),
        (_document("other"), "not in the documents"),
    ],
)
def test_a_certificate_does_not_hold_for_other_documents(documented: NamedDocument, fragment: str) -> None:
    certificate = compare(LIVE, DOCUMENTED).certificate
    check = check_certificate(certificate, LIVE, [documented])
    assert not check.holds
    assert all(fragment in p for p in check.problems)


def test_includes_is_sound_on_every_pair_of_short_patterns() -> None:
    patterns = ["".join(t) for n in range(4) for t in itertools.product("ab*?", repeat=n)]
    words = ["".join(t) for n in range(7) for t in itertools.product("abx", repeat=n)]
    languages = {p: {w for w in words if re.fullmatch(p.replace("*", ".*").replace("?", "."), w)} for p in patterns}
    wrong = [(p, q) for p in patterns for q in patterns if includes(p, q) and not languages[q] <= languages[p]]
    assert wrong == []
    assert includes("s3:*", "s3:get*")
    assert includes("*", "?*")
    assert not includes("s3:get*", "s3:*")
