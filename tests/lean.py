"""The trial city without what only some tests ask for: half the time of an audit."""

import os
from pathlib import Path

import pytest

from cas_audit.files import read_yaml, write_yaml

__all__ = ["LONG", "make_lean"]

LONG = pytest.mark.skipif(
    not os.environ.get("CAS_AUDIT_LONG"), reason="takes long; CAS_AUDIT_LONG=1 runs it"
)

BESIDE = ("survey", "patrols", "decisions", "complaints", "stops")
RECORDS = ("access", "changes", "restores", "log")


def make_lean(folder: Path, refits: int | None = None) -> None:
    """Take what no incident is in, and the trials asked for, out of every version.

    Args:
        folder: of the trial city.
        refits: histories drawn again, where that is no matter.
    """
    for path in sorted((folder / "configs").glob("*.yaml")):
        content = read_yaml(path)
        for name in (*BESIDE, *RECORDS):
            del content["sources"][name]
        content["forecast"] |= {"stability": False, "rerun": False}
        if refits is not None:
            content["forecast"]["refits"] = refits
        write_yaml(path, content)
