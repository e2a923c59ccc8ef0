"""Identities with their grants and their trust, as rules see them: a Snapshot in typed form."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scanner.model.common import EvidencePointer, JsonObject, NotObserved, Observed
from scanner.model.inventory_azure import AzureSubscription
from scanner.model.inventory_gcp import GcpProject
from scanner.model.porter_yaml import PorterYaml
from scanner.model.snapshot import ExternalIdFact, Scope, SourceKind, Unit

Document = Observed[JsonObject] | NotObserved
"""A policy document as the provider sent it, or why it could not be read."""


class AttachedPolicy(msgspec.Struct, frozen=True):
    """One permissions policy of an identity, in its default version."""

    name: str
    origin: str
    """`inline`, `customer-managed` or `aws-managed`."""
    document: Document
    evidence: EvidencePointer
    arn: str | None = None
    version_id: str | None = None


class AwsRole(msgspec.Struct, frozen=True):
    """An IAM role with everything GetAccountAuthorizationDetails says of it."""

    arn: str
    name: str
    role_id: str
    path: str
    account_id: str
    trust: Document
    policies: tuple[AttachedPolicy, ...]
    evidence: EvidencePointer
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    """None: the provider reports no use in its tracking period (400 days)."""
    last_used_region: str | None = None
    boundary_arn: str | None = None
    boundary: Document | None = None
    """None: the provider says the role has no permissions boundary."""
    instance_profiles: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    description: str | None = None
    max_session_s: int | None = None


class AccessKey(msgspec.Struct, frozen=True):
    """A long-lived key of an IAM user; `key_id_tail` is the last four characters only."""

    key_id_tail: str
    status: str
    created_at: datetime | None = None


class AwsUser(msgspec.Struct, frozen=True):
    """An IAM user."""

    arn: str
    name: str
    user_id: str
    policies: tuple[AttachedPolicy, ...]
    evidence: EvidencePointer
    access_keys: tuple[AccessKey, ...] | NotObserved = ()
    groups: tuple[str, ...] = ()
    created_at: datetime | None = None
    boundary_arn: str | None = None
    boundary: Document | None = None
    tags: tuple[tuple[str, str], ...] = ()


class AwsGroup(msgspec.Struct, frozen=True):
    """An IAM group with its policies."""

    arn: str
    name: str
    policies: tuple[AttachedPolicy, ...]
    evidence: EvidencePointer


class StackResource(msgspec.Struct, frozen=True):
    """A resource that a CloudFormation stack owns."""

    logical_id: str
    type: str
    physical_id: str | None
    status: str
    drift_status: str | None = None


class AwsStack(msgspec.Struct, frozen=True):
    """A CloudFormation stack; parameter values of ExternalId are tokens."""

    name: str
    stack_id: str
    region: str
    status: str
    parameters: tuple[tuple[str, str], ...]
    resources: tuple[StackResource, ...]
    evidence: EvidencePointer
    drift_status: str | None = None
    created_at: datetime | None = None


class PodIdentityAssociation(msgspec.Struct, frozen=True):
    """An EKS Pod Identity association: which service account of which cluster gets which role."""

    cluster: str
    region: str
    namespace: str
    service_account: str
    role_arn: str | NotObserved
    association_id: str
    evidence: EvidencePointer
    target_role_arn: str | None = None


class EksCluster(msgspec.Struct, frozen=True):
    """An EKS cluster."""

    name: str
    region: str
    arn: str
    evidence: EvidencePointer
    oidc_issuer: str | None = None
    role_arn: str = ""
    """The role it runs as; empty where the answer does not say."""


class AwsEvent(msgspec.Struct, frozen=True):
    """One CloudTrail event about a role, with what is kept of it."""

    event_id: str
    name: str
    source: str
    time: datetime
    region: str
    identity_type: str
    """`AssumedRole`, `AWSAccount`, `AWSService`, `Root`, ...; empty where the event does not say."""
    identity_arn: str
    identity_account: str
    invoked_by: str
    """The service that called in somebody's name, for example `pods.eks.amazonaws.com`."""
    source_ip: str
    role: str
    """ARN or name of the role it is about, as the request wrote it."""
    policy: str
    session_name: str
    external_id: str | None
    """Token of the ExternalId that was shown; None: none was."""
    error_code: str
    evidence: EvidencePointer


class AwsActivity(msgspec.Struct, frozen=True):
    """What CloudTrail's event history tells of the vendor's roles."""

    events: tuple[AwsEvent, ...]
    since: datetime | None
    """From when on events were asked for."""
    until: datetime | None
    unreadable: int = 0
    """Events that could not be parsed."""


class OidcProvider(msgspec.Struct, frozen=True):
    """An IAM OpenID Connect provider."""

    arn: str
    evidence: EvidencePointer
    url: str | None = None
    client_ids: tuple[str, ...] = ()


class SamlProvider(msgspec.Struct, frozen=True):
    """An IAM SAML provider."""

    arn: str
    evidence: EvidencePointer


class AwsManagedPolicy(msgspec.Struct, frozen=True):
    """A managed policy of the answer, attached to something or not."""

    arn: str
    name: str
    aws_managed: bool
    evidence: EvidencePointer
    other_versions: tuple[str, ...] = ()
    """Versions that are not in force; they go before the policy can be deleted."""


class AwsInstanceProfile(msgspec.Struct, frozen=True):
    """An instance profile, with a role or empty."""

    arn: str
    name: str
    role_arns: tuple[str, ...]
    evidence: EvidencePointer


class ControlPolicy(msgspec.Struct, frozen=True):
    """A service or resource control policy of the organization."""

    id: str
    name: str
    document: Document
    evidence: EvidencePointer


class ControlLevel(msgspec.Struct, frozen=True):
    """The policies attached to the account, to an organizational unit above it, or to the root."""

    target: str
    service: tuple[ControlPolicy, ...] = ()
    """Every level has to allow a request; a level without any allows nothing, if this type of policy is in use."""
    resource: tuple[ControlPolicy, ...] = ()


class AwsAccount(msgspec.Struct, frozen=True):
    """One AWS account. An empty tuple means "none" only where the unit that feeds it is complete."""

    account_id: str
    partition: str
    scope: Scope
    roles: tuple[AwsRole, ...] = ()
    users: tuple[AwsUser, ...] = ()
    groups: tuple[AwsGroup, ...] = ()
    policies: tuple[AwsManagedPolicy, ...] = ()
    instance_profiles: tuple[AwsInstanceProfile, ...] = ()
    oidc_providers: tuple[OidcProvider, ...] = ()
    saml_providers: tuple[SamlProvider, ...] = ()
    stacks: tuple[AwsStack, ...] = ()
    clusters: tuple[EksCluster, ...] = ()
    pod_identities: tuple[PodIdentityAssociation, ...] = ()
    regions: tuple[str, ...] = ()
    regions_named: bool = False
    """The operator named them: of other regions nothing is known, nor that something is not there."""
    summary: tuple[tuple[str, int], ...] = ()
    """GetAccountSummary's counters, for the tie-out."""
    organization_id: str = ""
    """Of the organization the account is in; empty where there is none, or where it was not read."""
    control_levels: tuple[ControlLevel, ...] = ()
    """From the account up to the root; empty where there is no organization, or where the unit was not read."""
    activity: AwsActivity | None = None
    """None: nobody asked for it."""


class Inventory(msgspec.Struct, frozen=True):
    """All scopes of one snapshot, with the units that say what was and was not read."""

    source: SourceKind
    units: tuple[Unit, ...]
    aws: tuple[AwsAccount, ...] = ()
    azure: tuple[AzureSubscription, ...] = ()
    gcp: tuple[GcpProject, ...] = ()
    external_ids: tuple[ExternalIdFact, ...] = ()
    porter_yaml: tuple[PorterYaml, ...] = ()
    """What services declare, a record per file."""
