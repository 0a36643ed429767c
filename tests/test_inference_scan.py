"""The scan for unnamed areas, held against brute force, scipy and known truth."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from cas_audit.inference.scan import describe, scan
from cas_audit.inference.scan_fit import RANGES, fit_dependence, make_geometry
from cas_audit.inference.scan_found import Found, Side, TooFew
from cas_audit.inference.scan_null import INDEPENDENT, Null, fit_null
from cas_audit.inference.scan_power import smallest_detectable
from cas_audit.inference.scan_statistic import maxima, statistics
from cas_audit.inference.scan_windows import (
    Numbers,
    Values,
    Windows,
    likelihood_ratio,
    make_windows,
)

SIDE = 16
SIDES: tuple[Side, ...] = ("few", "many", "both")


def block(side: int = SIDE) -> tuple[Numbers, Numbers]:
    """Return row and column of a square block of cells."""
    row, column = np.divmod(np.arange(side * side), side)
    return row, column


def windows_of(expected: float, side: int = SIDE) -> Windows:
    """Return windows on a block with the same number expected everywhere."""
    row, column = block(side)
    return make_windows(row, column, np.full(side * side, expected))


def whole(found: Found | TooFew) -> Found:
    """Return a scan that gave an answer."""
    assert isinstance(found, Found)
    return found


def planted(ratio: float, expected: float = 4.0) -> tuple[Values, Windows, NDArray[np.bool_]]:
    """Return outcomes with a planted disc, windows, and where the disc lies."""
    row, column = block()
    area = np.hypot(row - 5, column - 6) <= 3
    rng = np.random.default_rng(3)
    observed = rng.poisson(expected * np.where(area, ratio, 1.0)).astype(float)
    return observed, windows_of(expected), area


@pytest.mark.parametrize("shape", ["disc", "square"])
def test_windows_are_those_of_brute_force(shape: str) -> None:
    """Each window is all cells within a distance of a cell, and no bound on its size is passed."""
    row, column = block(6)
    expected = np.linspace(1.0, 3.0, row.size)
    made = make_windows(
        row, column, expected, smallest=6.0, shape="disc" if shape == "disc" else "square"
    )
    order = 2 if shape == "disc" else np.inf
    at = np.column_stack([row, column])
    far = [np.linalg.norm(at - one, order, axis=1) for one in at]
    sets = {frozenset(np.flatnonzero(one <= radius).tolist()) for one in far for radius in one}
    allowed = {one for one in sets if 6.0 <= expected[list(one)].sum() <= expected.sum() / 2}
    found = {frozenset(made.cells(one).tolist()) for one in range(made.share.size)}
    nearest = {frozenset(np.flatnonzero(one <= 1).tolist()) for one in far}
    smallest = nearest & allowed

    assert found <= allowed
    assert len(found) == made.share.size
    assert smallest <= found


def test_the_likelihood_ratio_is_that_of_scipys_poisson() -> None:
    """Own rates inside and outside against one rate for all, as scipy has the likelihoods."""
    observed = np.array([3.0, 9, 4, 7, 2, 11])
    expected = np.array([4.0, 6, 5, 7, 6, 8])
    inside = np.array([True, True, False, False, True, False])
    rate = observed.sum() / expected.sum()
    within = observed[inside].sum() / expected[inside].sum()
    beside = observed[~inside].sum() / expected[~inside].sum()
    apart = stats.poisson.logpmf(observed, expected * np.where(inside, within, beside)).sum()
    alike = stats.poisson.logpmf(observed, expected * rate).sum()
    share = np.array([expected[inside].sum() / expected.sum()])
    ratio = likelihood_ratio(np.array([[observed[inside].sum()]]), share, np.array([36.0]))

    assert pytest.approx(apart - alike) == ratio[0, 0]


def test_the_most_likely_area_is_that_of_a_brute_force_scan() -> None:
    """Looping over windows one by one finds the same area, side and statistic."""
    rng = np.random.default_rng(5)
    observed, windows = rng.poisson(5.0, 36).astype(float), windows_of(5.0, 6)
    total, best, where = observed.sum(), -1.0, 0
    for number in range(windows.share.size):
        seen = observed[windows.cells(number)].sum()
        hoped = total * windows.cells(number).size / 36
        rest = total - seen
        value = seen * np.log(seen / hoped) + rest * np.log(rest / (total - hoped))
        if value > best:
            best, where = value, number
    found = whole(scan(observed, windows, INDEPENDENT, rng, draws=19, most=99))
    strongest = max(found.areas, key=lambda one: one.statistic)

    assert pytest.approx(best) == strongest.statistic
    assert windows.cells(where).tolist() == strongest.cells.tolist()


def test_draws_keep_the_total_and_vary_as_the_model_says() -> None:
    """Counts sum to the total; a window's variance is its Poisson variance times its dispersion."""
    windows = windows_of(8.0)
    total = 8 * SIDE * SIDE
    geometry = make_geometry(windows, total)
    null = Null(0.1, 0.1, 3.0, geometry)
    inside = windows.member @ null.draw(windows, total, 4000, np.random.default_rng(1))
    extra = 0.1 * geometry.own + 0.1 * geometry.shared[:, int(np.argmin(abs(RANGES - 3)))]
    poisson = total * windows.share * (1 - windows.share)
    ratio = inside.var(axis=1) / (poisson * (1 + extra))

    assert pytest.approx(1.0, abs=0.04) == float(ratio.mean())
    assert 0.85 < float(np.quantile(ratio, 0.05))
    assert float(np.quantile(ratio, 0.95)) < 1.15


@pytest.mark.parametrize(("nugget", "sill"), [(0.0, 0.0), (0.2, 0.0), (0.0, 0.2), (0.1, 0.2)])
def test_the_fit_recovers_variance_and_correlation(nugget: float, sill: float) -> None:
    """Over 300 draws on all cells the mean fit is near the nugget and sill drawn from."""
    windows = windows_of(10.0)
    total = 10 * SIDE * SIDE
    geometry = make_geometry(windows, total)
    counts = Null(nugget, sill, 2.0, geometry).draw(windows, total, 300, np.random.default_rng(2))
    fitted = fit_dependence(counts, np.ones(counts.shape, dtype=np.bool_), geometry)

    assert pytest.approx(nugget + sill, abs=0.03) == float((fitted.nugget + fitted.sill).mean())
    assert pytest.approx(sill, abs=0.05) == float(fitted.sill.mean())


def test_correlated_outcomes_raise_alarms_under_the_naive_null_only() -> None:
    """In 30 cities where nothing was planted, the naive null cries wolf in most, ours in few."""
    windows = windows_of(6.0)
    total = 6 * SIDE * SIDE
    truth = Null(0.0, 0.1, 2.0, None)
    rng = np.random.default_rng(8)
    alarms = np.zeros(2)
    for column in truth.draw(windows, total, 30, rng).T:
        nulls = (fit_null(column, windows, rng), INDEPENDENT)
        found = [whole(scan(column, windows, null, rng, draws=79)) for null in nulls]
        alarms += [one.p_value <= 0.05 for one in found]

    assert alarms[0] <= 5  # at 5 % more than 5 of 30 happens once in 300 times
    assert alarms[1] >= 18


def test_the_naive_null_has_its_level_on_independent_cells() -> None:
    """Where cells are independent, 5 % of 300 cities raise an alarm, within chance."""
    windows = windows_of(4.0, 10)
    rng = np.random.default_rng(4)
    draws = INDEPENDENT.draw(windows, 400, 300, rng)
    found = [whole(scan(one, windows, INDEPENDENT, rng, draws=39)).p_value for one in draws.T]

    assert 0.02 <= np.mean([one <= 0.05 for one in found]) <= 0.085


@pytest.mark.parametrize(("ratio", "side"), [(0.4, "few"), (1.7, "many")])
def test_a_planted_area_is_found_where_it_lies(ratio: float, side: str) -> None:
    """A disc with far too few or too many is the most likely area, and overlaps by half."""
    observed, windows, area = planted(ratio)
    rng = np.random.default_rng(1)
    found = whole(scan(observed, windows, fit_null(observed, windows, rng), rng, draws=199))
    first = found.areas[0]
    cells = np.isin(np.arange(area.size), first.cells)

    assert side == first.side
    assert found.p_value <= 0.05
    assert (cells & area).sum() / (cells | area).sum() >= 0.5
    assert pytest.approx(observed[first.cells].sum()) == first.observed
    assert pytest.approx(first.observed / first.expected) == first.ratio
    assert found.p_error == pytest.approx(np.sqrt(found.p_value * (1 - found.p_value) / 200))


def test_areas_share_no_cell_and_stand_by_p_value() -> None:
    """Secondary areas lie apart from those before, and are no more surprising."""
    observed, windows, _ = planted(0.4)
    rng = np.random.default_rng(1)
    areas = whole(scan(observed, windows, INDEPENDENT, rng, draws=99)).areas
    cells = np.concatenate([one.cells for one in areas])
    chances = [one.p_value or 0.0 for one in areas]

    assert len(areas) == 5
    assert np.unique(cells).size == cells.size
    assert sorted(chances) == chances


def test_the_p_value_counts_ties_and_two_sides_double_it() -> None:
    """Draws as extreme as the outcomes count as extreme, and the draw itself counts as one."""
    windows = windows_of(5.0, 6)
    observed = INDEPENDENT.draw(windows, 180, 1, np.random.default_rng(2))[:, 0]
    here = statistics(observed[:, None], windows, None).few.max()
    drawn = maxima(INDEPENDENT.draw(windows, 180, 999, np.random.default_rng(1)), windows, None)
    once = (1 + int((drawn["few"] >= here).sum())) / 1000
    answers = {
        side: whole(scan(observed, windows, INDEPENDENT, np.random.default_rng(1), side=side))
        for side in SIDES
    }

    assert (drawn["few"] == here).any()
    assert once == answers["few"].p_value
    assert min(1, 2 * min(once, answers["many"].p_value)) == answers["both"].p_value


def test_one_side_looks_at_that_side_only() -> None:
    """Asked for too many, a scan names no area with too few."""
    observed, windows, _ = planted(0.4)
    found = whole(
        scan(observed, windows, INDEPENDENT, np.random.default_rng(1), side="many", draws=19)
    )

    assert {"many"} == {one.side for one in found.areas}


def test_the_order_of_cells_does_not_matter() -> None:
    """Shuffled cells and the same seed give the same areas and p-values."""
    row, column = block()
    observed, _, _ = planted(0.4)
    expected = np.linspace(3.0, 5.0, row.size)
    mix = np.random.default_rng(9).permutation(row.size)
    answers = []
    for order in (np.arange(row.size), mix):
        windows = make_windows(row[order], column[order], expected[order])
        rng = np.random.default_rng(1)
        null = fit_null(observed[order], windows, rng)
        found = whole(scan(observed[order], windows, null, rng, draws=99))
        cells = [np.sort(order[one.cells]).tolist() for one in found.areas]
        answers.append((cells, found.p_value, [one.statistic for one in found.areas]))

    assert answers[0] == answers[1]


def test_too_few_outcomes_or_cells_give_no_p_value() -> None:
    """Below the counts fixed beforehand the answer is that there is too little."""
    rng = np.random.default_rng(1)
    few = scan(np.zeros(SIDE * SIDE), windows_of(1.0), INDEPENDENT, rng)
    small = scan(np.full(25, 9.0), windows_of(9.0, 5), INDEPENDENT, rng)

    assert isinstance(few, TooFew)
    assert isinstance(small, TooFew)
    assert (0, 25) == (few.outcomes, small.cells)
    assert not hasattr(few, "p_value")


def test_a_description_of_flags_against_need_tests_nothing() -> None:
    """Areas are named without a p-value, and the reason is said."""
    row, column = block()
    need = np.full(row.size, 2.0)
    flags = np.where((row < 4) & (column < 4), 9.0, 1.0)
    windows = make_windows(row, column, need, every=2)
    found = describe(flags, windows)

    assert "many" == found.areas[0].side
    assert {None} == {one.p_value for one in found.areas}
    assert "not tested" in found.why_no_p_value


def test_a_larger_area_is_easier_to_find_and_correlation_makes_it_harder() -> None:
    """Power grows with size; with correlated rates an area must be larger to be found."""
    windows = windows_of(4.0)
    total = 4 * SIDE * SIDE
    geometry = make_geometry(windows, total)
    found = [
        smallest_detectable(windows, null, total, np.random.default_rng(1), draws=99)
        for null in (INDEPENDENT, Null(0.0, 0.1, 3.0, geometry))
    ]

    assert found[0].expected is not None
    assert 40 < found[0].expected < 250
    assert found[1].power < found[0].power
    assert found[0].power[-1] > found[0].power[0]


def test_the_smallest_area_is_found_as_often_as_said() -> None:
    """Planting an area of the printed size again, 100 times, finds it with about the power."""
    windows = windows_of(4.0)
    total = 4 * SIDE * SIDE
    rng = np.random.default_rng(2)
    said = smallest_detectable(windows, INDEPENDENT, total, rng, draws=199)
    assert said.expected is not None
    near = np.argmin(np.abs(windows.share * total - said.expected))
    area = windows.member[[near]].toarray().T > 0
    counts = INDEPENDENT.draw(windows, total, 100, rng, np.where(area, 0.5, 1.0))
    found = [
        whole(scan(one, windows, INDEPENDENT, rng, draws=99)).p_value <= 0.05 for one in counts.T
    ]

    assert np.mean(found) >= 0.8


def test_an_area_that_stands_out_does_not_hide_itself() -> None:
    """The fitted sill stays lower than a fit on all cells, which takes the area for correlation."""
    observed, windows, _ = planted(0.4, 8.0)
    counts = windows.sorted(observed)[:, None]
    geometry = make_geometry(windows, float(counts.sum()))
    kept = statistics(counts, windows, geometry).fitted
    everything = fit_dependence(counts, np.ones(counts.shape, dtype=np.bool_), geometry)

    assert kept.sill[0] < everything.sill[0] / 2


def test_draws_taken_in_parts_are_those_taken_at_once() -> None:
    """The largest statistic of a draw does not depend on the draws beside it."""
    windows = windows_of(4.0, 8)
    counts = INDEPENDENT.draw(windows, 256, 300, np.random.default_rng(1))
    geometry = make_geometry(windows, 256)
    parts = maxima(counts, windows, geometry)

    assert np.allclose(statistics(counts, windows, geometry).few.max(axis=0), parts["few"])


def test_cells_that_cannot_be_scanned_are_refused() -> None:
    """Nothing expected, or a cell that stands twice, is an error."""
    line, same = np.arange(4), np.zeros(4, dtype=np.int64)

    with pytest.raises(ValueError, match="not positive"):
        make_windows(line, same, np.zeros(4))
    with pytest.raises(ValueError, match="more than once"):
        make_windows(same, same, np.full(4, 9.0))


def test_counts_for_other_cells_are_refused() -> None:
    """Outcomes must be as many as cells."""
    with pytest.raises(ValueError, match="expected one a cell"):
        scan(np.ones(3), windows_of(4.0), INDEPENDENT, np.random.default_rng(1))
