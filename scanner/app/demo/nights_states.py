"""What a loopback cloud looks like on different nights, and which cloud is in which state when."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

import msgspec

from scanner.app.demo.reading import DemoReading
from scanner.app.sources.aws import Progress

# d: as documented; w: widened; b: widened and loosened; x: the same as b, and something cannot be read; -: no run.
STORIES: Final = {
    "aws": "ddwwbxbw-wwbdw",
    "gcp": "ddwwbbxw-wbwdw",
    "azure": "ddwwxbbw-wwbdw",
}
"""A fortnight of each cloud; longer spans begin it anew.

On the night without a run there is none anywhere. What AWS could not read is there again the night after, what GCP
could not read is gone by then, and what Azure could not read was never seen before.
"""
NO_RUN: Final = "-"


class States(msgspec.Struct, frozen=True):
    """A cloud as it is read on different nights."""

    documented: DemoReading
    widened: DemoReading
    both: DemoReading
    denied: DemoReading
    """With both changes, and something refuses to be read."""


class ReadStates(Protocol):
    """Writes the documented cloud, changes it step by step and reads each state once, with the cloud's real clients."""

    def __call__(self, baseline: str, *, made: datetime, progress: Progress | None = None) -> States:
        """Take the documented version and when the cloud was made, so that nothing in it is later than a night."""
        ...


def reading_of(states: States, cloud: str, number: int) -> DemoReading | None:
    """Return what is read of a cloud on a night, None where there is no run."""
    story = STORIES[cloud]
    return {
        "d": states.documented,
        "w": states.widened,
        "b": states.both,
        "x": states.denied,
        NO_RUN: None,
    }[story[number % len(story)]]
