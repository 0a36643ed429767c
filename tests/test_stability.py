"""What a trial leaves of a map: by hand; and which maps hang on the seed or on one week more."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cas_audit.config import Config
from cas_audit.files import read_json
from cas_audit.forecast.city import City, panel_of
from cas_audit.forecast.fitting import Fitted, fit
from cas_audit.forecast.stability import change, try_stability, write_stability
from cas_audit.forecast.trials import refit
from cas_audit.forecast.work import open_work
from tests.small import small_config

SIDE, WEEKS, TESTED = 12, 100, 20


def config(model: str = "counting") -> Config:
    """Return a configuration of one theme; the sources are not read here."""
    forecast = {"model": model, "flagged_share": 0.05, "refits": 2, "stability": True}
    return small_config({**forecast, "train_weeks": 30, "test_weeks": TESTED})


def city(counts: Any) -> City:
    """Return a city with this record, shape (weeks, rows, columns)."""
    weeks = pd.date_range("2024-01-01", periods=WEEKS, freq="7D", name="period")
    week, cell = np.nonzero(counts.reshape(WEEKS, -1))
    table = pd.DataFrame({"week": weeks[week], "cell": cell, "theme": "one"})
    table["count"] = counts.reshape(WEEKS, -1)[week, cell]
    kept = np.ones((SIDE, SIDE), dtype=bool)
    test = slice(WEEKS - TESTED, WEEKS)
    return City(table.assign(channel="brought"), weeks, kept, {}, slice(50, test.start), test)


def steep() -> Any:
    """Return a record in which every cell has its own steady number: counting has no ties."""
    number = np.arange(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    return np.tile(number, (WEEKS, 1, 1))


def fitted(chosen: Config, place: City) -> Fitted:
    """Return the model that is audited."""
    with open_work() as work:
        return fit(chosen, place, ("one", panel_of(place, "one", ["brought"])), [1, 0], work)


def test_what_is_lost_agrees_with_a_count_by_hand() -> None:
    """Of two flags in each of four periods, one goes in the last two; the first is not compared."""
    flagged = np.zeros((4, SIDE, SIDE), dtype=bool)
    flagged[:, 0, :2] = True
    other = flagged[1:].copy()
    other[1:, 0, 1], other[1:, 5, 5] = False, True
    base = Fitted(None, flagged.astype(float), flagged, flagged)
    found = change(city(steep()), "one", base, Fitted(None, other, other, other), kind="week")

    assert (3, 6, 2, 2) == tuple(
        found.said[key] for key in ("periods", "flags", "lost", "lost_counting")
    )
    assert pytest.approx(1 - 2 / SIDE**2) == found.said["lost_by_chance"]
    assert [0, 1] == found.cells["cell"].tolist()
    assert [1, 1] == found.cells["share"].tolist()
    assert pytest.approx([0, 2 / 3]) == found.cells["lost"].tolist()


def test_a_map_without_ties_stays_and_a_map_of_ties_goes() -> None:
    """Counting: where every cell has its number nothing changes; where all are alike, all."""
    for counts, share in ((steep(), 0.0), (np.ones_like(steep()), 0.95)):
        place = city(counts)
        base = fitted(config(), place)
        with open_work() as work:
            found = try_stability(config(), place, work, (0, "one"), base)
        said = {one.said["kind"]: one.said["lost"] / one.said["flags"] for one in found}

        assert {"seed", "week"} == set(said)
        assert pytest.approx(share, abs=0.05) == said["seed"]
        assert TESTED - 1 == found[1].said["periods"]


def test_each_history_is_held_beside_the_map(tmp_path: Path) -> None:
    """As many as were drawn; a table by cell goes with the counts."""
    (tmp_path / "trials").mkdir()
    place = city(np.random.default_rng(1).poisson(steep() / 500).astype(np.float32))
    base = fitted(config(), place)
    with open_work() as work:
        redrawn = refit(config(), place, work, (0, "one"), base)
    write_stability(tmp_path, redrawn.changed)
    said = read_json(tmp_path / "trials/stability.json")["one"]
    table = pd.read_parquet(tmp_path / "trials/stability.parquet")
    lost = table.groupby("refit")["lost"].sum() * TESTED

    assert [("history", 0), ("history", 1)] == [(one["kind"], one["refit"]) for one in said]
    assert [one["lost"] for one in said] == pytest.approx(lost.to_list())
    assert 0 < said[0]["lost"] < said[0]["flags"]
    assert not table.duplicated(["theme", "kind", "refit", "cell"]).any()
