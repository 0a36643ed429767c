"""The synthetic city: its size, its determinism, and that crime knows nothing of groups."""

import numpy as np
import pytest

from cas_audit.simulate.city import build_city, draw_intensity


def test_same_seed_same_city() -> None:
    """Every array is drawn from the seed alone."""
    one, other = (build_city(np.random.default_rng(7), 40) for _ in range(2))

    assert np.array_equal(one.area, other.area)
    assert np.array_equal(one.residents, other.residents)


def test_the_city_has_about_twelve_thousand_kept_cells() -> None:
    """As a look-alike of Amsterdam's grid."""
    city = build_city(np.random.default_rng(1))

    assert 11_500 <= city.kept.sum() <= 12_500
    assert 90 <= len(city.residents) <= 120


@pytest.mark.parametrize("seed", range(5))
def test_intensity_has_no_link_with_groups(seed: int) -> None:
    """The correlation of log intensity and group share is zero by construction."""
    city = build_city(np.random.default_rng(seed))
    share = city.share_outside[city.area[city.kept]]
    intensity = draw_intensity(np.random.default_rng(seed), city)[city.kept]
    found = np.corrcoef(np.log(intensity), share)[0, 1]

    assert abs(found) < 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_the_most_intense_cells_expose_groups_about_alike(seed: int) -> None:
    """The ratio of the ideal map is near 1, so that a fair version can be decided."""
    city = build_city(np.random.default_rng(seed))
    cells = np.bincount(city.area[city.kept])
    people = (city.residents / cells)[city.area[city.kept]]
    outside = city.share_outside[city.area[city.kept]]
    others = 1 - outside - city.share_europe[city.area[city.kept]]
    score = draw_intensity(np.random.default_rng(seed), city)[city.kept]
    flagged = score >= np.quantile(score, 0.97)
    exposed = [(people * s)[flagged].sum() / (people * s).sum() for s in (outside, others)]

    assert 0.7 < exposed[0] / exposed[1] < 1.4


def test_areas_without_residents_are_few() -> None:
    """One or two industrial areas, as a real city has."""
    city = build_city(np.random.default_rng(1))

    assert 1 <= (city.residents == 0).sum() <= 2
