"""Read who may assume a role from the sentences of a page: principals, service principals, and the ExternalId."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

import msgspec

from scanner.baseline.page.records import Line, PageNote, PageRole
from scanner.baseline.records import DocumentedTrust, SourceRef, TrustStatement

EXTERNAL_ID = "sts:externalid"
_EXCERPT_CHARS = 60
_APOSTROPHE = "['\u2018\u2019\u02bc]"
_SENTENCE = re.compile(r"\b(?:assumable|assumed|trusted) by (?P<who>.+?)(?:\.(?=\s|\Z)|\Z)", re.IGNORECASE)
_VENDOR_ROLE = re.compile(rf"\b(?P<vendor>[A-Z][A-Za-z]+){_APOSTROPHE}s (?P<role>[A-Za-z0-9+=,.@_-]+)(?: role)?\b")
_POD = re.compile(r"\b(?:the )?[A-Z][\w -]{0,60}? pod using (?=EKS Pod Identit(?:y|ies)\b)")
_NEGATION = re.compile(r"\((?:not|never) by [^()]*\)", re.IGNORECASE)
_REQUIRED = re.compile(
    r"""external[ -]?id\ (?:is\ )?(?:required|mandatory)
    |(?:requires?|gated\ by|must\ (?:have|send))\ [^.()]{0,120}?external[ -]?id""",
    re.IGNORECASE | re.VERBOSE,
)
_NONE = re.compile(r"\b(?:no|without(?: an?)?)[ -]external[ -]?id", re.IGNORECASE)
_MENTION = re.compile(r"external[ -]?id", re.IGNORECASE)
_GLUE = re.compile(
    r"\b(?:with|a|an|the|per-project|required|and|or|by|service|principals?|only|role|also|its|on|roles)\b|[(),;/&]",
    re.IGNORECASE,
)
# Names of services as a page writes them, longest first; principals from
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (read 2026-11-20).
_SERVICES = (
    (re.compile(r"\b(?P<name>[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?)\b"), ""),
    (re.compile(r"\b(?:EKS )?Pod Identit(?:y|ies)\b"), "pods.eks.amazonaws.com"),
    (re.compile(r"\bVPC Flow Logs\b", re.IGNORECASE), "vpc-flow-logs.amazonaws.com"),
    (re.compile(r"\bCloudTrail\b"), "cloudtrail.amazonaws.com"),
    (re.compile(r"\bLambda\b"), "lambda.amazonaws.com"),
    (re.compile(r"\bECS\b"), "ecs-tasks.amazonaws.com"),
    (re.compile(r"\bEC2\b"), "ec2.amazonaws.com"),
    (re.compile(r"\bEKS\b"), "eks.amazonaws.com"),
)
_UPPER_PLACEHOLDER = re.compile(r"\A[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z")
_INNER_PLACEHOLDER = re.compile(r"<([A-Za-z][A-Za-z0-9_ -]*)>|\$?\{\{\s*\.?([A-Za-z]\w*)\s*\}\}")
# Pod Identity asks for sts:TagSession beside sts:AssumeRole; pages name the services and seldom the actions:
# https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html (read 2026-11-20).
_SERVICE_ACTIONS = ("sts:AssumeRole", "sts:TagSession")


class ExternalIdFact(msgspec.Struct, frozen=True):
    """What a sentence outside the roles' sections says of one role's ExternalId."""

    claim: str
    source: SourceRef


def placeholder(text: str) -> str:
    """Return text with the page's placeholders (`<account-id>`, `{{.Name}}`, `VENDOR_ROLE_ARN`) as our variables."""
    if _UPPER_PLACEHOLDER.match(text):
        return "{" + text.lower() + "}"
    return _INNER_PLACEHOLDER.sub(lambda match: "{" + _variable(match[1] or match[2]) + "}", text)


def _variable(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def external_id_facts(
    lines: Sequence[Line], names: Iterable[str], inside: set[int], document: str
) -> dict[str, ExternalIdFact]:
    """Return what sentences about ExternalIds say of each role; lines numbered `inside` are tables or sections.

    A sentence is about the role whose name and the word "trust" last stood before it, blanks lost or not.
    """
    ordered = sorted(names, key=len, reverse=True)
    if not ordered:
        return {}
    marker = re.compile(rf"(?P<role>{'|'.join(map(re.escape, ordered))})(?:{_APOSTROPHE}s)?\s*trust\b")
    facts: dict[str, ExternalIdFact] = {}
    for index, line in enumerate(lines):
        if line.number in inside or not _MENTION.search(line.text):
            continue
        # The copy of a page loses blanks around code: "allowssts:AssumeRolefrom".
        text = re.sub(r"trust(?=[a-z])", "trust ", line.text)
        found = list(marker.finditer(text))
        for match, after in zip_longest(found, found[1:]):
            claim = claim_of(text[match.end() : after.start() if after else len(text)])
            if claim:
                source = SourceRef(document=document, heading=heading_above(lines, index), line=line.number)
                facts.setdefault(match["role"], ExternalIdFact(claim, source))
    return facts


def claim_of(text: str) -> str:
    """Return `none-documented`, `required`, or nothing where the text does not say."""
    if _NONE.search(text):
        return "none-documented"
    return "required" if _REQUIRED.search(text) else ""


def heading_above(lines: Sequence[Line], index: int) -> str:
    """Return the nearest earlier line that is short and no sentence, row or list item."""
    for line in reversed(lines[:index]):
        text = line.text.strip()
        if text and len(text) <= 80 and not text.endswith((".", ":", "!", "?", "|", ",")) and "|" not in text:
            return text
    return ""


def read_trust(
    role: PageRole, vendor: str, facts: dict[str, ExternalIdFact], document: str
) -> tuple[DocumentedTrust | None, list[PageNote]]:
    """Return who may assume the role according to its own sentences, and what in them was not understood.

    `vendor` is the lower-case name of the vendor; its account is the variable `{vendor_account_id}`.
    """
    for number, text in role.prose:
        match = _SENTENCE.search(text)
        if match is not None:
            source = SourceRef(document=document, heading=role.name, line=number)
            return _trust(role.name, match["who"], source, vendor, facts.get(role.name))
    return None, [PageNote(role.line, role.name, "no sentence says who may assume the role: nobody is documented")]


def _trust(
    name: str, who: str, source: SourceRef, vendor: str, fact: ExternalIdFact | None
) -> tuple[DocumentedTrust, list[PageNote]]:
    text = _POD.sub("", _NEGATION.sub(" ", who))
    roles, text = _taken(_VENDOR_ROLE, text)
    services, text = _services(text)
    own = claim_of(text)
    left = _GLUE.sub(" ", _MENTION.sub(" ", _REQUIRED.sub(" ", _NONE.sub(" ", text)))).split()
    notes = [_note(source, " ".join(left), "words of a trust sentence that were not understood")] if left else []
    if own and fact is not None and own != fact.claim:
        notes.append(_note(source, name, "two sentences disagree on the ExternalId; the role's own counts"))
    claim = own or (fact.claim if fact else "none-documented") if roles else "not-applicable"
    statements: list[TrustStatement] = []
    if roles:
        conditions = {"StringEquals": {"sts:ExternalId": ["{external_id}"]}} if claim == "required" else {}
        arns = [f"arn:aws:iam::{{{vendor}_account_id}}:role/{match['role']}" for match in roles]
        sid = f"{vendor.capitalize()}AssumeRole"
        statements.append(TrustStatement(sid, "Allow", {"AWS": arns}, ("sts:AssumeRole",), dict(conditions), source))
    if services:
        statements.append(TrustStatement("AwsServices", "Allow", {"Service": services}, _SERVICE_ACTIONS, {}, source))
    if not statements:
        notes.append(_note(source, who, "a trust sentence that names no principal"))
    says_so = fact is not None or bool(own)
    trust = DocumentedTrust(
        statements=tuple(statements),
        external_id=claim,
        external_id_reason=_reason(claim, says_so=says_so),
        external_id_source=None if claim == "not-applicable" else fact.source if fact else source,
    )
    return trust, notes


def _reason(claim: str, *, says_so: bool) -> str:
    if claim == "required":
        return "The page requires one."
    if claim == "none-documented":
        return "The page says that there is none." if says_so else "The page says nothing of an ExternalId."
    return ""


def _services(text: str) -> tuple[list[str], str]:
    """Return the service principals in the order the sentence names them, and the text without them."""
    found: list[tuple[int, str]] = []
    for pattern, principal in _SERVICES:
        matches, rest = _taken(pattern, text)
        found += [(match.start(), principal or match["name"]) for match in matches]
        text = rest
    return list(dict.fromkeys(principal for _, principal in sorted(found))), text


def _taken(pattern: re.Pattern[str], text: str) -> tuple[list[re.Match[str]], str]:
    """Return the matches, and the text with blanks of the same length in their place."""
    return list(pattern.finditer(text)), pattern.sub(lambda match: " " * len(match.group()), text)


def _note(source: SourceRef, text: str, reason: str) -> PageNote:
    return PageNote(source.line or 0, text[:_EXCERPT_CHARS], reason)
