"""What the rules of verify-revoked share on every cloud: outcomes with removal steps, in words and as commands."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from scanner.baseline.records import SourceDocument
from scanner.model.common import EvidencePointer
from scanner.model.finding import ObservedValue, Outcome, Remediation, Result, Severity, Subject

LEFT = "LEFT"
"""Reason code: it is Porter's, and it is still there."""
LOOK_ALIKE = "LOOK_ALIKE"
"""Reason code: the name looks like Porter's; nothing else says that it is."""
NOTHING = "NOTHING_LEFT"


def left(
    subject: Subject,
    message: str,
    *,
    severity: Severity,
    evidence: Sequence[EvidencePointer],
    steps: Sequence[str] = (),
    summary: str = "",
    code: str = LEFT,
    discriminator: str = "",
    region: str = "global",
    porter_role: str | None = None,
    observed: object = None,
) -> Outcome:
    """Return the FAIL for something of Porter's that is still there; `steps` are the commands that remove it."""
    return Outcome(
        subject=subject,
        result=Result.FAIL,
        message=message,
        reason_code=code,
        discriminator=discriminator,
        severity=severity,
        region=region,
        porter_role=porter_role,
        observed=ObservedValue(observed) if observed is not None else None,
        remediation=removal(summary, steps) if steps else None,
        evidence=tuple(evidence),
    )


def look_alike(
    subject: Subject,
    message: str,
    *,
    evidence: Sequence[EvidencePointer],
    severity: Severity = Severity.LOW,
    code: str = LOOK_ALIKE,
    discriminator: str = "",
    region: str = "global",
) -> Outcome:
    """Return the MANUAL for something that only a person can tell to be Porter's or not."""
    return Outcome(
        subject=subject,
        result=Result.MANUAL,
        message=message,
        reason_code=code,
        discriminator=discriminator,
        severity=severity,
        region=region,
        evidence=tuple(evidence),
    )


def none_left(subject: Subject, message: str, evidence: Sequence[EvidencePointer] = ()) -> Outcome:
    """Return the PASS of a rule that looked at everything and found nothing of Porter's."""
    return Outcome(
        subject=subject, result=Result.PASS, message=message, reason_code=NOTHING, evidence=tuple(evidence)
    )


def removal(summary: str, steps: Sequence[str]) -> Remediation:
    """Return what removes one thing: the last of `steps` is the command that does it, the others come before."""
    return Remediation(
        summary=summary or "Remove what is left.",
        steps=tuple(steps[:-1]),
        cli=steps[-1],
        risk_of_change="None, once nothing of yours runs on Porter any more.",
    )


def command(*words: str) -> str:
    """Return a command line; names from the cloud are quoted for a shell."""
    return " ".join(shlex.quote(word) for word in words)


def vendor_domains(documents: Sequence[SourceDocument], name_prefix: str) -> tuple[str, ...]:
    """Return the vendor's own domains, from where its documents are published: `porter.run` of `docs.porter.run`."""
    found: set[str] = set()
    for document in documents:
        labels = (urlsplit(document.url or "").hostname or "").split(".")
        if name_prefix.lower() in labels[:-1]:
            found.add(".".join(labels[labels.index(name_prefix.lower()) :]))
    return tuple(sorted(found))


def is_vendor_host(address: str, domains: Sequence[str]) -> bool:
    """Return whether an address (with or without scheme) is on one of the vendor's domains."""
    host = (urlsplit(address if "//" in address else f"//{address}").hostname or "").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
