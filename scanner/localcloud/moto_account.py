"""The state behind the loopback AWS: one moto account, reached in process for what no API call can set."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from scanner.localcloud.aws_wire import Environ, Reply

_SEED = 20260526
"""Seed of moto's identifiers: the same provisioning gives the same ids in every run."""


class MotoAccount:
    """One account in moto's backends, emptied at the start."""

    def __init__(self, account_id: str, partition: str) -> None:
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.moto_api._internal import mock_random
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.account_id = account_id
        self.partition = partition
        self._default_account_id = DEFAULT_ACCOUNT_ID
        self._application: Any = DomainDispatcherApplication(create_backend_app)
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        _empty(account_id)
        mock_random.seed(_SEED)

    @property
    def iam(self) -> Any:
        """Return moto's IAM backend of this account."""
        from moto.iam.models import iam_backends

        return iam_backends[self.account_id][self.partition]

    def owner_of(self, access_key: str) -> str:
        """Return the account a key works in: keys that moto has not issued belong to this account's administrator."""
        from moto.iam.models import get_account_id_from

        found: str = get_account_id_from(access_key)
        return self.account_id if found == self._default_account_id else found

    def knows_key(self, access_key: str) -> bool:
        """Return whether moto has issued this key, for a user or for an assumed role."""
        from moto.iam.models import iam_backends

        accounts: Iterable[Any] = list(iam_backends.values())
        return any(access_key in backend.access_keys for account in accounts for backend in account.values())

    def knows_cluster(self, region: str, name: str) -> bool:
        """Return whether the account has such an EKS cluster."""
        from moto.eks.models import eks_backends

        return name in eks_backends[self.account_id][region].clusters

    def forward(self, environ: Environ, access_key: str) -> Reply:
        """Let moto answer a request."""
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.owner_of(access_key)
        seen: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
            seen.append((status, headers))
            return lambda _data: None

        body = b"".join(self._application(environ, start_response))
        status, headers = seen[0]
        kept = tuple((k, v) for k, v in headers if k.lower() not in ("content-length", "content-type", "connection"))
        kind = next((v for k, v in headers if k.lower() == "content-type"), "text/plain")
        return Reply(int(status.split()[0]), kind, body, kept)

    def load_aws_managed(self, arn: str) -> None:
        """Make one of AWS's own policies attachable, as moto ships it; loading all 1,582 takes seconds."""
        from moto.iam.models import AWSManagedPolicy

        backend = self.iam
        if arn in backend.managed_policies:
            return
        data = _aws_managed_data().get(arn.rpartition("/")[2])
        if data is None:
            return
        policy = AWSManagedPolicy.from_data(arn.rpartition("/")[2], self.account_id, backend.region_name, data)
        if policy.arn == arn:
            backend.managed_policies[arn] = policy
            backend.aws_managed_policies.append(policy)

    def write_trust(self, role_name: str, document: str) -> None:
        """Set a trust policy that moto's validator refuses although AWS accepts it, such as one with `sts:*`."""
        self.iam.get_role(role_name).assume_role_policy_document = document

    def backdate(self, role_name: str, *, created: datetime, used: datetime | None, region: str) -> None:
        """Set when a role was made and last used."""
        role = self.iam.get_role(role_name)
        role.create_date = created
        role.last_used = used
        role.last_used_region = region if used else None


def _empty(account_id: str) -> None:
    """Remove what an earlier loopback account of the same id left behind; stacks first, they own roles."""
    from moto.cloudformation.models import cloudformation_backends
    from moto.eks.models import eks_backends
    from moto.iam.models import iam_backends
    from moto.organizations.models import organizations_backends
    from moto.sts.models import sts_backends

    for backends in (cloudformation_backends, eks_backends, iam_backends, organizations_backends, sts_backends):
        backends[account_id].reset()


@cache
def _aws_managed_data() -> dict[str, dict[str, Any]]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    parsed: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return parsed
