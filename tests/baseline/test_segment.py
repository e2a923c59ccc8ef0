"""Splitting run-together actions and ARNs."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scanner.access.catalogue import Catalogue, EmptyCatalogue
from scanner.app.catalogue import load_catalogue
from scanner.baseline.segment import Segmentation, is_known, segment_actions, split_resources

CATALOGUE = load_catalogue()

# Each cell broke a simpler splitter: services inside services, digits, hyphens, actions that start other actions.
CELLS = {
    "service with a digit": "s3:CreateBucket s3:DeleteBucket",
    "service that ends another": "rds:AddTagsToResource rds:CreateDBCluster",
    "events after a name in s": "events:DescribeRule events:PutTargets events:PutRule",
    "hyphens and sts": "ecr-public:GetAuthorizationToken sts:GetServiceBearerToken",
    "eks-auth after eks": "eks:DescribeCluster eks-auth:AssumeRoleForPodIdentity",
    "names that start longer names": "ec2:CreateVpc ec2:CreateVpcEndpoint ec2:CreateVpcEndpointServiceConfiguration",
    "plural after singular": "ec2:DescribeVpcEndpointServices ec2:DescribeVpcEndpoints ec2:DescribeVpcs",
    "wildcards in a row": "ce:Get* ce:List* freetier:GetAccountPlanState pricing:*",
    "wildcard before kms": "elasticache:* kms:DescribeKey",
    "wildcard in the middle": "kms:Describe* kms:EnableKeyRotation",
    "one": "iam:PassRole",
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_cell_has_exactly_one_split_into_known_actions(cell: str) -> None:
    actions = tuple(cell.split())
    assert segment_actions("".join(actions), CATALOGUE) == Segmentation(actions)


@pytest.mark.parametrize("separator", [" ", "\n", "<br/>", "<br>", ", ", " <BR /> "])
def test_breaks_that_survived_are_respected(separator: str) -> None:
    actions = ("s3:GetObject", "s3:PutObject", "ec2:RunInstances")
    assert segment_actions(separator.join(actions), CATALOGUE).actions == actions


def test_an_unknown_action_is_kept_and_costs_its_neighbours_nothing() -> None:
    actions = ("ec2:DeleteVpc", "ec2:DeleteVpcEndpoint", "ec2:DeleteVpcEndpointServiceConfigurations")
    assert segment_actions("".join(actions), CATALOGUE) == Segmentation(actions, unknown=("ec2:DeleteVpcEndpoint",))


def test_a_pattern_that_matches_nothing_is_unknown() -> None:
    assert segment_actions("iam:Bogus*iam:PassRole", CATALOGUE).unknown == ("iam:Bogus*",)
    assert is_known("iam:Pass*", CATALOGUE)
    assert is_known("IAM:passrole", CATALOGUE)


def test_two_equally_good_splits_are_reported_as_such() -> None:
    class Two(EmptyCatalogue):
        def is_published(self, action: str) -> bool:
            return action in {"a:Xb", "c:Y", "a:X", "bc:Y"}

    split = segment_actions("a:Xbc:Y", Two())
    assert split.ambiguous
    assert "".join(split.actions) == "a:Xbc:Y"
    assert not split.unknown


def test_without_catalogue_nothing_is_lost_and_all_is_unknown() -> None:
    split = segment_actions("iam:PassRoleec2:RunInstances", EmptyCatalogue())
    assert "".join(split.actions) == "iam:PassRoleec2:RunInstances"
    assert split.unknown == split.actions


@pytest.mark.parametrize(
    "text", ["PassRole", ":PassRole", "iam:", "iam::PassRole", "iam:Pass-Role", "Iam:PassRole", "{}"]
)
def test_text_that_is_no_action_is_rejected_not_dropped(text: str) -> None:
    split = segment_actions(text, CATALOGUE)
    assert split.actions == ()
    assert split.rejected == (text,)


@cache
def _all_actions() -> tuple[str, ...]:
    services = [
        "s3",
        "rds",
        "ds",
        "events",
        "ts",
        "sts",
        "ec2",
        "ecr",
        "ecr-public",
        "eks",
        "eks-auth",
        "iam",
        "sqs",
        "sns",
        "ssm",
        "kms",
        "aps",
        "ce",
        "elasticache",
        "tag",
    ]
    return tuple(f"{service}:{name}" for service in services for name in CATALOGUE.actions(service))


@given(st.lists(st.sampled_from(_all_actions()), min_size=1, max_size=12))
def test_published_actions_run_together_split_into_published_actions(actions: list[str]) -> None:
    split = segment_actions("".join(actions), CATALOGUE)
    assert "".join(split.actions) == "".join(actions)
    assert not split.unknown
    assert split.ambiguous or split.actions == tuple(actions)


_NAME = st.text("ABab", min_size=1, max_size=3)
_SMALL = st.frozensets(st.builds("{}:{}".format, st.sampled_from(["a", "b", "ab", "ba"]), _NAME), max_size=12)


class _Listed(EmptyCatalogue):
    def __init__(self, actions: frozenset[str]) -> None:
        self._actions = actions

    def is_published(self, action: str) -> bool:
        return action in self._actions


@given(_SMALL, st.lists(st.builds("{}:{}".format, st.sampled_from(["a", "b", "ab"]), _NAME), min_size=1, max_size=4))
def test_no_split_has_fewer_unknown_pieces(known: frozenset[str], pieces: list[str]) -> None:
    """Against trying every split."""
    text = "".join(pieces)
    catalogue = _Listed(known)
    splits = _every_split(text)
    assume(splits)
    fewest = min(sum(piece not in known for piece in split) for split in splits)
    found = segment_actions(text, catalogue)
    assert found.actions in splits
    assert len(found.unknown) == fewest
    assert found.ambiguous == (sum(sum(p not in known for p in split) == fewest for split in splits) > 1)


def _every_split(text: str) -> set[tuple[str, ...]]:
    """Return every way to cut `text` into `service:Name` pieces, slowly."""
    found: set[tuple[str, ...]] = set()
    if _is_action(text):
        found.add((text,))
    for cut in range(1, len(text)):
        if _is_action(text[:cut]):
            found.update((text[:cut], *rest) for rest in _every_split(text[cut:]))
    return found


def _is_action(text: str) -> bool:
    service, colon, name = text.partition(":")
    return bool(colon) and service.islower() and service.isalpha() and name.isalpha()


ARNS = {
    "one": ("arn:aws:iam::*:role/porter*",),
    "every resource": ("*",),
    "after a wildcard": ("arn:aws:kms:*:*:alias/*", "arn:aws:kms:*:*:key/*"),
    "prefix of the next": ("arn:aws:s3:::aws-cloudtrail-logs*", "arn:aws:s3:::porter-*", "arn:aws:s3:::porter-*/*"),
    "any partition": ("arn:*:secretsmanager:*:*:secret:/a/*", "arn:*:secretsmanager:*:*:secret:/b/*"),
    "empty account": ("arn:aws:ec2:*::image/*", "arn:aws:ec2:*::snapshot/*"),
    "other partitions": ("arn:aws-cn:s3:::a", "arn:aws-us-gov:s3:::b"),
    "partition left open": ("arn:<partition>:s3:::a", "arn:{partition}:s3:::b"),
    "arn inside a name": ("arn:aws:s3:::learn:aws", "arn:aws:s3:::b"),
}


@pytest.mark.parametrize("arns", ARNS.values(), ids=ARNS)
def test_arns_are_split_before_each_partition(arns: tuple[str, ...]) -> None:
    assert split_resources("".join(arns)) == arns


def test_catalogue_satisfies_the_protocol() -> None:
    catalogue: Catalogue = CATALOGUE
    assert catalogue.actions("iam")
