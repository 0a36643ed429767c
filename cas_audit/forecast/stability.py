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
from cas_audit.forecast.explaining import Reasons, ask_reasons, explain, write_explanations
from cas_audit.forecast.fitting import Fitted, fit
from cas_audit.forecast.work import Work

__all__ = ["Changed", "change", "try_stability", "write_stability"]

DIGITS = 9


@dataclass(frozen=True)
class Changed:
    """What one trial left of a map: counts, and by cell the share of the periods lost.

    `reasons` says by cell what each part of the features adds to the score; none of a count.
    """

    theme: str
    said: dict[str, Any]
    cells: pd.DataFrame
    reasons: tuple[pd.DataFrame, ...] = ()


def change(
    city: City,
    theme: str,
    base: Fitted,
    other: Fitted,
    *,
    kind: str,
    refit: int = 0,
    asked: Reasons | None = None,
    own: tuple[pd.DataFrame, ...] = (),
) -> Changed:
    """Hold a map beside the same periods of the map that is audited.

    Args:
        city: whose cells they are.
        theme: what is forecast.
        base: the model that is audited.
        other: of a trial; its periods are the last ones of those of the base.
        kind: seed, week or history.
        refit: which of several trials of a kind.
        asked: the flagged cells of the base that are to be explained, if any.
        own: how the base explains them.
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
    told = () if asked is None else (explain(asked, other.model, kind=kind, refit=refit),)
    return Changed(theme, said, table[times > 0], (*own, *told))


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
    asked = ask_reasons(config, city, theme, base)
    own = () if asked is None else (explain(asked, base.model, kind="model"),)
    return [
        change(city, theme, base, by_seed, kind="seed", asked=asked, own=own),
        change(city, theme, base, by_week, kind="week", asked=asked),
    ]


def write_stability(dossier: Path, trials: Sequence[Changed]) -> None:
    """Write `trials/stability.json`, counts by theme, and `trials/stability.parquet`, by cell.

    And `trials/explanations.parquet`, where a model was fitted.
    """
    write_explanations(dossier, [table for one in trials for table in one.reasons])
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
