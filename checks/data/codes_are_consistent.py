"""No series of records breaks: what is counted as a theme stayed the same."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.inference.breaks import Break, find_break
from cas_audit.inference.families import holm

ALARM = 0.05  # chance of even one false alarm over all series


def codes_are_consistent(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    max_hidden: float = 1.5,
    min_weeks: float = 52,
) -> Finding:
    """Did no theme change its level from one week to the next, as when its code changes meaning?

    Why: when a code is split, joined or filed otherwise, or a unit stops delivering, the model
    takes a change of the paperwork for a change of crime.

    How: the weekly number of records of each theme and channel is tested for a change of level at
    some unnamed week (OLS-CUSUM, Ploberger & Krämer 1992; yearly wave and memory taken out). Of all
    series together at most 5 % of audits give a false alarm (Holm). A change that is found counts
    when the mean after it over that before lies outside the tolerance. Where none is found, it is
    decided only if a change by a factor `max_hidden` halfway would have been found at least four
    times in five. With fewer weeks than `min_weeks` nothing is decided.

    Limits: a true change of crime, a lockdown say, looks the same; a slow trend does too. Only
    the city as a whole is looked at: a break in one area can drown in it. A change by which one
    code loses what another gains is not told from two changes.

    Remedy: ask whoever runs the source what changed in that week. Map the codes anew, or begin the
    history after it.
    """
    weeks = dossier.table("data/weeks.parquet")["week"].sort_values()
    record = dossier.table("data/incidents.parquet")
    series = [
        _Series(theme, channel, find_break(_weekly(record, weeks, theme, channel)))
        for theme in dossier.manifest.themes
        for channel in sorted(dossier.manifest.channels)
    ]
    p_values = holm(np.array([one.found.p_value if one.found else np.nan for one in series]))
    judged = [
        _judge(one, float(p), (tolerance_low, tolerance_high), max_hidden)
        for one, p in zip(series, p_values, strict=True)
    ]
    outcome = Outcome.INSUFFICIENT if None in judged or len(weeks) < min_weeks else Outcome.MET
    if False in judged and len(weeks) >= min_weeks:
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    rows = [
        {**one.row(weeks), "p_value": p} for one, p in zip(series, p_values.tolist(), strict=True)
    ]
    deciding = [row for row, one in zip(rows, judged, strict=True) if one is wanted] or rows
    worst = max(deciding, key=_distance)
    short = outcome is Outcome.INSUFFICIENT and len(weeks) < min_weeks
    return Finding(
        outcome=outcome,
        message="too_few_weeks" if short else outcome.value,
        values=as_rows([{**worst, "weeks": len(weeks)}])[0],
        estimand=Estimand.THIS_PROCESS,
        estimate=worst["ratio"] if isinstance(worst["ratio"], float) else None,
        level=1 - ALARM,
        n={"weeks": len(weeks), "series": len(series)},
        tables={"series": as_rows(rows)},
    )


@dataclass(frozen=True)
class _Series:
    theme: str
    channel: str
    found: Break | None

    def row(self, weeks: "pd.Series[pd.Timestamp]") -> dict[str, float | str | None]:
        found = self.found
        return {
            "theme": self.theme,
            "channel": self.channel,
            "week": f"{weeks.iloc[found.at]:%Y-%m-%d}" if found else None,
            "ratio": found.ratio if found and np.isfinite(found.ratio) else None,
            "detectable": found.detectable if found and np.isfinite(found.detectable) else None,
        }


def _weekly(
    record: pd.DataFrame, weeks: "pd.Series[pd.Timestamp]", theme: str, channel: str
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    chosen = record[(record["theme"] == theme) & (record["channel"] == channel)]
    counts = chosen.groupby("week")["count"].sum().reindex(weeks, fill_value=0)
    return counts.to_numpy(float)


def _judge(
    one: _Series, p_value: float, tolerance: tuple[float, float], hidden: float
) -> bool | None:
    """Say whether a series is sound: None where a break of some size could have been missed."""
    if one.found is None:
        return None
    if p_value < ALARM:
        return tolerance[0] <= one.found.ratio <= tolerance[1]
    return True if one.found.detectable <= hidden else None


def _distance(row: dict[str, float | str | None]) -> float:
    ratio = row["ratio"]
    return abs(float(np.log(ratio))) if isinstance(ratio, float) and ratio > 0 else float("inf")
