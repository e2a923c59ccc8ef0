"""Find a documented version and read its parts; every error names file, identity and key."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from msgspec.structs import replace

from scanner.baseline.aws_file import read_aws
from scanner.baseline.aws_links import check_links
from scanner.baseline.azure_file import read_azure
from scanner.baseline.fields import shown
from scanner.baseline.gcp_file import read_gcp
from scanner.baseline.links import check_azure, check_gcp
from scanner.baseline.records import AwsBaseline
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.records_services import ServicesBaseline
from scanner.baseline.same_file import SameFile, is_same_file, merged_contradictions, merged_documents, read_same
from scanner.baseline.services_file import check_services, read_services
from scanner.baseline.yaml_text import MAX_BYTES, read_yaml
from scanner.errors import BaselineError
from scanner.resources import data_dir

CLOUDS = ("aws", "gcp", "azure")
AWS_FILE = "aws.yaml"
SERVICES = "services"
"""Beside the clouds' parts: what is documented of services' own identities, in `services.yaml`."""
AnyBaseline: TypeAlias = AwsBaseline | GcpBaseline | AzureBaseline
_SPEC = re.compile(r"(?P<vendor>[a-z0-9][a-z0-9-]*)@(?P<version>[A-Za-z0-9][A-Za-z0-9._-]*)\Z")


P = TypeVar("P", AwsBaseline, GcpBaseline, AzureBaseline, ServicesBaseline)


def known() -> tuple[str, ...]:
    """Return the documented versions that ship with the product as `vendor@version`, sorted."""
    files = (file for cloud in CLOUDS for file in data_dir("baselines").glob(f"*/*/{cloud}.yaml"))
    return tuple(sorted({f"{file.parent.parent.name}@{file.parent.name}" for file in files}))


def clouds_of(path: Path) -> tuple[str, ...]:
    """Return the clouds a version's directory holds a part for; of a file, the cloud it says it is for.

    Raises `BaselineError` if the file cannot be read.
    """
    if path.is_dir():
        return tuple(cloud for cloud in CLOUDS if (path / f"{cloud}.yaml").is_file())
    where = f"baseline `{shown(path.name)}`"
    value = read_yaml(_read(path, where), where)
    cloud = value.get("cloud") if isinstance(value, dict) else None
    return (cloud,) if cloud in CLOUDS else ("aws",)


def find(spec: str) -> Path:
    """Return the directory of `vendor@version`, or the existing directory or file that `spec` is a path to.

    A shipped version wins over a file of the same name; write `./name@1` for the file.
    Raises `BaselineError` naming the known ones.
    """
    shipped = _shipped(spec)
    if shipped is not None:
        return shipped
    # os.path.exists says no to a name that is too long or holds a NUL, where Path.exists raises.
    if os.path.exists(spec):
        return Path(spec)
    names = ", ".join(f"`{name}`" for name in known()) or "none"
    raise BaselineError(
        f"unknown documented version `{shown(spec)}`: known are {names}",
        advice="give vendor@version, or the path of a directory or file of your own",
    )


def _shipped(spec: str) -> Path | None:
    match = _SPEC.match(spec)
    if match is None:
        return None
    directory = data_dir("baselines") / match["vendor"] / match["version"]
    return directory if directory.is_dir() else None


def load_aws(path: Path) -> AwsBaseline:
    """Read the AWS part from a file, or from `aws.yaml` in a directory; variables are not bound.

    Raises `BaselineError` if the file cannot be read, or anything in it is unknown, missing, duplicated or at odds.
    """
    return _load(path, "aws", read_aws, check_links)


def load_gcp(path: Path) -> GcpBaseline:
    """Read the GCP part from a file, or from `gcp.yaml` in a directory; raises `BaselineError` as `load_aws` does."""
    return _load(path, "gcp", read_gcp, check_gcp)


def load_azure(path: Path) -> AzureBaseline:
    """Read the Azure part from a file, or from `azure.yaml` in a directory; raises as `load_aws` does."""
    return _load(path, "azure", read_azure, check_azure)


def load_part(path: Path, cloud: str) -> AnyBaseline:
    """Read the part for one of `CLOUDS`; raises `BaselineError` as `load_aws` does."""
    loaders: dict[str, Callable[[Path], AnyBaseline]] = {"aws": load_aws, "gcp": load_gcp, "azure": load_azure}
    return loaders[cloud](path)


def has_services(path: Path) -> bool:
    """Return whether a version's directory holds a services part; a file of one cloud does not."""
    return path.is_dir() and (path / f"{SERVICES}.yaml").is_file()


def load_services(path: Path) -> ServicesBaseline:
    """Read the services part from a file, or from `services.yaml` in a directory; raises as `load_aws` does."""
    return _load(path, SERVICES, read_services, check_services)


def _load(path: Path, cloud: str, reader: Callable[[Any, str], P], check: Callable[[P, str], None]) -> P:
    file = path / f"{cloud}.yaml" if path.is_dir() else path
    where = f"baseline `{shown(file.name)}`"
    data = _read(file, where)
    value = read_yaml(data, where)
    if is_same_file(value):
        return _load_same(read_same(value, where, cloud), file, data, where, reader, check)
    baseline = reader(value, where)
    check(baseline, where)
    return replace(baseline, digest=hashlib.sha256(data).hexdigest())


def _load_same(
    same: SameFile,
    file: Path,
    data: bytes,
    where: str,
    reader: Callable[[Any, str], P],
    check: Callable[[P, str], None],
) -> P:
    """Return the version that the file names, under the file's own name."""
    other = _named_file(same.same_as, same.cloud, file, where)
    if is_same_file(read_yaml(_read(other, where), where)):
        raise BaselineError(f"{where}: `same_as` names `{shown(same.same_as)}`, which itself only names another")
    base = _load(other, same.cloud, reader, check)
    merged = replace(
        base,
        vendor=same.vendor,
        version=same.version,
        title=same.title,
        publication=same.publication,
        documents=merged_documents(base.documents, same.documents),
        contradictions=merged_contradictions(base.contradictions, same.contradictions),
        same_as=same.same_as,
        digest=hashlib.sha256(data + _read(other, where)).hexdigest(),
    )
    check(merged, where)
    return merged


def _named_file(spec: str, cloud: str, file: Path, where: str) -> Path:
    """Return the file of `vendor@version` beside this one (`../../vendor/version`), else the shipped one."""
    match = _SPEC.match(spec)
    if match is None:
        raise BaselineError(f"{where}: `same_as` must be vendor@version, not `{shown(spec)}`")
    beside = file.resolve().parent.parent.parent / match["vendor"] / match["version"] / f"{cloud}.yaml"
    shipped = _shipped(spec)
    for candidate in (beside, shipped / f"{cloud}.yaml" if shipped else beside):
        if candidate.is_file() and candidate != file.resolve():
            return candidate
    raise BaselineError(f"{where}: `same_as` names `{shown(spec)}`, which is not there")


def _read(file: Path, where: str) -> bytes:
    """Return the file's bytes, at most one more than are allowed."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise BaselineError(f"{where}: {reason}: `{shown(str(file))}`") from error
