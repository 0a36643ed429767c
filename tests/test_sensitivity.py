"""Trials of other choices: merged cells, windows, shares and moved incidents; by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cas_audit.config import Config
from cas_audit.forecast.city import City
from cas_audit.forecast.fitting import Fitted
from cas_audit.forecast.models import count_scores
from cas_audit.forecast.sensitivity import flag_merged, merge_cells, move_incidents, try_choices
from tests.small import small_config

SIDE, WEEKS, TESTED = 16, 100, 10
WHOLE = np.ones((SIDE, SIDE), dtype=bool)


def lots() -> np.random.Generator:
    """Return the same lots every time."""
    return np.random.default_rng(1)


def config() -> Config:
    """Return a configuration of cells of 125 m; the sources are not read here."""
    return small_config({"model": "counting", "flagged_share": 0.0625, "sensitivity": True})


def steady() -> tuple[City, Fitted]:
    """Return a city of which one 4 by 4 square has an incident a week in every cell."""
    week, row, column = np.indices((WEEKS, 4, 4)).reshape(3, -1)
    weeks = pd.date_range("2024-01-01", periods=WEEKS, freq="7D", name="period")
    cell = (row + 4) * SIDE + column + 8
    table = pd.DataFrame({"week": weeks[week], "cell": cell, "count": 1, "theme": "one"})
    test = slice(WEEKS - TESTED, WEEKS)
    train = slice(test.start - 30, test.start)
    place = City(table.assign(channel="brought"), weeks, WHOLE, {}, train, test)
    counts = np.zeros((WEEKS, SIDE, SIDE), dtype=np.float32)
    counts[:, 4:8, 8:12] = 1
    score = count_scores(counts, place.origins)
    flagged = flag_merged(score, WHOLE, 0.0625, rng=lots())
    return place, Fitted(None, score, flagged, flagged)


@pytest.fixture(scope="module")
def tried() -> pd.DataFrame:
    """Return the trials of the city with one busy square."""
    place, made = steady()
    return pd.DataFrame(try_choices(config(), place, "one", made, [1, 0]))


def test_every_choice_is_tried_from_every_origin(tried: pd.DataFrame) -> None:
    """250 m has four origins and 500 m sixteen; a window longer than the history is not tried."""
    kinds = tried["trial"].value_counts().to_dict()
    grids = tried[tried["trial"] == "grid"]

    assert {"base": 1, "grid": 20, "window": 2, "share": 6, "geocoding": 15} == kinds
    assert {250: 4, 500: 16} == grids["cell_size_m"].value_counts().to_dict()
    assert grids["origin"].astype(str).groupby(grids["cell_size_m"]).nunique().to_list() == [4, 16]
    assert {"one_year", "six_months"} == set(tried["window"].dropna())


def test_a_grid_that_fits_the_square_catches_all_and_others_their_part(
    tried: pd.DataFrame,
) -> None:
    """Sixteen cells are flagged; a block that lies half beside the square holds half of it."""
    grids = tried[(tried["trial"] == "grid") & (tried["cell_size_m"] == 500)]
    rate = {tuple(one): rate for one, rate in zip(grids["origin"], grids["hit_rate"], strict=True)}

    assert (16 * TESTED, 1.0, 1.0) == tuple(tried.loc[0, ["incidents", "hit_rate", "overlap"]])
    assert 1.0 == rate[0, 0]
    assert 0.5 == rate[0, 2] == rate[2, 0]
    assert 0.25 == rate[2, 2]
    assert 9 / 16 == rate[1, 1]
    assert grids["overlap"].to_list() == grids["hit_rate"].to_list()
    assert {0.0625} == set(grids["overlap_by_chance"])


def test_a_smaller_share_keeps_its_part_of_the_map(tried: pd.DataFrame) -> None:
    """At 1, 3 and 5 % three, eight and thirteen of the sixteen cells stay, and as many are hit."""
    shares = tried[tried["trial"] == "share"].set_index(["forecaster", "share"])

    for name in ("counting", "model"):
        assert [3 / 16, 8 / 16, 13 / 16] == shares.loc[name]["overlap"].to_list()
        assert [3 / 16, 8 / 16, 13 / 16] == shares.loc[name]["hit_rate"].to_list()


def test_each_trial_flags_as_many_cells_and_says_its_numbers(tried: pd.DataFrame) -> None:
    """But for the trials of the share; a rate is hits over incidents, an overlap kept over base."""
    other = tried[tried["trial"] != "share"]

    assert {0.0625} == set(other["overlap_by_chance"])
    assert {TESTED} == set(tried["periods"])
    assert {16 * TESTED} == set(tried["flagged_in_base"])
    assert (tried["hits"] / tried["incidents"]).to_list() == pytest.approx(tried["hit_rate"])
    overlap = tried["flagged_in_both"] / tried["flagged_in_base"]
    assert overlap.to_list() == pytest.approx(tried["overlap"])


def test_blocks_cut_by_the_edge_are_ranked_by_what_a_cell_holds() -> None:
    """A block of one kept cell with two incidents goes before one of four cells with three."""
    kept = WHOLE.copy()
    kept[0:2, 0:2] = [[True, False], [False, False]]
    score = np.zeros((1, SIDE, SIDE))
    score[0, 0, 0], score[0, 2, 2] = 2, 3
    block = merge_cells(kept.shape, 2, (0, 0))
    found = flag_merged(score, kept, 1 / kept.sum(), block, rng=lots())[0]

    assert [[0, 0]] == np.argwhere(found).tolist()


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_the_stated_share_of_incidents_moves_to_a_cell_beside(share: float) -> None:
    """None is lost, none changes week, and each of the eight gets its part."""
    counts = np.zeros((3, SIDE, SIDE), dtype=np.float32)
    counts[1, 5, 5] = 8000
    moved = move_incidents(counts, WHOLE, share, lots())
    around = np.delete(moved[1, 4:7, 4:7].ravel(), 4)

    assert 8000 == moved.sum() == moved[1, 4:7, 4:7].sum()
    assert around == pytest.approx(np.full(8, 1000 * share), abs=5 * np.sqrt(1000 * share))


def test_an_incident_stays_rather_than_leave_the_map() -> None:
    """In a corner three of eight neighbours lie on the map; one of these takes no part."""
    kept = WHOLE.copy()
    kept[1, 1] = False
    counts = np.zeros((1, SIDE, SIDE), dtype=np.float32)
    counts[0, 0, 0] = 8000
    moved: Any = move_incidents(counts, kept, 1.0, lots())[0]

    assert 0 == moved[~kept].sum()
    assert [6000, 1000, 1000] == pytest.approx([moved[0, 0], moved[0, 1], moved[1, 0]], abs=160)
