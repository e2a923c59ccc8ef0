"""Control policies of the organization, level by level."""

from __future__ import annotations

from scanner.model.common import JsonObject, NotObserved, Observed
from scanner.model.kinds import ORGANIZATION_POLICIES
from scanner.model.snapshot import Unit, UnitStatus
from scanner.normalize.aws_organizations import control_levels_of

ACCOUNT = "111122223333"
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def listed(target: str, kind: str, *ids: str) -> JsonObject:
    return {
        "_call": {"operation": "ListPoliciesForTarget", "params": {"TargetId": target, "Filter": kind}},
        "Policies": [{"Id": i, "Name": f"name of {i}"} for i in ids],
    }


def described(policy_id: str, content: object) -> JsonObject:
    return {
        "_call": {"operation": "DescribePolicy", "params": {"PolicyId": policy_id}},
        "Policy": {"PolicySummary": {"Id": policy_id}, "Content": content},
    }


def unit(*pages: JsonObject) -> Unit:
    return Unit(
        f"aws/{ACCOUNT}/global/{ORGANIZATION_POLICIES}",
        ORGANIZATION_POLICIES,
        "aws",
        ACCOUNT,
        "global",
        required=False,
        status=UnitStatus.COMPLETE,
        apis=(),
        pages=pages,
    )


def organization(management: str) -> JsonObject:
    return {
        "_call": {"operation": "DescribeOrganization", "params": {}},
        "Organization": {"MasterAccountId": management},
    }


PAGES = (
    listed(ACCOUNT, "SERVICE_CONTROL_POLICY", "p-full"),
    described("p-full", FULL),
    listed(ACCOUNT, "RESOURCE_CONTROL_POLICY"),
    listed("r-root", "SERVICE_CONTROL_POLICY", "p-full", "p-lost"),
    listed("r-root", "RESOURCE_CONTROL_POLICY", "p-rcp"),
    described("p-rcp", FULL),
)


def test_levels_stand_in_the_order_asked_with_both_types_of_policy() -> None:
    account, root = control_levels_of(unit(organization("999999999999"), *PAGES))
    assert (account.target, root.target) == (ACCOUNT, "r-root")
    assert [p.name for p in account.service] == ["name of p-full"]
    assert account.service[0].document == Observed(FULL)
    assert account.resource == ()
    assert [p.id for p in root.resource] == ["p-rcp"]


def test_a_policy_whose_content_was_not_read_is_not_empty() -> None:
    root = control_levels_of(unit(*PAGES))[1]
    assert isinstance(root.service[1].document, NotObserved)


def test_control_policies_do_not_restrict_the_management_account() -> None:
    assert control_levels_of(unit(organization(ACCOUNT), *PAGES)) == ()
