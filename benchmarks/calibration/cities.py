"""Cities of which the true value is exactly as stated, laid out as the dossier that a check reads.

One function a check. Each draws a city from `cas_audit.simulate`, moves one thing until the true
value of the check's estimand is as stated, draws the one record that an auditor has, and writes
what the check reads. What is moved, so that all else stays as it was drawn:

- exposure, from a table of forecasts: the model, whose chances of a flag are known;
- calibration: what the score expects;
- exposure beyond need: likewise, with the record as it was drawn;
- exposure, of a model that is refitted, and error rates: where the group lives;
- past attention: what the police find in the neighbourhoods of the group;
- places: where the group lives, among cells with and without records;
- patrols: what the police find in the areas and weeks with many hours and advice;
- reporting: what victims in the neighbourhoods of the group tell the police;
- places and filing: which of its records have a place, or are filed in their own week;
- gain over counting: where incidents fall once the flags are set;
- features: how far one follows the share of the group;
- clusters: what follows a flag in half of the cells.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import brentq
from scipy.special import expit

from cas_audit.audit.dossier import Manifest, seal_dossier
from cas_audit.audit.need import alike_in_need, need_around, spread_over_alike
from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.files import write_json
from cas_audit.forecast.scores import score_week
from cas_audit.forecast.step import forecast
from cas_audit.inference.clusters import halve
from cas_audit.inference.partition import stretches, wide_blocks
from cas_audit.simulate.arena import Arena, draw_arena
from cas_audit.simulate.counting import Forecast, count_flags
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.geography import GROUPS, Geography, invented
from cas_audit.simulate.history import History, draw_history
from cas_audit.simulate.shift import draw_flags, shift_to_ratio
from cas_audit.simulate.truth import Parts, true_parts

__all__ = ["BUILD", "NoSuchCity", "Wanted"]

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
THEME, GROUP, REFERENCE = "home_burglary", "born_outside_europe", "born_netherlands"
TEST = WINDOW = 52
SHARE = 0.03
QUARTER = 13  # weeks
TRUTH, REFITS = 40, 20
STEP = 0.9  # of the log exposure ratio, either way
FARTHEST = 8.0  # standard deviations of the field along which something is moved
SMOOTH_CELLS = 2.0  # people do not move cell by cell
FOUND, PAST_WEEKS, MOST_FOUND = 0.2, 156, 100.0
ASKED = 0.25  # of victims, in the survey
PATROLLED, FOUND_ON_PATROL = 0.07, 0.5  # of areas and weeks; records found for each brought
LEVELS_SPARED = 4  # of ten, the lowest; the others are flagged
WORDS = {"nl": "Proef", "en": "Trial"}


class NoSuchCity(Exception):  # noqa: N818 - no error: another city is drawn
    """Nothing that may be moved gives this city the stated value."""


@dataclass(frozen=True)
class Wanted:
    """A city: its side in cells, incidents a week, weeks that a map of flags stays, true value."""

    side: int
    a_week: float
    hold_weeks: int
    true: float


def flags_of_a_table(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Draw a year of flags that nobody can refit, with chances of the stated ratio."""
    arena = _arena(rng, wanted)
    try:
        shifted = shift_to_ratio(arena.intensity[0], arena.geography, wanted.true, share=SHARE)
    except InputError:  # the group lives where no flags can be drawn to
        raise NoSuchCity from None
    chance = shifted.chance
    flags = draw_flags(chance, TEST, rng, hold_weeks=wanted.hold_weeks)
    _demand(_exposure(arena, np.broadcast_to(chance, flags.shape)), wanted.true)
    _lay_out(folder, arena.geography, {"forecasts": _flagged(arena.geography, flags)})


def counting_refitted(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let the step `forecast` count, flag and refit; on average it has the stated ratio."""
    arena = _arena(rng, wanted)
    drawn = [
        count_flags(draw_history(arena, rng), WINDOW, SHARE, rng, test_weeks=TEST)
        for _ in range(TRUTH)
    ]
    expected = np.mean(drawn, axis=0)
    along = _smooth(arena.geography, expected.mean(axis=0))
    moved = _move_group(arena, along, lambda one: _exposure(one, expected), wanted.true)
    _ingested(folder, moved.geography, draw_history(moved, rng))
    config = _config(int(rng.integers(2**31)))
    with TemporaryDirectory() as tiles:
        forecast(config, folder, Path(tiles))
    _seal(folder)


def flags_and_outcomes(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Draw what follows flags that counting set; given these, precision has the stated ratio."""
    _given_flags(rng, wanted, folder, "precision")


def flags_that_miss(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Draw what follows flags that counting set; given these, misses have the stated ratio."""
    _given_flags(rng, wanted, folder, "misses")


def flags_in_vain(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Draw what follows flags that counting set; given these, false flags have that ratio."""
    _given_flags(rng, wanted, folder, "false_flags")


def _given_flags(rng: np.random.Generator, wanted: Wanted, folder: Path, figure: str) -> None:
    arena = _arena(rng, wanted)
    flags = count_flags(draw_history(arena, rng), WINDOW, SHARE, rng, test_weeks=TEST)
    along = np.log(-np.expm1(-arena.brought[0])) if figure == "precision" else flags.mean(axis=0)
    moved = _move_group(
        arena,
        _smooth(arena.geography, along),
        lambda one: _of(one, flags, figure).ratio().value,
        wanted.true,
    )
    record = _incidents(moved.geography, draw_history(moved, rng))
    tables = {"forecasts": _flagged(moved.geography, flags), "data/incidents": record}
    _lay_out(folder, moved.geography, tables)


def flags_beside_need(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Draw flags of a table that lean to the group by so much more than its record asks for."""
    arena = _arena(rng, wanted)
    record = _incidents(arena.geography, draw_history(arena, rng))
    need = record.groupby("cell")["count"].sum().reindex(_cells(arena.geography)).fillna(0.0)
    alike = alike_in_need(need)
    people = _residents(arena.geography).set_index("cell")[[GROUP, REFERENCE]]
    due = spread_over_alike(people, alike)

    def chance(exposure: float) -> Values:
        given = shift_to_ratio(arena.intensity[0], arena.geography, exposure, share=SHARE)
        return given.chance

    def beyond(exposure: float) -> float:
        exposed = [one.to_numpy().T @ chance(exposure).mean(axis=0) for one in (people, due)]
        return float(np.divide(*(exposed[0] / exposed[1])))

    def miss(log: float) -> float:
        return float(np.log(beyond(float(np.exp(log))) / wanted.true))

    try:
        exposure = float(np.exp(_solve(miss, -STEP, STEP)))
    except InputError:  # the group lives where no flags can be drawn to
        raise NoSuchCity from None
    _demand(beyond(exposure), wanted.true)
    flags = draw_flags(chance(exposure), TEST, rng, hold_weeks=wanted.hold_weeks)
    tables = {"forecasts": _flagged(arena.geography, flags), "data/incidents": record}
    _lay_out(folder, arena.geography, tables)


def scores_that_expect(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Draw what follows scores that expect too much or too little, everywhere alike.

    So each group and each fifth of the areas has the stated value, and whichever the finding shows.
    """
    arena = _arena(rng, wanted)
    score = arena.brought[0] / wanted.true
    periods, cells = _mondays(TEST), _cells(arena.geography)
    forecasts = pd.DataFrame(
        {
            "cell": np.tile(cells, TEST),
            "period": np.repeat(periods, cells.size),
            "theme": THEME,
            "score": np.tile(score, TEST),
            "flagged": np.tile(np.arange(cells.size) % 33 == 0, TEST),
        }
    )
    write_json(folder / "model/parameters.json", {"model": "blend"})
    write_json(folder / "model/evaluation.json", {})
    tables = {
        "forecasts": forecasts,
        "data/incidents": _incidents(arena.geography, draw_history(arena, rng)),
        "data/cells": pd.DataFrame({"cell": cells, "area": arena.geography.area.astype(str)}),
    }
    _lay_out(folder, arena.geography, tables)


def records_found(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let the police look harder where the group lives, until they found so much more there."""
    geography, seed = invented(rng, wanted.side), int(rng.integers(2**31))

    def policed(most: float) -> Arena:
        turned = {"weeks": PAST_WEEKS, "found": FOUND, "over_policing": most}
        return draw_arena(geography, _dials(wanted.a_week, **turned), np.random.default_rng(seed))

    even = policed(0.0)
    added = policed(1.0).attention[:1] - even.attention[:1]

    def miss(most: float) -> float:
        rate = np.broadcast_to(even.attention[:1] + most * added, even.attention.shape)
        return float(np.log(_attention(replace(even, attention=rate)) / wanted.true))

    most = _solve(miss, 0.0, MOST_FOUND)
    arena = policed(most)
    _demand(_attention(arena), wanted.true)
    record = _incidents(geography, draw_history(arena, rng))
    tables = {"data/incidents": record, "data/weeks": pd.DataFrame({"week": _mondays(PAST_WEEKS)})}
    _lay_out(folder, geography, tables, ["brought", "found"])


def places_known(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let the group live more or less where a quarter of a year leaves a record."""
    arena = _arena(rng, wanted)
    chance = -np.expm1(-QUARTER * arena.brought[0])
    along = _smooth(arena.geography, np.log(chance))

    def ratio(one: Arena) -> float:
        people = one.geography.residents
        return Parts((people @ chance)[None], people.sum(axis=1)[None]).ratio().value

    moved = _move_group(arena, along, ratio, wanted.true)
    weeks = _mondays(WINDOW + TEST)
    write_json(folder / "model/split.json", {"test": {"first": f"{weeks[WINDOW]:%Y-%m-%d}"}})
    tables = {
        "data/incidents": _incidents(moved.geography, draw_history(moved, rng)),
        "data/weeks": pd.DataFrame({"week": weeks}),
    }
    _lay_out(folder, moved.geography, tables)


def records_on_patrol(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let the police find more, or less, in the areas and weeks where they were sent on advice."""
    geography = invented(rng, wanted.side)
    even = draw_arena(geography, _dials(wanted.a_week, weeks=PAST_WEEKS), rng)
    sent = rng.random((PAST_WEEKS, geography.area.max() + 1)) < PATROLLED
    there = sent[:, geography.area]
    arena = replace(even, attention=FOUND_ON_PATROL * np.where(there, wanted.true, 1.0))
    rates = (arena.found[side].sum() / arena.brought[side].sum() for side in (there, ~there))
    _demand(next(rates) / next(rates), wanted.true)
    week, area = np.nonzero(np.ones(sent.shape, dtype=bool))
    size = np.bincount(geography.area)
    hours = pd.DataFrame(
        {
            "area": area.astype(str),
            "week": _mondays(PAST_WEEKS)[week],
            "hours": size[area] * np.where(sent[week, area], 3.0, 1.0),
        }
    )
    advice = hours.loc[sent[week, area], ["area", "week"]]
    tables = {
        "data/incidents": _incidents(geography, draw_history(arena, rng)),
        "data/weeks": pd.DataFrame({"week": _mondays(PAST_WEEKS)}),
        "data/patrols": hours,
        "data/decisions": advice.assign(theme=THEME, decision="followed", count=1.0),
    }
    _lay_out(folder, geography, tables, ["brought", "found"])


def victims_asked(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let victims tell the police more or less where the group lives, and ask some of them."""
    geography = invented(rng, wanted.side)
    even = draw_arena(geography, _dials(wanted.a_week, weeks=PAST_WEEKS), rng)
    along = _scaled(geography.mix[0])

    def told(by: float) -> Arena:
        return replace(even, reported=expit(by * along))

    def miss(by: float) -> float:
        return float(np.log(_reporting(told(by)) / wanted.true))

    arena = told(_solve(miss, -FARTHEST, FARTHEST))
    _demand(_reporting(arena), wanted.true)
    tables = {
        "data/incidents": _incidents(geography, draw_history(arena, rng)),
        "data/weeks": pd.DataFrame({"week": _mondays(PAST_WEEKS)}),
        "data/survey": _survey(arena, rng),
    }
    _lay_out(folder, geography, tables)


def records_placed(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let records have a place more or less often where the group lives."""
    _counted_at_the_gate(rng, wanted, folder, lambda arena, share: replace(arena, placed=share))


def records_filed(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let records be filed in their own week more or less often where the group lives."""

    def filed(arena: Arena, share: Values) -> Arena:
        return replace(arena, lag=1 / share - 1)  # weeks are geometric

    _counted_at_the_gate(rng, wanted, folder, filed)


def _counted_at_the_gate(
    rng: np.random.Generator, wanted: Wanted, folder: Path, turn: Callable[[Arena, Values], Arena]
) -> None:
    """Turn a share of the records along with the group's share of the residents."""
    geography = invented(rng, wanted.side)
    even = draw_arena(geography, _dials(wanted.a_week, weeks=PAST_WEEKS), rng)
    along = _scaled(geography.mix[0])
    rate = even.intensity.sum(axis=0) @ geography.share.T

    def true(by: float) -> float:
        told = (even.intensity.sum(axis=0) * expit(by * along)) @ geography.share.T
        return Parts(told[None], rate[None]).ratio().value

    by = _solve(lambda one: float(np.log(true(one) / wanted.true)), -FARTHEST, FARTHEST)
    _demand(true(by), wanted.true)
    history = draw_history(turn(even, expit(by * along)), rng)
    tables = {
        "data/weeks": pd.DataFrame({"week": _mondays(PAST_WEEKS)}),
        "data/quality": _quality(geography, history),
    }
    _lay_out(folder, geography, tables)


def two_forecasters(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let a count over half a year stand against one over a year; it gains as much as stated."""
    _gaining(rng, wanted, folder, ("city_hit_rate", (0,)))


def two_forecasters_by_group(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """The same, where the group of the two lives that gains least."""
    _gaining(rng, wanted, folder, ("hit_rate", (GROUPS.index(GROUP), GROUPS.index(REFERENCE))))


def _gaining(
    rng: np.random.Generator, wanted: Wanted, folder: Path, of: tuple[str, tuple[int, ...]]
) -> None:
    arena = _arena(rng, wanted)
    past = draw_history(arena, rng)
    model, counting = (
        count_flags(past, window, SHARE, rng, test_weeks=TEST) for window in (WINDOW // 2, WINDOW)
    )
    along = _scaled(model.mean(axis=0) - counting.mean(axis=0))

    def shifted(by: float) -> Arena:
        rate = arena.intensity[:1] * np.exp(by * along)
        rate *= wanted.a_week / rate.sum()
        return replace(arena, intensity=np.broadcast_to(rate, arena.intensity.shape))

    def gain(one: Arena) -> float:
        figure, groups = of
        rates = [_of(one, flags, figure) for flags in (model, counting)]
        return min(rates[0].of(group).value - rates[1].of(group).value for group in groups)

    moved = shifted(_solve(lambda by: gain(shifted(by)) - wanted.true, -FARTHEST, FARTHEST))
    _demand(1 + gain(moved), 1 + wanted.true)
    history = draw_history(moved, rng)
    both = {"model": model, "counting": counting}
    write_json(folder / "model/parameters.json", {"model": "half_a_year"})
    tables = {
        "model/weekly": _weekly(moved.geography, history.counts()[-TEST:], both),
        "model/counting": _flagged(moved.geography, counting).drop(columns="flagged"),
        "forecasts": _flagged(moved.geography, model),
        "data/incidents": _incidents(moved.geography, history),
    }
    _lay_out(folder, moved.geography, tables)


def features_that_tell(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let a feature tell as much of where the group lives as is stated, beyond what need tells.

    The feature follows what need leaves open of the share, and noise without any pattern that is
    made to have nothing in common with either; so it tells exactly so much of this city's share.
    """
    arena = _arena(rng, wanted)
    geography, history = arena.geography, draw_history(arena, rng)
    record, cells = _incidents(geography, history), _cells(geography)
    people = _residents(geography).set_index("cell")[[GROUP, REFERENCE]]
    weight = people.sum(axis=1).to_numpy(float)
    share = people[GROUP].to_numpy(float) / np.where(weight > 0, weight, 1.0)
    need = record.groupby("cell")["count"].sum().reindex(cells).fillna(0.0)
    known = np.column_stack([np.ones(cells.size), need_around(need, geography.kept.shape)])

    def left(of: Values, *given: Values) -> Values:
        columns, root = np.column_stack([known, *given]), np.sqrt(weight)
        slope = np.linalg.lstsq(columns * root[:, None], of * root, rcond=None)[0]
        found: Values = of - columns @ slope
        return found / np.sqrt(np.average(found**2, weights=weight))

    open_share = left(share)
    noise = left(rng.standard_normal(cells.size), open_share)
    feature = np.sqrt(wanted.true) * open_share + np.sqrt(1 - wanted.true) * noise
    told = np.average(left(feature) * open_share, weights=weight) ** 2
    _demand(1 + told, 1 + wanted.true)
    rows, columns = geography.kept.shape
    write_json(folder / "data/grid.json", {"rows": rows, "columns": columns})
    late = record[record["week"] > record["week"].median()].groupby("cell")["count"].sum()
    recent = np.log1p(late.reindex(cells).fillna(0.0).to_numpy())
    tables = {
        "data/incidents": record,
        "data/cells": pd.DataFrame({"cell": cells, "area": geography.area.astype(str)}),
        "model/feature_means": pd.DataFrame(
            {"theme": THEME, "cell": cells, "recent": recent, "told": feature}
        ),
    }
    _lay_out(folder, geography, tables)


def cells_that_nobody_named(rng: np.random.Generator, wanted: Wanted, folder: Path) -> None:
    """Let flags be followed by so many times as much in one half of the cells, told by a feature.

    Rates have ten levels, each with as many incidents, and the score is the level: so cells that
    are scored alike are alike, but for what is stated.
    """
    arena = _arena(rng, wanted)
    cells, rate = _cells(arena.geography), arena.brought[0]
    order = np.argsort(rate)
    level = np.empty(cells.size, dtype=np.int64)
    level[order] = np.minimum(10 * np.cumsum(rate[order]) / rate.sum(), 9).astype(int)
    score = (np.bincount(level, rate) / np.maximum(np.bincount(level), 1))[level]
    along, apart = rng.standard_normal(cells.size), rng.standard_normal((cells.size, 4))
    values = along[:, None] * [1, 1, 1, 0] + [0.2, 0.2, 0.2, 1.0] * apart
    features = pd.DataFrame(values, columns=["a", "b", "c", "d"])
    standard = ((features - features.mean()) / features.std()).to_numpy()
    inside, flagged = halve(standard, 1, 1)[0], level > LEVELS_SPARED
    true = score * np.where(inside & flagged, wanted.true, 1.0)
    rates = [true[flagged & side] / score[flagged & side] for side in (inside, ~inside)]
    _demand(rates[0].mean() / rates[1].mean(), wanted.true)
    count = rng.poisson(true, (TEST, cells.size))
    week, cell = np.nonzero(count)
    happened = {"cell": cells[cell], "week": _mondays(TEST)[week], "count": count[week, cell]}
    forecasts = pd.DataFrame(
        {
            "cell": np.tile(cells, TEST),
            "period": np.repeat(_mondays(TEST), cells.size),
            "theme": THEME,
            "score": np.tile(score, TEST),
            "flagged": np.tile(flagged, TEST),
        }
    )
    tables = {
        "forecasts": forecasts,
        "data/incidents": pd.DataFrame(happened).assign(theme=THEME, channel="brought"),
        "model/feature_before": features.assign(theme=THEME, cell=cells),
    }
    _lay_out(folder, arena.geography, tables)


Build = Callable[[np.random.Generator, Wanted, Path], None]
BUILD: dict[str, Build] = {
    one.__name__: one
    for one in (
        flags_of_a_table, counting_refitted, flags_and_outcomes, flags_that_miss, flags_in_vain,
        flags_beside_need, scores_that_expect, places_known, records_found, records_on_patrol,
        victims_asked, records_placed, records_filed, two_forecasters, features_that_tell,
        cells_that_nobody_named, two_forecasters_by_group,
    )
}  # fmt: skip


def _dials(a_week: float, **turned: Any) -> Dials:  # noqa: ANN401 - any dial
    return Dials(**{"weeks": TEST + WINDOW, "incidents_a_week": a_week, **turned})


def _arena(rng: np.random.Generator, wanted: Wanted) -> Arena:
    return draw_arena(invented(rng, wanted.side), _dials(wanted.a_week), rng)


def _of(arena: Arena, flags: NDArray[Any], figure: str) -> Parts:
    """Return a true figure; weeks are alike here, so that their mean flags stand for all."""
    return true_parts(arena, Forecast(flags.mean(axis=0, keepdims=True)))[figure]


def _exposure(arena: Arena, flags: NDArray[Any]) -> float:
    return _of(arena, flags, "exposure").ratio().value


def _attention(arena: Arena) -> float:
    """Return found over brought of the group, over that of its reference."""
    true = true_parts(arena, Forecast(np.zeros((1, arena.placed.size))))  # weeks are alike
    brought = true["hit_rate"].bottom
    return Parts(true["recorded"].top - brought, brought).ratio().value


def _reporting(arena: Arena) -> float:
    return _of(arena, np.zeros((1, arena.placed.size)), "reported").ratio().value


def _survey(arena: Arena, rng: np.random.Generator) -> pd.DataFrame:
    """Ask a share of the victims in each area whether they went to the police."""
    area = arena.geography.area
    victims = np.bincount(area, arena.intensity.sum(axis=0))
    told = np.bincount(area, arena.intensity.sum(axis=0) * arena.reported) / victims
    asked = rng.poisson(victims * ASKED)
    share = rng.binomial(asked, told) / np.maximum(asked, 1)
    named = {"area": np.arange(len(victims)).astype(str), "theme": THEME}
    return pd.DataFrame({**named, "respondents": asked, "reported_share": share})


def _demand(found: float, true: float) -> None:
    """Stop where a city is not what its row says."""
    if not np.isclose(found, true, rtol=1e-6):
        message = f"a city has {found}; expected {true}"
        raise SystemExit(message)


def _solve(miss: Callable[[float], float], low: float, high: float) -> float:
    ends = miss(low), miss(high)
    if abs(ends[0]) < 1e-12:  # noqa: PLR2004 - the fair city needs no search
        return low
    if ends[0] * ends[1] > 0:
        raise NoSuchCity
    return float(brentq(miss, low, high, xtol=1e-12))


def _move_group(
    arena: Arena, along: Values, figure: Callable[[Arena], float], true: float
) -> Arena:
    """Let the group live more where `along` is high, or less, until a figure is as stated."""
    people = arena.geography.residents

    def moved(by: float) -> Arena:
        group = people[0] * np.exp(by * along)
        group *= people[0].sum() / group.sum()
        geography = replace(arena.geography, residents=np.stack([group, *people[1:]]))
        return replace(arena, geography=geography)

    by = _solve(lambda one: float(np.log(figure(moved(one)) / true)), -FARTHEST, FARTHEST)
    _demand(figure(moved(by)), true)
    return moved(by)


def _smooth(geography: Geography, values: Values) -> Values:
    laid_out = np.full(geography.kept.shape, values.mean())
    laid_out[geography.kept] = values
    return _scaled(ndimage.gaussian_filter(laid_out, SMOOTH_CELLS)[geography.kept])


def _scaled(values: Values) -> Values:
    found: Values = (values - values.mean()) / values.std()
    return found


def _cells(geography: Geography) -> NDArray[np.int64]:
    return np.flatnonzero(geography.kept)


def _mondays(weeks: int) -> pd.DatetimeIndex:
    return pd.date_range(end="2025-12-29", periods=weeks, freq="7D")


def _flagged(geography: Geography, flags: Flags) -> pd.DataFrame:
    """Return a table of forecasts as a vendor may hand it over: one row a flag."""
    week, cell = np.nonzero(flags)
    return pd.DataFrame(
        {
            "cell": _cells(geography)[cell],
            "period": _mondays(len(flags))[week],
            "theme": THEME,
            "flagged": True,
        }
    )


def _incidents(geography: Geography, history: History) -> pd.DataFrame:
    """Count the records with a place per cell, week and channel, as ingest does."""
    record = history.where(history.placed)
    rows = pd.DataFrame(
        {
            "cell": _cells(geography)[record.cell],
            "week": _mondays(history.weeks)[record.week],
            "theme": THEME,
            "channel": np.where(record.found, "found", "brought"),
        }
    )
    return rows.value_counts(sort=False).rename("count").reset_index()


def _quality(geography: Geography, history: History) -> pd.DataFrame:
    """Count what the gate would, of records whose source names the area."""
    soon = history.registered == history.week
    kinds = {
        "rows": np.ones(soon.size, dtype=bool),
        "no_place": ~history.placed,
        "lag_2_7_days": soon,
        "lag_8_28_days": ~soon,
    }
    rows = pd.DataFrame(
        {
            "area": geography.area[history.cell].astype(str),
            "week": _mondays(history.weeks)[history.week],
            "theme": THEME,
        }
    )
    parts = [rows[mask].value_counts(sort=False).rename("count") for mask in kinds.values()]
    return pd.concat(parts, keys=kinds, names=["kind"]).reset_index()


def _weekly(geography: Geography, counts: NDArray[Any], flags: dict[str, Flags]) -> pd.DataFrame:
    """Count per week and wide block what each forecaster caught."""
    shape = geography.kept.shape
    wide = np.full(shape, -1, dtype=np.int64)
    wide[geography.kept] = _wide(geography)

    def laid_out(values: NDArray[Any]) -> NDArray[Any]:
        plane = np.zeros(shape, dtype=values.dtype)
        plane[geography.kept] = values
        return plane

    rows = [
        {"week": week, "theme": THEME, "forecaster": name, "wide": block, **asdict(score)}
        for name, each in flags.items()
        for week, count, flag in zip(_mondays(TEST), counts, each, strict=True)
        for block, score in enumerate(score_week(laid_out(count), laid_out(flag), wide))
    ]
    return pd.DataFrame(rows)


def _wide(geography: Geography) -> NDArray[np.int64]:
    return wide_blocks(*np.nonzero(geography.kept))


def _residents(geography: Geography) -> pd.DataFrame:
    people = geography.residents
    named = {GROUP: people[0], REFERENCE: people[-1]}
    return pd.DataFrame({"cell": _cells(geography), "residents": people.sum(axis=0), **named})


def _areas(geography: Geography) -> pd.DataFrame:
    return pd.DataFrame({"cell": _cells(geography), "area": geography.area.astype(str)})


def _lay_out(
    folder: Path,
    geography: Geography,
    tables: dict[str, pd.DataFrame],
    channels: list[str] | None = None,
) -> None:
    wide = _wide(geography)
    cut = {"period": _mondays(TEST), "stretch": stretches(TEST)}
    _save(
        folder,
        {
            "data/cells": _areas(geography),
            "data/residents": _residents(geography),
            "partition": pd.DataFrame({"cell": _cells(geography), "wide": wide, "fine": wide}),
            "stretches": pd.DataFrame(cut),
            **tables,
        },
    )
    _seal(folder, channels)


def _ingested(folder: Path, geography: Geography, history: History) -> None:
    """Write what the step `ingest` leaves for the step `forecast`."""
    rows, columns = geography.kept.shape
    write_json(folder / "data/grid.json", {"rows": rows, "columns": columns})
    _save(
        folder,
        {
            "data/cells": _areas(geography),
            "data/residents": _residents(geography),
            "data/weeks": pd.DataFrame({"week": _mondays(history.weeks)}),
            "data/incidents": _incidents(geography, history),
        },
    )


def _save(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(path, index=False)


def _config(seed: int) -> Config:
    source = {"path": "none.csv", "contract": "none"}
    chosen = {"model": "counting", "train_weeks": 4, "test_weeks": TEST, "seed": seed}
    return Config.model_validate(
        {
            "name": "trial",
            "version": "1",
            "title": WORDS,
            "reference_date": "2026-01-05",
            "regime": "open_data",
            "purpose": {"goal": WORDS, "action": WORDS},
            "sources": {"incidents": source, "areas": source},
            "themes": [THEME],
            "channels": ["brought"],
            "groups": [{"name": GROUP, "reference": REFERENCE}],
            "forecast": {**chosen, "flagged_share": SHARE, "refits": REFITS},
        }
    )


def _seal(folder: Path, channels: list[str] | None = None) -> None:
    groups = [{"name": GROUP, "reference": REFERENCE}]
    write_json(folder / "data/groups.json", {"groups": groups})
    manifest = {
        "schema": 1, "name": "trial", "version": "1", "title": WORDS, "origin": "synthetic",
        "reference_date": "2026-01-05", "regime": "open_data", "themes": [THEME],
        "channels": channels or ["brought"], "flagged_share": SHARE, "framework": "none",
        "seed": 1, "cas_audit": "0", "python": "0", "packages": {},
    }  # fmt: skip
    seal_dossier(folder, Manifest.model_validate(manifest))
