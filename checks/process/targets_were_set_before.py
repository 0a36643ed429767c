"""The targets were set before the first week on which the system is judged."""

from datetime import date
from typing import Any

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome
from cas_audit.audit.record import state


def targets_were_set_before(dossier: Dossier, *, min_days_before: float = 1) -> Finding:
    """Were purpose, success criterion, stop criterion and limits set before the first test week?

    Why: a target that is chosen once the results are known is always reached.

    How: `decided_on` of the purpose must lie at least `min_days_before` days before the first day
    of the weeks that are judged, and so must each dated choice about limits. Where an audit sets
    limits of its own and no choice about them is dated, nothing is decided. A fact of the record:
    there is no interval.

    Limits: a date can be filled in afterwards, and a figure changed under an old date. Tolerances
    in the policy of an organisation have no day on which they were set, so they are not looked at.

    Remedy: set new targets for weeks that are still to come, and date them.
    """
    purpose = dossier.yaml("purpose.yaml")
    first = dossier.table("stretches.parquet")["period"].min().date()
    decided, limits = purpose.get("decided_on"), _limits(dossier)
    late = [day for day in limits if _days(day, first) < min_days_before]
    outcome, message = Outcome.MET, ""
    if dossier.manifest.thresholds and not limits:
        outcome, message = Outcome.INSUFFICIENT, "limits_undated"
    if late:
        outcome, message = Outcome.NOT_MET, "limits_after"
    if decided is None:
        outcome, message = Outcome.INSUFFICIENT, "undated"
    elif _days(decided, first) < min_days_before:
        outcome, message = Outcome.NOT_MET, "not_met"
    if not (purpose.get("success") and purpose.get("stop")):
        outcome, message = Outcome.NOT_MET, "no_target"
    return state(
        outcome, message, decided=decided, first=f"{first}", limits=max(late, default=None)
    )


def _limits(dossier: Dossier) -> list[str]:
    """Return the days on which choices about limits were made."""
    made: list[dict[str, Any]] = []
    if dossier.has("decided.yaml"):
        made = dossier.yaml("decided.yaml")["decided"]
    return [one["decided_on"] for one in made if one["about"] == "limits" and one["decided_on"]]


def _days(decided: str, first: date) -> int:
    return (first - date.fromisoformat(decided)).days
