"""Checking a bundle with a pinned key: hashes, nothing extra or missing, signature, chain, counts. Fails closed.

Nothing of the bundle is executed, imported or trusted before its hash was seen to be right; no network is used.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from scanner.evidence import tombstone as stones
from scanner.evidence.bundle import MAX_MANIFEST_BYTES, PARTIAL_SUFFIX, bundle_name, is_safe_path
from scanner.evidence.canonical import canonical_record
from scanner.evidence.manifest import (
    ENVELOPE,
    MANIFEST,
    SUMS,
    UNLISTED,
    FileEntry,
    Manifest,
    is_later,
    load,
    predicate,
    subjects,
    sums,
)
from scanner.evidence.pages import INDEX_PATH, INDEX_SCHEMA
from scanner.evidence.signing import BadEnvelopeError, statement, verified_payload
from scanner.evidence.tombstone import REMOVED, TOMBSTONE, TombstoneFile, may_be_dropped

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_FILES = 200_000
MAX_FILE_BYTES = 2_000_000_000
MAX_TOTAL_BYTES = 8_000_000_000
_MAX_PROBLEMS = 20
_CHUNK_BYTES = 1 << 20


class Step(msgspec.Struct, frozen=True):
    """One thing that was checked."""

    name: str
    passed: bool | None
    """None: not checked, and `detail` says why."""
    detail: str
    problems: tuple[str, ...] = ()
    """What is wrong, each naming a file."""


class Verification(msgspec.Struct, frozen=True):
    """What came of a bundle."""

    bundle: str
    steps: tuple[Step, ...]
    manifest: Manifest | None
    """None: it could not be read."""
    manifest_sha256: str | None = None

    @property
    def passed(self) -> bool:
        """Return whether nothing failed; a step that was not checked has not failed."""
        return all(step.passed is not False for step in self.steps)


class _Refused(Exception):
    """Why nothing of the bundle may be looked at."""


def verify_bundle(
    bundle: Path, *, key: Ed25519PublicKey | None, previous: str | None = None, follows: bool = False
) -> Verification:
    """Check one bundle. `key` None: the signature is not checked, because the caller was told so by a person.

    `previous` is the digest of the manifest before this one; `follows`: the caller knows whether there is one.
    """
    try:
        found = _walk(bundle)
        stone = stones.load(_read(bundle, TOMBSTONE, stones.MAX_BYTES)) if TOMBSTONE in found else None
        if stone is not None and stone.tombstone.kind == REMOVED:
            return _removed(bundle, stone, found, key, previous, follows)
        data = _manifest_bytes(bundle, found)
        manifest = load(data)
        _check_paths(manifest)
    except (_Refused, ValueError) as error:
        return Verification(
            str(bundle), (Step("manifest", False, "cannot be trusted", (f"{MANIFEST}: {error}",)),), None
        )
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        return Verification(str(bundle), (Step("manifest", False, "cannot be read", (f"{MANIFEST}: {reason}",)),), None)
    hashes = _hashes(bundle, manifest, data, found, reduced=stone is not None)
    steps = (
        _named(bundle, manifest.run.run_id, manifest.profile),
        hashes,
        *((_reduced(stone, manifest, data, key),) if stone is not None else ()),
        _signature(bundle, manifest, data, key),
        _chain(manifest.previous_manifest_sha256, previous, follows),
        _consistency(bundle, manifest) if hashes.passed else Step("counts", None, "not checked: hashes differ"),
    )
    return Verification(str(bundle), steps, manifest, hashlib.sha256(data).hexdigest())


def _walk(bundle: Path) -> dict[str, int]:
    """Return path -> size of every file; raises `_Refused` on what is neither a plain file nor a directory."""
    if bundle.is_symlink() or not bundle.is_dir():
        raise _Refused("the bundle is not a directory")
    if bundle.resolve().name.endswith(PARTIAL_SUFFIX):
        raise _Refused("the bundle was never finished: its name ends in .partial")
    found: dict[str, int] = {}
    pending = [bundle]
    while pending:
        for item in os.scandir(pending.pop()):
            status = item.stat(follow_symlinks=False)
            path = Path(item.path).relative_to(bundle).as_posix()
            if stat.S_ISDIR(status.st_mode):
                pending.append(Path(item.path))
            elif stat.S_ISREG(status.st_mode):
                found[path] = status.st_size
            else:
                raise _Refused(f"`{_shown(path)}` is a link or a special file")
            if len(found) > MAX_FILES:
                raise _Refused(f"more than {MAX_FILES:,} files")
    return found


def _manifest_bytes(bundle: Path, found: dict[str, int]) -> bytes:
    size = found.get(MANIFEST)
    if size is None:
        raise _Refused("missing")
    if size > MAX_MANIFEST_BYTES:
        raise _Refused("too large")
    return _read(bundle, MANIFEST, MAX_MANIFEST_BYTES)


def _check_paths(manifest: Manifest) -> None:
    paths = [file.path for file in manifest.files]
    for path in paths:
        if not is_safe_path(path) or path in UNLISTED or is_later(path):
            raise _Refused(f"lists `{_shown(path)}`, which cannot be a file of a bundle")
    if paths != sorted(set(paths)):
        raise _Refused("its files are not in order, or one is listed twice")
    if any(not 0 <= file.bytes <= MAX_FILE_BYTES for file in manifest.files):
        raise _Refused(f"lists a file of more than {MAX_FILE_BYTES:,} bytes")
    if sum(file.bytes for file in manifest.files) > MAX_TOTAL_BYTES:
        raise _Refused(f"lists more than {MAX_TOTAL_BYTES:,} bytes")


def _named(bundle: Path, run_id: str, profile: str, file: str = MANIFEST) -> Step:
    """Two bundles that were swapped keep each other's names."""
    name = bundle.resolve().name
    if name.startswith("bundle-") and name != bundle_name(run_id):
        problem = f"{file}: is of run {_shown(run_id)}, the directory is `{_shown(name)}`"
        return Step("name", False, "directory and manifest name different runs", (problem,))
    return Step("name", True, f"run {_shown(run_id)}, profile {profile}")


def _hashes(bundle: Path, manifest: Manifest, data: bytes, found: dict[str, int], *, reduced: bool) -> Step:
    """Compare every file with the manifest; of a reduced bundle raw answers may be gone, and nothing else."""
    listed = {file.path for file in manifest.files}
    gone = {file.path for file in manifest.files if reduced and may_be_dropped(file) and file.path not in found}
    later = {path for path in found if is_later(path) or (reduced and path == TOMBSTONE)}
    problems = [f"{_shown(path)}: missing" for path in sorted((listed | {SUMS}) - gone - set(found))]
    problems += [f"{_shown(path)}: not listed" for path in sorted(set(found) - listed - UNLISTED - later)]
    for file in manifest.files:
        if file.path in found and (problem := _differs(bundle, file, found[file.path])):
            problems.append(problem)
    if SUMS in found:
        expected = sums(manifest.files, data)
        if found[SUMS] != len(expected) or _read(bundle, SUMS, len(expected)) != expected:
            problems.append(f"{SUMS}: is not what the manifest gives")
    detail = f"{len(listed - gone):,} files" if not problems else f"{len(problems):,} of the files are wrong"
    return Step("hashes", not problems, detail, _few(problems))


def _differs(bundle: Path, file: FileEntry, size: int) -> str | None:
    if size != file.bytes:
        return f"{file.path}: has {size:,} bytes, the manifest says {file.bytes:,}"
    try:
        digest = _digest(bundle, file)
    except OSError as error:
        return f"{file.path}: {(error.strerror or 'cannot be read').lower()}"
    return None if digest == file.sha256 else f"{file.path}: its SHA-256 differs"


def _digest(bundle: Path, file: FileEntry) -> str:
    """Return the hash of at most as many bytes as the manifest says."""
    digest = hashlib.sha256()
    left = file.bytes + 1
    with _opened(bundle, file.path) as stream:
        while left and (chunk := stream.read(min(_CHUNK_BYTES, left))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _opened(bundle: Path, path: str) -> Any:
    # Looked at as a plain file before; it may have been changed into a link since.
    return os.fdopen(os.open(bundle / path, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def _read(bundle: Path, path: str, limit: int) -> bytes:
    with _opened(bundle, path) as stream:
        data: bytes = stream.read(limit + 1)
    if len(data) > limit:
        raise _Refused(f"`{path}` is longer than it was")
    return data


def _signature(bundle: Path, manifest: Manifest, data: bytes, key: Ed25519PublicKey | None) -> Step:
    if key is None:
        return Step("signature", None, "not checked: nothing is known of who made this bundle")
    try:
        envelope = _read(bundle, ENVELOPE, 2 * MAX_MANIFEST_BYTES)
        payload = verified_payload(envelope, key)
    except FileNotFoundError:
        return Step("signature", False, "the bundle is not signed", (f"{ENVELOPE}: missing",))
    except (BadEnvelopeError, _Refused, ValueError) as error:
        return Step("signature", False, "does not hold", (f"{ENVELOPE}: {error}",))
    except OSError as error:
        return Step("signature", False, "cannot be read", (f"{ENVELOPE}: {(error.strerror or 'no access').lower()}",))
    if payload != statement(subjects(manifest.files, data), predicate(manifest)):
        problems = (f"{MANIFEST}: is not the one that was signed", f"{ENVELOPE}: is over another manifest")
        return Step("signature", False, "manifest and signature do not belong together", problems)
    return Step("signature", True, f"by the given key, over {MANIFEST} and {len(manifest.files):,} files")


def _removed(
    bundle: Path,
    file: TombstoneFile,
    found: dict[str, int],
    key: Ed25519PublicKey | None,
    previous: str | None,
    follows: bool,
) -> Verification:
    """Check what stands for a bundle that retention removed: it keeps the chain whole, and proves nothing else."""
    stone, left = file.tombstone, len(found) - 1
    rest = Step("leftovers", None, f"{left:,} files of an interrupted `prune` were not looked at; run it again")
    steps = (
        _named(bundle, stone.run.run_id, stone.profile, TOMBSTONE),
        _vouched(file, key),
        *((rest,) if left else ()),
        _chain(stone.previous_manifest_sha256, previous, follows, TOMBSTONE),
    )
    return Verification(str(bundle), steps, None, stone.manifest_sha256)


def _reduced(file: TombstoneFile, manifest: Manifest, data: bytes, key: Ed25519PublicKey | None) -> Step:
    """Check the tombstone of a bundle whose manifest is still there."""
    stone = file.tombstone
    mine = (stone.run, stone.profile, stone.manifest_sha256, stone.previous_manifest_sha256)
    theirs = (manifest.run, manifest.profile, hashlib.sha256(data).hexdigest(), manifest.previous_manifest_sha256)
    if mine != theirs:
        return Step("tombstone", False, "is of another bundle", (f"{TOMBSTONE}: does not agree with {MANIFEST}",))
    return _vouched(file, key)


def _vouched(file: TombstoneFile, key: Ed25519PublicKey | None) -> Step:
    """Check who wrote a tombstone: one without the signature of the pinned key may hide what somebody took away."""
    stone = file.tombstone
    what = "everything" if stone.kind == REMOVED else "raw evidence"
    said = f"{what} dropped {_shown(stone.written)} (keep {_shown(stone.keep)}): it cannot be judged again"
    if key is None:
        return Step("tombstone", None, f"{said}; signature not checked")
    if file.envelope is None:
        return Step("tombstone", False, "the tombstone is not signed", (f"{TOMBSTONE}: holds no signature",))
    try:
        payload = verified_payload(canonical_record(file.envelope) + b"\n", key)
    except (BadEnvelopeError, ValueError) as error:
        return Step("tombstone", False, "its signature does not hold", (f"{TOMBSTONE}: {error}",))
    if payload != stones.statement_of(stone):
        problem = f"{TOMBSTONE}: its signature is over another tombstone"
        return Step("tombstone", False, "tombstone and signature do not belong together", (problem,))
    return Step("tombstone", True, said)


def _chain(named: str | None, previous: str | None, follows: bool, file: str = MANIFEST) -> Step:
    if not follows:
        said = f"it names {named[:16]}…" if named else "it says there was none"
        return Step("chain", None, f"not checked: the bundle before was not given; {said}")
    if named == previous:
        return Step("chain", True, "follows the bundle before" if named else "the first of its chain")
    problem = f"{file}: names {(named or 'no bundle')[:16]} as the one before, it is {(previous or 'none')[:16]}"
    return Step("chain", False, "a run before this one is missing or was replaced", (problem,))


def _consistency(bundle: Path, manifest: Manifest) -> Step:
    """Compare what the files say of each other; only after their hashes were seen to be right."""
    try:
        problems = list(_contradictions(bundle, manifest))
    except (_Refused, OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        problems = [f"report.json: not what this program writes ({type(error).__name__})"]
    counts = manifest.counts
    detail = f"{counts.findings:,} findings, {counts.pages:,} answers, {counts.calls:,} calls, populations recounted"
    return Step("counts", not problems, "files contradict each other" if problems else detail, _few(problems))


def _contradictions(bundle: Path, manifest: Manifest) -> Iterator[str]:
    sizes = {file.path: file.bytes for file in manifest.files}
    report = msgspec.json.decode(_read(bundle, "report.json", sizes["report.json"]))
    counts = manifest.counts
    if report["run"]["run_id"] != manifest.run.run_id:
        yield "report.json: is of another run"
    if report["verdict"]["as_documented"] != manifest.run.as_documented:
        yield "report.json: has another verdict than the manifest"
    if report["run"]["baseline"]["digest"] != manifest.run.baseline_digest:
        yield "report.json: was judged by another documented version"
    if len(report["findings"]) != counts.findings:
        yield f"report.json: has {len(report['findings'])} findings, the manifest says {counts.findings}"
    calls = _read(bundle, "calls.ndjson", sizes["calls.ndjson"]).count(b"\n")
    if calls != counts.calls:
        yield f"calls.ndjson: has {calls} calls, the manifest says {counts.calls}"
    if sum(file.role == "evidence" for file in manifest.files) != counts.pages:
        yield "evidence/: has another number of answers than the manifest says"
    if len(manifest.files) != counts.files or sum(sizes.values()) != counts.bytes:
        yield f"{MANIFEST}: its own counts are wrong"
    index = msgspec.json.decode(_read(bundle, INDEX_PATH, sizes[INDEX_PATH]))
    if index["schema"] != INDEX_SCHEMA or sum(index["pages"].values()) != counts.pages:
        yield f"{INDEX_PATH}: names another number of answers"
    for population in report["populations"]:
        yield from _population(population)


def _population(population: dict[str, Any]) -> Iterator[str]:
    """Recount a population; of one whose members were withheld only count and hash are there."""
    keys = population["keys"]
    if not keys and population["count"]:
        return
    digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()
    if len(keys) != population["count"] or digest != population["sha256"]:
        yield f"report.json: population `{_shown(population['name'])}` is not what its count and hash say"


def _few(problems: list[str]) -> tuple[str, ...]:
    more = [f"and {len(problems) - _MAX_PROBLEMS:,} more"] if len(problems) > _MAX_PROBLEMS else []
    return tuple(problems[:_MAX_PROBLEMS] + more)


def _shown(text: str) -> str:
    """Return a name of the bundle as it may be printed."""
    return "".join(char if char.isprintable() else "?" for char in text[:200])
