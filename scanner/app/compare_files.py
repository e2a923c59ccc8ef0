"""Compare access documents that stand in files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from scanner.access.records import Comparison, NamedDocument
from scanner.app.compare_documents import compare_named
from scanner.app.exit_codes import CLEAN, FINDINGS, INCOMPLETE
from scanner.collect.strict_json import InputDocument, parse_values, read_values
from scanner.errors import InputError

# IAM allows 6,144 characters in a managed policy and 10,240 in a role's inline policies together; S3 allows 20 KB.
MAX_POLICY_BYTES: Final = 10_000_000

_EXIT: Final = {
    "equal": CLEAN,
    "narrower": CLEAN,
    "broader": FINDINGS,
    "different": FINDINGS,
    "undecided": INCOMPLETE,
}


def compare_files(
    live: Sequence[Path], documented: Sequence[Path], *, cloud: str = "aws", kind: str = "identity"
) -> Comparison:
    """Return whether the union of the live files is inside the union of the documented files.

    A file holds a document, a list of them, or an answer of the cloud's command line that carries them: AWS policies;
    Azure role definitions and assignments; GCP role definitions, allow and deny policies. Raises `InputError` if a
    file is not that, `PolicyError` if a document is not valid.
    """
    return compare_named(_documents(live, cloud), _documents(documented, cloud), cloud=cloud, kind=kind)


def exit_code_of(comparison: Comparison) -> int:
    """Return 0 where live is inside documented, 1 where it is not, 2 where that is not decided."""
    return _EXIT[comparison.verdict]


def as_json(comparison: Comparison) -> bytes:
    """Return the answer as `porter-audit/comparison/v1`, indented."""
    from scanner.render.comparison_text import comparison_json

    return msgspec.json.format(msgspec.json.encode(comparison_json(comparison)), indent=2) + b"\n"


def as_text(comparison: Comparison, *, width: int, color: bool) -> str:
    """Return the answer for people."""
    from scanner.render.comparison_text import render_comparison

    return render_comparison(comparison, width=width, color=color)


def _documents(paths: Sequence[Path], cloud: str) -> list[NamedDocument]:
    return [document for path in paths for document in _read(path, cloud)]


def _read(path: Path, cloud: str) -> Iterator[NamedDocument]:
    values = read_values(path, max_bytes=MAX_POLICY_BYTES)
    for number, value in enumerate(values, start=1):
        name = str(path) if len(values) == 1 else f"{path} #{number}"
        if cloud == "aws":
            yield NamedDocument(name=name, body=_policy_in(value, name))
        else:
            yield from _objects(value.value, name)


def _objects(value: Any, name: str) -> Iterator[NamedDocument]:
    """Yield one object, or each object of a list as `az` and `gcloud` print it."""
    many = isinstance(value, list)
    for number, body in enumerate(value if many else [value], start=1):
        where = f"{name}[{number}]" if many else name
        if not isinstance(body, dict):
            raise InputError(f"`{where}`: not an object", advice="give what `az` or `gcloud` prints as JSON")
        yield NamedDocument(where, body)


def _policy_in(document: InputDocument, name: str) -> dict[str, Any]:
    """Return the policy that a JSON value is or carries."""
    body = _carried(document.value, name)
    if not isinstance(body, dict) or "Statement" not in body:
        advice = "give a policy document, or what `aws iam get-policy-version` or `aws iam get-role` prints"
        raise InputError(f"`{name}`: not a policy document: no `Statement`", advice=advice)
    return body


def _carried(value: Any, name: str) -> Any:
    """Return the document inside an answer of the AWS CLI, or the value itself."""
    for outer, inner in (("PolicyVersion", "Document"), ("Role", "AssumeRolePolicyDocument")):
        if isinstance(value, dict) and isinstance(value.get(outer), dict):
            return value[outer].get(inner)
    for key in ("PolicyDocument", "Policy", "ResourcePolicy"):
        if isinstance(value, dict) and key in value and "Statement" not in value:
            return _text_or_object(value[key], name)
    return value


def _text_or_object(value: Any, name: str) -> Any:
    """Return a document that an answer carries as JSON in a string, as S3, KMS and Secrets Manager do."""
    if not isinstance(value, str):
        return value
    values = parse_values(name, value.encode("utf-8", "replace"))
    return values[0] if len(values) == 1 else None
