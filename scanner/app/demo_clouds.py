"""The same scenario on every cloud, as one report."""

from __future__ import annotations

from scanner.app.aws_source import Progress
from scanner.app.demo import DemoOptions, demo
from scanner.app.demo_azure import demo_azure
from scanner.app.demo_gcp import demo_gcp
from scanner.app.joined import joined
from scanner.app.scan import OnRuleError
from scanner.model.report import Report


def demo_report(
    cloud: str, options: DemoOptions, *, progress: Progress | None = None, on_rule_error: OnRuleError | None = None
) -> Report:
    """Return what a scan of a scenario says: of `azure`, of `gcp`, or of `all` clouds together.

    Raises `PorterAuditError` if the libraries of a cloud that was asked for are not installed.
    """
    if cloud == "azure":
        return demo_azure(options, progress=progress, on_rule_error=on_rule_error).report
    if cloud == "gcp":
        return demo_gcp(options, progress=progress, on_rule_error=on_rule_error).report
    return joined(
        [
            demo(options, progress=progress, on_rule_error=on_rule_error).report,
            demo_gcp(options, progress=progress, on_rule_error=on_rule_error).report,
            demo_azure(options, progress=progress, on_rule_error=on_rule_error).report,
        ]
    )
