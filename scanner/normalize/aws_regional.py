"""CloudFormation, EKS and OpenID Connect units to records."""

from __future__ import annotations

from scanner.model.common import EvidencePointer, JsonObject, NotObserved
from scanner.model.inventory import AwsStack, EksCluster, OidcProvider, PodIdentityAssociation, StackResource
from scanner.model.snapshot import Unit
from scanner.normalize.aws_documents import Page
from scanner.normalize.aws_iam import pages_of
from scanner.normalize.pointer import child, moment, optional_text, record, records, text, texts


def stacks_of(unit: Unit) -> tuple[AwsStack, ...]:
    """Return the stacks of one region's unit, each once and with the resources that name its id.

    A list that was cut off may send its page again.
    """
    pages = pages_of(unit)
    found: dict[str, AwsStack] = {}
    for page_at, page in pages:
        for at, raw in records(page, "Stacks", page_at):
            stack_id = text(raw, "StackId", at)
            owned = _resources(pages, stack_id, text(raw, "StackName", at))
            found.setdefault(stack_id, _stack(unit, raw, at, owned))
    return tuple(found.values())


def _stack(unit: Unit, raw: JsonObject, at: str, resources: tuple[StackResource, ...]) -> AwsStack:
    drift = record(raw, "DriftInformation", at)
    parameters = (
        (text(item, "ParameterKey", pointer), optional_text(item, "ParameterValue", pointer) or "")
        for pointer, item in records(raw, "Parameters", at)
    )
    return AwsStack(
        name=text(raw, "StackName", at),
        stack_id=text(raw, "StackId", at),
        region=unit.region,
        status=text(raw, "StackStatus", at),
        parameters=tuple(sorted(parameters)),
        resources=resources,
        evidence=EvidencePointer(unit.unit_id, at),
        drift_status=optional_text(drift, "StackDriftStatus", child(at, "DriftInformation")),
        created_at=moment(raw, "CreationTime", at),
    )


def _resources(pages: list[Page], stack_id: str, stack_name: str) -> tuple[StackResource, ...]:
    found: list[StackResource] = []
    for page_at, page in pages:
        asked = _param(page, page_at, "StackName")
        if asked in (stack_id, stack_name):
            found.extend(_resource(raw, at) for at, raw in records(page, "StackResourceSummaries", page_at))
    return tuple(sorted(found, key=lambda resource: resource.logical_id))


def _resource(raw: JsonObject, at: str) -> StackResource:
    drift = record(raw, "DriftInformation", at)
    return StackResource(
        logical_id=text(raw, "LogicalResourceId", at),
        type=text(raw, "ResourceType", at),
        physical_id=optional_text(raw, "PhysicalResourceId", at),
        status=text(raw, "ResourceStatus", at),
        drift_status=optional_text(drift, "StackResourceDriftStatus", child(at, "DriftInformation")),
    )


def _param(page: JsonObject, at: str, name: str) -> str | None:
    call = record(page, "_call", at)
    return optional_text(record(call, "params", child(at, "_call")), name, child(at, "_call", "params"))


def clusters_of(unit: Unit) -> tuple[EksCluster, ...]:
    """Return the clusters of one region's unit that were described."""
    found: list[EksCluster] = []
    for page_at, page in pages_of(unit):
        raw = record(page, "cluster", page_at)
        if not raw:
            continue
        at = child(page_at, "cluster")
        identity = record(raw, "identity", at)
        oidc = record(identity, "oidc", child(at, "identity"))
        found.append(
            EksCluster(
                name=text(raw, "name", at),
                region=unit.region,
                arn=text(raw, "arn", at),
                evidence=EvidencePointer(unit.unit_id, at),
                oidc_issuer=optional_text(oidc, "issuer", child(at, "identity", "oidc")),
                role_arn=optional_text(raw, "roleArn", at) or "",
            )
        )
    return tuple(sorted(found, key=lambda cluster: cluster.arn))


def pod_identities_of(unit: Unit) -> tuple[PodIdentityAssociation, ...]:
    """Return the associations of one region's unit; one that was listed but not described has an unread role."""
    listed: dict[str, PodIdentityAssociation] = {}
    described: dict[str, PodIdentityAssociation] = {}
    for page_at, page in pages_of(unit):
        for at, raw in records(page, "associations", page_at):
            summary = _association(unit, raw, at)
            listed[summary.association_id] = summary
        full = record(page, "association", page_at)
        if full:
            detail = _association(unit, full, child(page_at, "association"))
            described[detail.association_id] = detail
    merged = {**listed, **described}
    return tuple(merged[key] for key in sorted(merged))


def _association(unit: Unit, raw: JsonObject, at: str) -> PodIdentityAssociation:
    role_arn = optional_text(raw, "roleArn", at)
    return PodIdentityAssociation(
        cluster=text(raw, "clusterName", at),
        region=unit.region,
        namespace=text(raw, "namespace", at),
        service_account=text(raw, "serviceAccount", at),
        role_arn=role_arn or NotObserved("the association was listed, but not described"),
        association_id=text(raw, "associationId", at),
        evidence=EvidencePointer(unit.unit_id, at),
        target_role_arn=optional_text(raw, "targetRoleArn", at),
    )


def oidc_providers_of(unit: Unit) -> tuple[OidcProvider, ...]:
    """Return the OpenID Connect providers of the account; one that was only listed has no url."""
    found: dict[str, OidcProvider] = {}
    for page_at, page in pages_of(unit):
        for at, raw in records(page, "OpenIDConnectProviderList", page_at):
            arn = text(raw, "Arn", at)
            found.setdefault(arn, OidcProvider(arn=arn, evidence=EvidencePointer(unit.unit_id, at)))
        described = _param(page, page_at, "OpenIDConnectProviderArn")
        if described:
            found[described] = OidcProvider(
                arn=described,
                evidence=EvidencePointer(unit.unit_id, page_at),
                url=optional_text(page, "Url", page_at),
                client_ids=tuple(sorted(texts(page, "ClientIDList", page_at))),
            )
    return tuple(found[arn] for arn in sorted(found))
