"""report.html: one self-contained file that asks nobody for anything, safe with any name the audited cloud may hold."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scanner.errors import RenderError
from scanner.model.report import Report
from scanner.render.html_view import view
from scanner.render.text import neutralise
from scanner.resources import data_dir

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_TICKED = re.compile(r"`([^`]+)`")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._:-]")


def render_html(report: Report) -> bytes:
    """Return `report` as one HTML file: no external request, readable without its script; same report, same bytes.

    Escaping is the first line of defence, a Content-Security-Policy of hashes the second. Raises `RenderError` if the
    templates that ship with the product cannot be read.
    """
    from markupsafe import Markup

    page = view(report)
    environment = _environment()
    style, script = _asset("report.css"), _asset("report.js")
    footer = _print_footer(page.run_id)
    html = environment.get_template("report.html.j2").render(
        v=page,
        policy=_policy(script, style, footer),
        style=Markup(style),
        print_footer=Markup(footer),
        script=Markup(script),
    )
    return html.encode()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(data_dir("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["ticks"] = _ticks
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}
    return environment


def _finalize(value: Any) -> Any:
    """Write out unseen characters of every plain text the template prints; markup made by the template passes."""
    return neutralise(value) if type(value) is str else value


def _ticks(text: str) -> Markup:
    """Return `text` escaped, with what stands between backticks as code."""
    from markupsafe import Markup, escape

    plain = escape(neutralise(text))
    # Escaping neither makes nor removes backticks, so only our own tags are added to text that is already safe.
    return Markup(_TICKED.sub(r"<code>\1</code>", str(plain))) if "`" in text else plain


@lru_cache(maxsize=4)
def _asset(name: str) -> str:
    try:
        return (data_dir("templates") / "report" / name).read_text(encoding="utf-8")
    except OSError as error:
        raise RenderError(f"report template `{name}` cannot be read: {error.strerror}") from error


def _policy(script: str, *styles: str) -> str:
    """Return a policy under which only these texts may act, and nothing may be fetched."""
    style_hashes = " ".join(_hash(style) for style in styles)
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {style_hashes}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _print_footer(run_id: str) -> str:
    name = _NOT_PLAIN.sub("", run_id)
    return f'@page{{@bottom-left{{content:"porter-audit, run {name}";font:8pt sans-serif;color:#545d6e}}}}'
