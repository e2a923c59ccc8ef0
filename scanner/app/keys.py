"""Keys that sign bundles: making, keeping and reading them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from scanner.errors import InputError, RenderError, UsageError

if TYPE_CHECKING:
    from scanner.evidence.signing import FileSigner, PublicKey

# A key in PEM has about 120 bytes; other kinds of keys a few thousand.
_MAX_KEY_BYTES = 65_536


class KeyPair(msgspec.Struct, frozen=True):
    """Where a new pair of keys was written."""

    private: Path
    public: Path
    key_id: str


def new_key(path: Path) -> KeyPair:
    """Write a new private key to `path` with mode 0600, and its public key beside it with `.pub` added.

    Raises `UsageError` if either is there already, `RenderError` if they cannot be written.
    """
    from scanner.evidence.signing import key_id, new_key_pair, public_key_from_pem

    public_path = path.with_name(f"{path.name}.pub")
    for file in (path, public_path):
        if os.path.lexists(file):
            raise UsageError(f"key `{file}` is there already", advice="name another file: keys are never written over")
    private, public = new_key_pair()
    _write_new(path, private, 0o600)
    _write_new(public_path, public, 0o644)
    return KeyPair(path, public_path, key_id(public_key_from_pem(public, str(public_path))))


def read_signer(path: Path) -> FileSigner:
    """Return the signer of a private key file.

    Raises `UsageError` if everybody on the machine may read it, `InputError` if it holds no Ed25519 key.
    """
    from scanner.evidence.signing import signer_from_pem

    data, mode = _read_key(path)
    if mode & 0o007:
        raise UsageError(f"key `{path}`: everybody on this machine may use it", advice=f"chmod 600 {path}")
    return signer_from_pem(data, str(path))


def read_public_key(path: Path, *, outside: tuple[Path, ...] = ()) -> PublicKey:
    """Return a public key that the user vouches for.

    Raises `UsageError` if it lies in one of the bundles it is to check (`outside`), `InputError` if it is no key.
    """
    from scanner.evidence.signing import public_key_from_pem

    return public_key_from_pem(read_vouched(path, outside=outside), str(path))


def read_vouched(path: Path, *, outside: tuple[Path, ...] = ()) -> bytes:
    """Return a file that the user vouches for. Raises `UsageError` if it lies in what it is to check."""
    for bundle in outside:
        if path.resolve().is_relative_to(bundle.resolve()):
            advice = "get the public key from the signer by another way than the bundle"
            raise UsageError(f"key `{path}` is part of bundle `{bundle}`: it proves nothing", advice=advice)
    return _read_key(path)[0]


def _read_key(path: Path) -> tuple[bytes, int]:
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise InputError(f"key `{path}`: is not a file")
            data = stream.read(_MAX_KEY_BYTES + 1)
    except OSError as error:
        raise InputError(f"key `{path}`: {(error.strerror or 'cannot be read').lower()}") from error
    if len(data) > _MAX_KEY_BYTES:
        raise InputError(f"key `{path}`: is too large for a key")
    return data, stat.S_IMODE(mode)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise RenderError(f"cannot write key `{path}`: {(error.strerror or 'no access').lower()}") from error
