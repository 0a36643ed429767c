"""What it costs to flag groups more evenly: the frontier between what is caught and exposure.

Every point is another choice of cells from the same scores, in the same weeks. Exposure is a fact
of these maps; what is caught is outcomes given flags, and is compared with the plain top, paired.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.comparison import finite
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import as_rows
from cas_audit.audit.outcomes import count_by_period
from cas_audit.audit.pairs import open_pairs
from cas_audit.audit.record import tells_few
from cas_audit.audit.reflag import open_scored
from cas_audit.audit.units import Units, open_units
from cas_audit.errors import InputError, Unavailable
from cas_audit.forecast.flagging import Lives, choose, lives_of
from cas_audit.forecast.weighing import stands_for
from cas_audit.inference.interval import Interval
from cas_audit.inference.scores import ratio, within
from cas_audit.progress import track

__all__ = ["SETTINGS", "draw_frontier"]

SETTINGS: tuple[tuple[str, float | None], ...] = (
    ("top", None),
    ("exposure_bound", 2.0),
    ("exposure_bound", 1.5),
    ("exposure_bound", 1.25),
    ("exposure_bound", 1.1),
    ("penalty", 0.1),
    ("penalty", 1.0),
    ("penalty", 10.0),
    ("equal_share", None),
    ("survey_weight", None),
)
SURVEY = "data/survey.parquet"
FEWEST = 20  # incidents; with fewer nothing is said of what is caught
Grid = NDArray[Any]  # (periods, cells)


@dataclass(frozen=True)
class _Theme:
    """Scores, and incidents the public brought, both (periods, cells).

    `stands` says for how many incidents each record of a cell stands, where a survey tells.
    """

    name: str
    score: Grid
    counts: Grid
    unit: NDArray[np.int64]
    stands: Grid | None


def draw_frontier(dossier: Dossier) -> list[dict[str, Any]]:
    """Return one row per theme, rule and compared group.

    Args:
        dossier: sealed, of a model that scores every cell in every period.

    Returns:
        Rows with theme, method, setting, group, reference; `ratio` of exposures on these maps;
        `hit_rate`, and `low` and `high` of its 95 % interval; `loss` against the plain top in
        shares of all incidents, with `loss_low` and `loss_high`; `moved`, the share of the flags
        that are elsewhere; `surveyed`, with `surveyed_low` and `surveyed_high`: the hit rate when
        each incident counts as the victim survey says, and null without one. That interval is
        without the error of the survey. A rule that cannot be kept has null in all of them.
        Weighing by a survey is a rule only where there is one.

    Raises:
        Unavailable: scores, residents or incidents are lacking.
    """
    cells = dossier.table("data/cells.parquet").sort_values("cell")
    pairs, units = open_pairs(dossier), open_units(dossier)
    if not pairs.pairs:
        message = "The dossier names no group of residents to compare."
        raise Unavailable(message)
    lives = lives_of(pairs.pairs, dossier.table("data/residents.parquet"), cells)
    rows: list[dict[str, Any]] = []
    for theme in track(list(_themes(dossier, cells, units)), "choices of cells"):
        plain: Grid | None = None
        for method, setting in SETTINGS:
            if method == "survey_weight" and theme.stands is None:
                continue
            flags = _flags(theme, lives, dossier.manifest.flagged_share, method, setting)
            plain = flags if plain is None else plain
            told = {"theme": theme.name, "method": method, "setting": setting}
            caught = _caught(theme, units, flags, plain)
            for number, pair in enumerate(pairs.pairs):
                named = {"group": pair.group, "reference": pair.reference}
                rows.append({**told, **named, "ratio": _ratio(lives, flags, number), **caught})
    return as_rows(rows)


def _themes(dossier: Dossier, kept: pd.DataFrame, units: Units) -> Iterator[_Theme]:
    cells = kept["cell"]
    survey = dossier.table(SURVEY) if dossier.has(SURVEY) else None
    forecasts = open_scored(dossier)
    periods = pd.DatetimeIndex(sorted(units.stretch.index))
    caught = count_by_period(dossier, periods, dossier.manifest.judged_on)
    unit = units.of(
        pd.Series(np.tile(cells, len(periods))), pd.Series(np.repeat(periods, len(cells)))
    )
    for theme in dossier.manifest.themes:
        scored, happened = (one[one["theme"] == theme] for one in (forecasts, caught))
        score = scored.pivot_table("score", "period", "cell").loc[periods, cells]
        counts = happened.pivot_table("count", "period", "cell", aggfunc="sum")
        counts = counts.reindex(index=periods, columns=cells).fillna(0.0)
        stands = None if survey is None else stands_for(survey, kept["area"], theme)
        yield _Theme(theme, score.to_numpy(), counts.to_numpy(float), unit, stands)


def _flags(
    theme: _Theme, lives: Lives, share: float, method: str, setting: float | None
) -> Grid | None:
    """Flag every period by a rule; None where the rule cannot be kept."""
    number = round(theme.score.shape[1] * share)
    weighed = method == "survey_weight" and theme.stands is not None
    worth = theme.score * theme.stands if weighed else theme.score
    try:
        return np.stack([choose(one, lives, number, method, setting) for one in worth])
    except InputError:
        return None


def _ratio(lives: Lives, flags: Grid | None, pair: int) -> float | None:
    if flags is None:
        return None
    often = flags.mean(axis=0)
    reference = float(lives.shares.reference[pair] @ often)
    return float(lives.shares.group[pair] @ often) / reference if reference else None


def _caught(
    theme: _Theme, units: Units, flags: Grid | None, plain: Grid | None
) -> dict[str, float | None]:
    names = (
        *("hit_rate", "low", "high", "loss", "loss_low", "loss_high", "moved"),
        *("surveyed", "surveyed_low", "surveyed_high"),
    )
    if flags is None or plain is None or theme.counts.sum() < FEWEST:
        return dict.fromkeys(names)
    total, caught = float(theme.counts.sum()), float((theme.counts * flags).sum())
    if tells_few(total, caught, 0):
        return {**dict.fromkeys(names), "moved": float((plain & ~flags).sum() / plain.sum())}
    hits = _share(theme, units, theme.counts, flags)
    loss = _share(theme, units, theme.counts, plain.astype(float) - flags)
    moved = float((plain & ~flags).sum() / plain.sum())
    surveyed: tuple[float | None, ...] = (None, None, None)
    if theme.stands is not None:
        surveyed = _share(theme, units, theme.counts * theme.stands, flags)
    return dict(zip(names, (*hits, *loss, moved, *surveyed), strict=True))


def _share(theme: _Theme, units: Units, counts: Grid, taken: Grid) -> tuple[float | None, ...]:
    """Return a share of all incidents with its interval; null where it is undefined."""
    sums, whole = (units.sums(theme.unit, one.ravel()) for one in (counts * taken, counts))
    found: Interval | None = ratio(within(sums, whole, units.block), signed=True)
    if found is None:
        return None, None, None
    return found.estimate, finite(found.low), finite(found.high)
