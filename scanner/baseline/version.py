"""One documented version with the parts that a judgement needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from scanner.baseline.load import (
    CLOUDS,
    AnyBaseline,
    has_services,
    load_aws,
    load_azure,
    load_gcp,
    load_services,
)
from scanner.baseline.records import AwsBaseline
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.records_services import ServicesBaseline
from scanner.errors import BaselineError


class DocumentedVersion(msgspec.Struct, frozen=True):
    """The parts of one documented version, one per cloud; None: not asked for, or not documented."""

    aws: AwsBaseline | None = None
    gcp: GcpBaseline | None = None
    azure: AzureBaseline | None = None
    services: ServicesBaseline | None = None
    """What is documented of services' own identities, which no cloud's part holds."""

    @property
    def parts(self) -> tuple[AnyBaseline, ...]:
        """Return the parts there are."""
        return tuple(part for part in (self.aws, self.gcp, self.azure) if part is not None)

    @property
    def clouds(self) -> tuple[str, ...]:
        """Return the clouds there is a part for."""
        return tuple(cloud for cloud in CLOUDS if getattr(self, cloud) is not None)

    @property
    def id(self) -> str:
        """Return `vendor@version`. Raises `BaselineError` if no part is there."""
        for part in self.parts:
            return part.id
        raise BaselineError("a documented version without any part")


def known_values(values: Mapping[str, str], part: AnyBaseline) -> dict[str, str]:
    """Return those parameters that a part has a variable for."""
    names = {variable.name for variable in part.variables}
    return {name: value for name, value in values.items() if name in names}


def load_version(path: Path, clouds: Iterable[str]) -> DocumentedVersion:
    """Read a version's parts for some clouds, and the one on services if there is one; variables are not bound.

    Raises `BaselineError` if a part is not there or broken.
    """
    wanted = set(clouds)
    return DocumentedVersion(
        aws=load_aws(path) if "aws" in wanted else None,
        gcp=load_gcp(path) if "gcp" in wanted else None,
        azure=load_azure(path) if "azure" in wanted else None,
        services=load_services(path) if has_services(path) else None,
    )
