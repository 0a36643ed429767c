"""The audited model deployed: nothing runs away on reports, and a map of finds freezes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cas_audit.config import Config
from cas_audit.files import read_json, write_json
from cas_audit.forecast import by_theme
from cas_audit.forecast.city import City
from cas_audit.simulate import deployed
from cas_audit.simulate.deployed import ARMS, Year, deploy, draw_year, try_loop
from tests.small import small_config

SIDE, WEEKS = 16, 120
KEPT = np.ones((SIDE, SIDE), dtype=bool)


def config(channels: list[str], model: str = "counting") -> Config:
    """Return a configuration of one theme; the sources are not read here."""
    forecast = {"train_weeks": 52, "test_weeks": 26, "loop": {"replicates": 2, "find": 1.0}}
    return small_config({**forecast, "model": model, "flagged_share": 0.05}, channels=channels)


def city() -> City:
    """Return a city where no place is busier than another, by either channel."""
    rng = np.random.default_rng(1)
    weeks = pd.date_range("2023-07-03", periods=WEEKS, freq="7D", name="period")
    parts = []
    for channel in ("brought", "found"):
        week, cell = np.nonzero(counts := rng.poisson(0.2, (WEEKS, SIDE * SIDE)))
        part = {"week": weeks[week], "cell": cell, "count": counts[week, cell]}
        parts.append(pd.DataFrame(part).assign(theme="one", channel=channel))
    train, test = slice(WEEKS - 78, WEEKS - 26), slice(WEEKS - 26, WEEKS)
    return City(pd.concat(parts), weeks, KEPT, {}, train, test)


def looped(folder: Path, chosen: Config, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Return the mean of what each way of deploying came to, in the city without busy places."""
    monkeypatch.setattr(by_theme, "open_city", lambda *_: city())
    (folder / "trials").mkdir()
    (folder / "model").mkdir()
    write_json(folder / "model/search.json", {"one": {"chosen": {}}})
    try_loop(chosen, folder)
    rows = pd.DataFrame(read_json(folder / "trials/loop.json")["themes"]["one"])
    table = pd.read_parquet(folder / "trials/loop.parquet")

    assert not table.duplicated(["theme", "forecaster", "refit", "cell"]).any()
    return rows.groupby("arm").mean(numeric_only=True)


@pytest.mark.parametrize("model", ["counting", "self_exciting"])
def test_a_map_of_finds_runs_away_and_remedies_hold_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """In a city where no place is busier, finds keep the flags where they fell first."""
    found = looped(tmp_path, config(["brought", "found"], model), monkeypatch)["in_most_flagged"]

    assert set(ARMS) == set(found.index)
    assert found["deployed"] > found["never"] + 0.15
    for arm in ("discounted", "capped", "exploring"):
        assert found[arm] < found["deployed"] - 0.1


def test_on_reports_alone_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the public brings does not follow flags: deployed is never deployed, to the last."""
    found = looped(tmp_path, config(["brought"]), monkeypatch)

    assert found.loc["never"].to_dict() == found.loc["deployed"].to_dict()
    assert found.loc["never"].to_dict() == found.loc["discounted"].to_dict()


def test_a_year_is_drawn_at_the_rates_of_the_record() -> None:
    """As many as a year had, by channel; findable as what is brought, times the chance."""
    place = deployed._a_year_on(city())  # noqa: SLF001 - what a year is drawn for
    year = draw_year(config(["brought", "found"]), place, "one", 0.5, np.random.default_rng(1))
    expected = 0.2 * 52 * SIDE**2

    assert pytest.approx(expected, rel=0.1) == year.brought.sum()
    assert pytest.approx(2 * expected, rel=0.1) == year.recorded.sum()
    assert pytest.approx(expected / 2, rel=0.1) == year.findable.sum()
    assert (
        0
        == draw_year(
            config(["brought"]), place, "one", 0.5, np.random.default_rng(1)
        ).findable.sum()
    )


def test_police_find_only_where_they_were_sent_and_the_cap_holds() -> None:
    """Of one cell with all there is: found by those deployed; capped, it is left alone at times."""
    place = deployed._a_year_on(city())  # noqa: SLF001 - what a year is drawn for
    nothing = np.zeros((52, SIDE, SIDE), dtype=np.float32)
    findable = nothing.copy()
    findable[:, 3, 3] = 5
    record = np.zeros((len(place.weeks), SIDE, SIDE), dtype=np.float32)
    record[:-52, 3, 3] = 1
    seen: list[Any] = []

    def score(counts: Any, week: int) -> Any:
        seen.append(counts[:week].sum())
        return counts[:week].sum(axis=0).astype(float)

    of = (record, Year(nothing, findable, nothing))
    maps = {arm: deploy(config(["found"]), place, score, of, (arm, [1])) for arm in ARMS}

    assert (13, SIDE, SIDE) == maps["never"].shape
    assert maps["deployed"][:, 3, 3].all()
    assert [WEEKS, WEEKS] == seen[:2]
    assert [WEEKS, WEEKS + 20, WEEKS + 40] == seen[13:16]
    assert 6 <= maps["capped"][:, 3, 3].sum() <= 9
    assert {round(0.05 * SIDE**2)} == {int(one.sum()) for arm in ARMS for one in maps[arm]}


def test_a_theme_with_too_few_incidents_is_not_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written of it; the audit goes on."""
    monkeypatch.setattr(
        by_theme, "open_city", lambda *_: replace(city(), incidents=city().incidents.iloc[:3])
    )
    (tmp_path / "trials").mkdir()
    (tmp_path / "model").mkdir()
    write_json(tmp_path / "model/search.json", {"one": {"chosen": {}}})
    try_loop(config(["brought"], "self_exciting"), tmp_path)

    assert [] == list((tmp_path / "trials").iterdir())
