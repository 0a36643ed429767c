"""How many happened for each one recorded: against sums over the binomial, and against draws."""

import numpy as np
import pytest
from scipy import stats

from cas_audit.inference.interval import Critical
from cas_audit.inference.recapture import happened_per_record, shrink_shares
from cas_audit.inference.scores import beside, ratio, ratio_of_rates

NORMAL = Critical(1.959963985, 1.644853627)


@pytest.mark.parametrize(("asked", "chance"), [(24, 0.4), (24, 0.7), (200, 0.25)])
def test_number_and_error_are_right_on_average(asked: int, chance: float) -> None:
    """Summed over every sample there can be, by closed form; the plain inverse lies higher."""
    told = np.arange(asked + 1.0)
    weight = stats.binom.pmf(told, asked, chance)
    found = happened_per_record(told, np.full(asked + 1, float(asked)))
    mean = weight @ found.number
    variance = weight @ (found.number - mean) ** 2
    plain = weight[1:] @ (asked / told[1:]) / weight[1:].sum()

    assert (1 - (1 - chance) ** (asked + 1)) / chance == pytest.approx(mean)
    assert variance == pytest.approx(weight @ found.error**2, rel=0.02)
    assert plain > mean


def test_the_plain_inverse_is_as_far_off_as_its_docstring_says() -> None:
    """Eight percent, with 24 asked at a chance of 0.4."""
    told = np.arange(1, 25)
    weight = stats.binom.pmf(told, 24, 0.4)

    assert 1.08 == pytest.approx(0.4 * (weight @ (24 / told)) / weight.sum(), abs=0.006)


def test_where_nobody_was_asked_nothing_is_known() -> None:
    """Undefined is not one; where nobody told, much may have happened."""
    found = happened_per_record(np.array([0.0, 0.0]), np.array([0.0, 9.0]))

    assert np.isnan(found.number[0])
    assert np.isnan(found.error[0])
    assert 10.0 == found.number[1]


def test_an_interval_holds_the_error_of_the_sample_too() -> None:
    """Records without chance: of 2,000 surveys, 95 % give an interval that covers the true ratio.

    Without the sources beside the units it would have no width at all.
    """
    rng = np.random.default_rng(1)
    chance, asked = np.repeat([0.6, 0.5], 20), np.full(40, 30.0)
    first = np.arange(40) < 20
    block, covered = np.repeat([0, 1], 4), 0
    for told in rng.binomial(30, chance, (2000, 40)).astype(float):
        each = happened_per_record(told, asked)
        happened = [100 * each.number[one].sum() for one in (first, ~first)]
        rates = [(np.full(8, 250.0), np.full(8, one / 8)) for one in happened]
        off = [100 * np.where(one, each.error, 0.0) for one in (first, ~first)]
        plain = ratio_of_rates(rates[0], rates[1], block)
        found = ratio(beside(plain, 2000 * off[1], 2000 * off[0]), NORMAL)

        assert found
        covered += found.low <= 1.2 <= found.high

    assert 0.95 == pytest.approx(covered / 2000, abs=0.015)


@pytest.mark.parametrize("alike", [0.01, 0.1])
def test_shares_drawn_together_are_nearer_the_truth(alike: float) -> None:
    """Than the plain shares, and about as near as when the correlation is known."""
    rng = np.random.default_rng(3)
    places, draws, overall, strength = 40, 200, 0.4, (1 - alike) / alike
    asked = rng.integers(5, 60, places).astype(float)
    off = np.zeros(3)
    for _ in range(draws):
        truth = rng.beta(overall * strength, (1 - overall) * strength, places)
        told = rng.binomial(asked.astype(int), truth).astype(float)
        known = (told + strength * overall) / (asked + strength)
        for number, guess in enumerate((shrink_shares(told, asked), told / asked, known)):
            off[number] += float(((guess - truth) ** 2).mean())

    assert off[0] < 0.8 * off[1]
    assert off[0] < 1.25 * off[2]


def test_places_that_do_not_differ_share_one_figure() -> None:
    """And so does a place where nobody was asked; nobody asked at all is not known."""
    shares = shrink_shares(np.array([5.0, 5.0, 0.0]), np.array([10.0, 10.0, 0.0]))

    assert shares == pytest.approx([0.5, 0.5, 0.5])
    assert np.isnan(shrink_shares(np.zeros(2), np.zeros(2))).all()


def test_places_far_apart_with_many_asked_keep_their_own() -> None:
    """Ten in a hundred thousand and nearly all of them are no chance."""
    shares = shrink_shares(np.array([1e4, 9e4]), np.array([1e5, 1e5]))

    assert shares == pytest.approx([0.1, 0.9], abs=0.001)


def test_where_nobody_told_the_share_is_small_and_not_zero() -> None:
    """One over it is what a record stands for, and must stay a number."""
    shares = shrink_shares(np.array([50.0, 0.0, 60.0]), np.array([50.0, 50.0, 60.0]))

    assert 1 / 53 < shares[1] < 1 / 50
