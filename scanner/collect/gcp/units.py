"""What each GCP unit asks, in order. Each function reads one unit with the reader it is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from urllib.parse import quote

from scanner.collect.gcp.unit import GcpReader
from scanner.collect.outcome import Meaning
from scanner.model.common import JsonObject
from scanner.model.snapshot import UnitError, UnitStatus

_V3: JsonObject = {"requestedPolicyVersion": 3}
_CRM = "cloudresourcemanager.googleapis.com"


def projects_below(reader: GcpReader, container: str) -> None:
    """Read the projects of a folder or organization, and of every folder below it."""
    waiting = [container]
    while waiting:
        parent = waiting.pop(0)
        _all(reader, "projects.list", {"parent": parent})
        for page in reader.pages_of("folders.list", {"parent": parent}):
            waiting += [str(f["name"]) for f in page.get("folders") or () if f.get("name")]


def project(reader: GcpReader, project_id: str) -> None:
    """Read the project itself: number, parent, state."""
    reader.call("projects.get", {"name": f"projects/{project_id}"})


def project_policy(reader: GcpReader, project_id: str) -> None:
    """Read the project's allow policy with its conditions."""
    reader.call("projects.getIamPolicy", {"resource": f"projects/{project_id}", "options": _V3})


def service_accounts(reader: GcpReader, project_id: str) -> None:
    """Read the list of service accounts."""
    _all(reader, "projects.serviceAccounts.list", {"name": f"projects/{project_id}"})


def account_policies(reader: GcpReader, project_id: str, emails: Sequence[str], all_known: bool) -> None:
    """Read who may act as each service account."""
    for email in emails:
        name = f"projects/{project_id}/serviceAccounts/{email}"
        params = {"resource": name, "options": _V3}
        reader.keep_going(partial(reader.call, "projects.serviceAccounts.getIamPolicy", params))
    _unless_all_known(reader, all_known)


def account_keys(reader: GcpReader, project_id: str, emails: Sequence[str], all_known: bool) -> None:
    """Read the user-managed keys of each service account: dates and states, never key material."""
    for email in emails:
        params = {"name": f"projects/{project_id}/serviceAccounts/{email}"}
        reader.keep_going(partial(reader.call, "projects.serviceAccounts.keys.list", params))
    _unless_all_known(reader, all_known)


def _unless_all_known(reader: GcpReader, all_known: bool) -> None:
    if not all_known:
        not_known(reader, "not all service accounts are known, so not all were asked about")


def not_known(reader: GcpReader, message: str) -> None:
    """Note that a unit is cut short because another one was."""
    reader.fail(Meaning(UnitStatus.TRUNCATED, UnitError("NotListed", message)))


def hmac_keys(reader: GcpReader, project_id: str) -> None:
    """Read the HMAC keys of service accounts: whose they are, dates and states; the service never tells secrets."""
    _all(reader, "projects.hmacKeys.list", {"parent": f"projects/{project_id}"})


def pools(reader: GcpReader, project_id: str) -> None:
    """Read workload identity pools, deleted ones too, and the providers of each."""
    found: list[str] = []
    parent = f"projects/{project_id}/locations/global"
    for page in reader.pages_of("projects.locations.workloadIdentityPools.list", {"parent": parent}):
        found += [str(p["name"]) for p in page.get("workloadIdentityPools") or () if p.get("name")]
    for name in found:
        operation = "projects.locations.workloadIdentityPools.providers.list"
        reader.keep_going(partial(_all, reader, operation, {"parent": name}))


def services(reader: GcpReader, project_id: str) -> None:
    """Read the enabled APIs."""
    _all(reader, "services.list", {"parent": f"projects/{project_id}"})


def ancestors(reader: GcpReader, parent: str) -> None:
    """Read the policies of the folders and the organization above the project, as far up as they can be read."""
    while parent.startswith("folders/"):
        here = parent
        reader.keep_going(partial(reader.call, "folders.getIamPolicy", {"resource": here, "options": _V3}))
        parent = str(reader.call("folders.get", {"name": here}).get("parent") or "")
    if parent:
        reader.call("organizations.getIamPolicy", {"resource": parent, "options": _V3})


def policies_below(reader: GcpReader, project_id: str) -> None:
    """Read the allow policies of everything in the project, from Cloud Asset Inventory."""
    _all(reader, "searchAllIamPolicies", {"scope": f"projects/{project_id}"})


def roles(reader: GcpReader, names: Sequence[str], others: Sequence[str], all_known: bool) -> None:
    """Read the full definition of each role.

    `others` are roles of the customer's own: an organization may keep them from a reader of the project, and one that
    is long gone stays bound. Those not read are missed by the rule that needs them, for whoever holds them, alone.
    """
    for name in names:
        reader.keep_going(partial(reader.call, "roles.get", {"name": name}))
    for name in others:
        reader.try_one(partial(reader.call, "roles.get", {"name": name}))
    if not all_known:
        not_known(reader, "not all bindings were read, so not all roles are known")


def custom_roles(reader: GcpReader, project_id: str) -> None:
    """Read which roles the project defines, deleted ones too."""
    _all(reader, "projects.roles.list", {"parent": f"projects/{project_id}"})


def deny_policies(reader: GcpReader, nodes: Sequence[str], all_known: bool) -> None:
    """Read the deny policies attached to the project and to what stands above it, with their rules."""
    for node in nodes:
        reader.keep_going(partial(_deny_policies_of, reader, node))
    if not all_known:
        not_known(reader, "what stands above the project is not known")


def _deny_policies_of(reader: GcpReader, node: str) -> None:
    parent = f"policies/{quote(f'{_CRM}/{node}', safe='')}/denypolicies"
    listed = [
        p for page in reader.pages_of("policies.listPolicies", {"parent": parent}) for p in page.get("policies") or ()
    ]
    for policy in listed:
        # The list leaves the rules out.
        reader.keep_going(partial(reader.call, "policies.get", {"name": policy["name"]}))


def billing(reader: GcpReader, project_id: str) -> None:
    """Read whether a billing account is attached."""
    reader.call("projects.getBillingInfo", {"name": f"projects/{project_id}"})


def node_pools(reader: GcpReader, project_id: str) -> None:
    """Read GKE clusters; of each only what says as whom its nodes run."""
    answer = reader.call("projects.locations.clusters.list", {"parent": f"projects/{project_id}/locations/-"})
    if missing := answer.get("missingZones"):
        named = ", ".join(map(str, missing))
        reader.fail(Meaning(UnitStatus.TRUNCATED, UnitError("MissingZones", f"GKE left out the zones {named}")))


def _all(reader: GcpReader, operation: str, params: JsonObject) -> None:
    for _ in reader.pages_of(operation, params):
        pass


def names_in(pages: Iterable[JsonObject], key: str, field: str) -> list[str]:
    """Return a field of every item of a list, in order, each once."""
    return list(dict.fromkeys(str(item[field]) for page in pages for item in page.get(key) or () if item.get(field)))
