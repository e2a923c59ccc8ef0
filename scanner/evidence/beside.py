"""What stands beside a manifest and came after it: reviews by people, and a time stamp. Checked against given keys.

A file that is there and says nothing of this manifest is a failure, key or no key: it was not made for this bundle.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.evidence.manifest import ENVELOPE, MANIFEST, TOKEN
from scanner.evidence.review import CheckedReview, Review, Target, check_reviews, review_name, signed_by, target_of
from scanner.evidence.signing import key_id
from scanner.evidence.timestamp import MAX_TOKEN_BYTES, BadTimestampError, claimed_time, verified_time
from scanner.evidence.verify import Step

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.x509 import Certificate

_WORDS = {"approved": "approved", "approved_with_exceptions": "approved with exceptions", "rejected": "REJECTED"}


def beside_steps(
    bundle: Path,
    *,
    signer: Ed25519PublicKey | None,
    reviewers: Sequence[Ed25519PublicKey],
    authority: Sequence[Certificate],
) -> tuple[Step, ...]:
    """Return what came of a bundle's reviews and of its time stamp; nothing where there is neither and none is asked.

    `reviewers` are keys that must each have made a review; `authority` holds the certificates of a time stamp.
    """
    steps = (review_step(target_of(bundle), reviewers, signer), _stamp_step(bundle, authority))
    return tuple(step for step in steps if step is not None)


def review_step(
    target: Target, reviewers: Sequence[Ed25519PublicKey], signer: Ed25519PublicKey | None
) -> Step | None:
    """Return what came of the reviews of a target; None where there is none and none is asked for."""
    found = check_reviews(target, reviewers)
    if not found and not reviewers:
        return None
    problems = [f"{one.name}: {one.problem}" for one in found if one.problem]
    if not problems:
        problems = _absent(found, target, reviewers) + _not_apart(target, reviewers, signer)
    said = "; ".join(_said(one.review) for one in found if one.review is not None)
    if problems:
        return Step("review", False, "does not hold", tuple(problems))
    if not reviewers:
        return Step("review", None, f"not checked, give --review-key with the reviewer's public key; it says: {said}")
    return Step("review", True, f"by the given key{'s' if len(reviewers) > 1 else ''}: {said}")


def _absent(found: Iterable[CheckedReview], target: Target, reviewers: Sequence[Ed25519PublicKey]) -> list[str]:
    """Return the given keys that made no review: whoever names one expects its owner's word."""
    made = {one.key_id for one in found}
    name = review_name(1, target.prefix)
    return [f"{name}: none by key {key_id(key)[:16]}" for key in reviewers if key_id(key) not in made]


def _not_apart(
    target: Target, reviewers: Sequence[Ed25519PublicKey], signer: Ed25519PublicKey | None
) -> list[str]:
    """Return the reviewers' keys that signed the bundle too: the program's key is nobody's word."""
    same = [key for key in reviewers if signer is not None and key_id(key) == key_id(signer)]
    envelope = target.folder / ENVELOPE
    if not same and target.kind == "run" and envelope.is_file():
        data = envelope.read_bytes()
        same = [key for key in reviewers if signed_by(data, key)]
    return [f"{ENVELOPE}: signed with the reviewer's key {key_id(key)[:16]}: two keys are needed" for key in same]


def _said(review: Review) -> str:
    tickets = f" ({', '.join(review.tickets)})" if review.tickets else ""
    return f"{_WORDS[review.decision]} by {review.reviewer}, {review.reviewed_at}{tickets}"


def _stamp_step(bundle: Path, authority: Sequence[Certificate]) -> Step | None:
    if not os.path.lexists(bundle / TOKEN):
        return Step("time stamp", False, "there is none", (f"{TOKEN}: missing",)) if authority else None
    manifest = (bundle / MANIFEST).read_bytes()
    try:
        with os.fdopen(os.open(bundle / TOKEN, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
            token = stream.read(MAX_TOKEN_BYTES + 1)
        if authority:
            proved = verified_time(token, manifest, authority).isoformat()
            return Step("time stamp", True, f"the manifest existed at {proved}")
        said = claimed_time(token, manifest).isoformat()
    except BadTimestampError as error:
        return Step("time stamp", False, "does not hold", (f"{TOKEN}: {error}",))
    except OSError as error:
        return Step("time stamp", False, "cannot be read", (f"{TOKEN}: {(error.strerror or 'no access').lower()}",))
    except ImportError:
        return Step("time stamp", None, "not checked: needs the library rfc3161-client (extra `tsa`)")
    return Step("time stamp", None, f"not checked, give --tsa-cert with the authority's root; it says {said}")
