"""The forecast: features look back only, flags keep their share, scores agree with hand counts."""

import numpy as np
import pandas as pd
import pytest

from cas_audit.forecast.features import FEATURES, make_features
from cas_audit.forecast.scores import flag_top, score_week


def history() -> np.ndarray:
    """Return sixty weeks of incidents on a grid of nine by eight cells."""
    return np.random.default_rng(1).poisson(0.3, (60, 9, 8)).astype(np.float32)


@pytest.mark.parametrize("week", [0, 1, 30, 59])
def test_features_of_a_week_do_not_see_it_or_what_follows(week: int) -> None:
    """Changing the week itself and all later weeks changes none of its features."""
    counts = history()
    changed = counts.copy()
    changed[week:] += 7

    assert np.array_equal(make_features(counts)[week], make_features(changed)[week])


@pytest.mark.parametrize("number", range(len(FEATURES)), ids=[f.name for f in FEATURES])
def test_features_agree_with_a_plain_loop(number: int) -> None:
    """Cumulative sums give what pandas gives by rolling over every cell around."""
    feature, counts, week = FEATURES[number], history(), 58
    row, column, reach = 1, 6, FEATURES[number].reach_cells
    near = counts[:, max(row - reach, 0) : row + reach + 1, max(column - reach, 0) :]
    near = near[:, :, : reach + 1 + min(column, reach)].sum(axis=(1, 2))
    series = near - counts[:, row, column] if reach else near
    rolled = pd.Series(series).rolling(feature.window_weeks, min_periods=1).sum().shift(1)
    found = np.expm1(make_features(counts)[week, row, column, number])

    assert pytest.approx(rolled[week], rel=1e-4, abs=1e-4) == found


def test_flags_are_the_share_of_the_kept_cells() -> None:
    """Of 90 kept cells three percent is three, and no dropped cell is ever flagged."""
    kept = np.ones((10, 10), dtype=bool)
    kept[0] = False
    score = np.zeros((10, 10))
    score[0] = 9
    score[5, 5] = 1
    flagged = flag_top(score, kept, 0.03, np.random.default_rng(1))

    assert (3, True, False) == (flagged.sum(), flagged[5, 5], flagged[0].any())


def test_scores_agree_with_a_count_by_hand() -> None:
    """Two of five incidents are hit, one is near, one far, one outside the kept cells."""
    counts = np.zeros((6, 6), dtype=np.float32)
    counts[1, 1], counts[2, 2], counts[5, 4], counts[0, 5] = 2, 1, 1, 1
    kept = np.ones((6, 6), dtype=bool)
    kept[0, 5] = False
    flagged = np.zeros((6, 6), dtype=bool)
    flagged[1, 1] = flagged[3, 0] = True
    [found] = score_week(counts, flagged, np.where(kept, 0, -1))

    assert (4, 2, 1, 2, 1) == (
        found.incidents,
        found.hits,
        found.near_hits,
        found.flagged_cells,
        found.flagged_cells_with_incident,
    )
    assert pytest.approx((0.5, 0.5 / (2 / 35), 0.5)) == (
        found.hit_rate,
        found.pai,
        found.precision,
    )


def test_a_week_without_incidents_has_no_hit_rate() -> None:
    """Undefined is not zero."""
    empty = np.zeros((3, 3), dtype=np.float32)
    [found] = score_week(empty, np.eye(3, dtype=bool), np.zeros((3, 3), dtype=np.int64))

    assert (None, None, 0.0) == (found.hit_rate, found.pai, found.precision)
