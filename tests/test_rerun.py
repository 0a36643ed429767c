"""The rerun: a new process makes the same bytes from the same data, and others from other data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.files import read_json, write_json
from cas_audit.forecast import rerun
from cas_audit.forecast.by_theme import open_themes
from cas_audit.forecast.rerun import TABLES, compare_tables, run_again
from cas_audit.forecast.step import fit_themes, write_forecasts
from cas_audit.forecast.work import open_work
from tests.small import small_config

SIDE, WEEKS = 24, 40
CONFIG = small_config({"model": "counting", "train_weeks": 8, "test_weeks": 8})


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dossier in which a forecast by counting was made of a small city."""
    folder = tmp_path_factory.mktemp("rerun")
    for name in ("data", "model", "trials"):
        (folder / name).mkdir()
    write_json(folder / "data/grid.json", {"rows": SIDE, "columns": SIDE})
    pd.DataFrame({"cell": range(SIDE**2)}).to_parquet(folder / "data/cells.parquet")
    weeks = pd.date_range("2025-01-06", periods=WEEKS, freq="7D")
    pd.DataFrame({"week": weeks}).to_parquet(folder / "data/weeks.parquet")
    record(folder, seed=1)
    make(CONFIG, folder)
    return folder


def record(folder: Path, seed: int) -> None:
    """Draw the record of the city."""
    counts = np.random.default_rng(seed).poisson(0.05, (WEEKS, SIDE**2))
    week, cell = np.nonzero(counts)
    weeks = pd.date_range("2025-01-06", periods=WEEKS, freq="7D")
    table = pd.DataFrame({"cell": cell, "week": weeks[week], "count": counts[week, cell]})
    named = table.assign(theme="one", channel="brought")
    named.to_parquet(folder / "data/incidents.parquet", index=False)


def make(config: Config, folder: Path) -> None:
    """Make the forecast the first time."""
    with open_work() as work, open_themes(config, folder / "data", work) as themes:
        write_forecasts(config, themes.city, fit_themes(themes), folder)


def same(dossier: Path) -> list[bool]:
    """Say which files came out the same."""
    trial = read_json(dossier / "trials/rerun.json")

    assert set(TABLES) == set(trial["files"])
    assert 8 == trial["weeks"]
    return [one["first"] == one["again"] for one in trial["files"].values()]


def test_a_new_process_makes_the_same_bytes(dossier: Path) -> None:
    """With another seed of hashes, and nothing of the first process in its memory."""
    run_again(CONFIG, dossier, None)
    told = read_json(dossier / "trials/reproducibility.json")

    assert all(same(dossier))
    assert {"one": {"weeks": 8, "largest_score_difference": 0.0, "flags_differing": 0}} == told


def test_data_that_changed_meanwhile_make_other_bytes(dossier: Path) -> None:
    """So the trial can fail: it reads what is there, and not what it was told came out."""
    record(dossier, seed=2)
    run_again(CONFIG, dossier, None)
    told = read_json(dossier / "trials/reproducibility.json")["one"]
    record(dossier, seed=1)

    assert not all(same(dossier))
    assert told["flags_differing"] > 0
    assert told["largest_score_difference"] > 0


def test_a_process_that_breaks_ends_the_forecast(
    dossier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sealed as if the rerun had been tried."""
    monkeypatch.setattr(rerun, "CHILD", "cas_audit.forecast.nowhere")

    with pytest.raises(InputError, match="rerun of the forecast ended with 1"):
        run_again(CONFIG, dossier, None)


def test_a_row_that_is_lost_is_a_flag_that_differs() -> None:
    """One cell fewer, one flag moved, one score a little off."""
    cells, period = [0, 1, 2], pd.Timestamp("2025-01-06")
    first = pd.DataFrame({"cell": cells, "score": [0.1, 0.2, 0.3], "flagged": [False, False, True]})
    again = pd.DataFrame({"cell": cells, "score": [0.1, 0.25, 0.3], "flagged": [False, True, True]})
    told = compare_tables(first.assign(period=period), again[:2].assign(period=period), 1)

    assert (1, 2) == (told["weeks"], told["flags_differing"])
    assert pytest.approx(0.05) == told["largest_score_difference"]
