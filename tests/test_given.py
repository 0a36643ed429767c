"""Forecasts that were made elsewhere: from a plain table to findings, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cas_audit import steps
from cas_audit.assure.gate import judge
from cas_audit.config import Config, load_config
from cas_audit.errors import ContractError, InputError
from cas_audit.files import read_json
from cas_audit.forecast.others import forecast
from cas_audit.ingest.contract import load_contract
from cas_audit.ingest.step import ingest
from cas_audit.simulate.feed import write_feed

WEEKS = pd.date_range("2024-12-09", periods=56, freq="7D")
CODES = {"flagged": "ja", "not_flagged": "nee"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trial city with its cells, written once."""
    folder = tmp_path_factory.mktemp("given")
    write_feed(folder, seed=5, side=36, weeks=80, themes=("home_burglary",))
    (folder / "feed/feed.json").unlink()
    path = write(folder, "cells", pd.DataFrame({"buurtcode": ["BU99990001"], "n": [1]}), AREA)
    ingest(load_config(path), folder / "seen")
    return folder


def column(name: str, role: str, kind: str, **more: Any) -> dict[str, Any]:
    """Return one column of a contract."""
    words = {"nl": "x", "en": "x"}
    said = {"meaning": words, "purpose": words, "concerns": words}
    return {
        "name": name,
        "role": role,
        "type": kind,
        "ground": "open data",
        "retention_years": 9,
        **said,
        **more,
    }


POINT = [column("x", "x", "number"), column("y", "y", "number")]
AREA = [column("buurtcode", "area", "code"), column("n", "count", "integer")]
WEEK = [column("week", "date", "date")]
SCORE, FLAG = (
    [column("score", "score", "number")],
    [column("vlag", "flag", "code", values={code: flag for flag, code in CODES.items()})],
)


def write(
    folder: Path,
    name: str,
    table: pd.DataFrame,
    columns: list[dict[str, Any]],
    *,
    crs: str = "EPSG:28992",
    incidents: bool = False,
    **forecast: Any,
) -> Path:
    """Write a table of forecasts, its contract and a configuration; return the last."""
    table.to_parquet(folder / f"{name}.parquet", index=False)
    contract = {
        "table": "forecasts",
        "title": {"nl": "Voorspellingen", "en": "Forecasts"},
        "crs": crs,
        "columns": columns,
    }
    (folder / f"{name}.contract.yaml").write_text(json.dumps(contract))
    sources = {
        "areas": {"path": str(folder / "feed/areas.geojson"), "contract": "areas"},
        "forecasts": {"path": f"{name}.parquet", "contract": f"{name}.contract.yaml"},
    }
    if incidents:
        path = str(folder / "feed/incidents.csv")
        sources["incidents"] = {"path": path, "contract": "incidents"}
    text = {"nl": "Proef", "en": "Trial"}
    config = {
        "name": "given",
        "version": "1",
        "title": text,
        "reference_date": "2026-01-05",
        "regime": "open_data",
        "retention_years": 9,
        "sources": sources,
        "purpose": {"goal": text, "action": text},
        "themes": ["home_burglary"],
        "channels": ["brought"] if incidents else [],
        "forecast": {"model": "table", "flagged_share": 0.05, **forecast},
        "groups": [{"name": "born_outside_europe", "reference": "born_netherlands"}],
    }
    (folder / f"{name}.yaml").write_text(json.dumps(config))
    return folder / f"{name}.yaml"


def cells(city: Path) -> pd.DataFrame:
    """Return the cells of the city, with their residents."""
    places = pd.read_parquet(city / "seen/data/cells.parquet")
    return places.merge(pd.read_parquet(city / "seen/data/residents.parquet"), on="cell")


def every_week(city: Path, weeks: pd.DatetimeIndex = WEEKS) -> pd.DataFrame:
    """Return a score for each cell and week, higher where few were born in the Netherlands."""
    places = cells(city)
    share = (1 - places["born_netherlands"] / places["residents"].clip(lower=1)).to_numpy()
    noise = np.random.default_rng(1).random((len(weeks), len(places)))
    return pd.DataFrame(
        {
            "x": np.tile(places["x_m"], len(weeks)) + 20.0,
            "y": np.tile(places["y_m"], len(weeks)) - 20.0,
            "cel": np.tile(places["cell"], len(weeks)),
            "week": np.repeat(weeks, len(places)),
            "score": (noise + share).ravel(),
        }
    )


def audit(config: Path, out: Path) -> dict[str, dict[str, Any]]:
    """Audit, and return the findings by check."""
    steps.audit(config, out)
    return {one["check"]: one for one in read_json(out / "findings.json")["findings"]}


def made(config: Path, out: Path) -> pd.DataFrame:
    """Ingest and lay out; return the forecasts of the dossier."""
    loaded: Config = load_config(config)
    ingest(loaded, out)
    forecast(loaded, out, out.parent / "tiles")
    return pd.read_parquet(out / "forecasts.parquet")


@pytest.mark.slow
def test_scores_by_week_are_judged_over_stretches_of_weeks(city: Path, tmp_path: Path) -> None:
    """Exposure has an interval without refits; what asks for incidents or refits is unavailable."""
    path = write(city, "weekly", every_week(city), POINT + WEEK + SCORE)
    found = audit(path, tmp_path / "out")
    exposure = found["model/even_exposure"]
    without = {name for name, one in found.items() if one["outcome"] == "unavailable"}
    page = (tmp_path / "out/report.nl.html").read_text()

    assert ("this_process", True) == (exposure["estimand"], exposure["without_refits"])
    assert "not_met" == exposure["outcome"]
    assert exposure["interval"][0] > 1.25
    assert {
        "data/no_feature_stands_for_a_group",
        "model/no_hidden_group_is_worse_off",
        "model/no_worse_in_any_group",
        "data/past_attention_is_even",
        "data/records_are_brought_not_found",
        "data/rows_are_usable",
        "data/weeks_are_complete",
        "model/even_precision",
        "model/even_misses",
        "model/no_unnamed_area_is_singled_out",
        "model/calibrated_in_every_group",
        "model/exposure_follows_need",
        "model/random_data_makes_no_hotspots",
        "model/stable_choice",
        "data/reporting_is_even",
        "model/even_false_flags",
        "model/future_was_unseen",
        "model/no_worse_than_counting",
        "privacy/no_source_about_suspects",
        "privacy/published_map_singles_out_nobody",
        "process/model_is_reproducible",
    } <= without
    assert {"model/even_exposure", "model/robust_to_thresholds"} & without == set()
    assert "error" not in {one["outcome"] for one in found.values()}
    assert judge(tmp_path / "out").code == 1
    assert "Er zijn geen incidenten bekend" in page


def test_flags_are_the_top_of_each_week(city: Path, tmp_path: Path) -> None:
    """As a plain sort of the table gives them."""
    table = every_week(city, WEEKS[:2])
    found = made(write(city, "top", table, POINT + WEEK + SCORE), tmp_path / "out")
    number = round(0.05 * len(cells(city)))
    expected = {
        (week, cell)
        for week, part in table.groupby("week")
        for cell in part.nlargest(number, "score")["cel"]
    }

    assert expected == set(
        found.loc[found["flagged"], ["period", "cell"]].itertuples(index=False, name=None)
    )


def test_a_cell_of_the_grid_is_as_good_as_a_point(city: Path, tmp_path: Path) -> None:
    """Both give the same forecasts."""
    table = every_week(city, WEEKS[:2])
    cell = [column("cel", "cell", "integer")]
    one = made(write(city, "point", table, POINT + WEEK + SCORE), tmp_path / "one")
    other = made(write(city, "cell", table, cell + WEEK + SCORE), tmp_path / "other")

    assert one.equals(other)


def test_another_crs_gives_the_same_cells(city: Path, tmp_path: Path) -> None:
    """Longitude and latitude are put on the grid, where the contract says that they are that."""
    import geopandas  # noqa: PLC0415, TID251 - only here

    table = every_week(city, WEEKS[:2])
    points = geopandas.GeoSeries.from_xy(table["x"], table["y"], crs="EPSG:28992").to_crs(4326)
    degrees = table.assign(x=points.x, y=points.y)
    one = made(write(city, "metres", table, POINT + WEEK + SCORE), tmp_path / "one")
    path = write(city, "degrees", degrees, POINT + WEEK + SCORE, crs="EPSG:4326")

    assert one.equals(made(path, tmp_path / "other"))


def test_given_flags_are_kept_as_they_are(city: Path, tmp_path: Path) -> None:
    """Only flagged cells are in the table; every other one is not flagged."""
    table = every_week(city, WEEKS[:3])
    chosen = table[table["cel"] % 11 == 0].assign(vlag=CODES["flagged"])
    found = made(write(city, "flags", chosen, POINT + WEEK + FLAG), tmp_path / "out")

    assert set(chosen["cel"]) == set(found.loc[found["flagged"], "cell"])
    assert len(chosen) == found["flagged"].sum()
    assert len(found) == 3 * len(cells(city))


def test_a_fortnight_stands_for_both_of_its_weeks(city: Path, tmp_path: Path) -> None:
    """So that weeks of incidents and stretches of weeks mean the same for every system."""
    table = every_week(city, WEEKS[:6:2])
    found = made(write(city, "fortnight", table, POINT + WEEK + SCORE), tmp_path / "out")
    flags = found.pivot_table(index="period", columns="cell", values="flagged").to_numpy()

    assert 6 == len(flags)
    assert (flags[::2] == flags[1::2]).all()


@pytest.mark.slow
def test_areas_are_flagged_among_areas_and_each_resident_counts_once(
    city: Path, tmp_path: Path
) -> None:
    """The ratio of one map is that of the residents of the areas, counted by hand."""
    areas = pd.json_normalize(read_json(city / "feed/areas.geojson")["features"])
    areas.columns = [name.removeprefix("properties.") for name in areas.columns]
    areas["n"] = (1000 * areas["herkomst_buiten_europa"] / areas["inwoners"].clip(lower=1)).round()
    path = write(city, "areas", areas[["buurtcode", "n"]], AREA, flagged_share=0.4)
    found = audit(path, tmp_path / "out")["model/even_exposure"]
    with_cells = areas[areas["buurtcode"].isin(cells(city)["area"])]
    top = with_cells.nlargest(round(0.4 * len(with_cells)), "n")
    one, other = (
        top[name].sum() / with_cells[name].sum()
        for name in ("herkomst_buiten_europa", "herkomst_nederland")
    )
    page = (tmp_path / "out/report.en.html").read_text()

    assert pytest.approx(one / other) == found["estimate"]
    assert len(top) == found["n"]["places"]
    assert ("this_map", None) == (found["estimand"], found["interval"])
    assert "whole area" in page
    assert "about this map alone" in page


def test_a_place_that_was_never_predicted_is_never_flagged(city: Path, tmp_path: Path) -> None:
    """However large the share: nought predictions is no flag."""
    codes = sorted(set(cells(city)["area"]))
    table = pd.DataFrame({"buurtcode": codes, "n": [7, 5, *[0] * (len(codes) - 2)]})
    found = made(write(city, "seldom", table, AREA, flagged_share=0.5), tmp_path / "out")
    flagged = found.merge(cells(city), on="cell").query("flagged")["area"]

    assert set(codes[:2]) == set(flagged)


def test_with_incidents_they_are_judged_like_our_own(city: Path, tmp_path: Path) -> None:
    """Hits are counted beside counting, where a year of the past is known; else without it."""
    weeks = pd.date_range("2025-11-03", periods=8, freq="7D")
    table = every_week(city, weeks)
    path = write(city, "judged", table, POINT + WEEK + SCORE, incidents=True)
    made(path, tmp_path / "out")
    weekly = pd.read_parquet(tmp_path / "out/model/weekly.parquet")
    sums = weekly.groupby("forecaster")[["incidents", "flagged_cells"]].sum()
    incidents = pd.read_parquet(tmp_path / "out/data/incidents.parquet")
    early = write(city, "early", every_week(city, WEEKS[:8]), POINT + WEEK + SCORE, incidents=True)
    made(early, tmp_path / "early")
    without = pd.read_parquet(tmp_path / "early/model/weekly.parquet")

    assert {"model", "counting"} == set(sums.index)
    assert sums.loc["model"].to_dict() == sums.loc["counting"].to_dict()
    assert incidents.loc[incidents["week"].isin(weeks), "count"].sum() == sums["incidents"]["model"]
    assert {"model"} == set(without["forecaster"])


def twice(table: pd.DataFrame) -> pd.DataFrame:
    """Let one cell stand twice."""
    return pd.concat([table, table.iloc[[7]].assign(score=0.1)])


SPOILED: list[tuple[str, Callable[[pd.DataFrame], pd.DataFrame], dict[str, Any], str]] = [
    ("twice", twice, {}, "1 of .* stands there already; expected one row"),
    (
        "a week is missing",
        lambda table: table[table["week"] != WEEKS[2]],
        {},
        "lack 1 of the 5 weeks",
    ),
    (
        "degrees taken for metres",
        lambda table: table.assign(x=5.1, y=52.1),
        {},
        "most for outside_the_areas",
    ),
    (
        "scores as text",
        lambda table: table.assign(score="hoog"),
        {},
        "most for no_readable_score",
    ),
    (
        "scores without end",
        lambda table: table.assign(score=float("inf")),
        {},
        "most for no_readable_score",
    ),
    (
        "half of them elsewhere",
        lambda table: table.assign(x=table["x"] + 2000.0),
        {},
        "outside_the_areas",
    ),
    ("all the same", lambda table: table.assign(score=1.0), {}, "the same everywhere in 5 of 5"),
    ("a share of nothing", lambda table: table, {"flagged_share": 1e-5}, "less than one"),
]


@pytest.mark.parametrize(
    ("change", "forecast", "said"), [one[1:] for one in SPOILED], ids=[one[0] for one in SPOILED]
)
def test_a_spoiled_table_is_refused(
    city: Path,
    tmp_path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    forecast: dict[str, Any],
    said: str,
) -> None:
    """In one sentence that says what was found and expected, without a value of the table."""
    table = change(every_week(city, WEEKS[:5]))
    path = write(city, "spoiled", table, POINT + WEEK + SCORE, **forecast)

    with pytest.raises(InputError, match=said) as caught:
        made(path, tmp_path / "out")
    assert "hoog" not in str(caught.value)


def test_an_area_beyond_the_reach_of_the_crs_is_refused(city: Path, tmp_path: Path) -> None:
    """An outline that lies half outside what the grid can hold stops the audit."""
    areas = read_json(city / "feed/areas.geojson")
    ring = areas["features"][0]["geometry"]["coordinates"][0][0]
    ring[1] = [ring[1][0], 95.0]
    table = pd.DataFrame({"buurtcode": ["BU99990001"], "n": [1]})
    path = write(tmp_path, "outside", table, AREA)
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed/areas.geojson").write_text(json.dumps(areas))

    with pytest.raises(ContractError, match=r"span|beyond|outline"):
        made(path, tmp_path / "out")


def test_predictions_at_points_of_one_cell_add_up(city: Path, tmp_path: Path) -> None:
    """Two boxes of a finer grid are no cell that stands twice; the same box twice is."""
    table = every_week(city, WEEKS[:1]).iloc[:4].assign(n=3)
    beside = table.assign(x=table["x"] + 10.0)
    contract = [*POINT, *WEEK, column("n", "count", "integer")]
    found = made(
        write(city, "boxes", pd.concat([table, beside]), contract), tmp_path / "out"
    ).query("score > 0")
    path = write(city, "boxes", pd.concat([table, table]), contract)

    assert {6.0} == set(found["score"])
    assert 4 == len(found)
    with pytest.raises(ContractError, match="4 of 8 rows"):
        made(path, tmp_path / "twice")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"forecast": {"model": "counting"}}, "sources.forecasts with forecast.model table"),
        ({"sources": {"areas": {"path": "a", "contract": "a"}}}, "sources.forecasts with"),
        ({"channels": ["brought"]}, "channels with sources.incidents"),
    ],
)
def test_a_configuration_says_one_thing(city: Path, change: dict[str, Any], said: str) -> None:
    """A table without a model to fit, and channels where there are incidents."""
    path = write(city, "one", pd.DataFrame({"buurtcode": ["A"], "n": [1]}), AREA)
    plain = json.loads(path.read_text())

    with pytest.raises(ValueError, match=said):
        Config.model_validate({**plain, **change})


def test_the_contract_of_the_room_loads() -> None:
    """The one that stands in the expectations room asks for points, weeks, themes and scores."""
    roles = {one.role for one in load_contract("forecasts").columns}

    assert {"x", "y", "date", "theme", "score"} == roles
