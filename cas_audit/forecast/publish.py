"""What of the forecast may be shown to anyone: nothing about a place where hardly anyone lives.

`flags.parquet` says per theme and cell in which share of the test weeks it was flagged. Below the
smallest population a flag would point at a household. Such a cell shows the mean of its area's
small cells, and an area with too few residents in all is withheld.

Whoever subtracts must not get a hidden share back. Suppose an attacker knows this rule, the
residents of each cell and how many cells are flagged a week, which is no secret:

- The mean of a whole area beside the shares of its other cells would give the share of one small
  cell away. So the mean is of the blurred cells alone.
- The mean of one cell is its share. So the least populated of the other cells are blurred too,
  until the blurred hold two cells and the smallest population together.
- A mean of nought or one tells the share of every cell behind it, and the mean of few cells over
  few weeks tells nearly as much. So a mean is rounded, so far that the nearest sums of flags
  cannot be told apart; then each cell behind it could have at least two shares.
- All flags less those that are shown is what is withheld. So what is withheld must hold two cells
  and the smallest population as well; the least populated cells of the city are added to it.

Who is hidden follows from residents alone, never from flags: that a cell is hidden says nothing
about its share. What remains: where no hidden cell of the whole city was ever flagged, the total
says so. Two publications of one forecast with different rules can be subtracted; publish once.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from cas_audit.files import write_json

__all__ = ["hide_cells", "places_of", "publish_flags", "share_flags"]

FEWEST_CELLS = 2
FINEST_STEPS = 20  # a published mean is a multiple of 5 %, or coarser
DIGITS = 6  # residents are spread by division; a group of ten may add up to 9.9999999


def publish_flags(forecasts: pd.DataFrame, dossier: Path, smallest: int) -> None:
    """Write `public/flags.parquet` and `public/publication.json` into a dossier.

    Args:
        forecasts: columns theme, cell and flagged, and period where there are any.
        dossier: folder with `data/cells.parquet` and `data/residents.parquet`.
        smallest: fewest residents behind a published value.
    """
    places = places_of(dossier, smallest)
    weeks = int(forecasts["period"].nunique()) if "period" in forecasts else 0
    exact = forecasts.groupby(["theme", "cell"])["flagged"].mean().rename("share").reset_index()
    flags = share_flags(exact.merge(places), max(weeks, 1))
    (dossier / "public").mkdir()
    flags.to_parquet(dossier / "public/flags.parquet", index=False)
    overall = exact.groupby("theme")["share"].mean()
    counts = {
        str(theme): {
            "cells": len(part),
            "flagged_share": round(float(overall[theme]), DIGITS),
            "blurred": int((part["shown_as"] == "area").sum()),
            "withheld": int((part["shown_as"] == "withheld").sum()),
        }
        for theme, part in flags.groupby("theme")
    }
    content = {"smallest_population": smallest, "weeks": weeks, "themes": counts}
    write_json(dossier / "public/publication.json", content)


def places_of(dossier: Path, smallest: int) -> pd.DataFrame:
    """Return each kept cell, its area and residents, and how it is shown (`shown_as`)."""
    cells = pd.read_parquet(dossier / "data/cells.parquet", columns=["cell", "area"])
    people = pd.read_parquet(dossier / "data/residents.parquet", columns=["cell", "residents"])
    places = cells.merge(people, how="left").fillna({"residents": 0.0})
    return places.assign(shown_as=hide_cells(places, smallest))


def hide_cells(places: pd.DataFrame, smallest: int) -> "pd.Series[str]":
    """Say for each cell how it is shown: as `cell`, with its `area`, or `withheld`.

    Args:
        places: columns cell, area and residents.
        smallest: fewest residents behind a published value.

    Returns:
        One of the three a row, with the index of `places`.

    >>> places = pd.DataFrame({"cell": range(5), "area": list("aaabb")})
    >>> places["residents"] = [40, 3, 9, 8, 1]
    >>> hide_cells(places, 10).to_list()
    ['withheld', 'area', 'area', 'withheld', 'withheld']
    """
    area, residents = places["area"], places["residents"]
    withheld = residents.groupby(area).transform("sum").round(DIGITS) < smallest
    kept = places[~withheld]
    blurred = _too_few(kept, kept["residents"].round(DIGITS) < smallest, kept["area"], smallest)
    shown = pd.Series("cell", index=places.index).mask(withheld, "withheld")
    shown[blurred[blurred].index] = "area"
    rest = places[shown != "area"]
    city = pd.Series("all", index=rest.index)
    joined = _too_few(rest, withheld[rest.index], city, smallest)
    shown[joined[joined].index] = "withheld"
    lost = rest["residents"][joined]
    if withheld.any() and (len(lost) < FEWEST_CELLS or round(lost.sum(), DIGITS) < smallest):
        shown[:] = "withheld"  # nothing is left to hide them behind
    return shown


def _too_few(
    places: pd.DataFrame, hidden: "pd.Series[bool]", within: "pd.Series[str]", smallest: int
) -> "pd.Series[bool]":
    """Hide further cells, least populated first, until the hidden of each part are enough."""
    order = places.assign(shown=~hidden, within=within)
    order = order.sort_values(["within", "shown", "residents", "cell"])
    part = order.groupby("within")
    before = (part["residents"].cumsum() - order["residents"]).round(DIGITS)
    few = (part.cumcount() < FEWEST_CELLS) | (before < smallest)
    some = ~part["shown"].transform("all")
    return (~order["shown"] | (some & few)).reindex(places.index)


def share_flags(places: pd.DataFrame, weeks: int) -> pd.DataFrame:
    """Return what is published: theme, cell, share and shown_as.

    Args:
        places: columns theme, cell, area, share of the weeks flagged, and shown_as.
        weeks: weeks over which the shares are.

    Returns:
        One row a theme and cell; share is missing where withheld, rounded where blurred.
    """
    group = places.groupby(["theme", "area", "shown_as"])["share"]
    steps = (group.transform("size") * weeks - 1) // 2  # one flag more or less must not be seen
    steps = steps.clip(1, FINEST_STEPS)
    means = (np.rint((group.transform("mean") * steps).round(DIGITS)) / steps).round(DIGITS)
    alone = places["shown_as"] == "cell"
    share = places["share"].where(alone, means).mask(places["shown_as"] == "withheld")
    shown = places.assign(share=share)[["theme", "cell", "share", "shown_as"]]
    return shown.sort_values(["theme", "cell"], ignore_index=True)
