"""The documented version bound for the demo account, and scans of loopback accounts as the product makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from scanner.app.catalogue import load_catalogue
from scanner.assess.runner import Terms
from scanner.baseline.load import find, load_aws
from scanner.baseline.records import AwsBaseline
from scanner.baseline.variables import bind_aws
from scanner.baseline.version import DocumentedVersion
from scanner.collect.aws.account import collect_aws
from scanner.collect.aws.session import AwsOptions
from scanner.engine import RunFacts, evaluate
from scanner.localcloud.demo import ProvisionedAws, demo_parameters
from scanner.model.report import Report
from scanner.rules.base import Rule, Settings
from scanner.rules.registry import ALL_RULES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

Scan = Callable[..., Report]


@pytest.fixture(scope="session")
def unbound() -> AwsBaseline:
    return load_aws(find("porter@2026-05"))


@pytest.fixture(scope="session")
def documented(unbound) -> AwsBaseline:
    return bind_aws(unbound, demo_parameters())


@pytest.fixture(scope="session")
def scan(unbound) -> Scan:
    """Collect with the real collector and judge; the ExternalId is known to the collector only."""

    def run(
        account: ProvisionedAws, settings: Settings | None = None, rules: Sequence[Rule] = ALL_RULES
    ) -> Report:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in account.environment.items():
                patch.setenv(name, value)
            snapshot = collect_aws(
                AwsOptions(),
                clock=lambda: NOW,
                hmac_key=b"key of the tests, of no use elsewhere",
                expected_external_id=account.facts.external_id,
                presence="expected",
            )
        return evaluate(
            snapshot,
            documented=DocumentedVersion(aws=unbound),
            terms=Terms(NOW, load_catalogue(), settings=settings or Settings(), rules=rules),
            facts=RunFacts("test", NOW, NOW),
        )

    return run
