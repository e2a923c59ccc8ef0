"""What a run asks: whether access is as documented, or whether any of it is left."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Question(str, Enum):
    """The question a report answers; its verdict says yes, no or not proven to it."""

    DOCUMENTED = "documented"
    """Does the vendor have only what it documents?"""
    REVOKED = "revoked"
    """Is nothing of the vendor left?"""


LEADS: Final[dict[Question, tuple[str, str]]] = {
    Question.DOCUMENTED: ("As documented:", "What the documented access allows:"),
    Question.REVOKED: ("Nothing of Porter is left:", "What still lets Porter in:"),
}
"""What people read before the answer, and before the second line of the verdict."""
