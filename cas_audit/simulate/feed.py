"""The raw feed of the synthetic city, as a source system would hand it over.

feed/incidents.csv     one row per incident, with all that must never come in
feed/areas.geojson     neighbourhoods (WGS84, RFC 7946) with residents by origin
feed/suspects.parquet  suspects counted per cell
feed/survey.csv, patrols.csv, decisions.csv, complaints.csv, stops.csv  tables beside them
feed/access.csv, changes.csv, restores.csv, log.csv  records of the organisation's own work
feed/advisories.json       invented advisories about versions of long ago
feed/feed.json         says that all of it is synthetic, by digest
truth/                 the intensity without bias, for benchmarks only
"""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from cas_audit.files import digest, write_json
from cas_audit.simulate.beside import Setting, draw_beside, name_areas
from cas_audit.simulate.city import CELL_SIZE_M, ORIGIN_M, SIDE, City, build_city, draw_intensity
from cas_audit.simulate.identifiers import draw_identifiers
from cas_audit.simulate.incidents import THEMES, draw_brought, draw_found, policed_cells
from cas_audit.simulate.records import ADVISORIES, draw_records

__all__ = ["REFERENCE_DATE", "write_feed"]

REFERENCE_DATE = date(2026, 1, 5)  # a Monday; the last week ends before it
CRS = "EPSG:28992"
WEEK_MINUTES = 7 * 24 * 60
DEFECT_SHARE = 0.001  # of each kind: no place, no readable moment
LATE_SHARE = 0.03
SUSPECTS_PER_RESIDENT = 0.004


def write_feed(
    folder: Path,
    *,
    seed: int,
    over_policing: float = 1.0,
    side: int = SIDE,
    weeks: int = 156,
    themes: tuple[str, ...] = tuple(THEMES),
) -> None:
    """Write `feed/` and `truth/` below a folder.

    Args:
        folder: where to write.
        seed: of everything; brought records are the same whatever the dial.
        over_policing: found records added for each brought one where the share of residents
            born outside Europe is highest; suspects follow. 0 is no bias.
        side: rows and columns of the grid.
        weeks: length of the history.
        themes: which of the ten themes.
    """
    streams = np.random.default_rng(seed).spawn(6)
    city = build_city(streams[0], side)
    truth, incidents = _draw(streams[1], city, weeks, themes, over_policing)
    _write_truth(folder / "truth", city, truth)
    feed = folder / "feed"
    feed.mkdir(parents=True, exist_ok=True)
    _incidents(streams[2], incidents, weeks).to_csv(feed / "incidents.csv", index=False)
    (feed / "areas.geojson").write_text(json.dumps(_areas(streams[3], city)), encoding="utf-8")
    _suspects(streams[3], city, over_policing).to_parquet(feed / "suspects.parquet", index=False)
    setting = Setting(city, truth, over_policing, weeks, REFERENCE_DATE)
    beside = draw_beside(streams[4], setting) | draw_records(streams[5], REFERENCE_DATE)
    for name, table in beside.items():
        table.to_csv(feed / f"{name}.csv", index=False)
    write_json(feed / "advisories.json", {"vulns": ADVISORIES})
    files = {path.name: digest(path) for path in sorted(feed.iterdir())}
    said = {"origin": "synthetic", "seed": seed, "over_policing": over_policing, "files": files}
    write_json(feed / "feed.json", said)


def _draw(
    rng: np.random.Generator, city: City, weeks: int, themes: tuple[str, ...], dial: float
) -> tuple[dict[str, NDArray[np.float64]], pd.DataFrame]:
    """Draw every theme from its own stream, so that one more leaves the others as they are."""
    policed = policed_cells(city)
    truth, drawn = {}, []
    for name, stream in zip(THEMES, rng.spawn(len(THEMES)), strict=True):
        if name not in themes:
            continue
        theme, (fields, brought, found) = THEMES[name], stream.spawn(3)
        truth[name] = draw_intensity(fields, city)
        attention = np.where(policed, theme.found + dial, theme.found)
        parts = {
            "aangifte": draw_brought(brought, truth[name], theme.a_week, weeks),
            "ambtshalve": draw_found(found, truth[name], theme, weeks, attention),
        }
        drawn += [part.assign(feitcode=theme.code, melding=by) for by, part in parts.items()]
    return truth, pd.concat(drawn, ignore_index=True)


def _incidents(rng: np.random.Generator, drawn: pd.DataFrame, weeks: int) -> pd.DataFrame:
    """Give each incident a minute, an address and invented persons; spoil a few rows."""
    number = len(drawn)
    minute = drawn["week"] * WEEK_MINUTES + rng.integers(0, WEEK_MINUTES, number)
    start = pd.Timestamp(REFERENCE_DATE) - pd.Timedelta(weeks=weeks)
    moment = (start + pd.to_timedelta(minute, unit="min")).dt.strftime("%Y-%m-%dT%H:%M")
    place = rng.uniform(0.02, 0.98, (number, 2)) + drawn[["column", "row"]].to_numpy()
    metres = np.round(place * CELL_SIZE_M + ORIGIN_M, 1)
    metres[rng.random(number) < DEFECT_SHARE] = 0.0
    table = draw_identifiers(rng, number).assign(
        pleegmoment=moment.mask(rng.random(number) < DEFECT_SHARE, "onbekend"),
        registratiedatum=_recorded(rng.spawn(1)[0], start, minute.to_numpy()),
        x_rd=metres[:, 0],
        y_rd=metres[:, 1],
        feitcode=drawn["feitcode"],
        melding=drawn["melding"],
    )
    table = table.iloc[np.argsort(minute.to_numpy(), kind="stable")].reset_index(drop=True)
    table.insert(0, "zaaknummer", [f"PL{9_000_000 + number}" for number in range(len(table))])
    return table


def _recorded(
    rng: np.random.Generator, start: pd.Timestamp, minute: NDArray[np.int64]
) -> "pd.Series[str]":
    """Return the day on which each incident was recorded: mostly at once, some after weeks."""
    days = rng.geometric(0.6, minute.size) - 1
    late = rng.random(minute.size) < LATE_SHARE
    days[late] += rng.integers(7, 120, int(late.sum()))
    moment = start + pd.to_timedelta(minute + days * 24 * 60, unit="min")
    return pd.Series(moment.strftime("%Y-%m-%d"))


def _areas(rng: np.random.Generator, city: City) -> dict[str, object]:
    """Neighbourhoods as GeoJSON; the last two figures are offered but not in the contract."""
    to_wgs84 = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    outside = np.round(city.residents * city.share_outside).astype(int)
    europe = np.round(city.residents * city.share_europe).astype(int)
    income = rng.normal(30, 6, len(city.residents)).round(1)
    codes = name_areas(np.arange(len(city.residents)))
    features = []
    for number, residents in enumerate(city.residents):
        outline = shapely.transform(_outline(city, number), to_wgs84.transform, interleaved=False)
        figures = {
            "buurtcode": str(codes[number]),
            "buurtnaam": f"Proefbuurt {number + 1}",
            "inwoners": int(residents),
            "herkomst_nederland": int(residents - outside[number] - europe[number]),
            "herkomst_europa": int(europe[number]),
            "herkomst_buiten_europa": int(outside[number]),
            "gemiddeld_inkomen": float(income[number]),
            "huishoudens_bijstand": int(residents * 0.03),
        }
        geometry = shapely.geometry.mapping(shapely.set_precision(outline, 1e-7))
        features.append({"type": "Feature", "properties": figures, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def _outline(city: City, number: int) -> shapely.Geometry:
    row, column = np.nonzero(city.area == number)
    west, south = ORIGIN_M[0] + column * CELL_SIZE_M, ORIGIN_M[1] + row * CELL_SIZE_M
    return shapely.union_all(shapely.box(west, south, west + CELL_SIZE_M, south + CELL_SIZE_M))


def _suspects(rng: np.random.Generator, city: City, dial: float) -> pd.DataFrame:
    """Suspects counted per cell: by residents, and by attention where there was too much."""
    row, column = np.nonzero(city.kept)
    cells = np.bincount(city.area[city.kept], minlength=len(city.residents))
    residents = (city.residents / cells)[city.area[row, column]]
    attention = np.where(policed_cells(city)[row, column], 1 + 2 * dial, 1.0)
    return pd.DataFrame(
        {
            "x_rd": ORIGIN_M[0] + (column + 0.5) * CELL_SIZE_M,
            "y_rd": ORIGIN_M[1] + (row + 0.5) * CELL_SIZE_M,
            "aantal_verdachten": rng.poisson(residents * SUSPECTS_PER_RESIDENT * attention),
            "gemiddelde_leeftijd": rng.normal(31, 6, row.size).round(1),
        }
    )


def _write_truth(folder: Path, city: City, truth: dict[str, NDArray[np.float64]]) -> None:
    row, column = np.nonzero(city.kept)
    shares = {name: field[row, column] for name, field in truth.items()}
    weekly = {name: share * THEMES[name].a_week for name, share in shares.items()}
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"row": row, "column": column, **weekly})
    table.to_parquet(folder / "intensity.parquet", index=False)
