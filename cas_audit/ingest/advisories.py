"""Security advisories that a user hands in (OSV, JSON), and the packages that this runs on.

Nothing is fetched. Of the file only what concerns these packages is kept, and of an advisory only
what says which versions it is about: no text, and no name of who found it.
"""

from collections.abc import Iterable
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cas_audit.errors import InputError
from cas_audit.files import digest, read_json

__all__ = ["environment", "read_advisories"]

ECOSYSTEM = "PyPI"
RANGED = ("ECOSYSTEM", "SEMVER")  # a range of commits says nothing of a version


def environment(roots: Iterable[str]) -> dict[str, str]:
    """Return the version of each package that is installed for these, and for those in turn.

    >>> "numpy" in environment(["pandas"])
    True
    """
    waiting, found = list(roots), {}
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # an extra that nobody installed
        found[str(name)] = installed.version
        asked = (Requirement(one) for one in installed.requires or [])
        waiting += [one.name for one in asked if not one.marker or one.marker.evaluate()]
    return dict(sorted(found.items()))


def read_advisories(path: Path, packages: dict[str, str]) -> dict[str, Any]:
    """Return what a file says of some packages.

    Args:
        path: JSON: one advisory in the OSV format, a list of them, or an object with them under
            `vulns` and, if it is known, the day on which they were fetched under `retrieved_on`.
        packages: versions by name.

    Returns:
        `sha256` of the file, `newest` (day of the newest change, or on which it was fetched),
        `records` (of this ecosystem), `packages`, and per advisory and package of these `id`,
        `package`, `versions` and `ranges` (events of each).

    Raises:
        InputError: it cannot be read, or is not in that format.
    """
    content = read_json(path)
    try:
        return {"sha256": digest(path), "packages": packages, **_gather(content, set(packages))}
    except (KeyError, TypeError, ValueError, AttributeError):
        message = f"{path} holds no advisories; expected JSON in the OSV format."
        raise InputError(message) from None


def _gather(content: Any, packages: set[str]) -> dict[str, Any]:  # noqa: ANN401 - JSON
    given = content.get("vulns", [content]) if isinstance(content, dict) else content
    told = content.get("retrieved_on") if isinstance(content, dict) else None
    days = [date.fromisoformat(told)] if told else []
    rows, records = [], 0
    for one in given:
        parts = [part for part in one["affected"] if _ecosystem(part) == ECOSYSTEM]
        days.append(date.fromisoformat(one["modified"][:10]))
        records += bool(parts)
        if not one.get("withdrawn"):
            rows += [_row(str(one["id"]), part) for part in parts]
    concerned = [row for row in rows if row["package"] in packages]
    concerned.sort(key=lambda row: (row["package"], row["id"]))
    newest = max(days).isoformat() if days else None
    return {"newest": newest, "records": records, "advisories": concerned}


def _ecosystem(part: dict[str, Any]) -> str:
    return str(part.get("package", {}).get("ecosystem", "")).partition(":")[0]


def _row(name: str, part: dict[str, Any]) -> dict[str, Any]:
    ranges = [one["events"] for one in part.get("ranges", []) if one["type"] in RANGED]
    return {
        "id": name,
        "package": str(canonicalize_name(part["package"]["name"])),
        "versions": [str(one) for one in part.get("versions", [])],
        "ranges": [
            [{str(kind): str(at) for kind, at in event.items()} for event in events]
            for events in ranges
        ],
    }
