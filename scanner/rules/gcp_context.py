"""What GCP rules look at: which service account is whose, what it holds, and memoised comparisons of its grants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import msgspec

from scanner.access.gcp.compare import compare_gcp
from scanner.access.gcp.member import ALL_AUTHENTICATED, ALL_USERS, canonical
from scanner.access.records import Comparison, NamedDocument
from scanner.baseline.records_gcp import DocumentedGrant, DocumentedServiceAccount, GcpBaseline
from scanner.model.common import NotObserved, Observed
from scanner.model.inventory import Inventory
from scanner.model.inventory_gcp import GcpBinding, GcpPolicy, GcpProject, GcpRole, GcpServiceAccount
from scanner.rules.base import Settings

CUSTOMER_ROLE = "roles/resourcemanager.projectIamAdmin"
"""The role that the page has the customer grant; it finds an account that was given another name."""


class GcpContext(msgspec.Struct, frozen=True):
    """Everything a rule may look at for one GCP project. Pure data; `compare` memoises."""

    account: GcpProject
    """The project; named so because the engine calls what is judged an account in every cloud."""
    inventory: Inventory
    baseline: GcpBaseline
    """Variables are bound; those without a value stay in braces."""
    settings: Settings
    as_of: datetime
    porter_accounts: tuple[GcpServiceAccount, ...]
    """Service accounts that are the vendor's: documented, named or marked so."""
    documented: Callable[[GcpServiceAccount], DocumentedServiceAccount | None]
    compare: Callable[[GcpServiceAccount, GcpBinding], Comparison]
    """Compare one binding of an account with everything documented for it; may raise `PolicyError`."""
    elsewhere: Mapping[str, str]
    """Members that are the vendor's accounts in the other projects of the inventory, canonical -> project."""

    @property
    def project(self) -> GcpProject:
        """Return the project."""
        return self.account

    def policies(self) -> Iterator[GcpPolicy]:
        """Yield every allow policy that was read, from the project up."""
        for policy in (self.project.policy, *(a.policy for a in self.project.ancestors)):
            if not isinstance(policy, NotObserved):
                yield policy

    def grants(self, account: GcpServiceAccount) -> list[GcpBinding]:
        """Return the bindings on the project and above that name the account, or a set that surely holds it."""
        sets = self.sets_of_accounts()
        return [b for policy in self.policies() for b in policy.bindings if holds(b, account.member) or via(b, sets)]

    def bindings_below(self) -> list[GcpBinding]:
        """Return the bindings that were found on resources in the project; policies of service accounts are apart."""
        found = [p for p in self.project.policies_below if p.node != self.project.node and _ACCOUNT not in p.node]
        return [binding for policy in found for binding in policy.bindings]

    def grants_below(self, account: GcpServiceAccount) -> list[GcpBinding]:
        """Return those that name the account, or every account of the project; what everybody has is not its own."""
        sets = self.sets_of_accounts() - {ALL_USERS, ALL_AUTHENTICATED}
        return [b for b in self.bindings_below() if holds(b, account.member) or via(b, sets)]

    def perhaps_granted(self) -> list[tuple[GcpBinding, str]]:
        """Return the bindings on the project and above whose set may hold its accounts, each with that set.

        A set of a node that nobody placed: the project's number, or the chain above it, was not read to its end.
        """
        known = self.sets_of_accounts()
        return [
            (binding, member)
            for policy in self.policies()
            for binding in policy.bindings
            for member in binding.members
            if canonical(member) not in known and self._may_hold_accounts(canonical(member))
        ]

    def _may_hold_accounts(self, member: str) -> bool:
        node = member.removeprefix(_ACCOUNTS_OF).removesuffix(_OF_ACCOUNTS)
        if f"{_ACCOUNTS_OF}{node}{_OF_ACCOUNTS}" != member:
            return False
        if node.startswith("projects/"):
            return not self.project.number
        last = self.project.parents[-1][1] if self.project.parents else ""
        alone = bool(self.project.state) and not self.project.parents
        return not alone and not last.startswith("organizations/")

    def sets_of_accounts(self) -> frozenset[str]:
        """Return the members that stand for every service account of the project, canonical.

        https://cloud.google.com/iam/docs/principal-identifiers: all of a project, of what stands above it, or of all.
        """
        above = [parent for _, parent in self.project.parents]
        nodes = [self.project.node, f"projects/{self.project.number}", *above]
        own = [f"{_ACCOUNTS_OF}{node}{_OF_ACCOUNTS}" for node in nodes]
        return frozenset((ALL_USERS, ALL_AUTHENTICATED, *own))

    def role(self, name: str) -> GcpRole | None:
        """Return the definition of a role, if it was read."""
        return next((r for r in self.project.roles if r.name == name), None)


_ACCOUNT = "/serviceAccounts/"
_ACCOUNTS_OF = "principalSet://cloudresourcemanager.googleapis.com/"
_OF_ACCOUNTS = "/type/ServiceAccount"


def via(binding: GcpBinding, sets: frozenset[str]) -> str:
    """Return the member of a binding that is one of the sets; empty where none is."""
    return next((m for m in binding.members if canonical(m) in sets), "")


def holds(binding: GcpBinding, member: str) -> bool:
    """Return whether a binding names the member itself; groups and domains are opaque."""
    return canonical(member) in map(canonical, binding.members)


def name_matches(pattern: str, name: str) -> bool:
    """Return whether a name is one of a documented pattern; `*` stands for one or more characters."""
    return re.fullmatch(".+".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


def named_like_vendor(name: str, baseline: GcpBaseline) -> bool:
    """Return whether a name has a part that begins with the vendor's name, in any case: `acme-porter` has."""
    return re.search(rf"(?:^|[^a-z0-9]){re.escape(baseline.name_prefix.lower())}", name.lower()) is not None


def build_gcp_context(
    project: GcpProject, inventory: Inventory, baseline: GcpBaseline, settings: Settings, as_of: datetime
) -> GcpContext:
    """Return the context of one project; `baseline` has its variables bound."""
    pages = _matches(project, baseline)
    memo: dict[tuple[str, str, str, str], Comparison] = {}

    def compare(account: GcpServiceAccount, binding: GcpBinding) -> Comparison:
        key = (account.email, binding.node, binding.role, str(sorted((binding.condition or {}).items())))
        if key not in memo:
            memo[key] = _compare(project, account, binding, pages.get(account.email))
        return memo[key]

    return GcpContext(
        account=project,
        inventory=inventory,
        baseline=baseline,
        settings=settings,
        as_of=as_of,
        porter_accounts=tuple(sorted(_vendors(project, baseline, pages), key=lambda a: a.email)),
        documented=lambda account: pages.get(account.email),
        compare=compare,
        elsewhere={
            canonical(account.member): other.project_id
            for other in inventory.gcp
            if other.project_id != project.project_id
            for account in _vendors(other, baseline, _matches(other, baseline))
        },
    )


def _vendors(
    project: GcpProject, baseline: GcpBaseline, pages: Mapping[str, DocumentedServiceAccount]
) -> list[GcpServiceAccount]:
    return [a for a in project.service_accounts if a.email in pages or _is_vendors(a, baseline)]


def _is_vendors(account: GcpServiceAccount, baseline: GcpBaseline) -> bool:
    """Return whether a name, a title that begins with the vendor's name, or a description claims to be the vendor's."""
    marks = [m for page in baseline.service_accounts for m in page.description_marks[:1]]
    titled = re.match(rf"\W*{re.escape(baseline.name_prefix)}\b", account.display_name, re.IGNORECASE) is not None
    named = titled or named_like_vendor(account.account_id, baseline)
    return named or any(mark in account.description for mark in marks)


def _matches(project: GcpProject, baseline: GcpBaseline) -> dict[str, DocumentedServiceAccount]:
    """Return which live account each documented one is: by name, else by the role that the customer grants.

    That role alone says who is Porter's only where Porter is expected: a customer's own tools hold it too. Elsewhere it
    takes every role that the documents give the account.
    """
    found: dict[str, DocumentedServiceAccount] = {}
    for page in baseline.service_accounts:
        named = [a for a in project.service_accounts if name_matches(page.name_pattern, a.account_id)]
        if not named and page.name_is_example and not isinstance(project.policy, NotObserved):
            bound = [b for b in project.policy.bindings if b.role == CUSTOMER_ROLE]
            holders = [a for a in project.service_accounts if any(holds(b, a.member) for b in bound)]
            only = holders[0] if len(holders) == 1 else None
            named = [only] if only and _is_role_telling(project, only, page) else []
        # A second account of the documented pattern is one too many; the oldest id is the documented one.
        for account in sorted(named, key=lambda a: (a.unique_id, a.email))[:1]:
            found[account.email] = page
    return found


def _is_role_telling(project: GcpProject, account: GcpServiceAccount, page: DocumentedServiceAccount) -> bool:
    if project.scope.presence != "unknown" or isinstance(project.policy, NotObserved):
        return project.scope.presence == "expected"
    held = {b.role for b in project.policy.bindings if holds(b, account.member)}
    return {g.role for g in page.grants if not g.optional} <= held


def documented_grant(page: DocumentedServiceAccount | None, binding: GcpBinding) -> DocumentedGrant | None:
    """Return the documented grant of the binding's role at this kind of node."""
    kind = binding.node.partition("/")[0].removesuffix("s")
    return next((g for g in (page.grants if page else ()) if g.role == binding.role and g.scope == kind), None)


def _compare(
    project: GcpProject, account: GcpServiceAccount, binding: GcpBinding, page: DocumentedServiceAccount | None
) -> Comparison:
    definitions = [
        NamedDocument(f"role {role.name}", role.definition.value)
        for role in project.roles
        if isinstance(role.definition, Observed)
    ]
    known = {str(d.body.get("name")) for d in definitions}
    # A documented role that nobody holds was not read: it can cover a binding by its name only.
    wanted = {g.role for g in page.grants if g.role in known or g.role == binding.role} if page else set()
    live_binding = {"role": binding.role, "members": [account.member], **_condition(binding)}
    live = NamedDocument(f"policy of {binding.node}", {"resource": binding.node, "bindings": [live_binding]})
    grants = [g for g in (page.grants if page else ()) if g.scope == "project" and g.role in wanted]
    bindings = [{"role": g.role, "members": [account.member]} for g in grants]
    documented = NamedDocument("documented grants", {"resource": project.node, "bindings": bindings})
    return compare_gcp(
        [live, *(d for d in definitions if d.body.get("name") == binding.role)],
        [documented, *(d for d in definitions if d.body.get("name") in wanted)],
        parents=_hierarchy(project, binding.node),
    )


def _hierarchy(project: GcpProject, node: str) -> dict[str, str]:
    """Return what stands above what; a resource whose policy was found in the project is in it."""
    known = dict(project.parents)
    plain = node.startswith(("projects/", "folders/", "organizations/")) and node.count("/") == 1
    return known if plain else {**known, node: project.node}


def _condition(binding: GcpBinding) -> dict[str, object]:
    return {"condition": binding.condition} if binding.condition else {}
