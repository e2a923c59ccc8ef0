"""One AWS account, read from its live APIs into a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from threading import Lock

from scanner.collect.aws import units as aws_units
from scanner.collect.aws.session import AwsOptions, AwsSession, start_error
from scanner.collect.aws.snapshot import Run, assemble
from scanner.collect.redact import Redactor
from scanner.collect.unit import UnitReader, UnitResult, read_unit
from scanner.model import kinds
from scanner.model.snapshot import Snapshot, UnitStatus

Progress = Callable[[str, int, int], None]
"""Told what is being read, how many units are done, and how many there are as far as is known."""

_PER_REGION = sum(kind.regional for kind in kinds.AWS_UNIT_KINDS)
_ACCOUNT_WIDE = len(kinds.AWS_UNIT_KINDS) - _PER_REGION


def collect_aws(
    options: AwsOptions,
    *,
    clock: Callable[[], datetime],
    hmac_key: bytes,
    expected_external_id: str | None = None,
    presence: str = "unknown",
    progress: Progress | None = None,
) -> Snapshot:
    """Return what the account's APIs answer, each unit with how reading it ended.

    Sends only the calls of `READ_ONLY_CALLS`. `clock` gives aware UTC times and is called from several threads.
    `progress` is called when a unit begins, never twice at the same time, and once more at the end.
    Raises `CollectError` if reading cannot start at all: no, expired or refused credentials, nobody answers.
    """
    session = AwsSession(options, clock)
    run = Run(
        collected_at=clock(),
        partition=session.partition,
        presence=presence,
        opening_calls=tuple(session.opening_calls),
        results=tuple(_Collector(session, clock, progress).read_all()),
    )
    return assemble(run, Redactor(hmac_key, expected_external_id))


class _Collector:
    """Reads the units of one account in the order in which they need each other."""

    def __init__(self, session: AwsSession, clock: Callable[[], datetime], progress: Progress | None) -> None:
        self._session = session
        self._clock = clock
        self._progress = progress
        self._lock = Lock()
        self._begun = 0
        self._total = _ACCOUNT_WIDE + _PER_REGION

    def read_all(self) -> list[UnitResult]:
        """Return all units, account-wide ones first, then by region."""
        client = self._session.client
        caller = self._unit(kinds.CALLER_IDENTITY, "global", partial(aws_units.caller_identity, sts=client("sts")))
        if caller.cause is not None:
            fatal = start_error(caller.cause, self._session)
            if fatal is not None:
                raise fatal from caller.cause
        regions = self._regions()
        names = aws_units.region_names(regions.pages) or [self._session.region]
        self._total = _ACCOUNT_WIDE + _PER_REGION * len(names)
        identities = self._identities()
        results = [caller, *identities, regions, *self._all_regional(names), self._organization(caller)]
        if self._session.options.activity_days:
            results += self._activity(identities[0], caller, names)
        self._tell("done", 0)
        return results

    def _tell(self, what: str, begins: int) -> None:
        if self._progress is not None:
            with self._lock:
                self._progress(what, self._begun, self._total)
                self._begun += begins

    def _unit(self, kind: str, region: str, read: Callable[[UnitReader], None]) -> UnitResult:
        self._tell(f"{kind} {region}", 1)
        return read_unit(kind, region, read, clock=self._clock, expired=self._session.expired)

    def _identities(self) -> list[UnitResult]:
        iam = self._session.client("iam")
        details = self._unit(kinds.AUTHORIZATION_DETAILS, "global", partial(aws_units.authorization_details, iam=iam))
        users = [user.get("UserName", "") for page in details.pages for user in page.get("UserDetailList") or ()]
        known = details.status is UnitStatus.COMPLETE
        keys = partial(aws_units.access_keys, iam=iam, users=users, all_users_known=known)
        return [
            details,
            self._unit(kinds.ACCESS_KEYS, "global", keys),
            self._unit(kinds.ACCOUNT_SUMMARY, "global", partial(aws_units.account_summary, iam=iam)),
            self._unit(kinds.OIDC_PROVIDERS, "global", partial(aws_units.oidc_providers, iam=iam)),
            self._unit(kinds.SAML_PROVIDERS, "global", partial(aws_units.saml_providers, iam=iam)),
            self._unit(kinds.INSTANCE_PROFILES, "global", partial(aws_units.instance_profiles, iam=iam)),
        ]

    def _regions(self) -> UnitResult:
        client = self._session.client
        named = self._session.options.regions
        read = partial(aws_units.regions, ec2=client("ec2"), account=lambda: client("account"), named=named)
        return self._unit(kinds.REGIONS, "global", read)

    def _all_regional(self, names: list[str]) -> list[UnitResult]:
        """Read regions side by side; the results come in region order whichever answered first."""
        with ThreadPoolExecutor(max_workers=self._session.options.concurrency) as pool:
            return [result for results in pool.map(self._region, names) for result in results]

    def _region(self, region: str) -> list[UnitResult]:
        cloudformation = self._session.client("cloudformation", region)
        eks = self._session.client("eks", region)
        stack = self._unit(kinds.STACK, region, partial(aws_units.stack, cloudformation=cloudformation))
        clusters = self._unit(kinds.CLUSTERS, region, partial(aws_units.clusters, eks=eks))
        names = aws_units.cluster_names(clusters.pages)
        listed = _listed_to_the_end(clusters)
        pods = partial(aws_units.pod_identities, eks=eks, names=names, all_clusters_known=listed)
        return [stack, clusters, self._unit(kinds.POD_IDENTITIES, region, pods)]

    def _activity(self, details: UnitResult, caller: UnitResult, names: list[str]) -> list[UnitResult]:
        """Read what CloudTrail knows of the vendor's roles, regions side by side."""
        account = next((str(page["Account"]) for page in caller.pages if "Account" in page), "")
        resources = aws_units.vendor_resources(details.pages, account)
        known = details.status is UnitStatus.COMPLETE
        until = self._clock()
        since = until - timedelta(days=self._session.options.activity_days)
        self._total += len(names)

        def one(region: str) -> UnitResult:
            client = self._session.client("cloudtrail", region)
            read = partial(
                aws_units.activity,
                cloudtrail=client,
                names=resources,
                since=since,
                until=until,
                all_roles_known=known,
            )
            return self._unit(kinds.ACTIVITY, region, read)

        with ThreadPoolExecutor(max_workers=self._session.options.concurrency) as pool:
            return list(pool.map(one, names))

    def _organization(self, caller: UnitResult) -> UnitResult:
        account = next((str(page["Account"]) for page in caller.pages if "Account" in page), "")
        read = partial(
            aws_units.organization_policies, organizations=self._session.client("organizations"), account_id=account
        )
        return self._unit(kinds.ORGANIZATION_POLICIES, "global", read)


def _listed_to_the_end(clusters: UnitResult) -> bool:
    """Return whether all names are known, even if one cluster could not be described."""
    lists = [call for call in clusters.calls if call.operation == "ListClusters"]
    return bool(lists) and all(call.outcome is UnitStatus.COMPLETE for call in lists)
