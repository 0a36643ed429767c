"""Areas with outlines: GeoJSON and GeoPackage, read by GDAL with its other doors shut.

GDAL goes by what a file holds, not by its name: a text in the place of a GeoJSON could name other
files, run a pipeline, or fetch an address. So only two drivers remain, and no request leaves.

Runs in the child process only (`worker.py`).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyogrio
from pyogrio import _ogr

from cas_audit.ingest.contract import Column
from cas_audit.ingest.faults import Broken
from cas_audit.ingest.names import match_names

__all__ = ["Outlined", "open_features"]

DRIVERS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".gpkg": "GPKG"}
NOWHERE = "127.0.0.1:0"  # a proxy that cannot be
RUN_BY_READING = (
    "type = 'view' OR sql LIKE '%virtual%table%' AND name NOT LIKE 'rtree\\_%' ESCAPE '\\'"
)


class Outlined(NamedTuple):
    """Areas of which the header was read."""

    names: list[str]
    matched: dict[str, str]
    pieces: Iterator[pa.Table]
    crs: str


def open_features(path: Path, wanted: list[Column]) -> Outlined:
    """Read the fields of a file, and the admitted ones with the outlines.

    Raises:
        Unfit: a column of the contract is absent or stands twice.
        Broken: it is of another format, or would run something by being read.
    """
    _shut_doors()
    if DRIVERS[path.suffix] == "GPKG":
        _demand_tables(path)
    found = pyogrio.read_info(path)
    if found["driver"] != DRIVERS[path.suffix]:
        raise Broken(pyogrio.errors.DataSourceError.__name__)
    names = [str(name) for name in found["fields"]]
    matched = match_names(names, [column.name for column in wanted])
    if not wanted:
        return Outlined(names, matched, iter(()), "")
    meta, table = pyogrio.read_arrow(path, columns=list(matched.values()))
    outlines = table.column(meta["geometry_name"] or "wkb_geometry")
    table = table.select(list(matched.values())).append_column("geometry", outlines)
    table.validate(full=True)  # GeoPackage does not look whether its text is text
    return Outlined(names, matched, iter([table]), meta["crs"] or "")


def _shut_doors() -> None:
    """Leave GDAL two drivers and no network."""
    for name in ("no_proxy", "NO_PROXY"):
        os.environ.pop(name, None)
    proxies = dict.fromkeys(("GDAL_HTTP_PROXY", "GDAL_HTTPS_PROXY"), NOWHERE)
    pyogrio.set_gdal_config_options(proxies)
    if needless := _needless():
        pyogrio.set_gdal_config_options({"OGR_SKIP": ",".join(needless)})
        _ogr._register_drivers()  # noqa: SLF001 - drivers are skipped when they are registered
    if _needless():
        raise Broken(pyogrio.errors.DataSourceError.__name__)


def _needless() -> set[str]:
    return set(pyogrio.list_drivers()) - set(DRIVERS.values())


def _demand_tables(path: Path) -> None:
    """Refuse a GeoPackage with a view or virtual table: reading one runs what it says."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        query = f"SELECT count(*) FROM sqlite_master WHERE {RUN_BY_READING}"  # noqa: S608 - ours
        if database.execute(query).fetchone()[0]:
            what = "a view or a virtual table in it"
            raise Broken(what)
