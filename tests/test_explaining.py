"""What each part adds to a score: closed forms, and every kind of model that is fitted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from cas_audit.forecast.additive import AdditivePoisson
from cas_audit.forecast.city import City, panel_of
from cas_audit.forecast.explaining import Reasons, ask_reasons, explain, write_explanations
from cas_audit.forecast.fitting import Fitted, fit, known_by
from cas_audit.forecast.stability import try_stability, write_stability
from cas_audit.forecast.work import open_work
from tests.small import small_config

SIDE, WEEKS, TESTED = 14, 90, 12
Rows = NDArray[np.float32]


def config(model: str) -> Any:
    """Return a configuration of one theme."""
    forecast = {"model": model, "flagged_share": 0.1, "stability": True}
    return small_config({**forecast, "train_weeks": 30, "test_weeks": TESTED})


@pytest.fixture(scope="module")
def place() -> City:
    """Return a city with busy and quiet cells."""
    rng = np.random.default_rng(6)
    weeks = pd.date_range("2024-01-01", periods=WEEKS, freq="7D", name="period")
    rate = np.exp(rng.normal(-2, 1.2, SIDE**2))
    week, cell = np.nonzero(rng.poisson(rate, (WEEKS, SIDE**2)))
    table = pd.DataFrame({"week": weeks[week], "cell": cell, "theme": "one", "count": 1})
    kept = np.ones((SIDE, SIDE), dtype=bool)
    test = slice(WEEKS - TESTED, WEEKS)
    return City(table.assign(channel="brought"), weeks, kept, {}, slice(48, test.start), test)


def asked(rows: Rows, parts: dict[str, list[int]]) -> Reasons:
    """Ask for the reasons of some rows, each a cell of its own; usual is nought."""
    return Reasons("one", np.arange(len(rows)), rows, np.zeros_like(rows), parts)


def by_part(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row a cell, a column a part."""
    return table.pivot_table(index="cell", columns="part", values="contribution")


def test_of_log_odds_a_part_adds_its_weights_times_its_columns() -> None:
    """Logistic regression: exactly, and the parts add up to the whole."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(40, 3)).astype(np.float32)
    model = LogisticRegression().fit(rows, rng.integers(0, 2, 40))
    found = by_part(explain(asked(rows, {"a": [0, 2], "b": [1]}), model, kind="model"))
    weights = model.coef_[0]

    assert pytest.approx(rows[:, [0, 2]] @ weights[[0, 2]], abs=1e-5) == found["a"].to_numpy()
    assert pytest.approx(rows[:, 1] * weights[1], abs=1e-5) == found["b"].to_numpy()


def test_of_a_sum_of_rates_a_part_adds_the_log_of_what_it_multiplies() -> None:
    """Additive rates: the log of the whole over the rest."""
    rows = np.array([[1.0, 2.0], [4.0, 0.0]], dtype=np.float32)
    model = AdditivePoisson().fit(rows, [3.0, 4.0])
    rate = rows @ model.weights_ + model.intercept_
    rest = rate - rows[:, 0] * model.weights_[0]
    found = by_part(explain(asked(rows, {"a": [0], "b": [1]}), model, kind="model"))

    assert pytest.approx(np.log(rate / rest), abs=1e-4) == found["a"].to_numpy()


def test_a_part_that_the_model_does_not_use_adds_nothing() -> None:
    """The one that it uses is the reason; a cell flagged twice has the mean of both periods."""
    rows = np.random.default_rng(2).normal(size=(60, 2)).astype(np.float32)
    model = LogisticRegression().fit(rows * [1, 0], rows[:, 0] > 0)
    twice = replace(asked(rows, {"used": [0], "idle": [1]}), cells=np.arange(60) // 2)
    found = by_part(explain(twice, model, kind="model"))
    expected = (rows[:, 0] * model.coef_[0, 0]).reshape(30, 2).mean(axis=1)

    assert pytest.approx(0, abs=1e-6) == found["idle"].to_numpy()
    assert pytest.approx(expected, abs=1e-4) == found["used"].to_numpy()


@pytest.mark.parametrize("model", ["cas_ensemble", "blend", "self_exciting"])
def test_every_model_that_is_fitted_is_explained(place: City, model: str, tmp_path: Path) -> None:
    """Flagged cells of four periods, by the model and by each refit; parts hold every feature."""
    chosen = config(model)
    record = "one", panel_of(place, "one", ["brought"])
    with open_work() as work:
        base = fit(chosen, place, record, [1, 0], work)
        found = try_stability(chosen, place, work, (0, "one"), base)
    (tmp_path / "trials").mkdir()
    write_stability(tmp_path, found)
    table = pd.read_parquet(tmp_path / "trials/explanations.parquet")
    reasons = ask_reasons(chosen, place, "one", base)
    flagged = base.flagged[np.unique(np.linspace(0, TESTED - 1, 4).round().astype(int))].any(axis=0)

    assert reasons is not None
    assert set(range(len(known_by(chosen, place, "one")))) == {
        column for part in reasons.parts.values() for column in part
    }
    assert {"model", "seed", "week"} == set(table["kind"])
    assert set(np.flatnonzero(flagged)) == set(table["cell"])
    assert table["contribution"].notna().all()
    assert by_part(table[table["kind"] == "model"])["cell"].mean() > 0


def test_a_count_has_nothing_to_explain(place: City, tmp_path: Path) -> None:
    """And nothing is written of it."""
    grid = np.zeros((TESTED, SIDE, SIDE))
    flags = grid.astype(bool)
    write_explanations(tmp_path, [])

    assert ask_reasons(config("counting"), place, "one", Fitted(None, grid, flags, flags)) is None
    assert [] == list(tmp_path.iterdir())
