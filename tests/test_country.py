"""A country's forecast: the same flags however it is cut, and a run that goes on after a stop."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cas_audit.errors import InputError
from cas_audit.forecast.country import Plan, forecast_week
from cas_audit.forecast.features import FEATURES
from cas_audit.forecast.fitting import fit_ensemble
from cas_audit.forecast.sampling import BLOCK_CELLS
from cas_audit.forecast.store import StoredPanel, store_panel
from cas_audit.forecast.work import open_work

ROWS, COLUMNS, WEEKS = 70, 60, 80
MONDAYS = pd.date_range("2024-01-01", periods=WEEKS, freq="7D")
PLAN = Plan(FEATURES, fit_ensemble, slice(53, WEEKS), WEEKS)


def country(path: Path, tile_cells: int = BLOCK_CELLS, second: str = "b") -> StoredPanel:
    """Return a panel of two themes, one of which may have no incident."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(0.3, size=ROWS * COLUMNS)
    cell = rng.choice(ROWS * COLUMNS, 9_000, p=rate / rate.sum())
    theme = rng.choice(["a", second], 9_000)
    week = MONDAYS[rng.integers(0, WEEKS, 9_000)]
    table = pd.DataFrame({"theme": theme, "week": week, "cell": cell, "count": 1})
    kept = rng.random((ROWS, COLUMNS)) < 0.9
    return store_panel(path, [table], ["a", "b"], MONDAYS, kept, halo=3, tile_cells=tile_cells)


def test_flags_do_not_depend_on_how_the_country_is_cut(tmp_path: Path) -> None:
    """Three percent of the kept cells of each theme, and the same ones on one tile and on six."""
    with open_work() as work:
        six = forecast_week(country(tmp_path / "six"), PLAN, work)
        one = forecast_week(country(tmp_path / "one", 4 * BLOCK_CELLS), PLAN, work)
    kept = country(tmp_path / "one").kept

    assert [round(0.03 * kept.sum())] * 2 == six["theme"].value_counts().to_list()
    assert kept.ravel()[six["cell"]].all()
    assert one[["theme", "cell"]].equals(six[["theme", "cell"]])
    assert one["score"].to_numpy() == pytest.approx(six["score"].to_numpy(), abs=1e-6)


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """Tiles that were put down are taken up, the rest is scored, and the flags are the same."""
    panel, folder = country(tmp_path / "panel"), tmp_path / "work"
    with open_work(folder=folder) as work:
        whole = forecast_week(panel, PLAN, work)
        tiles = sorted(folder.rglob("*.npy"))
        for path in tiles[::2]:
            path.unlink()
        before = {path: path.stat().st_mtime_ns for path in tiles[1::2]}
        again = forecast_week(panel, PLAN, work)

    assert len(tiles) == 2 * len(panel.corners) == len(list(folder.rglob("*.npy")))
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert whole.equals(again)


def test_a_theme_without_incidents_is_refused(tmp_path: Path) -> None:
    """A model cannot be fitted on nothing, and no flag may come of it."""
    panel = country(tmp_path / "panel", second="other")

    with open_work() as work, pytest.raises(InputError, match="1 themes have no incident"):
        forecast_week(panel, PLAN, work)
