"""The other documented versions a scan names identities by."""

from __future__ import annotations

from scanner.baseline.load import clouds_of, find, known, load_aws
from scanner.baseline.records import AwsBaseline


def other_versions(chosen: AwsBaseline) -> tuple[AwsBaseline, ...]:
    """Return the AWS parts of the vendor's other shipped versions, by name; variables are not bound.

    Raises `BaselineError` if one of them is broken.
    """
    specs = [spec for spec in known() if spec != chosen.id and spec.partition("@")[0] == chosen.vendor]
    return tuple(load_aws(find(spec)) for spec in specs if "aws" in clouds_of(find(spec)))
