"""Our own model: a self-exciting rate and two boosted ones, averaged on the log scale."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    check_non_negative,
    validate_data,
)

from cas_audit.forecast.additive import LEAST, AdditivePoisson

__all__ = ["BlendedPoisson"]

Values = NDArray[np.float64]


class BlendedPoisson(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Rates of three Poisson models, averaged on the log scale and set to the mean of the target.

    - additive: a sum of parts with weights that are not negative (`AdditivePoisson`); few numbers
      to learn, so that it holds where incidents are few;
    - boosted: gradient boosting of trees, free in form;
    - rising: the same, held to rise with every column: more incidents never mean less risk.

    Their errors differ, so that their mean does better than the best of them on most cities.

    Args:
        additive: weight of the first in the mean of logarithms.
        boosted: weight of the second; a part without weight is not fitted.
        rising: weight of the third.
        trees: of each boosted part.
        learning_rate: how far each tree is followed.
        max_leaf_nodes: leaves of a tree.
        min_samples_leaf: rows in a leaf, at least.
        l2_regularization: holds the values of leaves back.
        random_state: seed of the trees.

    Attributes:
        parts_: the fitted parts by name.
        scale_: what the mean is multiplied by, so that it is calibrated in the large.
    """

    parts_: dict[str, Any]
    scale_: float

    def __init__(
        self,
        *,
        additive: float = 0.5,
        boosted: float = 0.25,
        rising: float = 0.25,
        trees: int = 80,
        learning_rate: float = 0.1,
        max_leaf_nodes: int = 8,
        min_samples_leaf: int = 100,
        l2_regularization: float = 10.0,
        random_state: int | None = None,
    ) -> None:
        """Take the settings."""
        self.additive = additive
        self.boosted = boosted
        self.rising = rising
        self.trees = trees
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - of scikit-learn, without types
        """Say that rows and targets must not be negative."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.target_tags.positive_only = True
        tags.regressor_tags.poor_score = True
        return tags

    def fit(
        self,
        X: Any,  # noqa: ANN401, N803 - scikit-learn's name
        y: Any,  # noqa: ANN401
        sample_weight: Any = None,  # noqa: ANN401
    ) -> "BlendedPoisson":
        """Fit every part that has a weight.

        Args:
            X: rows that are not negative and mean more risk when larger, shape (rows, columns).
            y: incidents that followed, shape (rows,).
            sample_weight: how many rows each stands for.

        Raises:
            ValueError: rows or targets are negative, not finite, or of other shapes.
        """
        rows, target = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        check_non_negative(rows, "BlendedPoisson (input X)")
        check_non_negative(target, "BlendedPoisson (target y)")
        sample = _check_sample_weight(sample_weight, rows, dtype=np.float64)
        chosen = self._unfitted(rows.shape[1]) if (target * sample).sum() > 0 else {}
        self.parts_ = {
            name: part.fit(rows, target, sample_weight=sample) for name, part in chosen.items()
        }
        self.scale_ = 1.0
        mean = float(np.average(target, weights=sample))
        self.scale_ = mean / float(np.average(self.predict(rows), weights=sample))
        return self

    def _unfitted(self, columns: int) -> dict[str, Any]:
        """Return the parts that have a weight."""
        shared = {
            "loss": "poisson",
            "max_iter": self.trees,
            "learning_rate": self.learning_rate,
            "max_leaf_nodes": self.max_leaf_nodes,
            "min_samples_leaf": self.min_samples_leaf,
            "l2_regularization": self.l2_regularization,
            "early_stopping": False,
            "random_state": self.random_state,
        }
        parts = {
            "additive": AdditivePoisson(),
            "boosted": HistGradientBoostingRegressor(**shared),
            "rising": HistGradientBoostingRegressor(**shared, monotonic_cst=[1] * columns),
        }
        return {name: part for name, part in parts.items() if getattr(self, name) > 0}

    def predict(self, X: Any) -> Values:  # noqa: ANN401, N803 - scikit-learn's name
        """Return the rate of each row, above nought."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        check_non_negative(rows, "BlendedPoisson (input X)")
        rate: Values = np.maximum(self.scale_ * np.exp(self._mean_log(rows)), LEAST)
        return rate

    def part_logs(self, rows: Any) -> dict[str, Values]:  # noqa: ANN401
        """Return the log rate of each row by each part."""
        return {
            name: np.log(np.maximum(part.predict(rows), LEAST))
            for name, part in self.parts_.items()
        }

    def _mean_log(self, rows: Values) -> Values:
        logs = self.part_logs(rows)
        weights = {name: float(getattr(self, name)) for name in logs}
        mean = sum((weights[name] * one for name, one in logs.items()), np.zeros(len(rows)))
        return mean / (sum(weights.values()) or 1.0)
