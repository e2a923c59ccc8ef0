"""What restricts a role besides its own policies: its permissions boundary and the organization's control policies."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from scanner.access.records import NamedDocument
from scanner.access.statement import parse_documents
from scanner.errors import PolicyError
from scanner.model.common import NotObserved, Observed
from scanner.model.inventory import AwsAccount, AwsRole, ControlPolicy


class Layers(msgspec.Struct, frozen=True):
    """The layers of one role: each that is given has to allow a request too."""

    documents: tuple[tuple[NamedDocument, ...], ...] = ()
    evaluated: tuple[str, ...] = ()
    """What was applied, in words."""
    skipped: tuple[str, ...] = ()
    """What is there, or may be there, and was not applied, in words with the reason."""


def layers_of(role: AwsRole, account: AwsAccount) -> Layers:
    """Return the layers that could be read. A layer that was not read restricts nothing here, and is named."""
    found = Layers()
    match role.boundary:
        case Observed(body):
            name = f"permissions boundary {role.boundary_arn}"
            found = _with(found, [NamedDocument(name, body)], name)
        case NotObserved(reason):
            found = _without(found, f"permissions boundary {role.boundary_arn}: {reason}")
        case None:
            pass
    # With the type switched off no level has a service control policy; with it on, every level has at least one.
    if any(level.service for level in account.control_levels):
        for level in account.control_levels:
            found = _with_level(found, f"service control policies of {level.target}", level.service)
    if any(level.resource for level in account.control_levels):
        found = _without(found, "resource control policies: read; they restrict resources service by service")
    return found


def _with_level(layers: Layers, name: str, policies: Sequence[ControlPolicy]) -> Layers:
    documents: list[NamedDocument] = []
    for policy in policies:
        match policy.document:
            case Observed(body):
                documents.append(NamedDocument(f"{name}: {policy.name}", body))
            case NotObserved(reason):
                return _without(layers, f"{name}: {policy.name}: {reason}")
    return _with(layers, documents, name)


def _with(layers: Layers, documents: Sequence[NamedDocument], name: str) -> Layers:
    try:
        parse_documents(documents, "identity")
    except PolicyError as error:
        return _without(layers, f"{name}: {error}")
    return msgspec.structs.replace(
        layers, documents=(*layers.documents, tuple(documents)), evaluated=(*layers.evaluated, name)
    )


def _without(layers: Layers, words: str) -> Layers:
    return msgspec.structs.replace(layers, skipped=(*layers.skipped, words))
