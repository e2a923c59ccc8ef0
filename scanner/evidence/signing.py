"""Signatures: DSSE envelopes around in-toto statements, Ed25519.

DSSE: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md (read 2026-11-22); statement:
https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. A key that comes with what it signs proves
nothing: `verified_payload` takes the key as an argument and reads none from the envelope.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from scanner.errors import InputError
from scanner.evidence.canonical import Canonical, canonical, canonical_record

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    PublicKey: TypeAlias = Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:porter-audit:predicate:run:v1"
REVIEW_TYPE = "urn:porter-audit:predicate:review:v1"
"""A person's word on a run; never the program's."""


class Signer(Protocol):
    """Something that signs: a key in a file today, a key service tomorrow."""

    @property
    def key_id(self) -> str:
        """Return the name of the key; a hint for people, never trusted."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`."""
        ...


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signature of an envelope."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A DSSE envelope. A field that is not of the protocol, such as a key, makes it invalid."""

    payload: str
    payloadType: str
    signatures: tuple[Signature, ...]


class BadEnvelopeError(Exception):
    """Why an envelope is not what it should be."""


class FileSigner:
    """Signs with an Ed25519 key read from a file."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> Ed25519PublicKey:
        """Return the other half, which verifies."""
        return self._key.public_key()

    @property
    def key_id(self) -> str:
        """Return the SHA-256 of the public key."""
        return key_id(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`, 64 bytes."""
        return self._key.sign(message)


def new_key_pair() -> tuple[bytes, bytes]:
    """Return a new private and public key as PEM (PKCS #8 and SubjectPublicKeyInfo)."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, _public_pem(key.public_key())


def signer_from_pem(pem: bytes, name: str) -> FileSigner:
    """Return the signer of a private key in PEM. Raises `InputError` if it is none of Ed25519, or is encrypted."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise InputError(f"key `{name}`: is encrypted", advice="give a key without passphrase") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"key `{name}`: holds no private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"key `{name}`: is not an Ed25519 key", advice="make one with `porter-audit keygen`")
    return FileSigner(key)


def public_key_from_pem(pem: bytes, name: str) -> Ed25519PublicKey:
    """Return a public key in PEM. Raises `InputError` if it is none of Ed25519."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        advice = "give the signer's public key, the file that ends in .pub"
        raise InputError(f"key `{name}`: holds no public key in PEM", advice=advice) from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"key `{name}`: is not an Ed25519 key")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 in hex of the key's DER form: `openssl pkey -pubin -outform DER | sha256sum`."""
    from cryptography.hazmat.primitives import serialization

    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _public_pem(key: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: what is signed, so that the type cannot be changed afterwards."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def statement(
    subjects: dict[str, str], predicate: dict[str, Canonical], predicate_type: str = PREDICATE_TYPE
) -> bytes:
    """Return the in-toto statement over `subjects` (name -> SHA-256 in hex), in canonical form."""
    said: dict[str, Canonical] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())],
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    return canonical(said)


def sign_statement(
    subjects: dict[str, str], predicate: dict[str, Canonical], signer: Signer, predicate_type: str = PREDICATE_TYPE
) -> bytes:
    """Return the envelope of a signed statement, as a file."""
    payload = statement(subjects, predicate, predicate_type)
    signature = signer.sign(pre_authentication(PAYLOAD_TYPE, payload))
    envelope: dict[str, Canonical] = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": signer.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return canonical(envelope) + b"\n"


def verified_payload(envelope: bytes, key: Ed25519PublicKey) -> bytes:
    """Return the payload if `key` signed it as an in-toto statement; raises `BadEnvelopeError` otherwise.

    Strict beyond the protocol: one signature, and not a byte of the file that is not accounted for. The key id is not
    signed, so that it decides nothing; one that names another key is a sign of meddling.
    """
    from cryptography.exceptions import InvalidSignature

    parsed = _single(envelope)
    payload = _base64(parsed.payload)
    try:
        key.verify(_base64(parsed.signatures[0].sig), pre_authentication(parsed.payloadType, payload))
    except InvalidSignature as error:
        raise BadEnvelopeError("the signature is not one of the given key over this payload") from error
    if parsed.signatures[0].keyid != key_id(key):
        raise BadEnvelopeError("the key id is not that of the given key")
    return payload


def unverified_payload(envelope: bytes) -> bytes:
    """Return what an envelope carries, whoever signed it: well-formed, one signature. Raises `BadEnvelopeError`."""
    return _base64(_single(envelope).payload)


def _single(envelope: bytes) -> Envelope:
    parsed = _parsed(envelope)
    if parsed.payloadType != PAYLOAD_TYPE:
        raise BadEnvelopeError("the payload type is not that of an in-toto statement")
    if len(parsed.signatures) != 1:
        raise BadEnvelopeError(f"{len(parsed.signatures)} signatures where one is expected")
    return parsed


def _parsed(envelope: bytes) -> Envelope:
    try:
        parsed = msgspec.json.decode(envelope, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadEnvelopeError(f"not a DSSE envelope: {error}") from error
    if canonical_record(parsed) + b"\n" != envelope:
        raise BadEnvelopeError("not in canonical form")
    return parsed


def _base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadEnvelopeError("not Base64") from error
    # The last character has bits that no decoder looks at.
    if base64.b64encode(data).decode() != text:
        raise BadEnvelopeError("Base64 that is not canonical")
    return data
