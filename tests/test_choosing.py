"""Choosing cells more evenly: against an exact solver, a general optimiser, and counts by hand."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp, minimize

from cas_audit.errors import InputError
from cas_audit.forecast.choosing import (
    Shares,
    choose_bounded,
    choose_equally,
    choose_penalised,
    choose_top,
    even_out,
)

CELLS, NUMBER = 600, 60


def drawn(seed: int) -> tuple[np.ndarray, Shares]:
    """Return scores, and two groups that live where scores are high."""
    rng = np.random.default_rng(seed)
    score = rng.gamma(0.4, 1.0, CELLS)
    group = rng.gamma(1.0, 1.0, (2, CELLS)) * (0.2 + score) ** 0.5
    reference = rng.gamma(1.0, 1.0, (2, CELLS))
    return score, Shares(
        group / group.sum(axis=1, keepdims=True), reference / reference.sum(axis=1, keepdims=True)
    )


def ratios(shares: Shares, flags: np.ndarray) -> np.ndarray:
    """Return the exposure of each group over that of its reference."""
    found: np.ndarray = (shares.group @ flags) / (shares.reference @ flags)
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("most", [1.1, 1.25])
def test_a_bound_costs_no_more_than_it_must(seed: int, most: float) -> None:
    """Up to the few cells flagged in part, it is what an exact solver of whole cells finds."""
    score, shares = drawn(seed)
    flags = choose_bounded(score, shares, NUMBER, most)
    rows = np.vstack(
        [shares.group - most * shares.reference, shares.reference - most * shares.group]
    )
    exact = milp(
        -score,
        integrality=np.ones(CELLS),
        options={"mip_rel_gap": 0.001},
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(rows, -np.inf, 0.0),
            LinearConstraint(np.ones((1, CELLS)), NUMBER, NUMBER),
        ],
    )
    tightest = np.exp(np.abs(np.log(ratios(shares, flags))).max())

    assert NUMBER == flags.sum()
    assert score[flags].sum() >= -exact.fun * 0.99
    assert tightest <= most * 1.08


def test_a_bound_that_nothing_strains_is_the_plain_top() -> None:
    """Where the top is even enough, no flag moves."""
    score, shares = drawn(0)

    assert choose_top(score, NUMBER).tolist() == choose_bounded(score, shares, NUMBER, 50).tolist()


def test_a_bound_that_cannot_be_kept_is_refused() -> None:
    """A group without residents is never flagged as often as one that has them."""
    group, reference = np.array([[0.0, 0.0, 0.0]]), np.array([[0.1, 0.1, 0.8]])
    with pytest.raises(InputError, match=r"No choice of 2 cells .* within 1\.05"):
        choose_bounded(np.ones(3), Shares(group, reference), 2, 1.05)


def test_evening_out_agrees_with_a_general_optimiser() -> None:
    """The multipliers of the dual give the rates that maximise the penalised likelihood."""
    rng = np.random.default_rng(3)
    score, group, reference = rng.gamma(2, 1, 8), rng.dirichlet(np.ones(8)), np.full(8, 1 / 8)
    shares, strength = Shares(group[None], reference[None]), 0.7
    part, gap = score / score.sum(), shares.gap[0] * 8

    def loss(log_rate: np.ndarray) -> float:
        rate = np.exp(log_rate)
        return float((rate - part * log_rate).sum() + strength / 2 * (rate @ gap) ** 2)

    found = np.exp(minimize(loss, np.log(part), method="BFGS", options={"gtol": 1e-9}).x)

    assert even_out(score, shares, strength) / score.sum() == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_stronger_penalty_leaves_a_smaller_gap(seed: int) -> None:
    """From no penalty, where nothing changes, to one that leaves no gap."""
    score, shares = drawn(seed)
    gaps = [
        np.abs(shares.gap @ even_out(score, shares, strength)).max() / score.sum()
        for strength in (0.0, 0.1, 1.0, 10.0, 1e4)
    ]

    assert score.tolist() == even_out(score, shares, 0.0).tolist()
    assert sorted(gaps, reverse=True) == gaps
    assert gaps[-1] < 1e-4 * gaps[0]
    assert NUMBER == choose_penalised(score, shares, NUMBER, 1.0).sum()


def test_each_kind_of_area_gets_its_share() -> None:
    """Ten flags over cells of which six, three and one in ten are of each kind."""
    kind = np.repeat([0, 1, 2], [60, 30, 10])
    score = np.arange(100.0)[::-1]
    flags = choose_equally(score, kind, 10)

    assert [6, 3, 1] == np.bincount(kind[flags]).tolist()
    assert [0, 60, 90] == [int(np.flatnonzero(flags & (kind == one))[0]) for one in range(3)]


def test_no_flag_is_lost_to_fractions() -> None:
    """Seven flags over three kinds of equal size."""
    flags = choose_equally(np.ones(30), np.repeat([0, 1, 2], 10), 7)

    assert 7 == flags.sum()
