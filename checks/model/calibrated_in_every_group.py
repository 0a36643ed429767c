"""As much is recorded as the score expects, where each group lives and in every kind of area."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cas_audit.audit.comparison import Measured, compare, effective_events, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.audit.outcomes import count_by_period, on_record
from cas_audit.audit.pairs import Pairs, open_pairs
from cas_audit.audit.units import Units, open_units
from cas_audit.inference.scores import within

AGAINST = "expected_by_score"
FIFTHS = 5


def calibrated_in_every_group(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    max_unseen: float = 0.1,
) -> Finding:
    """Is as much recorded as the score expects, where each group lives and in each kind of area?

    Why: a score that expects too much where a group lives sends police there for crime that does
    not come; one that expects too little leaves people without.

    How: the score of a cell and week is the number of incidents that the model expects. Calibration
    of a group = incidents recorded over incidents expected, each weighted by the group's share of
    the cell's residents (calibration within groups: Kleinberg, Mullainathan & Raghavan 2017); of an
    area type likewise: areas in fifths, by what the score expects per cell. Every channel the model
    learned from counts. The interval is about outcomes given the scores: what differs by chance is
    what was recorded in the same part of the city in other stretches of weeks; by score inversion
    (Fieller), for all groups, fifths and themes at once (max-t), judged by two one-sided tests.
    With fewer incidents than `min_events`, counted as equal ones, nothing is decided; nor is
    anything met when more than `max_unseen` of the flags lie where the figures of a group are
    lacking.

    Limits: recorded incidents are not crime; a score that repeats uneven reporting is calibrated to
    it. Right on average in a group can be wrong in each of its cells. Calibration and even error
    rates cannot all hold where what happens differs (Chouldechova 2017).

    Remedy: look which feature moves the score there; fit again on fewer or more recent weeks;
    compare reporting between areas before correcting a score to the record.
    """
    if dossier.json("model/parameters.json")["model"] == "counting":
        return Finding(
            outcome=Outcome.NOT_APPLICABLE,
            message="not_applicable_no_expectation",
            estimand=Estimand.OUTCOMES,
        )
    dossier.json("model/evaluation.json")  # scores of others may be on any scale
    forecasts, groups = dossier.table("forecasts.parquet"), open_pairs(dossier)
    units = on_record(dossier, open_units(dossier))
    forecasts = forecasts[forecasts["period"].isin(units.stretch.index)]
    counted = count_by_period(
        dossier, pd.DatetimeIndex(units.stretch.index), dossier.manifest.channels
    )
    area = dossier.table("data/cells.parquet").set_index("cell")["area"]
    measured = []
    for theme in dossier.manifest.themes:
        rows = _rows(forecasts, counted, theme, units)
        kinds = [*_lived_in(groups), *_area_types(rows, area)]
        measured += [
            _measure(theme, name, share, rows, (units, min_events)) for name, share in kinds
        ]
    compared = compare(measured, (tolerance_low, tolerance_high))
    unseen = groups.unseen(forecasts.loc[forecasts["flagged"], "cell"])
    return summarise(compared, Estimand.OUTCOMES, unseen, max_unseen)


def _rows(forecasts: pd.DataFrame, counted: pd.DataFrame, theme: str, units: Units) -> pd.DataFrame:
    """Return what was expected and what was recorded, per cell and unit."""
    rows = forecasts.loc[forecasts["theme"] == theme, ["cell", "period", "score"]]
    record = counted.loc[counted["theme"] == theme, ["cell", "period", "count"]]
    rows = rows.merge(record, how="left").fillna({"count": 0.0})
    rows["unit"] = units.of(rows["cell"], rows["period"])
    return rows.groupby(["cell", "unit"], as_index=False)[["score", "count"]].sum()


def _lived_in(groups: Pairs) -> Iterator[tuple[str, "pd.Series[float]"]]:
    """Yield each group, and each reference once, with its share of the residents of a cell."""
    seen = set()
    for pair in groups.pairs:
        for name, column in ((pair.group, "group"), (pair.reference, "reference")):
            share = groups.shares(pair)[column]
            key = name, float(share.sum())
            if key not in seen:
                seen.add(key)
                yield name, share


def _area_types(
    rows: pd.DataFrame, area: "pd.Series[str]"
) -> Iterator[tuple[str, "pd.Series[float]"]]:
    """Yield fifths of the areas, from where least to where most is expected per cell."""
    by_cell = rows.groupby("cell")["score"].sum()
    lies = area.reindex(by_cell.index)
    rank = by_cell.groupby(lies).mean().rank(method="first")
    if len(rank) < FIFTHS:
        return
    fifth: pd.Series[float] = (rank / len(rank) * FIFTHS).round(6)
    for number in range(1, FIFTHS + 1):
        yield (
            f"area_fifth_{number}",
            lies.isin(fifth.index[fifth.gt(number - 1) & fifth.le(number)]).astype(float),
        )


def _measure(
    theme: str,
    name: str,
    share: "pd.Series[float]",
    rows: pd.DataFrame,
    how: tuple[Units, float],
) -> Measured:
    units, least = how
    weight = share.reindex(rows["cell"]).fillna(0.0).to_numpy().astype(float)
    unit, count = rows["unit"].to_numpy(), rows["count"].to_numpy().astype(float)
    recorded = units.sums(unit, weight * count)
    expected = units.sums(unit, weight * rows["score"].to_numpy(float))
    level = recorded.sum() / expected.sum() if expected.sum() else 0.0
    scores = within(
        recorded,
        expected,
        units.block,
        expected=(expected * level, expected),
        size=units.sums(unit, weight**2 * rows["score"].to_numpy(float)),
    )
    enough = effective_events(weight, count) >= least and bool(np.isfinite(scores.estimate))
    return Measured(theme, name, AGAINST, scores=scores, enough=enough)
