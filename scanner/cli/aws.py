"""From the options that say whom to read in AWS, and as whom, to one record."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.app.params import read_secret
from scanner.app.sources.aws import AwsOptions
from scanner.cli.options import split_list
from scanner.errors import UsageError


def aws_source(
    profile: str | None,
    regions: str | None,
    assume_role: str | None,
    assume_external_id: str | None,
    *,
    file: Path | None = None,
    activity_days: int | None = None,
) -> AwsOptions:
    """Return where to read; raises `UsageError` on options that contradict each other."""
    live_only = {
        "--profile": profile,
        "--regions": regions,
        "--assume-role": assume_role,
        "--assume-external-id": assume_external_id,
        "--cloudtrail": activity_days,
    }
    if file is not None:
        for option, value in live_only.items():
            if value is not None:
                raise UsageError(f"`{option}` and `--from` do not go together: a file is read without credentials")
    if assume_external_id is not None and assume_role is None:
        raise UsageError("`--assume-external-id` is given without `--assume-role`")
    if regions is not None and not split_list(regions):
        raise UsageError("`--regions` names no region")
    secret = None
    if assume_external_id is not None:
        secret = read_secret(assume_external_id, environ=os.environ, what="--assume-external-id")
    return AwsOptions(
        profile=profile,
        regions=split_list(regions),
        assume_role_arn=assume_role,
        assume_external_id=secret,
        activity_days=activity_days or 0,
    )
