"""The porter.yaml files of a target: what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scanner.app.config.paths import declared_files, documented_spec
from scanner.app.config.shape import Place, Problem
from scanner.baseline.load import find, has_services
from scanner.collect.porter_yaml import read_porter_yaml
from scanner.errors import BaselineError, InputError
from scanner.model.config import Target


def declared_problems(target: Target, place: Place, directory: Path, documented: str | None) -> Iterator[Problem]:
    """Yield each file that cannot be read or is given twice, and files that `documented` has no part for.

    Where nothing says what is documented, the program's own version counts, which has that part.
    """
    seen: set[Path] = set()
    for number, file in enumerate(declared_files(target, directory)):
        at = place.at("porter_yaml").at(number)
        if file in seen:
            yield at.problem("is given twice")
            continue
        seen.add(file)
        try:
            read_porter_yaml(file)
        except InputError as error:
            yield at.problem(str(error))
    if target.porter_yaml and documented is not None and not _knows_services(documented, directory):
        said = f"documented version `{documented}` has no part on services' own identities"
        yield place.at("porter_yaml").problem(said)


def _knows_services(documented: str, directory: Path) -> bool:
    """Return whether a version has that part; one that is not there is a problem of its own key."""
    try:
        return has_services(find(documented_spec(documented, directory)))
    except BaselineError:
        return True
