"""Tiles: samples and scores are the same however the grid is cut, and whoever does the work."""

from pathlib import Path

import numpy as np
import pytest

from cas_audit.forecast.features import FEATURES
from cas_audit.forecast.panels import MemoryPanel
from cas_audit.forecast.sampling import BLOCK_CELLS, Sample, chances_for, draw_rows
from cas_audit.forecast.scoring import Subject, sample_panel, score_panel, scoring_of, spread
from cas_audit.forecast.tile import whole
from cas_audit.forecast.work import open_work

WEEKS, ROWS, COLUMNS = 60, 71, 45
TRAIN = slice(30, 60)


class Mean:
    """A model that needs no fit: the mean of the features is its chance."""

    def __init__(self) -> None:
        """Count the weeks it is asked for."""
        self.asked = 0

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        """Return two columns, as scikit-learn does."""
        self.asked += 1
        chance = np.stack([one.mean() for one in rows])
        return np.column_stack([1 - chance, chance])


def panel(tile_cells: int = 2 * BLOCK_CELLS) -> MemoryPanel:
    """Return a small city with cells that take no part, and a corner without any."""
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.05, (WEEKS, ROWS, COLUMNS)).astype(np.float32)
    kept = rng.random((ROWS, COLUMNS)) < 0.8
    kept[:BLOCK_CELLS, :BLOCK_CELLS] = False
    return MemoryPanel({"theme": counts}, kept, 3, tile_cells=tile_cells)


def subject_of(city: MemoryPanel) -> Subject:
    """Return the theme of the city with all features."""
    return Subject(city, "theme", FEATURES)


def sample(tile_cells: int) -> Sample:
    """Draw a sample on tiles of this size."""
    with open_work() as work:
        return sample_panel(subject_of(panel(tile_cells)), TRAIN, [1], work)


def test_a_sample_does_not_depend_on_how_the_grid_is_cut() -> None:
    """The same rows in the same order with the same bits, on one tile and on six."""
    one, six = sample(4 * BLOCK_CELLS), sample(BLOCK_CELLS)

    assert len(panel(BLOCK_CELLS).corners) == 5
    assert len(one.hit) > 1000
    for name in ("features", "hit", "weight", "place"):
        assert np.array_equal(getattr(one, name), getattr(six, name))


def test_a_sample_holds_every_hit_and_weighs_the_rest() -> None:
    """Weights add up to the cell-weeks there are, and no row is of a cell that takes no part."""
    drawn, city = sample(BLOCK_CELLS), panel()
    inside = city.themes["theme"][TRAIN][:, city.kept]
    cells = drawn.place[:, 1]

    assert (inside > 0).sum() == drawn.hit.sum()
    assert pytest.approx(inside.size, rel=0.05) == drawn.weight.sum()
    assert city.kept.ravel()[cells].all()
    assert len(np.unique(drawn.place, axis=0)) == len(drawn.hit)
    hit = city.themes["theme"].reshape(WEEKS, -1)[drawn.place[:, 0], cells] > 0
    assert np.array_equal(hit, drawn.hit)


def test_a_sample_stays_within_its_bound() -> None:
    """Where incidents are many both kinds are thinned, and weights say by how much."""
    chances = chances_for(10_000, 60_000, most=5_000)
    dense = whole(np.ones((60, 50, 20), dtype=np.uint8), 3)
    rows, hit = draw_rows(dense, slice(0, 60), chances, [1])

    assert pytest.approx(0.1) == chances.hit
    assert pytest.approx(4_000 / 50_000) == chances.other
    assert hit.all()
    assert 5_500 < len(rows.weeks) < 6_500


def test_scores_do_not_depend_on_how_the_grid_is_cut() -> None:
    """Nor does any cell that takes no part get one."""
    weeks = np.array([40, 60])
    with open_work() as work:
        one, six = (
            spread(score_panel(scoring_of(subject_of(city), Mean(), weeks), work), city)
            for city in (panel(4 * BLOCK_CELLS), panel(BLOCK_CELLS))
        )

    assert np.array_equal(one, six)
    assert (one[:, panel().kept] > 0).mean() > 0.5
    assert not one[:, ~panel().kept].any()


def test_a_tile_that_was_put_down_is_not_scored_again(tmp_path: Path) -> None:
    """A run goes on where it stopped, and a half-written tile is none."""
    city, weeks, first, second = panel(BLOCK_CELLS), np.array([60]), Mean(), Mean()
    with open_work() as work:
        one, two = (
            scoring_of(subject_of(city), model, weeks, tmp_path, "name")
            for model in (first, second)
        )
        done = spread(score_panel(one, work), city)
        [tile] = tmp_path.rglob("0-32.npy")
        tile.rename(tile.with_name(f".{tile.name}.left-behind"))
        again = spread(score_panel(two, work), city)

    assert (5, 1) == (first.asked, second.asked)
    assert np.array_equal(done, again)


def test_a_tile_of_another_model_or_record_is_not_taken_up(tmp_path: Path) -> None:
    """One incident more, another model or another week: nothing that was put down is its score."""
    plain, more = panel(BLOCK_CELLS), panel(BLOCK_CELLS)
    more.themes["theme"][59, 40, 40] += 1
    asked = [
        (plain, np.array([60]), "name"),
        (more, np.array([60]), "name"),
        (plain, np.array([60]), "other"),
        (plain, np.array([59]), "name"),
    ]
    models = [Mean() for _ in asked]
    with open_work() as work:
        for model, (city, weeks, name) in zip(models, asked, strict=True):
            score_panel(scoring_of(subject_of(city), model, weeks, tmp_path, name), work)

    assert [5] * 4 == [model.asked for model in models]
