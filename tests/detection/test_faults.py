"""Every allow-listed call of the three clouds, gone wrong in one of the ways: nothing that needed it says PASS.

Every call in every way: python benchmarks/faults.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import faults
from faults import CLOUDS, Call, Ground

# Denied calls have tests of their own in every cloud; the others take turns here, by the call's place in the list.
WAYS = ("truncated", "malformed", "cut", "throttled", "timeout")
TURNS = [
    (call, WAYS[place % len(WAYS)]) for cloud in CLOUDS for place, call in enumerate(faults.calls(cloud))
]
# What once went wrong: a ledger that blamed the next call, a page not asked for, pages that came twice.
FOUND = {
    ("aws", "ListPodIdentityAssociations"),
    ("aws", "DescribeStacks"),
    ("gcp", "projects.serviceAccounts.list"),
    ("azure", "RoleDefinitions.List"),
    ("azure", "RoleEligibilitySchedules.ListForScope"),
    ("azure", "ListFederatedIdentityCredentials"),
}
AGAIN = [(c, "truncated") for cloud in CLOUDS for c in faults.calls(cloud) if (cloud, c.operation) in FOUND]
CASES = list(dict.fromkeys((*TURNS, *AGAIN)))


@pytest.fixture(scope="module")
def grounds() -> Iterator[Callable[[str], Ground]]:
    """Start a cloud when it is first asked for; they run until the last test."""
    running: dict[str, Ground] = {}
    with ExitStack() as stack:

        def start(cloud: str) -> Ground:
            if cloud not in running:
                running[cloud] = stack.enter_context(faults.ground(cloud))
            return running[cloud]

        yield start


@pytest.mark.parametrize(("call", "way"), CASES, ids=[f"{c.cloud}-{c.operation}-{way}" for c, way in CASES])
def test_a_call_gone_wrong_is_named_and_nothing_that_needed_it_passes(
    grounds: Callable[[str], Ground], call: Call, way: str
) -> None:
    outcome = faults.tried(grounds(call.cloud), call, way)
    assert outcome.sent
    assert outcome.wrong == ()


def test_every_way_and_every_call_has_its_turn() -> None:
    assert {way for _, way in TURNS} == set(WAYS)
    assert {call for call, _ in TURNS} == {call for cloud in CLOUDS for call in faults.calls(cloud)}
