"""A reviewer signs a run, a period report or a roll-up."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from scanner.app.files import write_all
from scanner.app.keys import read_public_key, read_signer
from scanner.errors import InputError, RenderError, UsageError

if TYPE_CHECKING:
    from scanner.evidence.review import Decision, Target
    from scanner.evidence.signing import FileSigner

_MAX_CHARS: Final = {"reviewer": 200, "ticket": 500, "comment": 10_000}
_MAX_TICKETS: Final = 50


class ReviewOptions(msgspec.Struct, frozen=True):
    """What the reviewer says, and of what."""

    target: Path
    sign_key: Path
    """The reviewer's own private key."""
    reviewer: str
    decision: str
    tickets: tuple[str, ...] = ()
    comment: str = ""
    key: Path | None = None
    """The public key of who made the bundle; None: only its hashes are checked before the review."""


class Reviewed(msgspec.Struct, frozen=True):
    """What was written."""

    path: Path
    key_id: str
    kind: str
    signature_checked: bool


def review(options: ReviewOptions, *, now: Callable[[], datetime]) -> Reviewed:
    """Write a review beside what it is about and return where.

    Raises `UsageError` if something is missing or the key is the one that signed the bundle, `InputError` if the bundle
    does not hold, `RenderError` if the review cannot be written.
    """
    from scanner.evidence.review import Review, sign_review, target_of
    from scanner.render.text import stamp

    _check_words(options)
    signer = read_signer(options.sign_key)
    target = target_of(options.target)
    run_id = _held(options, target, signer)
    said = Review(
        kind=target.kind,
        reviewer=options.reviewer.strip(),
        decision=cast("Decision", options.decision),
        reviewed_at=stamp(now()),
        tickets=options.tickets,
        comment=options.comment.strip(),
        run_id=run_id,
    )
    path = _write_next(target, sign_review(said, target.subjects, signer))
    return Reviewed(path, signer.key_id, target.kind, options.key is not None)


def _check_words(options: ReviewOptions) -> None:
    texts = [("reviewer", options.reviewer), ("comment", options.comment)]
    texts += [("ticket", ticket) for ticket in options.tickets]
    for name, text in texts:
        if len(text) > _MAX_CHARS[name] or not _is_plain(text, lines=name == "comment"):
            raise UsageError(f"`--{name}` is longer than {_MAX_CHARS[name]:,} characters, or not plain text")
    if not options.reviewer.strip():
        raise UsageError("a review needs a reviewer", advice="give --reviewer NAME")
    if len(options.tickets) > _MAX_TICKETS:
        raise UsageError(f"more than {_MAX_TICKETS} tickets")
    if options.decision != "approved" and not (options.comment.strip() or options.tickets):
        raise UsageError(f"decision `{options.decision}` needs a reason", advice="give --comment TEXT or --ticket URL")


def _is_plain(text: str, *, lines: bool) -> bool:
    return (text.replace("\n", "").replace("\t", "") if lines else text).isprintable()


def _held(options: ReviewOptions, target: Target, signer: FileSigner) -> str | None:
    """Return the run of a bundle that holds; None for anything else. Nobody can vouch for what is not whole."""
    from scanner.evidence.manifest import ENVELOPE
    from scanner.evidence.review import signed_by
    from scanner.evidence.verify import verify_bundle

    if target.kind != "run":
        if options.key is not None:
            raise UsageError(f"`{options.target}` is no bundle: `--key` has nothing to check")
        return None
    key = read_public_key(options.key, outside=(options.target,)) if options.key is not None else None
    checked = verify_bundle(options.target, key=key)
    if not checked.passed or checked.manifest is None:
        problem = next((p for step in checked.steps for p in step.problems), "cannot be read")
        raise InputError(f"bundle `{options.target}`: {problem}", advice="a bundle that does not hold is not reviewed")
    envelope = target.folder / ENVELOPE
    if envelope.is_file() and signed_by(envelope.read_bytes(), signer.public_key):
        advice = "make a key of your own with `porter-audit keygen`: the scanner's key is nobody's word"
        raise UsageError(f"key `{options.sign_key}` signed the bundle itself", advice=advice)
    return checked.manifest.run.run_id


def _write_next(target: Target, data: bytes) -> Path:
    """Write a review under the next free name; never over another one."""
    from scanner.evidence.review import MAX_REVIEWS, review_name

    for number in range(1, MAX_REVIEWS + 1):
        path = target.folder / review_name(number, target.prefix)
        if os.path.lexists(path):
            continue
        whole = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            write_all({whole: data})
            # Fails if somebody was faster; a rename would not.
            os.link(whole, path)
            return path
        except FileExistsError:
            continue
        except OSError as error:
            raise RenderError(f"cannot write `{path}`: {(error.strerror or 'no access').lower()}") from error
        finally:
            with suppress(OSError):
                whole.unlink(missing_ok=True)
    raise RenderError(f"`{target.folder}` has {MAX_REVIEWS} reviews")
