"""Runs in parliament's own environment: what it reports of each policy of each role, as counted lines of JSON.

argv: a directory of GetAccountAuthorizationDetails files, and the file to write. Its own filter of known noise is on.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import parliament


def documents(account: dict[str, Any]) -> Iterator[Any]:
    """Yield the policy documents that roles hold, in their default versions."""
    for role in account["RoleDetailList"]:
        for inline in role["RolePolicyList"]:
            yield inline["PolicyDocument"]
    for policy in account["Policies"]:
        if ":iam::aws:" not in policy["Arn"]:
            for version in policy["PolicyVersionList"]:
                if version["IsDefaultVersion"]:
                    yield version["Document"]


lines = []
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    found = Counter()
    for document in documents(json.loads(path.read_text())):
        analyzed = parliament.analyze_policy_string(json.dumps(document))
        for finding in analyzed.findings:
            kept = parliament.enhance_finding(finding)
            found[f"{kept.issue}: {json.dumps(kept.detail, sort_keys=True, default=str)}"] += 1
    lines.append(json.dumps({"file": path.name, "found": dict(found)}))
# Not getrusage: that remembers the process this one was forked from.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
lines.append(json.dumps({"kilobytes": int(peak.split()[1])}))
Path(sys.argv[2]).write_text("\n".join(lines))
