"""Areas under curves and calibration slopes, held against scikit-learn and statsmodels."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import roc_auc_score

from cas_audit.inference.curves import area_under_curve, calibration_slope, paired_auc
from cas_audit.inference.interval import critical_values
from cas_audit.inference.scores import difference

ROWS, UNITS = 600, 24
STRATA = np.zeros(UNITS, dtype=np.int64)


def rows(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Draw expected counts, what followed, and units."""
    rng = np.random.default_rng(seed)
    expected = rng.gamma(1, 0.5, ROWS) + 0.01
    return expected, rng.poisson(expected**0.8).astype(float), rng.integers(0, UNITS, ROWS)


def test_the_area_is_that_of_scikit_learn_also_with_ties() -> None:
    """Scores are rounded so that many are alike."""
    expected, observed, unit = rows(1)
    score, hit = expected.round(1), observed > 0
    found = area_under_curve(score, hit, unit, STRATA)

    assert found is not None
    assert pytest.approx(roc_auc_score(hit, score)) == found.top


def test_the_error_of_an_area_is_delongs() -> None:
    """With a unit a row, the variance is that of DeLong, counted pair by pair."""
    expected, observed, _ = rows(2)
    score, hit = expected[:80].round(1), observed[:80] > 0
    found = area_under_curve(score, hit, np.arange(80), np.zeros(80, dtype=np.int64))
    wins = (score[hit][:, None] > score[~hit]) + 0.5 * (score[hit][:, None] == score[~hit])
    have, lack = wins.shape
    delong = wins.mean(axis=1).var(ddof=1) / have + wins.mean(axis=0).var(ddof=1) / lack

    assert found is not None
    assert pytest.approx(delong, rel=0.05) == float(found.top_off @ found.top_off)


def test_the_slope_and_its_error_are_statsmodels() -> None:
    """Poisson regression with errors clustered by unit, small-sample factors aside."""
    import statsmodels.api as sm  # noqa: PLC0415 - slow to import, and only an oracle

    expected, observed, unit = rows(3)
    design = sm.add_constant(np.log(expected))
    fitted = sm.GLM(observed, design, family=sm.families.Poisson()).fit(
        cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False}
    )
    found = calibration_slope(expected, observed, unit, STRATA)

    assert found is not None
    assert pytest.approx(fitted.params[1]) == found.top
    error = float(found.top_off @ found.top_off) ** 0.5 / (UNITS / (UNITS - 1)) ** 0.5

    assert pytest.approx(fitted.bse[1], rel=1e-3) == error


def test_a_calibrated_forecast_has_a_slope_of_one() -> None:
    """Over 200 draws the interval of the slope covers one in 91 to 99 percent."""
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        expected = rng.gamma(1, 0.5, ROWS) + 0.01
        unit = rng.integers(0, UNITS, ROWS)
        found = calibration_slope(expected, rng.poisson(expected).astype(float), unit, STRATA)
        one = found and difference(found)
        covered += bool(one and one.low <= 1 <= one.high)

    assert 0.91 <= covered / 200 <= 0.99


def test_undefined_is_not_a_half() -> None:
    """Without both kinds of rows there is no area; without outcomes or differences no slope."""
    expected, observed, unit = rows(4)

    assert area_under_curve(expected, np.ones(ROWS, dtype=bool), unit, STRATA) is None
    assert calibration_slope(expected, observed * 0, unit, STRATA) is None
    assert calibration_slope(expected * 0 + 1, observed, unit, STRATA) is None


def test_the_area_within_one_area_is_the_rank_sum() -> None:
    """Pooled over one area it is Mann-Whitney's U over pairs; over none, unknown."""
    expected, observed, _ = rows(5)
    hit, critical = observed > 0, critical_values(float("inf"))
    one = paired_auc(expected, hit, np.zeros(ROWS, dtype=np.int64), critical)
    above = stats.mannwhitneyu(expected[hit], expected[~hit]).statistic

    assert pytest.approx(above / (hit.sum() * (~hit).sum())) == one.estimate
    assert paired_auc(np.empty(0), np.empty(0, bool), np.empty(0, np.int64), critical).low is None
