"""The replay: the trial city, audited as the Court of Audit examined CAS in 2022."""

import shutil
from pathlib import Path

from cas_audit import steps
from cas_audit.assure.demonstration import write_demonstration
from cas_audit.assure.framework import load_framework
from cas_audit.config import Strict, Text, load_config, read_record
from cas_audit.errors import ProgrammeError
from cas_audit.files import staged, write_json
from cas_audit.progress import say
from cas_audit.rooms import room

__all__ = ["Known", "read_known", "replay"]

ROOM = ("reports", "replay-2022")


class Denied(Strict):
    """A statement that cannot be made of the system that is replayed, and why not."""

    statement: str
    claim: Text


class Known(Strict):
    """What is publicly known to have been lacking."""

    denied: list[Denied]


def read_known() -> Known:
    """Return what is known of CAS in 2022.

    Raises:
        ProgrammeError: the file does not fit.
    """
    return read_record(Known, room(*ROOM, "known.yaml"), ProgrammeError)


def replay(out: Path, *, seed: int = 1, side: int | None = None) -> Path:
    """Audit the trial city as CAS was described in 2022; returns the audit folder.

    What is known to have been lacking is denied; nobody states the rest, so it stays open.

    Args:
        out: folder to write.
        seed: of the city.
        side: rows and columns of the grid; by default about 12,000 cells are kept.

    Raises:
        EvidenceError: `out` exists and was not written by us.
    """
    from cas_audit.simulate.city import SIDE  # noqa: PLC0415 - loads scipy
    from cas_audit.simulate.feed import write_feed  # noqa: PLC0415 - loads pandas

    with staged(out) as work:
        write_json(work / "demo.json", {"seed": seed, "replay": 2022})
        say("draw the trial city")
        write_feed(work, seed=seed, over_policing=1.0, side=side or SIDE)
        path = work / "configs/cas-2022.yaml"
        path.parent.mkdir()
        shutil.copyfile(room(*ROOM, "config.yaml"), path)
        config = load_config(path)
        denied = {one.statement: f"{one.claim.nl} / {one.claim.en}" for one in read_known().denied}
        framework = load_framework(config.framework)
        write_demonstration(work, framework, config, seed, denied)
        steps.audit(path, work / "cas-2022", work / "statements")
    return out / "cas-2022"
