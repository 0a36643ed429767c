"""Whether an advisory is about the version that is installed, as the OSV format defines it."""

from collections.abc import Mapping
from typing import Any

from packaging.version import InvalidVersion, Version

__all__ = ["is_affected"]

FIRST = "0"  # before every version
Events = list[Mapping[str, str]]


def is_affected(version: str, advisory: Mapping[str, Any]) -> bool | None:
    """Say whether a version is one that an advisory is about; None where that cannot be told.

    Args:
        version: as the package has it.
        advisory: `versions` that are named, and `ranges`: lists of events, each with `introduced`,
            `fixed` or `last_affected`.

    >>> advisory = {"versions": [], "ranges": [[{"introduced": "0"}, {"fixed": "2.1"}]]}
    >>> is_affected("2.0.3", advisory), is_affected("2.1", advisory)
    (True, False)
    >>> is_affected("1.0", {"versions": ["1.0.0"], "ranges": []})
    True
    >>> is_affected("1.0", {"versions": [], "ranges": []}) is None
    True
    """
    if not (advisory["versions"] or advisory["ranges"]):
        return None
    try:
        at = Version(version)
        if at in {Version(one) for one in advisory["versions"]}:
            return True
        return any(_within(at, events) for events in advisory["ranges"])
    except InvalidVersion:
        return None


def _within(version: Version, events: Events) -> bool:
    """Go through the events in order of their version: what holds last, holds."""
    told = [(kind, at) for event in events for kind, at in event.items() if kind != "limit"]
    passed = [kind for kind, at in sorted(told, key=_order) if _is_passed(version, kind, at)]
    return bool(passed) and passed[-1] == "introduced"


def _is_passed(version: Version, kind: str, at: str) -> bool:
    if kind == "last_affected":
        return version > Version(at)
    return at == FIRST or version >= Version(at)


def _order(event: tuple[str, str]) -> tuple[Version, bool]:
    """Put events in order; what begins at a version where something else ends begins after it."""
    kind, at = event
    return Version(at), kind == "introduced"
