"""Recovery from a back-up was tried, and the map that was made again was the same."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import state
from cas_audit.audit.records import open_record

STEPS = ("restored", "rescored", "same")


def backup_restores(dossier: Dossier, *, max_months: float = 12) -> Finding:
    """Was recovery tried lately, and did the restored system make the same map?

    Why: a back-up that was never put back is a hope. A system that is restored but makes another
    map cannot account for what it said before.

    How: from the record of trials. Those of the newest month in which any was held decide: each
    must have restored system and data, made the map again, and found the same digests. The newest
    may lie at most `max_months` months before the reference date. A fact of the record: there is no
    interval.

    Limits: the record is what the organisation handed in. A trial does not say how long recovery
    takes when it is needed, nor whether the copy is out of reach of whoever broke the rest.

    Remedy: restore a copy on another machine, make the last map again, compare the digests, and
    write down that it was done.
    """
    record = open_record(dossier, "restores")
    held = record.months("trials")
    newest = held[0] if held else None
    reached = {
        step: record.total(step, within=newest) == record.total("trials", within=newest)
        for step in STEPS
    }
    outcome, message = Outcome.MET, ""
    if newest is None or newest > max_months:
        outcome, message = Outcome.INSUFFICIENT, ""
    elif untold := [step for step in STEPS if not record.tells(step)]:
        outcome, message = Outcome.INSUFFICIENT, f"{untold[0]}_not_told"
    elif failed := [step for step in STEPS if not reached[step]]:
        outcome, message = Outcome.NOT_MET, f"not_{failed[0]}"
    found = state(outcome, message, months=newest, trials=record.total("trials"))
    return found.model_copy(update={"n": {"trials": record.total("trials")}})
