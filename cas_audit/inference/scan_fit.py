"""Overdispersion and correlation in space of outcomes, by moments, for many draws at once.

With r_i = O_i - E_i, the mean of r_i r_j / (E_i E_j) over pairs at a distance estimates the
covariance of the true rates there, and that of (r_i^2 - E_i) / E_i^2 their variance (the
moment estimators of a Cox process; Diggle, 2013, Statistical Analysis of Spatial and
Spatio-Temporal Point Patterns, chapter 5). Sill and range of an exponential covariance follow by
least squares on these, as for an empirical correlogram; the nugget is what is left at distance 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial.distance import cdist

from cas_audit.inference.scan_windows import Numbers, Values, Windows

__all__ = [
    "RANGES",
    "Dependence",
    "Geometry",
    "Mask",
    "distances",
    "fit_dependence",
    "make_geometry",
]

RANGES = np.array([1.0, 1.5, 2.0, 3.0, 4.5, 6.5, 9.0])  # e-folding distances tried, in cells
EDGES = (0.5, 1.2, 1.6, 2.5, 3.5, 5.0, 7.0, 10.0, 14.0, 20.0)  # classes of distance, in cells
PILOT = 0.1  # variance assumed when pairs of cells are weighed; the estimate does not rest on it
TINY = 1e-9
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Dependence:
    """Variance and correlation of the true rates L, per draw; arrays of shape (draws,).

    Attributes:
        nugget: variance of a cell's own rate around its surroundings.
        sill: variance shared with near cells.
        range_index: which of `RANGES` the shared part fades with.
    """

    nugget: Values
    sill: Values
    range_index: Numbers


@dataclass(frozen=True)
class Geometry:
    """What the fit needs and no outcome changes.

    Attributes:
        expected: expected outcomes per cell, scaled to the total observed, shape (cells,).
        weight: weight of a cell in the sums over pairs, shape (cells,).
        near: per class of distance, 1 for each pair of cells in it; sparse.
        fading: mean of exp(-d / range) per class (the first is distance 0) and range.
        mean_fading: the same over all pairs, which fixing the total takes out, per range.
        own: what a nugget of 1 adds to the dispersion of a window, shape (windows,).
        shared: what a sill of 1 adds, shape (windows, ranges).
    """

    expected: Values
    weight: Values
    near: tuple[Any, ...]  # scipy publishes no types
    fading: Values
    mean_fading: Values
    own: Values
    shared: Values


def distances(windows: Windows) -> Values:
    """Return the distance between each two cells, in cells."""
    at = np.column_stack([windows.row, windows.column]).astype(np.float64)
    distance: Values = cdist(at, at)
    return distance


def make_geometry(windows: Windows, total: float) -> Geometry:
    """Prepare the sums over pairs of cells, and what they add to each window's variance."""
    distance = distances(windows)
    expected = windows.expected * total / windows.expected.sum()
    weight = expected / (1 + PILOT * expected)
    pairs = np.outer(weight, weight)
    classes = [(distance > low) & (distance <= high) for low, high in pairwise(EDGES)]
    fading, mean_fading, shared = [], [], []
    for correlation in (np.exp(-distance / one) for one in RANGES):
        near = [
            np.average(correlation[one], weights=pairs[one]) if one.any() else 0.0
            for one in classes
        ]
        fading.append([1.0, *near])
        mean_fading.append(np.average(correlation, weights=pairs))
        shared.append(_dispersion(correlation, expected, windows))
    own = _dispersion(np.eye(expected.size), expected, windows)
    near_pairs = tuple(sparse.csr_array(one.astype(np.float64)) for one in classes)
    return Geometry(
        expected,
        weight,
        near_pairs,
        np.array(fading).T,
        np.array(mean_fading),
        own,
        np.array(shared).T,
    )


def _dispersion(correlation: Values, expected: Values, windows: Windows) -> Values:
    """Return what rates with this covariance add to variance over Poisson variance, per window.

    Given the total, a window's surplus is x'r with x = its cells minus its share.
    """
    covariance = correlation * np.outer(expected, expected)
    towards = windows.member @ covariance
    share = windows.share
    inside = np.asarray(windows.member.multiply(towards).sum(axis=1)).ravel()
    extra = inside - 2 * share * towards.sum(axis=1) + share**2 * covariance.sum()
    return np.asarray(extra / (expected.sum() * share * (1 - share)))


def fit_dependence(counts: Values, kept: Mask, geometry: Geometry) -> Dependence:
    """Fit every draw at once, on the cells kept."""
    value, weight = _moments(counts, kept, geometry)
    fits = list(_by_range(value, weight, geometry))
    best = np.argmin([one[0] for one in fits], axis=0)
    pick = np.arange(counts.shape[1])
    sill, nugget = (np.array([one[k] for one in fits])[best, pick] for k in (1, 2))
    return Dependence(nugget, sill, best)


def _moments(counts: Values, kept: Mask, geometry: Geometry) -> tuple[Values, Values]:
    """Return covariance of the rates per class of distance and draw, and its weight."""
    expected = geometry.expected[:, None]
    level = (counts * kept).sum(axis=0) / (expected * kept).sum(axis=0)
    weight = geometry.weight[:, None] * kept
    scaled = weight * (counts / (expected * level) - 1)
    own = (scaled**2 - weight**2 / (expected * level)).sum(axis=0)
    products = [own, *((scaled * (near @ scaled)).sum(axis=0) for near in geometry.near)]
    weights = [(weight**2).sum(axis=0)]
    weights += [(weight * (near @ weight)).sum(axis=0) for near in geometry.near]
    information = np.array(weights)
    return np.array(products) / np.maximum(information, TINY), information


def _by_range(
    value: Values, weight: Values, geometry: Geometry
) -> Iterator[tuple[Values, Values, Values]]:
    """Yield error, sill and nugget of the best fit for each range; neither is negative."""
    for fading, mean in zip(geometry.fading.T, geometry.mean_fading, strict=True):
        shape = (fading - mean)[:, None]
        free = _slope(value[1:], weight[1:], shape[1:])
        whole = _slope(value, weight, shape)
        sill = np.maximum(np.where(value[0] < free * shape[0], whole, free), 0.0)
        nugget = np.maximum(value[0] - sill * shape[0], 0.0)
        miss = value - sill * shape
        miss[0] -= nugget
        yield (weight * miss**2).sum(axis=0), sill, nugget


def _slope(value: Values, weight: Values, shape: Values) -> Values:
    """Least squares through the origin."""
    top, bottom = (weight * shape * value).sum(axis=0), (weight * shape**2).sum(axis=0)
    return np.asarray(top / np.maximum(bottom, TINY))
