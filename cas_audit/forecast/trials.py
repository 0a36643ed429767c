"""Trials: what can only be known by fitting again, run before the dossier is sealed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.files import write_json
from cas_audit.forecast.city import City, panel_of, weeks_of
from cas_audit.forecast.explaining import ask_reasons
from cas_audit.forecast.features import make_features
from cas_audit.forecast.fitting import Fitted, fit, known_by, record_of
from cas_audit.forecast.histories import draw_history, fit_history
from cas_audit.forecast.learning import Record
from cas_audit.forecast.stability import Changed, change
from cas_audit.forecast.tile import Counts
from cas_audit.forecast.work import Work
from cas_audit.progress import track

__all__ = ["Redrawn", "compare", "refit", "without_future", "write_refits"]


def compare(city: City, one: Fitted, other: Fitted) -> dict[str, float]:
    """Say how far two fits on the same data differ."""
    return {
        "weeks": len(one.score) * city.period_weeks,
        "largest_score_difference": float(np.abs(one.score - other.score).max()),
        "flags_differing": int((one.flagged != other.flagged).sum()),
    }


def without_future(config: Config, city: City, theme: str) -> dict[str, float]:
    """Take away everything from a test week on, of every theme; its features must stay."""
    tried = sorted({city.test.start, (city.test.start + city.test.stop) // 2, city.test.stop - 1})
    record = record_of(config, city, theme, panel_of(city, theme, config.channels))
    features = known_by(config, city, theme)
    reach, largest = max(one.reach_cells for one in features), 0.0
    for week in tried:
        asked = weeks_of(city, slice(week, week + 1))
        before, after = (
            make_features(one.tile(reach), asked, features)
            for one in (record, _until(record, week))
        )
        largest = max(largest, float(np.abs(before - after).max()))
    return {"weeks": len(tried), "largest_change": largest}


def _until(record: Record, week: int) -> Record:
    """Return a record in which nothing is known from a week on."""
    counts, *others = (_emptied(one, week) for one in (record.counts, *record.themes.values()))
    return replace(record, counts=counts, themes=dict(zip(record.themes, others, strict=True)))


def _emptied(counts: Counts, week: int) -> NDArray[np.float32]:
    past = counts.astype(np.float32)
    past[week:] = 0
    return past


@dataclass(frozen=True)
class Redrawn:
    """What histories drawn again left of the map of a theme.

    `flags` has columns theme, refit, cell and the share of the test weeks flagged; `repeats` is the
    share of near-repeats that was estimated.
    """

    flags: pd.DataFrame
    changed: list[Changed]
    repeats: float


def refit(config: Config, city: City, work: Work, of: tuple[int, str], base: Fitted) -> Redrawn:
    """Draw the history of a theme again, refit and flag, as often as the configuration asks.

    Settings stay as the search chose them in `base`: searching is not repeated.

    Args:
        config: how often, and what is fitted.
        city: weeks and cells.
        work: who does the work on tiles.
        of: number and name of the theme.
        base: the model that is audited.
    """
    number, theme = of
    history = fit_history(panel_of(city, theme, config.channels), city.kept)
    asked = ask_reasons(config, city, theme, base) if config.forecast.stability else None
    rows, changed = [], []
    for refit in track(range(config.forecast.refits), f"{theme}: histories drawn again"):
        seed = [config.forecast.seed, number, refit]
        counts = draw_history(history, np.random.default_rng([*seed, 1]))
        made = fit(config, city, (theme, counts), seed, work, chosen=base.search.chosen)
        changed.append(change(city, theme, base, made, kind="history", refit=refit, asked=asked))
        flagged = made.flagged[:, city.kept].mean(axis=0)
        cells = np.flatnonzero(city.kept)[flagged > 0]
        share = flagged[flagged > 0].round(9)
        rows.append(pd.DataFrame({"theme": theme, "refit": refit, "cell": cells, "share": share}))
    return Redrawn(pd.concat(rows), changed, round(history.repeats, 6))


def write_refits(dossier: Path, redrawn: Mapping[str, Redrawn]) -> None:
    """Write `trials/refits.parquet`, and in `trials/refits.json` how often and the near-repeats."""
    flags = pd.concat([one.flags for one in redrawn.values()])
    flags.to_parquet(dossier / "trials/refits.parquet", index=False)
    said = {
        theme: {"refits": len(one.changed), "repeats": one.repeats}
        for theme, one in redrawn.items()
    }
    write_json(dossier / "trials/refits.json", said)
