"""The trial city without what only some tests ask for: half the time of an audit."""

from pathlib import Path

from cas_audit.files import read_yaml, write_yaml

__all__ = ["make_lean"]

BESIDE = ("survey", "patrols", "decisions", "complaints", "stops")


def make_lean(folder: Path) -> None:
    """Take the tables beside the incidents, and the trial of stability, out of every version."""
    for path in sorted((folder / "configs").glob("*.yaml")):
        content = read_yaml(path)
        for name in BESIDE:
            del content["sources"][name]
        content["forecast"]["stability"] = False
        write_yaml(path, content)
