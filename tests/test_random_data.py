"""Concentration on a record without hot spots: by hand, and for maps that move and that do not."""

import numpy as np
import pandas as pd
import pytest

from cas_audit.forecast.city import City
from cas_audit.forecast.random_data import DEALS, concentrate, concentration

SIDE, WEEKS, TESTED = 20, 90, 30
KEPT = np.ones((SIDE, SIDE), dtype=bool)
SHARE = 0.05


def city() -> City:
    """Return a city; its record is handed over beside it."""
    weeks = pd.date_range("2024-01-01", periods=WEEKS, freq="7D", name="period")
    test = slice(WEEKS - TESTED, WEEKS)
    return City(pd.DataFrame(), weeks, KEPT, {}, slice(30, test.start), test)


def record() -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """Return a record with one place where all happens."""
    counts = np.zeros((WEEKS, SIDE, SIDE), dtype=np.float32)
    counts[:, :6, :6] = 1
    return counts


def test_a_map_that_never_moves_holds_all_its_flags() -> None:
    """Whatever the record: everything in the cells flagged most, and every flag stays."""
    still = np.zeros((TESTED, SIDE, SIDE), dtype=bool)
    still[:, :2, :10] = True

    assert {"in_most_flagged": 1.0, "stayed": 1.0} == concentration(still, KEPT, SHARE)


def test_a_lot_concentrates_as_chance_does() -> None:
    """Each flag stays with the share that is flagged."""
    found = concentrate(city(), record(), np.tile(KEPT, (TESTED, 1, 1)), SHARE, [1])
    lots = pd.DataFrame(found["lot"])

    assert (DEALS, TESTED) == (len(lots), found["periods"])
    assert pytest.approx(SHARE, abs=0.02) == lots["stayed"].mean()
    assert lots["in_most_flagged"].mean() < 0.25


def test_counting_keeps_more_of_chance_than_a_lot_and_less_than_a_map_that_stands_still() -> None:
    """A year of counts changes slowly, though the record was dealt out anew every week."""
    still = np.zeros((TESTED, SIDE, SIDE), dtype=bool)
    still[:, :2, :10] = True
    found = concentrate(city(), record(), still, SHARE, [1])
    shares = {name: pd.DataFrame(found[name])["in_most_flagged"] for name in ("counting", "lot")}

    assert shares["lot"].max() < shares["counting"].min()
    assert shares["counting"].max() < 0.9
    assert 1.0 == found["model"]["in_most_flagged"]


def test_the_same_seed_deals_the_same() -> None:
    """To the last digit; another seed does not."""
    flagged = np.tile(KEPT, (TESTED, 1, 1))
    one, same, other = (concentrate(city(), record(), flagged, SHARE, [seed]) for seed in (1, 1, 2))

    assert one == same
    assert one != other
