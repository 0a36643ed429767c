"""What would be flagged at another share of the cells, from the scores of every cell."""

import numpy as np
import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.errors import Unavailable

__all__ = ["flag_share", "open_scored"]


def open_scored(dossier: Dossier) -> pd.DataFrame:
    """Read the forecasts of every cell; one map where there are no periods.

    Raises:
        Unavailable: the forecasts have no scores, or hold flagged cells only.
    """
    forecasts = dossier.table("forecasts.parquet")
    if "score" not in forecasts or forecasts["score"].isna().any() or forecasts["flagged"].all():
        message = "The dossier holds no score for every cell."
        raise Unavailable(message)
    if "period" not in forecasts:
        forecasts = forecasts.assign(period=0)
    return forecasts


def flag_share(
    forecasts: pd.DataFrame, share: float, rng: np.random.Generator
) -> "pd.Series[bool]":
    """Flag the highest scores of each theme and period; equal ones by lot, whatever their order.

    Args:
        forecasts: columns theme, period, cell and score.
        share: of the cells, rounded to a whole number of them, and at least one.
        rng: the lot.
    """
    ordered = forecasts.sort_values(["theme", "period", "cell"])
    lot = pd.Series(rng.random(len(ordered)), index=ordered.index)
    ranked = ordered.assign(lot=lot).sort_values(["score", "lot"], ascending=False)
    maps = ranked.groupby(["theme", "period"])["cell"]
    most = (maps.transform("size") * share).round().clip(lower=1)
    flagged: pd.Series[bool] = (maps.cumcount() < most).reindex(forecasts.index)
    return flagged
