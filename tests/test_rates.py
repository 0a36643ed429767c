"""Baselines and our own model: what they learn, and that they look back only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from cas_audit.forecast.additive import AdditivePoisson
from cas_audit.forecast.blend import BlendedPoisson
from cas_audit.forecast.drawing import draw
from cas_audit.forecast.features import make_features
from cas_audit.forecast.forecasters import BASELINES, OTHERS, forecaster_of
from cas_audit.forecast.learning import Record, learn, rates_of
from cas_audit.forecast.models import TRUSTED
from cas_audit.forecast.past import Rows, Weeks
from cas_audit.forecast.periods import origins_in
from cas_audit.forecast.scores import log_score
from cas_audit.forecast.searching import Search, halves, search

MODELS = [AdditivePoisson(), BlendedPoisson(trees=10, random_state=0)]
NAMES = (*BASELINES, "blend")


def record(period_weeks: int = 1, weeks: int = 120) -> Record:
    """Return a city whose cells differ, with a second theme that follows the first."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(0.4, 0.3, (20, 20))
    counts, other = (rng.poisson(rate, (weeks, 20, 20)).astype(np.float32) for _ in range(2))
    themes = {"other": other, OTHERS: other}
    return Record(counts, np.ones((20, 20), dtype=bool), period_weeks, themes)


@pytest.mark.parametrize("model", MODELS, ids=["additive", "blended"])
@pytest.mark.filterwarnings("ignore")
def test_the_estimators_are_scikit_learns(model: Any) -> None:
    """They pass every check that scikit-learn has for an estimator."""
    check_estimator(clone(model))


def test_the_parts_of_a_sum_are_found() -> None:
    """Rates that are a sum of columns are learned so; a column without effect gets no weight."""
    rng = np.random.default_rng(1)
    rows = rng.gamma(0.5, 1.0, (50_000, 3))
    counts = rng.poisson(0.05 + 0.5 * rows[:, 0] + 0.1 * rows[:, 1])
    model = AdditivePoisson(max_iter=3000, tol=1e-9).fit(rows, counts)

    assert pytest.approx([0.5, 0.1, 0.0], abs=0.02) == model.weights_.tolist()
    assert pytest.approx(0.05, abs=0.02) == model.intercept_


@pytest.mark.parametrize("model", MODELS, ids=["additive", "blended"])
def test_nothing_happened_gives_hardly_any_rate(model: Any) -> None:
    """A theme without incidents has a rate above nought, so that its logarithm exists."""
    rates = clone(model).fit(np.ones((60, 2)), np.zeros(60)).predict(np.ones((2, 2)))

    assert (rates > 0).all()
    assert (rates < 1e-6).all()


def test_a_drawn_sample_stands_for_all() -> None:
    """Weighted sums over drawn rows come to those over all, whether much happened around or not."""
    rng = np.random.default_rng(1)
    around = rng.gamma(0.2, 5.0, 4000)
    target = rng.poisson(0.002 * around, (50, 4000)).astype(np.float32)
    drawn = draw(target, around, rng, rows=20_000)
    busy = around > 2

    assert drawn.target.sum() == target.sum()
    assert pytest.approx(target.size, rel=0.02) == drawn.weight.sum()
    assert pytest.approx(50 * busy.sum(), rel=0.02) == drawn.weight[busy[drawn.cell]].sum()
    assert len(drawn.weight) < 25_000


@pytest.mark.parametrize("name", NAMES)
def test_forecasts_look_back_only(name: str) -> None:
    """Taking away the forecast week and all that follows, in every theme, changes no feature."""
    known, week = record(), 100
    forecaster = forecaster_of(name, ["other"])
    made = [
        make_features(
            Record(counts, known.kept, 1, themes).tile(forecaster.reach_cells),
            Weeks(np.array([week]), np.arange(400)),
            forecaster.features,
        )
        for counts, themes in ((known.counts, known.themes), _without_future(known, week))
    ]

    assert np.array_equal(made[0], made[1])
    assert (made[0] >= 0).all()


def _without_future(known: Record, week: int) -> tuple[Any, dict[str, Any]]:
    past = [one.copy() for one in (known.counts, *known.themes.values())]
    for one in past:
        one[week:] = 0
    return past[0], dict(zip(known.themes, past[1:], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_features_keep_to_their_window_and_reach(name: str) -> None:
    """What lies before the window or beyond the reach changes nothing; rows give what weeks do."""
    forecaster, weeks = forecaster_of(name, ["other"]), 300
    counts = np.random.default_rng(2).poisson(0.3, (weeks, 21, 21)).astype(np.float32)
    at = Weeks(np.array([weeks]), np.array([10 * 21 + 10]))
    for feature in forecaster.features:
        values = [
            make_features(_tile(one, feature.reach_cells), at, [feature])
            for one in (counts, _inside(counts, feature.window_weeks, feature.reach_cells))
        ]
        row = make_features(_tile(counts, feature.reach_cells), Rows(at.weeks, at.cells), [feature])

        assert pytest.approx(values[0].ravel(), rel=1e-4, abs=1e-6) == values[1].ravel()
        assert pytest.approx(row.ravel(), rel=1e-5, abs=1e-7) == values[0].ravel()


def _tile(counts: Any, reach: int) -> Any:
    kept = np.ones(counts.shape[1:], dtype=bool)
    return Record(counts, kept, 1, {"other": counts, OTHERS: counts}).tile(reach)


def _inside(counts: Any, window: int, reach: int) -> Any:
    kept = np.zeros_like(counts)
    near = slice(10 - reach, 11 + reach)
    kept[-window:, near, near] = counts[-window:, near, near]
    return kept


@pytest.mark.parametrize("period_weeks", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_every_forecaster_is_calibrated_in_the_large(name: str, period_weeks: int) -> None:
    """On later periods it expects about as many incidents as come, though its sample is uneven."""
    known, forecaster = record(period_weeks), forecaster_of(name, ["other"])
    early, late = halves(origins_in(slice(60, 120), period_weeks))
    settings = {"trees": 40, "min_samples_leaf": 20} if name == "blend" else {}
    model = learn(forecaster, known, early, [1], settings)
    expected = rates_of(model, forecaster, known, late)

    assert pytest.approx(known.followed(late).sum(), rel=0.1) == expected.sum()


def test_the_search_sees_training_periods_only() -> None:
    """Changing the weeks after the last origin changes nothing of what is tried or chosen."""
    known, forecaster = record(), forecaster_of("blend", ["other"])
    counts = known.counts.copy()
    counts[90:] = 9
    origins = origins_in(slice(60, 90), 1)
    found = [
        search(forecaster, Record(one, known.kept, 1, known.themes), origins, [1], 0.1)
        for one in (known.counts, counts)
    ]

    assert found[0] == found[1]
    assert max(one["log_score"] for one in found[0].tried) == _score_of(found[0].chosen, found[0])


def _score_of(chosen: dict[str, float], found: Search) -> float:
    return next(one["log_score"] for one in found.tried if chosen.items() <= one.items())


def test_the_true_rates_have_the_best_log_score() -> None:
    """Rates that are half as high, or of another place, score less."""
    rate = np.random.default_rng(1).gamma(0.5, 1.0, 10_000)
    counts = np.random.default_rng(2).poisson(rate).astype(np.float32)
    scores = [log_score(one, counts) for one in (rate, rate / 2, rate[::-1])]

    assert max(scores) == scores[0]


def test_the_blend_survives_storage_without_pickle(tmp_path: Path) -> None:
    """What skops reads back, with the listed types trusted, gives the same rates."""
    rng = np.random.default_rng(1)
    rows = rng.gamma(0.5, 1.0, (2000, 4))
    model = BlendedPoisson(trees=10, random_state=0).fit(rows, rng.poisson(rows[:, 0]))
    skops.io.dump(model, tmp_path / "model.skops")
    back = skops.io.load(tmp_path / "model.skops", trusted=list(TRUSTED))

    assert np.array_equal(model.predict(rows), back.predict(rows))
    assert set(skops.io.get_untrusted_types(file=tmp_path / "model.skops")) <= set(TRUSTED)


def test_periods_end_where_the_weeks_end() -> None:
    """A fortnight that does not fit at the beginning is left out; none overlaps another."""
    found: Sequence[int] = origins_in(slice(0, 7), 2).tolist()

    assert [1, 3, 5] == found
