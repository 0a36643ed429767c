"""The models: an ensemble in the style of CAS, and counting, which papers barely beat."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = [
    "TRUSTED",
    "cas_ensemble",
    "count_scores",
    "store_model",
]

# Types of scikit-learn and of ours that skops does not trust by itself; each only holds numbers.
# A file with forged trees could crash the process that asks it for rates: the dossier's digests
# say whether a file is the one that was sealed.
TRUSTED = (
    "cas_audit.forecast.additive.AdditivePoisson",
    "cas_audit.forecast.blend.BlendedPoisson",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.utils._bunch.Bunch",
)


def cas_ensemble(seed: int) -> ClassifierMixin:
    """Return logistic regression and a small neural network, their probabilities averaged.

    The form is that of Rummens, Hardyns and Pauwels (2017), taken for that of CAS.
    All parts are scikit-learn's own, so the fitted model can be stored without pickle.

    Args:
        seed: fixes the start of the network and its split for early stopping.
    """
    network = MLPClassifier((16,), alpha=1e-3, early_stopping=True, max_iter=60, random_state=seed)
    members = [
        ("logistic", make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))),
        ("network", make_pipeline(StandardScaler(), network)),
    ]
    return VotingClassifier(members, voting="soft")


def count_scores(
    counts: NDArray[np.float32], origins: NDArray[np.int64], window_weeks: int = 52
) -> NDArray[np.float64]:
    """Score every cell by its incidents in the weeks before each origin.

    Args:
        counts: incidents, shape (weeks, rows, columns).
        origins: first weeks of the periods; one may follow the history.
        window_weeks: how far back to count.

    Returns:
        Shape (origins, rows, columns); an origin uses weeks before it only.
    """
    return np.stack(
        [counts[max(week - window_weeks, 0) : week].sum(axis=0, dtype=float) for week in origins]
    )


def store_model(model: ClassifierMixin, path: Path) -> None:
    """Store a fitted model without pickle; its bytes differ on every dump, its scores do not."""
    from skops import io  # noqa: PLC0415 - slow to import

    io.dump(model, path)
