"""From options to guarded clients: credentials, partition, retries, and errors a person can act on."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import msgspec

from scanner import __version__
from scanner.collect.aws.allowlist import ReadOnlyCall, read_only_call, refuse_all_but_session, refuse_unlisted
from scanner.collect.aws.models import new_session, session_as
from scanner.collect.ledger import Answer, api_call
from scanner.collect.outcome import LOST_CONNECTION, UnitStop, meaning_of
from scanner.errors import CollectError, ForbiddenCallError
from scanner.model.snapshot import ApiCall, UnitStatus

SESSION_NAME = "porter-audit"
DEFAULT_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where a partition's global services answer, if neither option nor environment names a region."""

EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
REJECTED_CODES = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class AwsOptions(msgspec.Struct, frozen=True):
    """Which account to read, as whom, and how patiently. What is not given is left to the environment."""

    profile: str | None = None
    regions: tuple[str, ...] = ()
    """Empty: all regions that are enabled in the account."""
    assume_role_arn: str | None = None
    assume_external_id: str | None = None
    """Never shown, never stored."""
    deadline_s: float = 900
    """For the whole collection; what is not read by then is `timeout` or `not_attempted`."""
    endpoint_url: str | None = None
    max_attempts: int = 5
    """HTTP requests per call, the first included."""
    connect_timeout_s: float = 10
    read_timeout_s: float = 60
    concurrency: int = 4
    """Regions read at the same time."""
    activity_days: int = 0
    """Days of CloudTrail's event history to read about the vendor's roles; 0: not asked for, at most 90."""

    def __repr__(self) -> str:
        shown = [f"{field}={getattr(self, field)!r}" for field in self.__struct_fields__ if "external_id" not in field]
        return f"AwsOptions({', '.join(shown)})"


class AwsClient:
    """A client of one service in one region that sends only listed calls, counts attempts and knows the deadline.

    For use by one thread at a time.
    """

    def __init__(self, client: Any, service: str, region: str, expired: Callable[[], bool]) -> None:
        self.service = service
        self.region = region
        self.endpoint_host = urlsplit(client.meta.endpoint_url).hostname
        self._client = client
        self._expired = expired
        self._attempts = 0
        client.meta.events.register("before-send", self._before_send)

    def _before_send(self, **_: Any) -> None:
        """Count an HTTP request, or stop a retry that would start after the deadline."""
        if self._expired():
            raise UnitStop(UnitStatus.TIMEOUT, "DeadlineExceeded", "the time allowed for the whole collection is over")
        self._attempts += 1

    @property
    def attempts(self) -> int:
        """Return how many HTTP requests the last call took."""
        return self._attempts

    def listed(self, operation: str) -> ReadOnlyCall:
        """Return the entry of the read-only list. Raises `ForbiddenCallError` if there is none."""
        return read_only_call(self.service, operation)

    def send(self, operation: str, params: dict[str, Any]) -> Answer:
        """Return the answer of one call. Raises botocore's errors, `ForbiddenCallError`, or `UnitStop`."""
        from botocore import xform_name

        self._attempts = 0
        method = getattr(self._client, xform_name(operation), None)
        if method is None:
            raise ForbiddenCallError(f"call `{self.service}:{operation}` is not on the read-only list: it was not sent")
        return Answer.of(method(**params))


class AwsSession:
    """Credentials that work, the partition they belong to, and a factory of guarded clients."""

    def __init__(self, options: AwsOptions, clock: Callable[[], datetime]) -> None:
        self.options = options
        self.opening_calls: list[ApiCall] = []
        """The call that assumed the role, if one was asked for."""
        self._clock = clock
        self._started = clock()
        self._lock = Lock()
        self._session = _base_session(options)
        self.region = _home_region(self._session, options)
        self.partition = _partition(self._session, self.region)
        _check_regions(self._session, self.partition, options.regions)
        _check_credentials(self._session)
        if options.assume_role_arn:
            self._session = self._assumed(options.assume_role_arn)

    def expired(self) -> bool:
        """Return whether the deadline of the whole collection has passed."""
        return (self._clock() - self._started).total_seconds() >= self.options.deadline_s

    def client(self, service: str, region: str | None = None) -> AwsClient:
        """Return a client that refuses every call that is not on the read-only list."""
        where = region or self.region
        return AwsClient(self.guarded(service, where, refuse_unlisted), service, where, self.expired)

    def guarded(self, service: str, region: str, guard: Callable[..., None]) -> Any:
        """Return an SDK client that asks `guard` before it sends anything: a `before-call` handler of botocore."""
        from botocore import handlers
        from botocore.config import Config

        config = Config(
            connect_timeout=self.options.connect_timeout_s,
            read_timeout=self.options.read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": self.options.max_attempts},
            user_agent_extra=f"porter-audit/{__version__}",
        )
        with self._lock, _ConfigurationErrors():
            client = self._session.client(
                service, region_name=region, endpoint_url=self.options.endpoint_url, config=config
            )
        # First: botocore asks handlers in turn until one answers, and none may answer before the guard.
        client.meta.events.register_first("before-call", guard)
        # Policy documents stay as they were sent; decoding is ours, where duplicate keys are noticed.
        client.meta.events.unregister("after-call.iam", handlers.json_decode_policies)
        return client

    def _assumed(self, role_arn: str) -> Any:
        if role_arn.split(":")[1:2] != [self.partition]:
            raise CollectError(f"role `{role_arn}`: is not in partition `{self.partition}` of region `{self.region}`")
        made = self.guarded("sts", self.region, refuse_all_but_session)
        client = AwsClient(made, "sts", self.region, self.expired)
        params = {"RoleArn": role_arn, "RoleSessionName": SESSION_NAME}
        secret = {"ExternalId": self.options.assume_external_id} if self.options.assume_external_id else {}
        return session_as(self._assume(client, params, secret)["Credentials"], self.region)

    def _assume(self, client: AwsClient, params: dict[str, Any], secret: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of AssumeRole; the ledger never sees the ExternalId nor the credentials."""
        from botocore.exceptions import BotoCoreError, ClientError

        started = self._clock()
        try:
            answer = client.send("AssumeRole", params | secret)
        except (BotoCoreError, ClientError) as error:
            raise _start_error(error, client, f"role `{params['RoleArn']}` cannot be assumed") from error
        self.opening_calls.append(
            api_call(client, "AssumeRole", params, started=started, ended=self._clock(), answer=answer)
        )
        return answer.data


def _base_session(options: AwsOptions) -> Any:
    try:
        from botocore.exceptions import BotoCoreError, ProfileNotFound
    except ModuleNotFoundError as error:
        raise CollectError("the AWS SDK is not installed", advice="pip install 'porter-audit[aws]'") from error
    try:
        return new_session(options.profile)
    except ProfileNotFound as error:
        raise CollectError(
            f"profile `{error.kwargs.get('profile', options.profile)}` is not in the AWS configuration",
            advice="`aws configure list-profiles` shows the profiles there are",
        ) from error
    except BotoCoreError as error:
        raise CollectError(f"the AWS configuration cannot be used: {one_line(error)}") from error


class _ConfigurationErrors(AbstractContextManager[None]):
    """Turns what botocore says of a wrong endpoint, region or setting into one line."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from botocore.exceptions import BotoCoreError

        if isinstance(error, BotoCoreError | ValueError):
            raise CollectError(f"no client can be made: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """Return an error's text on one line, without the full stop."""
    text = " ".join(str(error).split())[:300].rstrip(".")
    return text[:1].lower() + text[1:]


def _home_region(session: Any, options: AwsOptions) -> str:
    # boto3 itself reads AWS_DEFAULT_REGION only; containers and functions of AWS set AWS_REGION.
    configured = session.region_name or os.environ.get("AWS_REGION")
    if configured:
        return str(configured)
    if options.regions:
        return options.regions[0]
    named = (options.assume_role_arn or "").split(":")[1:2]
    return DEFAULT_REGIONS.get(named[0] if named else "aws", "us-east-1")


def _partition(session: Any, region: str) -> str:
    from botocore.exceptions import BotoCoreError

    try:
        return str(session.get_partition_for_region(region))
    except BotoCoreError as error:
        raise CollectError(
            f"region `{region}` is in no AWS partition",
            advice="name an existing region with --regions or AWS_DEFAULT_REGION",
        ) from error


def _check_regions(session: Any, partition: str, regions: tuple[str, ...]) -> None:
    for region in regions:
        found = _partition(session, region)
        if found != partition:
            raise CollectError(
                f"region `{region}` is in partition `{found}`, the credentials' region is in `{partition}`",
                advice="scan each partition on its own, with its own profile",
            )


def _check_credentials(session: Any) -> None:
    from botocore.exceptions import BotoCoreError

    try:
        found = session.get_credentials()
    except BotoCoreError as error:
        raise CollectError(f"the AWS credentials cannot be loaded: {one_line(error)}", advice=_LOGIN_ADVICE) from error
    if found is None:
        raise CollectError("no AWS credentials found", advice=_LOGIN_ADVICE)


_LOGIN_ADVICE = "sign in (`aws sso login`), name a profile with --profile, or set the AWS_* environment variables"


def start_error(error: BaseException, session: AwsSession) -> CollectError | None:
    """Return why reading cannot start at all, if that is what the first call's error means; else None."""
    code = meaning_of(error).error.code
    named = type(error).__name__
    if code in EXPIRED_CODES:
        return CollectError("the AWS credentials have expired", advice=_LOGIN_ADVICE)
    if code in REJECTED_CODES:
        return CollectError(
            f"the credentials are not accepted in partition `{session.partition}` at region `{session.region}`: {code}",
            advice="check that key, profile and region belong to one partition, and that the key is active",
        )
    if named in LOST_CONNECTION:
        return CollectError(
            f"AWS cannot be reached: {one_line(error)}", advice="check network, proxy and AWS_ENDPOINT_URL"
        )
    if "Credential" in named or "Token" in named or named.startswith(("SSO", "Login")):
        return CollectError(f"the AWS credentials cannot be loaded: {one_line(error)}", advice=_LOGIN_ADVICE)
    return None


def _start_error(error: BaseException, client: AwsClient, what: str) -> CollectError:
    meaning = meaning_of(error)
    if meaning.error.code in EXPIRED_CODES:
        return CollectError("the AWS credentials have expired", advice=_LOGIN_ADVICE)
    if type(error).__name__ in LOST_CONNECTION:
        return CollectError(f"{what}: {client.endpoint_host} cannot be reached", advice="check network and proxy")
    advice = None
    if meaning.status is UnitStatus.DENIED:
        advice = "check the role's trust policy, the ExternalId it asks for, and your own sts:AssumeRole permission"
    return CollectError(f"{what}: {meaning.error.code}", advice=advice)
