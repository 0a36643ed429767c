"""Features: they look back only, agree with plain loops, and are the same however they are made."""

import numpy as np
import pandas as pd
import pytest

from cas_audit.forecast.features import FEATURES, Feature, layer_feature, make_features
from cas_audit.forecast.past import Past, Rows, Weeks
from cas_audit.forecast.tile import Tile, whole

WEEKS, ROWS, COLUMNS, REACH = 60, 19, 17, 3
ALL = np.arange(ROWS * COLUMNS)


def history(seed: int = 1) -> np.ndarray:
    """Return sixty weeks of incidents on a small grid."""
    return np.random.default_rng(seed).poisson(0.3, (WEEKS, ROWS, COLUMNS)).astype(np.float32)


def decayed(past: Past) -> np.ndarray:
    """Let incidents around count for a tenth less each week: sums of decimals, not of numbers."""
    return past.running("decayed", lambda so_far, new: (so_far + new) * np.float32(0.9), 2)


def elsewhere(past: Past) -> np.ndarray:
    """Count another theme, three weeks ago."""
    return past.count(4, 1, ago=3, theme="other")


KNOWN = (
    *FEATURES,
    Feature("decayed", decayed, 60, 2),
    Feature("elsewhere", elsewhere, 7, 1),
    layer_feature("height", "height", "areas"),
)


def city() -> Tile:
    """Return a tile that is the whole grid, with another theme and a layer."""
    height = np.random.default_rng(3).random((ROWS, COLUMNS), dtype=np.float32)
    return whole(history(), REACH, themes={"other": history(2)}, layers={"height": height})


def cut(tile: Tile, rows: slice, columns: slice) -> Tile:
    """Cut a piece out, with its halo."""
    wide = (
        slice(rows.start, rows.stop + 2 * REACH),
        slice(columns.start, columns.stop + 2 * REACH),
    )
    themes = {name: counts[:, *wide] for name, counts in tile.themes.items()}
    layers = {name: layer[rows, columns] for name, layer in tile.layers.items()}
    kept = tile.kept[rows, columns]
    return Tile(tile.counts[:, *wide], REACH, kept, themes, layers)


@pytest.mark.parametrize("week", [0, 1, 30, 59])
def test_features_of_a_week_do_not_see_it_or_what_follows(week: int) -> None:
    """Changing the week itself and all later weeks changes none of its features."""
    changed = history()
    changed[week:] += 7
    asked = Weeks(np.array([week]), ALL)

    assert np.array_equal(
        make_features(whole(history(), REACH), asked), make_features(whole(changed, REACH), asked)
    )


@pytest.mark.parametrize("number", range(len(FEATURES)), ids=[f.name for f in FEATURES])
def test_features_agree_with_a_plain_loop(number: int) -> None:
    """Running totals give what pandas gives by rolling over every cell around."""
    feature, counts, week = FEATURES[number], history(), 58
    row, column, reach = 1, 15, FEATURES[number].reach_cells
    near = counts[:, max(row - reach, 0) : row + reach + 1, max(column - reach, 0) :]
    near = near[:, :, : reach + 1 + min(column, reach)].sum(axis=(1, 2))
    series = near - counts[:, row, column] if reach else near
    rolled = pd.Series(series).rolling(feature.window_weeks, min_periods=1).sum().shift(1)
    asked = Weeks(np.array([week]), np.array([row * COLUMNS + column]))
    found = np.expm1(make_features(whole(counts, REACH), asked)[0, 0, number])

    assert pytest.approx(rolled[week], rel=1e-4, abs=1e-4) == found


def test_a_tile_gives_the_bits_of_the_whole() -> None:
    """At the edge of the grid and inside it, for whole numbers and for decimals."""
    asked = Weeks(np.arange(WEEKS + 1), ALL)
    expected = make_features(city(), asked, KNOWN).reshape(WEEKS + 1, ROWS, COLUMNS, -1)

    for rows in (slice(0, 8), slice(8, ROWS)):
        for columns in (slice(0, 5), slice(5, 6), slice(6, COLUMNS)):
            part = expected[:, rows, columns]
            inside = Weeks(asked.weeks, np.arange(part.shape[1] * part.shape[2]))
            found = make_features(cut(city(), rows, columns), inside, KNOWN)
            assert np.array_equal(part, found.reshape(part.shape))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_small_integers_give_the_same_bits(dtype: type) -> None:
    """A panel may be stored as small as its counts allow."""
    asked = Weeks(np.arange(WEEKS), ALL)
    small = whole(history().astype(dtype), REACH)

    assert np.array_equal(
        make_features(whole(history(), REACH), asked), make_features(small, asked)
    )


def test_what_is_asked_for_is_part_of_everything() -> None:
    """Some weeks of some cells, and single cell-weeks, hold what the whole would have held."""
    everything = make_features(city(), Weeks(np.arange(WEEKS + 1), ALL), KNOWN)
    weeks, cells = np.array([3, 60, 17]), np.array([0, 322, 16, 150])
    rng = np.random.default_rng(4)
    rows = Rows(rng.integers(0, WEEKS + 1, 999), rng.integers(0, len(ALL), 999))

    assert np.array_equal(
        everything[weeks][:, cells], make_features(city(), Weeks(weeks, cells), KNOWN)
    )
    assert np.array_equal(everything[rows.weeks, rows.cells], make_features(city(), rows, KNOWN))


def test_nothing_asked_is_nothing_made() -> None:
    """A tile without sampled cell-weeks has no rows, and is no failure."""
    nothing = np.zeros(0, dtype=np.int64)

    assert (0, len(KNOWN)) == make_features(city(), Rows(nothing, nothing), KNOWN).shape
    assert (1, 0, len(KNOWN)) == make_features(city(), Weeks(np.array([5]), nothing), KNOWN).shape


def test_a_feature_that_reaches_past_the_halo_is_an_error() -> None:
    """Never a silent sum over fewer cells."""
    with pytest.raises(ValueError, match="reaches 3 cells; the tile has a halo of 2"):
        make_features(whole(history(), 2), Weeks(np.array([5]), ALL))


def test_features_may_look_at_the_calendar() -> None:
    """The first day of what is asked for fits the shape asked."""
    days = np.datetime64("2025-01-06") + 7 * np.arange(WEEKS + 1)
    tile = whole(history(), REACH, mondays=days.astype("M8[ns]"))
    weeks, rows = Weeks(np.array([0, 60]), ALL), Rows(np.array([60, 0]), np.array([1, 2]))

    assert ((2, 1), (2,)) == (Past(tile, weeks).mondays().shape, Past(tile, rows).mondays().shape)
    assert days[60] == Past(tile, rows).mondays()[0]
