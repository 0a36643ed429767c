"""A figure per theme that must lie above a value, brought together in one finding."""

import pandas as pd

from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.record import tells_few
from cas_audit.inference.stretches import Interval, above

__all__ = ["hidden_themes", "judge_lowest"]


def hidden_themes(weekly: pd.DataFrame) -> frozenset[str]:
    """Return the themes of which a rate would tell a count of one to four incidents.

    Args:
        weekly: columns theme, forecaster, incidents, hits and near_hits.
    """
    counts = ["incidents", "hits", "near_hits"]
    sums = weekly.groupby(["theme", "forecaster"], as_index=False)[counts].sum()
    told = [tells_few(*row) for row in sums[counts].to_numpy(dtype=float).tolist()]
    return frozenset(sums.loc[told, "theme"])


def judge_lowest(
    measured: dict[str, Interval | None],
    at_least: float,
    level: float,
    hidden: frozenset[str] = frozenset(),
    **fixed: str | float,
) -> Finding:
    """Judge a figure of every theme against one value; shows the theme that does worst.

    Args:
        measured: per theme the interval over stretches; None where undefined.
        at_least: the value that the whole interval must exceed, judged one-sided at 5 %
            over all themes together.
        level: two-sided confidence level of the intervals.
        hidden: themes that are judged, but whose figures would tell a count of one to four.
        fixed: more values for the sentence.
    """
    judged = {theme: one and above(one, at_least) for theme, one in measured.items()}
    outcome = Outcome.MET if all(judged.values()) else Outcome.INSUFFICIENT
    if False in judged.values():
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    deciding = [theme for theme, verdict in judged.items() if verdict is wanted]
    worst = min(deciding, key=lambda theme: _estimate(measured[theme]))
    shown = {theme: None if theme in hidden else one for theme, one in measured.items()}
    found = shown[worst]
    rows = [{"theme": theme, **_row(one)} for theme, one in shown.items()]
    message = outcome.value if found else "hidden" if measured[worst] else "too_few_stretches"
    return Finding(
        outcome=outcome,
        message=message,
        values=as_rows([{"theme": worst, **fixed, **_row(found)}])[0],
        estimand=Estimand.OUTCOMES,
        estimate=found and found.estimate,
        interval=found and (found.low, found.high),
        level=level,
        interim=True,
        n={"themes": len(measured), "stretches": found.stretches if found else 0},
        smallest_gap=found and found.high - found.estimate,
        tables={"themes": as_rows(rows)},
    )


def _row(found: Interval | None) -> dict[str, float | None]:
    if found is None:
        return {"value": None, "low": None, "high": None}
    return {"value": found.estimate, "low": found.low, "high": found.high}


def _estimate(found: Interval | None) -> float:
    return found.estimate if found else float("-inf")
