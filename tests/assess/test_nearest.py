"""Naming the nearest documented version: who is nearest, what the others would need, and what is not compared twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from scanner.app.catalogue import load_catalogue
from scanner.assess.nearest import documented_role, nearest, with_nearest
from scanner.assess.reviews import aws_reviews
from scanner.baseline.aws_file import read_aws
from scanner.baseline.documents import permission_documents, trust_document
from scanner.baseline.records import AwsBaseline, DocumentedRole
from scanner.baseline.variables import bind_aws
from scanner.errors import PolicyError
from scanner.model.common import EvidencePointer, NotObserved, Observed
from scanner.model.inventory import AttachedPolicy, AwsAccount, AwsRole, Inventory
from scanner.model.snapshot import Scope, SourceKind
from scanner.rules.base import AwsContext, Settings
from scanner.rules.context import build_context
from scanner.rules.judge import RoleJudgement, judge_role

ACCOUNT = "111122223333"
CATALOGUE = load_catalogue()
WHERE = EvidencePointer("u")


def version(number: str, actions: list[str], *, role: str = "acme-reader", **top: Any) -> AwsBaseline:
    """Return a documented version with one role that may do these actions everywhere."""
    source = {"document": "D", "line": 1}
    trust = {
        "external_id": "not-applicable",
        "statements": [
            {
                "sid": "S",
                "principals": {"Service": ["ec2.amazonaws.com"]},
                "actions": ["sts:AssumeRole"],
                "source": source,
            }
        ],
    }
    statement = {"sid": "Does", "actions": actions, "resources": ["*"], "source": source}
    return read_aws(
        {
            "format": "porter-audit/baseline/aws/v1",
            "vendor": "acme",
            "version": number,
            "cloud": "aws",
            "title": "t",
            "publication": "p",
            "name_prefix": "acme",
            "documents": {"D": {"title": "t", "retrieved": "2026-01-01", "publication": "p"}},
            "variables": {"account_id": {"description": "x", "kind": "account-id"}},
            "roles": {
                role: {
                    "created_by": "c",
                    "purpose": "p",
                    "assumable_from_outside": False,
                    "source": source,
                    "trust": trust,
                    "statements": [statement],
                }
            },
            **top,
        },
        "x",
    )


def live(page: DocumentedRole, name: str = "acme-reader") -> AwsRole:
    """Return the live role that a documented one describes."""
    document = Observed(permission_documents(page)[0].body)
    return AwsRole(
        arn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        name=name,
        role_id="AROAEXAMPLE",
        path="/",
        account_id=ACCOUNT,
        trust=Observed(trust_document(page).body),
        policies=(AttachedPolicy("p", "inline", document, WHERE),),
        evidence=WHERE,
    )


def context(chosen: AwsBaseline, *roles: AwsRole) -> AwsContext:
    scope = Scope(cloud="aws", kind="account", id=ACCOUNT)
    account = AwsAccount(account_id=ACCOUNT, partition="aws", scope=scope, roles=roles)
    inventory = Inventory(source=SourceKind.LIVE, units=(), aws=(account,))
    bound = bind_aws(chosen, {"account_id": ACCOUNT})
    return build_context(account, inventory, bound, Settings(), datetime(2026, 6, 1, tzinfo=UTC), CATALOGUE)


class Counting:
    """Judges as the engine does, and remembers by which version."""

    def __init__(self, account: AwsAccount) -> None:
        self.account = account
        self.asked: list[str] = []

    def __call__(self, role: AwsRole, page: DocumentedRole, by: AwsBaseline) -> RoleJudgement:
        self.asked.append(by.id)
        return judge_role(role, page, baseline=by, external_ids=(), account=self.account, catalogue=CATALOGUE)


OLD = version("1", ["s3:GetObject"])
NEW = version("2", ["s3:GetObject", "s3:PutObject"])
SAME = version("3", ["s3:GetObject"])
OTHER = version("4", ["s3:GetObject"], role="acme-writer")


def _words(role: AwsRole, *versions: AwsBaseline) -> tuple[str | None, list[str]]:
    judge = Counting(context(versions[0], role).account)
    return nearest(role, versions, judge), judge.asked


CASES = {
    "matches the chosen": (OLD, [OLD, NEW], "nearest to acme@1: matches; acme@2 1 missing"),
    "matches another": (NEW, [OLD, NEW], "nearest to acme@2: matches; acme@1 1 beyond it"),
    "documented alike": (OLD, [OLD, SAME], "acme@1 and acme@3 document it alike: matches"),
    "alike and another": (OLD, [OLD, SAME, NEW], "nearest to acme@1: matches; acme@3 matches; acme@2 1 missing"),
    "not in another": (OLD, [OLD, OTHER], "acme@1: matches; not documented in acme@4"),
    "only one version": (OLD, [OLD], None),
}


@pytest.mark.parametrize(("page", "versions", "words"), CASES.values(), ids=CASES)
def test_the_nearest_version_is_named(page: AwsBaseline, versions: list[AwsBaseline], words: str | None) -> None:
    assert _words(live(page.roles[0]), *versions)[0] == words


def test_what_is_beyond_the_document_weighs_more_than_what_is_missing() -> None:
    wide = version("5", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"])
    words, _ = _words(live(NEW.roles[0]), OLD, wide)
    assert words == "nearest to acme@5: 2 missing; acme@1 1 beyond it"


def test_a_version_whose_document_for_the_role_is_the_same_is_not_compared_again() -> None:
    assert _words(live(OLD.roles[0]), OLD, SAME, NEW)[1] == ["acme@1", "acme@2"]


def test_a_role_that_could_not_be_read_is_near_nothing() -> None:
    unread = replace(live(OLD.roles[0]), trust=NotObserved("denied"))
    assert _words(unread, OLD, NEW)[0] == "the nearest version is not known: the role could not be read in full"


def test_a_document_that_cannot_be_judged_is_not_compared() -> None:
    def refuse(role: AwsRole, page: DocumentedRole, by: AwsBaseline) -> RoleJudgement:
        raise PolicyError("not valid")

    words = nearest(live(OLD.roles[0]), [OLD, NEW], refuse)
    assert words == "the nearest version is not known: the role could not be read in full"


def test_a_literal_name_wins_over_an_open_one() -> None:
    both = replace(OLD, roles=(replace(OLD.roles[0], key="acme-*", name_pattern="acme-*"), *OLD.roles))
    found = documented_role("acme-reader", both)
    assert found is not None
    assert found.key == "acme-reader"
    assert documented_role("other", both) is None


def test_reviews_name_the_nearest_version_of_every_live_role() -> None:
    stranger = live(OLD.roles[0], "acme-writer")
    case = context(OLD, live(NEW.roles[0]), stranger)
    reviews = {review.name: review.nearest for review in with_nearest(aws_reviews(case), case, (NEW, OTHER), {})}
    assert reviews == {
        "acme-reader": "nearest to acme@2: matches; acme@1 1 beyond it; not documented in acme@4",
        "acme-writer": "acme@4: matches; not documented in acme@1 and acme@2",
    }


def test_an_absent_role_is_near_nothing() -> None:
    case = context(OLD)
    assert [review.nearest for review in with_nearest(aws_reviews(case), case, (NEW,), {})] == [None]


def test_a_version_that_lacks_a_value_is_named_and_not_guessed_at() -> None:
    needy = version(
        "6",
        ["s3:GetObject"],
        variables={
            "account_id": {"description": "x", "kind": "account-id"},
            "bucket": {"description": "x"},
        },
    )
    statement = replace(needy.roles[0].statements[0], resources=("arn:aws:s3:::{bucket}",))
    needy = replace(needy, roles=(replace(needy.roles[0], statements=(statement,)),))
    case = context(OLD, live(OLD.roles[0]))
    (review,) = with_nearest(aws_reviews(case), case, (needy,), {})
    assert review.nearest == "not compared with acme@6: baseline `acme@6`: parameter `bucket` has no value"
    (review,) = with_nearest(aws_reviews(case), case, (needy,), {"bucket": "acme-files", "unknown": "x"})
    assert review.nearest == "nearest to acme@1: matches; acme@6 1 beyond it"


def test_without_other_versions_reviews_stay_as_they_are() -> None:
    case = context(OLD, live(OLD.roles[0]))
    assert with_nearest(aws_reviews(case), case, (), {}) == aws_reviews(case)
