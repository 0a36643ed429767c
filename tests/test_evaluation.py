"""The evaluation: counts by area and share, paired gains, calibration; by hand where possible."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cas_audit.config import Config
from cas_audit.files import read_json
from cas_audit.forecast import fitting
from cas_audit.forecast.city import City
from cas_audit.forecast.evaluation import evaluate
from cas_audit.forecast.fitting import Fitted, fit
from cas_audit.forecast.forecasters import BASELINES
from cas_audit.forecast.leaks import find_leaks, fit_blind
from cas_audit.forecast.models import count_scores
from cas_audit.forecast.past import Past
from cas_audit.forecast.trials import compare, without_future
from cas_audit.forecast.work import open_work
from cas_audit.inference.partition import wide_blocks
from tests.small import small_config

SIDE, WEEKS = 24, 130
THEMES = ["one", "two"]


def config(model: str, period_weeks: int) -> Config:
    """Return a configuration of two themes; the sources are not read here."""
    forecast = {
        "model": model,
        "period_weeks": period_weeks,
        "train_weeks": 40,
        "test_weeks": 26,
        "refits": 0,
    }
    return small_config(forecast, themes=THEMES, groups=[{"name": "x"}])


def city(period_weeks: int) -> City:
    """Return a city whose two themes happen at the same places."""
    rng = np.random.default_rng(1)
    rate = rng.gamma(0.3, 0.3, SIDE * SIDE)
    weeks = pd.date_range("2023-07-03", periods=WEEKS, freq="7D", name="period")
    parts = []
    for theme in THEMES:
        week, cell = np.nonzero(counts := rng.poisson(rate, (WEEKS, SIDE * SIDE)))
        part = {"week": weeks[week], "cell": cell, "count": counts[week, cell], "theme": theme}
        parts.append(pd.DataFrame(part).assign(channel="brought"))
    kept = np.ones((SIDE, SIDE), dtype=bool)
    kept[0, :5] = False
    train, test = slice(WEEKS - 66, WEEKS - 26), slice(WEEKS - 26, WEEKS)
    return City(pd.concat(parts), weeks, kept, {}, train, test, period_weeks)


def made(model: str, period_weeks: int) -> tuple[Config, City, dict[str, Fitted]]:
    """Return the fits of both themes."""
    chosen, place = config(model, period_weeks), city(period_weeks)
    with open_work() as work:
        fits = {
            theme: fit(chosen, place, (theme, _panel(place, theme)), [1, number], work)
            for number, theme in enumerate(THEMES)
        }
    return chosen, place, fits


def _panel(place: City, theme: str) -> Any:
    part = place.incidents[place.incidents["theme"] == theme]
    counts = np.zeros((WEEKS, SIDE * SIDE), dtype=np.float32)
    np.add.at(
        counts,
        (place.weeks.get_indexer(pd.DatetimeIndex(part["week"])), part["cell"]),
        part["count"],
    )
    return counts.reshape(WEEKS, SIDE, SIDE)


@pytest.fixture(scope="module", params=[1, 2], ids=["weekly", "fortnightly"])
def evaluated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, City, dict[str, Fitted]]:
    """Return the evaluation of decayed counting, and what it is about."""
    chosen, place, fits = made("decayed", request.param)
    dossier = tmp_path_factory.mktemp("dossier")
    (dossier / "data").mkdir()
    (dossier / "model").mkdir()
    cells = np.flatnonzero(place.kept)
    area = np.where(cells < SIDE * SIDE // 2, "south", "north")
    pd.DataFrame({"cell": cells, "area": area}).to_parquet(dossier / "data/cells.parquet")
    wide = np.full(place.kept.shape, -1, dtype=np.int64)
    row, column = np.nonzero(place.kept)
    wide[place.kept] = wide_blocks(row, column)
    evaluate(chosen, place, fits, wide, dossier)
    return dossier / "model", place, fits


def test_hits_are_those_of_a_count_by_hand(
    evaluated: tuple[Path, City, dict[str, Fitted]],
) -> None:
    """Per area, at the share that is flagged, over all periods; areas add up to the whole."""
    folder, place, fits = evaluated
    table = pd.read_parquet(folder / "evaluation.parquet").query("theme == 'one'")
    part = table.query("forecaster == 'model' and flagged_share == 0.03").set_index("area")
    followed = place.followed(_panel(place, "one"))
    caught = (followed * fits["one"].flagged).sum(axis=0).ravel()
    told = read_json(folder / "evaluation.json")["one"]["rates"]
    [whole] = [one for one in told if (one["forecaster"], one["share"]) == ("model", 0.03)]

    assert caught[: SIDE * SIDE // 2].sum() == part.loc["south", "hits"]
    assert caught.sum() == part["hits"].sum()
    assert pytest.approx(caught.sum() / followed[:, place.kept].sum()) == whole["hit_rate"]


def test_every_baseline_is_beside_the_model_at_every_share(
    evaluated: tuple[Path, City, dict[str, Fitted]],
) -> None:
    """Nothing catches more than the best choice of as many cells; more cells catch more."""
    table = pd.read_parquet(evaluated[0] / "evaluation.parquet")
    sums = table.groupby(["theme", "forecaster", "flagged_share"])[["hits", "most_hits"]].sum()
    by = ["theme", "forecaster"]
    hits = table.pivot_table("hits", by, "flagged_share", aggfunc="sum")

    assert {"model", *BASELINES} == set(table["forecaster"])
    assert [0.01, 0.03, 0.05] == sorted(table["flagged_share"].unique())
    assert (sums["hits"] <= sums["most_hits"]).all()
    assert (hits.diff(axis=1).iloc[:, 1:] > 0).all().all()


def test_a_model_gains_nothing_over_itself(
    evaluated: tuple[Path, City, dict[str, Fitted]],
) -> None:
    """Decayed counting is a baseline too: its gain is nought, and it is right about the level."""
    told = read_json(evaluated[0] / "evaluation.json")["two"]
    tenths = told["calibration"]["model"]["tenths"]

    assert pytest.approx(0, abs=0.02) == told["gains"]["decayed"]["estimate"]
    assert told["gains"]["hotspot"]["low"] > 0
    assert pytest.approx(1, abs=0.1) == told["calibration"]["model"]["expected_over_observed"]
    assert pytest.approx(tenths[0]["expected"], rel=0.1) == tenths[-1]["expected"]


@pytest.mark.parametrize("model", ["cas_ensemble", "counting", "self_exciting"])
def test_a_fit_repeats_and_sees_no_future(model: str) -> None:
    """Twice the same to the last flag; features are blind to the weeks after."""
    chosen, place, fits = made(model, 2)
    again = made(model, 2)[2]

    assert 0 == compare(place, fits["one"], again["one"])["flags_differing"]
    assert 0 == without_future(chosen, place, "one")["largest_change"]
    assert (13, SIDE, SIDE) == fits["one"].score.shape


def test_the_look_alike_of_cas_expects_what_comes() -> None:
    """Its chances are set right for the cells that were left out of its sample."""
    _, place, fits = made("cas_ensemble", 1)

    assert pytest.approx(place.followed(_panel(place, "one")).sum(), rel=0.15) == (
        fits["one"].score.sum()
    )


@pytest.mark.parametrize("model", ["counting", "self_exciting"])
def test_chance_is_not_foreseen_unless_a_feature_holds_its_week(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a record dealt out anew hits are by chance; with one week shifted in, they are not."""
    chosen, place, fits = made(model, 1)
    with open_work() as work:
        blind = fit_blind(chosen, place, "one", fits["one"], work, seed=[1])
        sound = find_leaks(chosen, place, "one", fits["one"], blind)
        monkeypatch.setattr(Past, "_slabs", _one_week_on(Past._slabs))  # noqa: SLF001 - to break it
        monkeypatch.setattr(fitting, "count_scores", _counted_on)
        blind = fit_blind(chosen, place, "one", fits["one"], work, seed=[1])
        broken = find_leaks(chosen, place, "one", fits["one"], blind)

    assert abs(sound["shuffled_beyond"]) < 5
    assert broken["shuffled_beyond"] > 5
    assert 0.5 < sound["model_auc"] < 0.99


def _one_week_on(slabs: Any) -> Any:
    """Let a past know of the week that is asked for."""

    def leaking(self: Past, of: Any, reach: int, ago: int) -> Any:
        asked, self.asked = (
            self.asked,
            replace(self.asked, weeks=np.minimum(self.asked.weeks + 1, WEEKS)),
        )
        try:
            return slabs(self, of, reach, ago)
        finally:
            self.asked = asked

    return leaking


def _counted_on(counts: Any, origins: Any, window: int) -> Any:
    return count_scores(counts, origins + 1, window)


def test_a_theme_with_too_few_incidents_is_refused() -> None:
    """With a sentence that names the theme, not with a model of nothing."""
    chosen, place = config("self_exciting", 1), city(1)
    scarce = replace(place, incidents=place.incidents.iloc[:0])
    with open_work() as work, pytest.raises(Exception, match="Theme one has fewer cells"):
        fit(chosen, scarce, ("one", np.zeros((WEEKS, SIDE, SIDE), np.float32)), [1], work)
