"""The SDK's service models, read once per process and cut down to the operations this program may send.

Reading and building them is most of what a client costs: EC2's model alone has hundreds of operations, of which one is
ever sent. A client made from a cut model has no method for anything else, which is one more guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from scanner.collect.aws.allowlist import READ_ONLY_CALLS, SESSION_CALLS

# The SDK itself signs in with STS (web identity, chained roles): its model stays whole.
_WHOLE = frozenset({"sts"})
_BESIDE_THE_LIST = frozenset({*SESSION_CALLS, ("organizations", "ListAccounts")})
_KEPT: dict[str, frozenset[str]] = {
    service: frozenset(
        {
            *(call.operation for call in READ_ONLY_CALLS if call.service == service),
            *(operation for known, operation in _BESIDE_THE_LIST if known == service),
        }
    )
    for service in {call.service for call in READ_ONLY_CALLS} - _WHOLE
}


def new_session(profile: str | None) -> Any:
    """Return a boto3 session that shares its models with all others; raises botocore's errors."""
    import boto3
    import botocore.session

    base = botocore.session.get_session()
    if profile is not None:
        base.set_config_variable("profile", profile)
    # Asking for any setting reads the configuration: an unknown profile and a broken file are told of here.
    base.register_component("data_loader", _loader(base.get_config_variable("data_path")))
    return boto3.Session(botocore_session=base, profile_name=profile)


def session_as(credentials: dict[str, Any], region: str) -> Any:
    """Return a boto3 session with temporary credentials as AssumeRole answers them."""
    import boto3
    import botocore.session

    base = botocore.session.get_session()
    base.register_component("data_loader", _loader(base.get_config_variable("data_path")))
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region,
        botocore_session=base,
    )


@lru_cache(maxsize=4)
def _loader(data_path: str | None) -> Any:
    """Return the loader of a search path. Two threads may both make the first one; either is good."""
    from botocore.loaders import Loader, create_loader

    class CutLoader(Loader):
        """A loader whose models hold listed operations only; safe to share, for nothing it returns is changed."""

        def __init__(self, paths: list[str] | None) -> None:
            super().__init__(extra_search_paths=paths)
            self._models: dict[tuple[str, str, str | None], Any] = {}

        @property
        def search_paths(self) -> list[str]:
            """Return a copy: each boto3 session appends its own directory of resources, which nobody here uses."""
            return list(super().search_paths)

        def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
            """Return a model, cut if it is one of ours."""
            key = (service_name, type_name, api_version)
            if key not in self._models:
                model = super().load_service_model(service_name, type_name, api_version)
                kept = _KEPT.get(service_name) if type_name == "service-2" else None
                self._models[key] = model if kept is None else _cut(model, kept)
            return self._models[key]

    return CutLoader(list(create_loader(data_path).search_paths) if data_path else None)


def _cut(model: Mapping[str, Any], kept: frozenset[str]) -> dict[str, Any]:
    operations = {name: operation for name, operation in model["operations"].items() if name in kept}
    return {**model, "operations": operations}
