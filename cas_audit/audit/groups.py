"""Groups of residents as weights on cells: the only door to fairlearn."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.inference.partition import join_stretches, memory

__all__ = ["error_rates", "exposure", "exposure_by_stretch", "weekly_exposure"]


def weekly_exposure(flags: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """Return per period the share of each column's residents who live in a flagged cell.

    Args:
        flags: columns cell, period and flagged (bool).
        weights: residents per cell, one column per group, indexed by cell; missing counts nowhere.

    Returns:
        One row per period, one column per group; NaN where a group has no residents.
    """
    wide = flags.pivot_table(index="period", columns="cell", values="flagged", aggfunc="max")
    wide = wide.reindex(columns=weights.index).fillna(0).astype(float)
    total, weights = weights.sum().replace(0, np.nan), weights.fillna(0.0)
    return pd.DataFrame(wide.to_numpy() @ weights.to_numpy(), wide.index, weights.columns) / total


def exposure_by_stretch(
    flags: pd.DataFrame, weights: pd.DataFrame, cut: pd.DataFrame
) -> pd.DataFrame:
    """Return exposures summed over stretches of weeks that outlast the memory of what varies.

    Args:
        flags: columns cell, period and flagged (bool).
        weights: residents per cell, one column per group, indexed by cell.
        cut: columns period and stretch.

    Returns:
        One row per stretch, joined where the memory asks for it; one column per group.
    """
    weekly = weekly_exposure(flags, weights)
    weekly = weekly[weekly.index.isin(cut["period"])]
    stretch = cut.set_index("period")["stretch"].loc[weekly.index].to_numpy()
    found = [memory(weekly[name].to_numpy(float)) for name in weekly]
    longest = max((one for one in found if np.isfinite(one)), default=float("inf"))
    sums: pd.DataFrame = weekly.groupby(join_stretches(stretch, longest)).sum(min_count=1)
    return sums


def exposure(flagged_share: NDArray[np.float64], weights: pd.DataFrame) -> dict[str, float]:
    """Return fairlearn's selection rate per group, with residents as sample weights.

    Args:
        flagged_share: share of the periods in which a cell was flagged, shape (cells,).
        weights: residents per cell, one column per group, rows as in `flagged_share`.
    """
    from fairlearn.metrics import MetricFrame, selection_rate  # noqa: PLC0415, TID251

    cells, groups = weights.shape
    names = np.repeat(np.tile(weights.columns.to_numpy(), cells), 2)
    share = np.repeat(flagged_share, groups)
    parts = np.column_stack([share, 1 - share]).ravel() * np.repeat(weights.to_numpy().ravel(), 2)
    flags = np.tile([1, 0], cells * groups)
    kept = parts > 0
    frame = MetricFrame(
        metrics=selection_rate,
        y_true=flags[kept],
        y_pred=flags[kept],
        sensitive_features=names[kept],
        sample_params={"sample_weight": parts[kept]},
    )
    return {str(name): float(value) for name, value in frame.by_group.items()}


def error_rates(
    hit: "pd.Series[bool]", flagged: "pd.Series[bool]", weights: pd.DataFrame
) -> dict[str, dict[str, float]]:
    """Return fairlearn's false negative and false positive rate per group, weighted by residents.

    Args:
        hit: whether an incident followed, of each cell and period.
        flagged: whether it was flagged, same order.
        weights: residents per row, one column per group, same order.

    Returns:
        Under `misses` and `false_flags` the rate of each group.
    """
    from fairlearn.metrics import (  # noqa: PLC0415, TID251
        MetricFrame,
        false_negative_rate,
        false_positive_rate,
    )

    metrics = {"misses": false_negative_rate, "false_flags": false_positive_rate}
    parts = weights.to_numpy(float).ravel()
    frame = MetricFrame(
        metrics=metrics,
        y_true=np.repeat(hit.to_numpy(int), weights.shape[1]),
        y_pred=np.repeat(flagged.to_numpy(int), weights.shape[1]),
        sensitive_features=np.tile(weights.columns.to_numpy(), len(weights)),
        sample_params={key: {"sample_weight": parts} for key in metrics},
    )
    return {
        name: {str(group): float(value) for group, value in frame.by_group[name].items()}
        for name in metrics
    }
