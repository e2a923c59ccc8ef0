"""The SDK's service models, read once per process and cut down to the operations this program may send.

Reading and building them is most of what a client costs: EC2's model alone has hundreds of operations and thousands of
shapes, of which one and a dozen are ever used. What is kept lives as long as the process, and Python's collector walks
through it again and again. A client made from a cut model has no method for anything else, which is one more guard.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import PurePath
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
    from botocore.loaders import JSONFileLoader, Loader, create_loader

    class CutFiles(JSONFileLoader):
        """Cuts a model as it is read: a loader keeps whatever its files hold, for as long as it lives."""

        def load_file(self, file_path: str) -> Any:
            """Return what a file holds, cut if it is the model of one of our services; None if there is no file."""
            model = super().load_file(file_path)
            service, _, kind = PurePath(file_path).parts[-3:]
            kept = _KEPT.get(service) if kind == "service-2" else None
            return model if model is None or kept is None else _cut(model, kept)

    class SharedLoader(Loader):
        """A loader that is safe to share, for nothing it returns is changed."""

        @property
        def search_paths(self) -> list[str]:
            """Return a copy: each boto3 session appends its own directory of resources, which nobody here uses."""
            return list(super().search_paths)

    paths = list(create_loader(data_path).search_paths) if data_path else None
    return SharedLoader(extra_search_paths=paths, file_loader=CutFiles())


def _cut(model: Mapping[str, Any], kept: frozenset[str]) -> dict[str, Any]:
    """Return the model with the kept operations, the shapes they are made of, and every error's shape."""
    operations = {name: operation for name, operation in model["operations"].items() if name in kept}
    shapes = model["shapes"]
    errors = {name for name, shape in shapes.items() if shape.get("exception")}
    waiting = [*_named(operations), *errors]
    used = set()
    while waiting:
        name = waiting.pop()
        if name in shapes and name not in used:
            used.add(name)
            waiting += _named(shapes[name])
    return {**model, "operations": operations, "shapes": {n: shape for n, shape in shapes.items() if n in used}}


def _named(part: Any) -> Iterator[str]:
    """Yield the shapes a part of a model refers to: each reference is a `shape` with a name."""
    if isinstance(part, Mapping):
        found = part.get("shape")
        if isinstance(found, str):
            yield found
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _named(each)
