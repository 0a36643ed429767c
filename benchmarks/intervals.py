"""How long intervals take: sums per unit, against fairlearn's bootstrap of rows.

    python benchmarks/intervals.py --out docs/measured/intervals.md

Ours: five metrics of eight groups on a million cell-weeks, all forty intervals together. fairlearn:
one metric of eight groups on a hundred thousand rows, a hundred replicates; and the same with one
line of it made to copy nothing.
"""

import argparse
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from fairlearn.metrics import (  # noqa: TID251 - the peer
    MetricFrame,
    _annotated_metric_function,
    selection_rate,
)

from cas_audit.inference.scores import compare_together, ratio, within

GROUPS, METRICS, BLOCKS, STRETCHES = 8, 5, 16, 4
PEER_ROWS, REPLICATES = 100_000, 100


def ours(rng: np.random.Generator, rows: int) -> tuple[float, float]:
    """Return the seconds that block sums take, and those of the intervals."""
    unit = rng.integers(0, BLOCKS * STRETCHES, rows)
    block = np.repeat(np.arange(BLOCKS), STRETCHES)
    people = rng.gamma(2.0, 10.0, (GROUPS + 1, rows))
    outcomes = rng.random((METRICS, rows)) < 0.05  # noqa: PLR2004 - any share will do
    start = time.perf_counter()
    sums = [
        [np.bincount(unit, one * metric, len(block)) / one.sum() for one in people]
        for metric in outcomes
    ]
    middle = time.perf_counter()
    scores = [within(group, of_metric[-1], block) for of_metric in sums for group in of_metric[:-1]]
    critical = compare_together(scores)
    found = [ratio(one, critical) for one in scores]
    end = time.perf_counter()
    if len(found) != GROUPS * METRICS or any(one is None for one in found):
        message = "an interval is missing"
        raise SystemExit(message)
    return middle - start, end - middle


def peer(rng: np.random.Generator, rows: int, replicates: int) -> float:
    """Return the seconds of fairlearn's bootstrap."""
    flags = (rng.random(rows) < 0.03).astype(int)  # noqa: PLR2004 - any share will do
    names = rng.integers(0, GROUPS, rows).astype(str)
    start = time.perf_counter()
    frame = MetricFrame(
        metrics=selection_rate,
        y_true=flags,
        y_pred=flags,
        sensitive_features=names,
        n_boot=replicates,
        ci_quantiles=[0.025, 0.975],
        random_state=1,
    )
    if len(frame.by_group_ci) != 2:  # noqa: PLR2004 - two quantiles
        message = "fairlearn gave no interval"
        raise SystemExit(message)
    return time.perf_counter() - start


def report(rows: int, replicates: int) -> str:
    """Measure all three in this run, and return the table."""
    rng = np.random.default_rng(1)
    summing, taking = ours(rng, 10 * rows)
    plain = peer(rng, rows, replicates)
    module = _annotated_metric_function
    numpy, module.np = module.np, SimpleNamespace(stack=np.asarray)
    patched = peer(rng, rows, replicates)
    module.np = numpy
    lines = [
        "| what | rows | intervals | seconds | times ours |",
        "|---|---|---|---|---|",
        f"| sums per unit, once | {10 * rows:,} | | {summing:.2f} | |",
        f"| intervals from these sums | | {GROUPS * METRICS} | {taking:.4f} | 1 |",
        (
            f"| fairlearn, {replicates} replicates | {rows:,} | {GROUPS} | {plain:.1f} "
            f"| {plain / taking:,.0f} |"
        ),
        (
            f"| the same without its np.stack | {rows:,} | {GROUPS} | {patched:.1f} "
            f"| {patched / taking:,.0f} |"
        ),
    ]
    note = (
        "fairlearn stacks every column again for each group and replicate, to turn a column of "
        "lists into an array; a column of numbers needs no such thing. It resamples rows: on a "
        "grid its intervals cover too little, whatever they cost "
        "([measured](calibration.md))."
    )
    return "\n".join([*lines, "", note])


def main() -> None:
    """Read the arguments; write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=PEER_ROWS)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    text = report(chosen.rows, chosen.replicates)
    page = f"# How long intervals take\n\nMade by `python benchmarks/intervals.py`.\n\n{text}\n"
    print(page)
    if chosen.out:
        chosen.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
