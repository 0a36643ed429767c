"""Fields: the range means the same in every kind, and the far side is not felt."""

import numpy as np
import pytest

from cas_audit.errors import InputError
from cas_audit.simulate.fields import KINDS, Kind, draw_fields

SHAPE = (60, 70)


@pytest.mark.parametrize("range_cells", [2, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_the_correlation_at_the_range_is_one_over_e(kind: Kind, range_cells: int) -> None:
    """Measured along rows and along columns, over many fields."""
    fields = draw_fields(np.random.default_rng(1), SHAPE, kind, range_cells, 200)
    along = (fields[:, :, :-range_cells] * fields[:, :, range_cells:]).mean()
    across = (fields[:, :-range_cells] * fields[:, range_cells:]).mean()

    assert [np.exp(-1)] * 2 == pytest.approx([along, across], abs=0.025)


@pytest.mark.parametrize("kind", KINDS)
def test_fields_are_standardised(kind: Kind) -> None:
    """Mean 0 and variance 1 over many draws; the shape is as asked."""
    fields = draw_fields(np.random.default_rng(2), SHAPE, kind, 2, 200)

    assert (200, *SHAPE) == fields.shape
    assert [0, 1] == pytest.approx([fields.mean(), fields.var()], abs=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_opposite_edges_do_not_know_each_other(kind: Kind) -> None:
    """The torus is wider than the city."""
    fields = draw_fields(np.random.default_rng(3), SHAPE, kind, 4, 400)

    assert 0 == pytest.approx((fields[:, :, 0] * fields[:, :, -1]).mean(), abs=0.04)
    assert 0 == pytest.approx((fields[:, 0] * fields[:, -1]).mean(), abs=0.04)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_field(kind: Kind) -> None:
    """And another seed gives another."""
    one, other, third = (
        draw_fields(np.random.default_rng(seed), SHAPE, kind, 3) for seed in (4, 4, 5)
    )

    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


def test_kinds_differ_in_roughness() -> None:
    """At half the range a smooth field has lost less than a rough one."""
    near = {
        kind: (fields[:, :, :-2] * fields[:, :, 2:]).mean()
        for kind in KINDS
        for fields in [draw_fields(np.random.default_rng(6), SHAPE, kind, 4, 100)]
    }

    assert near["exponential"] < near["matern"] < near["gaussian"]


@pytest.mark.parametrize(("kind", "range_cells"), [("gaussian", 0.0), ("spots", 2.0)])
def test_what_means_nothing_is_refused(kind: Kind, range_cells: float) -> None:
    """A range of nothing, or a kind that does not exist."""
    with pytest.raises(InputError, match="expected one of"):
        draw_fields(np.random.default_rng(1), SHAPE, kind, range_cells)
