"""waivers.yaml: read strictly, checked entry by entry; the first thing that is wrong is named with its place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from scanner.baseline.fields import Fields, shown
from scanner.baseline.yaml_text import MAX_BYTES, read_yaml
from scanner.errors import BaselineError, InputError
from scanner.model.common import check_moments
from scanner.model.snapshot import UnitStatus
from scanner.model.waiver import AllowedDeviation, Ceiling, Waiver, WaiverKind, WaiverMatch

SCHEMA = "porter-audit/waivers/v1"
MAX_DAYS = 365
MIN_REASON = 20
_MAX_WAIVERS = 5_000
_MAX_TEXT = 2_000
_TOP = "schema waivers"
_ENTRY = "id kind match reason owner approved_by ticket created expires ceiling"
_MATCH = "fingerprint rule_id subject unit scope"
_CEILING = "content_hash content_hashes deviations statuses"
_DEVIATION = "kind actions resources conditions principals"
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_GAPS = " ".join(s.value for s in UnitStatus if s not in (UnitStatus.COMPLETE, UnitStatus.NOT_IN_INPUT))
_PIECES = "action resource condition principal"


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers of a file. Raises `InputError` naming file, entry and key."""
    where = f"waivers `{shown(path.name)}`"
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{where}: {(error.strerror or 'cannot be read').lower()}") from error
    return read_waivers(data, where)


def read_waivers(data: bytes, where: str) -> tuple[Waiver, ...]:
    """Return the waivers in `data`; raises `InputError` starting with `where`."""
    try:
        top = Fields(read_yaml(data, where), where, _TOP)
        top.choice("schema", SCHEMA)
        if not top.has("waivers"):
            raise top.error("missing key `waivers`")
        entries = list(top.items("waivers", _ENTRY, "waiver"))
        if len(entries) > _MAX_WAIVERS:
            raise top.error(f"more than {_MAX_WAIVERS} waivers")
        waivers = tuple(_waiver(entry) for entry in entries)
        _unique(top, waivers)
    except BaselineError as error:
        advice = "`porter-audit waivers lint --help` shows an entry; `waivers lint FILE` names what is wrong"
        raise InputError(str(error), advice=advice) from error
    return waivers


def _unique(top: Fields, waivers: tuple[Waiver, ...]) -> None:
    seen: set[str] = set()
    for waiver in waivers:
        if waiver.id in seen:
            raise top.error(f"two waivers have the id `{shown(waiver.id)}`")
        seen.add(waiver.id)


def _waiver(entry: Fields) -> Waiver:
    kind = WaiverKind(entry.choice("kind", " ".join(k.value for k in WaiverKind)))
    created = _day(entry, "created")
    ends, last = _end(entry)
    try:
        check_moments(created, ends)
    except ValueError as error:
        raise entry.error(f"`created` or `expires` is {error}") from None
    days = (last - created.date()).days
    if days < 0:
        raise entry.error("`expires` is before `created`")
    if days > MAX_DAYS:
        raise entry.error(f"`expires` is {days} days after `created`; at most {MAX_DAYS} are allowed")
    return Waiver(
        id=_text(entry, "id"),
        kind=kind,
        match=_match(entry, kind),
        ceiling=_ceiling(entry, kind),
        reason=_reason(entry),
        owner=_text(entry, "owner"),
        approved_by=_approver(entry),
        ticket=_ticket(entry),
        created=created,
        ends=ends,
        expires=_text(entry, "expires"),
        days=days,
    )


def _text(fields: Fields, key: str) -> str:
    text = fields.text(key).strip()
    if len(text) > _MAX_TEXT:
        raise fields.error(f"`{key}` is longer than {_MAX_TEXT} characters")
    return text


def _reason(entry: Fields) -> str:
    reason = _text(entry, "reason")
    if len(reason) < MIN_REASON:
        raise entry.error(f"`reason` has {len(reason)} characters; at least {MIN_REASON} are needed")
    return reason


def _approver(entry: Fields) -> str:
    approver = _text(entry, "approved_by")
    if approver.casefold() == _text(entry, "owner").casefold():
        raise entry.error("`approved_by` is the owner; somebody else must approve")
    return approver


def _ticket(entry: Fields) -> str:
    ticket = _text(entry, "ticket")
    try:
        parts = urlsplit(ticket)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("https", "http") or not parts.netloc or any(c.isspace() for c in ticket):
        raise entry.error("`ticket` must be a web address")
    return ticket


def _match(entry: Fields, kind: WaiverKind) -> WaiverMatch:
    match = entry.fields("match", _MATCH)
    fingerprint, rule_id, subject, unit, scope = (match.optional_text(key) for key in _MATCH.split())
    if kind is WaiverKind.ACK:
        if unit is None or fingerprint or rule_id or subject:
            raise match.error("kind `ack` matches by `unit`, and `scope` if wanted")
        return WaiverMatch(unit=unit, scope=scope)
    if unit is not None:
        raise match.error(f"`unit` belongs to kind `ack`, not `{kind.value}`")
    if fingerprint is not None:
        if rule_id or subject:
            raise match.error("give `fingerprint`, or `rule_id` with `subject`, not both")
        return WaiverMatch(fingerprint=_hash(match, fingerprint, "fingerprint"), scope=scope)
    if rule_id is None or subject is None:
        raise match.error("give `fingerprint`, or `rule_id` with `subject`")
    return WaiverMatch(rule_id=rule_id, subject=subject, scope=scope)


def _ceiling(entry: Fields, kind: WaiverKind) -> Ceiling:
    ceiling = entry.fields("ceiling", _CEILING)
    hashes = ceiling.texts("content_hashes", required=False)
    one = ceiling.optional_text("content_hash")
    hashes = (*hashes, *((one,) if one is not None else ()))
    deviations = tuple(_deviation(piece) for piece in ceiling.items("deviations", _DEVIATION, "deviation"))
    statuses = ceiling.texts("statuses", required=False)
    if kind is WaiverKind.ACK:
        if not statuses or hashes or deviations:
            raise ceiling.error("kind `ack` is bound by `statuses`, how reading may end, for example [denied]")
        for status in statuses:
            if status not in _GAPS.split():
                raise ceiling.error(f"`{shown(status)}` is not how a gap looks; known: {_GAPS.replace(' ', ', ')}")
        return Ceiling(statuses=statuses)
    if statuses:
        raise ceiling.error(f"`statuses` belongs to kind `ack`, not `{kind.value}`")
    if not hashes and not deviations:
        raise ceiling.error("give `content_hash` (in report.json beside the finding) or `deviations`")
    return Ceiling(tuple(_hash(ceiling, h, "content_hash") for h in hashes), deviations)


def _deviation(piece: Fields) -> AllowedDeviation:
    return AllowedDeviation(
        kind=piece.choice("kind", _PIECES),
        actions=piece.texts("actions"),
        resources=piece.texts("resources", required=False),
        conditions=dict(piece.pairs("conditions")),
        principals=dict(piece.pairs("principals")),
    )


def _hash(fields: Fields, text: str, key: str) -> str:
    if not _HEX.match(text):
        raise fields.error(f"`{key}` must be 64 hex digits, as in report.json")
    return text


def _day(entry: Fields, key: str) -> datetime:
    text = _text(entry, key)
    if _DATE.match(text):
        return datetime.combine(_date(entry, key, text), time.min, UTC)
    return _moment(entry, key, text)


def _end(entry: Fields) -> tuple[datetime, date]:
    """Return the first moment out of force, and the last day in it: a date means to the end of that day, UTC."""
    text = _text(entry, "expires")
    if _DATE.match(text):
        last = _date(entry, "expires", text)
        if last == date.max:
            raise entry.error("`expires` is too far away")
        return datetime.combine(last + timedelta(days=1), time.min, UTC), last
    moment = _moment(entry, "expires", text)
    return moment, moment.date()


def _date(entry: Fields, key: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise entry.error(f"`{key}` is not a date: `{shown(text)}`") from None


def _moment(entry: Fields, key: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise entry.error(f"`{key}` has no time zone; write 2026-05-01 or 2026-05-01T00:00:00Z")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise entry.error(f"`{key}` must be a date or a time, not `{shown(text)}`") from None

