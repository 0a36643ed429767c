"""It is laid down when the system is judged again or ends, and what happens to what it leaves."""

from datetime import date

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import state

NEEDED = ("stop", "review_on", "kept_years")


def retirement_is_planned(
    dossier: Dossier, *, max_missing: float = 0, max_review_days: float = 366
) -> Finding:
    """Is it laid down, in a figure and with a day, when the system stops or is judged again?

    Why: a system without a day on which it must show its worth goes on by habit.

    How: the record of purpose must hold a stop criterion, the day on which the system is judged
    again or ends, and how many years code, data and evidence are kept then. The day must lie after
    the reference date and at most `max_review_days` days away. A stop criterion in words alone
    decides nothing: it needs a measure, a value below which the system stops, and for how many
    weeks. A fact of the record: there is no interval.

    Limits: whether the system then does stop is for people to see to. Whether the criterion has
    been reached by now is not asked here.

    Remedy: fill in under `purpose` in the configuration what is missing; where the day has passed,
    judge the system first.
    """
    purpose, on = dossier.yaml("purpose.yaml"), dossier.manifest.reference_date
    missing = [name for name in NEEDED if purpose.get(name) is None]
    review = purpose.get("review_on")
    ahead = (date.fromisoformat(review) - on).days if review else None
    outcome, message = Outcome.MET, ""
    if not (purpose.get("stop") or {}).get("measure"):
        outcome, message = Outcome.INSUFFICIENT, "in_words"
    if ahead is not None and ahead > max_review_days:
        outcome, message = Outcome.NOT_MET, "too_far"
    if ahead is not None and ahead <= 0:
        outcome, message = Outcome.NOT_MET, "overdue"
    if len(missing) > max_missing:
        outcome, message = Outcome.NOT_MET, "not_met"
    kept = purpose.get("kept_years")
    found = state(outcome, message, missing=", ".join(missing), review=review, kept=kept)
    return found.model_copy(update={"n": {"asked": len(NEEDED)}})
