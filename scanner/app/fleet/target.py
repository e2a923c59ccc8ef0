"""Read and judge one target of a fleet, wherever that happens; a target that cannot be read gets a report of that."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from scanner import __version__
from scanner.app.clouds import WORDS, LiveOptions
from scanner.app.declared import declared_units, with_declared
from scanner.app.exit_codes import INCOMPLETE, INTERNAL
from scanner.app.fleet.digest import digest
from scanner.app.fleet.memory import forget_if_many
from scanner.app.fleet.ready import ready
from scanner.app.fleet.work import Done, Work
from scanner.app.outputs import Format, documents
from scanner.app.params import Parameter, parse_parameters, read_secret
from scanner.app.past import Past
from scanner.app.run_facts import now
from scanner.app.scan import ScanOptions, ScanOutcome, judge, scan
from scanner.app.sources.aws import AwsOptions
from scanner.app.sources.azure import AzureOptions
from scanner.app.sources.gcp import GcpOptions
from scanner.baseline.load import find
from scanner.baseline.version import DocumentedVersion, load_version
from scanner.collect.installation_key import load_hmac_key
from scanner.errors import PorterAuditError, UsageError
from scanner.model import kinds, kinds_azure, kinds_gcp
from scanner.model.fleet import TARGET_SCHEMA, FleetTarget, Place, Reach, TargetResult
from scanner.model.history import Previous
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitError, UnitStatus

_LATE = "the time of the whole run was over before this target was read"
_UNITS: dict[str, tuple[kinds.UnitKind, ...]] = {
    "aws": kinds.AWS_UNIT_KINDS,
    "gcp": kinds_gcp.GCP_UNIT_KINDS,
    "azure": (*kinds_azure.AZURE_UNIT_KINDS, *kinds_azure.ENTRA_UNIT_KINDS),
}
# Regions of one account are read side by side by no more than this: accounts are, and the interpreter is one.
_REGIONS_AT_ONCE = 2


def key_check() -> str:
    """Return what tells two installation keys apart and nothing of either. Raises `UsageError`."""
    return hashlib.sha256(b"porter-audit fleet key check\0" + load_hmac_key()).hexdigest()[:16]


def read_target(work: Work) -> Done:
    """Return how reading and judging one target ended.

    Whatever is wrong with the target ends as a result that says why. Only an error of this program is raised.
    """
    ready()
    remaining_s = (work.ends_at - now()).total_seconds()
    if remaining_s <= 0:
        return unread(work, Reach.LATE, _LATE)
    try:
        if key_check() != work.key_check:
            raise UsageError(
                "the installation key here is another than where the run is led",
                advice="give every worker the same key file, named in PORTER_AUDIT_KEY_FILE",
            )
        outcome = scan(_options(work, min(work.target_deadline_s, remaining_s)))
        _same_place(work.target.place, outcome)
        return _done(work, outcome)
    except PorterAuditError as error:
        return unread(work, Reach.FAILED, str(error), error.advice or "")
    finally:
        forget_if_many()


def unread(work: Work, reach: Reach, why: str, advice: str = "") -> Done:
    """Return the result of a target that was not read, with a report in which every unit says why.

    Without parameters, which may be what is wrong; where not even such a report can be made, the result stands alone.
    """
    status = UnitStatus.NOT_ATTEMPTED if reach is Reach.LATE else UnitStatus.ERROR
    try:
        documented = load_version(find(work.target.documented), [work.target.place.cloud])
        options = _judged_by(work, ())
        snapshot = with_declared(_unread_snapshot(work.target, status, why), _declared(options, documented))
        outcome = judge(options, snapshot, documented, now())
        return _done(work, outcome, reach, why, advice)
    except PorterAuditError:
        return Done(_bare(work, reach, why, advice), {})


def _declared(options: ScanOptions, documented: DocumentedVersion) -> tuple[Unit, ...]:
    """Return what services declare, to be named as not proven; nothing where the files themselves are at fault."""
    try:
        return declared_units(options.porter_yaml, documented, now())
    except PorterAuditError:
        return ()


def broken(work: Work, error: BaseException) -> Done:
    """Return the result of a target in which this program, or the process that read it, failed."""
    said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    result = _bare(work, Reach.BROKEN, f"internal error: {said}", "run again; if it stays, send us this line")
    return Done(msgspec.structs.replace(result, exit_code=INTERNAL), {})


def _done(work: Work, outcome: ScanOutcome, reach: Reach = Reach.READ, why: str = "", advice: str = "") -> Done:
    from scanner.app.bundle import BundlePlan, contents

    formats = tuple(dict.fromkeys((Format.JSON, *work.formats)))
    files = {name: made for one in formats for name, made in documents(outcome.report, one).items()}
    bundle = None
    if work.bundle is not None:
        wanted = tuple(dict.fromkeys((Format.JSON, Format.HTML, Format.CSV, *formats)))
        bundle = contents(outcome, BundlePlan(Path(), work.bundle, wanted, work.target.documented))
    return Done(digest(work, outcome.report, reach, why, advice), files, bundle)


def _bare(work: Work, reach: Reach, why: str, advice: str) -> TargetResult:
    target = work.target
    return TargetResult(
        schema=TARGET_SCHEMA,
        fleet_run_id=work.fleet_run_id,
        place=target.place,
        asked=target.asked,
        approval=target.approval,
        presence=target.presence,
        documented=target.documented,
        reach=reach,
        exit_code=INCOMPLETE,
        as_documented="not proven",
        headline="nothing was read",
        why=why,
        advice=advice,
    )


def _same_place(place: Place, outcome: ScanOutcome) -> None:
    """Refuse to take one account's answer for another's."""
    read = [scope.id for scope in outcome.report.scopes if scope.kind == place.kind]
    if [one.lower() for one in read] != [place.id.lower()]:
        raise UsageError(f"asked for {place.kind} `{place.id}`, and what was read is `{', '.join(read) or 'nothing'}`")


def _options(work: Work, deadline_s: float) -> ScanOptions:
    target = work.target
    parameters = parse_parameters(target.parameters, environ=os.environ)
    named = WORDS[target.place.cloud].parameter
    if target.place.cloud == "aws" and named not in {parameter.name for parameter in parameters}:
        parameters = (*parameters, Parameter(named, target.place.id, "configuration"))
    return msgspec.structs.replace(_judged_by(work, parameters), live=_live(target, deadline_s, work.fleet_run_id))


def _judged_by(work: Work, parameters: tuple[Parameter, ...]) -> ScanOptions:
    gates = work.thresholds
    return ScanOptions(
        baseline=work.target.documented,
        cloud=work.target.place.cloud,
        parameters=parameters,
        presence=work.target.presence.value,
        fail_on=gates.fail_on.value,
        fail_on_posture=gates.fail_on_posture.value,
        allow_incomplete=gates.allow_incomplete,
        argv=work.argv,
        waivers=work.waivers,
        past=_KnownPast(work.previous, lost=work.history_lost) if work.with_history else None,
        ratchet=gates.ratchet,
        secret_expiry_days=gates.secret_expiry_days,
        porter_yaml=tuple(Path(file) for file in work.target.porter_yaml),
    )


def _live(target: FleetTarget, deadline_s: float, fleet_run_id: str) -> LiveOptions:
    one = target.place.id
    match target.place.cloud:
        case "aws":
            what = f"external_id of {target.asked}"
            secret = read_secret(target.external_id, environ=os.environ, what=what) if target.external_id else None
            return AwsOptions(
                profile=target.profile,
                regions=target.regions,
                assume_role_arn=target.role,
                assume_external_id=secret,
                deadline_s=deadline_s,
                concurrency=_REGIONS_AT_ONCE,
            )
        case "gcp":
            return GcpOptions(projects=(one,), impersonate=target.impersonate, deadline_s=deadline_s)
        case _:
            return AzureOptions(
                subscriptions=(one,), tenant=target.tenant, deadline_s=deadline_s, fleet_run_id=fleet_run_id
            )


class _KnownPast(Past):
    """What the leader of the run knows of the nights before; nothing is written from here."""

    def __init__(self, previous: Previous | None, *, lost: bool) -> None:
        super().__init__(lambda _: None)
        self._known = previous
        self.lost = lost

    def previous(self, scopes: Sequence[str]) -> Previous | None:
        """Return what was handed over."""
        return self._known


def _unread_snapshot(target: FleetTarget, status: UnitStatus, why: str) -> Snapshot:
    """Return a snapshot in which nothing was read and every unit says why."""
    place, moment = target.place, now()
    error = UnitError("TargetNotRead", why[:500])
    return Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.LIVE,
        tool_version=__version__,
        collected_at=moment,
        scopes=(Scope(place.cloud, place.kind, place.id, presence=target.presence.value),),
        units=tuple(_unit(place, kind, status, error, moment) for kind in _UNITS[place.cloud]),
    )


def _unit(place: Place, kind: kinds.UnitKind, status: UnitStatus, error: UnitError, moment: datetime) -> Unit:
    return Unit(
        unit_id=f"{place.cloud}/{place.id}/global/{kind.kind}",
        kind=kind.kind,
        cloud=place.cloud,
        scope_id=place.id,
        region="global",
        required=kind.required,
        status=status,
        apis=(),
        error=error,
        started=moment,
        ended=moment,
    )
