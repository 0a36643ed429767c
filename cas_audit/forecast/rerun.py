"""The trial of a rerun: the forecast made again by a new process, and held against the first.

A new process has nothing of the first but what it is told: no memory, no seed of hashes, no module
that was changed meanwhile. It gets the configuration on stdin, reads `data/` as ingest left it, and
writes the same tables in a folder of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.files import digest, write_json

__all__ = ["TABLES", "compare_tables", "run_again"]

TABLES = (
    "forecasts.parquet",
    "next.parquet",
    "partition.parquet",
    "stretches.parquet",
    "model/weekly.parquet",
)
CHILD = "cas_audit.forecast.again"


def run_again(config: Config, dossier: Path, tiles: Path | None) -> None:
    """Make the forecast again in a new process; say by file whether the bytes are the same.

    Args:
        config: what is audited.
        dossier: folder with `data/` and the tables of the first time; gains `trials/rerun.json` and
            `trials/reproducibility.json`.
        tiles: folder that a cluster sees, where workers are elsewhere.

    Raises:
        InputError: the new process did not end well.
    """
    with TemporaryDirectory() as made:
        folder = Path(made)
        _start(
            {
                "config": config.model_dump(mode="json", by_alias=True),
                "out": made,
                "data": str(dossier / "data"),
                "tiles": tiles and str(tiles / "again"),
            }
        )
        files = {
            name: {"first": digest(dossier / name), "again": digest(folder / name)}
            for name in TABLES
        }
        first, again = (pd.read_parquet(one / TABLES[0]) for one in (dossier, folder))
    told = {
        str(theme): compare_tables(
            part, again[again["theme"] == theme], config.forecast.period_weeks
        )
        for theme, part in first.groupby("theme")
    }
    write_json(dossier / "trials/rerun.json", {"files": files, "weeks": _fewest(told)})
    write_json(dossier / "trials/reproducibility.json", told)


def _fewest(told: dict[str, dict[str, float]]) -> int:
    return int(min(one["weeks"] for one in told.values()))


def compare_tables(first: pd.DataFrame, again: pd.DataFrame, period_weeks: int) -> dict[str, float]:
    """Say how far two tables of forecasts of one theme differ; a row that one lacks is a flag."""
    keys = ["cell", "period"]
    both = first.merge(again, on=keys, how="outer", suffixes=("", "_again"))
    lost = both[["score", "score_again"]].isna().any(axis=1)
    difference = (both["score"] - both["score_again"]).abs().max()
    flags = both["flagged"].eq(other=True) != both["flagged_again"].eq(other=True)
    return {
        "weeks": first["period"].nunique() * period_weeks,
        "largest_score_difference": float(difference),
        "flags_differing": int((flags | lost).sum()),
    }


def _start(request: dict[str, Any]) -> None:
    """Start the new process with another seed of hashes, and wait for it."""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", CHILD],
        input=json.dumps(request).encode(),
        env={**os.environ, "PYTHONHASHSEED": "random"},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        message = (
            f"The rerun of the forecast ended with {done.returncode}; expected a new process to "
            f"make it as the first one did (forecast.rerun)."
        )
        raise InputError(message)
