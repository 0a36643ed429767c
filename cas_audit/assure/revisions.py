"""Revisions: what an audit said before a person added something; kept, chained by digest.

`revisions/NNN/` holds the results of revision NNN with its seal. Dossier and statements are not
copied: they are only ever added to, so the old seal can still be held against them.
"""

import shutil
from pathlib import Path

from cas_audit.assure.seal import read_seal
from cas_audit.errors import EvidenceError
from cas_audit.files import digest, shown

__all__ = ["REVISIONS", "count", "gaps", "keep", "last_seal", "past"]

REVISIONS = "revisions"
SHARED = ("dossier", "statements", REVISIONS)
MOST = 999


def past(folder: Path) -> list[Path]:
    """Return the folders of earlier revisions, oldest first."""
    home = folder / REVISIONS
    return sorted(path for path in home.iterdir() if path.is_dir()) if home.is_dir() else []


def count(folder: Path) -> int:
    """Return which revision an audit is: 1 when nothing was ever added."""
    return len(past(folder)) + 1


def last_seal(folder: Path) -> str | None:
    """Return the digest of the seal of the revision before, which the answers name."""
    earlier = past(folder)
    return digest(earlier[-1] / "audit.json") if earlier else None


def keep(folder: Path) -> None:
    """Put the results of a sealed audit aside as a revision, before they are made anew.

    Raises:
        EvidenceError: there are too many.
    """
    number = count(folder)
    if number > MOST:
        message = f"{folder} holds {MOST} revisions; expected fewer."
        raise EvidenceError(message)
    aside = folder / REVISIONS / f"{number:03}"
    aside.mkdir(parents=True)
    shutil.copyfile(folder / "audit.json", aside / "audit.json")
    for name in read_seal(folder / "audit.json").files:
        if name.split("/", 1)[0] not in SHARED:
            shutil.copyfile(folder / name, aside / name)


def gaps(folder: Path) -> list[str]:
    """Say which revisions are missing, and which files of theirs are gone or were changed.

    Raises:
        EvidenceError: a revision holds no readable seal.
    """
    earlier = past(folder)
    expected = [f"{number:03}" for number in range(1, len(earlier) + 1)]
    if expected != [path.name for path in earlier]:
        return ["revisions/ has a gap: expected every number from 001."]
    return [said for path in earlier for said in _gaps(folder, path)]


def _gaps(folder: Path, aside: Path) -> list[str]:
    said = []
    for name, value in sorted(read_seal(aside / "audit.json").files.items()):
        shared = name.split("/", 1)[0] in SHARED
        path = (folder if shared else aside) / name
        if not path.is_file() or digest(path) != value:
            said.append(f"{shown(name)} is not as it was in revision {aside.name}.")
    return said
