"""What a newer documented version adds and takes away: AWS by the access engine, GCP and Azure as sets. Pure."""

from __future__ import annotations

from scanner.access.catalogue import Catalogue
from scanner.baseline.diff_aws import aws_facts, role_changes
from scanner.baseline.diff_others import account_changes, azure_changes, azure_facts, gcp_facts
from scanner.baseline.diff_records import BaselineDiff
from scanner.baseline.load import AnyBaseline
from scanner.baseline.records import AwsBaseline
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.errors import BaselineError


def diff(before: AnyBaseline, after: AnyBaseline, catalogue: Catalogue) -> BaselineDiff:
    """Return what the newer version adds and takes away. Raises `BaselineError` if they are for different clouds."""
    match before, after:
        case AwsBaseline(), AwsBaseline():
            cloud, changes, facts = "aws", role_changes(before, after, catalogue), aws_facts(before, after)
        case GcpBaseline(), GcpBaseline():
            cloud, changes, facts = "gcp", account_changes(before, after), gcp_facts(before, after)
        case AzureBaseline(), AzureBaseline():
            cloud, changes, facts = "azure", azure_changes(before, after), azure_facts(before, after)
        case _:
            raise BaselineError(f"`{before.id}` and `{after.id}` are parts for different clouds")
    return BaselineDiff(before.id, after.id, cloud, tuple(changes), facts)
