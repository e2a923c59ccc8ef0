"""A message on an SNS topic: the one call of this product that writes to a cloud, by a client that can do nothing else.

It is not part of a scan, is on no scanner's allow-list, and needs `sns:Publish` on the topic alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scanner.errors import ForbiddenCallError, NotifyError
from scanner.model.notice import Notice
from scanner.notify.http import TIMEOUT_S, TRIES
from scanner.notify.message import Message
from scanner.notify.text import plain

if TYPE_CHECKING:
    from botocore.client import BaseClient

ONLY_CALL = "Publish"
# API reference of Publish: a subject is ASCII, on one line, shorter than 100 characters.
_MAX_SUBJECT = 99
_MAX_BYTES = 200_000


def publish(topic: str, message: Message, notice: Notice, *, profile: str | None = None) -> None:
    """Publish a message; raises `NotifyError`."""
    import botocore.exceptions

    client = _client(topic, profile)
    text = message.text.encode()[:_MAX_BYTES].decode(errors="ignore")
    try:
        client.publish(  # type: ignore[attr-defined]
            TopicArn=topic,
            Subject=_ascii(message.subject),
            Message=text,
            MessageAttributes={
                "porter_audit_key": {"DataType": "String", "StringValue": notice.key},
                "porter_audit_events": {"DataType": "String.Array", "StringValue": json.dumps(list(notice.events))},
            },
        )
    except botocore.exceptions.ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise NotifyError(f"SNS: the topic refused the message: {plain(str(code), 60)}") from error
    except botocore.exceptions.BotoCoreError as error:
        raise NotifyError(f"SNS: no success: {type(error).__name__}") from error


def _client(topic: str, profile: str | None) -> BaseClient:
    try:
        import boto3
        import botocore.exceptions
        from botocore.config import Config
    except ImportError as error:
        raise NotifyError("SNS: boto3 is not installed", advice="pip install 'porter-audit[aws]'") from error
    config = Config(
        connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": TRIES}
    )
    try:
        session = boto3.Session(profile_name=profile)
        client: BaseClient = session.client("sns", region_name=topic.split(":")[3], config=config)
    except botocore.exceptions.BotoCoreError as error:
        raise NotifyError(f"SNS: {' '.join(str(error).split())[:200]}") from error
    client.meta.events.register("before-call", _only_publish)
    return client


def _only_publish(model: Any, **_: Any) -> None:
    if model.name != ONLY_CALL:
        raise ForbiddenCallError(f"SNS: call `{model.name}` is not the one this client may make")


def _ascii(text: str) -> str:
    return plain(text, _MAX_SUBJECT).encode("ascii", "replace").decode()[:_MAX_SUBJECT]
