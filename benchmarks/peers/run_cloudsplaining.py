"""Runs in cloudsplaining's own environment: what it reports of each account, as counted lines of JSON.

argv: a directory of GetAccountAuthorizationDetails files, and the file to write. Every optional check is switched on.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cloudsplaining.scan.authorization_details import AuthorizationDetails
from cloudsplaining.shared.exclusions import DEFAULT_EXCLUSIONS


def findings(node: Any, kind: str = "") -> Iterator[str]:
    """Yield (category, finding) wherever a result has a list of findings."""
    if isinstance(node, dict):
        if isinstance(node.get("findings"), list):
            for item in node["findings"]:
                yield f"{kind}: {json.dumps(item, sort_keys=True)}"
            return
        for key, value in node.items():
            yield from findings(value, key)


lines = []
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    account = AuthorizationDetails(
        json.loads(path.read_text()),
        exclusions=DEFAULT_EXCLUSIONS,
        flag_conditional_statements=True,
        flag_resource_arn_statements=True,
        flag_trust_policies=True,
    )
    found = Counter(findings(account.results))
    lines.append(json.dumps({"file": path.name, "found": dict(found)}))
# Not getrusage: that remembers the process this one was forked from.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
lines.append(json.dumps({"kilobytes": int(peak.split()[1])}))
Path(sys.argv[2]).write_text("\n".join(lines))
