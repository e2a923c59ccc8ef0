"""Find a documented version and read its AWS part; every error names file, role and key."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import msgspec

from scanner.baseline.aws_file import read_aws
from scanner.baseline.aws_links import check_links
from scanner.baseline.fields import shown
from scanner.baseline.records import AwsBaseline
from scanner.baseline.yaml_text import MAX_BYTES, read_yaml
from scanner.errors import BaselineError
from scanner.resources import data_dir

AWS_FILE = "aws.yaml"
_SPEC = re.compile(r"(?P<vendor>[a-z0-9][a-z0-9-]*)@(?P<version>[A-Za-z0-9][A-Za-z0-9._-]*)\Z")


def known() -> tuple[str, ...]:
    """Return the documented versions that ship with the product as `vendor@version`, sorted."""
    files = data_dir("baselines").glob("*/*/*.yaml")
    return tuple(sorted({f"{file.parent.parent.name}@{file.parent.name}" for file in files}))


def find(spec: str) -> Path:
    """Return the directory of `vendor@version`, or the existing directory or file that `spec` is a path to.

    A shipped version wins over a file of the same name; write `./name@1` for the file.
    Raises `BaselineError` naming the known ones.
    """
    match = _SPEC.match(spec)
    if match is not None:
        shipped = data_dir("baselines") / match["vendor"] / match["version"]
        if shipped.is_dir():
            return shipped
    # os.path.exists says no to a name that is too long or holds a NUL, where Path.exists raises.
    if os.path.exists(spec):
        return Path(spec)
    names = ", ".join(f"`{name}`" for name in known()) or "none"
    raise BaselineError(
        f"unknown documented version `{shown(spec)}`: known are {names}",
        advice="give vendor@version, or the path of a directory or file of your own",
    )


def load_aws(path: Path) -> AwsBaseline:
    """Read the AWS part from a file, or from `aws.yaml` in a directory; variables are not bound.

    Raises `BaselineError` if the file cannot be read, or anything in it is unknown, missing, duplicated or at odds.
    """
    file = path / AWS_FILE if path.is_dir() else path
    where = f"baseline `{shown(file.name)}`"
    data = _read(file, where)
    baseline = read_aws(read_yaml(data, where), where)
    check_links(baseline, where)
    return msgspec.structs.replace(baseline, digest=hashlib.sha256(data).hexdigest())


def _read(file: Path, where: str) -> bytes:
    """Return the file's bytes, at most one more than are allowed."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise BaselineError(f"{where}: {reason}: `{shown(str(file))}`") from error
