"""Turn a saved documentation page into a documented version's file, and say what in it needs a person."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import msgspec

from scanner.app.catalogue import load_catalogue
from scanner.app.files import write_all
from scanner.baseline.aws_file import read_aws
from scanner.baseline.aws_links import check_links
from scanner.baseline.dump import dump_aws
from scanner.baseline.load import AWS_FILE, find, known, load_aws
from scanner.baseline.page.make import Imported, based_on, imported_version
from scanner.baseline.page.read import read_inventory, settlements_of
from scanner.baseline.page.records import PageInventory, PageNote
from scanner.baseline.page.source import PageText, read_page
from scanner.baseline.records import AwsBaseline, SourceDocument
from scanner.baseline.yaml_text import MAX_BYTES, read_yaml
from scanner.errors import BaselineError, InputError, UsageError

_NAME = re.compile(r"(?P<vendor>[a-z0-9][a-z0-9-]*)@(?P<version>[A-Za-z0-9][A-Za-z0-9._-]*)\Z")
_PAGE = "PAGE"
"""Short name of the imported document, where the earlier version does not know it."""


class ImportOptions(msgspec.Struct, frozen=True):
    """What the user decided."""

    page: Path
    name: str | None = None
    """`vendor@version` of the result; default: the earlier version's name, else the roles' prefix and `imported`."""
    based_on: str | None = None
    out: Path | None = None
    url: str | None = None
    retrieved: date | None = None
    partial: bool = False
    """Give the file although parts of the page were not understood."""


class ImportResult(msgspec.Struct, frozen=True):
    """What came of it. `text` is the file, None where it is incomplete and was not asked for."""

    style: str
    roles: int
    statements: int
    problems: tuple[PageNote, ...]
    notices: tuple[PageNote, ...]
    unused: tuple[PageNote, ...]
    text: str | None
    id: str

    @property
    def complete(self) -> bool:
        """Return whether every role, table and row was understood."""
        return not self.problems


def import_page(options: ImportOptions, today: date) -> ImportResult:
    """Read the page and write the file if `out` is given and nothing is missing, or `partial` is set.

    Raises `InputError` if the page cannot be read, `BaselineError` if it is not a page, `UsageError` for a bad name.
    """
    data = _bytes(options.page)
    page = read_page(data)
    base = load_aws(find(options.based_on)) if options.based_on else None
    versions = _shipped(base)
    vendor, version = _named(options, base, page, versions)
    document = SourceDocument(
        name=_PAGE,
        title=options.page.name,
        url=options.url,
        retrieved=(options.retrieved or today).isoformat(),
        sha256=hashlib.sha256(data).hexdigest(),
        publication="not recorded",
    )
    inventory = read_inventory(
        page, load_catalogue(), document=_PAGE, vendor=vendor, settlements=settlements_of(versions)
    )
    imported = _imported(inventory, document, base, vendor, version, versions)
    result = _result(page, inventory, imported, options)
    if options.out is not None and result.text is not None:
        write_all({options.out: result.text.encode("utf-8")})
    return result


def _imported(
    inventory: PageInventory,
    document: SourceDocument,
    base: AwsBaseline | None,
    vendor: str,
    version: str,
    versions: Sequence[AwsBaseline],
) -> Imported:
    alone = imported_version(inventory, document, vendor=vendor, version=version, known=versions)
    if base is None:
        return alone
    merged = based_on(alone.baseline, base, vendor=vendor, version=version)
    return Imported(merged.baseline, (*alone.notices, *merged.notices))


def _result(page: PageText, inventory: PageInventory, imported: Imported, options: ImportOptions) -> ImportResult:
    problems = list(inventory.problems)
    text = dump_aws(imported.baseline)
    refused = _refused(text) if imported.baseline.roles else None
    if refused is not None and not problems:
        problems.append(PageNote(0, "", refused))
    given = text if refused is None and imported.baseline.roles and (options.partial or not problems) else None
    return ImportResult(
        style=page.style,
        roles=len(imported.baseline.roles),
        statements=sum(len(role.statements) for role in imported.baseline.roles),
        problems=tuple(problems),
        notices=(*inventory.notices, *inventory.unknown_actions, *imported.notices),
        unused=inventory.unused,
        text=given,
        id=imported.baseline.id,
    )


def _refused(text: str) -> str | None:
    """Return why the loader would refuse the file, or None: what is given out must be usable."""
    where = f"baseline `{AWS_FILE}`"
    try:
        check_links(read_aws(read_yaml(text.encode("utf-8"), where), where), where)
    except BaselineError as error:
        return str(error)
    return None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "cannot be read").lower()
        raise InputError(f"page `{path}`: {reason}") from error


def _shipped(base: AwsBaseline | None) -> tuple[AwsBaseline, ...]:
    """Return the versions whose variables and settled conditions an import may use, the earlier version first."""
    others = (load_aws(find(spec) / AWS_FILE) for spec in known() if (find(spec) / AWS_FILE).is_file())
    return (*([base] if base else []), *others)


def _named(
    options: ImportOptions, base: AwsBaseline | None, page: PageText, versions: Iterable[AwsBaseline]
) -> tuple[str, str]:
    """Return vendor and version of the result."""
    if options.name is not None:
        match = _NAME.match(options.name)
        if match is None:
            raise UsageError(f"`{options.name[:80]}` is not of the form vendor@version")
        return match["vendor"], match["version"]
    if base is not None:
        return base.vendor, base.version
    text = "\n".join(line.text for line in page.lines)
    vendors = {version.vendor: text.count(f"{version.name_prefix}-") for version in versions}
    best = max(vendors, key=lambda name: vendors[name], default="vendor")
    return (best if vendors.get(best) else "vendor"), "imported"
