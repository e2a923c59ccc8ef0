"""`porter-audit.yaml` as it is written: what to read, what to judge it by, where results go and who is told.

The file's keys are these fields, and `config schema` is generated from them. Paths are as written: relative to the
file's directory. Nothing secret is ever in here, only where it is found: `env:NAME` or `@FILE`.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

CONFIG_SCHEMA = "porter-audit/config/v1"

Text = Annotated[str, Meta(min_length=1, max_length=2_000)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", description="letters, digits, `.`, `_`, `-`")]
SecretRef = Annotated[
    str,
    Meta(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]{0,254}|@.{1,4096})$", description="`env:NAME` or `@FILE`, no value"),
]
"""Where a secret is found. A file is read whole, without its last line break."""
AccountId = Annotated[str, Meta(pattern=r"^[0-9]{12}$", description="twelve digits in quotes")]
Days = Annotated[int, Meta(ge=1, le=3_650)]


class Presence(str, Enum):
    """Whether Porter should be there."""

    EXPECTED = "expected"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Gate(str, Enum):
    """The severity from which a finding decides the exit code."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


class Skip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A discovered account, project or subscription that is left out, and why."""

    id: Text
    reason: Text


class Judged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """By what a target is judged. What a target does not say is taken from `defaults`."""

    documented: Text | None = None
    """vendor@version, or the path of a documented version of one's own."""
    parameters: dict[str, Text] = {}
    """Values the documents leave open: text, `env:NAME` or `@FILE`; `external_id` never as text."""
    presence: Presence | None = None


class TargetBase(Judged, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What targets of all clouds share."""

    name: Name | None = None
    """For people and file names; an id is taken where there is none."""
    approved: tuple[Text, ...] | None = None
    """Ids that may be discovered here. Any other is read and reported as not approved; one not found is a gap."""
    skip: tuple[Skip, ...] = ()
    porter_yaml: tuple[Text, ...] = ()
    """Paths of porter.yaml files whose services run here. Only where one account, project or subscription is named:
    held against another one, what they declare would be missing there."""


class AwsTarget(TargetBase, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="cloud", tag="aws"):
    """One account, or all active accounts of an AWS Organization."""

    account: AccountId | None = None
    organization: Annotated[str, Meta(pattern=r"^o-[a-z0-9]{10,32}$")] | None = None
    """Read as the credentials of `profile`, which must be those of the management or a delegated account."""
    role: Annotated[str, Meta(pattern=r"^arn:aws[a-z-]*:iam::([0-9]{12}|\{account_id\}):role/.{1,512}$")] | None = None
    """Role to assume. For an organization the ARN holds `{account_id}`."""
    external_id: SecretRef | None = None
    """ExternalId for assuming `role`; not the one of Porter's roles, which is a parameter."""
    profile: Text | None = None
    regions: tuple[Text, ...] = ()


class GcpTarget(TargetBase, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="cloud", tag="gcp"):
    """One project, or all below a folder or organization."""

    project: Text | None = None
    folder: Annotated[str, Meta(pattern=r"^[0-9]{1,24}$", description="its number in quotes")] | None = None
    organization: Annotated[str, Meta(pattern=r"^[0-9]{1,24}$", description="its number in quotes")] | None = None
    impersonate: Text | None = None
    """E-mail of a service account to read as."""


class AzureTarget(TargetBase, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="cloud", tag="azure"):
    """One subscription, all below a management group, or all that the reader sees in a tenant."""

    subscription: Text | None = None
    management_group: Text | None = None
    tenant: Text | None = None
    """Alone: every subscription of it that the reader sees. With another key: where to sign in."""


Target: TypeAlias = AwsTarget | GcpTarget | AzureTarget


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What decides the exit code."""

    fail_on: Gate = Gate.HIGH
    fail_on_posture: Gate = Gate.NONE
    allow_incomplete: bool = False
    ratchet: bool = False
    """Only what is new or worse counts; needs `history`."""
    secret_expiry_days: tuple[Days, Days, Days] | None = None
    """Days before a client secret's end at which the finding becomes low, medium, high: falling numbers."""


class Bundles(str, Enum):
    """Which evidence bundle is written for a target."""

    FULL = "full"
    SHAREABLE = "shareable"


class Outputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where results go and as what."""

    directory: Text | None = None
    formats: tuple[Text, ...] | None = None
    """Names as of `--format`."""
    bundle: Bundles | None = None
    sign_key: Text | None = None
    """Path of a key of `porter-audit keygen`."""


class Fleet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many targets are read, at most, and for how long."""

    executor: Text = "threads:8"
    """`threads:N`, `dask:local:N` or `dask://HOST:PORT`."""
    deadline_s: Annotated[int, Meta(ge=1, le=604_800)] = 14_400
    """For all targets together; what has not begun by then is not read."""
    target_deadline_s: Annotated[int, Meta(ge=1, le=86_400)] = 900
    at_once: dict[str, Annotated[int, Meta(ge=1, le=1_000)]] = {}
    """Cloud -> how many of its targets are read side by side; by default as many as the executor has hands."""


class Event(str, Enum):
    """What a channel may be told of."""

    CHANGES = "changes"
    """Something is new, worse, fixed, back, or a waiver's time is over."""
    INCOMPLETE = "incomplete"
    """Something required could not be read or decided. Always told, whatever `events` says."""
    RECOVERY = "recovery"
    """The first complete run after incomplete ones. Always told."""
    DIGEST = "digest"
    """Once a week: how things stand."""


DEFAULT_EVENTS = (Event.CHANGES, Event.INCOMPLETE, Event.RECOVERY)


class ChannelBase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What channels of all kinds share."""

    name: Name
    events: tuple[Event, ...] = DEFAULT_EVENTS
    minimal: bool = False
    """Counts and rule ids only: no ARNs, names or ids of accounts."""


class SlackChannel(ChannelBase, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="slack"):
    """An incoming webhook of Slack; its address is the secret."""

    secret: SecretRef


class TeamsChannel(ChannelBase, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="teams"):
    """A workflow webhook of Teams; its address is the secret."""

    secret: SecretRef


class WebhookChannel(
    ChannelBase, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="webhook"
):
    """Any HTTPS address; the body is signed with HMAC-SHA256 under `secret`."""

    url: Annotated[str, Meta(pattern=r"^(https?://[^\s@]{1,2000}|env:[A-Za-z_][A-Za-z0-9_]{0,254}|@.{1,4096})$")]
    secret: SecretRef


class EmailChannel(ChannelBase, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="email"):
    """A mail by SMTP, with STARTTLS or TLS from the start unless the server is on this machine."""

    server: Annotated[str, Meta(pattern=r"^[^\s:/@]{1,253}:[0-9]{1,5}$", description="HOST:PORT")]
    sender: Text
    to: Annotated[tuple[Text, ...], Meta(min_length=1)]
    username: Text | None = None
    secret: SecretRef | None = None
    """Password for `username`."""


class SnsChannel(ChannelBase, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="sns"):
    """An SNS topic, with the usual AWS credentials."""

    topic: Annotated[str, Meta(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}$")]
    profile: Text | None = None


class GithubChannel(ChannelBase, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="github"):
    """Issues of one repository, one per fingerprint; `secret` is a token that may write issues."""

    repository: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$", description="owner/name")]
    secret: SecretRef
    api: Annotated[str, Meta(pattern=r"^https?://[^\s@]{1,500}$")] = "https://api.github.com"
    """Another address for GitHub Enterprise Server."""


Channel: TypeAlias = SlackChannel | TeamsChannel | WebhookChannel | EmailChannel | SnsChannel | GithubChannel


class Notifications(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told by `porter-audit notify`; a scan itself tells nobody."""

    channels: tuple[Channel, ...] = ()


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    schema: Annotated[str, Meta(pattern=r"^porter-audit/config/v1$")]
    defaults: Judged = Judged()
    targets: tuple[Target, ...] = ()
    thresholds: Thresholds = Thresholds()
    waivers: Text | None = None
    """Path of a file of waivers."""
    outputs: Outputs = Outputs()
    history: Text | None = None
    """Path of the history of all nights."""
    fleet: Fleet = Fleet()
    notifications: Notifications = Notifications()
