"""What is known of cells before the weeks asked for: the past of a tile, made once and shared.

A *series* runs along time: its entry for a week rests on the weeks before that week only. Counts
are differences of one running total, whatever their window. What is asked for is either whole
weeks of some cells (`Weeks`) or single cell-weeks, such as a sample (`Rows`); nothing is made of
cells or weeks that nobody asked for.

Values are float32. Totals of incidents are whole numbers, and exact below 2 ** 24.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cas_audit.forecast.neighbourhood import square_at, square_sums
from cas_audit.forecast.tile import Tile

__all__ = ["Asked", "Past", "Rows", "Weeks"]

Array = NDArray[np.float32]
Numbers = NDArray[np.int64]
Step = Callable[[Array, Array], Array]  # the series so far, the incidents of a week: the series
Series = tuple[str, Step, str | None]  # its name, its step, another theme


@dataclass(frozen=True)
class Weeks:
    """Every one of these cells in every one of these weeks; a week may follow the history."""

    weeks: Numbers
    cells: Numbers  # row * columns + column, within the tile

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is asked for."""
        return len(self.weeks), len(self.cells)


@dataclass(frozen=True)
class Rows:
    """Single cell-weeks: a week and a cell each."""

    weeks: Numbers
    cells: Numbers

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is asked for."""
        return (len(self.weeks),)


Asked = Weeks | Rows


class Past:
    """The past of a tile, as seen from what is asked for; every value has the shape asked."""

    def __init__(self, tile: Tile, asked: Asked) -> None:
        """Take what is known and what is asked for."""
        self.tile, self.asked = tile, asked
        self._series: dict[tuple[str, str | None], Array] = {}
        self._sums: dict[tuple[str, str | None, int, int], Array] = {}

    def count(
        self, window: int, reach: int = 0, *, ago: int = 0, theme: str | None = None
    ) -> Array:
        """Count incidents in the weeks before, in the cell or in the ring around it.

        Args:
            window: weeks to count over; cut where the history begins.
            reach: cells around; the cell itself is left out unless this is 0.
            ago: weeks between the end of the window and the week asked for.
            theme: another theme of the tile.
        """
        upto = self._slabs(("total", np.add, theme), reach, ago)
        since = self._slabs(("total", np.add, theme), reach, ago + window)
        found = np.empty(self.asked.shape, dtype=np.float32)
        for out, one, other in zip(found.reshape(len(upto), -1), upto, since, strict=True):
            np.subtract(one, other, out=out)
        return found

    def running(
        self, name: str, step: Step, reach: int = 0, *, ago: int = 0, theme: str | None = None
    ) -> Array:
        """Return a series as it stood before the weeks asked for, summed over the ring if reach.

        Args:
            name: tells series apart, so that each is made once.
            step: takes the series (at first nought) and the incidents of a week, both of shape
                (rows, columns), and returns the series after that week.
            reach: cells around; the cell itself is left out unless this is 0.
            ago: weeks to look back from the week asked for.
            theme: another theme of the tile.
        """
        return np.stack(self._slabs((name, step, theme), reach, ago)).reshape(self.asked.shape)

    def layer(self, name: str) -> Array:
        """Return what stands still, the same in every week."""
        values = self.tile.layers[name].ravel()[self.asked.cells]
        return np.broadcast_to(values, self.asked.shape)

    def mondays(self) -> NDArray[np.datetime64]:
        """Return the first day of the weeks asked for, of a shape that fits the other values."""
        days = self.tile.mondays[self.asked.weeks]
        return days if isinstance(self.asked, Rows) else days[:, None]

    def _slabs(self, of: Series, reach: int, ago: int) -> list[Array]:
        """Return a series for the cells asked for: an array a week, or one of all rows."""
        if reach > self.tile.halo:
            message = f"A feature reaches {reach} cells; the tile has a halo of {self.tile.halo}."
            raise ValueError(message)
        weeks = np.maximum(self.asked.weeks - ago, 0)
        if isinstance(self.asked, Weeks):
            return [self._of_week(of, reach, int(week)) for week in weeks]
        return [self._of_rows(of, weeks, self.asked.cells, reach)]

    def _made(self, of: Series) -> Array:
        """Run a series along the weeks, unless that was done before."""
        name, step, theme = of
        if (name, theme) not in self._series:
            counts = self.tile.counts if theme is None else self.tile.themes[theme]
            last = min(int(self.asked.weeks.max(initial=0)), len(counts))
            series = np.zeros((last + 1, *counts.shape[1:]), dtype=np.float32)
            for week in range(last):
                series[week + 1] = step(series[week], counts[week].astype(np.float32, copy=False))
            self._series[name, theme] = series
        return self._series[name, theme]

    def _of_week(self, of: Series, reach: int, week: int) -> Array:
        """Return a week of a series, summed over the ring, for the cells asked for."""
        key = (of[0], of[2], reach, week)
        if key not in self._sums:
            edge = self.tile.halo - reach
            series = self._made(of)
            rows, columns = series.shape[1:]
            wide = series[week, edge : rows - edge, edge : columns - edge]
            ring = square_sums(wide, reach)
            if reach:
                ring -= wide[reach:-reach, reach:-reach]
            self._sums[key] = ring.ravel()[self.asked.cells]
        return self._sums[key]

    def _of_rows(self, of: Series, weeks: Numbers, cells: Numbers, reach: int) -> Array:
        series, (row, column) = self._made(of), np.divmod(cells, self.tile.shape[1])
        edge = self.tile.halo - reach
        ring = square_at(series, weeks, (row + edge, column + edge), reach)
        if reach:
            ring -= series[weeks, row + self.tile.halo, column + self.tile.halo]
        return ring
