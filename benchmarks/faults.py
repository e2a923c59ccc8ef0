"""Every allow-listed call gone wrong in every way, on the loopback clouds: nothing that needed it may say PASS.

Run: python benchmarks/faults.py [--cloud aws|gcp|azure] [--kind denied] [--json FILE]

Each call is denied, throttled for ever, held until the client gives up, truncated, malformed and cut, one at a time, on
an account that makes the collector send it. Then: its unit is not complete, the ledger names the call, the report
names the unit, no rule that rests on it says PASS, and the exit code is 2 where a rule requires it, else 0.

Exit code 0: all of that holds for every call and fault. 1: it does not, or a call was never sent.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from mutations import documented  # noqa: E402 (the path is set above)

from scanner.app.catalogue import load_catalogue  # noqa: E402
from scanner.app.demo.azure import azure_plan, loopback_of  # noqa: E402
from scanner.app.gates import exit_code  # noqa: E402
from scanner.assess.runner import Terms  # noqa: E402
from scanner.baseline.load import find, load_aws, load_azure  # noqa: E402
from scanner.baseline.variables import bind_aws  # noqa: E402
from scanner.baseline.variables_azure import bind_azure  # noqa: E402
from scanner.baseline.version import load_version  # noqa: E402
from scanner.engine import RunFacts, evaluate  # noqa: E402
from scanner.errors import CollectError  # noqa: E402
from scanner.model import kinds_gcp  # noqa: E402
from scanner.model.finding import Finding, Result  # noqa: E402
from scanner.model.report import Report  # noqa: E402
from scanner.model.snapshot import Snapshot, UnitStatus  # noqa: E402
from scanner.rules.base import Rule  # noqa: E402
from scanner.rules.registry_all import rules_of  # noqa: E402

CLOUDS = ("aws", "gcp", "azure")
FAULTS = ("denied", "throttled", "timeout", "truncated", "malformed", "cut")
NOW = documented.NOW
_PATIENCE_S = 1.0


class Call(msgspec.Struct, frozen=True):
    """One entry of a cloud's read-only list."""

    cloud: str
    service: str
    operation: str
    kind: str
    """The unit it feeds; empty for calls that find out what to read."""
    is_list: bool


class Ground(msgspec.Struct, frozen=True):
    """A running loopback cloud, and how to read it."""

    cloud: Any
    read: Callable[[Call], Snapshot]
    version: str
    values: dict[str, str]
    environment: dict[str, str]
    """Variables that lead the clients there."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of one call gone wrong in one way; `wrong` is empty where all holds."""

    call: Call
    fault: str
    sent: bool
    exit_code: int | None
    """None: without the call there is nothing to report on, and the program says so (exit code 3)."""
    wrong: tuple[str, ...]


def calls(cloud: str) -> list[Call]:
    """Return the read-only list of a cloud."""
    from scanner.collect.aws.allowlist import READ_ONLY_CALLS
    from scanner.collect.azure.allowlist import AZURE_CALLS
    from scanner.collect.gcp.allowlist import GCP_CALLS

    listed: dict[str, Sequence[Any]] = {"aws": READ_ONLY_CALLS, "gcp": GCP_CALLS, "azure": AZURE_CALLS}
    return [Call(cloud, c.service, c.operation, c.kind, bool(c.counts)) for c in listed[cloud]]


@contextmanager
def ground(cloud: str) -> Iterator[Ground]:
    """Start a cloud in a documented state in which every listed call has something to read."""
    with ExitStack() as stack:
        yield {"aws": _aws, "gcp": _gcp, "azure": _azure}[cloud](stack)


# Break this too, so that the other is asked, or is all there is.
_WITH = {"ListRegions": "DescribeRegions", "DescribeRegions": "ListRegions"}


def _aws(stack: ExitStack) -> Ground:
    from scanner.collect.aws.account import collect_aws
    from scanner.collect.aws.session import AwsOptions
    from scanner.localcloud.demo import demo_parameters, provisioned_aws
    from scanner.localcloud.provision import demo_external_id

    page = bind_aws(load_aws(find("porter@2026-05")), demo_parameters())
    account = stack.enter_context(provisioned_aws("documented", page.roles, now=NOW))
    account.cloud.read_only = False
    # Its name holds the vendor's, so its keys are listed; it does not begin like it, so it is nobody's fault.
    account.cloud.client("iam").create_user(UserName="transporter")
    _organization(account.cloud.client("organizations"), account.facts.account_id)
    account.cloud.read_only = True

    def read(call: Call) -> Snapshot:
        regions = () if call.operation in _WITH else ("us-east-1", "us-east-2")
        options = AwsOptions(
            regions=regions, max_attempts=2, read_timeout_s=_PATIENCE_S, deadline_s=60, activity_days=2
        )
        return collect_aws(
            options,
            clock=lambda: datetime.now(UTC),
            hmac_key=b"k",
            expected_external_id=demo_external_id(),
            presence="expected",
        )

    return Ground(account.cloud, read, "2026-05", {}, account.environment)


def _organization(organizations: Any, account_id: str) -> None:
    """Put the account into an organization with one policy of its own."""
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    made = organizations.create_policy(
        Name="all", Description="-", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(everything)
    )
    organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=account_id)


def _gcp(stack: ExitStack) -> Ground:
    from scanner.collect.gcp.projects import collect_gcp
    from scanner.collect.gcp.session import GcpOptions
    from scanner.localcloud.gcp import start_gcp
    from scanner.localcloud.gcp_operations import apply_gcp
    from scanner.localcloud.gcp_provision import federated_project, gcp_parameters
    from scanner.localcloud.gcp_state import DEMO_PROJECT

    state = federated_project(NOW)
    rule = {"op": "deny", "id": "guard", "principals": ["principal://goog/subject/eve@example.com"]}
    apply_gcp(state, ({**rule, "permissions": ["compute.googleapis.com/networks.create"]},), NOW)
    cloud = stack.enter_context(start_gcp(state))

    def read(call: Call) -> Snapshot:
        where: dict[str, Any] = {"projects": (DEMO_PROJECT,)}
        if call.kind == kinds_gcp.PROJECTS:
            where = {"organization": "789"}
        options = GcpOptions(**where, backoff_s=0.01, call_timeout_s=_PATIENCE_S, max_attempts=2)
        return collect_gcp(options, clock=lambda: datetime.now(UTC), presence="expected")

    return Ground(cloud, read, "2026-08", gcp_parameters("2026-08"), cloud.environment())


def _azure(stack: ExitStack) -> Ground:
    from scanner.collect.azure.session import AzureOptions
    from scanner.collect.azure.subscriptions import collect_azure
    from scanner.localcloud.azure_operations import apply_azure
    from scanner.localcloud.azure_tenant import DEMO_SUBSCRIPTION_ID
    from scanner.localcloud.scenario_azure import provisioned_azure

    page = bind_azure(load_azure(find("porter@2026-08")), {"subscription_id": DEMO_SUBSCRIPTION_ID})
    now = datetime.now(UTC)
    cloud, _ = stack.enter_context(provisioned_azure("documented", azure_plan(page), now=now - timedelta(days=10)))
    issuer, subject = "https://oidc.example", "system:serviceaccount:shop:shop"
    apply_azure(cloud.state, ({"op": "create_identity", "name": "shop", "issuer": issuer, "subject": subject},))

    gone = ({"op": "assign", "role": page.role_definitions[0].key, "principal": str(UUID(int=1))},)
    held = cloud.state.rows("roleAssignments")

    def read(call: Call) -> Snapshot:
        # A principal is asked for by its id only where an assignment names one that no list has.
        rows = len(held)
        apply_azure(cloud.state, gone if call.operation == "GetServicePrincipal" else ())
        try:
            return collected(call)
        finally:
            del held[rows:]

    def collected(call: Call) -> Snapshot:
        options = AzureOptions(
            subscriptions=() if call.operation in _FINDING_OUT else (DEMO_SUBSCRIPTION_ID,),
            management_group="group" if call.operation == "ManagementGroups.GetDescendants" else None,
            loopback=loopback_of(cloud),
            max_attempts=2,
            read_timeout_s=_PATIENCE_S,
        )
        return collect_azure(options, clock=lambda: datetime.now(UTC), presence="expected")

    nothing_named = {name: value for name, value in cloud.environment().items() if name != "AZURE_SUBSCRIPTION_ID"}
    return Ground(cloud, read, "2026-08", {"porter_aws_account": "108458755588"}, nothing_named)


def tried(where: Ground, call: Call, fault: str) -> Outcome:
    """Break one call in one way, read, judge by the rules that need it, and say what does not hold."""
    where.cloud.forget_requests()
    where.cloud.fault(call.operation, fault)
    if call.operation in _WITH:
        where.cloud.fault(_WITH[call.operation], "denied")
    try:
        with documented.environment(where.environment):
            snapshot = where.read(call)
    except CollectError as error:
        wrong = () if not call.kind or call.operation in _OPENING else (f"reading ended: {error}",)
        return Outcome(call, fault, True, None, wrong)
    finally:
        where.cloud.clear_faults()
    if not any(sent.operation == call.operation for sent in snapshot.calls):
        return Outcome(call, fault, False, None, ())
    rules = needing(call)
    report = _judged(where, snapshot, call.cloud, rules)
    return Outcome(call, fault, True, _code(report), tuple(_wrong(call, fault, snapshot, report)))


_FINDING_OUT = ("Subscriptions.List", "ManagementGroups.GetDescendants")
_OPENING = frozenset({"GetCallerIdentity", "Subscriptions.Get", "projects.list", "folders.list", *_FINDING_OUT})
"""Without these there is nothing to report on."""


_ONE_PIECE = frozenset({"projects.serviceAccounts.keys.list", "projects.locations.clusters.list"})
"""Lists without pages: an answer that lacks rows, and is whole in form, cannot be told from one that has none."""


def needing(call: Call) -> tuple[Rule, ...]:
    """Return the rules that rest on the call's unit."""
    return tuple(r for r in rules_of(call.cloud) if call.kind in (*r.requires, *r.supplementary))


def _judged(where: Ground, snapshot: Snapshot, cloud: str, rules: tuple[Rule, ...]) -> Report:
    return evaluate(
        snapshot,
        documented=load_version(find(f"porter@{where.version}"), (cloud,)),
        terms=Terms(snapshot.collected_at, load_catalogue(), where.values, rules=rules),
        facts=RunFacts("faults", NOW, NOW),
    )


def _code(report: Report) -> int:
    return exit_code(report, fail_on="high", fail_on_posture="none", allow_incomplete=False)


def _wrong(call: Call, fault: str, snapshot: Snapshot, report: Report) -> Iterator[str]:
    units = [u for u in snapshot.units if u.kind == call.kind]
    unread = [u for u in units if u.status is not UnitStatus.COMPLETE]
    if not unread:
        if fault != "truncated" or (call.is_list and call.operation not in _ONE_PIECE):
            yield "its unit is complete"
        return
    if not any(call.kind in line for line in report.verdict.unread):
        yield "the report does not name the unit"
    if not any(c.operation == call.operation and c.outcome is not UnitStatus.COMPLETE for c in snapshot.calls):
        yield "the ledger does not name the call"
    passed = [f.rule_id for f in report.findings if f.result is Result.PASS and _rests_on(f, unread)]
    if passed:
        yield f"PASS of {', '.join(sorted(set(passed)))}"
    # What could not be asked for want of this call counts too.
    required = sorted({u.kind for u in snapshot.units if u.required and u.status is not UnitStatus.COMPLETE})
    if _code(report) != (2 if required else 0):
        yield f"exit code {_code(report)}, with these required units unread: {', '.join(required) or 'none'}"


def _rests_on(finding: Finding, unread: Sequence[Any]) -> bool:
    return any(unit.unit_id in finding.requires_units for unit in unread)


def main(arguments: Sequence[str]) -> int:
    """Run the matrix, print it, and return the exit code."""
    parser = argparse.ArgumentParser(description="Every allow-listed call gone wrong in every way.")
    parser.add_argument("--cloud", action="append", choices=CLOUDS)
    parser.add_argument("--kind", action="append", choices=FAULTS)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    found: list[Outcome] = []
    for cloud in options.cloud or CLOUDS:
        started = time.perf_counter()
        with ground(cloud) as where:
            found += [tried(where, call, fault) for call in calls(cloud) for fault in options.kind or FAULTS]
        print(f"{cloud}: {time.perf_counter() - started:.0f} s")
    for outcome in found:
        for text in outcome.wrong:
            print(f"{outcome.call.cloud} {outcome.call.operation} {outcome.fault}: {text}", file=sys.stderr)
    unsent = sorted({f"{o.call.cloud} {o.call.operation}" for o in found if not o.sent})
    wrong = sum(bool(o.wrong) for o in found)
    print(f"{len(found)} calls gone wrong, {len(found) - wrong} as they must be")
    if unsent:
        print(f"never sent: {', '.join(unsent)}", file=sys.stderr)
    if options.json:
        Path(options.json).write_text(json.dumps([msgspec.to_builtins(o) for o in found], indent=2) + "\n")
    return 1 if wrong or unsent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
