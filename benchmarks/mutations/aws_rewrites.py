"""Other text for the same access: of statements, of documents, of a role."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator

from mutations.aws_state import AwsState, Place, as_list, document, managed_policy
from scanner.model.common import JsonObject

Rewritten = tuple[str, str, list[JsonObject]]
"""Name of the kind, where, and the statements of the whole document."""


def document_rewrites(statements: list[JsonObject]) -> Iterator[Rewritten]:
    """Yield the statements of a permissions document in other words, at every place."""
    yield "statements in reverse order", "all", list(reversed(statements))
    yield "statements without Sid", "all", [{k: v for k, v in s.items() if k != "Sid"} for s in statements]
    yield "other Sids", "all", [{**s, "Sid": f"Renamed{n}"} for n, s in enumerate(statements)]
    merged = _merged(statements)
    if merged:
        yield "statements merged", "like with like", merged
    for index, statement in enumerate(statements):
        for kind, rewritten in statement_rewrites(statement):
            yield kind, f"#{index}", [*statements[:index], *rewritten, *statements[index + 1 :]]


def statement_rewrites(statement: JsonObject) -> Iterator[tuple[str, list[JsonObject]]]:
    """Yield one statement as one or more that mean the same."""
    yield "statement twice", [statement, copy.deepcopy(statement)]
    for key in ("Action", "Resource"):
        if key in statement:
            yield from _list_rewrites(statement, key)
    if "Action" in statement:
        yield from _action_rewrites(statement)
    if "Resource" in statement:
        yield from _resource_rewrites(statement)
    if "Condition" in statement:
        yield from ((kind, [{**statement, "Condition": c}]) for kind, c in condition_rewrites(statement["Condition"]))
    elif statement.get("Effect") == "Allow":
        narrower = {"Bool": {"aws:SecureTransport": "true"}}
        yield "narrower statement beside it", [statement, {**statement, "Condition": narrower}]


def _list_rewrites(statement: JsonObject, key: str) -> Iterator[tuple[str, list[JsonObject]]]:
    items = as_list(statement[key])
    name = key.lower()
    yield f"{name} list in reverse order", [{**statement, key: list(reversed(items))}]
    yield f"{name} said twice", [{**statement, key: [*items, items[0]]}]
    if len(items) == 1:
        single = items[0] if isinstance(statement[key], list) else items
        yield f"{name} as list or single value", [{**statement, key: single}]
    else:
        yield f"statement split by {name}", [{**statement, key: item} for item in items]
        half = len(items) // 2
        yield f"statement split by {name}", [{**statement, key: items[:half]}, {**statement, key: items[half:]}]


def _action_rewrites(statement: JsonObject) -> Iterator[tuple[str, list[JsonObject]]]:
    actions = as_list(statement["Action"])
    for change in (str.upper, str.lower, str.swapcase):
        yield "letter case of actions", [{**statement, "Action": [change(a) for a in actions]}]
    doubled = [a.replace("*", "**") if a.endswith("*") else a for a in actions]
    if doubled != actions:
        yield "two stars for one", [{**statement, "Action": doubled}]
        inside = [a.replace("*", "Describe*") for a in actions if a.endswith(":*")]
        if inside:
            yield "action list spelled redundantly", [{**statement, "Action": [*actions, *inside]}]


def _resource_rewrites(statement: JsonObject) -> Iterator[tuple[str, list[JsonObject]]]:
    resources = as_list(statement["Resource"])
    if "*" in resources:
        yield "narrower resource beside it", [{**statement, "Resource": [*resources, "arn:aws:s3:::a-bucket/*"]}]
    elif any(r.endswith("*") for r in resources):
        narrower = [f"{r[:-1]}narrower/*" for r in resources if r.endswith("*")]
        yield "narrower resource beside it", [{**statement, "Resource": [*resources, *narrower]}]
        yield "two stars for one", [{**statement, "Resource": [r.replace("/*", "/**") for r in resources]}]


def condition_rewrites(conditions: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Yield a condition block in other words."""
    spelled = {o: {_other_case(k): v for k, v in keys.items()} for o, keys in conditions.items()}
    yield "letter case of condition keys", spelled
    listed = {o: {k: v if isinstance(v, list) else [v] for k, v in keys.items()} for o, keys in conditions.items()}
    yield "condition value as list", listed
    reverse = {o: {k: list(reversed(as_list(v))) for k, v in keys.items()} for o, keys in conditions.items()}
    yield "condition values in another order", reverse
    twice = {o: {k: [*as_list(v), as_list(v)[0]] for k, v in keys.items()} for o, keys in conditions.items()}
    yield "condition value said twice", twice
    if len(conditions) > 1:
        yield "condition operators in another order", dict(reversed(conditions.items()))
    literal = conditions.get("StringEquals", {})
    if literal and not any("*" in str(v) or "?" in str(v) or "$" in str(v) for v in literal.values()):
        rest = {o: keys for o, keys in conditions.items() if o != "StringEquals"}
        if "StringLike" not in rest and not any(k.lower() == "sts:externalid" for k in literal):
            yield "StringLike without a wildcard", {**rest, "StringLike": literal}


def _other_case(key: str) -> str:
    # The key of a tag stands behind the slash; IAM folds it too, but two tags may differ by case alone.
    head, slash, tail = key.partition("/")
    return f"{head.swapcase()}{slash}{tail}"


def _merged(statements: list[JsonObject]) -> list[JsonObject]:
    """Return statements that differ by their actions alone as one; nothing if there are none."""
    groups: dict[str, list[JsonObject]] = {}
    for s in statements:
        same = {k: sorted(as_list(v)) if k == "Resource" else v for k, v in s.items() if k not in ("Sid", "Action")}
        groups.setdefault(repr(sorted(same.items(), key=str)) if "Action" in s else repr(s), []).append(s)
    merged = [
        {**group[0], "Action": list(itertools.chain(*(as_list(s["Action"]) for s in group)))}
        if len(group) > 1
        else group[0]
        for group in groups.values()
    ]
    return merged if len(merged) < len(statements) else []


def body_rewrites(body: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Yield a document in another form around the same statements."""
    statements = as_list(body["Statement"])
    yield "document with an Id", {**body, "Id": "written-again"}
    if "$" not in repr(statements):
        yield "older policy version", {**body, "Version": "2008-10-17"}
        yield "no policy version", {k: v for k, v in body.items() if k != "Version"}
    if len(statements) == 1:
        yield "one statement without a list", {**body, "Statement": statements[0]}


def role_rewrites(state: AwsState, role: JsonObject) -> Iterator[tuple[str, str, AwsState]]:
    """Yield the account with the role's policies stored otherwise, and with what is no access changed."""
    name = role["RoleName"]
    own = [p for p in state.places(role) if p.origin != "aws-managed"]
    yield "all inline", name, _stored(state, role, own, lambda s, n, p: s.with_inline(name, f"p{n}", p.statements))
    yield "all customer-managed", name, _stored(
        state,
        role,
        own,
        lambda s, n, p: s.with_attached(name, managed_policy(s.account_id, f"own-{n}", p.body)),
    )
    every = [s for p in own for s in p.statements]
    yield "all in one policy", name, _stored(state, role, own[:1], lambda s, n, p: s.with_inline(name, "all", every))
    yield "one policy per statement", name, _stored(
        state, role, [*own[:1]], lambda s, n, p: _one_each(s, name, every)
    )
    for key, value in _FACTS:
        yield f"other {key}", name, state.with_role({**role, key: value})
    rows = list(reversed(role["AttachedManagedPolicies"]))
    yield "attachments in another order", name, state.with_role({**role, "AttachedManagedPolicies": rows})
    yield from _versions(state, role)
    yield from _copies(state, role)


_FACTS: tuple[tuple[str, object], ...] = (
    ("Description", "Written by somebody else"),
    ("Tags", [{"Key": "team", "Value": "platform"}, {"Key": "porter.run/managed", "Value": "true"}]),
    ("MaxSessionDuration", 7200),
    ("CreateDate", "2026-05-30T00:00:00+00:00"),
    ("RoleId", "AROAEXAMPLERECREATED1"),
)


def _stored(
    state: AwsState, role: JsonObject, places: list[Place], store: Callable[[AwsState, int, Place], AwsState]
) -> AwsState:
    """Return the account with the role's own policies taken away and stored anew."""
    kept = [a for a in role["AttachedManagedPolicies"] if ":iam::aws:" in a["PolicyArn"]]
    state = state.with_role({**role, "RolePolicyList": [], "AttachedManagedPolicies": kept})
    for number, place in enumerate(places):
        state = store(state, number, place)
    return state


def _one_each(state: AwsState, name: str, statements: list[JsonObject]) -> AwsState:
    for number, statement in enumerate(statements):
        state = state.with_inline(name, f"single-{number}", [statement])
    return state


def _versions(state: AwsState, role: JsonObject) -> Iterator[tuple[str, str, AwsState]]:
    """Yield the account with versions that are not in force."""
    for place in state.places(role):
        if place.origin != "customer-managed":
            continue
        policy = state.managed(place.policy)
        wide = {
            "VersionId": "v99",
            "IsDefaultVersion": False,
            "Document": document([{"Effect": "Allow", "Action": "*", "Resource": "*"}]),
        }
        rows = [*policy["PolicyVersionList"], wide]
        yield "a wide version that is not the default", place.policy, state.with_managed(
            {**policy, "PolicyVersionList": rows}
        )


def _copies(state: AwsState, role: JsonObject) -> Iterator[tuple[str, str, AwsState]]:
    """Yield the account with AWS's policies changed by AWS itself: its ARN is what is documented."""
    for place in state.places(role):
        if place.origin != "aws-managed":
            continue
        policy = state.managed(place.policy)
        added = {"Effect": "Allow", "Action": "ec2:DescribeSomethingNew", "Resource": "*"}
        grown = {**place.body, "Statement": [*place.statements, added]}
        versions = [{**v, "Document": grown} if v["IsDefaultVersion"] else v for v in policy["PolicyVersionList"]]
        yield "AWS extended its own policy", place.policy, state.with_managed({**policy, "PolicyVersionList": versions})


def trust_rewrites(body: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    """Yield a trust policy in other words."""
    statements = as_list(body["Statement"])
    yield "statements in reverse order", "trust", {**body, "Statement": list(reversed(statements))}
    yield "other Sids", "trust", {**body, "Statement": [{**s, "Sid": f"T{n}"} for n, s in enumerate(statements)]}
    for kind, rewritten in body_rewrites(body):
        yield kind, "trust", rewritten
    for index, statement in enumerate(statements):
        for kind, changed in _trust_statement(statement):
            new = [*statements[:index], *changed, *statements[index + 1 :]]
            yield kind, f"trust #{index}", {**body, "Statement": new}


def _trust_statement(statement: JsonObject) -> Iterator[tuple[str, list[JsonObject]]]:
    yield "statement twice", [statement, copy.deepcopy(statement)]
    yield from _list_rewrites(statement, "Action")
    yield "letter case of actions", [{**statement, "Action": [a.upper() for a in as_list(statement["Action"])]}]
    for kind, names in statement["Principal"].items():
        listed = as_list(names)
        reverse = list(reversed(listed))
        yield "principals as list, in another order", [{**statement, "Principal": {kind: reverse}}]
        yield "principal said twice", [{**statement, "Principal": {kind: [*listed, listed[0]]}}]
        if len(listed) > 1:
            yield "statement split by principal", [{**statement, "Principal": {kind: name}} for name in listed]
    if "Condition" in statement:
        yield from (
            (kind, [{**statement, "Condition": c}])
            for kind, c in condition_rewrites(statement["Condition"])

        )
