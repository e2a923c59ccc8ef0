"""The mapping of rule families to controls: complete, quoted, our own words, and nothing claimed that no rule feeds."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from scanner.baseline.controls import load_controls, read_controls, shipped_controls
from scanner.baseline.yaml_text import read_yaml
from scanner.errors import BaselineError
from scanner.resources import data_dir
from scanner.rules.base import Rule
from scanner.rules.registry_all import EVERY_RULE

FILE = data_dir("baselines") / "controls.yaml"
Data = dict[str, Any]


def test_every_family_that_a_rule_names_is_mapped_and_no_other() -> None:
    assert {rule.family for rule in EVERY_RULE} == {family.key for family in shipped_controls().families}


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.id)
def test_every_rule_is_evidence_for_a_control(rule: Rule) -> None:
    links = shipped_controls().by_family(rule.cloud)[rule.family]
    assert links
    assert len({(link.framework, link.id) for link in links}) == len(links)


def test_no_control_of_a_cloud_is_claimed_that_no_rule_of_the_cloud_feeds() -> None:
    fed = {(rule.cloud, rule.family) for rule in EVERY_RULE}
    shipped = shipped_controls()
    for framework in shipped.frameworks:
        for family in shipped.families:
            if framework.cloud and any(link.framework == framework.title for link in family.links):
                assert (framework.cloud, family.key) in fed, f"{framework.key}: {family.key}"


def test_controls_of_another_cloud_are_left_out() -> None:
    for cloud, absent in (("aws", "CIS GCP"), ("gcp", "CIS AWS"), ("azure", "CIS AWS")):
        named = {link.framework for links in shipped_controls().by_family(cloud).values() for link in links}
        assert absent not in named
        assert "SOC 2" in named


def test_ids_are_quoted_so_that_no_reader_takes_them_for_numbers() -> None:
    ids = re.findall(r"\bid: (.+)", FILE.read_text(encoding="utf-8"))
    assert len(ids) > 80
    assert [text for text in ids if not re.fullmatch(r'"[^"]+"', text)] == []


def test_availability_and_transmission_are_not_claimed() -> None:
    """An account's identities say nothing of them."""
    ids = {link.id for family in shipped_controls().families for link in family.links}
    assert not {name for name in ids if name.startswith("A1.") or name == "CC6.7"}


def test_every_link_says_how_strong_it_is_and_where_it_ends() -> None:
    for family in shipped_controls().families:
        for link in family.links:
            assert link.strength in ("direct", "supporting")
            rationale, marker, limits = link.rationale.partition(" Limits: ")
            assert marker
            assert len(rationale.split()) >= 3
            assert len(limits.split()) >= 2


# Sentences of the frameworks begin so; ours never do.
FRAMEWORK_WORDS = ("The entity ", "Employ the principle", "shall be ", "Ensure that ", "Ensure IAM", "should be ")


@pytest.mark.parametrize("words", FRAMEWORK_WORDS)
def test_no_wording_of_the_frameworks_stands_in_the_file(words: str) -> None:
    assert words not in FILE.read_text(encoding="utf-8")


SMALL: Data = {
    "format": "porter-audit/controls/v1",
    "frameworks": {"f": {"title": "F", "version": "1"}},
    "families": {
        "excess": {
            "summary": "x",
            "controls": [
                {"framework": "f", "id": "1.10", "strength": "direct", "rationale": "shows it", "limits": "one night"}
            ],
        }
    },
}


def _link(data: Data) -> Data:
    found: Data = data["families"]["excess"]["controls"][0]
    return found


BROKEN: dict[str, tuple[Callable[[Data], object], str]] = {
    "number for an id": (lambda d: _link(d).update(id=7), "`id` must hold text, not a number"),
    "id that is none": (lambda d: _link(d).update(id="see above"), "`see above` is not a control's id"),
    "strength misspelt": (lambda d: _link(d).update(strength="strong"), "`strength` must be one of"),
    "no limits": (lambda d: _link(d).pop("limits"), "missing key `limits`"),
    "unknown framework": (lambda d: _link(d).update(framework="g"), "unknown framework `g`"),
    "control twice": (
        lambda d: d["families"]["excess"]["controls"].append(dict(_link(d))),
        "family `excess`: control `1.10`: `1.10` of F stands twice",
    ),
    "family without controls": (lambda d: d["families"]["excess"].update(controls=[]), "missing key `controls`"),
    "family named badly": (lambda d: d["families"].update({"Ex cess": d["families"]["excess"]}), "a family's name"),
    "no families": (lambda d: d.pop("families"), "missing key `families`"),
    "unknown key": (lambda d: d.update(extra=1), "unknown key `extra`"),
    "other format": (lambda d: d.update(format="v2"), "`format` must be one of"),
}


@pytest.mark.parametrize(("break_it", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_mapping_is_refused_with_its_place(break_it: Callable[[Data], object], message: str) -> None:
    data = copy.deepcopy(SMALL)
    break_it(data)
    with pytest.raises(BaselineError, match=r"^controls: ") as caught:
        read_controls(data, "controls")
    assert message in str(caught.value)


def test_a_sound_mapping_is_read() -> None:
    (family,) = read_controls(SMALL, "controls").families
    assert [(link.framework, link.version, link.id) for link in family.links] == [("F", "1", "1.10")]
    assert family.links[0].rationale == "shows it Limits: one night"


def test_the_shipped_file_is_what_the_reader_reads() -> None:
    assert load_controls(FILE) == read_controls(read_yaml(FILE.read_bytes(), "x"), "x") == shipped_controls()
