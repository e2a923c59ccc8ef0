"""Any self-contained page of ours: one file that asks nobody for anything, safe with any name the cloud may hold.

A page is a template that extends `base.html.j2`, the styles it adds to `style.css`, and at most one script. Escaping is
the first line of defence; a Content-Security-Policy that names the hashes of exactly these texts is the second.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from scanner.errors import RenderError
from scanner.render.text import neutralise
from scanner.resources import data_dir

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_TICKED = re.compile(r"`([^`]+)`")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._:, -]")


class Frame(msgspec.Struct, frozen=True):
    """What stands around every page; texts may come from the cloud, the template escapes them."""

    title: str
    """The document's title."""
    subtitle: str
    """Scope, at the right of the header."""
    version: str
    """Of the program."""
    about: str
    """What the page is about, in the footer, for example `run 01JW...`."""
    tagline: str = "documented access, checked against live access"
    kind: str = ""
    """Class of the body, for styles."""
    vendor: str = "Porter"
    """Of whom the page is independent."""
    print_label: str = ""
    """At the bottom left of each printed page; only plain ASCII of it is kept."""


def render_page(
    template: str, frame: Frame, *, styles: tuple[str, ...] = (), script: str = "", **context: Any
) -> bytes:
    """Return `template` (a path under the templates) filled with `frame` and `context`, as UTF-8.

    `styles` and `script` are paths under the templates too; `style.css` always comes first. Same arguments, same bytes.
    Raises `RenderError` if a file that ships with the product cannot be read.
    """
    from markupsafe import Markup

    sheets = [_asset(name) for name in ("style.css", *styles)]
    if frame.print_label:
        sheets.append(_print_label(frame.print_label))
    code = _asset(script) if script else ""
    html = environment().get_template(template).render(
        frame=frame,
        policy=_policy(code, sheets),
        styles=[Markup(sheet) for sheet in sheets],
        script=Markup(code),
        **context,
    )
    return html.encode()


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the one environment of all pages: everything is escaped, an unknown name is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(data_dir("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["ticks"] = _ticks
    made.filters["thousands"] = _thousands
    made.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}
    return made


def _finalize(value: Any) -> Any:
    """Write out unseen characters of every plain text the template prints; markup made by the template passes."""
    return neutralise(value) if type(value) is str else value


def _thousands(number: int) -> str:
    return f"{number:,}"


def _ticks(text: str) -> Markup:
    """Return `text` escaped, with what stands between backticks as code."""
    from markupsafe import Markup, escape

    plain = escape(neutralise(text))
    # Escaping neither makes nor removes backticks, so only our own tags are added to text that is already safe.
    return Markup(_TICKED.sub(r"<code>\1</code>", str(plain))) if "`" in text else plain


@lru_cache(maxsize=16)
def _asset(name: str) -> str:
    try:
        return (data_dir("templates") / name).read_text(encoding="utf-8")
    except OSError as error:
        raise RenderError(f"report template `{name}` cannot be read: {error.strerror}") from error


def _policy(script: str, styles: list[str]) -> str:
    """Return a policy under which only these texts may act, and nothing may be fetched."""
    style_hashes = " ".join(_hash(style) for style in styles)
    script_hash = _hash(script) if script else "'none'"
    return (
        f"default-src 'none'; script-src {script_hash}; style-src {style_hashes}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _print_label(text: str) -> str:
    plain = _NOT_PLAIN.sub("", text)
    return f'@page{{@bottom-left{{content:"{plain}";font:8pt sans-serif;color:#545d6e}}}}'
