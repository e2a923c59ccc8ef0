"""Does Porter have, in my cloud, only what Porter documents? The public Python API, and nothing else.

Everything heavy is imported when a function is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import TYPE_CHECKING, Any

from scanner.errors import BaselineError, InputError, PolicyError, PorterAuditError, UsageError

if TYPE_CHECKING:
    from scanner.access.evaluator.authorize import Decision
    from scanner.access.records import Comparison
    from scanner.baseline.records import AwsBaseline

__version__ = "0.1.0"


def compare(
    live: Sequence[dict[str, Any]], documented: Sequence[dict[str, Any]], *, cloud: str = "aws", kind: str = "identity"
) -> Comparison:
    """Compare the union of `live` documents with the union of `documented` ones.

    AWS: policy documents; `kind` is `identity`, `trust`, or `resource` for any other policy with a Principal.
    Raises `PolicyError` (document, statement, key) if a document is not valid.
    """
    from scanner.app.compare_documents import compare_documents

    return compare_documents(live, documented, cloud=cloud, kind=kind)


def authorize(
    request: Mapping[str, Any],
    *,
    identity: Sequence[dict[str, Any]] = (),
    boundary: dict[str, Any] | None = None,
    scps: Sequence[Sequence[dict[str, Any]]] = (),
    rcps: Sequence[dict[str, Any]] = (),
    session: dict[str, Any] | Sequence[dict[str, Any]] | None = None,
    resource: dict[str, Any] | None = None,
    trust: dict[str, Any] | None = None,
) -> Decision:
    """Decide one concrete AWS request: `{"principal", "action", "resource", "context": {key: str | [str]}}`.

    `scps` is a list of levels, each a list of documents; None means that there is no such policy. The decision's effect
    is `allowed`, `implicit_deny`, `explicit_deny` or `undecided`. Raises `PolicyError`, `InputError`.
    """
    from scanner.access.evaluator.authorize import authorize as decide

    return decide(
        request,
        identity=identity,
        boundary=boundary,
        scps=scps,
        rcps=rcps,
        session=session,
        resource=resource,
        trust=trust,
    )


def scan(
    cloud: str = "aws",
    *,
    baseline: str = "porter@2026-05",
    parameters: Mapping[str, str] | None = None,
    presence: str = "unknown",
) -> dict[str, Any]:
    """Read what the environment's credentials lead to, judge it, and return the document that report.json holds.

    `cloud` is `aws`, `gcp` or `azure`. Nothing is written or printed. Raises `UsageError`, `BaselineError`, or another
    `PorterAuditError` where reading cannot start; what could not be read is in the document, not raised.
    """
    from scanner.app.python_api import scan_document

    return scan_document(cloud, None, baseline, parameters or {}, presence)


def evaluate(
    source: str | PathLike[str],
    *,
    cloud: str = "aws",
    baseline: str = "porter@2026-05",
    parameters: Mapping[str, str] | None = None,
    presence: str = "unknown",
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """Judge a file (snapshot, bundle, export, template or plan) and return the document that report.json holds.

    `as_of` is the clock of the rules, an aware time; without it, the time of collection. Raises as `scan` does.
    """
    from scanner.app.python_api import scan_document

    return scan_document(cloud, source, baseline, parameters or {}, presence, as_of)


def load_baseline(spec: str = "porter@2026-05") -> AwsBaseline:
    """Load the AWS part of a documented version by name or path. Raises `BaselineError`."""
    from scanner.baseline.load import find, load_aws

    return load_aws(find(spec))


__all__ = [
    "BaselineError",
    "InputError",
    "PolicyError",
    "PorterAuditError",
    "UsageError",
    "authorize",
    "compare",
    "evaluate",
    "load_baseline",
    "scan",
]
