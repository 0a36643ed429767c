"""What is told of a block never seen: scikit-learn as oracle, and what fields by chance tell."""

from typing import Any

import numpy as np
import pytest
from scipy import ndimage
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import LeaveOneGroupOut

from cas_audit.inference.explained import explained, left_out_errors
from cas_audit.inference.partition import wide_blocks
from cas_audit.inference.scores import ratio

CELLS = 240
NONE = np.empty((CELLS, 0))


@pytest.fixture
def drawn() -> dict[str, Any]:
    """Return a field, two columns that are known, three features, weights and blocks."""
    rng = np.random.default_rng(5)
    known, features = rng.normal(size=(CELLS, 2)), rng.normal(size=(CELLS, 3))
    field = 3 + known @ [1.0, -1.0] + features @ [0.5, 0.0, 2.0] + rng.normal(size=CELLS)
    weight = rng.integers(0, 50, CELLS).astype(float)
    return {
        "field": field,
        "known": known,
        "features": features,
        "weight": weight,
        "block": np.arange(CELLS) % 8,
    }


def errors_of(model: Any, rows: Any, drawn: dict[str, Any]) -> Any:
    """Return the weighted squared error in each block, by scikit-learn's own splits."""
    field, weight, block = drawn["field"], drawn["weight"], drawn["block"]
    found = np.zeros(8)
    for fitted, left in LeaveOneGroupOut().split(rows, groups=block):
        alpha = {"alpha": 0.1 * weight[fitted].sum()} if isinstance(model, Ridge) else {}
        model.set_params(**alpha).fit(rows[fitted], field[fitted], sample_weight=weight[fitted])
        off = field[left] - model.predict(rows[left])
        found[block[left[0]]] = (weight[left] * off**2).sum()
    return found


def test_without_a_ridge_it_agrees_with_linear_regression(drawn: dict[str, Any]) -> None:
    """Every block by a fit on the others, with what is known and with features."""
    rows = np.column_stack([drawn["known"], drawn["features"]])

    assert pytest.approx(errors_of(LinearRegression(), rows, drawn)) == left_out_errors(
        **drawn, ridge=0.0
    )


def test_with_a_ridge_it_agrees_with_ridge_regression(drawn: dict[str, Any]) -> None:
    """Features of one variance are held back alike; blocks hold each row as often."""
    rows = np.tile(np.repeat(np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]), 8, axis=0), (8, 1))
    even = {**drawn, "known": NONE[:256], "features": rows[:CELLS], "weight": np.ones(CELLS)}
    even["block"] = np.arange(CELLS) // 32
    even = {key: value[:224] for key, value in even.items()}  # seven blocks of every kind of row
    found = errors_of(Ridge(), even["features"], even)[:7]

    assert pytest.approx(found) == left_out_errors(**even, ridge=0.1)


def test_the_share_is_one_less_the_errors(drawn: dict[str, Any]) -> None:
    """By its definition, and with an interval around it; what is known costs nothing."""
    none = {**drawn, "features": NONE}
    base, more = left_out_errors(**none).sum(), left_out_errors(**drawn).sum()
    found = ratio(explained(**drawn), signed=True)

    assert found is not None
    assert pytest.approx(1 - more / base) == found.estimate
    assert found.low < found.estimate < found.high
    assert 0 == explained(**none).estimate


def test_a_feature_that_is_the_same_everywhere_tells_nothing(drawn: dict[str, Any]) -> None:
    """Nor does one that is known already."""
    same = {**drawn, "features": np.full((CELLS, 1), 7.0)}
    twice = {**drawn, "features": drawn["known"][:, :1]}

    assert pytest.approx(0, abs=1e-12) == explained(**same).estimate
    assert pytest.approx(0, abs=1e-3) == explained(**twice).estimate


def test_smooth_fields_tell_each_other_where_near_cells_are_fitted_on() -> None:
    """Cells left out by lot are told by their neighbours; wide blocks hardly: that is why."""
    told = []
    for seed in range(3):
        rng, side = np.random.default_rng(seed), 40
        drawn = ndimage.gaussian_filter(rng.normal(size=(9, side, side)), (0, 4, 4))
        field, *features = drawn.reshape(9, -1)
        blocks = wide_blocks(*np.divmod(np.arange(side**2), side))
        told.append(
            [
                explained(
                    field,
                    np.empty((side**2, 0)),
                    np.column_stack(features),
                    np.ones(side**2),
                    block,
                )
                for block in (rng.integers(0, 16, side**2), blocks)
            ]
        )
    by_lot, by_block = np.array([[one.estimate for one in pair] for pair in told]).T

    assert by_lot.mean() > 0.2
    assert by_block.mean() < 0.1
