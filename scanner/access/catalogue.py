"""What the engine asks of the action catalogue; the data itself is passed in."""

from __future__ import annotations

from typing import Protocol


class Catalogue(Protocol):
    """Published actions, their resource types and the types of condition keys. Never decides containment."""

    @property
    def name(self) -> str:
        """Return name and version, as printed in every report."""
        ...

    def actions(self, service: str) -> tuple[str, ...]:
        """Return the published action names of a lower-cased service prefix, in the provider's spelling, sorted."""
        ...

    def is_published(self, action: str) -> bool:
        """Return whether `service:Name` is published; case does not matter."""
        ...

    def resource_templates(self, action: str) -> tuple[str, ...]:
        """Return ARN templates such as `arn:${Partition}:s3:::${BucketName}` an action can name; empty: only `*`."""
        ...

    def key_type(self, key: str) -> str | None:
        """Return `String`, `ArrayOfString`, `Bool`, `Numeric`, `Date`, `IPAddress`, `ARN`, ... or None if unknown."""
        ...


class EmptyCatalogue:
    """Knows nothing: every action is unpublished, every key untyped. For use without catalogue data."""

    name = "none"

    def actions(self, service: str) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def is_published(self, action: str) -> bool:
        """Return False."""
        return False

    def resource_templates(self, action: str) -> tuple[str, ...]:
        """Return nothing."""
        return ()

    def key_type(self, key: str) -> str | None:
        """Return None."""
        return None
