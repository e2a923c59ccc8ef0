"""Output of `aws iam get-account-authorization-details` as a snapshot that says what the file cannot show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from scanner import __version__
from scanner.collect.aws.allowlist import apis_of
from scanner.collect.aws.authorization_pages import ENTITY_LISTS, count_entities, decode_documents, entity_arns
from scanner.collect.redact import Redactor
from scanner.collect.strict_json import InputDocument, shown
from scanner.errors import InputError
from scanner.model.common import JsonObject
from scanner.model.kinds import AUTHORIZATION_DETAILS, AWS_UNIT_KINDS, UnitKind, aws_unit_id
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitError, UnitStatus


class Reading(msgspec.Struct, frozen=True):
    """What reading a file needs beside the file."""

    now: datetime
    redactor: Redactor
    presence: str = "unknown"
    account_id: str | None = None
    """The account a template is for, where the user named one."""
    template_values: tuple[tuple[str, str], ...] = ()
    """Values of a CloudFormation template's parameters."""
    project_id: str | None = None
    """The project a plan is for, where the user named one."""
    subscription_id: str | None = None
    """The subscription a plan is for, where the user named one."""


def is_authorization_details(value: Any) -> bool:
    """Return whether a JSON value is a page of GetAccountAuthorizationDetails, by its keys."""
    return isinstance(value, dict) and any(isinstance(value.get(key), list) for key in ENTITY_LISTS)


def read_authorization_details(documents: list[InputDocument], reading: Reading) -> Snapshot:
    """Return the snapshot of all pages of one account.

    Raises `InputError` if the pages are of several accounts, name no account, or repeat an entity.
    """
    pages = [_page(document) for document in documents]
    account, partition = _account(documents, pages)
    _refuse_repeats(documents, pages)
    for page in pages:
        reading.redactor.document(page)
    for page in pages:
        reading.redactor.scrub(page)
    return Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.EXPORT,
        tool_version=__version__,
        collected_at=reading.now,
        scopes=(Scope(cloud="aws", kind="account", id=account, partition=partition, presence=reading.presence),),
        units=tuple(_unit(kind, account, tuple(pages)) for kind in AWS_UNIT_KINDS),
        external_ids=reading.redactor.facts(),
        redactions=reading.redactor.count,
    )


def _page(document: InputDocument) -> JsonObject:
    # Response metadata of an SDK and this program's own underscored keys are not part of the answer.
    page = {
        key: value for key, value in document.value.items() if key != "ResponseMetadata" and not key.startswith("_")
    }
    decode_documents(document.name, page)
    return page


def _account(documents: list[InputDocument], pages: list[JsonObject]) -> tuple[str, str]:
    """Return account id and partition, which every ARN that is not AWS's own must share."""
    found: dict[tuple[str, str], str] = {}
    for document, page in zip(documents, pages, strict=True):
        for _, arn in entity_arns(page):
            parts = arn.split(":", 5)
            if len(parts) != 6 or parts[0] != "arn" or parts[2] != "iam":
                raise InputError(f"input `{document.name}`: `{shown(arn, 200)}` is not the ARN of an IAM entity")
            if parts[4] != "aws":
                found.setdefault((parts[4], parts[1]), document.name)
    if not found:
        raise InputError(
            f"input `{documents[0].name}`: holds no role, user, group or own policy, so its account is unknown",
            advice="export again without a filter",
        )
    if len(found) > 1:
        named = ", ".join(f"{shown(account, 20)} in `{name}`" for (account, _), name in sorted(found.items()))
        raise InputError(f"input of several accounts: {named}", advice="scan each account's export on its own")
    return next(iter(found))


def _refuse_repeats(documents: list[InputDocument], pages: list[JsonObject]) -> None:
    """Refuse two pages with the same entity: they are two exports, perhaps of two days."""
    seen: dict[tuple[str, str], str] = {}
    for document, page in zip(documents, pages, strict=True):
        for entity in entity_arns(page):
            if entity in seen:
                raise InputError(
                    f"input `{document.name}`: `{shown(entity[1], 200)}` stands here and in `{seen[entity]}`",
                    advice="give the pages of one export only",
                )
            seen[entity] = document.name


def _unit(kind: UnitKind, account: str, pages: tuple[JsonObject, ...]) -> Unit:
    unit = Unit(
        unit_id=aws_unit_id(account, "global", kind.kind),
        kind=kind.kind,
        cloud="aws",
        scope_id=account,
        region="global",
        required=kind.required,
        status=UnitStatus.NOT_IN_INPUT,
        apis=apis_of(kind.kind),
    )
    if kind.kind != AUTHORIZATION_DETAILS:
        reason = UnitError("NotInInput", "the input is an export of IAM authorization details only")
        return msgspec.structs.replace(unit, error=reason)
    lost = _what_is_missing(pages)
    return msgspec.structs.replace(
        unit,
        status=UnitStatus.TRUNCATED if lost else UnitStatus.COMPLETE,
        pages=pages,
        items=sum(count_entities(page) for page in pages),
        error=UnitError("Truncated", lost) if lost else None,
    )


def _what_is_missing(pages: tuple[JsonObject, ...]) -> str:
    """Return why the pages are not the whole answer, or nothing.

    Pages do not name their predecessor, so a page lost in the middle cannot be noticed; a lost last page can.
    """
    if all(page.get("IsTruncated") is True or page.get("NextToken") for page in pages):
        return "every page says that more follow: the last page is not in the input"
    absent = [key for key in ENTITY_LISTS if not any(isinstance(page.get(key), list) for page in pages)]
    return f"the input has no {', '.join(f'`{key}`' for key in absent)}" if absent else ""
