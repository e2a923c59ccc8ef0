"""The engine refuses to judge nothing: no answer of it rests on an empty list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scanner.app.catalogue import load_catalogue
from scanner.assess.runner import Terms
from scanner.baseline.load import find
from scanner.baseline.version import load_version
from scanner.engine import RunFacts, evaluate
from scanner.errors import InputError
from scanner.model import kinds_gcp
from scanner.model.report import Report
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitStatus

NOW = datetime(2026, 6, 1, tzinfo=UTC)
FOLDER = Scope("gcp", "folder", "folders/1")
ACCOUNT = Scope("aws", "account", "1" * 12, partition="aws")
TENANT = Scope("azure", "tenant", "t")


def judged(scopes: tuple[Scope, ...], *units: Unit) -> Report:
    snapshot = Snapshot(SNAPSHOT_SCHEMA, SourceKind.LIVE, "0", NOW, scopes, units)
    documented = load_version(find("porter@2026-05"), ("aws", "gcp", "azure"))
    terms = Terms(as_of=NOW, catalogue=load_catalogue())
    return evaluate(snapshot, documented=documented, terms=terms, facts=RunFacts("r", NOW, NOW))


@pytest.mark.parametrize(
    ("scopes", "said"),
    [
        ((), "names no account, project or subscription"),
        ((Scope("ibm", "account", "1"),), "`ibm`"),
        ((ACCOUNT, Scope("ibm", "account", "1")), "`ibm`"),
        ((FOLDER,), "names no project of gcp"),
        ((ACCOUNT, FOLDER), "names no project of gcp"),
        ((TENANT,), "names no subscription of azure"),
    ],
)
def test_a_cloud_of_which_nothing_can_be_judged_is_refused(scopes: tuple[Scope, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        judged(scopes)


def test_a_folder_whose_projects_were_not_listed_is_not_proven() -> None:
    where = f"gcp/{FOLDER.id}/global/{kinds_gcp.PROJECTS}"
    unread = Unit(where, kinds_gcp.PROJECTS, "gcp", FOLDER.id, "global", True, UnitStatus.DENIED, ("x:List",))
    assert judged((FOLDER,), unread).verdict.as_documented == "not proven"


def test_an_account_without_a_single_unit_is_not_proven() -> None:
    assert judged((ACCOUNT,)).verdict.as_documented == "not proven"
