"""Run every witness on the second evaluator before anybody sees it."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.access.evaluator.authorize import Permits
from scanner.access.evaluator.rule import read_request
from scanner.access.records import NamedDocument, Request
from scanner.errors import DisagreementError

UNCONFIRMED = "the second evaluator cannot decide the example request"
VARIABLE = "a policy variable in a resource, whose value depends on the request"


class Replay:
    """The two sides of one direction, as the second evaluator reads them."""

    def __init__(
        self,
        own: Sequence[NamedDocument],
        other: Sequence[NamedDocument],
        kind: str,
        layers: Sequence[Sequence[NamedDocument]] = (),
    ) -> None:
        self._own, self._other, self._kind, self._layers = own, other, kind, layers
        self._permits: tuple[list[Permits], Permits] | None = None

    def objection(self, request: Request, *, tentative: bool) -> str:
        """Return why the request proves nothing, or an empty string if one side allows it and the other does not.

        Raises `DisagreementError` where the evaluators contradict each other; a tentative request may prove wrong.
        """
        if self._permits is None:
            within = [Permits([d.body for d in layer], "identity") for layer in self._layers]
            own = Permits([d.body for d in self._own], self._kind)
            self._permits = [own, *within], Permits([d.body for d in self._other], self._kind)
        view = read_request(request)
        answers = [permits(view) for permits in self._permits[0]]
        mine = False if False in answers else None if None in answers else True
        theirs = self._permits[1](view)
        if mine is True and theirs is False:
            return ""
        if mine is not None and theirs is not None and not tentative:
            raise DisagreementError(
                f"the two evaluators disagree about `{request.action}` on `{request.resource}`"
                f" by `{request.principal}` in `{request.context}`: allowed here {mine}, there {theirs}"
            )
        return VARIABLE if tentative else UNCONFIRMED
