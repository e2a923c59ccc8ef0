"""What SARIF 2.1.0 and GitHub demand, as far as this product writes it. Facts from the published standard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

KINDS = {"notApplicable", "pass", "fail", "review", "open", "informational"}
LEVELS = {"none", "note", "warning", "error"}
BASELINE_STATES = {"new", "unchanged", "updated", "absent"}
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")
RUN = {"tool", "automationDetails", "columnKind", "invocations", "results", "properties"}
RULE = {"id", "name", "shortDescription", "fullDescription", "defaultConfiguration", "properties", "helpUri"}
RESULT = {
    *("ruleId", "ruleIndex", "kind", "level", "message", "locations", "partialFingerprints", "suppressions"),
    *("properties", "baselineState"),
}
INVOCATION = {"executionSuccessful", "exitCode", "startTimeUtc", "endTimeUtc", "toolExecutionNotifications"}


def problems(log: dict[str, Any]) -> list[str]:
    """Return everything that is wrong, one line each."""
    found = [] if log.get("version") == "2.1.0" and set(log) == {"$schema", "version", "runs"} else ["head"]
    if not 1 <= len(log["runs"]) <= 20:
        found.append(f"{len(log['runs'])} runs")
    ids = [run["automationDetails"]["id"].rpartition("/")[0] for run in log["runs"]]
    if len(set(ids)) != len(ids):
        found.append("two runs of one category")
    for run in log["runs"]:
        found += _run(run)
    return found


def _run(run: dict[str, Any]) -> Iterator[str]:
    if unknown := set(run) - RUN:
        yield f"run: {unknown}"
    if len(run["results"]) > 25_000:
        yield "more results than GitHub takes"
    rules = run["tool"]["driver"]["rules"]
    if len({rule["id"] for rule in rules}) != len(rules):
        yield "a rule twice"
    for rule in rules:
        yield from _rule(rule)
    for invocation in run["invocations"]:
        yield from _invocation(invocation)
    for result in run["results"]:
        yield from _result(result, rules)


def _rule(rule: dict[str, Any]) -> Iterator[str]:
    if unknown := set(rule) - RULE:
        yield f"rule: {unknown}"
    tags = rule["properties"]["tags"]
    if len(tags) > 20 or len(set(tags)) != len(tags):
        yield f"tags {tags}"
    if not 0 <= float(rule["properties"]["security-severity"]) <= 10:
        yield "security-severity"
    if not rule.get("helpUri", "https://").startswith("https://"):
        yield f"helpUri {rule['helpUri']}"
    yield from _message(rule["shortDescription"])


def _invocation(invocation: dict[str, Any]) -> Iterator[str]:
    if set(invocation) != INVOCATION or not isinstance(invocation["executionSuccessful"], bool):
        yield "invocation"
    if not (TIME.fullmatch(invocation["startTimeUtc"]) and TIME.fullmatch(invocation["endTimeUtc"])):
        yield "invocation times"
    for notification in invocation["toolExecutionNotifications"]:
        if notification["level"] not in LEVELS:
            yield "notification level"
        yield from _message(notification["message"])


def _result(result: dict[str, Any], rules: list[dict[str, Any]]) -> Iterator[str]:
    if unknown := set(result) - RESULT:
        yield f"result: {unknown}"
    if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
        yield "ruleIndex leads to another rule"
    if result["kind"] not in KINDS or result["level"] not in LEVELS:
        yield f"{result['kind']}/{result['level']}"
    if (result["kind"] != "fail") != (result["level"] == "none"):
        yield f"a {result['kind']} of level {result['level']}"
    if result.get("baselineState", "new") not in BASELINE_STATES:
        yield "baselineState"
    place = result["locations"][0]["physicalLocation"]
    uri = place["artifactLocation"]["uri"]
    if not re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri) or ".." in uri.split("/") or place["region"]["startLine"] < 1:
        yield f"location {uri}"
    for suppression in result["suppressions"]:
        if suppression["kind"] != "external" or suppression["status"] != "accepted":
            yield "suppression"
    yield from _message(result["message"])


def _message(message: dict[str, Any]) -> Iterator[str]:
    text = message["text"]
    if re.search(r"\[[^\]]*\]\([^)]*\)", text):
        yield f"embedded link: {text[:60]}"
    if re.search(r"(?<!\{)\{\d+\}", text):
        yield f"placeholder: {text[:60]}"
