"""A rate that is a sum of weighted parts: counting, density and self-excitation in one form."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    check_non_negative,
    validate_data,
)

__all__ = ["LEAST", "AdditivePoisson"]

Values = NDArray[np.float64]
LEAST = 1e-12  # a rate is never nought: its logarithm is asked for


class AdditivePoisson(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Poisson regression with an identity link and weights that are not negative.

    The rate of a row is `intercept + sum of weight * column`. With one column it is that column on
    the scale of the target: counting, decayed counting, density. With columns for the long run and
    for kernels of recent and near incidents it is a self-exciting model (Mohler et al. 2011) whose
    kernels are mixtures of given ones. The weights are found by expectation and maximisation: each
    incident is divided over the parts that may have caused it, in proportion to their rates.

    Args:
        max_iter: steps of expectation and maximisation.
        tol: stop when no weight changes by more than this share of the mean rate.

    Attributes:
        weights_: weight of each column, at least nought.
        intercept_: what is left when every column is nought.
        n_iter_: steps taken.

    >>> rows = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = AdditivePoisson().fit(rows, [0, 2, 4, 6])
    >>> model.predict([[5.0]]).round(3).tolist()
    [10.0]
    """

    weights_: Values
    intercept_: float
    n_iter_: int

    def __init__(self, max_iter: int = 300, tol: float = 1e-6) -> None:
        """Take the settings."""
        self.max_iter = max_iter
        self.tol = tol

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
    ) -> "AdditivePoisson":
        """Find the weights.

        Args:
            X: rows that are not negative, shape (rows, columns).
            y: incidents that followed, shape (rows,).
            sample_weight: how many rows each stands for.

        Raises:
            ValueError: rows or targets are negative, not finite, or of other shapes.
        """
        rows, target = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        check_non_negative(rows, "AdditivePoisson (input X)")
        check_non_negative(target, "AdditivePoisson (target y)")
        sample = _check_sample_weight(sample_weight, rows, dtype=np.float64)
        design = np.column_stack([rows, np.ones(len(rows))])
        size = np.average(design, axis=0, weights=sample)
        used = size > 0
        share, self.n_iter_ = self._divide(design[:, used] / size[used], target, sample)
        weights = np.zeros(design.shape[1])
        weights[used] = share / size[used]
        self.weights_, self.intercept_ = weights[:-1], float(weights[-1])
        return self

    def _divide(self, design: Values, target: Values, sample: Values) -> tuple[Values, int]:
        """Return the part of the mean rate that is due to each column, and the steps taken."""
        mean = float(np.average(target, weights=sample))
        share = np.full(design.shape[1], mean / design.shape[1])
        hit = (target > 0) & (sample > 0)
        if not hit.any():
            return share, 0
        caused, events = design[hit], (target * sample)[hit] / sample.sum()
        taken = 0
        while taken < self.max_iter:
            taken += 1
            fresh = share * (caused.T @ (events / np.maximum(caused @ share, LEAST)))
            change = float(np.abs(fresh - share).max())
            share = fresh
            if change <= self.tol * mean:
                break
        return share, taken

    def predict(self, X: Any) -> Values:  # noqa: ANN401, N803 - scikit-learn's name
        """Return the rate of each row, above nought.

        Raises:
            ValueError: rows are negative, not finite, or have other columns than were fitted.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        check_non_negative(rows, "AdditivePoisson (input X)")
        rate: Values = np.maximum(rows @ self.weights_ + self.intercept_, LEAST)
        return rate
