"""What can be widened in a trust policy: who, by which action, and on which condition."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from mutations.aws_state import as_list
from mutations.aws_statements import Change
from scanner.model.common import JsonObject

_OIDC = "arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"
_SAML = "arn:aws:iam::{account}:saml-provider/corporate"
_KEY = "sts:ExternalId"

NEW_PRINCIPALS: tuple[tuple[str, JsonObject, str], ...] = (
    ("principal added: root of another account", {"AWS": "arn:aws:iam::777788889999:root"}, "sts:AssumeRole"),
    ("principal added: account by its number", {"AWS": "777788889999"}, "sts:AssumeRole"),
    ("principal added: role of another account", {"AWS": "arn:aws:iam::777788889999:role/ops"}, "sts:AssumeRole"),
    ("principal added: root of another account", {"AWS": "arn:aws:iam::813111008191:root"}, "sts:AssumeRole"),
    ("principal added: other role of the vendor", {"AWS": "arn:aws:iam::108458755588:role/Other"}, "sts:AssumeRole"),
    ("principal added: own account", {"AWS": "arn:aws:iam::{account}:root"}, "sts:AssumeRole"),
    ("principal added: role of the account", {"AWS": "arn:aws:iam::{account}:role/checkout-service"}, "sts:AssumeRole"),
    ("principal added: user of the account", {"AWS": "arn:aws:iam::{account}:user/alice"}, "sts:AssumeRole"),
    ("principal added: everyone", {"AWS": "*"}, "sts:AssumeRole"),
    ("principal added: service", {"Service": "lambda.amazonaws.com"}, "sts:AssumeRole"),
    ("principal added: service", {"Service": "ecs-tasks.amazonaws.com"}, "sts:AssumeRole"),
    ("principal added: OIDC provider", {"Federated": _OIDC}, "sts:AssumeRoleWithWebIdentity"),
    ("principal added: SAML provider", {"Federated": _SAML}, "sts:AssumeRoleWithSAML"),
    ("principal added: web identity", {"Federated": "accounts.google.com"}, "sts:AssumeRoleWithWebIdentity"),
    ("principal added: canonical user", {"CanonicalUser": "79a59df900b949e55d96a1e698fbaced" * 2}, "sts:AssumeRole"),
    ("principal added: deleted role", {"AWS": "AROAEXAMPLEDELETED01A"}, "sts:AssumeRole"),
)
_CONDITIONS: tuple[JsonObject, ...] = (
    {},
    {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg"}},
    {"StringEquals": {_KEY: "given-to-somebody"}},
)


def trust_changes(body: JsonObject, account_id: str) -> Iterator[tuple[str, str, JsonObject]]:
    """Yield (kind, where, trust policy): a principal more, at every statement and in one of its own; actions; forms."""
    statements = as_list(body["Statement"])
    for kind, raw, action in NEW_PRINCIPALS:
        principal = {k: v.replace("{account}", account_id) for k, v in raw.items()}
        for number, condition in enumerate(_CONDITIONS):
            added = {"Effect": "Allow", "Principal": principal, "Action": action}
            full = {**added, "Condition": condition} if condition else added
            yield kind, f"own statement, condition {number}", _with(body, [*statements, full])
        if action == "sts:AssumeRole":
            for index, merged in _into(statements, principal):
                yield kind, f"into #{index}", _with(body, merged)
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    yield "principal added: everyone", "bare *", _with(body, [*statements, everyone])
    for index, statement in enumerate(statements):
        for kind, where, changed in _statement_changes(statement, account_id):
            replaced = [*statements[:index], *changed, *statements[index + 1 :]]
            yield kind, f"#{index} {where}", _with(body, replaced)


def _with(body: JsonObject, statements: list[JsonObject]) -> JsonObject:
    return {**body, "Statement": statements}


def _into(statements: list[JsonObject], principal: JsonObject) -> Iterator[tuple[int, list[JsonObject]]]:
    ((kind, name),) = principal.items()
    for index, statement in enumerate(statements):
        named = statement["Principal"]
        if isinstance(named, dict):
            merged = {**named, kind: [*as_list(named.get(kind, [])), name]}
            yield index, [*statements[:index], {**statement, "Principal": merged}, *statements[index + 1 :]]


def _statement_changes(statement: JsonObject, account_id: str) -> Iterator[Change]:
    actions = as_list(statement["Action"])
    for action in ("sts:*", "*", "sts:Assume*", "sts:AssumeRol?"):
        yield "trust action widened", action, [{**statement, "Action": action}]
    for action in ("sts:SetSourceIdentity", "sts:AssumeRoleWithWebIdentity", "sts:SetContext"):
        yield "trust action added", action, [{**statement, "Action": [*actions, action]}]
    plain = {k: v for k, v in statement.items() if k != "Action"}
    yield "NotAction in trust", "all but one", [{**plain, "NotAction": "sts:GetCallerIdentity"}]
    principal = statement["Principal"]
    for name in as_list(principal.get("AWS", [])):
        account = name.split(":")[4]
        for kind, wider in (
            ("principal widened to its account", f"arn:aws:iam::{account}:root"),
            ("principal widened to its account", account),
            ("principal widened to everyone", "*"),
            ("principal changed", name.replace("CAPIManagement", "CAPIManagement2")),
        ):
            yield kind, wider, [{**statement, "Principal": {**principal, "AWS": wider}}]
        yield "NotPrincipal", name, [
            {**{k: v for k, v in statement.items() if k != "Principal"}, "NotPrincipal": {"AWS": name}}
        ]
    condition = statement.get("Condition")
    if condition and not _guarded(condition):
        yield "trust condition dropped", "whole", [{k: v for k, v in statement.items() if k != "Condition"}]


def _guarded(condition: JsonObject) -> bool:
    return any(key.lower() == _KEY.lower() for keys in condition.values() for key in keys)


def external_id_changes(body: JsonObject, value: str) -> Iterator[tuple[str, str, JsonObject]]:
    """Yield the trust policy with its ExternalId dropped and weakened in every way."""
    statements = as_list(body["Statement"])
    for index, statement in enumerate(statements):
        condition = statement.get("Condition", {})
        if not _guarded(condition):
            continue
        for kind, where, weaker in _weaker(value):
            changed = copy.deepcopy(statement)
            changed.pop("Condition")
            if weaker:
                changed["Condition"] = weaker
            yield kind, f"#{index} {where}", _with(body, [*statements[:index], changed, *statements[index + 1 :]])
        second = {**statement, "Condition": {"StringEquals": {_KEY: "of-somebody-else"}}}
        yield "ExternalId: second value", "second statement", _with(body, [*statements, second])
        yield "ExternalId: dropped", "second statement", _with(
            body, [*statements, {k: v for k, v in statement.items() if k != "Condition"}]
        )


def _weaker(value: str) -> Iterator[tuple[str, str, JsonObject]]:
    yield "ExternalId: dropped", "whole", {}
    for empty in ("", [""]):
        yield "ExternalId: emptied", f"{empty!r}", {"StringEquals": {_KEY: empty}}
        yield "ExternalId: emptied", f"like {empty!r}", {"StringLike": {_KEY: empty}}
    for pattern in ("*", f"{value}*", f"*{value[1:]}", f"{value[:-1]}?", "?*"):
        yield "ExternalId: wildcard", f"{len(pattern)} characters", {"StringLike": {_KEY: pattern}}
    yield "ExternalId: second value", "list", {"StringEquals": {_KEY: [value, "of-somebody-else"]}}
    yield "ExternalId: second value", "list of others", {"StringEquals": {_KEY: ["one-of-two", "two-of-two"]}}
    yield "ExternalId: other value", "equals", {"StringEquals": {_KEY: "of-somebody-else"}}
    yield "ExternalId: other value", "letter case", {"StringEquals": {_KEY: value.swapcase()}}
    yield "ExternalId: other value", "shorter", {"StringEquals": {_KEY: value[:-1]}}
    for operator in (
        "StringEqualsIfExists", "StringLikeIfExists", "ForAllValues:StringEquals", "ForAllValues:StringLike",
        "StringNotEquals", "StringNotLike", "StringEqualsIgnoreCase", "StringEqualsIgnoreCaseIfExists",
    ):  # fmt: skip
        yield f"ExternalId: {operator}", operator, {operator: {_KEY: value}}
    yield "ExternalId: only present", "Null false", {"Null": {_KEY: "false"}}
    yield "ExternalId: absent", "Null true", {"Null": {_KEY: "true"}}
    yield "ExternalId: another key", "aws:PrincipalTag", {"StringEquals": {"aws:PrincipalTag/ExternalId": value}}
    yield "ExternalId: another key", "sts:SourceIdentity", {"StringEquals": {"sts:SourceIdentity": value}}
    yield "ExternalId: policy variable", "principal tag", {"StringEquals": {_KEY: "${aws:PrincipalTag/project}"}}
