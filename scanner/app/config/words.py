"""What a configuration asks for, in words."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.app.config.read import ConfigLint
from scanner.model.config import AwsTarget, AzureTarget, Config, GcpTarget, Target


def summary(found: ConfigLint) -> Iterator[str]:
    """Yield the lines that `config lint` prints of a file without problems."""
    config = found.config or Config(schema="")
    yield f"{len(config.targets)} target{'' if len(config.targets) == 1 else 's'}"
    for target in config.targets:
        documented = target.documented or config.defaults.documented or "the newest documented version"
        presence = target.presence or config.defaults.presence
        files = f", services of {', '.join(target.porter_yaml)}" if target.porter_yaml else ""
        yield f"  {target_words(target)}: {documented}, Porter {presence.value if presence else 'unknown'} there{files}"
    gates = config.thresholds
    yield f"exit 1 from {gates.fail_on.value} (as documented), {gates.fail_on_posture.value} (posture)"
    channels = config.notifications.channels
    yield f"notifications: {', '.join(c.name for c in channels) or 'none'}"
    for reference in found.references:
        yield f"refers to {reference.named}: {'there' if reference.found else 'not there now'}"


def target_words(target: Target) -> str:
    """Return what a target stands for, for example `aws account 111122223333`."""
    kinds: tuple[tuple[str, str | None], ...]
    match target:
        case AwsTarget():
            kinds = (("account", target.account), ("organization", target.organization))
        case GcpTarget():
            kinds = (("project", target.project), ("folder", target.folder), ("organization", target.organization))
        case AzureTarget():
            kinds = (
                ("subscription", target.subscription),
                ("management group", target.management_group),
                ("tenant", target.tenant),
            )
    return next((f"{cloud_of(target)} {kind} {named}" for kind, named in kinds if named), cloud_of(target))


def cloud_of(target: Target) -> str:
    """Return `aws`, `gcp` or `azure`."""
    match target:
        case AwsTarget():
            return "aws"
        case GcpTarget():
            return "gcp"
        case AzureTarget():
            return "azure"
