"""Hardly any week of the history is without an incident."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding
from cas_audit.audit.record import judge_share


def weeks_are_complete(
    dossier: Dossier, *, max_empty_share: float = 0.02, min_weeks: float = 52
) -> Finding:
    """Does nearly every week of the history hold an incident?

    Why: an empty week is rarely calm; mostly a delivery failed, and the model learns from a hole.

    How: weeks without any admitted incident over all weeks from the first record to the last full
    week before the reference date. It is a count of the record: there is no interval.

    Limits: a week that is half delivered looks complete. A rare theme can have calm weeks.

    Remedy: ask the source for the missing delivery, or begin the history after it.
    """
    quality = dossier.json("data/quality.json")
    empty, weeks = quality["weeks_without_incidents"], quality["weeks"]
    return judge_share(empty, weeks, at_most=max_empty_share, fewest=min_weeks, unit="weeks")
