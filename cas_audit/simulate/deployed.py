"""The audited model deployed for a year: police go where it flags, and it learns what they find.

A trial before sealing. The model is fitted on the whole history, and then asked every four weeks
for the flags of the next four. What the public brings in that year is drawn from the rates behind
the record; so is what could be found in a cell, as much as is brought there, of which police in a
flagged cell find a part. Every way of deploying it is given the same draws, so that they differ by
what flags uncover, and by nothing else. Found records that were made before go on everywhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config, Loop
from cas_audit.errors import InputError
from cas_audit.files import read_json, write_json
from cas_audit.forecast.by_theme import open_themes
from cas_audit.forecast.city import City, panel_of
from cas_audit.forecast.features import make_features
from cas_audit.forecast.fitting import COUNTED_WEEKS, fit, known_by, record_of
from cas_audit.forecast.flagging import flag
from cas_audit.forecast.histories import fit_history
from cas_audit.forecast.learning import Record
from cas_audit.forecast.models import count_scores
from cas_audit.forecast.past import Weeks
from cas_audit.forecast.random_data import concentration
from cas_audit.forecast.work import Work, open_work
from cas_audit.progress import track

__all__ = ["ARMS", "Year", "deploy", "draw_year", "try_loop"]

YEAR, STEP = 52, 4  # weeks
RECENT = 6  # maps that a remedy looks back on
CAP = 0.5  # share of the recent maps that a cell may be flagged in, where attention is capped
EXPLORED = 0.2  # share of the flags that are drawn by lot, where the model explores
DIGITS = 9
ARMS = ("never", "deployed", "discounted", "capped", "exploring")
Counts = NDArray[np.float32]
Flags = NDArray[np.bool_]
Values = NDArray[np.float64]
Score = Callable[[Counts, int], Values]  # the record so far and a week: a score for every cell


@dataclass(frozen=True)
class Year:
    """What happens whatever is flagged, and what could be found; all (weeks, rows, columns).

    `recorded` enters the record that the model learns from, `findable` does where flags uncover it
    and the model learns of finds at all, and `brought` is what hits are counted by.
    """

    recorded: Counts
    findable: Counts
    brought: Counts


def try_loop(config: Config, dossier: Path) -> None:
    """Deploy every theme's model in every way, and write what came of it.

    Writes `trials/loop.json` (what was assumed, and per theme, way and replicate concentration,
    hits and finds) and `trials/loop.parquet` (share of the maps of the last half-year in which a
    cell is flagged).

    Args:
        config: with `forecast.loop`.
        dossier: with `data/`, and `model/` where settings were searched.
    """
    chosen = config.forecast.loop or Loop()
    searched = read_json(dossier / "model/search.json")
    with (
        open_work() as work,
        open_themes(config, dossier / "data", work) as themes,
    ):
        more = [
            {"chosen": chosen, "settings": searched[theme]["chosen"]} for theme in config.themes
        ]
        looped = themes.each(loop_theme, "deployed for a year", more)
    told = {theme: one for theme, one in zip(config.themes, looped, strict=True) if one}
    if not told:
        return
    said = {theme: one.said for theme, one in told.items()}
    write_json(
        dossier / "trials/loop.json",
        {"find": chosen.find, "weeks": YEAR, "step_weeks": STEP, "themes": said},
    )
    table = pd.concat([one.flags for one in told.values()], ignore_index=True)
    table.to_parquet(dossier / "trials/loop.parquet", index=False)


@dataclass(frozen=True)
class Looped:
    """What came of deploying one theme: by way and replicate, and by cell."""

    said: list[dict[str, Any]]
    flags: pd.DataFrame


def loop_theme(
    config: Config,
    city: City,
    work: Work,
    of: tuple[int, str],
    *,
    chosen: Loop,
    settings: Mapping[str, float],
) -> Looped | None:
    """Deploy the model of a theme in every way; None with too few last incidents to fit on.

    Args:
        config: what is fitted, and how it flags.
        city: weeks and cells, up to now.
        work: who does the work on tiles.
        of: number and name of the theme.
        chosen: how often, and what police find.
        settings: that a search chose before.
    """
    (number, theme), later = of, _a_year_on(city)
    try:
        score = _fitted(config, later, work, of, settings)
    except InputError:
        return None
    said: list[dict[str, Any]] = []
    rows: list[pd.DataFrame] = []
    runs = [(refit, arm) for refit in range(chosen.replicates) for arm in ARMS]
    for refit, arm in track(runs, f"{theme}: deployed for a year"):
        seed = [config.forecast.seed, number, refit]
        year = draw_year(config, later, theme, chosen.find, np.random.default_rng([*seed, 6]))
        known = panel_of(later, theme, config.channels)
        known[-YEAR:] = year.recorded
        flags = deploy(config, later, score, (known, year), (arm, [*seed, 7]))
        said.append({"arm": arm, "refit": refit, **_said(config, later, year, flags)})
        rows.append(_cells(later, flags, theme=theme, forecaster=arm, refit=refit))
    return Looped(said, pd.concat(rows))


def draw_year(
    config: Config, city: City, theme: str, find: float, rng: np.random.Generator
) -> Year:
    """Draw a year from the rates of the last year of the record, by channel.

    Args:
        config: which channels the model learns from.
        city: whose last year of weeks is yet to come.
        theme: whose record.
        find: chance that police in a flagged cell find an incident that nobody brings.
        rng: the only source of chance.
    """
    past = {name: panel_of(city, theme, [name])[:-YEAR] for name in config.channels}
    drawn = {name: _draw(one, city, rng) for name, one in past.items()}
    told = "brought" if "brought" in drawn else next(iter(drawn))
    learns = bool({"found", "unknown"} & set(drawn))
    findable = _draw(past[told], city, rng, find if learns else 0.0)
    recorded: Counts = np.asarray(np.sum(list(drawn.values()), axis=0, dtype=np.float32))
    return Year(recorded, findable, drawn[told])


def deploy(
    config: Config, city: City, score: Score, of: tuple[Counts, Year], way: tuple[str, list[int]]
) -> Flags:
    """Return the maps of a year, one for every four weeks, shape (maps, rows, columns).

    Args:
        config: share that is flagged, and the rule.
        city: whose last year of weeks is yet to come.
        score: the fitted model.
        of: the record with the year in it, apart from what flags uncover; and the year.
        way: how the model is deployed, one of `ARMS`; and the seed of lots.
    """
    (record, year), (arm, seed) = of, way
    ties, lots = np.random.default_rng(seed).spawn(2)
    known, start = record.copy(), len(record) - YEAR
    maps: list[Flags] = []
    for week in range(0, YEAR, STEP):
        scores = score(known, start + week)
        often = np.mean(maps[-RECENT:], axis=0) if maps else np.zeros(city.kept.shape)
        if arm == "capped":
            scores = np.where(often > CAP, scores.min() - 1, scores)
        flagged = flag(scores, city.kept, config, city.lives, ties)
        if arm == "exploring":
            flagged = _explore(flagged, city.kept, lots)
        maps.append(flagged)
        if arm == "never":
            continue
        found = year.findable[week : week + STEP] * flagged
        if arm == "discounted":  # Ensign and others: kept with the chance that nobody was sent
            kept = lots.binomial(found.astype(int), 1 - np.mean(maps[-RECENT:], axis=0))
            found = kept.astype(np.float32)
        known[start + week : start + week + STEP] += found
    return np.stack(maps)


def _explore(flagged: Flags, kept: Flags, lots: np.random.Generator) -> Flags:
    """Give a part of the flags to cells drawn by lot."""
    mixed, cells = flagged.copy(), np.flatnonzero(flagged)
    moved = round(cells.size * EXPLORED)
    mixed.ravel()[lots.choice(cells, moved, replace=False)] = False
    free = np.flatnonzero(kept & ~mixed)
    mixed.ravel()[lots.choice(free, moved, replace=False)] = True
    return mixed


def _a_year_on(city: City) -> City:
    """Append a year of weeks; the model is trained up to the end of the history."""
    ahead = pd.date_range(city.weeks[-1], periods=YEAR + 1, freq="7D")[1:]
    weeks = pd.DatetimeIndex([*city.weeks, *ahead], name=city.weeks.name)
    history, trained = len(city.weeks), city.train.stop - city.train.start
    test = slice(history, history + city.period_weeks)
    return replace(city, weeks=weeks, train=slice(history - trained, history), test=test)


def _fitted(
    config: Config, city: City, work: Work, of: tuple[int, str], chosen: Mapping[str, float]
) -> Score:
    """Fit on the history, and return what a flag is worth in a week by a record."""
    number, theme = of
    if config.forecast.model == "counting":
        return lambda counts, week: city.worth(
            theme, count_scores(counts, np.array([week]), COUNTED_WEEKS)[0]
        )
    counts, features = panel_of(city, theme, config.channels), known_by(config, city, theme)
    seed = [config.forecast.seed, number]
    model = fit(config, city, (theme, counts), seed, work, chosen=chosen).model
    plain = record_of(config, city, theme, counts)
    reach, cells = max(one.reach_cells for one in features), np.flatnonzero(city.kept)

    def score(counts: Counts, week: int) -> Values:
        record: Record = replace(plain, counts=counts)
        asked = Weeks(np.array([week]), cells)
        [rows] = make_features(record.tile(reach), asked, features)
        found = np.zeros(city.kept.shape)
        found.ravel()[cells] = _asked(model, rows)
        return city.worth(theme, found)

    return score


def _asked(model: Any, rows: NDArray[np.float32]) -> Values:  # noqa: ANN401 - any estimator
    if hasattr(model, "predict_proba"):
        chances: Values = model.predict_proba(rows)[:, 1]
        return chances
    rates: Values = model.predict(rows)
    return rates


def _draw(past: Counts, city: City, rng: np.random.Generator, times: float = 1.0) -> Counts:
    """Draw a year from the mean rate of the last two half-years."""
    rate = fit_history(past, city.kept).rate[-2:].mean(axis=0) if past.any() else 0.0
    drawn = rng.poisson(times * rate * city.kept, (YEAR, *city.kept.shape))
    found: Counts = drawn.astype(np.float32)
    return found


def _said(config: Config, city: City, year: Year, flags: Flags) -> dict[str, Any]:
    """Return how the last half-year of maps concentrates, and what all of them caught and found."""
    last = flags[-RECENT:]
    weekly = flags.repeat(STEP, axis=0)
    return {
        **concentration(last, city.kept, config.forecast.flagged_share),
        "brought": int(year.brought.sum()),
        "hits": int((year.brought * weekly).sum()),
    }


def _cells(city: City, flags: Flags, **named: str | int) -> pd.DataFrame:
    share = flags[-RECENT:, city.kept].mean(axis=0)
    cells = np.flatnonzero(city.kept)[share > 0]
    return pd.DataFrame({**named, "cell": cells, "share": share[share > 0].round(DIGITS)})
