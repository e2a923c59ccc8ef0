"""JUnit XML for the test tabs of Jenkins, GitLab and Azure DevOps: one suite per axis, one case per finding."""

from __future__ import annotations

from xml.etree import ElementTree as xml

from scanner.model.finding import Axis, Finding
from scanner.model.report import Report
from scanner.render.projection import projection
from scanner.render.text import neutralise, one_line, stamp
from scanner.render.words import in_order

_MAX_MESSAGE_CHARS = 1_000
_MAX_BODY_CHARS = 8_000


def render_junit(report: Report) -> bytes:
    """Return the report as JUnit XML; characters that XML 1.0 forbids are written out by name."""
    root = xml.Element("testsuites", {"name": "porter-audit"})
    seconds = f"{(report.run.ended - report.run.started).total_seconds():.3f}"
    found = in_order(report.findings)
    for axis in Axis:
        members = [f for f in found if f.axis is axis]
        if members:
            root.append(_suite(axis, members, report, seconds))
    _count(root)
    del root.attrib["skipped"]  # Jenkins' schema has this count on suites only
    root.set("time", seconds)
    xml.indent(root)
    # ElementTree writes the declaration with single quotes, which some readers of CI systems do not take.
    body: bytes = xml.tostring(root, encoding="UTF-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _suite(axis: Axis, findings: list[Finding], report: Report, seconds: str) -> xml.Element:
    run = report.run
    suite = xml.Element("testsuite", {"name": f"porter-audit {axis.value}"})
    suite.set("timestamp", stamp(run.started).removesuffix("Z"))
    suite.set("time", seconds)
    if run.host:
        suite.set("hostname", one_line(run.host))
    properties = xml.SubElement(suite, "properties")
    facts = {"run_id": run.run_id, "baseline": run.baseline_id, "as_documented": report.verdict.as_documented}
    for name, value in facts.items():
        xml.SubElement(properties, "property", {"name": name, "value": one_line(value)})
    suite.extend(_case(finding) for finding in findings)
    _count(suite)
    return suite


def _case(finding: Finding) -> xml.Element:
    subject = one_line(finding.subject.name or finding.subject.key)
    case = xml.Element("testcase", {"classname": one_line(f"{finding.cloud}.{finding.rule_id}")})
    case.set("name", f"{subject} [{one_line(finding.finding_id)}]")
    case.set("time", "0")
    outcome = projection(finding).junit
    message = one_line(f"{finding.status}: {finding.message}", _MAX_MESSAGE_CHARS)
    if outcome == "skipped":
        xml.SubElement(case, "skipped", {"message": message})
    elif outcome != "ok":
        kind = one_line(finding.reason_code) or finding.result.value
        element = xml.SubElement(case, outcome, {"message": message, "type": kind})
        element.text = neutralise(_body(finding)[:_MAX_BODY_CHARS])
    return case


def _body(finding: Finding) -> str:
    lines = [finding.rule_title, f"severity: {finding.severity.value}", f"subject: {finding.subject.key}"]
    if finding.witness:
        lines.append(f"example request: {finding.witness.action} on {finding.witness.resource}")
    if finding.remediation:
        lines.append(f"who acts: {finding.remediation.owner}: {finding.remediation.summary}")
    return "\n".join(lines)


def _count(element: xml.Element) -> None:
    """Set the counts that readers show without looking into the cases."""
    element.set("tests", str(len(list(element.iter("testcase")))))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(len(list(element.iter(tag)))))
