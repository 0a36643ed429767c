"""Means of features: by hand, as the model itself knows them, and the same on tiles."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cas_audit.files import read_json
from cas_audit.forecast.city import City, panel_of
from cas_audit.forecast.features import make_features
from cas_audit.forecast.fitting import known_by, record_of
from cas_audit.forecast.means import Known, know_features, write_known
from cas_audit.forecast.past import Weeks
from cas_audit.forecast.work import Work, open_work
from tests.small import small_config

SIDE, WEEKS, TESTED = 12, 70, 10


def config(model: str) -> Any:
    """Return a configuration of two themes."""
    forecast = {"model": model, "train_weeks": 30, "test_weeks": TESTED}
    return small_config(forecast, themes=["one", "two"])


def city() -> City:
    """Return a city of two themes in which some cells take no part."""
    rng = np.random.default_rng(3)
    weeks = pd.date_range("2024-01-01", periods=WEEKS, freq="7D", name="period")
    rows = pd.DataFrame({"cell": rng.integers(0, SIDE**2, 900), "count": 1, "channel": "brought"})
    rows["week"] = weeks[rng.integers(0, WEEKS, 900)]
    rows["theme"] = rng.choice(["one", "two"], 900)
    kept = rng.random((SIDE, SIDE)) < 0.8
    layers = {"suspects": rng.random((SIDE, SIDE)).astype(np.float32)}
    test = slice(WEEKS - TESTED, WEEKS)
    return City(rows, weeks, kept, layers, slice(30, test.start), test)


def known(model: str, place: City) -> Known:
    """Return what checks may know of the first theme."""
    with open_work() as work:
        return know_features(config(model), place, "one", work)


def test_of_counting_it_is_the_mean_of_counts_by_hand() -> None:
    """A cell with one incident a week has log(53) in every period; one without has nought."""
    place = city()
    kept = np.flatnonzero(place.kept)
    weekly = pd.DataFrame({"cell": kept[0], "week": place.weeks, "theme": "one", "count": 1})
    found = known("counting", replace(place, incidents=weekly.assign(channel="brought"))).means

    assert kept.tolist() == found["cell"].tolist()
    assert pytest.approx([np.log(53), 0]) == found["cell_0_last_52_weeks"].iloc[:2].tolist()


@pytest.mark.parametrize("model", ["cas_ensemble", "blend"])
def test_they_are_what_the_model_knows(model: str) -> None:
    """The mean over the test weeks of the columns it is fitted on, in their order."""
    place, chosen = city(), config(model)
    features = known_by(chosen, place, "one")
    record = record_of(chosen, place, "one", panel_of(place, "one", ["brought"]))
    asked = Weeks(place.origins, np.flatnonzero(place.kept))
    tile = replace(
        record.tile(max(one.reach_cells for one in features)),
        mondays=pd.date_range("2024-01-01", periods=WEEKS + 1, freq="7D").to_numpy(),
    )
    rows = make_features(tile, asked, features).astype(float)
    found = known(model, place)
    by_hand = np.corrcoef(rows.reshape(-1, len(features)).T)

    assert ["theme", "cell", *(one.name for one in features)] == list(found.means)
    assert pytest.approx(rows.mean(axis=0), abs=1e-5) == found.means.iloc[:, 2:].to_numpy()
    assert pytest.approx(by_hand, abs=1e-4) == found.correlations
    assert pytest.approx(rows[0], abs=1e-5) == found.before.iloc[:, 2:].to_numpy()


def test_what_happens_in_the_weeks_that_are_judged_is_not_in_what_was_known_before() -> None:
    """It is in the means, which so say what followed; what was known before stays as it was."""
    place = city()
    late = place.incidents["week"] >= place.periods[0]
    both = [
        known("cas_ensemble", replace(place, incidents=table))
        for table in (place.incidents, place.incidents[~late])
    ]

    assert late.any()
    pd.testing.assert_frame_equal(both[0].before, both[1].before)
    assert not both[0].means.equals(both[1].means)


def test_workers_elsewhere_find_the_same(tmp_path: Path) -> None:
    """The panel is put down for them, and read tile by tile."""
    place = city()
    with ThreadPoolExecutor(1) as executor:
        elsewhere = Work(executor, tmp_path, apart=True)
        found = know_features(config("cas_ensemble"), place, "one", elsewhere)
    here = known("cas_ensemble", place)

    pd.testing.assert_frame_equal(here.means, found.means)
    assert pytest.approx(here.correlations) == found.correlations


def test_a_feature_that_a_theme_has_not_got_is_missing(tmp_path: Path) -> None:
    """Each theme has its own columns; what it lacks is not nought, nor what is undefined."""
    (tmp_path / "model").mkdir()
    tables = [
        pd.DataFrame({"theme": theme, "cell": [1], name: [0.5]})
        for theme, name in (("one", "a"), ("two", "b"))
    ]
    each = {
        str(one["theme"][0]): Known(one, one, np.array([[value]]))
        for one, value in zip(tables, (1.0, np.nan), strict=True)
    }
    write_known(each, tmp_path)
    found = pd.read_parquet(tmp_path / "model/feature_means.parquet")[["a", "b"]]
    told = read_json(tmp_path / "model/feature_correlations.json")

    assert [[False, True], [True, False]] == found.isna().to_numpy().tolist()
    assert {"features": ["a"], "correlations": [[1.0]]} == told["one"]
    assert [[None]] == told["two"]["correlations"]
