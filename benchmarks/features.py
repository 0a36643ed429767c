"""How long features take: running totals of an array, against rolling windows of a long table.

    python benchmarks/features.py --out docs/measured/features.md

All ways make the same twelve columns of the same simulated incidents, each in a process of its
own, and must agree. Ours starts from the array that the panel is, the others from a table of one
row a cell and week, sorted by cell and week; making either is not timed.
"""

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cas_audit.forecast.features import FEATURES, Feature
from cas_audit.forecast.panels import MemoryPanel
from cas_audit.forecast.past import Past, Weeks

if TYPE_CHECKING:
    import pandas as pd

WEEKS, PER_CELL_WEEK, SIDE = 156, 0.05, 64
ABSENT = "polars is not installed here, so it was not measured: `pip install 'cas-audit[bench]'`."
KEYS = ("cell", "y", "x", "week")
Columns = Iterator[NDArray[np.floating]]


def simulated(rows: int) -> NDArray[np.uint8]:
    """Return incidents on a square grid of so many cell-weeks."""
    side = max(round((rows / WEEKS) ** 0.5), 8)
    rng = np.random.default_rng(1)
    return rng.poisson(PER_CELL_WEEK, (WEEKS, side, side)).astype(np.uint8)


def long_table(counts: NDArray[np.uint8]) -> "pd.DataFrame":
    """Return a row a cell and week, sorted by cell and week."""
    import pandas as pd  # noqa: PLC0415 - ours does without, and memory is measured

    weeks, rows, columns = counts.shape
    return pd.DataFrame(
        {
            "cell": np.repeat(np.arange(rows * columns, dtype=np.int32), weeks),
            "y": np.repeat(np.arange(rows, dtype=np.int16), columns * weeks),
            "x": np.tile(np.repeat(np.arange(columns, dtype=np.int16), weeks), rows),
            "week": np.tile(np.arange(weeks, dtype=np.int16), rows * columns),
            "near_0": counts.reshape(weeks, -1).T.ravel().astype(np.float32),
        }
    )


def ours(counts: NDArray[np.uint8]) -> Callable[[], Columns]:
    """Make all features of all weeks and cells, tile by tile, into one array."""
    panel = MemoryPanel({"theme": counts}, np.ones(counts.shape[1:], dtype=bool), 3)
    panel = replace(panel, tile_cells=SIDE)
    asked = np.arange(len(counts))

    def run() -> Columns:
        made = np.empty((len(FEATURES), *counts.shape), dtype=np.float32)
        for y, x in panel.corners:
            tile = panel.tile("theme", (y, x))
            past, (rows, columns) = Past(tile, Weeks(asked, tile.cells)), tile.shape
            for out, feature in zip(made, FEATURES, strict=True):
                part = feature.make(past).reshape(-1, rows, columns)
                out[:, y : y + rows, x : x + columns] = part
        return iter(made)

    return run


def by_pandas(counts: NDArray[np.uint8]) -> Callable[[], Columns]:
    """Group by cell and roll over weeks, as pandas is usually written: its own wide types."""
    table = long_table(counts).astype({"near_0": float} | dict.fromkeys(KEYS, int))

    def run() -> Columns:
        made = table.copy()
        for reach in _reaches():
            made[f"near_{reach}"] = _ring(made, reach)
        for feature in FEATURES:
            grouped = made.groupby("cell")[f"near_{feature.reach_cells}"]
            rolled = grouped.rolling(feature.window_weeks, min_periods=1).sum()
            before = rolled.groupby(level="cell").shift(1).fillna(0)
            made[feature.name] = np.log1p(before.reset_index(level="cell", drop=True))
        return (made[feature.name].to_numpy() for feature in FEATURES)

    return run


def by_pandas_sparing(counts: NDArray[np.uint8]) -> Callable[[], Columns]:
    """Do the same with the smallest types, and nothing kept that is not asked for."""
    table = long_table(counts)

    def run() -> Columns:
        made = table.copy(deep=False)
        for reach in _reaches():
            made[f"near_{reach}"] = _ring(made, reach)
        for feature in FEATURES:
            grouped = made.groupby("cell", sort=False)[f"near_{feature.reach_cells}"]
            rolled = grouped.rolling(feature.window_weeks, min_periods=1).sum()
            made["rolled"] = rolled.to_numpy(np.float32)
            before = made.groupby("cell", sort=False)["rolled"].shift(1, fill_value=0)
            made[feature.name] = np.log1p(before)
        return (made[feature.name].to_numpy() for feature in FEATURES)

    return run


def _ring(table: "pd.DataFrame", reach: int) -> NDArray[np.floating]:
    """Roll over columns, then over rows, and take off the cell itself."""
    sums = table.set_index(["week", "y", "x"])["near_0"]
    for level, order in (("y", ["week", "y", "x"]), ("x", ["week", "x", "y"])):
        sums = sums.reorder_levels(order).sort_index()
        grouped = sums.groupby(level=["week", level], sort=False)
        rolled = grouped.rolling(2 * reach + 1, center=True, min_periods=1).sum()
        sums = sums * 0 + rolled.to_numpy(sums.dtype)
    sums = sums.reorder_levels(["y", "x", "week"]).sort_index()
    return sums.to_numpy() - table["near_0"].to_numpy()


def by_polars(counts: NDArray[np.uint8]) -> Callable[[], Columns]:
    """Roll over weeks within each cell; rings by rolling over columns, then rows."""
    import polars as pl  # noqa: PLC0415 - only measured where it is

    table = pl.from_pandas(long_table(counts))

    def along(reach: int, column: str, *within: str) -> pl.Expr:
        rolled = pl.col(column).rolling_sum(2 * reach + 1, min_samples=1, center=True)
        return rolled.over(*within)

    def rolled(feature: Feature) -> pl.Expr:
        near = pl.col(f"near_{feature.reach_cells}")
        before = near.rolling_sum(feature.window_weeks, min_samples=1).shift(1, fill_value=0)
        return before.over("cell").log1p().cast(pl.Float32).alias(feature.name)

    def run() -> Columns:
        reaches = _reaches()
        rows = [along(one, "near_0", "week", "y").alias(f"row_{one}") for one in reaches]
        near = [
            (along(one, f"row_{one}", "week", "x") - pl.col("near_0")).alias(f"near_{one}")
            for one in reaches
        ]
        lazy = table.lazy().with_columns(rows).with_columns(near)
        made = lazy.select([rolled(feature) for feature in FEATURES]).collect()
        return (made[feature.name].to_numpy() for feature in FEATURES)

    return run


def _reaches() -> list[int]:
    return sorted({one.reach_cells for one in FEATURES} - {0})


WAYS = {
    "arrays, ours": ours,
    "polars": by_polars,
    "pandas, groupby-rolling": by_pandas,
    "pandas, the same in the smallest types": by_pandas_sparing,
}


def one(way: str, rows: int, repeats: int) -> None:
    """Print the best time of a way, its peak memory, and the sums of its columns."""
    run, seconds, busy = WAYS[way](simulated(rows)), [], []
    columns: Columns = iter(())
    for _ in range(repeats):
        columns = iter(())  # what was made before is let go
        start, before = time.perf_counter(), time.process_time()
        columns = run()
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - before)
    sums = [float(column.sum(dtype=np.float64)) for column in columns]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    best = {"seconds": min(seconds), "busy": min(busy), "peak_mib": peak, "sums": sums}
    print(json.dumps(best))


def measure(way: str, rows: int, repeats: int) -> dict[str, float | list[float]]:
    """Run one way in a process of its own."""
    options = ("--way", way, "--rows", str(rows), "--repeats", str(repeats))
    command = [sys.executable, __file__, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    found: dict[str, float | list[float]] = json.loads(done.stdout)
    return found


def report(rows: int, repeats: int) -> str:
    """Measure every way that is here, and return the table."""
    there = importlib.util.find_spec("polars") is not None
    names = [name for name in WAYS if there or name != "polars"]
    load = os.getloadavg()[0]
    found = {name: measure(name, rows, repeats) for name in names}
    _agree(found)
    base = found["arrays, ours"]
    said = (
        f"{simulated(rows).size:,} cell-weeks, {len(FEATURES)} features, the best of {repeats} "
        f"runs; {os.cpu_count()} cores, load {load:.1f} before the first. Seconds are by the "
        f"clock, and those that processors were kept busy: on a machine that others use too (a "
        f"load above the number of cores) the clock says little."
    )
    lines = [
        said,
        "",
        "| way | seconds | times ours | of processors | times ours | peak, MiB | ours as share |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        clock, used = (one[key] / base[key] for key in ("seconds", "busy"))
        measured = (
            f"{one['seconds']:.2f} | {clock:.1f} | {one['busy']:.2f} | {used:.1f} "
            f"| {one['peak_mib']:,.0f} | {base['peak_mib'] / one['peak_mib']:.2f}"
        )
        lines.append(f"| {name} | {measured} |")
    return "\n".join([*lines, *([] if there else ["", ABSENT])])


def _agree(found: dict[str, dict[str, float | list[float]]]) -> None:
    for name, one in found.items():
        if not np.allclose(one["sums"], found["arrays, ours"]["sums"], rtol=1e-5):
            message = f"{name} makes other features"
            raise SystemExit(message)


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--way", choices=WAYS)
    chosen = parser.parse_args()
    if chosen.way:
        one(chosen.way, chosen.rows, chosen.repeats)
        return
    command = f"python benchmarks/features.py --rows {chosen.rows} --repeats {chosen.repeats}"
    page = f"# Features\n\nMade by `{command}`.\n\n{report(chosen.rows, chosen.repeats)}\n"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
