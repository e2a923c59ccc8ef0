"""The SDK's models as they are cut: all that an operation of ours is made of, and nothing of any other."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from scanner.collect.aws import models
from scanner.collect.aws.models import new_session


def _operations(kept: object) -> set[str]:
    """Return the names of all operations in whatever a loader holds."""
    if isinstance(kept, dict):
        mine = set(kept["operations"]) if isinstance(kept.get("operations"), dict) else set()
        return mine.union(*map(_operations, kept.values()))
    return set().union(*map(_operations, kept)) if isinstance(kept, list | tuple) else set()


def test_a_loader_keeps_nothing_of_what_is_never_sent() -> None:
    loader = new_session(None)._session.get_component("data_loader")
    model = loader.load_service_model("ec2", "service-2")
    assert set(model["operations"]) == {"DescribeRegions"}
    assert len(model["shapes"]) < 50
    held = _operations(vars(loader))
    assert "DescribeRegions" in held
    assert "RunInstances" not in held


@pytest.mark.parametrize("service", sorted(models._KEPT))
def test_a_cut_model_says_of_its_operations_and_errors_what_the_whole_one_says(service: str) -> None:
    cut = new_session(None)._session.get_service_model(service)
    whole = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    assert set(cut.operation_names) == models._KEPT[service] <= set(whole.operation_names)
    for name in cut.operation_names:
        ours, theirs = cut.operation_model(name), whole.operation_model(name)
        for side in ("input_shape", "output_shape"):
            assert _described(getattr(ours, side)) == _described(getattr(theirs, side))
        assert [_described(one) for one in ours.error_shapes] == [_described(one) for one in theirs.error_shapes]
    assert [_described(one) for one in cut.error_shapes] == [_described(one) for one in whole.error_shapes]


def _described(shape: Any, above: tuple[str, ...] = ()) -> object:
    """Return all that a shape is made of; one that is within itself ends there."""
    if shape is None or shape.name in above:
        return shape and shape.name
    within = {**getattr(shape, "members", {})}
    within |= {part: getattr(shape, part) for part in ("member", "key", "value") if hasattr(shape, part)}
    below = (*above, shape.name)
    said = {name: _described(one, below) for name, one in within.items()}
    return shape.name, shape.type_name, shape.serialization, shape.metadata, said
