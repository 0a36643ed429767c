"""A forecast of a whole country: ten themes, next week, tile by tile.

    python benchmarks/country.py --out docs/measured/country.md

The grid is as large as that of the Netherlands at 125 m; incidents are simulated, sparse and
gathered in places. Every size is run with two worker processes of one thread each, a cluster of
this machine; then one worker and two do the same work at one size.
"""

import argparse
import math
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import psutil
from distributed import LocalCluster  # noqa: TID251 - the cluster that is measured
from numpy.typing import NDArray

from cas_audit.forecast.city import REACH_CELLS
from cas_audit.forecast.country import Plan, forecast_week
from cas_audit.forecast.features import FEATURES
from cas_audit.forecast.fitting import fit_ensemble
from cas_audit.forecast.store import StoredPanel, store_panel
from cas_audit.forecast.work import open_work

ROWS, COLUMNS, WEEKS = 2600, 2240, 156
INCIDENTS = 5_200_000
TRAIN = slice(104, 156)
THEMES = [f"theme_{number}" for number in range(10)]
SIZES = (10_000, 240_000, ROWS * COLUMNS)
PAIR_CELLS = 80_000
PIECES = 8
HEADER = (
    "| cells | cell-weeks with an incident | panel, s | forecast, s | of processors, s "
    "| peak, GiB | flagged |"
)
NOTE = (
    "`forecast` is sampling, fits and scores of all themes, as the clock says; `of processors` is "
    "what it kept processors busy, which others on the machine change little; `panel` is what "
    "comes before."
)


@dataclass(frozen=True)
class Measured:
    """One run: its size, its seconds, those of its processors, and the most memory of all."""

    cells: int
    incidents: int
    build: float
    forecast: float
    busy: float
    peak_gib: float
    flagged: int


def shape_of(cells: int) -> tuple[int, int]:
    """Return a grid of about so many cells, of the proportions of the whole."""
    rows = max(round(math.sqrt(cells * ROWS / COLUMNS)), 8)
    return rows, max(round(cells / rows), 8)


def incidents(shape: tuple[int, int], weeks: pd.DatetimeIndex) -> Iterator[pd.DataFrame]:
    """Draw counted incidents, piece by piece: places differ, and so do themes."""
    cells = shape[0] * shape[1]
    rng = np.random.default_rng(1)
    rate = np.cumsum(rng.gamma(0.05, size=cells) + 1e-4)
    number = max(round(INCIDENTS * cells / (ROWS * COLUMNS)), 2_000) // PIECES
    for _ in range(PIECES):
        cell = np.searchsorted(rate, rng.random(number) * rate[-1])
        yield pd.DataFrame(
            {
                "theme": pd.Categorical.from_codes(rng.integers(0, 10, number), THEMES),
                "week": weeks[rng.integers(0, WEEKS, number)],
                "cell": cell,
                "count": 1,
            }
        )


def build(folder: Path, shape: tuple[int, int]) -> StoredPanel:
    """Store the panel."""
    weeks = pd.date_range("2022-01-03", periods=WEEKS, freq="7D")
    kept: NDArray[np.bool_] = np.ones(shape, dtype=bool)
    return store_panel(
        folder / "panel", incidents(shape, weeks), THEMES, weeks, kept, halo=REACH_CELLS
    )


class Watch:
    """The most memory that this process and its children hold together."""

    def __init__(self) -> None:
        """Look once a second: looking is work too."""
        self.peak, self._stop = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        us = psutil.Process()
        while not self._stop.wait(1):
            total = 0
            for one in (us, *us.children(recursive=True)):
                try:
                    total += one.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.peak = max(self.peak, total)


def measure(cells: int, workers: int) -> Measured:
    """Build a panel, and forecast its next week by so many workers."""
    shape = shape_of(cells)
    how = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with (
        tempfile.TemporaryDirectory() as name,
        LocalCluster(n_workers=workers, memory_limit="3GiB", **how) as cluster,
        Watch() as watch,
    ):
        folder, start = Path(name), time.perf_counter()
        panel = build(folder, shape)
        middle, before = time.perf_counter(), busy()
        plan = Plan(FEATURES, fit_ensemble, TRAIN, WEEKS)
        with open_work(cluster.scheduler_address, folder) as work:
            flagged = forecast_week(panel, plan, work)
        end, after = time.perf_counter(), busy()
        known = sum(int(panel.hits(theme).sum()) for theme in THEMES)
    seconds = (middle - start, end - middle, after - before)
    found = Measured(shape[0] * shape[1], known, *seconds, watch.peak / 2**30, len(flagged))
    print(found, file=sys.stderr)
    return found


def busy() -> float:
    """Return the processor seconds of this process and its children so far."""
    us = psutil.Process()
    times = [one.cpu_times() for one in (us, *us.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def report(cells: int, pair: int) -> str:
    """Measure every size up to this, and one worker against two."""
    load = os.getloadavg()[0]
    found = [measure(size, 2) for size in SIZES[::-1] if size <= cells][::-1]
    one, two = measure(pair, 1), measure(pair, 2)
    lines = [
        f"{WEEKS} weeks, {len(THEMES)} themes, {len(FEATURES)} features; two worker processes of",
        f"one thread each on {os.cpu_count()} cores. Load before the first run {load:.1f}, after",
        f"the last {os.getloadavg()[0]:.1f}: above two, others used these cores as well.",
        "",
        HEADER,
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {at.cells:,} | {at.incidents:,} | {at.build:.1f} | {at.forecast:.1f} | {at.busy:.1f} "
        f"| {at.peak_gib:.1f} | {at.flagged:,} |"
        for at in found
    ]
    return "\n".join([*lines, "", *_said(found, one, two)])


def _said(found: list[Measured], one: Measured, two: Measured) -> list[str]:
    """Return the slopes and the ratio, in sentences."""
    parts = (found, [at for at in found if at.cells > 10 * SIZES[0]])
    said = [NOTE, "", *(_slopes(part) for part in parts if len(part) > 1)]
    ratio = one.forecast / two.forecast
    said.append(
        f"The forecast of {one.cells:,} cells takes one worker {one.forecast:.1f} s and two "
        f"{two.forecast:.1f} s: {ratio:.2f} times faster."
    )
    return said


def _slopes(found: list[Measured]) -> str:
    """Say how time grows with cells."""
    cells = np.log([at.cells for at in found])
    clock, used = (
        np.polyfit(cells, np.log(seconds), 1)[0]
        for seconds in ([at.build + at.forecast for at in found], [at.busy for at in found])
    )
    return (
        f"From {found[0].cells:,} to {found[-1].cells:,} cells, all seconds grow as cells to the "
        f"power {clock:.2f}, those of processors to the power {used:.2f} (least squares on "
        f"logarithms)."
    )


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=ROWS * COLUMNS)
    parser.add_argument("--pair-cells", type=int, default=PAIR_CELLS)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    command = (
        f"python benchmarks/country.py --cells {chosen.cells} --pair-cells {chosen.pair_cells}"
    )
    text = report(chosen.cells, chosen.pair_cells)
    page = f"# A country\n\nMade by `{command}`.\n\n{text}\n"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
