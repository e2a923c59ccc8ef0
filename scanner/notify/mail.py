"""A message as a mail, sent by SMTP over TLS."""

from __future__ import annotations

import html
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from scanner.errors import NotifyError
from scanner.notify.http import HERE, TIMEOUT_S
from scanner.notify.message import Mark, Message, Part
from scanner.notify.text import plain

if TYPE_CHECKING:
    from smtplib import SMTP as Connection

# RFC 8314: TLS from the start; every other port must offer STARTTLS.
_TLS_PORT = 465
_MAX_SUBJECT = 200


def mail(message: Message, *, sender: str, to: Sequence[str], now: datetime, key: str) -> EmailMessage:
    """Return the mail. Raises `NotifyError` if an address cannot stand in a header."""
    made = EmailMessage(policy=SMTP)
    made["Subject"] = plain(message.subject, _MAX_SUBJECT)
    for name, value in (("From", sender), ("To", ", ".join(to))):
        if not value.isprintable() or "@" not in value:
            raise NotifyError(f"e-mail: `{name}` is not an address")
        made[name] = value
    made["Date"] = format_datetime(now)
    # Made from what is told: a message that is sent twice has the same id.
    made["Message-ID"] = f"<{key[:40]}@porter-audit.invalid>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(message.text + "\n")
    made.add_alternative(_html(message), subtype="html")
    return made


def _html(message: Message) -> str:
    rows = "".join(f"<p>{'• ' if line.item else ''}{''.join(map(_part, line.parts))}</p>\n" for line in message.lines)
    return f"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"></head><body>\n{rows}</body></html>\n"


def _part(part: Part) -> str:
    text = html.escape(part.text)
    match part.mark:
        case Mark.STRONG:
            return f"<strong>{text}</strong>"
        case Mark.CODE:
            return f"<code>{text}</code>"
        case Mark.PLAIN:
            return text


def send_mail(
    made: EmailMessage, server: str, *, username: str | None, password: str | None, timeout_s: float = TIMEOUT_S
) -> None:
    """Send a mail through `server` (HOST:PORT); raises `NotifyError`, which never holds the password.

    Without TLS it talks only to this machine.
    """
    import smtplib

    host, _, port = server.rpartition(":")
    try:
        with _connect(host, int(port), timeout_s) as connection:
            if username is not None:
                connection.login(username, password or "")
            connection.send_message(made)
    except smtplib.SMTPAuthenticationError as error:
        raise NotifyError(f"e-mail: `{host}` refused user name and password ({error.smtp_code})") from None
    except smtplib.SMTPRecipientsRefused as error:
        raise NotifyError(f"e-mail: `{host}` refused every recipient") from error
    except smtplib.SMTPResponseException as error:
        raise NotifyError(f"e-mail: `{host}` answered {error.smtp_code}") from error
    except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
        raise NotifyError(f"e-mail: no success at `{host}`: {_reason(error)}") from error


def _connect(host: str, port: int, timeout_s: float) -> Connection:
    import smtplib

    if port == _TLS_PORT:
        return smtplib.SMTP_SSL(host, port, timeout=timeout_s, context=ssl.create_default_context())
    connection = smtplib.SMTP(host, port, timeout=timeout_s)
    connection.ehlo()
    if connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
    elif host not in HERE:
        connection.close()
        raise NotifyError(f"e-mail: `{host}` offers no TLS, and the message would be readable on its way")
    return connection


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not to be trusted"
    if isinstance(error, TimeoutError):
        return f"no answer in {TIMEOUT_S:.0f} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
