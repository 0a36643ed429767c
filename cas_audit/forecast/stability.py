"""How far the flags follow what nobody chose: the seed, one week more of data, another history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cas_audit.config import Config
from cas_audit.files import write_json
from cas_audit.forecast.city import City, panel_of
from cas_audit.forecast.fitting import Fitted, fit
from cas_audit.forecast.work import Work

__all__ = ["Changed", "change", "try_stability", "write_stability"]

DIGITS = 9


@dataclass(frozen=True)
class Changed:
    """What one trial left of a map: counts, and by cell the share of the periods lost."""

    theme: str
    said: dict[str, Any]
    cells: pd.DataFrame


def change(
    city: City, theme: str, base: Fitted, other: Fitted, *, kind: str, refit: int = 0
) -> Changed:
    """Hold a map beside the same periods of the map that is audited.

    Args:
        city: whose cells they are.
        theme: what is forecast.
        base: the model that is audited.
        other: of a trial; its periods are the last ones of those of the base.
        kind: seed, week or history.
        refit: which of several trials of a kind.
    """
    start = len(base.flagged) - len(other.flagged)
    before = base.flagged[start:]
    lost = (before & ~other.flagged)[:, city.kept].mean(axis=0)
    times = before[:, city.kept].mean(axis=0)
    counted = base.counting[start:]
    said = {
        "kind": kind,
        "refit": refit,
        "periods": len(before),
        "flags": int(before.sum()),
        "lost": int((before & ~other.flagged).sum()),
        "lost_counting": int((counted & ~other.counting).sum()),
        "lost_by_chance": round(1 - float(before.sum() / (len(before) * city.kept.sum())), DIGITS),
    }
    table = pd.DataFrame(
        {
            "theme": theme,
            "kind": kind,
            "refit": refit,
            "cell": np.flatnonzero(city.kept),
            "share": times.round(DIGITS),
            "lost": lost.round(DIGITS),
        }
    )
    return Changed(theme, said, table[times > 0])


def try_stability(
    config: Config, city: City, work: Work, of: tuple[int, str], base: Fitted
) -> list[Changed]:
    """Fit again with another seed, and with one period more to train on.

    Args:
        config: what is fitted.
        city: weeks and cells.
        work: who does the work on tiles.
        of: number and name of the theme.
        base: the model that is audited.
    """
    number, theme = of
    chosen = config.forecast.model_copy(update={"seed": (config.forecast.seed + 1) % 2**32})
    other = config.model_copy(update={"forecast": chosen})
    record, search = (theme, panel_of(city, theme, config.channels)), base.search.chosen
    by_seed = fit(other, city, record, [chosen.seed, number], work, chosen=search)
    seed, later = [config.forecast.seed, number], _one_period_on(city)
    by_week = fit(config, later, record, seed, work, chosen=search)
    return [
        change(city, theme, base, by_seed, kind="seed"),
        change(city, theme, base, by_week, kind="week"),
    ]


def write_stability(dossier: Path, trials: Sequence[Changed]) -> None:
    """Write `trials/stability.json`, counts by theme, and `trials/stability.parquet`, by cell."""
    said: dict[str, list[dict[str, Any]]] = {}
    for one in trials:
        said.setdefault(one.theme, []).append(one.said)
    write_json(dossier / "trials/stability.json", said)
    table = pd.concat([one.cells for one in trials], ignore_index=True)
    table.to_parquet(dossier / "trials/stability.parquet", index=False)


def _one_period_on(city: City) -> City:
    """Move the end of training and the start of testing on by one period."""
    train = slice(city.train.start, city.train.stop + city.period_weeks)
    return replace(city, train=train, test=slice(train.stop, city.test.stop))
