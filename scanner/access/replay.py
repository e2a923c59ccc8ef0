"""Run every witness on the second evaluator before anybody sees it."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.access.authorize import Permits
from scanner.access.authorize_rule import read_request
from scanner.access.records import NamedDocument, Request
from scanner.errors import DisagreementError

UNCONFIRMED = "the second evaluator cannot decide the example request"
VARIABLE = "a policy variable in a resource, whose value depends on the request"


class Replay:
    """The two sides of one direction, as the second evaluator reads them."""

    def __init__(self, own: Sequence[NamedDocument], other: Sequence[NamedDocument], kind: str) -> None:
        self._own, self._other, self._kind = own, other, kind
        self._permits: tuple[Permits, Permits] | None = None

    def objection(self, request: Request, *, tentative: bool) -> str:
        """Return why the request proves nothing, or an empty string if one side allows it and the other does not.

        Raises `DisagreementError` where the evaluators contradict each other; a tentative request may prove wrong.
        """
        if self._permits is None:
            own, other = ([d.body for d in side] for side in (self._own, self._other))
            self._permits = Permits(own, self._kind), Permits(other, self._kind)
        view = read_request(request)
        mine, theirs = (permits(view) for permits in self._permits)
        if mine is True and theirs is False:
            return ""
        if mine is not None and theirs is not None and not tentative:
            raise DisagreementError(
                f"the two evaluators disagree about `{request.action}` on `{request.resource}`"
                f" by `{request.principal}` in `{request.context}`: allowed here {mine}, there {theirs}"
            )
        return VARIABLE if tentative else UNCONFIRMED
