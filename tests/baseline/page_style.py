"""Render a documented version the way a browser's plain text shows the page: breaks inside cells are lost."""

from __future__ import annotations

from scanner.baseline.records import AwsBaseline, DocumentedRole, DocumentedStatement

_HEADER = "| Statement | Resource path | Actions | Condition |\n|---|---|---|---|\n"


def as_plain_text(baseline: AwsBaseline, *, glue_first_heading: bool = True) -> str:
    """Return the page; the first heading is glued to the sentence before it, as copying does."""
    overview = "Every role.| Role | Created by | Assumable from outside | Purpose |\n|---|---|---|---|\n"
    for role in baseline.roles:
        outside = "Yes" if role.assumable_from_outside else "No"
        name = role.key.replace("*", "<hash>")
        overview += f"{name} | {role.created_by} | {outside} | {role.purpose} |\n"
    sections = "".join(_section(role) for role in baseline.roles)
    glue = "" if glue_first_heading else "\n"
    return f"How access works\nSome words.\n{overview}Permission inventory\nClick a role to expand it.{glue}{sections}"


def _section(role: DocumentedRole) -> str:
    rows = ""
    above: DocumentedStatement | None = None
    for statement in role.statements:
        rows += _row(role, statement, above)
        above = statement
    return f"{role.key}\nFor its purpose.\nView permissions\nView permissions\n{_HEADER}{rows}"


def _row(role: DocumentedRole, statement: DocumentedStatement, above: DocumentedStatement | None) -> str:
    actions = "".join(statement.actions)
    resources = "".join(statement.resources).replace("{account_id}", "<account-id>")
    if statement.same_as is not None:
        other, _, sid = statement.same_as.rpartition("/")
        if above is not None and (other, sid) == (role.key, above.sid):
            resources = "(same resources as above)"
        else:
            actions = f"(same as {other}\u2019s {sid} statement)"
    return f"{statement.sid} | {resources} | {actions} | {statement.as_printed or chr(0x2014)} |\n"
