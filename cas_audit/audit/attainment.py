"""A figure per theme that must lie above a value, brought together in one finding."""

from collections.abc import Collection, Mapping

import pandas as pd

from cas_audit.audit.comparison import finite
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.record import tells_few
from cas_audit.inference.interval import Interval, above
from cas_audit.inference.scores import Scores, compare_together, difference, ratio

__all__ = ["hidden_themes", "judge_lowest"]

LEVEL = 0.95


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
    measured: dict[str, Scores],
    at_least: float,
    *,
    enough: Collection[str],
    hidden: Collection[str] = (),
    named: Mapping[str, Mapping[str, str]] | None = None,
    **fixed: str | float,
) -> Finding:
    """Judge a figure of every theme against one value; shows the theme that does worst.

    Args:
        measured: scores per theme, or whatever else is `named`; their ratio is judged, or their
            top where the bottom is zero.
        at_least: the value that the whole interval must exceed, judged one-sided at 5 %
            over all themes together.
        enough: the themes whose counts, fixed beforehand, allow a judgement.
        hidden: themes that are judged, but whose figures would tell a count of one to four.
        named: what each of `measured` is about, in the columns of the table; by default a theme.
        fixed: more values for the sentence.
    """
    found = _intervals({theme: measured[theme] for theme in measured if theme in enough})
    intervals = {theme: found.get(theme) for theme in measured}
    judged = {theme: one and above(one, at_least) for theme, one in intervals.items()}
    outcome = Outcome.MET if all(judged.values()) else Outcome.INSUFFICIENT
    if False in judged.values():
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    deciding = [theme for theme, verdict in judged.items() if verdict is wanted]
    worst = min(deciding, key=lambda theme: _estimate(intervals[theme]))
    shown = {theme: None if theme in hidden else one for theme, one in intervals.items()}
    one = shown[worst]
    about = named or {theme: {"theme": theme} for theme in measured}
    rows = [{**about[theme], **_row(each)} for theme, each in shown.items()]
    message = outcome.value if one else "hidden" if intervals[worst] else "too_few"
    return Finding(
        outcome=outcome,
        message=message,
        values=as_rows([{**about[worst], **fixed, **_row(one)}])[0],
        estimand=Estimand.OUTCOMES,
        estimate=one and one.estimate,
        interval=one and (finite(one.low), finite(one.high)),
        level=LEVEL,
        n={"themes": len(measured), "units": one.units if one else 0},
        smallest_gap=one and finite(one.high - one.estimate),
        tables={"groups" if named else "themes": as_rows(rows)},
    )


def _intervals(measured: dict[str, Scores]) -> dict[str, Interval | None]:
    shared = [one for one in measured.values() if one.bottom]
    critical = compare_together(shared, LEVEL) if shared else None
    return {
        theme: ratio(one, critical, signed=True) if one.bottom else difference(one)
        for theme, one in measured.items()
    }


def _row(found: Interval | None) -> dict[str, float | None]:
    if found is None:
        return {"value": None, "low": None, "high": None}
    return {"value": found.estimate, "low": finite(found.low), "high": finite(found.high)}


def _estimate(found: Interval | None) -> float:
    return found.estimate if found else float("-inf")
