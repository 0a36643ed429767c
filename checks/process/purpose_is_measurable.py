"""The purpose is laid down, with a figure that must be reached and a moment to stop."""

from datetime import date

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import state

NEEDED = ("goal", "action", "success", "stop", "owner")


def purpose_is_measurable(dossier: Dossier, *, max_missing: float = 0) -> Finding:
    """Is it laid down why the system exists, when it succeeds and when it stops?

    Why: a system without a measurable goal can never fail, so it can never be shown to work.

    How: the record of purpose must hold goal, intended action, success criterion (a measure and a
    value), stop criterion and owner; and it must be dated on or before the reference date.
    A fact of the record: there is no interval.

    Limits: whether the goal is the right one, and whether it was adopted by those who may, is for a
    person to state. A date can be filled in afterwards.

    Remedy: fill in what is missing under `purpose` in the configuration, before the next results.
    """
    purpose = dossier.yaml("purpose.yaml")
    missing = [name for name in NEEDED if not purpose.get(name)]
    decided = purpose.get("decided_on")
    late = decided is not None and date.fromisoformat(decided) > dossier.manifest.reference_date
    outcome, message = Outcome.MET, ""
    if decided is None:
        outcome, message = Outcome.INSUFFICIENT, "undated"
    if late:
        outcome, message = Outcome.NOT_MET, "decided_after"
    if len(missing) > max_missing:
        outcome, message = Outcome.NOT_MET, "not_met"
    found = state(outcome, message, missing=", ".join(missing), count=len(missing), decided=decided)
    return found.model_copy(update={"n": {"asked": len(NEEDED) + 1}})
