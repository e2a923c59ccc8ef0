"""The accounts of an organization: every page, only of the organization that was named, and no other call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from scanner.collect.aws.models import new_session
from scanner.collect.aws.organizations import LIST_ACCOUNTS, FoundAccounts, list_accounts
from scanner.collect.aws.session import AwsOptions, AwsSession
from scanner.errors import CollectError, ForbiddenCallError
from scanner.localcloud.fleet_aws import MANAGEMENT, ORGANIZATION, FleetSpec
from scanner.localcloud.fleet_content import environment, running

ACCOUNTS = tuple(f"{200_000_000_000 + n}" for n in range(45))
SPEC = FleetSpec(accounts=ACCOUNTS, bodies=((),), suspended=("300000000000",))


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    whole, cut = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("cut")
    with running(SPEC, whole) as one, running(msgspec.structs.replace(SPEC, cut_list=True), cut) as other:
        yield {"whole": one, "cut": other}


def listed(monkeypatch: pytest.MonkeyPatch, endpoint: str, organization: str = ORGANIZATION) -> FoundAccounts:
    for name, value in environment(endpoint).items():
        monkeypatch.setenv(name, value)
    return list_accounts(AwsSession(AwsOptions(), now), organization, now)


def test_every_page_is_read_and_the_state_is_told(monkeypatch: pytest.MonkeyPatch, endpoints: dict[str, str]) -> None:
    found = listed(monkeypatch, endpoints["whole"])
    assert found.problem == ""
    assert [a.id for a in found.accounts if a.active] == sorted([*ACCOUNTS, MANAGEMENT])
    assert [(a.id, a.state) for a in found.accounts if not a.active] == [("300000000000", "SUSPENDED")]
    assert [(c.operation, c.page, c.items) for c in found.calls] == [
        ("ListAccounts", 1, 20),
        ("ListAccounts", 2, 20),
        ("ListAccounts", 3, 7),
    ]


def test_a_list_that_is_cut_off_says_so_and_keeps_what_was_read(
    monkeypatch: pytest.MonkeyPatch, endpoints: dict[str, str]
) -> None:
    found = listed(monkeypatch, endpoints["cut"])
    assert len(found.accounts) == 20
    assert found.problem == "the list of accounts was not read to the end: denied (AccessDeniedException)"


def test_accounts_of_another_organization_are_not_taken_for_those_that_were_asked_for(
    monkeypatch: pytest.MonkeyPatch, endpoints: dict[str, str]
) -> None:
    found = listed(monkeypatch, endpoints["whole"], "o-somebodyelse")
    assert found.accounts == ()
    assert f"these credentials belong to {ORGANIZATION}" in found.problem


def test_no_answer_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CollectError, match="AWS cannot be reached"):
        listed(monkeypatch, "http://127.0.0.1:9")


@pytest.mark.parametrize("operation", ["describe_organization", "list_roots", "leave_organization"])
def test_the_client_that_lists_can_send_nothing_else(
    monkeypatch: pytest.MonkeyPatch, endpoints: dict[str, str], operation: str
) -> None:
    from scanner.collect.aws.organizations import _refuse_all_but_listing

    for name, value in environment(endpoints["whole"]).items():
        monkeypatch.setenv(name, value)
    client = AwsSession(AwsOptions(), now).guarded("organizations", "us-east-1", _refuse_all_but_listing)
    with pytest.raises((ForbiddenCallError, AttributeError)):
        getattr(client, operation)()


def test_the_call_is_a_reading_one_of_the_highest_tier() -> None:
    assert (LIST_ACCOUNTS.operation, LIST_ACCOUNTS.tier) == ("ListAccounts", "org")


@pytest.mark.parametrize(
    ("service", "methods"), [("iam", {"create_role", "get_user"}), ("ec2", {"run_instances", "describe_instances"})]
)
def test_clients_have_no_method_for_what_is_not_listed(service: str, methods: set[str]) -> None:
    client = new_session(None).client(
        service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    assert not methods & set(dir(client))


def test_sessions_share_models_and_leave_them_as_they_were() -> None:
    first, second = (new_session(None)._session.get_component("data_loader") for _ in range(2))
    assert first is second
    assert len(first.search_paths) == len(new_session(None)._session.get_component("data_loader").search_paths)
    assert "assume_role_with_web_identity" in dir(
        new_session(None).client("sts", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    )
