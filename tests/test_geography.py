"""Where the synthetic city lies: invented, or Amsterdam's quarters where they are at hand."""

import os
from pathlib import Path

import numpy as np
import pytest

from cas_audit.errors import InputError
from cas_audit.simulate.arena import draw_arena
from cas_audit.simulate.city import build_city
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.geography import Geography, amsterdam, invented

FILE = "amsterdam/amsterdam_wijken_kenmerken2016.geojson"
needs_data = pytest.mark.skipif(
    "CAS_AUDIT_DATA" not in os.environ, reason="CAS_AUDIT_DATA is not set"
)


@pytest.fixture(scope="module")
def real() -> Geography:
    """Return Amsterdam."""
    return amsterdam(Path(os.environ["CAS_AUDIT_DATA"]) / FILE)


def test_the_invented_city_is_that_of_the_demonstration() -> None:
    """The same seed gives the same neighbourhoods and, but for rounding, the same residents."""
    city = build_city(np.random.default_rng(3), 40)
    geography = invented(np.random.default_rng(3), 40)
    people = np.bincount(geography.area, geography.residents.sum(0))

    assert np.array_equal(city.area[city.kept], geography.area)
    assert np.array_equal(city.kept, geography.kept)
    assert people == pytest.approx(city.residents)


def test_shares_add_up_where_people_live() -> None:
    """Where nobody lives there is no share, and the city's mix stands in for it."""
    geography = invented(np.random.default_rng(3), 40)
    lived = geography.residents.sum(0) > 0

    assert lived.sum() < lived.size
    assert np.array_equal(geography.share.sum(0) > 0, lived)
    assert geography.mix.sum(0) == pytest.approx(1)
    whole = geography.residents.sum(1) / geography.residents.sum()
    assert geography.mix[:, ~lived][:, 0] == pytest.approx(whole)


@needs_data
def test_amsterdam_has_its_size_and_people(real: Geography) -> None:
    """99 quarters on about 220 square kilometres of land and water, one of them without figures.

    Residents and those of western origin as in the source; the rest of foreign origin by what
    its percentages leave, which are rounded.
    """
    assert real.areas == 99
    assert 13_000 < real.kept.sum() < 15_000
    assert 834_713 == pytest.approx(real.residents.sum(), abs=1)
    assert 140_460 == pytest.approx(real.residents[1].sum(), abs=1)
    assert 290_758 == pytest.approx(real.residents[0].sum(), rel=0.002)


@needs_data
def test_the_kept_cells_of_amsterdam_hang_together_north_up(real: Geography) -> None:
    """Zuidoost, where most residents born outside Europe live, lies in the south-east."""
    row, column = np.nonzero(real.kept)
    most = real.share[0] > 0.6
    south_east = (row < row.mean()) & (column > column.mean())

    assert real.share[0][south_east].mean() > real.share[0][~south_east].mean()
    assert (most & south_east).sum() > 0.5 * most.sum()


@needs_data
def test_a_city_with_dials_can_be_drawn_on_amsterdam(real: Geography) -> None:
    """The slope of log intensity on the share of the group is the dial there, too."""
    arena = draw_arena(real, Dials(weeks=4, group_effect=0.5), np.random.default_rng(1))
    slope = np.polyfit(real.mix[0], np.log(arena.intensity[0]), 1)[0]

    assert 0.5 == pytest.approx(slope)


def test_a_file_without_the_figures_is_refused(tmp_path: Path) -> None:
    """The message names the file and no value."""
    path = tmp_path / "areas.geojson"
    path.write_text('{"features": [{"properties": {"population": 5}, "geometry": null}]}')

    with pytest.raises(InputError, match=r"areas\.geojson: no outlines with population"):
        amsterdam(path)
