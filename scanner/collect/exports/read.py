"""Offline inputs: recognise a file by its content and make a snapshot of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from scanner.collect.aws.cloudtrail import is_event_file, with_event_files
from scanner.collect.exports.azure import is_azure_export, read_azure_export
from scanner.collect.exports.gaad import Reading, is_authorization_details, read_authorization_details
from scanner.collect.exports.gcloud import is_gcloud_export, read_gcloud_export
from scanner.collect.planned.cfn import is_cfn_template, read_cfn_template
from scanner.collect.planned.cfn_values import TAGS
from scanner.collect.planned.plan_aws import is_terraform_plan, read_terraform_plan
from scanner.collect.redact import Redactor
from scanner.collect.snapshot_io import is_snapshot, snapshot_from
from scanner.collect.strict_json import InputDocument, read_values, shown
from scanner.collect.strict_yaml import MAX_YAML_BYTES, read_yaml
from scanner.errors import InputError, UsageError
from scanner.model.snapshot import ExternalIdFact, Snapshot


class InputFormat(msgspec.Struct, frozen=True):
    """One kind of input: how a JSON value of it looks, and how all values together become a snapshot."""

    title: str
    recognises: Callable[[Any], bool]
    read: Callable[[list[InputDocument], Reading], Snapshot]


def _read_snapshot(documents: list[InputDocument], reading: Reading) -> Snapshot:
    if len(documents) != 1:
        raise InputError(f"input `{documents[1].name}`: more than one snapshot", advice="scan one snapshot at a time")
    return for_this_run(snapshot_from(documents[0].value, documents[0].name), reading.redactor, reading.presence)


def for_this_run(snapshot: Snapshot, redactor: Redactor, presence: str) -> Snapshot:
    """Return the snapshot with this run's word on presence and, where keys agree, on the expected ExternalId."""
    scopes = snapshot.scopes
    if presence != "unknown":
        scopes = tuple(msgspec.structs.replace(scope, presence=presence) for scope in scopes)
    facts = _compared(snapshot.external_ids, redactor)
    return msgspec.structs.replace(snapshot, scopes=scopes, external_ids=facts)


def _compared(facts: tuple[ExternalIdFact, ...], redactor: Redactor) -> tuple[ExternalIdFact, ...]:
    """Return the facts compared with the expected value, if one is given.

    Only a match proves that the snapshot was made with this installation's key; without one nothing is known.
    """
    expected = redactor.expected_token()
    if expected is None or not any(fact.token == expected for fact in facts):
        return facts
    return tuple(msgspec.structs.replace(fact, equals_expected=fact.token == expected) for fact in facts)


FORMATS: tuple[InputFormat, ...] = (
    InputFormat("a snapshot of this program", is_snapshot, _read_snapshot),
    InputFormat(
        "output of `aws iam get-account-authorization-details`", is_authorization_details, read_authorization_details
    ),
    InputFormat("a CloudFormation template, JSON or YAML", is_cfn_template, read_cfn_template),
    InputFormat("a Terraform plan as JSON (`terraform show -json`)", is_terraform_plan, read_terraform_plan),
    InputFormat(
        "lists of `az role assignment|definition list`, `az ad sp|app list`", is_azure_export, read_azure_export
    ),
    InputFormat(
        "what `gcloud projects get-iam-policy`, `iam service-accounts`, `iam roles describe` and the like print",
        is_gcloud_export,
        read_gcloud_export,
    ),
)
"""In order: the first that recognises the first value must recognise all of them."""

_YAML_SUFFIXES = (".yaml", ".yml", ".template")


def read_input(
    path: Path,
    *,
    now: datetime,
    hmac_key: bytes,
    expected_external_id: str | None = None,
    presence: str = "unknown",
    account_id: str | None = None,
    template_values: tuple[tuple[str, str], ...] = (),
    project_id: str | None = None,
    subscription_id: str | None = None,
) -> Snapshot:
    """Return the snapshot that a file, or a directory of page files, holds.

    `now` becomes the time of collection of an export; a snapshot keeps its own. `account_id`, `project_id` and
    `subscription_id` are what a template or plan is for. Raises `InputError` in one line: which file, where in it, what
    is wrong; `UsageError` if `template_values` are given for another kind of file.
    """
    reading = Reading(
        now=now,
        redactor=Redactor(hmac_key, expected_external_id),
        presence=presence,
        account_id=account_id,
        template_values=template_values,
        project_id=project_id,
        subscription_id=subscription_id,
    )
    try:
        everything = _yaml(path) or read_values(path)
        events = [document for document in everything if is_event_file(document.value)]
        documents = [document for document in everything if not is_event_file(document.value)]
        if not documents:
            raise InputError(
                f"input `{path.name}`: CloudTrail's events alone say nothing of roles",
                advice="put them beside the output of `aws iam get-account-authorization-details`, in one directory",
            )
        chosen = _format_of(documents)
        if template_values and chosen.read is not read_cfn_template:
            raise UsageError(f"--template-param is for CloudFormation templates; `{path.name}` is {chosen.title}")
        snapshot = chosen.read(documents, reading)
        return with_event_files(snapshot, events, reading.redactor) if events else snapshot
    except RecursionError as error:
        raise InputError(f"input `{path.name}`: nested too deeply") from error


def _yaml(path: Path) -> list[InputDocument]:
    """Return the YAML template in a file named like one, empty for anything else (a `.template` may hold JSON)."""
    if path.suffix.lower() not in _YAML_SUFFIXES or not path.is_file():
        return []
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_YAML_BYTES + 1)
    except OSError as error:
        raise InputError(f"input `{path.name}`: cannot be read: {(error.strerror or 'unknown').lower()}") from error
    if data.lstrip()[:1] in (b"{", b"["):
        return []
    document = read_yaml(path.name, data, TAGS)
    return [InputDocument(path.name, document.value, document.lines)]


def _format_of(documents: list[InputDocument]) -> InputFormat:
    chosen = next((entry for entry in FORMATS if entry.recognises(documents[0].value)), None)
    if chosen is None:
        raise _not_recognised(documents[0])
    for document in documents:
        if not chosen.recognises(document.value):
            raise _not_recognised(document)
    return chosen


def _not_recognised(document: InputDocument) -> InputError:
    schema = document.value.get("schema") if isinstance(document.value, dict) else None
    if isinstance(schema, str) and schema.startswith("porter-audit/"):
        return InputError(
            f"input `{document.name}`: this program wrote it (`{shown(schema, 60)}`), and it holds no answers to judge",
            advice="give the evidence bundle of that run, or a snapshot of `porter-audit collect`; "
            "`porter-audit report` shows a report again, `porter-audit diff` compares two",
        )
    return InputError(
        f"input `{document.name}`: not recognised: {_looks_like(document.value)}",
        advice=f"known inputs: {'; '.join(entry.title for entry in FORMATS)}",
    )


def _looks_like(value: Any) -> str:
    if not isinstance(value, dict):
        return f"a JSON {'list' if isinstance(value, list) else 'value'} where an object is expected"
    keys = ", ".join(f"`{shown(key, 40)}`" for key in sorted(value)[:5])
    return f"an object with the keys {keys}" if keys else "an empty object"
