"""What the model would catch, and whom it would flag, without each family of features and source.

Families are dropped in turn: what is known of the cell itself, of the cells beside it and farther
away, of other themes, each source beside the incidents, and what the police found themselves. And
two things are made coarser: how far back it looks, and the size of a cell. Every trial draws the
same sample and flags as many cells.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.files import write_json
from cas_audit.forecast.city import City, judged_on, panel_of
from cas_audit.forecast.features import Feature
from cas_audit.forecast.fitting import Fitted, fit, known_by
from cas_audit.forecast.sensitivity import flag_merged, merge_cells
from cas_audit.forecast.work import Work
from cas_audit.inference.partition import WEEKS as STRETCH_WEEKS
from cas_audit.inference.partition import stretches
from cas_audit.progress import track

__all__ = [
    "Lacking",
    "coarser",
    "feature_families",
    "feature_parts",
    "try_necessity",
    "write_necessity",
]

HISTORY_WEEKS = (156, 52, 26)
MERGED = 2  # cells to each side: of 125 m, 250 m
NEAR_CELLS = 2
DIGITS = 9
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Tried:
    """The flags of one trial, and the features it left out."""

    theme: str
    name: str
    left_out: tuple[str, ...]
    flagged: Flags


@dataclass(frozen=True)
class Lacking:
    """What came of the trials of a theme: what each left out, what it caught, what it flagged."""

    said: list[dict[str, Any]]
    caught: pd.DataFrame
    flags: pd.DataFrame


def try_necessity(
    config: Config,
    city: City,
    work: Work,
    of: tuple[int, str],
    *,
    base: Fitted,
    wide: NDArray[np.int64],
) -> Lacking:
    """Fit a theme without each family and on coarser data.

    Args:
        config: what is fitted, and which share is flagged.
        city: weeks and cells.
        work: who does the work on tiles.
        of: number and name of the theme.
        base: the model that is audited.
        wide: the wide block of each cell, -1 where no cell takes part, shape (rows, columns).
    """
    number, theme = of
    seed = [config.forecast.seed, number]
    outcomes = city.followed(panel_of(city, theme, judged_on(config)))
    tried = list(_trials(config, city, theme, base, seed=seed, work=work))
    every = (Tried(theme, "model", (), base.flagged), *tried)
    return Lacking(
        [{"trial": one.name, "left_out": list(one.left_out)} for one in tried],
        pd.concat([_caught(city, one, outcomes, wide) for one in every]),
        pd.concat([_flags(city, one) for one in every]),
    )


def write_necessity(dossier: Path, lacking: Mapping[str, Lacking]) -> None:
    """Write what came of the trials.

    `trials/necessity.json` has per theme the trials, and the features each left out,
    `trials/necessity.parquet` incidents and hits per wide block and stretch of weeks, and
    `trials/necessity_flags.parquet` the share of the periods in which a cell is flagged.
    """
    said = {theme: one.said for theme, one in lacking.items()}
    write_json(dossier / "trials/necessity.json", said)
    tables = {
        "necessity": [one.caught for one in lacking.values()],
        "necessity_flags": [one.flags for one in lacking.values()],
    }
    for name, parts in tables.items():
        table = pd.concat(parts, ignore_index=True)
        table.to_parquet(dossier / f"trials/{name}.parquet", index=False)


def feature_parts(features: Sequence[Feature]) -> dict[str, tuple[str, ...]]:
    """Return the names of the features by what they are about; each is in one part.

    The cell itself, cells near it and farther away, other themes, and each other source.
    """
    own = [one for one in features if one.source == "incidents" and not one.theme]
    parts = {
        "cell": [one for one in own if not one.reach_cells],
        "near": [one for one in own if 0 < one.reach_cells <= NEAR_CELLS],
        "far": [one for one in own if one.reach_cells > NEAR_CELLS],
        "other_themes": [one for one in features if one.theme],
    }
    for source in sorted({one.source for one in features} - {"incidents"}):
        parts[source] = [one for one in features if one.source == source]
    return {name: tuple(one.name for one in part) for name, part in parts.items() if part}


def feature_families(features: Sequence[Feature]) -> dict[str, tuple[str, ...]]:
    """Return what each trial leaves out, by its name; never all there is, nor nothing."""
    families = {f"without_{name}": part for name, part in feature_parts(features).items()}
    for weeks in HISTORY_WEEKS:
        looking = [one.name for one in features if one.window_weeks > weeks]
        families[f"history_{weeks}"] = tuple(looking)
    return {name: one for name, one in families.items() if 0 < len(one) < len(features)}


def coarser(city: City) -> City:
    """Return the city with cells merged two by two; a block takes part if any of its cells does."""
    rows, columns = (-(-size // MERGED) for size in city.kept.shape)
    row, column = np.divmod(city.incidents["cell"].to_numpy(), city.kept.shape[1])
    moved = city.incidents.assign(cell=row // MERGED * columns + column // MERGED)
    keys = [name for name in moved if name != "count"]
    table: pd.DataFrame = moved.groupby(keys, observed=True)[["count"]].sum().reset_index()
    padded = np.zeros((rows * MERGED, columns * MERGED), dtype=bool)
    padded[: city.kept.shape[0], : city.kept.shape[1]] = city.kept
    layers = {name: _mean(layer, (rows, columns)) for name, layer in city.layers.items()}
    kept: Flags = np.asarray(padded.reshape(rows, MERGED, columns, MERGED).any(axis=(1, 3)))
    return replace(city, incidents=table, kept=kept, layers=layers, lives=None, stands={})


def _mean(layer: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    padded = np.zeros((shape[0] * MERGED, shape[1] * MERGED), dtype=np.float32)
    padded[: layer.shape[0], : layer.shape[1]] = layer
    found: NDArray[np.float32] = padded.reshape(shape[0], MERGED, shape[1], MERGED).mean((1, 3))
    return found


def _trials(
    config: Config, city: City, theme: str, base: Fitted, *, seed: list[int], work: Work
) -> Iterator[Tried]:
    """Fit every trial; one with too few incidents to fit on is left out, and so not judged."""
    counts, search = panel_of(city, theme, config.channels), base.search.chosen
    families = feature_families(known_by(config, city, theme))
    for name, left_out in track(list(families.items()), f"{theme}: fitted with less"):
        poorer = replace(city, left_out=frozenset(left_out))
        with suppress(InputError):
            one = fit(config, poorer, (theme, counts), seed, work, chosen=search)
            yield Tried(theme, name, left_out, one.flagged)
    if {"brought", "found"} <= set(config.channels):
        with suppress(InputError):
            flagged = _brought(config, city, theme, base, seed=seed, work=work)
            yield Tried(theme, "without_found", (), flagged)
    if config.forecast.choice:  # the rule chooses between cells, and knows no blocks
        return
    with suppress(InputError):
        flagged = _merged(config, city, theme, base, seed=seed, work=work)
        yield Tried(theme, "cells_merged", (), flagged)


def _brought(
    config: Config, city: City, theme: str, base: Fitted, *, seed: list[int], work: Work
) -> Flags:
    """Fit on what the public brought, of every theme."""
    chosen = config.model_copy(update={"channels": ["brought"]})
    counts = panel_of(city, theme, ["brought"])
    return fit(chosen, city, (theme, counts), seed, work, chosen=base.search.chosen).flagged


def _merged(
    config: Config, city: City, theme: str, base: Fitted, *, seed: list[int], work: Work
) -> Flags:
    """Fit on merged cells, and flag whole blocks until as many cells are flagged."""
    merged = coarser(city)
    counts = panel_of(merged, theme, config.channels)
    one = fit(config, merged, (theme, counts), seed, work, chosen=base.search.chosen)
    rows, columns = city.kept.shape
    score = one.score.repeat(MERGED, axis=1).repeat(MERGED, axis=2)[:, :rows, :columns]
    block = merge_cells(city.kept.shape, MERGED, (0, 0))
    share, rng = config.forecast.flagged_share, np.random.default_rng([*seed, 5])
    return flag_merged(score, city.kept, share, block, rng=rng)


def _caught(
    city: City, one: Tried, outcomes: NDArray[np.float32], wide: NDArray[np.int64]
) -> pd.DataFrame:
    """Count incidents and hits per wide block and stretch of weeks."""
    kept, blocks = wide >= 0, int(wide.max()) + 1
    stretch = stretches(len(city.periods), STRETCH_WEEKS // city.period_weeks)
    number = int(stretch.max()) + 1
    unit = (wide[kept] * number + stretch[:, None]).ravel()
    hits = (outcomes * one.flagged)[:, kept].ravel()
    return pd.DataFrame(
        {
            "theme": one.theme,
            "forecaster": one.name,
            "wide": np.repeat(np.arange(blocks), number),
            "stretch": np.tile(np.arange(number), blocks),
            "incidents": np.bincount(unit, outcomes[:, kept].ravel(), blocks * number).astype(int),
            "hits": np.bincount(unit, hits, blocks * number).astype(int),
        }
    )


def _flags(city: City, one: Tried) -> pd.DataFrame:
    share = one.flagged[:, city.kept].mean(axis=0)
    cells = np.flatnonzero(city.kept)[share > 0]
    named: dict[str, Any] = {"theme": one.theme, "forecaster": one.name, "cell": cells}
    return pd.DataFrame({**named, "share": share[share > 0].round(DIGITS)})
