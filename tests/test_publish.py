"""What is published of a place: nobody can get the share of a small cell back."""

import numpy as np
import pandas as pd
import pytest

from cas_audit.forecast.publish import hide_cells, share_flags

SMALLEST = 10


def draw_city(seed: int) -> pd.DataFrame:
    """Return a city of small areas, some empty, with flags in whole weeks."""
    draw = np.random.default_rng(seed)
    cells = int(draw.integers(4, 40))
    residents = draw.choice([0.0, 0.4, 3.0, 8.0, 9.9999999, 10.0, 60.0], cells)
    places = pd.DataFrame(
        {"theme": "drugs", "cell": range(cells), "area": draw.integers(0, 6, cells).astype(str)}
    )
    often = draw.choice([0.0, 0.02, 0.5, 1.0])
    flags = draw.binomial(52, often, cells)
    return places.assign(residents=residents, share=flags / 52)


def attack(places: pd.DataFrame, shown: pd.DataFrame, weeks: int) -> list[int]:
    """Return the hidden cells whose share follows from their own group's published value."""
    joined = places.drop(columns="share").merge(shown)
    solved = []
    for _, group in joined[joined["shown_as"] == "area"].groupby("area"):
        most = len(group) * weeks
        steps = min(max((most - 1) // 2, 1), 20)
        means = np.round(np.rint(np.round(np.arange(most + 1) / most * steps, 6)) / steps, 6)
        possible = np.flatnonzero(means == group["share"].iloc[0])
        least, greatest = max(possible.min() - most + weeks, 0), min(possible.max(), weeks)
        if least == greatest:
            solved += group["cell"].to_list()
    return solved


@pytest.mark.parametrize("seed", range(60))
def test_every_published_value_rests_on_enough_people(seed: int) -> None:
    """A cell by itself, the blurred of an area, and all that is withheld: two cells, ten people."""
    places = draw_city(seed)
    places["shown_as"] = hide_cells(places, SMALLEST)
    alone = places[places["shown_as"] == "cell"]
    groups = [part for _, part in places[places["shown_as"] == "area"].groupby("area")]
    withheld = places[places["shown_as"] == "withheld"]
    groups += [withheld] if len(withheld) and len(withheld) < len(places) else []

    assert (alone["residents"].round(6) >= SMALLEST).all()
    assert all(len(part) > 1 for part in groups)
    assert all(round(part["residents"].sum(), 6) >= SMALLEST for part in groups)


@pytest.mark.parametrize("weeks", [4, 52])
@pytest.mark.parametrize("seed", range(60))
def test_no_share_of_a_hidden_cell_can_be_solved(seed: int, weeks: int) -> None:
    """An attacker who knows the rule, the residents and the table finds two shares possible."""
    places = draw_city(seed)
    places["share"] = (places["share"] * weeks).round() / weeks
    places["shown_as"] = hide_cells(places, SMALLEST)

    assert [] == attack(places, share_flags(places, weeks), weeks)


def test_the_attack_would_have_succeeded() -> None:
    """On a group of one cell over one week the same attack solves it, so it can tell."""
    places = pd.DataFrame(
        {"theme": "drugs", "cell": [0], "area": "a", "share": [0.0], "shown_as": "area"}
    )
    solved = attack(places, share_flags(places, 1), 1)

    assert [0] == solved


def test_one_small_cell_takes_its_least_populated_neighbour_along() -> None:
    """The mean of the area beside its other cells would give the small cell away."""
    places = pd.DataFrame({"cell": range(4), "area": "a", "residents": [50.0, 2.0, 11.0, 30.0]})

    assert ["cell", "area", "area", "cell"] == hide_cells(places, SMALLEST).to_list()


def test_a_lone_withheld_area_does_not_follow_from_the_total() -> None:
    """All flags less the shown would be the flags of its one cell; the least populated joins it."""
    places = pd.DataFrame({"cell": range(4), "area": list("abbb"), "residents": [4.0, 90, 20, 70]})

    assert ["withheld", "cell", "withheld", "cell"] == hide_cells(places, SMALLEST).to_list()


def test_flags_do_not_decide_who_is_hidden() -> None:
    """The same people with other flags are hidden alike, so hiding tells nothing."""
    one, other = draw_city(1), draw_city(1).assign(share=1.0)

    assert hide_cells(one, SMALLEST).to_list() == hide_cells(other, SMALLEST).to_list()
