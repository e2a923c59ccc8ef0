"""The shipped AWS inventory against the page it was taken from (seed 003) and AWS's own policies."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scanner.app.baselines.page_import import ImportOptions, import_page
from scanner.app.catalogue import load_catalogue
from scanner.baseline.load import find, load_aws
from scanner.baseline.page.records import PageInventory, Settlement
from scanner.baseline.page.text import parse_lines
from scanner.baseline.records import AwsBaseline, DocumentedRole, SourceRef

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
SEEDS = SHARED / "seeds"
MANAGED = SHARED / "data" / "aws_managed"
PAGE = SEEDS / "003_6288a4b5e66c7672.txt"


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _managed() -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(MANAGED.glob("*.json"))]


def _settlements() -> tuple[Settlement, ...]:
    """Return the conditional statements of the AWS-managed policies, V2 of the EBS one excepted: no page names it."""
    return tuple(
        Settlement(
            arn=policy["arn"],
            actions=frozenset(action.lower() for action in _listed(statement["Action"])),
            resources=frozenset(_listed(statement["Resource"])),
            conditions={
                operator: {key: _listed(value) for key, value in block.items()}
                for operator, block in statement["Condition"].items()
            },
        )
        for policy in _managed()
        if policy["name"] != "AmazonEBSCSIDriverPolicyV2"
        for statement in policy["document"]["Statement"]
        if "Condition" in statement
    )


@pytest.fixture(scope="module")
def page() -> PageInventory:
    text = PAGE.read_text(encoding="utf-8")
    return parse_lines(text.split("\n"), load_catalogue(), document="S003", settlements=_settlements())


@pytest.fixture(scope="module")
def shipped() -> AwsBaseline:
    return load_aws(find("porter@2026-05"))


def test_the_import_leaves_no_problem_and_one_unknown_action(page: PageInventory) -> None:
    assert page.problems == ()
    assert [(note.line, note.text) for note in page.unknown_actions] == [(88, "ec2:DeleteVpcEndpoint")]


def test_the_import_is_the_shipped_inventory_statement_by_statement(page: PageInventory, shipped: AwsBaseline) -> None:
    assert [role.name for role in page.roles] == [role.key for role in shipped.roles]
    for read, role in zip(page.roles, shipped.roles, strict=True):
        assert read.statements == role.statements, role.key


def test_the_import_has_the_measured_numbers(page: PageInventory) -> None:
    statements = [statement for role in page.roles for statement in role.statements]
    actions = [action.lower() for statement in statements for action in statement.actions]
    assert (len(page.roles), len(statements), len(actions), len(set(actions))) == (10, 112, 813, 451)
    assert sum(bool(statement.conditions) for statement in statements) == 25
    assert sum(statement.resources == ("*",) for statement in statements) == 74
    assert sum(len(statement.resources) for statement in statements) == 133


def test_no_character_of_a_cell_is_lost_or_added(page: PageInventory) -> None:
    """A second reading of the table that does not split: the pieces, put together again, are the cell."""
    lines = PAGE.read_text(encoding="utf-8").split("\n")
    for role in page.roles:
        for statement in role.statements:
            sid, resources, actions, condition = (
                cell.strip() for cell in lines[(statement.source.line or 0) - 1].rstrip().rstrip("|").split(" | ")
            )
            assert sid == statement.sid
            assert actions.startswith("(") or actions == "".join(statement.actions)
            assert resources.startswith("(") or resources == "".join(statement.resources).replace(
                "{account_id}", "<account-id>"
            )
            assert condition == (statement.as_printed or "\u2014")


def test_the_lines_that_carry_no_row_are_the_pages_prose(page: PageInventory) -> None:
    assert [note.line for note in page.unused] == [*range(1, 14), *range(25, 31)]


def test_roles_point_at_their_rows_of_the_table_of_roles(page: PageInventory, shipped: AwsBaseline) -> None:
    for read, role in zip(page.roles, shipped.roles, strict=True):
        assert (role.source.row, role.source.line) == (read.overview_row, read.overview_line)
        assert role.assumable_from_outside == read.assumable.startswith("Yes")
        assert {item.source.line for item in role.trust.statements} == {
            line for line, text in read.prose if text.startswith("Assumable by")
        }


def test_every_source_line_names_a_line_that_exists_and_is_not_blank(shipped: AwsBaseline) -> None:
    files = {"S003": PAGE, "S001": SEEDS / "001_cc8568f63d9008ab.txt", "S000": SEEDS / "000_bb1db9f1abae5337.txt"}
    lines = {name: path.read_text(encoding="utf-8").split("\n") for name, path in files.items()}
    sources = [source for item in shipped.contradictions for source in item.sources]
    sources += [policy.source for role in shipped.roles for policy in role.managed_policies]
    sources += [role.trust.external_id_source for role in shipped.roles if role.trust.external_id_source is not None]
    checked = [source for source in sources if source.line is not None]
    assert len(checked) > 20
    for source in checked:
        assert lines[source.document][(source.line or 0) - 1].strip(), source


def test_documents_are_the_seeds_byte_for_byte(shipped: AwsBaseline) -> None:
    names = {path.name[:3]: path for path in SEEDS.glob("*.txt")}
    digests = {document.name: document.sha256 for document in shipped.documents if document.sha256 is not None}
    assert digests == {
        f"S{number}": hashlib.sha256(names[number].read_bytes()).hexdigest() for number in ("003", "001", "000")
    }


def _printed(role: DocumentedRole, sids: tuple[str, ...]) -> set[tuple[object, ...]]:
    return {
        (
            frozenset(action.lower() for action in statement.actions),
            frozenset(statement.resources),
            json.dumps(statement.conditions, sort_keys=True),
        )
        for statement in role.statements
        if statement.sid in sids
    }


def test_rows_that_print_an_aws_managed_policy_are_that_policy(shipped: AwsBaseline) -> None:
    published = {policy["arn"]: policy["document"]["Statement"] for policy in _managed()}
    compared = 0
    for role in shipped.roles:
        for policy in role.managed_policies:
            original = {
                (
                    frozenset(action.lower() for action in _listed(statement["Action"])),
                    frozenset(_listed(statement["Resource"])),
                    json.dumps(
                        {
                            operator: {key: _listed(value) for key, value in block.items()}
                            for operator, block in statement.get("Condition", {}).items()
                        },
                        sort_keys=True,
                    ),
                )
                for statement in published[policy.arn]
            }
            assert _printed(role, policy.sids) == original, policy.arn
            compared += len(policy.sids)
    assert compared == 3 + 27


def test_imported_on_the_shipped_version_the_page_is_the_shipped_file_byte_for_byte(tmp_path: Path) -> None:
    out = tmp_path / "aws.yaml"
    result = import_page(ImportOptions(page=PAGE, based_on="porter@2026-05", out=out), date(2026, 11, 22))
    assert result.problems == ()
    assert out.read_bytes() == (find("porter@2026-05") / "aws.yaml").read_bytes()


def test_imported_alone_the_page_yields_the_shipped_inventory_with_its_trust(
    tmp_path: Path, shipped: AwsBaseline
) -> None:
    out = tmp_path / "aws.yaml"
    import_page(ImportOptions(page=PAGE, out=out), date(2026, 11, 22))
    alone = load_aws(out)
    assert [role.key for role in alone.roles] == [role.key for role in shipped.roles]
    for read, role in zip(alone.roles, shipped.roles, strict=True):
        assert [replace(s, source=_in_s003(s.source)) for s in read.statements] == list(role.statements)
        assert [replace(s, source=_in_s003(s.source)) for s in read.trust.statements] == list(role.trust.statements)
        assert read.trust.external_id == role.trust.external_id
        assert read.assumable_from_outside == role.assumable_from_outside
        assert _in_s003(read.source) == role.source
        if role.trust.external_id_source is not None:
            assert _in_s003(read.trust.external_id_source) == role.trust.external_id_source


def _in_s003(source: SourceRef | None) -> SourceRef:
    assert source is not None
    return replace(source, document="S003")
