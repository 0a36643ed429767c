"""What people work with: a forecast that hides what publication hides, a sheet that comes back."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas  # noqa: TID251 - reads what was written
import numpy as np
import pandas as pd
import pytest

from cas_audit import cli, steps
from cas_audit.demo import prepare
from cas_audit.errors import EvidenceError
from cas_audit.files import read_json, read_yaml, write_yaml
from cas_audit.forecast.publish import places_of
from cas_audit.present.exports.week import FILLED_IN
from tests.lean import make_lean

pytestmark = pytest.mark.slow
THEMES = ["bike_theft", "home_burglary"]
WEEK = ("--kind", "week")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small trial city whose forecast counts, which is quick."""
    folder = tmp_path_factory.mktemp("city")
    prepare(folder, seed=5, side=36)
    make_lean(folder)
    content = read_yaml(folder / "configs/v1.yaml")
    content["themes"] = THEMES
    content["forecast"] |= {"model": "counting", "refits": 0}
    content["publication"] = {"smallest_population": 40}
    write_yaml(folder / "configs/v1.yaml", content)
    return folder


@pytest.fixture(scope="module")
def audit(city: Path) -> Path:
    """Return an audit with a forecast."""
    steps.ingest(city / "configs/v1.yaml", city / "v1")
    steps.forecast(city / "configs/v1.yaml", city / "v1")
    return city / "v1"


@pytest.fixture(scope="module")
def exported(audit: Path, city: Path) -> Path:
    """Return the folder that the command wrote."""
    with pytest.raises(SystemExit) as stop:
        cli.main(["export", str(audit), "--out", str(city / "out"), *WEEK, "--language", "en"])

    assert not stop.value.code
    return city / "out/week"


def test_the_forecast_is_of_the_week_after_the_history(audit: Path, exported: Path) -> None:
    """Three percent of the cells of each theme, by the incidents of the year before that week."""
    ahead = pd.read_parquet(audit / "dossier/next.parquet")
    weeks = pd.read_parquet(audit / "dossier/data/weeks.parquet")["week"]
    incidents = pd.read_parquet(audit / "dossier/data/incidents.parquet")
    recent = incidents[incidents["week"] > weeks.max() - pd.Timedelta(weeks=52)]
    count = recent[recent["theme"] == THEMES[0]].groupby("cell")["count"].sum()
    one = ahead[ahead["theme"] == THEMES[0]].set_index("cell")
    by_count = one.assign(count=count).fillna({"count": 0})
    next_week = f"{weeks.max() + timedelta(days=7):%Y-%m-%d}"

    assert {"week": next_week, "themes": THEMES} == read_json(exported / "week.json")
    assert round(0.03 * len(one)) == one["flagged"].sum() > 0
    flagged = by_count["flagged"]
    assert by_count["count"][flagged].min() >= by_count["count"][~flagged].max() > 0


def test_what_may_be_shown_says_nothing_of_hidden_cells(audit: Path, exported: Path) -> None:
    """GeoPackage and GeoParquet hold the same; a hidden cell is not shown, flagged or not."""
    places = places_of(audit / "dossier", 40).set_index("cell")["shown_as"]
    ahead = pd.read_parquet(audit / "dossier/next.parquet").set_index(["theme", "cell"])["flagged"]
    found = geopandas.read_parquet(exported / "forecast.parquet")
    hidden = found["cell"].map(places) != "cell"
    layers = [geopandas.read_file(exported / "forecast.gpkg", layer=theme) for theme in THEMES]

    assert 0 < hidden.sum() < len(found) == len(ahead)
    assert ahead[ahead].reset_index()["cell"].map(places).ne("cell").any()
    assert (hidden == (found["shown"] == "not_shown")).all()
    open_ = found[~hidden].set_index(["theme", "cell"])
    assert (ahead[open_.index] == (open_["shown"] == "flagged")).all()
    assert {"theme", "week", "cell", "area", "shown", "geometry"} == set(found.columns)
    assert found["shown"].to_list() == pd.concat(layers)["shown"].to_list()
    assert read_json(audit / "dossier/data/grid.json")["crs"] == found.crs.to_string()


def test_the_squares_lie_where_the_cells_are(audit: Path, exported: Path) -> None:
    """Each as large as a cell, around its centre."""
    grid = read_json(audit / "dossier/data/grid.json")
    cells = pd.read_parquet(audit / "dossier/data/cells.parquet").set_index("cell")
    found = geopandas.read_parquet(exported / "forecast.parquet")
    centre = found.geometry.centroid

    assert found.geometry.area.to_numpy() == pytest.approx(grid["cell_size_m"] ** 2)
    assert centre.x.to_numpy() == pytest.approx(cells["x_m"][found["cell"]].to_numpy())
    assert centre.y.to_numpy() == pytest.approx(cells["y_m"][found["cell"]].to_numpy())


def test_the_style_knows_every_value(exported: Path) -> None:
    """A category a value, each with a symbol, labelled in the language that was asked for."""
    root = ET.parse(exported / "forecast.qml").getroot()  # noqa: S314 - we wrote it
    categories = {one.get("value"): one for one in root.iter("category")}
    symbols = {one.get("name") for one in root.iter("symbol")}
    found = geopandas.read_parquet(exported / "forecast.parquet")

    assert set(found["shown"]) == set(categories)
    assert symbols == {one.get("symbol") for one in categories.values()}
    assert categories["not_flagged"].get("label") == "Not flagged"


def fill_in(sheet: Path, seed: int) -> pd.DataFrame:
    """Fill the sheet in as a specialist would, in either language, and leave some of it."""
    table = pd.read_csv(sheet, dtype={"area": str})
    rng = np.random.default_rng(seed)
    table["changed"] = rng.choice(["nee", "no", "deels", "ja", "yes", ""], len(table))
    table["read"] = np.where(table["changed"] == "", "", "ja")
    table["reason"] = "gesproken met Jan Jansen, 06-12345678"
    table.to_csv(sheet, index=False)
    return table


def test_the_sheet_comes_back_as_the_decision_log(exported: Path, city: Path) -> None:
    """Through the gate: week, area, theme and decision; what was written freely is never read."""
    folder = exported / "restricted"
    sheet = pd.read_csv(folder / "sheet.csv")
    layers = [geopandas.read_file(folder / "sheet.gpkg", layer=theme) for theme in THEMES]

    assert sheet[FILLED_IN].isna().all(axis=None)
    assert len(sheet) == sum(len(layer) for layer in layers) > 20
    filled = fill_in(folder / "sheet.csv", 1)
    content: dict[str, Any] = read_yaml(city / "configs/v1.yaml")
    content["reference_date"] = str(content["reference_date"] + timedelta(days=14))
    source = {"path": str(folder / "sheet.csv"), "contract": str(folder / "sheet.contract.yaml")}
    content["sources"]["decisions"] = source
    write_yaml(city / "configs/after.yaml", content)
    steps.ingest(city / "configs/after.yaml", city / "after")

    found = pd.read_parquet(city / "after/dossier/data/decisions.parquet")
    meant = {"nee": "followed", "no": "followed", "deels": "partly_followed"}
    meant |= {"ja": "not_followed", "yes": "not_followed"}
    filled = filled[filled["changed"] != ""].assign(decision=filled["changed"].map(meant))
    keys = ["area", "week", "theme", "decision"]
    expected = filled.assign(week=pd.to_datetime(filled["week"])).groupby(keys).size()
    counted = found.assign(week=pd.to_datetime(found["week"])).set_index(keys)["count"]
    assert expected.to_dict() == counted.to_dict()
    receipt = read_json(city / "after/dossier/ingest/decisions.receipt.json")
    assert {"read", "reason", "approach", "cell"} <= set(receipt["refused_columns"])
    every = b"".join(p.read_bytes() for p in (city / "after").rglob("*") if p.is_file())
    assert b"Jansen" not in every


def test_a_changed_audit_is_not_exported(audit: Path, tmp_path: Path) -> None:
    """Nor is anything written."""
    path = audit / "dossier/next.parquet"
    before = path.read_bytes()
    path.write_bytes(before + b" ")
    with pytest.raises(EvidenceError, match="as it was sealed"):
        steps.export(audit, tmp_path / "out", ["week"])
    path.write_bytes(before)

    assert not (tmp_path / "out").exists()


def test_an_export_takes_the_place_of_an_export_only(audit: Path, tmp_path: Path) -> None:
    """A folder with something of others in it is left alone."""
    steps.export(audit, tmp_path / "out", ["week"])
    steps.export(audit, tmp_path / "out", ["week"])
    (tmp_path / "out/week/notes.txt").write_text("mine")

    with pytest.raises(EvidenceError, match="not written by cas-audit"):
        steps.export(audit, tmp_path / "out", ["week"])


def test_the_sheet_says_when_crime_happens_most_in_the_neighbourhood(
    audit: Path, exported: Path
) -> None:
    """The three busiest of 21 parts of the week with their shares, the same all over an area."""
    table = pd.read_parquet(audit / "dossier/model/hot_times.parquet")
    sheet = pd.read_csv(exported / "restricted/sheet.csv", dtype={"area": str})
    row = sheet.iloc[0]
    mine = table[(table["theme"] == row["theme"]) & (table["area"] == row["area"])]
    top = mine.sort_values(["share", "weekday", "shift"], ascending=[False, True, True]).iloc[0]
    days, shifts = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], ["0-8 h", "8-16 h", "16-24 h"]
    first = f"{days[top['weekday']]} {shifts[top['shift']]} ({round(top['share'] * 100)} %)"

    assert 21 == len(mine)
    assert [first, 3] == [row["hot_times"].split(", ")[0], row["hot_times"].count("%")]
    assert sheet.groupby(["theme", "area"])["hot_times"].nunique().eq(1).all()
