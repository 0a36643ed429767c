"""Themes at once, each in a process of its own: the same bytes as one after the other."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cas_audit import processes
from cas_audit.files import tree, write_json
from cas_audit.forecast.by_theme import open_themes
from cas_audit.forecast.every_trial import try_theme, write_trials
from cas_audit.forecast.step import fit_themes, write_forecasts
from cas_audit.forecast.work import open_work
from tests.small import small_config

SIDE, WEEKS, THEMES = 16, 130, ["one", "two"]
CONFIG = small_config(
    {
        "model": "hotspot",
        "train_weeks": 30,
        "test_weeks": 13,
        "flagged_share": 0.05,
        "refits": 2,
        "stability": True,
        "necessity": True,
    },
    themes=THEMES,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what ingest left of a small city with two themes."""
    folder = tmp_path_factory.mktemp("data")
    write_json(folder / "grid.json", {"rows": SIDE, "columns": SIDE})
    pd.DataFrame({"cell": range(SIDE**2)}).to_parquet(folder / "cells.parquet")
    weeks = pd.date_range("2023-07-03", periods=WEEKS, freq="7D")
    pd.DataFrame({"week": weeks}).to_parquet(folder / "weeks.parquet")
    rng, parts = np.random.default_rng(1), []
    for theme in THEMES:
        counts = rng.poisson(rng.gamma(0.3, 0.3, SIDE**2), (WEEKS, SIDE**2))
        week, cell = np.nonzero(counts)
        part = pd.DataFrame({"cell": cell, "week": weeks[week], "count": counts[week, cell]})
        parts.append(part.assign(theme=theme, channel="brought"))
    pd.concat(parts).to_parquet(folder / "incidents.parquet", index=False)
    return folder


def made(data: Path, out: Path) -> dict[str, bytes]:
    """Forecast and try everything; return what every file holds."""
    for name in ("model", "trials"):
        (out / name).mkdir(parents=True)
    with open_work() as work, open_themes(CONFIG, data, work) as themes:
        fitted = fit_themes(themes)
        wide = write_forecasts(CONFIG, themes.city, fitted, out)
        more = [{"made": one, "wide": wide} for one in fitted.values()]
        tried = themes.each(try_theme, "trials", more)
    write_trials(CONFIG, out, dict(zip(THEMES, tried, strict=True)))
    return {name: (out / name).read_bytes() for name in tree(out)}


def test_as_many_processes_as_there_are_make_the_same_bytes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forecasts, and the results of every trial."""
    found = []
    monkeypatch.setattr(processes, "_allowed", [True])
    for number in (1, 2):
        monkeypatch.setattr(processes, "_processors", lambda number=number: number)
        found.append(made(data, tmp_path / str(number)))
    alone, together = found

    assert {"trials/refits.parquet", "trials/stability.json", "trials/necessity.parquet"} <= {
        *alone
    }
    assert alone == together
