"""People decide on the advice: they depart from it at times, and leave none unread."""

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

HURRIED = "0-9"  # seconds, as ingest counts them


def humans_decide(
    dossier: Dossier,
    *,
    min_override_share: float = 0.02,
    max_unread_share: float = 0.1,
    max_hurried_share: float = 0.5,
    min_decisions: float = 50,
) -> Finding:
    """Do people decide on the advice, or does it go through unread?

    Why: a human in the loop who follows every advice, or never opens it, is no human in the loop.

    How: from the log of decisions. Overridden are decisions that follow the advice in part or not
    at all, over all decisions. Unread is a map, of a period and theme, in whose weeks there is no
    decision on that theme, over all maps. Where the log says how long a decision took, those of
    less than ten seconds are hurried. A count of the record: there is no interval.

    Limits: somebody who departs from the advice is not right by that, nor is somebody who follows
    it wrong. A log says what was noted. Time spent is known only where the log has it, and says how
    long a screen was open.

    Remedy: show why a cell is flagged and what the map does not know; give time; have the reason
    noted; and ask why nothing was decided on some maps.
    """
    decisions = dossier.table("data/decisions.parquet")
    total = int(decisions["count"].sum())
    followed = decisions.loc[decisions["decision"] == "followed", "count"].sum()
    override = 1 - followed / total if total else None
    unread, maps = _unread(dossier.table("forecasts.parquet"), decisions)
    hurried = None
    if "taken" in decisions and total:
        hurried = decisions.loc[decisions["taken"] == HURRIED, "count"].sum() / total
    outcome, message = Outcome.MET, ""
    if total < min_decisions or not maps:
        outcome = Outcome.INSUFFICIENT
    elif override is not None and override < min_override_share:
        outcome = Outcome.NOT_MET
    elif hurried is not None and hurried > max_hurried_share:
        outcome, message = Outcome.NOT_MET, "hurried"
    if maps and unread / maps > max_unread_share:
        outcome, message = Outcome.NOT_MET, "unread"
    shown = {"override": override, "unread": unread, "maps": maps, "hurried": hurried}
    [values] = as_rows([{"decisions": total, **shown}])
    found = state(outcome, message, **values)
    return found.model_copy(
        update={"estimate": values["override"], "n": {"decisions": total, "maps": maps}}
    )


def _unread(forecasts: pd.DataFrame, decisions: pd.DataFrame) -> tuple[int, int]:
    """Return for how many maps, of a period and theme, nobody decided, and of how many."""
    if "period" not in forecasts:
        return 0, 0
    lasts = _lasts(forecasts["period"])
    decided: dict[str, list[pd.Timestamp]] = {
        str(theme): sorted(set(part)) for theme, part in decisions.groupby("theme")["week"]
    }
    flagged = forecasts[forecasts["flagged"].astype(bool)]
    maps = flagged[["period", "theme"]].drop_duplicates().itertuples(index=False)
    read = [
        any(period <= week < period + lasts for week in decided.get(theme, []))
        for period, theme in maps
    ]
    return read.count(False), len(read)


def _lasts(periods: "pd.Series[pd.Timestamp]") -> pd.Timedelta:
    """Return how long a map lasts: until the next, or a week where there is one map."""
    known = pd.Series(sorted(set(periods)))
    return known.diff().min() if len(known) > 1 else pd.Timedelta(weeks=1)
