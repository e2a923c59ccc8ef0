"""The whole product on a loopback cloud: write an account, scan it with the real collector, judge it."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

import msgspec

from scanner.app.aws_source import AwsOptions, Progress
from scanner.app.params import Parameter
from scanner.app.run_facts import now
from scanner.app.scan import OnRuleError, ScanOptions, ScanOutcome, scan
from scanner.baseline.load import find, load_aws
from scanner.baseline.variables import bind_aws
from scanner.errors import PorterAuditError
from scanner.localcloud.demo import demo_parameters, provisioned_aws
from scanner.localcloud.scenario_file import scenario_names

_OTHER_SETTINGS = ("AWS_", "BOTO_")
"""Settings of the person's own AWS, which must not reach the loopback account, nor it them."""


class DemoOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    scenario: str
    baseline: str
    fail_on: str = "high"
    fail_on_posture: str = "none"
    argv: tuple[str, ...] = ()


def scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that ship with the demo, sorted."""
    return scenario_names()


def demo(
    options: DemoOptions, *, progress: Progress | None = None, on_rule_error: OnRuleError | None = None
) -> ScanOutcome:
    """Run a scenario and return what a scan of it says. Raises `PorterAuditError` without the demo's libraries."""
    _need_moto()
    baseline = bind_aws(load_aws(find(options.baseline)), demo_parameters())
    parameters = tuple(Parameter(name, value, "made up by the demo") for name, value in demo_parameters().items())
    asked = ScanOptions(
        baseline=options.baseline,
        aws=AwsOptions(),
        parameters=parameters,
        presence="expected",
        fail_on=options.fail_on,
        fail_on_posture=options.fail_on_posture,
        argv=options.argv,
    )
    with _own_environment() as environ, provisioned_aws(options.scenario, baseline.roles, now=now()) as cloud:
        environ.update(cloud.environment)
        return scan(asked, progress=progress, on_rule_error=on_rule_error)


def _need_moto() -> None:
    from importlib.util import find_spec

    if find_spec("moto") is None or find_spec("boto3") is None:
        raise PorterAuditError("the demo's libraries are not installed", advice="pip install 'porter-audit[demo]'")


@contextmanager
def _own_environment() -> Iterator[MutableMapping[str, str]]:
    """Yield an environment without the person's own profile, files and keys; afterwards all is as before."""
    before = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith(_OTHER_SETTINGS)]:
            del os.environ[name]
        os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
        yield os.environ
    finally:
        os.environ.clear()
        os.environ.update(before)
