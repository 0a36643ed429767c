"""What a scan compares: a likelihood ratio per window, over the dispersion fitted for it."""

from dataclasses import dataclass

import numpy as np

from cas_audit.inference.scan_fit import Dependence, Geometry, fit_dependence
from cas_audit.inference.scan_windows import Values, Windows, likelihood_ratio

__all__ = ["Statistics", "maxima", "statistics"]

AT_ONCE = 200  # draws held in memory together
POWER = 0.5  # dispersion is taken halfway, on a log scale, between expected and observed


@dataclass(frozen=True)
class Statistics:
    """The statistic of each window and draw, and what was fitted.

    Attributes:
        few: where a window has fewer outcomes than expected, else 0; shape (windows, draws).
        many: likewise where it has more.
        fitted: dependence fitted in each draw; nothing but zeros under the naive null.
    """

    few: Values
    many: Values
    fitted: Dependence


def statistics(counts: Values, windows: Windows, geometry: Geometry | None) -> Statistics:
    """Divide Kulldorff's log likelihood ratio by the dispersion of its window.

    Formula: T = LLR / (1 + (c - 1) (o / e)^POWER), with c = var(O_w) over its Poisson variance as
    fitted (quasi-likelihood: McCullagh & Nelder, 1989, Generalized Linear Models, chapter 9).
    Rates vary by factors, so the dispersion grows with what is observed. At POWER = 1/2 windows
    ruled by the variance v of their rates have T = log(o / e)^2 / 2 v, which is as large for too
    few as for too many; windows ruled by Poisson noise keep the ratio as it is.

    The fit leaves out one window: an area that stands out raises variance and correlation, and
    so would hide itself.

    Args:
        counts: outcomes, shape (cells, draws), cells in the order of the windows.
        windows: the areas looked at.
        geometry: what the fit needs; None divides by 1.
    """
    total = counts.sum(axis=0)
    inside = windows.member @ counts
    ratio = likelihood_ratio(inside, windows.share, total)
    relative = inside / (windows.share[:, None] * total)
    fitted = _nothing(counts.shape[1])
    if geometry is not None:
        fitted = _fit(counts, ratio, windows, geometry)
        ratio = ratio / _dispersion(fitted, geometry, relative**POWER)
    return Statistics(
        np.where(relative < 1, ratio, 0.0), np.where(relative > 1, ratio, 0.0), fitted
    )


def maxima(counts: Values, windows: Windows, geometry: Geometry | None) -> dict[str, Values]:
    """Return the largest statistic of each draw, for too few and too many."""
    parts = [
        statistics(counts[:, start : start + AT_ONCE], windows, geometry)
        for start in range(0, counts.shape[1], AT_ONCE)
    ]
    return {
        "few": np.concatenate([one.few.max(axis=0) for one in parts]),
        "many": np.concatenate([one.many.max(axis=0) for one in parts]),
    }


def _nothing(draws: int) -> Dependence:
    """Return no dependence at all."""
    return Dependence(np.zeros(draws), np.zeros(draws), np.zeros(draws, dtype=np.int64))


def _fit(counts: Values, ratio: Values, windows: Windows, geometry: Geometry) -> Dependence:
    """Fit without the window of the highest likelihood ratio, in each draw its own."""
    kept = windows.member[ratio.argmax(axis=0)].toarray().T == 0
    return fit_dependence(counts, kept, geometry)


def _dispersion(fitted: Dependence, geometry: Geometry, growth: Values) -> Values:
    """Return variance over Poisson variance, per window and draw."""
    extra = geometry.own[:, None] * fitted.nugget
    extra += geometry.shared[:, fitted.range_index] * fitted.sill
    return 1 + extra * growth
