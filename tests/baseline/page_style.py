"""Render a documented version the way pages print one: plain text of a browser, Markdown, MDX, HTML, JSON policies."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

from scanner.baseline.documents import permission_documents, trust_document
from scanner.baseline.records import AwsBaseline, DocumentedRole, DocumentedStatement

_TITLES = ("Statement", "Resource path", "Actions", "Condition")
_HEADER = "| Statement | Resource path | Actions | Condition |\n|---|---|---|---|\n"
_DASH = "\u2014"
_SERVICES = {
    "pods.eks.amazonaws.com": "EKS Pod Identity",
    "vpc-flow-logs.amazonaws.com": "VPC Flow Logs",
    "ec2.amazonaws.com": "EC2",
    "eks.amazonaws.com": "EKS",
}
Cells = tuple[str, tuple[str, ...], tuple[str, ...], str]


def as_plain_text(baseline: AwsBaseline, *, glue_first_heading: bool = True, trust: bool = False) -> str:
    """Return the page; the first heading is glued to the sentence before it, as copying does."""
    overview = "Every role.| Role | Created by | Assumable from outside | Purpose |\n|---|---|---|---|\n"
    for role in baseline.roles:
        outside = "Yes" if role.assumable_from_outside else "No"
        overview += f"{_page_name(role)} | {role.created_by} | {outside} | {role.purpose} |\n"
    sections = ""
    for role in baseline.roles:
        rows = "".join(
            f"{sid} | {''.join(resources)} | {''.join(actions)} | {condition} |\n"
            for sid, resources, actions, condition in _rows(role)
        )
        sentence = f"{trust_sentence(role)}\n" if trust else ""
        sections += f"{role.key}\nFor its purpose.\n{sentence}View permissions\nView permissions\n{_HEADER}{rows}"
    glue = "" if glue_first_heading else "\n"
    about = f"{external_id_paragraph(baseline)}\n" if trust else ""
    head = f"How access works\nSome words.\n{overview}{about}Permission inventory\n"
    return f"{head}Click a role to expand it.{glue}{sections}"


def as_markdown(baseline: AwsBaseline) -> str:
    """Return the page as Markdown: headings, code marks, line breaks inside cells."""
    return "".join(
        [
            "# How access works\n\nSome **words**.\n\n## Roles\n\n",
            "| Role | Created by | Assumable from outside | Purpose |\n| :--- | --- | --- | --- |\n",
            *(f"| {' | '.join(map(_escaped, _overview(role)))} |\n" for role in baseline.roles),
            f"\n{external_id_paragraph(baseline, code='`')}\n\n## Permission inventory\n",
            *(f"\n### `{role.key}`\n\n{_md_section(role)}" for role in baseline.roles),
        ]
    )


def as_mdx(baseline: AwsBaseline) -> str:
    """Return the page as MDX: front matter, imports, components around each table."""
    return "".join(
        [
            '---\ntitle: "Access"\n---\n\nimport { Note } from "/snippets/note.mdx"\n\n',
            "{/* generated */}\n<Info>\n  Some words, see [the guide](/guide).\n</Info>\n\n## Roles\n\n",
            "| Role | Created by | Assumable from outside | Purpose |\n|---|---|---|---|\n",
            *(f"| {' | '.join(map(_escaped, _overview(role)))} |\n" for role in baseline.roles),
            f"\n{external_id_paragraph(baseline, code='`')}\n\n## Permission inventory\n\n<AccordionGroup>\n",
            *(
                f'<Accordion title="{role.key}">\n{_md_section(role, view=True)}</Accordion>\n'
                for role in baseline.roles
            ),
            "</AccordionGroup>\n",
        ]
    )


def as_html(baseline: AwsBaseline) -> str:
    """Return the page as a site prints it: navigation, scripts, expandable sections, tables."""
    head = "".join(f"<th>{title}</th>" for title in ("Role", "Created by", "Assumable from outside", "Purpose"))
    overview = "".join(
        f"<tr>{''.join(f'<td><code>{html.escape(cell)}</code></td>' for cell in _overview(role))}</tr>\n"
        for role in baseline.roles
    )
    sections = "".join(_html_section(role) for role in baseline.roles)
    return (
        "<!DOCTYPE html>\n<html><head><title>Access</title>\n<script>var a = '<td>x</td>';</script></head>\n<body>"
        "<nav><ul><li>Home</li><li>Pricing</li></ul></nav>\n<main><h1>How access works</h1>\n<h2>Roles</h2>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>{overview}</tbody></table>\n"
        f"<p>{html.escape(external_id_paragraph(baseline))}</p>\n<h2>Permission inventory</h2>\n{sections}"
        "</main></body></html>\n"
    )


def as_json_policies(baseline: AwsBaseline) -> str:
    """Return the page with policy documents in code fences: trust, then permissions, per role."""
    return "# Permissions\n\nEvery role.\n" + "".join(
        f"\n## {role.key}\n\nTrust policy:\n\n{_fence(trust_document(role).body)}\n\nPermissions:\n\n"
        f"{_fence(permission_documents(role)[0].body)}\n"
        for role in baseline.roles
    )


STYLES: dict[str, Callable[[AwsBaseline], str]] = {
    "text": lambda baseline: as_plain_text(baseline, trust=True),
    "markdown": as_markdown,
    "mdx": as_mdx,
    "html": as_html,
}


def trust_sentence(role: DocumentedRole) -> str:
    """Return the sentence by which a page says who may assume the role."""
    services: list[str] = []
    vendor = ""
    for statement in role.trust.statements:
        services += [_SERVICES[name] for name in statement.principals.get("Service", [])]
        for arn in statement.principals.get("AWS", []):
            vendor = f"Porter\u2019s {arn.rpartition('/')[2]} role"
    words = {"required": " with a per-project ExternalId required", "none-documented": " (no ExternalId)"}
    if vendor:
        vendor += words.get(role.trust.external_id, "")
        return f"Assumable by {vendor}, and by {' and '.join(services)} service principals."
    return f"Assumable by {' and '.join(services)} service principals (not by Porter)."


def external_id_paragraph(baseline: AwsBaseline, code: str = "") -> str:
    """Return the paragraph that says it once more for all roles open to the outside."""
    said = {"required": "requires a per-project ExternalId.", "none-documented": "uses no ExternalId."}
    return "Trust. " + " ".join(
        f"{code}{role.key}{code} trust {said[role.trust.external_id]}"
        for role in baseline.roles
        if role.trust.external_id in said
    )


def _page_name(role: DocumentedRole) -> str:
    return role.key.replace("*", "<hash>")


def _overview(role: DocumentedRole) -> tuple[str, ...]:
    return _page_name(role), role.created_by, "Yes" if role.assumable_from_outside else "No", role.purpose


def _rows(role: DocumentedRole) -> list[Cells]:
    """Return the cells of each row, references as a page writes them."""
    rows: list[Cells] = []
    above: DocumentedStatement | None = None
    for statement in role.statements:
        actions = statement.actions
        resources = tuple(item.replace("{account_id}", "<account-id>") for item in statement.resources)
        if statement.same_as is not None:
            other, _, sid = statement.same_as.rpartition("/")
            if above is not None and (other, sid) == (role.key, above.sid):
                resources = ("(same resources as above)",)
            else:
                actions = (f"(same as {other}\u2019s {sid} statement)",)
        rows.append((statement.sid, resources, actions, statement.as_printed or _DASH))
        above = statement
    return rows


def _md_section(role: DocumentedRole, *, view: bool = False) -> str:
    rows = "".join(
        f"| `{sid}` | {_md_cell(resources)} | {_md_cell(actions)} | {condition.replace('; ', ';<br/>')} |\n"
        for sid, resources, actions, condition in _rows(role)
    )
    opening, closing = ('<Accordion title="View permissions">\n\n', "</Accordion>\n") if view else ("", "")
    return f"For its purpose.\n\n{trust_sentence(role)}\n\n{opening}{_HEADER}{rows}{closing}"


def _md_cell(items: tuple[str, ...]) -> str:
    return "<br/>".join(item if item.startswith("(") else f"`{item}`" for item in items)


def _escaped(text: str) -> str:
    return text.replace("<", "\\<").replace("*", "\\*").replace("|", "\\|")


def _html_section(role: DocumentedRole) -> str:
    head = "".join(f"<th>{title}</th>" for title in _TITLES)
    rows = ""
    for sid, resources, actions, condition in _rows(role):
        cells = (
            f"<code>{sid}</code>",
            "<br>".join(f"<code>{html.escape(item)}</code>" for item in resources),
            "".join(f"<div>{html.escape(item)}</div>" for item in actions),
            html.escape(condition),
        )
        rows += f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"
    return (
        f"<h3>{role.key}</h3>\n<p>For its purpose.</p>\n<p>{html.escape(trust_sentence(role))}</p>\n"
        f"<details><summary>View permissions</summary>\n<table><thead><tr>{head}</tr></thead><tbody>\n{rows}"
        "</tbody></table></details>\n"
    )


def _fence(document: object) -> str:
    text = json.dumps(document, indent=2)
    for name, printed in (("{external_id}", "PORTER_EXTERNAL_ID"), ("{porter_account_id}", "<porter-account-id>")):
        text = text.replace(name, printed)
    return f"```json\n{text.replace('{account_id}', '<account-id>')}\n```"
