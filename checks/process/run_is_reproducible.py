"""A new process makes the same forecast from the same data, to the last byte."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state


def run_is_reproducible(
    dossier: Dossier, *, max_differing: float = 0, min_weeks: float = 26, min_files: float = 4
) -> Finding:
    """Does a new process make the same tables from the same data, to the last byte?

    Why: who examines a system must get what was deployed, on another day and without its makers.

    How: before sealing, a new process read the configuration and the counted data and made the
    forecast again (a trial, `forecast.rerun`). The SHA-256 of each table that it wrote must be that
    of the first, and that of the first must be the one the manifest has. A fact of the record:
    there is no interval.

    Limits: it ran on the same machine, with the same versions; the manifest names them. It began
    from counts behind the gate, so the reading of the sources was not repeated. A fitted model is
    not compared by its bytes, which differ each time; its forecasts are.

    Remedy: fix seeds, sort rows before fitting, keep what depends on hashes or threads out of sums.
    """
    trial, kept = dossier.json("trials/rerun.json"), dossier.manifest.files
    files = trial["files"]
    rows = [
        {"table": name, "same": int(one["first"] == one["again"])} for name, one in files.items()
    ]
    foreign = [name for name, one in files.items() if kept.get(name) != one["first"]]
    differing = sum(not row["same"] for row in rows)
    enough = trial["weeks"] >= min_weeks and len(files) >= min_files
    outcome, message = Outcome.MET if enough else Outcome.INSUFFICIENT, ""
    if differing > max_differing:
        outcome = Outcome.NOT_MET
    if foreign:
        outcome, message = Outcome.NOT_MET, "of_another"
    found = state(outcome, message, files=len(files), differing=differing, weeks=trial["weeks"])
    return found.model_copy(
        update={
            "n": {"files": len(files), "weeks": trial["weeks"]},
            "tables": {"tables": as_rows(rows)},
        }
    )
