"""The forecast: flags keep their share, scores agree with hand counts."""

import numpy as np
import pytest

from cas_audit.forecast.scores import flag_top, score_week


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
