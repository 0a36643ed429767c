"""The seal of an audit folder: digests of everything in it, and what differs from them."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from cas_audit.config import Strict, read_record
from cas_audit.errors import EvidenceError
from cas_audit.files import digest, shown, tree, write_json

__all__ = ["Seal", "differences", "read_seal", "seal_audit"]

OUTSIDE = ("audit.json", "run.json")  # the seal itself, and clock times


class Seal(Strict):
    """The digest of each file of an audit folder, by POSIX path."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    files: dict[str, str]


def seal_audit(folder: Path) -> None:
    """Write `audit.json` with the digest of every file but itself and `run.json`."""
    files = {name: digest(folder / name) for name in tree(folder) if name not in OUTSIDE}
    write_json(folder / "audit.json", Seal(schema=1, files=files).model_dump(by_alias=True))


def differences(folder: Path) -> list[str]:
    """Say what differs from the seal, one sentence a file, sorted by path; empty when nothing.

    Raises:
        EvidenceError: the folder holds no readable seal, or a symbolic link.
    """
    sealed = read_seal(folder / "audit.json").files
    present = {name for name in tree(folder) if name not in OUTSIDE}
    said = {name: _compare(folder, name, sealed, present) for name in present | sealed.keys()}
    return [said[name] for name in sorted(said) if said[name]]


def _compare(folder: Path, name: str, sealed: dict[str, str], present: set[str]) -> str:
    if name not in present:
        return f"{shown(name)} is missing."
    if name not in sealed:
        return f"{shown(name)} was added after sealing."
    same = digest(folder / name) == sealed[name]
    return "" if same else f"{shown(name)} was changed after sealing."


def read_seal(path: Path) -> Seal:
    """Read a seal.

    Raises:
        EvidenceError: there is none, or it does not fit its schema.
    """
    if not path.is_file():
        message = f"{path.parent} holds no audit.json; expected an audit folder."
        raise EvidenceError(message)
    return read_record(Seal, path, EvidenceError)
