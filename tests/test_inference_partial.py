"""Associations given what is known: least squares as oracle, and the level by chance."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.linear_model import LinearRegression

from cas_audit.inference.partial import Held, partial_associations
from cas_audit.inference.permutation import association

SIDE = 24
KEPT = np.ones((SIDE, SIDE), dtype=bool)
Values = NDArray[np.float64]


def smooth(rng: np.random.Generator, number: int, sigma: float = 2.0) -> Values:
    """Return clustered fields, shape (cells, number)."""
    drawn = rng.normal(size=(number, SIDE, SIDE))
    found: Values = ndimage.gaussian_filter(drawn, (0, sigma, sigma)).reshape(number, -1).T
    return found


def left_over(rows: Values, known: Values, weight: Values) -> Values:
    """Return residuals of least squares by scikit-learn."""
    fitted = LinearRegression().fit(known, rows, sample_weight=weight)
    found: Values = rows - fitted.predict(known)
    return found


def test_correlations_agree_with_those_of_residuals() -> None:
    """Alone, the weighted correlation of what is left; together, the share that is explained."""
    rng = np.random.default_rng(1)
    known, fields = smooth(rng, 2), smooth(rng, 3)
    moved = known[:, 0] + fields[:, 1] + smooth(rng, 1)[:, 0]
    weight = rng.random(SIDE**2)
    [found] = partial_associations(moved, [Held(fields, known)], weight, KEPT, rng, draws=9)
    left, columns = (left_over(one, known, weight) for one in (moved[:, None], fields))
    told = LinearRegression().fit(columns, left, sample_weight=weight)
    corrected = [np.cov(left[:, 0], one, aweights=weight) for one in columns.T]

    assert (
        pytest.approx([one[0, 1] / np.sqrt(one[0, 0] * one[1, 1]) for one in corrected])
        == found.alone.tolist()
    )
    assert pytest.approx(told.score(columns, left, sample_weight=weight)) == found.together


def test_with_nothing_known_it_is_the_association_of_two_fields() -> None:
    """The same draws give the same p-value."""
    rng = np.random.default_rng(2)
    fields = smooth(rng, 2)
    moved, held = smooth(rng, 1)[:, 0] + fields[:, 0], Held(fields, np.empty((SIDE**2, 0)))
    seeds = [np.random.default_rng(3) for _ in range(3)]
    ones = np.ones(SIDE**2)
    [found] = partial_associations(moved, [held], ones, KEPT, seeds[0], draws=49)
    plain = [
        association(moved, one, KEPT, rng, draws=49)
        for one, rng in zip(fields.T, seeds[1:], strict=True)
    ]

    assert pytest.approx([one.estimate for one in plain]) == found.alone.tolist()
    assert [one.drawn.p for one in plain] == found.alone_p.tolist()


def test_what_is_known_is_no_finding() -> None:
    """A field that follows what is known, and features that do, have nothing left in common."""
    rng = np.random.default_rng(4)
    known = smooth(rng, 1)
    moved, fields = (known + 0.3 * smooth(rng, number) for number in (1, 3))
    given, plain = partial_associations(
        moved[:, 0],
        [Held(fields, known), Held(fields, known[:, :0])],
        np.ones(SIDE**2),
        KEPT,
        rng,
        draws=99,
    )

    assert plain.together_p.p == pytest.approx(0.01)
    assert given.together_p.p > 0.05


def test_a_field_that_says_nothing_new_is_undefined() -> None:
    """Undefined is not zero; the others are judged without it."""
    rng = np.random.default_rng(5)
    known, fields = smooth(rng, 1), smooth(rng, 2)
    both = np.column_stack([fields, 2 * known[:, 0] + 1])
    asked = [Held(one, known) for one in (fields, both)]
    without, found = partial_associations(
        smooth(rng, 1)[:, 0], asked, np.ones(SIDE**2), KEPT, rng, draws=19
    )

    assert np.isnan(found.alone[2])
    assert np.isnan(found.alone_p[2])
    assert pytest.approx(without.together) == found.together


def test_independent_fields_are_found_together_as_rarely_as_is_said() -> None:
    """At 10 %, of fields that are all clustered; shuffled cells would find most of them."""
    rng, trials = np.random.default_rng(6), 200
    p = []
    for _ in range(trials):
        known = smooth(rng, 2, 1.0)
        moved = smooth(rng, 1)[:, 0] + 0.5 * known[:, 0] * smooth(rng, 1).std() / known.std()
        held = [Held(smooth(rng, 4), known)]
        [found] = partial_associations(moved, held, np.ones(SIDE**2), KEPT, rng, draws=19)
        p.append((found.together_p.p, found.alone_p[0]))
    rejected = (np.array(p) <= 0.1).mean(axis=0)

    assert (rejected <= 0.1 + 2.5 * np.sqrt(0.09 / trials)).all()
    assert (rejected > 0.02).all()
