"""Flags at another share of the cells."""

import numpy as np
import pandas as pd
import pytest

from cas_audit.audit.reflag import flag_share


def drawn(levels: int) -> pd.DataFrame:
    """Return scores of two themes and three periods, of so many levels."""
    rng = np.random.default_rng(levels)
    keys = pd.MultiIndex.from_product([["x", "y"], range(3), range(100)])
    table = pd.DataFrame(index=keys).reset_index(names=["theme", "period", "cell"])
    return table.assign(score=rng.integers(0, levels, len(table)).astype(float))


@pytest.mark.parametrize("levels", [2, 10**9])
def test_each_map_has_its_share_of_flags_and_they_are_the_highest(levels: int) -> None:
    """Ties are broken, and never against a higher score."""
    table = drawn(levels)
    table["flagged"] = flag_share(table, 0.05, np.random.default_rng(1))
    maps = table.groupby(["theme", "period"])
    lowest = table[table["flagged"]].groupby(["theme", "period"])["score"].min()
    highest = table[~table["flagged"]].groupby(["theme", "period"])["score"].max()

    assert {5} == set(maps["flagged"].sum())
    assert (lowest >= highest).all()


def test_the_order_of_rows_does_not_matter() -> None:
    """Not even where scores are equal."""
    table = drawn(2)
    mixed = table.sample(frac=1, random_state=1)
    one, other = (flag_share(each, 0.05, np.random.default_rng(1)) for each in (table, mixed))

    assert one.tolist() == other.reindex(table.index).tolist()


def test_a_larger_share_holds_the_smaller_one() -> None:
    """With the same lot."""
    table = drawn(3)
    few, many = (flag_share(table, share, np.random.default_rng(1)) for share in (0.01, 0.05))

    assert not (few & ~many).any()
