"""The demonstration: every version of the trial city, audited from one raw feed."""

import re
from pathlib import Path

from cas_audit import steps
from cas_audit.assure.demonstration import write_demonstration
from cas_audit.assure.framework import load_framework
from cas_audit.config import load_config
from cas_audit.files import staged, write_json
from cas_audit.processes import open_processes
from cas_audit.progress import say

__all__ = ["demonstrate", "prepare"]

CONFIGS = Path(__file__).parent / "simulate/demo"
FRAMEWORK = "rekenkamer-2.0"
NAMED = re.compile("^framework: .*$", re.MULTILINE)


def prepare(
    folder: Path,
    *,
    seed: int,
    over_policing: float = 1.0,
    side: int | None = None,
    framework: str = FRAMEWORK,
) -> None:
    """Write the raw feed, the configurations, and keys, policy and statements of nobody.

    Args:
        folder: where to write `feed/`, `truth/`, `configs/`, `keys/` and `statements/`.
        seed: of the city.
        over_policing: the one dial of bias; 0 is none.
        side: rows and columns of the grid; by default about 12,000 cells are kept.
        framework: whose points are answered.
    """
    from cas_audit.simulate.city import SIDE  # noqa: PLC0415 - loads scipy
    from cas_audit.simulate.feed import write_feed  # noqa: PLC0415 - loads pandas

    say("draw the trial city")
    write_feed(folder, seed=seed, over_policing=over_policing, side=side or SIDE)
    (folder / "configs").mkdir()
    for path in sorted(CONFIGS.glob("*.yaml")):
        own = folder / "configs" / path.name
        text = path.read_text(encoding="utf-8")
        own.write_text(NAMED.sub(f"framework: {framework}", text), encoding="utf-8")
        write_demonstration(folder, load_framework(framework), load_config(own), seed)


def _audit_all(work: Path, versions: list[str]) -> None:
    """Audit every version in a process of its own: none of them knows of the others."""
    say(f"audit {', '.join(versions)}, side by side")
    with open_processes(len(versions)) as processes:
        processes.each(_audit, [(work, version) for version in versions], "versions audited")


def _audit(work: Path, version: str) -> None:
    steps.audit(work / f"configs/{version}.yaml", work / version, work / "statements")


def demonstrate(out: Path, *, seed: int = 1, framework: str = FRAMEWORK) -> list[Path]:
    """Audit every version of the trial city; returns the audit folders.

    Raises:
        EvidenceError: `out` exists and was not written by us.
        ProgrammeError: the framework does not exist.
    """
    load_framework(framework)  # before a city is drawn for it
    with staged(out) as work:
        write_json(work / "demo.json", {"seed": seed, "framework": framework})
        prepare(work, seed=seed, framework=framework)
        versions = [path.stem for path in sorted((work / "configs").glob("*.yaml"))]
        _audit_all(work, versions)
    folders = [out / version for version in versions]
    for folder in folders:  # after the folder is in its place: the store keeps absolute paths
        steps.record(folder)
    return folders
