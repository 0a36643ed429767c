"""How outcomes vary when nothing is wrong: overdispersed, and alike in cells that lie near.

Model: O_i is Poisson with mean E_i L_i, where L is log-Gaussian over space, E(L_i) = 1 and
cov(L_i, L_j) = nugget [i = j] + sill exp(-d_ij / range): a Cox process (Møller, Syversveen &
Waagepetersen, 1998, Log Gaussian Cox processes, Scandinavian Journal of Statistics 25:451).
Outcomes are drawn given their total: whether a whole city has too few is a question of
calibration, and the level of the expected counts is fitted on the same outcomes.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from cas_audit.inference.scan_fit import (
    RANGES,
    Dependence,
    Geometry,
    distances,
    make_geometry,
)
from cas_audit.inference.scan_statistic import statistics
from cas_audit.inference.scan_windows import Values, Windows

__all__ = ["INDEPENDENT", "Null", "fit_null"]

CORRECTING = 200  # draws from which the bias of the fit is learned
SILLS_UP = 2  # measured: with 1, up to 12 % of cities with a long range raised a false alarm
SMALL = 1e-9  # keeps the covariance of near-equal rates factorable


@dataclass(frozen=True)
class Null:
    """Outcomes given flags when no area stands out.

    Attributes:
        nugget: variance of a cell's own rate around its surroundings, relative to its mean.
        sill: variance shared with near cells, likewise.
        range_cells: e-folding distance of the shared part, in cells.
        geometry: what the fit needs to be repeated in every draw; None is the naive null of
            independent Poisson cells, which is never fitted.
    """

    nugget: float
    sill: float
    range_cells: float
    geometry: Geometry | None

    def draw(
        self,
        windows: Windows,
        total: int,
        draws: int,
        rng: np.random.Generator,
        times: Values | float = 1.0,
    ) -> Values:
        """Draw outcomes, given their total.

        The field is drawn by the Cholesky factor of its covariance between the cells at hand:
        exact, and for some hundreds of scattered cells cheaper than circulant embedding of the
        whole grid.

        Args:
            windows: the cells and what is expected in them.
            total: outcomes in all.
            draws: how many draws.
            rng: the only source of chance.
            times: what multiplies the rates, for a planted area; shape (cells, draws).

        Returns:
            Outcomes, shape (cells, draws), cells in the order of the windows.
        """
        rate = np.repeat(windows.expected[:, None], draws, axis=1) * times
        if self.nugget + self.sill > 0:
            rate *= np.exp(self._root(windows) @ rng.standard_normal(rate.shape))
        rate /= rate.sum(axis=0)
        drawn: Values = rng.multinomial(total, rate.T).T.astype(np.float64)
        return drawn

    def _root(self, windows: Windows) -> Values:
        """Factor the covariance of the logarithm of the rates."""
        covariance = np.log1p(self.sill) * np.exp(-distances(windows) / self.range_cells)
        covariance.flat[:: windows.row.size + 1] += np.log1p(self.nugget) + SMALL
        root: Values = linalg.cholesky(covariance, lower=True, overwrite_a=True)
        return root


INDEPENDENT = Null(0.0, 0.0, 1.0, None)


def fit_null(observed: Values, windows: Windows, rng: np.random.Generator) -> Null:
    """Fit the null to the outcomes themselves, without their most likely window.

    Leaving a window out takes some of what is chance as well, so the fit is biased low. Draws
    from the first fit are fitted alike; what they fall short is added (a bootstrap correction of
    bias: Efron & Tibshirani, 1993, An Introduction to the Bootstrap, chapter 10). Too small a sill
    or too short a range raises false alarms, and both are known poorly: the sill gets two of the
    standard deviations of these draws on top, the place among `RANGES` one.

    Args:
        observed: outcomes per cell, in the order the cells were handed to `make_windows`.
        windows: the windows of the scan.
        rng: the only source of chance.
    """
    counts = windows.sorted(observed)
    geometry = make_geometry(windows, float(counts.sum()))
    fitted = statistics(counts[:, None], windows, geometry).fitted
    first = Null(
        float(fitted.nugget[0]),
        float(fitted.sill[0]),
        float(RANGES[fitted.range_index[0]]),
        geometry,
    )
    drawn = first.draw(windows, int(counts.sum()), CORRECTING, rng)
    again = statistics(drawn, windows, geometry).fitted
    sill = _corrected(first.sill, again.sill) + SILLS_UP * float(again.sill.std())
    nugget = _corrected(first.nugget, again.nugget)
    longer = _longer(int(fitted.range_index[0]), again)
    return replace(first, nugget=nugget, sill=sill, range_cells=float(RANGES[longer]))


def _corrected(value: float, again: Values) -> float:
    """Add what fits of draws fall short of the value they were drawn with."""
    return max(2 * value - float(again.mean()), 0.0)


def _longer(place: int, again: Dependence) -> int:
    """Correct the place among the ranges for bias, never down, and go a deviation further up."""
    places = again.range_index[again.sill > 0]
    if not places.size:
        return place
    corrected = max(place, 2 * place - float(places.mean())) + float(places.std())
    return min(round(corrected), RANGES.size - 1)
