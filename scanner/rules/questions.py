"""Questions that several rules put to the access engine, and who counts as outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.access.compare import ask
from scanner.access.evaluator.authorize import Permits
from scanner.access.evaluator.rule import read_request
from scanner.access.records import Answer, NamedDocument, Question, Request
from scanner.baseline.records import AwsBaseline
from scanner.errors import PolicyError
from scanner.model.common import JsonObject, NotObserved, Observed
from scanner.model.inventory import AwsAccount, AwsRole
from scanner.rules.external_id import statements, values
from scanner.rules.judge import TRUST_NAME, readable_documents

POSSIBLE = "possible"
IMPOSSIBLE = "impossible"
UNDECIDED = "undecided"

_NO_ORGANIZATION: Final = {"Null": {"aws:PrincipalOrgID": "true", "aws:PrincipalOrgPaths": "true"}}
ASSUME = ("sts:AssumeRole",)
_CALLER_ARN: Final = "aws:principalarn"


def vendor_accounts(baseline: AwsBaseline) -> tuple[str, ...]:
    """Return the vendor's account ids: the known ones, and those of documented trust principals."""
    found = {account for account, _ in baseline.vendor_accounts}
    for role in baseline.roles:
        for statement in role.trust.statements:
            found.update(account_of(p) for p in values(statement.principals.get("AWS", [])))
    return tuple(sorted(a for a in found if a))


def account_of(principal: str) -> str:
    """Return the account id of an AWS principal, or an empty string where it names none (`*`, unique ids)."""
    if principal.isdigit() and len(principal) == 12:
        return principal
    parts = principal.split(":")
    return parts[4] if len(parts) >= 6 and parts[0] == "arn" else ""


def is_unique_id(principal: str) -> bool:
    """Return whether the principal is what IAM leaves when the role or user it named was deleted.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html (read 2026-05)
    """
    return len(principal) >= 16 and principal.isalnum() and principal[:4] in ("AROA", "AIDA", "AGPA")


def allowed_principals(body: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield (kind, principal) of every Allow statement; `NotPrincipal` and a bare `*` are everyone."""
    for statement in statements(body):
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        if not isinstance(principal, dict):
            yield ("AWS", "*")
            continue
        for kind, names in principal.items():
            for name in values(names):
                yield (kind, name)


def external_principals(body: JsonObject, own_account: str) -> tuple[str, ...]:
    """Return the AWS principals of Allow statements that are not of the account itself, sorted.

    Unique ids of deleted principals admit nobody and are left out.
    """
    found = {name for kind, name in allowed_principals(body) if kind == "AWS" and not is_unique_id(name)}
    return tuple(sorted(name for name in found if account_of(name) != own_account))


def vendor_condition(vendor: str, partition: str, organization: str = "") -> JsonObject:
    """Return what is true of every request from a vendor account.

    `organization`: the audited account's own, if known; the vendor's accounts are in another one.
    """
    known: JsonObject = {
        "StringEquals": {"aws:PrincipalAccount": [vendor]},
        "ArnLike": {"aws:PrincipalArn": [f"arn:{partition}:iam::{vendor}:*"]},
    }
    if organization:
        known["StringNotEquals"] = {"aws:PrincipalOrgID": [organization]}
        known["ForAllValues:StringNotLike"] = {"aws:PrincipalOrgPaths": [f"{organization}/*"]}
    return known


def outside_condition(own_account: str) -> JsonObject:
    """Return what is true of every request from another account."""
    return {
        "StringNotEquals": {"aws:PrincipalAccount": [own_account]},
        "ArnNotLike": {"aws:PrincipalArn": [f"arn:*:iam::{own_account}:*"]},
    }


def ask_trust(
    role: AwsRole,
    principals: JsonObject,
    account: AwsAccount,
    catalogue: Catalogue,
    *,
    conditions: JsonObject | None = None,
    actions: tuple[str, ...] = ASSUME,
    also: Sequence[JsonObject] = (),
) -> Answer:
    """Ask the role's trust policy; unread and invalid documents are `undecided`. `also`: statements to add (denies)."""
    if isinstance(role.trust, NotObserved):
        return Answer(UNDECIDED, reason=f"the trust policy could not be read: {role.trust.reason}")
    documents = [NamedDocument(TRUST_NAME, role.trust.value), *restriction(also)]
    question = Question(actions=actions, conditions=conditions or {}, principals=principals)
    answer = _ask(documents, question, "trust", account, catalogue)
    if answer.witness is None:
        return answer
    return msgspec.structs.replace(answer, witness=_one_caller(answer.witness, documents, question.conditions))


def _one_caller(request: Request, documents: Sequence[NamedDocument], conditions: JsonObject) -> Request:
    """Return the example with caller and `aws:PrincipalArn` the same, as AWS sends it, where that is allowed too.

    The engine takes them for independent; the second evaluator is asked about the example that is made of it.
    """
    key = next((k for k in request.context if k.lower() == _CALLER_ARN), "")
    arn = request.context.get(key)
    if not isinstance(arn, str) or request.principal is None or arn == request.principal:
        return request
    asked = [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": conditions}]
    permits = [Permits([d.body for d in documents], "trust")]
    permits.append(Permits([{"Version": "2012-10-17", "Statement": asked}], "identity"))
    same = [msgspec.structs.replace(request, context={**request.context, key: request.principal})]
    if account_of(arn) == account_of(request.principal) and ":role/" in arn:
        same.append(msgspec.structs.replace(request, principal=arn))
    views = ((one, read_request(one)) for one in same)
    return next((one for one, view in views if all(p(view) is True for p in permits)), request)


def ask_permissions(
    role: AwsRole,
    account: AwsAccount,
    catalogue: Catalogue,
    *,
    actions: tuple[str, ...],
    resources: tuple[str, ...] = ("*",),
    conditions: JsonObject | None = None,
    also: Sequence[JsonObject] = (),
) -> Answer:
    """Ask the union of the role's policies. Where one could not be read, `impossible` becomes `undecided`."""
    live, unread = readable_documents(role.policies)
    question = Question(actions=actions, resources=resources, conditions=conditions or {})
    answer = _ask([*live, *restriction(also)], question, "identity", account, catalogue)
    if answer.outcome == IMPOSSIBLE and unread:
        names = ", ".join(f"{name} ({reason})" for name, reason in unread)
        return Answer(UNDECIDED, reason=f"could not be read: {names}")
    return answer


def restriction(denies: Sequence[JsonObject]) -> list[NamedDocument]:
    """Return a document of extra statements that narrow a question."""
    if not denies:
        return []
    return [NamedDocument("question", {"Version": "2012-10-17", "Statement": list(denies)})]


def deny_all_but(actions: Sequence[str]) -> JsonObject:
    """Return a Deny that leaves only `actions` of an identity policy."""
    return {"Effect": "Deny", "NotAction": list(actions), "Resource": "*"}


def _ask(
    documents: Sequence[NamedDocument], question: Question, kind: str, account: AwsAccount, catalogue: Catalogue
) -> Answer:
    try:
        return ask(
            documents,
            question,
            kind=kind,
            catalogue=catalogue,
            account_id=account.account_id,
            partition=account.partition,
        )
    except PolicyError as error:
        return Answer(UNDECIDED, reason=str(error))


def any_outside(
    role: AwsRole, account: AwsAccount, catalogue: Catalogue, *, conditions: JsonObject | None = None
) -> Answer:
    """Ask whether any AWS principal outside the account may assume the role (under `conditions`)."""
    if not isinstance(role.trust, Observed):
        return ask_trust(role, {"AWS": ["*"]}, account, catalogue)
    named = external_principals(role.trust.value, account.account_id)
    if not named:
        return Answer(IMPOSSIBLE)
    asked = [stranger(account.account_id) if name == "*" else name for name in named]
    merged = merge_conditions(outside_condition(account.account_id), conditions or {}) if "*" in named else conditions
    return ask_trust(role, {"AWS": asked}, account, catalogue, conditions=merged)


def stranger(own_account: str) -> str:
    """Return the root of an account that is not the audited one: it stands for anyone in AWS, but for no service."""
    other = "999999999999" if own_account != "999999999999" else "999999999998"
    return f"arn:aws:iam::{other}:root"


def vendor_answer(role: AwsRole, baseline: AwsBaseline, account: AwsAccount, catalogue: Catalogue) -> Answer:
    """Ask whether one of the vendor's accounts may assume the role; the first vendor that may is the witness."""
    return vendor_if(role, {}, baseline, account, catalogue)


def vendor_if(
    role: AwsRole, conditions: JsonObject, baseline: AwsBaseline, account: AwsAccount, catalogue: Catalogue
) -> Answer:
    """Ask whether one of the vendor's accounts may assume the role with a request that meets `conditions`."""
    undecided: Answer | None = None
    for vendor in vendor_accounts(baseline):
        answer = ask_trust(
            role,
            {"AWS": [f"arn:{account.partition}:iam::{vendor}:root"]},
            account,
            catalogue,
            conditions=merge_conditions(
                vendor_condition(vendor, account.partition, account.organization_id), conditions
            ),
        )
        if answer.outcome == POSSIBLE:
            return answer
        if answer.outcome == UNDECIDED:
            undecided = answer
    return undecided or Answer(IMPOSSIBLE)


def by_organization_only(role: AwsRole, baseline: AwsBaseline, account: AwsAccount, catalogue: Catalogue) -> bool:
    """Return whether a vendor account may assume the role at most as a member of an organization that is named."""
    return vendor_if(role, _NO_ORGANIZATION, baseline, account, catalogue).outcome == IMPOSSIBLE


def merge_conditions(first: JsonObject, second: JsonObject) -> JsonObject:
    """Return both condition blocks as one. Raises `PolicyError` if both hold the same operator and key."""
    merged = {operator: dict(keys) for operator, keys in first.items()}
    for operator, keys in second.items():
        clash = set(merged.get(operator, {})) & set(keys)
        if clash:
            raise PolicyError(f"question: {operator} is asked twice of {sorted(clash)}")
        merged.setdefault(operator, {}).update(keys)
    return merged
