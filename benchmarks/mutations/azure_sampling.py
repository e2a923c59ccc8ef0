"""Try requests on the second evaluator of Azure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from mutations.azure_state import GROUP, AzureState
from scanner.access.azure.authorize import allows_azure
from scanner.access.records import Request
from scanner.model import kinds_azure as kinds

_POOL = (
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/elevateAccess/Action",
    "Microsoft.Blueprint/blueprintAssignments/write",
    "Microsoft.Blueprint/blueprintAssignments/delete",
    "Microsoft.Compute/galleries/share/action",
    "Microsoft.Compute/virtualMachines/read",
    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
)


class AzureTrial:
    """A subscription before and after a mutation."""

    def __init__(self, before: AzureState, after: AzureState, scopes: tuple[str, ...] = ()) -> None:
        self._before, self._after = before, after
        self._scopes = (before.subscription, f"{before.subscription}/resourceGroups/rg", *scopes)

    def confirms(self, request: Request) -> bool:
        """Return whether the request is allowed after the mutation and was not before, by the second evaluator."""
        if request.principal is None:
            was, now = self._before.own_definitions(), self._after.own_definitions()
            return allows_azure(request, now) is True and allows_azure(request, was) is False
        parents = {self._before.subscription: GROUP}
        now_allows = allows_azure(request, self._after.documents(), parents=parents)
        was_allowed = allows_azure(request, self._before.documents(), parents=parents)
        return now_allows is True and was_allowed is not True

    def difference(self) -> Request | None:
        """Return a request that became allowed, or None if no request that was tried did."""
        return next((r for r in self._requests() if self.confirms(r)), None)

    def _requests(self) -> Iterator[Request]:
        holders = {
            r["properties"]["principalId"]
            for kind in (kinds.ROLE_ASSIGNMENTS, kinds.ELIGIBLE_ASSIGNMENTS)
            for r in self._after.rows(kind)
        }
        for who, action, scope, plane in itertools.product(
            sorted(holders), (*_POOL, *self._words()), self._scopes, ("control", "data")
        ):
            yield Request(who, action, scope, {"plane": plane})

    def _words(self) -> list[str]:
        """Return operations from the words of the vendor's role, stars filled."""
        blocks = self._after.role["properties"]["permissions"] + self._before.role["properties"]["permissions"]
        written = [p for b in blocks for key in b for p in b[key] or ()]
        return [p.replace("*", "Microsoft.Zz/zz") if p == "*" else p.replace("*", "zz") for p in written]
