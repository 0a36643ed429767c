"""The partition of space and time: blocks, ranges and memory, and that order does not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from cas_audit.inference.partition import (
    correlation_range,
    cut_space,
    effective_size,
    fine_blocks,
    join_stretches,
    memory,
    stretches,
    wide_blocks,
)

SIDE = 60


def city(seed: int = 1) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of an irregular city."""
    rng = np.random.default_rng(seed)
    kept = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), 6) > -0.05
    row, column = np.nonzero(kept)
    return row, column


def exponential(rng: np.random.Generator, side: int, reach: float) -> NDArray[np.float64]:
    """Draw a Gaussian field with correlation exp(-d / reach), on a torus twice as wide."""
    away = np.minimum(np.arange(2 * side), 2 * side - np.arange(2 * side))
    power = np.fft.rfft2(np.exp(-np.hypot(*np.meshgrid(away, away)) / reach)).real.clip(0)
    noise = np.fft.rfft2(rng.standard_normal((2 * side, 2 * side)))
    drawn: NDArray[np.float64] = np.fft.irfft2(noise * np.sqrt(power), s=(2 * side, 2 * side))
    return drawn[:side, :side]


def test_wide_blocks_hold_equally_many_cells() -> None:
    """Sixteen blocks, none more than a cell larger than another, each in one piece of the plane."""
    row, column = city()
    size = np.bincount(wide_blocks(row, column))

    assert 16 == len(size)
    assert size.max() - size.min() <= 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_cells_does_not_matter(seed: int) -> None:
    """Shuffled cells lie in the same blocks."""
    row, column = city()
    order = np.random.default_rng(seed).permutation(len(row))

    assert wide_blocks(row, column)[order].tolist() == (
        wide_blocks(row[order], column[order]).tolist()
    )
    assert fine_blocks(row, column, 2.0)[order].tolist() == (
        fine_blocks(row[order], column[order], 2.0).tolist()
    )


@pytest.mark.parametrize("reach", [2.0, 5.0])
def test_the_range_of_a_field_is_found(reach: float) -> None:
    """Over ten fields the median is within a third of the e-folding distance they were drawn at."""
    found = []
    for seed in range(10):
        field = exponential(np.random.default_rng(seed), 110, reach)
        row, column = np.divmod(np.arange(field.size), 110)
        found.append(correlation_range(row, column, field.ravel()))

    assert reach * 0.67 < np.median(found) < reach * 1.33


def test_noise_of_single_cells_does_not_shorten_the_range() -> None:
    """A nugget as large as the field itself leaves the range about as it was."""
    rng = np.random.default_rng(3)
    field = exponential(rng, 110, 5.0)
    noisy = field / field.std() + rng.standard_normal(field.shape)
    row, column = np.divmod(np.arange(field.size), 110)
    plain, found = (correlation_range(row, column, one.ravel()) for one in (field, noisy))

    assert 0.5 * plain < found < 2 * plain


def test_a_field_without_clusters_has_no_range() -> None:
    """Noise, and a field that is the same everywhere, give the least there is."""
    row, column = city()
    noise = np.random.default_rng(1).standard_normal(len(row))

    assert correlation_range(row, column, noise) < 1.5
    assert 0.5 == correlation_range(row, column, np.ones(len(row)))


def test_a_cut_goes_by_the_range() -> None:
    """Fine blocks are squares of twice the range."""
    row, column = np.divmod(np.arange(3600), SIDE)
    cut = cut_space(row, column, exponential(np.random.default_rng(2), SIDE, 4.0).ravel())
    side = max(2, round(2 * cut.range_cells))

    assert len(np.unique(cut.fine)) == (-(-SIDE // side)) ** 2
    assert 16 == len(np.unique(cut.wide))


def test_the_size_of_a_block_is_its_quadratic_form() -> None:
    """By FFT as by a loop over all pairs of cells."""
    row, column = (one[:80] for one in city(4))
    weight = np.random.default_rng(5).standard_normal(80)
    block = wide_blocks(row, column, 4)
    away = np.hypot(row[:, None] - row, column[:, None] - column)
    form = weight[:, None] * weight * np.exp(-away / 2.5)
    expected = [form[block == one][:, block == one].sum() for one in range(4)]

    assert pytest.approx(expected) == effective_size(weight, row, column, block, 2.5)


def test_memory_is_that_of_the_series() -> None:
    """An autoregressive series of 0.5 has (1 + 0.5) / (1 - 0.5) = 3; noise has about 1."""
    rng = np.random.default_rng(6)
    noise = rng.standard_normal(20_000)
    series = np.zeros(20_000)
    for step in range(1, 20_000):
        series[step] = 0.5 * series[step - 1] + noise[step]

    assert pytest.approx(3.0, abs=0.3) == memory(series)
    assert pytest.approx(1.0, abs=0.1) == memory(noise)


@pytest.mark.parametrize("held", [1, 4, 13])
def test_memory_is_not_hidden_by_the_mean_of_a_short_series(held: int) -> None:
    """Over a year of values that stay so many weeks, the median memory is so many weeks."""
    rng = np.random.default_rng(held)
    drawn = [rng.standard_normal(52 // held).repeat(held) for _ in range(300)]

    assert pytest.approx(held, rel=0.15) == np.median([memory(one) for one in drawn])


def test_what_never_changed_remembers_everything() -> None:
    """A map that stands still tells nothing of how it could have been."""
    assert float("inf") == memory(np.ones(10))


def test_stretches_are_joined_until_they_are_longer_than_the_memory() -> None:
    """Of four stretches of a quarter: as they are, two of half a year, or one of all weeks."""
    cut = stretches(52)

    for weeks, expected in ((4.0, [13] * 4), (13.0, [13] * 4), (14.0, [26] * 2), (np.inf, [52])):
        assert expected == np.bincount(join_stretches(cut, weeks)).tolist()


def test_a_rest_joins_the_last_stretch() -> None:
    """No stretch is shorter than asked for, unless there are too few weeks for one."""
    assert [13, 13, 13, 14] == np.bincount(stretches(53)).tolist()
    assert [5] == np.bincount(stretches(5)).tolist()
