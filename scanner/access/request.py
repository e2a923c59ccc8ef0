"""Concrete actions and resources to try first, so that a witness looks like a request somebody would really send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scanner.access.catalogue import Catalogue
from scanner.access.pattern import STAR, Pattern, Tokens, is_variable, matches
from scanner.access.side import service_of

# Tried first where a pattern spans all services: published actions whose meaning every reader knows.
TELLING_ACTIONS = (
    "iam:CreateUser", "iam:AttachRolePolicy", "iam:CreateAccessKey", "sts:AssumeRole", "secretsmanager:GetSecretValue",
    "s3:GetObject", "s3:DeleteBucket", "kms:Decrypt", "ec2:TerminateInstances", "organizations:LeaveOrganization",
    "lambda:InvokeFunction", "dynamodb:GetItem", "rds:DeleteDBInstance", "sts:TagSession",
)  # fmt: skip


class Place(NamedTuple):
    """Where witnesses are set: the scanned account."""

    partition: str
    region: str
    account_id: str


def published_actions(musts: Sequence[Pattern], catalogue: Catalogue) -> Iterator[str]:
    """Yield published actions (provider's spelling) in all the patterns; a telling few if they span all services."""
    services = {s for p in musts if (s := service_of(p)) is not None}
    if len(services) > 1:
        return
    candidates = (
        tuple(f"{service}:{name}" for service in services for name in catalogue.actions(service))
        if services
        else tuple(a for a in TELLING_ACTIONS if catalogue.is_published(a))
    )
    for action in candidates:
        if all(matches(p, action.lower()) for p in musts):
            yield action


def spelled(action: str, catalogue: Catalogue) -> str:
    """Return the provider's spelling of a lower-cased action, or the action itself if it is not published."""
    service, _, name = action.partition(":")
    return next((f"{service}:{n}" for n in catalogue.actions(service) if n.lower() == name), action)


def telling_resources(musts: Sequence[Pattern], action: str, catalogue: Catalogue, place: Place) -> Iterator[str]:
    """Yield well-formed resources (ARNs of the scanned account, or `*`) that are in all the patterns."""
    seen: set[str] = set()
    templates = catalogue.resource_templates(action)
    candidates = [_fill_template(t, place) for t in templates]
    candidates += [_fill_pattern(p.tokens, place) for p in musts]
    candidates.append("*")
    for text in candidates:
        if text not in seen and well_formed(text) and all(matches(p, text) for p in musts):
            seen.add(text)
            yield text


def well_formed(resource: str) -> bool:
    """Return whether a resource is `*` or an ARN with partition, service and resource."""
    parts = resource.split(":", 5)
    return resource == "*" or (len(parts) == 6 and parts[0] == "arn" and all((parts[1], parts[2], parts[5])))


_TEMPLATE_VALUES = {"partition": 0, "region": 1, "account": 2}


def _fill_template(template: str, place: Place) -> str:
    def value(match: re.Match[str]) -> str:
        index = _TEMPLATE_VALUES.get(match.group(1).lower())
        return "example" if index is None else place[index]

    return re.sub(r"\$\{([^}]*)\}", value, template).replace("*", "example")


def _fill_pattern(tokens: Tokens, place: Place) -> str:
    """Return a string of the pattern: partition, region and account of the scan where their component is free."""
    components: list[list[str]] = [[]]
    for token in tokens:
        if token == ":" and len(components) < 6:
            components.append([])
        else:
            components[-1].append(token)
    defaults = {1: place.partition, 3: place.region, 4: place.account_id}
    texts = []
    for i, component in enumerate(components):
        if component == [STAR] and len(components) == 6 and i in defaults:
            texts.append(defaults[i])
        else:
            texts.append(
                "".join("example" if t == STAR or is_variable(t) else "x" if len(t) > 1 else t for t in component)
            )
    return ":".join(texts)
