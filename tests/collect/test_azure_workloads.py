"""What a subscription says of workloads: every identity's federated credentials, and the clusters' issuers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scanner.localcloud.azure import LoopbackAzure
from scanner.localcloud.azure_operations import create_identity
from scanner.localcloud.faults import FaultKind
from scanner.model import kinds_azure as kinds
from scanner.model.common import NotObserved
from scanner.model.inventory_azure import AzureSubscription
from scanner.model.snapshot import UnitStatus
from scanner.normalize.inventory import normalize

sys.path.insert(0, str(Path(__file__).resolve().parent))

from azure_cloud import collect, running, unit

ISSUER = "https://westeurope.oic.prod-aks.azure.com/t/c/"


def furnished(cloud: LoopbackAzure) -> LoopbackAzure:
    for name in ("orders-api", "Reports", "porter-x"):
        create_identity(cloud.state, name, ISSUER, f"system:serviceaccount:default:{name.lower()}")
    create_identity(cloud.state, "empty")
    cloud.state.rows("managedClusters").append(
        {
            "id": f"/subscriptions/{cloud.state.subscription_id}/resourceGroups/rg/providers"
            "/Microsoft.ContainerService/managedClusters/prod",
            "name": "prod",
            "properties": {
                "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
                "securityProfile": {"workloadIdentity": {"enabled": True}},
            },
        }
    )
    return cloud


def subscription(cloud: LoopbackAzure) -> AzureSubscription:
    return normalize(collect(cloud)).azure[0]


def test_every_identity_comes_with_its_own_credentials_and_none_is_not_unread() -> None:
    with running() as cloud:
        read = subscription(furnished(cloud))
    subjects = {
        one.name: [c.subject for c in one.credentials] if isinstance(one.credentials, tuple) else None
        for one in read.identities
    }
    assert subjects == {
        "orders-api": ["system:serviceaccount:default:orders-api"],
        "Reports": ["system:serviceaccount:default:reports"],
        "porter-x": ["system:serviceaccount:default:porter-x"],
        "empty": [],
    }
    assert {one.resource_group for one in read.identities} == {"rg"}


def test_clusters_are_read_with_their_issuers() -> None:
    with running() as cloud:
        read = subscription(furnished(cloud))
    assert [(c.name, c.issuer, c.workload_identity) for c in read.clusters] == [("prod", ISSUER, True)]


def test_credentials_that_were_refused_are_not_observed_and_the_others_are_read() -> None:
    with running() as cloud:
        furnished(cloud).fault("FederatedIdentityCredentials.List", FaultKind.DENIED, contains="Reports")
        snapshot = collect(cloud)
    read = {one.name: one.credentials for one in normalize(snapshot).azure[0].identities}
    assert unit(snapshot, kinds.MANAGED_IDENTITIES).status is UnitStatus.DENIED
    assert isinstance(read["Reports"], NotObserved)
    assert read["empty"] == ()


@pytest.mark.parametrize("kind", [FaultKind.DENIED, FaultKind.MALFORMED])
def test_clusters_that_were_not_read_leave_the_unit_open(kind: FaultKind) -> None:
    with running() as cloud:
        furnished(cloud).fault("ManagedClusters.List", kind)
        snapshot = collect(cloud)
    assert unit(snapshot, kinds.AKS_CLUSTERS).status is not UnitStatus.COMPLETE
    assert normalize(snapshot).azure[0].clusters == ()
