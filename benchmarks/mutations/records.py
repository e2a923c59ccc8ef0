"""What a mutation is, what must be said of it, and what was."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from scanner.access.records import Request
from scanner.model.finding import Result
from scanner.model.snapshot import Snapshot
from scanner.rules.base import Settings

FAIL = frozenset({Result.FAIL})
JUDGED = frozenset({Result.FAIL, Result.MANUAL})
OPEN = frozenset({Result.FAIL, Result.MANUAL, Result.INCOMPLETE})
"""For documents that the provider would refuse: any answer but PASS."""


class Kind(msgspec.Struct, frozen=True):
    """One kind of mutation or rewrite."""

    name: str
    must: frozenset[str] = frozenset()
    """Every one of these rules has to report it."""
    any_of: frozenset[str] = frozenset()
    """At least one of these has to, if there are any."""
    may: frozenset[str] = frozenset()
    """These may report it too. What any other rule of the conformance axis says is a false alarm."""
    results: frozenset[Result] = FAIL
    """How it may be reported."""
    access: bool = False
    """Access changed: a request that is allowed now and was not before has to be shown."""
    rewrite: bool = False
    """It means the same: nothing may be reported."""

    @property
    def right(self) -> frozenset[str]:
        """Return every rule whose word is the right one."""
        return self.must | self.any_of


Changed = Callable[[], Request | None]
"""Look, by trying requests on the second evaluator, for one that is allowed after the mutation and not before."""
Confirms = Callable[[Request], bool]
"""Ask the second evaluator whether a request is allowed after the mutation and not before."""


class Mutant(msgspec.Struct, frozen=True):
    """One mutated state."""

    cloud: str
    kind: Kind
    place: str
    """Where it was made, for people."""
    base: Snapshot
    """What it was made from."""
    snapshot: Snapshot
    subject: str = ""
    """Part of the subject that findings must name; empty: any."""
    settings: Settings = Settings()
    changed: Changed | None = None
    """None: not a question of access; the finding has to show what was seen instead."""
    confirms: Confirms | None = None


class Verdict(msgspec.Struct, frozen=True):
    """How the product did on one mutant."""

    cloud: str
    version: str
    kind: str
    place: str
    intended: bool
    """It was made to mean the same."""
    rewrite: bool
    """It means the same: it was made so, or trying requests showed no difference."""
    found: bool = False
    right: bool = False
    shown: bool = False
    """A request that the second evaluator confirms, or the value that was seen."""
    alarms: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    blind: bool = False
    """No request that was tried showed the change; the product's own example did, and the second evaluator agreed."""


Mutants = Iterator[Mutant]
