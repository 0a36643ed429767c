"""A figure per theme that must lie above a value, brought together in one finding."""

from collections.abc import Collection

from cas_audit.audit.comparison import finite
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.inference.interval import Interval, above
from cas_audit.inference.scores import Scores, compare_together, difference, ratio

__all__ = ["judge_lowest"]

LEVEL = 0.95


def judge_lowest(
    measured: dict[str, Scores], at_least: float, *, enough: Collection[str], **fixed: str | float
) -> Finding:
    """Judge a figure of every theme against one value; shows the theme that does worst.

    Args:
        measured: scores per theme; their ratio is judged, or their top where the bottom is zero.
        at_least: the value that the whole interval must exceed, judged one-sided at 5 %
            over all themes together.
        enough: the themes whose counts, fixed beforehand, allow a judgement.
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
    one = intervals[worst]
    rows = [{"theme": theme, **_row(each)} for theme, each in intervals.items()]
    return Finding(
        outcome=outcome,
        message=outcome.value if one else "too_few",
        values=as_rows([{"theme": worst, **fixed, **_row(one)}])[0],
        estimand=Estimand.OUTCOMES,
        estimate=one and one.estimate,
        interval=one and (finite(one.low), finite(one.high)),
        level=LEVEL,
        n={"themes": len(measured), "units": one.units if one else 0},
        smallest_gap=one and finite(one.high - one.estimate),
        tables={"themes": as_rows(rows)},
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
