"""The panel of a country, stored in zarr: a chunk a theme and tile, all its weeks together.

A chunk holds its tile with the halo, so that a tile is one chunk to read, and a tile in which a
theme has no incident is not there at all. It is built from counted incidents, piece by piece.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr  # noqa: TID251 - the door
from numpy.typing import NDArray

from cas_audit.errors import EvidenceError
from cas_audit.files import read_json
from cas_audit.forecast.panels import TILE_CELLS, Corner, MemoryPanel, corners_of, fingerprint
from cas_audit.forecast.tile import Counts, Layers, Tile
from cas_audit.progress import track

__all__ = ["StoredPanel", "keep_panel", "store_panel"]


@dataclass(frozen=True)
class _Opened:
    """The arrays of a panel; opening one takes longer than reading a tile."""

    about: dict[str, Any]
    counts: Any
    kept: Any
    layers: dict[str, Any]
    mondays: NDArray[np.datetime64]
    hits: NDArray[np.int64]


@lru_cache(maxsize=16)
def _opened(path: Path, changed: int) -> _Opened:  # noqa: ARG001 - a panel built anew is another
    if not StoredPanel(path).is_whole:
        message = f"{path} is no whole panel; expected one that was built to its end."
        raise EvidenceError(message)
    group: Any = zarr.open_group(path, mode="r")
    return _Opened(
        dict(group.attrs),
        group["counts"],
        group["kept"],
        dict(group["layers"].arrays()),
        group["mondays"][:].view("M8[ns]"),
        group["hits"][:],
    )


@dataclass(frozen=True)
class StoredPanel:
    """A panel in a folder; only the path travels to workers."""

    path: Path

    def __reduce__(self) -> tuple[type["StoredPanel"], tuple[Path]]:
        """Leave what was read behind: a copy goes out with every tile that is asked for."""
        return StoredPanel, (self.path,)

    @property
    def is_whole(self) -> bool:
        """Whether it was built to its end: its digest is written last."""
        about = self.path / "zarr.json"
        return about.is_file() and "fingerprint" in read_json(about).get("attributes", {})

    @property
    def _open(self) -> _Opened:
        return _opened(self.path, (self.path / "zarr.json").stat().st_mtime_ns)

    @property
    def _about(self) -> dict[str, Any]:
        return self._open.about

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """Cells that take part, shape (rows, columns)."""
        found: NDArray[np.bool_] = self._open.kept[:]
        return found

    @property
    def tile_cells(self) -> int:
        """The side of a tile."""
        return int(self._about["tile_cells"])

    @property
    def fingerprint(self) -> str:
        """A digest of all it holds."""
        return str(self._about["fingerprint"])

    @property
    def themes(self) -> list[str]:
        """Its themes."""
        return list(self._about["themes"])

    @cached_property
    def corners(self) -> list[Corner]:
        """First row and column of every tile that has a kept cell."""
        return corners_of(self.kept, self.tile_cells)

    def tile(self, theme: str, corner: Corner) -> Tile:
        """Read a tile of a theme; other themes are read when they are asked for."""
        rows, columns = (slice(at, at + self.tile_cells) for at in corner)
        others = [name for name in self.themes if name != theme]
        opened = self._open
        layers = {name: np.asarray(one[rows, columns]) for name, one in opened.layers.items()}
        return Tile(
            self.counts(theme, corner),
            int(self._about["halo"]),
            np.asarray(opened.kept[rows, columns]),
            _Others(self, corner, others),
            layers,
            opened.mondays,
            corner,
            int(self._about["columns"]),
        )

    def counts(self, theme: str, corner: Corner) -> Counts:
        """Read the incidents of a theme in a tile with its halo."""
        array, halo = self._open.counts, int(self._about["halo"])
        wide = self.tile_cells + 2 * halo
        number = self.themes.index(theme)
        spans = [
            slice(at // self.tile_cells * wide, at // self.tile_cells * wide + size)
            for at, size in zip(corner, self._sizes(corner), strict=True)
        ]
        found: Counts = array[number, :, spans[0], spans[1]]
        return found

    def _sizes(self, corner: Corner) -> tuple[int, ...]:
        """Return the rows and columns of a tile with its halo; the last ones may be cut short."""
        whole = (int(self._about["rows"]), int(self._about["columns"]))
        halo = int(self._about["halo"])
        return tuple(
            min(self.tile_cells, size - at) + 2 * halo
            for at, size in zip(corner, whole, strict=True)
        )

    def hits(self, theme: str) -> NDArray[np.int64]:
        """Return how many kept cells have an incident, a number a week."""
        found: NDArray[np.int64] = self._open.hits[self.themes.index(theme)]
        return found


class _Others(Mapping[str, Counts]):
    """Other themes of a tile, each read when it is asked for."""

    def __init__(self, panel: StoredPanel, corner: Corner, names: list[str]) -> None:
        self.panel, self.corner, self.names = panel, corner, names

    def __getitem__(self, theme: str) -> Counts:
        if theme not in self.names:
            raise KeyError(theme)
        return self.panel.counts(theme, self.corner)

    def __iter__(self) -> Any:  # noqa: ANN401 - of names
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def store_panel(
    path: Path,
    pieces: Iterable[pd.DataFrame],
    themes: Sequence[str],
    weeks: pd.DatetimeIndex,
    kept: NDArray[np.bool_],
    *,
    halo: int,
    layers: Layers | None = None,
    tile_cells: int = TILE_CELLS,
) -> StoredPanel:
    """Build a panel in a folder from counted incidents.

    Args:
        path: the folder; a panel that stands there is replaced.
        pieces: tables with the columns theme, week (Monday), cell (row * columns + column) and
            count; the same cell and week may stand in several.
        themes: themes to keep, in order; others are left out.
        weeks: every Monday of the history, sorted; other weeks are left out.
        kept: cells that take part, shape (rows, columns).
        halo: cells that the farthest feature looks away.
        layers: what stands still, each (rows, columns).
        tile_cells: the side of a tile, a multiple of the block of the sample.
    """
    found = _compact(pieces, themes, weeks, kept.size)
    group = zarr.create_group(path, overwrite=True)
    rows, columns = kept.shape
    wide = tile_cells + 2 * halo
    tiles = (-(-rows // tile_cells), -(-columns // tile_cells))
    group.create_array(
        "counts",
        shape=(len(themes), len(weeks), tiles[0] * wide, tiles[1] * wide),
        chunks=(1, len(weeks), wide, wide),
        dtype=np.min_scalar_type(int(found.count.max(initial=0))),
        compressors=zarr.codecs.ZstdCodec(level=1),
        config={"write_empty_chunks": True},  # none is written; looking took six times the writing
    )
    _write_tiles(group["counts"], found, columns, tile_cells, halo)
    squares = (min(tile_cells, rows), min(tile_cells, columns))
    for name, layer in (layers or {}).items():
        group.create_array(f"layers/{name}", data=layer.astype(np.float32), chunks=squares)
    group.require_group("layers")
    group.create_array("kept", data=kept, chunks=squares)
    group.create_array("mondays", data=_with_next(weeks).astype("M8[ns]").view(np.int64))
    group.create_array("hits", data=_hits(found, len(themes), len(weeks), kept))
    about = {"rows": rows, "columns": columns, "halo": halo, "tile_cells": tile_cells}
    print_of = fingerprint(*astuple(found), kept, *(layers or {}).values(), str(weeks), str(about))
    group.attrs.update({**about, "themes": list(themes), "fingerprint": print_of})
    return StoredPanel(path)


def keep_panel(folder: Path, panel: MemoryPanel) -> StoredPanel:
    """Store a panel in memory for workers elsewhere, unless it was stored before."""
    path = folder / panel.fingerprint
    kept = StoredPanel(path)
    if kept.is_whole:
        return kept
    weeks = pd.DatetimeIndex(panel.mondays[: panel.weeks])
    pieces = (_table(theme, counts, weeks) for theme, counts in panel.themes.items())
    return store_panel(
        path,
        pieces,
        list(panel.themes),
        weeks,
        panel.kept,
        halo=panel.halo,
        layers=panel.layers,
        tile_cells=panel.tile_cells,
    )


def _table(theme: str, counts: Counts, weeks: pd.DatetimeIndex) -> pd.DataFrame:
    week, row, column = np.nonzero(counts)
    cell, number = row * counts.shape[2] + column, counts[week, row, column]
    return pd.DataFrame({"theme": theme, "week": weeks[week], "cell": cell, "count": number})


def _with_next(weeks: pd.DatetimeIndex) -> NDArray[np.datetime64]:
    """Add the week after the history, which can be asked for."""
    return weeks.append(weeks[-1:] + pd.Timedelta(days=7)).to_numpy()


@dataclass(frozen=True)
class _Counted:
    """Counted incidents, each week, cell and theme once."""

    theme: NDArray[np.int64]
    week: NDArray[np.int64]
    cell: NDArray[np.int64]
    count: NDArray[np.int64]


def _compact(
    pieces: Iterable[pd.DataFrame], themes: Sequence[str], weeks: pd.DatetimeIndex, cells: int
) -> _Counted:
    """Number themes and weeks, and add up what stands in several pieces."""
    keys, counts = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for piece in pieces:
        theme = pd.Index(themes).get_indexer(pd.Index(piece["theme"]))
        week = weeks.get_indexer(pd.DatetimeIndex(piece["week"]))
        known = (theme >= 0) & (week >= 0)
        key = (theme * len(weeks) + week) * cells + piece["cell"].to_numpy(np.int64)
        keys.append(key[known])
        counts.append(piece["count"].to_numpy(np.int64)[known])
    key, where = np.unique(np.concatenate(keys), return_inverse=True)
    total = np.bincount(where, np.concatenate(counts), len(key)).astype(np.int64)
    theme_week, cell = np.divmod(key, cells)
    return _Counted(*np.divmod(theme_week, len(weeks)), cell, total)


def _write_tiles(
    array: Any,  # noqa: ANN401 - of zarr
    found: _Counted,
    grid_columns: int,
    tile_cells: int,
    halo: int,
) -> None:
    """Write each theme and tile that holds an incident, as one chunk."""
    row, column = np.divmod(found.cell, grid_columns)
    wide = tile_cells + 2 * halo
    tiles = array.shape[2] // wide, array.shape[3] // wide
    of, ty, tx = _falls_in((row, column), tiles, tile_cells, halo)
    group = (found.theme[of] * tiles[0] + ty) * tiles[1] + tx
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))

    def write(rows: NDArray[np.int64]) -> None:
        first, at = rows[0], of[rows]
        chunk = np.zeros((array.shape[1], wide, wide), dtype=array.dtype)
        y = row[at] - ty[first] * tile_cells + halo
        x = column[at] - tx[first] * tile_cells + halo
        chunk[found.week[at], y, x] = found.count[at]
        square = (slice(int(t) * wide, (int(t) + 1) * wide) for t in (ty[first], tx[first]))
        array[int(found.theme[of[first]]), :, *square] = chunk

    with ThreadPoolExecutor() as threads:
        parts = [part for part in np.split(order, starts[1:]) if part.size]
        for _ in track(threads.map(write, parts), "panel", len(parts)):
            pass


def _falls_in(
    place: tuple[NDArray[np.int64], ...], tiles: tuple[int, int], tile_cells: int, halo: int
) -> tuple[NDArray[np.int64], ...]:
    """Return incident, tile row and tile column of every incident in a tile or its halo."""
    low, high = ([(one + sign * halo) // tile_cells for one in place] for sign in (-1, 1))
    two = [first != second for first, second in zip(low, high, strict=True)]
    number = np.arange(len(place[0]))
    corners = (
        (number, low[0], low[1]),
        (number[two[0]], high[0][two[0]], low[1][two[0]]),
        (number[two[1]], low[0][two[1]], high[1][two[1]]),
        (number[two[0] & two[1]], *(one[two[0] & two[1]] for one in high)),
    )
    every = np.concatenate([np.stack(corner, axis=1) for corner in corners])
    inside = (every[:, 1:] >= 0).all(axis=1) & (every[:, 1:] < tiles).all(axis=1)
    of, ty, tx = every[inside].T
    return of, ty, tx


def _hits(found: _Counted, themes: int, weeks: int, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the kept cells with an incident per theme and week."""
    inside = kept.ravel()[found.cell]
    number = found.theme[inside] * weeks + found.week[inside]
    return np.bincount(number, minlength=themes * weeks).reshape(themes, weeks)
