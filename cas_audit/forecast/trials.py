"""Trials: what can only be known by fitting again, run before the dossier is sealed."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.files import write_json
from cas_audit.forecast.city import City, features_of, panel_of, weeks_of
from cas_audit.forecast.fitting import Fitted, fit
from cas_audit.forecast.histories import draw_history, fit_history
from cas_audit.forecast.work import Work
from cas_audit.progress import track

__all__ = ["compare", "refit", "without_future"]


def compare(one: Fitted, other: Fitted) -> dict[str, float]:
    """Say how far two fits on the same data differ."""
    return {
        "weeks": len(one.score),
        "largest_score_difference": float(np.abs(one.score - other.score).max()),
        "flags_differing": int((one.flagged != other.flagged).sum()),
    }


def without_future(city: City, counts: NDArray[np.float32]) -> dict[str, float]:
    """Take away everything from a test week on; its features must stay as they were."""
    tried = sorted({city.test.start, (city.test.start + city.test.stop) // 2, city.test.stop - 1})
    largest = 0.0
    for week in tried:
        past, asked = counts.copy(), weeks_of(city, slice(week, week + 1))
        past[week:] = 0
        change = np.abs(features_of(city, past, asked) - features_of(city, counts, asked)).max()
        largest = max(largest, float(change))
    return {"weeks": len(tried), "largest_change": largest}


def refit(config: Config, city: City, dossier: Path, work: Work) -> None:
    """Draw the history again, refit and flag, as often as the configuration asks.

    Writes `trials/refits.parquet` (theme, refit, cell, share of the test weeks flagged) and
    `trials/refits.json` (per theme the refits, and the near-repeats that were estimated).
    """
    histories = {
        theme: fit_history(panel_of(city, theme, config.channels), city.kept)
        for theme in config.themes
    }
    runs = list(itertools.product(enumerate(config.themes), range(config.forecast.refits)))
    rows = []
    for (number, theme), refit in track(runs, "histories drawn again"):
        seed = [config.forecast.seed, number, refit]
        counts = draw_history(histories[theme], np.random.default_rng([*seed, 1]))
        flagged = fit(config, city, (theme, counts), seed, work).flagged[:, city.kept].mean(axis=0)
        cells = np.flatnonzero(city.kept)[flagged > 0]
        share = flagged[flagged > 0].round(9)
        rows.append(pd.DataFrame({"theme": theme, "refit": refit, "cell": cells, "share": share}))
    pd.concat(rows).to_parquet(dossier / "trials/refits.parquet", index=False)
    said = {
        theme: {"refits": config.forecast.refits, "repeats": round(one.repeats, 6)}
        for theme, one in histories.items()
    }
    write_json(dossier / "trials/refits.json", said)
