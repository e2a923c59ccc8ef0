"""A snapshot in typed form, whatever clouds it holds."""

from __future__ import annotations

from scanner.model.inventory import Inventory
from scanner.model.snapshot import Snapshot
from scanner.normalize.aws import aws_account
from scanner.normalize.azure import azure_subscription
from scanner.normalize.gcp import gcp_project
from scanner.normalize.porter_yaml import porter_yaml_of


def normalize(snapshot: Snapshot) -> Inventory:
    """Return the snapshot's identities, grants and trust, scopes in snapshot order.

    Pure: the same snapshot gives the same inventory. Raises `InputError` (unit and JSON pointer) on a malformed answer.
    """
    return Inventory(
        source=snapshot.source,
        units=snapshot.units,
        aws=tuple(aws_account(snapshot, scope) for scope in snapshot.scopes if scope.cloud == "aws"),
        gcp=tuple(gcp_project(snapshot, s) for s in snapshot.scopes if s.cloud == "gcp" and s.kind == "project"),
        azure=tuple(
            azure_subscription(snapshot, s) for s in snapshot.scopes if s.cloud == "azure" and s.kind == "subscription"
        ),
        external_ids=snapshot.external_ids,
        porter_yaml=porter_yaml_of(snapshot),
    )
