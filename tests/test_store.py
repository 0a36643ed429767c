"""The stored panel: tile by tile it is what a panel in memory is, and a broken one is refused."""

from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd
import pytest

from cas_audit.errors import EvidenceError
from cas_audit.forecast.panels import MemoryPanel
from cas_audit.forecast.sampling import BLOCK_CELLS
from cas_audit.forecast.store import StoredPanel, store_panel

SHAPE = (20, 71, 45)
MONDAYS = pd.date_range("2025-01-06", periods=SHAPE[0], freq="7D")
THEMES = ["burglary", "robbery"]


def table(counts: np.ndarray, theme: str) -> pd.DataFrame:
    """Return counted incidents as the gate leaves them."""
    week, row, column = np.nonzero(counts)
    number = counts[week, row, column].astype(int)
    cell = row * SHAPE[2] + column
    return pd.DataFrame({"theme": theme, "week": MONDAYS[week], "cell": cell, "count": number})


def memory(tile_cells: int = BLOCK_CELLS) -> MemoryPanel:
    """Return a small panel; one theme lives in a corner only, with a count that needs two bytes."""
    rng = np.random.default_rng(1)
    counts = {name: rng.poisson(0.05, SHAPE).astype(np.uint16) for name in THEMES}
    counts["robbery"][:, 30:] = 0
    counts["robbery"][3, 5, 5] = 300
    kept = rng.random(SHAPE[1:]) < 0.8
    height = {"height": rng.random(SHAPE[1:], dtype=np.float32)}
    days = MONDAYS.append(MONDAYS[-1:] + pd.Timedelta(days=7)).to_numpy().astype("M8[ns]")
    return MemoryPanel(counts, kept, 3, height, days, tile_cells)


def stored(path: Path, panel: MemoryPanel) -> StoredPanel:
    """Store it, from pieces that overlap and hold what was not asked for."""
    whole = pd.concat([table(counts, name) for name, counts in panel.themes.items()])
    whole = whole.sample(frac=1, random_state=1)
    one = whole.head(500)
    part = whole["count"] > 1
    pieces = [
        one,
        whole.iloc[500:].assign(count=lambda rows: rows["count"].where(~part.iloc[500:], 1)),
        whole.iloc[500:][part.iloc[500:]].assign(count=lambda rows: rows["count"] - 1),
        one.assign(theme="other"),
        one.assign(week=MONDAYS[0] - pd.Timedelta(days=7)),
    ]
    return store_panel(
        path,
        pieces,
        THEMES,
        MONDAYS,
        panel.kept,
        halo=panel.halo,
        layers=panel.layers,
        tile_cells=panel.tile_cells,
    )


@pytest.mark.parametrize("tile_cells", [BLOCK_CELLS, 4 * BLOCK_CELLS])
def test_a_stored_tile_is_what_a_tile_in_memory_is(tmp_path: Path, tile_cells: int) -> None:
    """With its halo, other themes, layers and calendar, at the edge of the grid and inside it."""
    expected = memory(tile_cells)
    found = stored(tmp_path / "panel", expected)

    assert expected.corners == found.corners
    for theme in THEMES:
        assert np.array_equal(expected.hits(theme), found.hits(theme))
        for corner in expected.corners:
            one, other = expected.tile(theme, corner), found.tile(theme, corner)
            assert np.array_equal(one.counts, other.counts)
            assert np.array_equal(one.kept, other.kept)
            assert np.array_equal(one.mondays, other.mondays)
            assert np.array_equal(one.layers["height"], other.layers["height"])
            assert (one.halo, one.corner, one.grid_columns) == (
                other.halo,
                other.corner,
                other.grid_columns,
            )
            assert list(one.themes) == list(other.themes)
            for name in one.themes:
                assert np.array_equal(one.themes[name], other.themes[name])


def test_a_tile_without_incidents_takes_no_place(tmp_path: Path) -> None:
    """Of six tiles the second theme is in two; the others are not written."""
    stored(tmp_path / "panel", memory())
    chunks = {path.relative_to(tmp_path / "panel/counts/c") for path in tmp_path.rglob("c/*/0/*/*")}

    assert {"0/0/0/0", "0/0/2/1", "1/0/0/0", "1/0/0/1"} <= {str(path) for path in chunks}
    assert not [path for path in chunks if str(path).startswith("1/0/2")]


def test_only_the_path_travels(tmp_path: Path) -> None:
    """What this process read of a panel is not sent along with every tile."""
    panel = stored(tmp_path / "panel", memory())
    before = len(cloudpickle.dumps(panel))

    assert panel.kept.any()
    assert panel.corners
    assert before == len(cloudpickle.dumps(panel)) < 1000
    assert panel == cloudpickle.loads(cloudpickle.dumps(panel))


def test_a_panel_that_was_not_built_to_its_end_is_refused(tmp_path: Path) -> None:
    """Its digest is written last."""
    panel = stored(tmp_path / "panel", memory())
    content = (tmp_path / "panel/zarr.json").read_text()
    (tmp_path / "panel/zarr.json").write_text(content.replace('"fingerprint"', '"other"'))

    with pytest.raises(EvidenceError, match="no whole panel"):
        StoredPanel(panel.path).tile("burglary", (0, 0))


def test_what_a_panel_holds_is_in_its_fingerprint(tmp_path: Path) -> None:
    """The same record gives the same digest; one incident more another."""
    plain, more = memory(), memory()
    more.themes["burglary"][5, 5, 5] += 1
    prints = [
        stored(tmp_path / str(number), panel).fingerprint
        for number, panel in enumerate((plain, memory(), more))
    ]

    assert prints[0] == prints[1] != prints[2]
    assert plain.fingerprint == memory().fingerprint != more.fingerprint
