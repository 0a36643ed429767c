"""The models: same seed, same scores; the ensemble finds what is there to be found."""

from pathlib import Path

import numpy as np
import skops.io
from sklearn.metrics import roc_auc_score

from cas_audit.forecast.features import FEATURES, make_features
from cas_audit.forecast.models import TRUSTED, cas_ensemble, count_scores
from cas_audit.forecast.past import Weeks
from cas_audit.forecast.sampling import chances_for, sample_tile
from cas_audit.forecast.tile import whole


def city(seed: int = 1) -> np.ndarray:
    """Return eighty weeks on a grid whose cells differ tenfold in intensity."""
    rng = np.random.default_rng(seed)
    intensity = rng.gamma(0.5, 0.2, (20, 20))
    return rng.poisson(intensity, (80, 20, 20)).astype(np.float32)


def features_in(counts: np.ndarray, first: int, last: int) -> np.ndarray:
    """Return the features of all cells in these weeks, a row a cell-week."""
    asked = Weeks(np.arange(first, last), np.arange(400))
    return make_features(whole(counts, 3), asked).reshape(-1, len(FEATURES))


def fit(counts: np.ndarray) -> object:
    """Fit the ensemble on the weeks 30 to 60."""
    tile = whole(counts, 3)
    sample = sample_tile(tile, slice(30, 60), chances_for(600, 12_000), [1], FEATURES)
    return cas_ensemble(1).fit(sample.features, sample.hit)


def test_the_ensemble_ranks_later_weeks_as_well_as_counting() -> None:
    """On weeks never trained on, its area under the curve is no lower than that of counting."""
    counts = city()
    model = fit(counts)
    later = features_in(counts, 60, 80)
    hit = counts[60:].ravel() > 0
    by_model = roc_auc_score(hit, model.predict_proba(later)[:, 1])  # type: ignore[attr-defined]
    by_count = roc_auc_score(hit, count_scores(counts, np.arange(60, 80)).ravel())

    assert by_model > by_count - 0.01 > 0.6


def test_the_model_survives_storage_without_pickle(tmp_path: Path) -> None:
    """What skops reads back, with the two listed types trusted, gives the same scores."""
    counts = city()
    model = fit(counts)
    skops.io.dump(model, tmp_path / "model.skops")
    back = skops.io.load(tmp_path / "model.skops", trusted=list(TRUSTED))
    rows = features_in(counts, 60, 61)
    ours = model.predict_proba(rows)  # type: ignore[attr-defined]

    assert np.array_equal(ours, back.predict_proba(rows))
    assert np.array_equal(ours, fit(counts).predict_proba(rows))  # type: ignore[attr-defined]


def test_counting_sees_earlier_weeks_only() -> None:
    """The score of a week is the sum of the weeks before it, within the window."""
    counts = city()
    scores = count_scores(counts, np.array([0, 50]), window_weeks=10)

    assert np.array_equal(counts[40:50].sum(axis=0), scores[1])
    assert scores[0].sum() == 0
