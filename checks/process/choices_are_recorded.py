"""The choices that shape the system are recorded: what, why, by whom and when."""

from datetime import date
from typing import Any

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

SUBJECTS = ("design", "data", "cell_size", "flagged_share", "limits", "sensitivity")
SLACK = 1e-9


def choices_are_recorded(
    dossier: Dossier, *, max_lacking: float = 0, min_words: float = 4
) -> Finding:
    """Is each choice that shapes the system recorded, with a reason, an owner and a date?

    Why: a choice that nobody remembers making cannot be explained, weighed again or undone.

    How: the configuration must record a choice about the design, the data, the size of a cell, the
    share that is flagged, the limits and the trials of sensitivity. Each needs a reason of at least
    `min_words` words in both languages, an owner, and a day on or before the reference date; a
    number that is named must be the one that ran. A choice without a day is undecided. A fact of
    the record: there is no interval.

    Limits: whether a reason is a good one is for a person to judge. Choices that nobody saw as a
    choice are not in any list.

    Remedy: write the choice under `decided` in the configuration, when it is made.
    """
    made = dossier.yaml("decided.yaml")["decided"]
    ran = _ran(dossier)
    rows = [
        {"choice": about, "lacks": lacks}
        for about in SUBJECTS
        for one in [each for each in made if each["about"] == about] or [None]
        if (lacks := _lacks(one, ran, dossier.manifest.reference_date, min_words))
    ]
    undated = [row for row in rows if row["lacks"] == "day"]
    outcome = Outcome.INSUFFICIENT if undated else Outcome.MET
    if len(rows) - len(undated) > max_lacking:
        outcome = Outcome.NOT_MET
    subjects = {row["choice"]: "" for row in rows}
    found = state(outcome, lacking=", ".join(subjects), choices=len(made))
    return found.model_copy(
        update={"n": {"choices": len(made)}, "tables": {"choices": as_rows(rows)}}
    )


def _ran(dossier: Dossier) -> dict[str, float]:
    """Return the numbers with which the system ran."""
    ran = {"flagged_share": dossier.manifest.flagged_share}
    if dossier.has("data/grid.json"):
        ran["cell_size"] = dossier.json("data/grid.json")["cell_size_m"]
    return ran


def _lacks(one: dict[str, Any] | None, ran: dict[str, float], on: date, min_words: float) -> str:
    """Return what the record of a choice lacks, or nothing."""
    if one is None:
        return "choice"
    if min(len(one["reason"][language].split()) for language in ("nl", "en")) < min_words:
        return "reason"
    if not one.get("owner"):
        return "owner"
    named, value = one.get("value"), ran.get(one["about"])
    if named is not None and (value is None or abs(named - value) > SLACK):
        return "value_that_ran"
    if not one.get("decided_on"):
        return "day"
    return "day_in_time" if date.fromisoformat(one["decided_on"]) > on else ""
