"""A figure per theme that must lie above a value, brought together in one finding."""

from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.inference.stretches import Interval, above

__all__ = ["judge_lowest"]


def judge_lowest(
    measured: dict[str, Interval | None], at_least: float, level: float, **fixed: str | float
) -> Finding:
    """Judge a figure of every theme against one value; shows the theme that does worst.

    Args:
        measured: per theme the interval over stretches; None where undefined.
        at_least: the value that the whole interval must exceed, judged one-sided at 5 %
            over all themes together.
        level: two-sided confidence level of the intervals.
        fixed: more values for the sentence.
    """
    judged = {theme: one and above(one, at_least) for theme, one in measured.items()}
    outcome = Outcome.MET if all(judged.values()) else Outcome.INSUFFICIENT
    if False in judged.values():
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    deciding = [theme for theme, verdict in judged.items() if verdict is wanted]
    worst = min(deciding, key=lambda theme: _estimate(measured[theme]))
    found = measured[worst]
    rows = [{"theme": theme, **_row(one)} for theme, one in measured.items()]
    return Finding(
        outcome=outcome,
        message=outcome.value if found else "too_few_stretches",
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
