"""`report --format binder`: a folder per control."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from scanner.app.binder_folder import SUMS, check_place, write_folder
from scanner.app.digests import digest
from scanner.app.held import reader
from scanner.baseline.controls import Framework, shipped_controls
from scanner.errors import InputError, UsageError
from scanner.model.report import Report

if TYPE_CHECKING:
    from scanner.app.report_cmd import Opened
    from scanner.model.pages import PageFile
    from scanner.render.binder import Binder, BinderFacts

_MAX_SEED_CHARS: Final = 200
_LINK: Final = re.compile(rb'(<a(?: class="[^"]*")?) href="[^"#][^"]*"')
_COPIED: Final = ("manifest.json", "manifest.dsse.json", "manifest.tsr")


class BinderOptions(msgspec.Struct, frozen=True):
    """What the user decided."""

    framework: str = "soc2"
    sample_size: int = 5
    seed: str | None = None
    """None: the hash of the bundle's manifest, which nobody chose."""


def prepare_binder(options: BinderOptions) -> Framework:
    """Return the framework that was named. Raises `UsageError` if there is none, or the seed cannot be told again."""
    if options.seed is not None and (not options.seed.isprintable() or not 0 < len(options.seed) <= _MAX_SEED_CHARS):
        raise UsageError(f"`--seed` is not 1 to {_MAX_SEED_CHARS} characters of plain text")
    known = {framework.key: framework for framework in shipped_controls().frameworks}
    if options.framework not in known:
        advice = f"known: {', '.join(sorted(known))}"
        raise UsageError(f"framework `{options.framework[:40]}` is unknown", advice=advice)
    return known[options.framework]


def binder_place(opened: Opened, options: BinderOptions, directory: Path) -> Path:
    """Return where the binder of a bundle goes.

    Raises `UsageError` if there is no bundle behind the report, or what is there is not a binder as it was written.
    """
    _bundle_of(opened)
    target = directory / f"binder-{options.framework}-{opened.report.run.run_id}"
    check_place(target)
    return target


def write_binder(opened: Opened, options: BinderOptions, directory: Path) -> Path:
    """Write the binder of a bundle into a directory and return its path; one as it was written is replaced.

    Raises `UsageError` as `binder_place` does, or if no result speaks to the framework, `RenderError` if it cannot be
    written.
    """
    framework = prepare_binder(options)
    target = binder_place(opened, options, directory)
    write_folder(target, binder_files(opened, _bundle_of(opened), framework, options))
    return target


def _bundle_of(opened: Opened) -> Path:
    if opened.bundle is None or opened.manifest_sha256 is None:
        advice = "give the evidence bundle of the run"
        raise UsageError("a binder needs the raw answers, and a report.json has none", advice=advice)
    return opened.bundle


def binder_files(opened: Opened, bundle: Path, framework: Framework, options: BinderOptions) -> dict[str, bytes]:
    """Return every file of a binder, SHA256SUMS last. The same bundle, options and browser give the same bytes."""
    from scanner.render.binder import BinderFacts, make_binder
    from scanner.render.binder_html import render_covers, render_index

    manifest_sha256 = opened.manifest_sha256 or ""
    facts = BinderFacts(
        framework=framework.title,
        seed=options.seed or manifest_sha256,
        per_kind=options.sample_size,
        manifest_sha256=manifest_sha256,
        profile=opened.profile,
    )
    report = opened.report
    binder = make_binder(report, facts, _raw(bundle, opened.raw_sha256))
    if not binder.controls:
        raise UsageError(f"no result of this run speaks to {framework.title}", advice=_spoken(report))
    covers = render_covers(report, binder)
    printed = _printed(covers, report)
    files = {
        **binder.files,
        **covers,
        **printed,
        "index.html": render_index(report, binder, with_pdf=bool(printed), unspoken=_unspoken(binder, facts)),
        **_copied(bundle),
    }
    sums = "".join(f"{digest(files[path])}  {path}\n" for path in sorted(files))
    return {**files, SUMS: sums.encode()}


def _raw(bundle: Path, listed: Mapping[str, str]) -> Callable[[PageFile], bytes]:
    """Return what reads a raw answer: only files that the manifest lists, with the hash both it and the report say."""
    read = reader(bundle)

    def raw(page: PageFile) -> bytes:
        if listed.get(page.path) != page.sha256:
            raise InputError(f"bundle `{bundle}`: report.json names an answer that its manifest does not")
        data = read(page.path)
        if hashlib.sha256(data).hexdigest() != page.sha256:
            raise InputError(f"bundle `{bundle}`: `{page.path}`: its SHA-256 differs")
        return data

    return raw


def _copied(bundle: Path) -> dict[str, bytes]:
    """Return the manifest with its signature, stamp and reviews: what ties the raw answers to who vouches for them."""
    from scanner.evidence.review import reviews_in, target_of

    names = [name for name in _COPIED if (bundle / name).is_file()] + reviews_in(target_of(bundle))
    read = reader(bundle)
    return {f"bundle/{name}": read(name) for name in names}


def _unspoken(binder: Binder, facts: BinderFacts) -> tuple[str, ...]:
    """Return the controls of our mapping that no result of this run speaks to."""
    from scanner.render.binder import natural

    families = shipped_controls().families
    mapped = {link.id for family in families for link in family.links if link.framework == facts.framework}
    return tuple(sorted(mapped - {control.id for control in binder.controls}, key=natural))


def _spoken(report: Report) -> str:
    titles = sorted({link.framework for finding in report.findings for link in finding.controls})
    return f"results speak to: {', '.join(titles) or 'no framework'}"


def _printed(covers: Mapping[str, bytes], report: Report) -> dict[str, bytes]:
    """Return each cover as a PDF where there is a Chromium; without one the covers stay pages."""
    from scanner.render.pdf import find_chromium, print_pages

    browser = find_chromium()
    if browser is None:
        return {}
    # A browser makes links of a page absolute: on paper they would lead into its own directory, which is gone.
    pages = {path.removesuffix(".html") + ".pdf": _LINK.sub(rb"\1", page) for path, page in covers.items()}
    return print_pages(pages, report.run.ended, browser)
