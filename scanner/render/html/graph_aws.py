"""The trust graph of an AWS account: trust policies lead in, permissions lead out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scanner.model.finding import Finding, Result
from scanner.model.report import Report, RoleReview
from scanner.render.html.graph_ways import COMPARED, NOT_PROVEN, SAME, End, Tone, Way, json_object, texts_of
from scanner.render.html.values import flat_principals
from scanner.render.text import count, one_line
from scanner.render.words import vendor_name

_ACCOUNT = re.compile(r"[0-9]{12}")
_ROLE_ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::([0-9]{12}):(.+)")


def aws_in(review: RoleReview, identity: End, vendor: Mapping[str, str]) -> Iterator[Way]:
    """Yield who may assume a role; `vendor` are the vendor's accounts with its name."""
    if review.live_trust is None or _statements(review.live_trust) is None:
        why = "its trust policy was not read or not understood"
        yield Way(End("Not read", "trust policy"), identity, "unread", why)
        return
    documented = {pair for pair, _ in _trusted(review.documented_trust)}
    added: dict[tuple[str, str], str] = {}
    for entry in review.trust_diff.added:
        for flat in flat_principals(entry.principals):
            added.setdefault(_pair(flat), entry.kind)
    for pair, actions in _trusted(review.live_trust):
        tone = _aws_tone(review, pair, documented, added)
        yield Way(_aws_end(pair, review, vendor), identity, tone, _aws_how(actions, added.get(pair)))


def _aws_tone(
    review: RoleReview,
    pair: tuple[str, str],
    documented: set[tuple[str, str]],
    added: dict[tuple[str, str], str],
) -> Tone:
    if review.documented_as is None:
        return "undocumented"
    if pair in added:
        return "excess"
    if pair in documented or review.trust_verdict in SAME:
        return "documented"
    return "unread" if review.trust_verdict == "undecided" or review.trust_diff.undecided else "excess"


def _aws_how(actions: str, kind: str | None) -> str:
    more = {"condition": "without the documented condition", "action": "more actions than documented"}.get(kind or "")
    return one_line(f"{actions}, {more}" if more else actions, 200)


def _trusted(policy: str | None) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((kind, principal), actions) of every Allow statement of a trust policy."""
    for body in _statements(policy) or ():
        if body.get("Effect", "Allow") != "Allow":
            continue
        actions = ", ".join(texts_of(body.get("Action"))) or "every action but some"
        principal = body.get("Principal")
        if isinstance(principal, dict):
            for flat in flat_principals(principal):
                yield _pair(flat), actions
        elif principal is not None:
            yield ("AWS", "*"), actions
        if "NotPrincipal" in body:
            yield ("AWS", "* but some"), actions


def _statements(policy: str | None) -> list[dict[str, Any]] | None:
    """Return the statements of a policy; None where any of it is not one."""
    found = json_object(policy).get("Statement")
    rows: list[Any] = found if isinstance(found, list) else [found]
    return rows if all(isinstance(one, dict) for one in rows) else None


def _pair(flat: str) -> tuple[str, str]:
    kind, _, value = flat.partition(": ")
    return kind, f"arn:aws:iam::{value}:root" if _ACCOUNT.fullmatch(value) else value


def _aws_end(pair: tuple[str, str], review: RoleReview, vendor: Mapping[str, str]) -> End:
    kind, value = pair
    if kind == "Service":
        return End(one_line(value, 120), "AWS service")
    if kind in {"Federated", "CanonicalUser"}:
        return End(one_line(value.rsplit(":oidc-provider/", 1)[-1], 200), "identity provider")
    if value.startswith("*"):
        return End("Anyone" if value == "*" else "Anyone, but some", "every AWS account")
    found = _ROLE_ARN.fullmatch(value)
    if found is None:
        return End(one_line(value, 120), "a principal that is no ARN")
    account, rest = found.groups()
    detail = "the whole account" if rest == "root" else one_line(rest, 160)
    if account in vendor:
        return End(f"{vendor[account]}, account {account}", detail)
    return End("This account" if account == review.scope_id else f"Account {account}", detail)


def vendor_accounts(report: Report) -> dict[str, str]:
    """Return the accounts that documented trust policies name, and the one given, each with the vendor's name."""
    named = {
        found.group(1)
        for review in report.reviews
        for (kind, value), _ in (_trusted(review.documented_trust) if review.cloud == "aws" else ())
        if kind == "AWS" and (found := _ROLE_ARN.fullmatch(value)) and found.group(1) != review.scope_id
    }
    given = {
        found.group()
        for name, text in report.run.parameters
        if name == "porter_account_id" and (found := _ACCOUNT.match(text))
    }
    return dict.fromkeys(sorted(named | given), vendor_name(report))


def aws_beside(findings: Iterable[Finding], scope_id: str, known: dict[str, End]) -> Iterator[Way]:
    """Yield ways that no review holds: pods given a role against the documents, users named like the vendor's."""
    for finding in findings:
        if finding.cloud != "aws" or finding.scope.id != scope_id or finding.result is not Result.FAIL:
            continue
        value = finding.observed.value if finding.observed else None
        name = one_line(finding.subject.name or finding.subject.key, 160)
        if finding.rule_id == "AWS-POD-001" and isinstance(value, dict) and value.get("role") in known:
            yield Way(End(name, "pod, by EKS Pod Identity"), known[value["role"]], "excess", "association")
        if finding.rule_id == "AWS-USER-001":
            user = End(name, "IAM user")
            yield Way(End("Whoever holds a key", "static key of a user"), user, "undocumented", "access key")
            yield Way(user, End("Access that no document names", "undocumented identity"), "undocumented", "IAM user")


def aws_out(review: RoleReview, identity: End) -> Iterator[Way]:
    """Yield what a role reaches: documented access, more than that, or access that nothing documents."""
    pieces = f"{review.live_actions:,} action patterns granted"
    if review.documented_as is None:
        yield Way(identity, End("Access that no document names", "undocumented identity"), "undocumented", pieces)
        return
    if review.verdict in COMPARED:
        yield Way(identity, End("Documented access", "as the vendor's pages say"), "documented", pieces)
    if review.verdict not in COMPARED or review.diff.undecided:
        yield Way(identity, NOT_PROVEN, "unread", pieces)
    if review.diff.added:
        more = f"{count(review.excess, 'piece')} beyond the documents"
        yield Way(identity, End("More than documented", "excess access"), "excess", more)
