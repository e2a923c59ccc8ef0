"""Evidence: bundles, and what stands beside their manifest. Damaged, and damaged with every hash made right again."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from scanner.app.timestamp import stamp
from scanner.evidence.manifest import MANIFEST, SUMS, Manifest, dump, entries, is_later, load, sums
from scanner.evidence.signing import PAYLOAD_TYPE, Signer, pre_authentication, signer_from_pem, unverified_payload
from scanner.evidence.tombstone import DIGEST_ONLY, REMOVED, Kind, Tombstone, may_be_dropped, of, statement_of
from scanner.evidence.tombstone import SCHEMA as TOMBSTONE_SCHEMA
from scanner.evidence.tombstone import dump as dump_tombstone
from tests.evidence.time_authority import authority
from tests.hostile.law import command
from tests.hostile.target import AS_OF, FORMATS, Target, as_json, files_below

Argv = Callable[[Path], tuple[str | Path, ...]]
CLEAN = frozenset({0})
HELD = frozenset({0, 5})
ANY_RUN = b"00000000-0000-7000-8000-000000000000"
"""Stands for the id of the run, so that a case that was kept is of the bundle that is made the next time."""


class Seeds(msgspec.Struct, frozen=True):
    """A signed bundle with a review and a time stamp, and what it is checked with."""

    bundle: dict[str, bytes]
    """By their place: `b/...`."""
    keys: dict[str, bytes]
    signer: Any
    reviewer: Any
    export: bytes


def sealed_targets(work: Path, export: bytes) -> Iterator[Target]:
    """Yield the targets of everything that evidence is made of; seeds are made below `work`."""
    seeds = _made(work / "sealed", export)
    yield from _beside(seeds)
    yield from _resealed(seeds)
    yield from _tombstones(seeds)
    yield from _keys(seeds)


def _made(work: Path, export: bytes) -> Seeds:
    work.mkdir()
    (work / "gaad.json").write_bytes(export)
    for name in ("own", "reviewer"):
        command("keygen", "--out", work / f"{name}.key")
    key = ("--sign-key", work / "own.key")
    named = ("--from", work / "gaad.json", "--out", work / "o", "--format", "json", "-q", *AS_OF)
    made = command("scan", "aws", *named, *key)
    if made.code != 1:
        raise AssertionError(made.err)
    (bundle,) = (work / "o").glob("bundle-*")
    with authority(work / "authority") as tsa:
        stamp(bundle, tsa.url)
    said = ("--reviewer", "auditor@example.com", "--decision", "approved", "--comment", "seen", "--ticket", "SEC-1")
    reviewed = command("review", bundle, "--sign-key", work / "reviewer.key", *said)
    if reviewed.code != 0:
        raise AssertionError(reviewed.err)
    names = {"own.key": work, "own.key.pub": work, "reviewer.key.pub": work, "root.pem": work / "authority"}
    return Seeds(
        bundle=dict(files_below(bundle, "b")),
        keys={name: (folder / name).read_bytes() for name, folder in names.items()},
        signer=signer_from_pem((work / "own.key").read_bytes(), "own.key"),
        reviewer=signer_from_pem((work / "reviewer.key").read_bytes(), "reviewer.key"),
        export=export,
    )


def _around(seeds: Seeds, *without: str) -> tuple[tuple[str, bytes], ...]:
    return tuple((place, data) for place, data in {**seeds.bundle, **seeds.keys}.items() if place not in without)


def _verify(home: Path) -> tuple[str | Path, ...]:
    pins = ("--key", home / "own.key.pub", "--review-key", home / "reviewer.key.pub", "--tsa-cert", home / "root.pem")
    return ("verify", home / "b", *pins)


def _beside(seeds: Seeds) -> Iterator[Target]:
    """Files of a signed bundle, each damaged as it stands."""
    page = next(place for place in seeds.bundle if place.endswith("page-0001.json"))
    signed = ("b/manifest.json", "b/manifest.dsse.json", "b/review.dsse.json", "b/report.json", "b/calls.ndjson", page)
    for place in signed:
        name = f"signed {place.rpartition('/')[2]}"
        yield Target(name, seeds.bundle[place], place, _verify, HELD, _around(seeds, place), sealed=True)
    # An authority's answer has a line of status that its signature does not cover.
    token = "b/manifest.tsr"
    yield Target("time stamp", seeds.bundle[token], token, _verify, HELD, _around(seeds, token))
    yield from _payloads(seeds)


def _payloads(seeds: Seeds) -> Iterator[Target]:
    """What a signature is over, signed again by the right key: whoever holds a key can write what they like."""
    for name, file, signer in (
        ("review that was signed", "b/review.dsse.json", seeds.reviewer),
        ("statement that was signed", "b/manifest.dsse.json", seeds.signer),
    ):
        payload = unverified_payload(seeds.bundle[file])
        yield Target(
            name, payload, file, _verify, HELD, _around(seeds, file),
            made=lambda data, file=file, signer=signer: {file: _signed(data, signer)},  # type: ignore[misc]
        )  # fmt: skip


def _signed(payload: bytes, signer: Signer) -> bytes:
    """Return the envelope of any bytes whatever; JSON in the order that the checker expects."""
    with_order = _ordered(payload)
    signature = signer.sign(pre_authentication(PAYLOAD_TYPE, with_order))
    envelope = {
        "payload": base64.b64encode(with_order).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": signer.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return _ordered(json.dumps(envelope).encode()) + b"\n"


def _ordered(data: bytes) -> bytes:
    """Return JSON in canonical form where it is JSON; other bytes as they are."""
    try:
        value = json.loads(data)
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return data


def resealed(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files of a bundle with manifest and hashes that are right again; nobody signed them."""
    inside = {place.removeprefix("b/"): data for place, data in files.items()}
    listed = {n: d for n, d in inside.items() if n not in (MANIFEST, SUMS, "manifest.dsse.json") and not is_later(n)}
    manifest = load(inside[MANIFEST])
    found = entries(listed)
    counts = msgspec.structs.replace(manifest.counts, files=len(found), bytes=sum(one.bytes for one in found))
    data = dump(msgspec.structs.replace(manifest, files=found, counts=counts))
    whole = {**listed, MANIFEST: data, SUMS: sums(found, data)}
    return {f"b/{name}": content for name, content in whole.items()}


def _resealed(seeds: Seeds) -> Iterator[Target]:
    """Bundles that somebody changed and made whole again: every reader must still stand what is in them."""
    page = next(place for place in seeds.bundle if place.endswith("page-0001.json"))
    run_id = load(seeds.bundle["b/manifest.json"]).run.run_id.encode()
    replay: Argv = lambda home: ("replay", home / "b")  # noqa: E731
    shown: Argv = lambda home: ("report", home / "b", "--format", FORMATS, "--out", home / "made", "-q")  # noqa: E731
    binder: Argv = lambda home: ("report", home / "b", "--format", "binder", "--out", home / "made", "-q")  # noqa: E731
    checked: Argv = lambda home: ("verify", "--hashes-only", home / "b")  # noqa: E731
    judged: Argv = lambda home: ("scan", "aws", "--from", home / "b", "--out", "-", "--format", "terminal")  # noqa: E731
    for what, place, argv, allowed in (
        ("report.json to verify", "b/report.json", checked, HELD),
        ("report.json to replay", "b/report.json", replay, HELD),
        ("report.json to show", "b/report.json", shown, CLEAN),
        ("report.json to bind", "b/report.json", binder, CLEAN),
        ("snapshot to replay", "b/inputs/snapshot.json", replay, HELD),
        ("snapshot to scan", "b/inputs/snapshot.json", judged, frozenset({0, 1, 2})),
        ("judging to replay", "b/inputs/judging.json", replay, HELD),
        ("run to replay", "b/inputs/run.json", replay, HELD),
        ("baseline to replay", "b/inputs/baselines/porter/2026-05/aws.yaml", replay, HELD),
        ("calls to verify", "b/calls.ndjson", checked, HELD),
        ("page to replay", page, replay, HELD),
        ("page to bind", page, binder, CLEAN),
        ("population to verify", "b/populations/111122223333-iam-roles.csv", checked, HELD),
    ):
        yield Target(
            f"resealed {what}", seeds.bundle[place].replace(run_id, ANY_RUN), place, argv, allowed,
            sealed=what == "report.json to replay",
            made=lambda data, place=place: resealed(  # type: ignore[misc]
                {**seeds.bundle, place: data.replace(ANY_RUN, run_id)}
            ),
        )  # fmt: skip


def _tombstones(seeds: Seeds) -> Iterator[Target]:
    """What retention leaves in the place of a bundle: of all of it, and of its raw answers."""
    data = seeds.bundle["b/manifest.json"]
    manifest = load(data)
    files = {kind: _tombstone(kind, manifest, data, seeds.signer) for kind in (REMOVED, DIGEST_ONLY)}
    place = "b/tombstone.json"
    keys = tuple(seeds.keys.items())
    reduced = {n: d for n, d in seeds.bundle.items() if not n.startswith("b/evidence/")}
    pinned: Argv = lambda home: ("verify", home / "b", "--key", home / "own.key.pub")  # noqa: E731
    yield Target("tombstone of all", files[REMOVED], place, pinned, HELD, keys, sealed=True)
    around = (*keys, *reduced.items())
    yield Target("tombstone of answers", files[DIGEST_ONLY], place, pinned, HELD, around, sealed=True)
    yield Target(
        "tombstone that was signed", as_json(json.loads(files[REMOVED])["tombstone"]), place, pinned, HELD, keys,
        made=lambda stone: {place: _signed_tombstone(stone, seeds.signer)},
    )  # fmt: skip
    yield Target("tombstone without key", files[REMOVED], place, lambda home: ("verify", "--hashes-only", home / "b"),
                 HELD)  # fmt: skip
    nights = tuple((f"n/bundle-{manifest.run.run_id}/{n.removeprefix('b/')}", d) for n, d in seeds.bundle.items())
    yield Target(
        "tombstone to prune", files[REMOVED], "n/bundle-00000000-0000-7000-8000-000000000000/tombstone.json",
        lambda home: ("prune", home / "n", "--keep", "13m", "--apply"), HELD, nights,
    )  # fmt: skip


def _tombstone(kind: Kind, manifest: Manifest, data: bytes, signer: Signer) -> bytes:
    gone = [file for file in manifest.files if kind == REMOVED or may_be_dropped(file)]
    stone = of(manifest, data, kind=kind, written="2026-09-01T00:00:00Z", keep="13m", gone=gone)
    return dump_tombstone(stone, signer)


def _signed_tombstone(stone: bytes, signer: Signer) -> bytes:
    """Return a tombstone's file around any JSON, signed as if it were one."""
    said = (_ordered(stone) or b"null").decode("utf-8", "replace")
    payload = f'{{"_type":"x","predicate":{said}}}'.encode()
    with suppress(ValueError, RecursionError):
        payload = statement_of(msgspec.json.decode(stone, type=Tombstone))
    envelope = _signed(payload, signer).decode("utf-8", "replace").strip()
    return _ordered(f'{{"envelope":{envelope},"schema":"{TOMBSTONE_SCHEMA}","tombstone":{said}}}'.encode()) + b"\n"


def _keys(seeds: Seeds) -> Iterator[Target]:
    export = (("gaad.json", seeds.export),)
    yield Target(
        "private key", seeds.keys["own.key"], "own.key",
        lambda home: ("scan", "aws", "--from", home / "gaad.json", "--out", home / "o", "--sign-key", home / "own.key",
                      "-q"),
        frozenset({1}), export,
    )  # fmt: skip
    yield Target("public key", seeds.keys["own.key.pub"], "own.key.pub", _verify, HELD, _around(seeds, "own.key.pub"))
    yield Target("certificate", seeds.keys["root.pem"], "root.pem", _verify, HELD, _around(seeds, "root.pem"))
