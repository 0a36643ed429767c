"""What people work with: next week's forecast for a map, and the sheet of the specialist.

The forecast may be shown to anyone: a cell that publication hides is in it as `not_shown`, flagged
or not. The sheet holds every flagged cell, and lies in a folder of its own that says so; filled in,
it comes back through the gate as the decision log, by the contract that lies beside it.
"""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.files import read_yaml, write_json, write_yaml
from cas_audit.forecast.publish import places_of
from cas_audit.present.words import LANGUAGES, Language
from cas_audit.rooms import room

__all__ = ["FILLED_IN", "write_week"]

FILLED_IN = ["read", "changed", "reason", "approach"]
TOLD = ["week", "theme", "area", "cell", "x_m", "y_m", "hot_times"]
HOT_TIMES = 3  # on the sheet, of 21
COLOURS = {
    "flagged": ("189,0,38,255", "solid"),
    "not_flagged": ("238,234,226,60", "solid"),
    "not_shown": ("141,135,119,255", "b_diagonal"),
}


def write_week(audit: Path, out: Path, language: Language) -> None:
    """Write the forecast of the week after the history, its style, and the sheet.

    Args:
        audit: an audit folder with a forecast.
        out: folder to make.
        language: of the legend.

    Raises:
        Unavailable: the dossier holds no forecast of next week.
    """
    dossier = Dossier(audit / "dossier")
    out.mkdir()
    cells = _cells(dossier)
    ahead = dossier.table("next.parquet").merge(cells, on="cell")
    ahead["week"] = ahead["week"].dt.strftime("%Y-%m-%d")
    forecast = _squares(_restricted(dossier, ahead), dossier)
    _write_layers(forecast, out / "forecast.gpkg")
    forecast.to_parquet(out / "forecast.parquet", index=False)
    texts = read_yaml(room("reports", "locale", "exports.yaml"))
    _write_style(out / "forecast.qml", texts[language]["legend"])
    sheet = _sheet(ahead).merge(_hot_times(dossier, texts[language]), how="left")
    _write_sheet(sheet[[*TOLD, *FILLED_IN]], dossier, out / "restricted")
    for each in LANGUAGES:
        (out / f"read-me.{each}.txt").write_text(texts[each]["read_me"], encoding="utf-8")
    week, themes = str(ahead["week"].iloc[0]), sorted(set(ahead["theme"]))
    write_json(out / "week.json", {"week": week, "themes": themes})


def _cells(dossier: Dossier) -> pd.DataFrame:
    return dossier.table("data/cells.parquet")[["cell", "area", "x_m", "y_m"]]


def _restricted(dossier: Dossier, ahead: pd.DataFrame) -> pd.DataFrame:
    """Say of each cell whether it is flagged, or that publication hides it."""
    smallest = int(dossier.json("public/publication.json")["smallest_population"])
    places = places_of(dossier.folder, smallest).set_index("cell")["shown_as"]
    shown = ahead["flagged"].map({True: "flagged", False: "not_flagged"})
    hidden = ahead["cell"].map(places) != "cell"
    return ahead.assign(shown=shown.mask(hidden, "not_shown"))[
        ["theme", "week", "cell", "area", "x_m", "y_m", "shown"]
    ]


def _squares(table: pd.DataFrame, dossier: Dossier) -> Any:  # noqa: ANN401 - of geopandas
    """Return the table with the square of each cell."""
    import geopandas  # noqa: PLC0415, TID251 - loaded only where outlines are written
    import shapely  # noqa: PLC0415

    grid = dossier.json("data/grid.json")
    x, y, half = table["x_m"].to_numpy(), table["y_m"].to_numpy(), grid["cell_size_m"] / 2
    squares = shapely.box(x - half, y - half, x + half, y + half)
    told = table.drop(columns=["x_m", "y_m"])
    return geopandas.GeoDataFrame(told, geometry=squares, crs=grid["crs"])


def _write_layers(table: Any, path: Path) -> None:  # noqa: ANN401 - of geopandas
    """Write a layer a theme."""
    for theme, part in table.groupby("theme"):
        part.to_file(path, layer=str(theme), driver="GPKG", engine="pyogrio")


def _sheet(ahead: pd.DataFrame) -> pd.DataFrame:
    """Return the flagged cells, with empty columns for what people make of them."""
    flagged = ahead[ahead["flagged"]].sort_values(["theme", "area", "cell"], ignore_index=True)
    told = flagged[["week", "theme", "area", "cell", "x_m", "y_m"]]
    return told.assign(**dict.fromkeys(FILLED_IN, ""))


def _hot_times(dossier: Dossier, texts: dict[str, Any]) -> pd.DataFrame:
    """Return per theme and area the weekdays and shifts with the most incidents, in words."""
    if not dossier.names("model/hot_times.parquet"):
        return pd.DataFrame(columns=["theme", "area", "hot_times"], dtype=object)
    table = dossier.table("model/hot_times.parquet")
    order = ["share", "weekday", "shift"]
    ranked = table.sort_values(order, ascending=[False, True, True])
    top = ranked.groupby(["theme", "area"]).head(HOT_TIMES)
    day, shift = (top[one].map(dict(enumerate(texts[f"{one}s"]))) for one in order[1:])
    percent = (top["share"] * 100).round().astype(int).astype(str)
    said = top.assign(hot_times=day + " " + shift + " (" + percent + " %)")
    joined: pd.DataFrame = said.groupby(["theme", "area"])["hot_times"].agg(", ".join).reset_index()
    return joined


def _write_sheet(sheet: pd.DataFrame, dossier: Dossier, folder: Path) -> None:
    """Write the sheet, and the contract by which it comes back."""
    folder.mkdir()
    sheet.to_csv(folder / "sheet.csv", index=False)
    _write_layers(_squares(sheet, dossier), folder / "sheet.gpkg")
    contract = read_yaml(room("expectations", "sheet.decisions.yaml"))
    for column in contract["columns"]:
        if column["role"] == "theme":
            column["values"] = {theme: theme for theme in dossier.manifest.themes}
    write_yaml(folder / "sheet.contract.yaml", contract)


def _write_style(path: Path, legend: dict[str, str]) -> None:
    """Write a style that QGIS takes up by itself: it is called like the file."""
    root = ET.Element("qgis", version="3.28", styleCategories="Symbology")
    how = {"type": "categorizedSymbol", "attr": "shown", "enableorderby": "0", "forceraster": "0"}
    renderer = ET.SubElement(root, "renderer-v2", how)
    categories, symbols = (ET.SubElement(renderer, name) for name in ("categories", "symbols"))
    for number, (value, (colour, style)) in enumerate(COLOURS.items()):
        name = str(number)
        told = {"value": value, "label": legend[value], "symbol": name, "render": "true"}
        ET.SubElement(categories, "category", told)
        symbol = ET.SubElement(symbols, "symbol", {"type": "fill", "name": name, "alpha": "1"})
        layer = ET.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1", "pass": "0"})
        options = ET.SubElement(layer, "Option", type="Map")
        for key, text in (("color", colour), ("style", style), ("outline_style", "no")):
            ET.SubElement(options, "Option", name=key, type="QString", value=text)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
