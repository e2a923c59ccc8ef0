"""What the access engine remembers from one target to the next, and where that ends."""

from __future__ import annotations

import sys
from typing import Any

MOST = 20_000
"""Remembered answers that are kept between targets: about 20 MB, a hundred accounts of fifty roles."""
_ENGINE = "scanner.access."


def forget_if_many() -> None:
    """Empty the access engine's tables once they hold more than `MOST` answers.

    They are there for the many questions of one target. What Porter documents is asked everywhere and is soon known
    again; ARNs are each account's own, and those of a thousand accounts help nobody. Other threads ask anew.
    """
    known = tables()
    if sum(table.cache_info().currsize for table in known) > MOST:
        for table in known:
            table.cache_clear()


def tables() -> list[Any]:
    """Return the `lru_cache` functions of the engine's modules that are loaded."""
    loaded = [module for name, module in sys.modules.copy().items() if name.startswith(_ENGINE)]
    named = [one for module in loaded for one in vars(module).copy().values()]
    found = {id(one): one for one in named if hasattr(one, "cache_clear")}
    return list(found.values())
