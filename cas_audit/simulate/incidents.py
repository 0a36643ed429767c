"""Incidents of the synthetic city: those the public brings, and those the police find.

One dial, `over_policing`, adds found records where most residents born outside Europe live;
what the public brings does not know the dial.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.simulate.city import City, Field

__all__ = ["THEMES", "Theme", "draw_brought", "draw_found", "policed_cells"]

NEAR_REPEATS = 0.25  # incidents that each incident draws after it, in the weeks that follow
REPEAT_WEEKS = 4
POLICED_SHARE = 0.25  # of the neighbourhoods, those with the highest share


@dataclass(frozen=True)
class Theme:
    """One of the ten themes: incidents brought a week, and found ones for each brought.

    `reported` is the share of the victims who went to the police, the same everywhere; like the
    other rates it is invented.
    """

    code: str
    a_week: float
    found: float = 0.02
    reported: float = 0.5


THEMES = {
    "home_burglary": Theme("woninginbraak", 120, reported=0.7),
    "street_robbery": Theme("straatroof", 20),
    "car_theft": Theme("diefstal_auto", 90, reported=0.6),
    "pickpocketing": Theme("zakkenrollerij", 60),
    "bike_theft": Theme("diefstal_fiets", 110, reported=0.35),
    "business_burglary": Theme("bedrijfsinbraak", 25, reported=0.8),
    "youth_nuisance": Theme("overlast_jeugd", 60, 0.4),
    "vandalism": Theme("vernieling", 50, 0.05, reported=0.25),
    "public_indecency": Theme("schennis", 8),
    "drugs": Theme("drugs", 8, 2.0),
}


def draw_brought(
    rng: np.random.Generator, intensity: Field, a_week: float, weeks: int
) -> pd.DataFrame:
    """Draw what the public brings, with near-repeats in the cell or next to it.

    Args:
        rng: the only source of chance.
        intensity: share of incidents per cell, shape (rows, columns).
        a_week: expected incidents a week, near-repeats included.
        weeks: length of the history.

    Returns:
        Columns row, column and week, one row per incident.
    """
    first = _scatter(rng, intensity, a_week * (1 - NEAR_REPEATS) * weeks, weeks)
    drawn, last = [first], first
    while len(last):
        last = _follow(rng, last, intensity > 0, weeks)
        drawn.append(last)
    return pd.concat(drawn, ignore_index=True)


def draw_found(
    rng: np.random.Generator, intensity: Field, theme: Theme, weeks: int, attention: Field
) -> pd.DataFrame:
    """Draw what the police find: in proportion to crime times their attention.

    Args:
        rng: the only source of chance.
        intensity: share of incidents per cell, shape (rows, columns).
        theme: its rates.
        weeks: length of the history.
        attention: found records for each brought one, per cell.
    """
    rate = intensity * attention
    return _scatter(rng, rate / rate.sum(), theme.a_week * rate.sum() * weeks, weeks)


def policed_cells(city: City) -> NDArray[np.bool_]:
    """Cells of the quarter of neighbourhoods where the share born outside Europe is highest."""
    chosen = city.share_outside >= np.quantile(city.share_outside, 1 - POLICED_SHARE)
    return city.kept & chosen[city.area]


def _scatter(rng: np.random.Generator, share: Field, expected: float, weeks: int) -> pd.DataFrame:
    number = rng.poisson(expected)
    cell = rng.choice(share.size, number, p=share.ravel())
    row, column = np.unravel_index(cell, share.shape)
    return pd.DataFrame({"row": row, "column": column, "week": rng.integers(0, weeks, number)})


def _follow(
    rng: np.random.Generator, parents: pd.DataFrame, kept: NDArray[np.bool_], weeks: int
) -> pd.DataFrame:
    """Draw the near-repeats of one generation; those outside city or history are dropped."""
    children = parents.loc[parents.index.repeat(rng.poisson(NEAR_REPEATS, len(parents)))].copy()
    for axis, size in zip(("row", "column"), kept.shape, strict=True):
        children[axis] = (children[axis] + rng.integers(-1, 2, len(children))).clip(0, size - 1)
    children["week"] += rng.integers(1, REPEAT_WEEKS + 1, len(children))
    inside = kept[children["row"], children["column"]] & (children["week"] < weeks)
    return children[inside].reset_index(drop=True)
