"""One role against its documented self: the comparisons that several rules share."""

from __future__ import annotations

import msgspec

from scanner.access.records import Comparison
from scanner.baseline.records import DocumentedRole
from scanner.model.inventory import AwsRole


class RoleJudgement(msgspec.Struct, frozen=True):
    """A live role, its documented role, and how they compare."""

    role: AwsRole
    documented: DocumentedRole
    permissions: Comparison | None
    """None: a permissions document could not be read (see `unread`)."""
    trust: Comparison | None
    """None: the trust policy could not be read."""
    permissive: Comparison | None = None
    """Against the permissive reading of prose conditions, where there is one and the strict one is exceeded."""
    unread: tuple[str, ...] = ()
    """Names of documents that could not be read or are not valid, with the reason."""
    aws_managed_used: tuple[str, ...] = ()
    """ARNs of attached AWS-managed policies that the document names."""
    aws_managed_changed: tuple[str, ...] = ()
    """Notes: what AWS changed in them since the page was written."""
