"""DSSE and in-toto: read by programs that share no code with ours, and refused when anything is touched."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from scanner.errors import InputError
from scanner.evidence.canonical import canonical
from scanner.evidence.signing import (
    PAYLOAD_TYPE,
    BadEnvelopeError,
    key_id,
    new_key_pair,
    pre_authentication,
    public_key_from_pem,
    sign_statement,
    signer_from_pem,
    verified_payload,
)

SUBJECTS = {"manifest.json": "ab" * 32, "report.json": "cd" * 32}
PRIVATE, PUBLIC = new_key_pair()
KEY = public_key_from_pem(PUBLIC, "test")
ENVELOPE = sign_statement(SUBJECTS, {"run_id": "r", "results": {"PASS": 1}}, signer_from_pem(PRIVATE, "test"))


def test_the_encoding_is_the_protocols_example() -> None:
    """The example of the DSSE protocol document."""
    assert pre_authentication("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_the_envelope_is_read_by_securesystemslib() -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    parsed: Any = json.loads(ENVELOPE)
    envelope = Envelope.from_dict(parsed)
    key = SSlibKey.from_crypto(KEY, keyid=key_id(KEY))
    assert list(envelope.verify([key], 1)) == [key_id(KEY)]


def test_the_statement_is_read_by_in_toto() -> None:
    from google.protobuf.json_format import ParseDict
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    message = ParseDict(json.loads(verified_payload(ENVELOPE, KEY)), statement_pb2.Statement())
    Statement.copy_from_pb(message).validate()
    assert {s.name: s.digest["sha256"] for s in message.subject} == SUBJECTS


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    envelope = json.loads(ENVELOPE)
    change(envelope)
    return canonical(envelope) + b"\n"


def other_payload(envelope: dict[str, Any]) -> None:
    payload = base64.b64decode(envelope["payload"]).replace(b"report.json", b"repord.json")
    envelope["payload"] = base64.b64encode(payload).decode()


TOUCHED: dict[str, Callable[[dict[str, Any]], object]] = {
    "payload": other_payload,
    "payload type": lambda e: e.update(payloadType="application/json"),
    "embedded key": lambda e: e.update(publicKey=PUBLIC.decode()),
    "key in the signature": lambda e: e["signatures"][0].update(key=PUBLIC.decode()),
    "key id": lambda e: e["signatures"][0].update(keyid="0" * 64),
    "no signature": lambda e: e.update(signatures=[]),
    "second signature": lambda e: e["signatures"].append(e["signatures"][0]),
    "signature of zeros": lambda e: e["signatures"][0].update(sig=base64.b64encode(bytes(64)).decode()),
    "signature that is no Base64": lambda e: e["signatures"][0].update(sig="***"),
    "short signature": lambda e: e["signatures"][0].update(sig="AA=="),
}


@pytest.mark.parametrize("change", TOUCHED.values(), ids=list(TOUCHED))
def test_a_touched_envelope_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(BadEnvelopeError):
        verified_payload(changed(change), KEY)


def test_an_untouched_envelope_is_taken() -> None:
    assert verified_payload(changed(lambda e: None), KEY) == verified_payload(ENVELOPE, KEY)
    assert json.loads(ENVELOPE)["payloadType"] == PAYLOAD_TYPE


def test_another_key_is_refused() -> None:
    other = public_key_from_pem(new_key_pair()[1], "other")
    with pytest.raises(BadEnvelopeError, match="not one of the given key"):
        verified_payload(ENVELOPE, other)


def test_every_single_byte_counts() -> None:
    for position in range(len(ENVELOPE)):
        touched = bytearray(ENVELOPE)
        touched[position] ^= 1
        with pytest.raises(BadEnvelopeError):
            verified_payload(bytes(touched), KEY)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"payload":"","payload":""}'])
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(BadEnvelopeError):
        verified_payload(data, KEY)


def test_the_same_content_and_key_give_the_same_envelope() -> None:
    again = sign_statement(
        dict(reversed(SUBJECTS.items())), {"results": {"PASS": 1}, "run_id": "r"}, signer_from_pem(PRIVATE, "test")
    )
    assert again == ENVELOPE


def test_keys_that_are_none_are_named() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    private = other.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    locked = other.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"passphrase")
    )
    public = other.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    for data, words in ((b"x", "holds no private key"), (private, "not an Ed25519 key"), (locked, "is encrypted")):
        with pytest.raises(InputError, match=words):
            signer_from_pem(data, "k")
    for data, words in ((PRIVATE, "holds no public key"), (public, "not an Ed25519 key")):
        with pytest.raises(InputError, match=words):
            public_key_from_pem(data, "k")
