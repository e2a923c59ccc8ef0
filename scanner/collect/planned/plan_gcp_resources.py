"""What a Terraform plan gives on single Google resources: bindings beside the project's own, and HMAC keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from scanner.collect.planned.plan_changes import LATER, Change
from scanner.collect.planned.units import PlannedUnits
from scanner.collect.strict_json import shown
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject

HMAC_KEY: Final = "google_storage_hmac_key"
_FORM: Final = re.compile(r"google_\w+_iam_(member|binding|policy)")


def bound_form(kind: str) -> str:
    """Return which of the three forms of a binding a type is: member, binding, policy; empty: none."""
    found = _FORM.fullmatch(kind)
    return found.group(1) if found else ""


def account_host(project: str) -> str:
    """Return what stands behind the @ of a project's service accounts; `example.com:p` turns around."""
    domain, colon, name = project.rpartition(":")
    return f"{name}{'.' + domain if colon else ''}.iam.gserviceaccount.com"


def project_of(email: str) -> str:
    """Return the project of a service account's address; empty for an address of another kind."""
    host = email.partition("@")[2]
    name, _, domain = host.removesuffix(".iam.gserviceaccount.com").partition(".")
    return "" if not host.endswith(".iam.gserviceaccount.com") else f"{domain}:{name}" if domain else name


def add_bound(change: Change, project: str, bindings: list[JsonObject], made: PlannedUnits) -> None:
    """Add the policy of a resource as Cloud Asset Inventory will find it; its name is the resource's in the plan."""
    row = {"resource": f"//terraform.plan/{shown(change.address, 200)}", "policy": {"bindings": bindings}}
    made.add(kinds.POLICIES_BELOW, "searchAllIamPolicies", {"scope": f"projects/{project}"}, {"results": [row]})


def add_hmac_key(change: Change, project: str, email: str, made: PlannedUnits) -> None:
    """Add an HMAC key of a service account; one whose account is not known is a reason."""
    if not email:
        made.lose(f"{change.where}: its service account is {LATER}", kinds.HMAC_KEYS)
        return
    key = {"serviceAccountEmail": email, "state": change.text("state") or "ACTIVE", "accessId": ""}
    made.add(kinds.HMAC_KEYS, "projects.hmacKeys.list", {"parent": f"projects/{project}"}, {"items": [key]})


def strangers(bindings: Iterable[JsonObject], host: str, listed: Iterable[str]) -> set[str]:
    """Return the accounts of the project that bindings name and the plan says nothing else of."""
    members = {str(member).removeprefix("serviceAccount:") for row in bindings for member in row["members"]}
    return {email for email in members if email.endswith(f"@{host}")} - set(listed)
