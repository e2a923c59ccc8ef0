"""Find the data that ships with the product: documented versions and report templates.

A wheel carries them inside the package (`scanner/_data`); a checkout and an editable install have them at the top
level.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """Return the directory of shipped data called `name` (`baselines` or `templates`)."""
    packaged = _PACKAGE / "_data" / name
    if packaged.is_dir():
        return packaged
    top_level = {"baselines": "baselines", "templates": "reports/templates"}[name]
    return _PACKAGE.parent / top_level
