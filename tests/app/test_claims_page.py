"""The table of claims: no gap without a reason, links that lead somewhere, and a committed page that is current."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scanner.app.claims_page import EVERY_RULE, claims_page, gaps, rules_by_claim, write_page
from scanner.baseline.claims import read_claims, shipped_claims
from scanner.baseline.load import clouds_of, find, load_part, load_services
from scanner.errors import BaselineError

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = shipped_claims()
Data = dict[str, Any]


def test_the_committed_page_is_up_to_date(tmp_path: Path) -> None:
    write_page(tmp_path / "claims.md")
    current = (tmp_path / "claims.md").read_text(encoding="utf-8")
    committed = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert committed == current, "write it anew: python -m scanner.app.claims_page docs/claims.md"


def test_all_ninety_claims_are_checked_planned_or_explained() -> None:
    assert [claim.number for claim in CLAIMS.claims] == list(range(1, 91))
    assert gaps(CLAIMS, EVERY_RULE) == ()


def test_every_rule_that_a_claim_leads_to_has_cases_that_fail_and_pass() -> None:
    for rules in rules_by_claim(EVERY_RULE).values():
        for rule in rules:
            directory = ROOT / "tests" / "cases" / rule
            assert list(directory.glob("bad_*.json")), rule
            assert list(directory.glob("good_*.json")), rule


def test_claims_name_documents_of_the_documented_versions() -> None:
    known: set[str] = set()
    for spec in ("porter@2026-05", "porter@2026-08"):
        path = find(spec)
        known |= {document.name for cloud in clouds_of(path) for document in load_part(path, cloud).documents}
        known |= {document.name for document in load_services(path).documents}
    assert {name for claim in CLAIMS.claims for name in claim.documents} <= known


def test_a_claim_without_rule_work_or_reason_is_a_gap() -> None:
    place = next(i for i, claim in enumerate(CLAIMS.claims) if claim.unchecked)
    bare = replace(CLAIMS.claims[place], unchecked="")
    changed = replace(CLAIMS, claims=(*CLAIMS.claims[:place], bare, *CLAIMS.claims[place + 1 :]))
    assert gaps(changed, EVERY_RULE) == (f"claim {bare.number} has no rule, no planned work and no reason",)


def test_a_reason_that_a_rule_has_overtaken_is_a_gap() -> None:
    late = replace(CLAIMS.claims[0], unchecked="nobody can")
    (gap,) = gaps(replace(CLAIMS, claims=(late, *CLAIMS.claims[1:])), EVERY_RULE)
    assert gap.startswith("claim 1 is said to be unchecked, but AWS-")


def test_a_rule_that_names_an_unknown_claim_is_a_gap() -> None:
    stray = replace(EVERY_RULE[0], claims=(91,))
    assert "rules name claim 91, which is not in the list" in gaps(CLAIMS, (*EVERY_RULE, stray))


def test_the_page_has_a_row_per_claim_and_nothing_that_breaks_a_row() -> None:
    odd = replace(CLAIMS.claims[0], claim="a | b\nc *d* <script>")
    page = claims_page(replace(CLAIMS, claims=(odd, *CLAIMS.claims[1:])), EVERY_RULE)
    rows = [line for line in page.split("\n") if line.startswith("| ") and not line.startswith("| # ")]
    assert len(rows) == 90
    assert "a \\| b c \\*d\\* &lt;script>" in rows[0]


SMALL: Data = {
    "format": "porter-audit/claims/v1",
    "vendor": "acme",
    "works": {"Later": "soon"},
    "claims": {
        "1": {"cloud": "aws", "subject": "role", "claim": "reads", "documents": ["D"]},
        "2": {"cloud": "gcp", "subject": "account", "claim": "reads", "documents": ["D"], "open": "Later"},
    },
}

BROKEN: dict[str, tuple[Callable[[Data], object], str]] = {
    "a gap": (lambda d: d["claims"].update({"4": d["claims"].pop("2")}), "numbered from 1 without a gap"),
    "no claims": (lambda d: d.update(claims={}), "numbered from 1 without a gap"),
    "a name for a number": (lambda d: d["claims"].update({"x": d["claims"]["1"]}), "a claim's name is its number"),
    "unknown work": (lambda d: d["claims"]["2"].update(open="Never"), "claim `2`: unknown work `Never`"),
    "both reasons": (lambda d: d["claims"]["2"].update(unchecked="x"), "cannot both be given"),
    "another cloud": (lambda d: d["claims"]["1"].update(cloud="moon"), "`cloud` must be one of"),
    "no documents": (lambda d: d["claims"]["1"].update(documents=[]), "`documents` must not be empty"),
    "unknown key": (lambda d: d["claims"]["1"].update(rule="x"), "claim `1`: unknown key `rule`"),
    "work without words": (lambda d: d.update(works={"Later": None}), "`works` must map names to text"),
}


@pytest.mark.parametrize(("break_it", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_list_is_refused_with_its_place(break_it: Callable[[Data], object], message: str) -> None:
    data = copy.deepcopy(SMALL)
    break_it(data)
    with pytest.raises(BaselineError, match=r"^claims") as caught:
        read_claims(data, "claims")
    assert message in str(caught.value)


def test_a_sound_list_is_read() -> None:
    claims = read_claims(SMALL, "claims")
    assert [(claim.number, claim.open) for claim in claims.claims] == [(1, ""), (2, "Later")]
    assert gaps(claims, ()) == ("claim 1 has no rule, no planned work and no reason",)
