"""The key of this installation: makes an ExternalId's token equal from night to night and meaningless elsewhere."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from scanner.errors import UsageError

KEY_BYTES = 32
KEY_FILE_VARIABLE = "PORTER_AUDIT_KEY_FILE"
_ADVICE = f"name a file that lasts from run to run in the environment variable {KEY_FILE_VARIABLE}"


def key_path(environ: Mapping[str, str]) -> Path:
    """Return where the key is kept: `$PORTER_AUDIT_KEY_FILE`, or below the user's configuration directory."""
    named = environ.get(KEY_FILE_VARIABLE)
    if named:
        return Path(named)
    config = environ.get("XDG_CONFIG_HOME")
    base = Path(config) if config else Path(environ.get("HOME") or "~").expanduser() / ".config"
    return base / "porter-audit" / "installation.key"


def load_hmac_key(path: Path | None = None) -> bytes:
    """Return the installation's key, made with mode 0600 on first use.

    Raises `UsageError` if the file holds no key, or if it cannot be read or made.
    """
    file = path or key_path(os.environ)
    try:
        if not file.exists():
            _create(file)
        text = file.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise UsageError(f"installation key `{file}`: {reason}", advice=_ADVICE) from error
    except ValueError as error:
        raise UsageError(f"installation key `{file}`: does not hold a key", advice=_ADVICE) from error
    if len(key) != KEY_BYTES:
        raise UsageError(f"installation key `{file}`: holds {len(key)} bytes instead of {KEY_BYTES}", advice=_ADVICE)
    return key


def _create(file: Path) -> None:
    """Make the key file whole at once: of two runs that start together, one key wins and both read it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}.partial")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(f"{os.urandom(KEY_BYTES).hex()}\n")
            stream.flush()
            os.fsync(stream.fileno())
        _publish(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _publish(draft: Path, file: Path) -> None:
    try:
        os.link(draft, file)
    except FileExistsError:
        return
