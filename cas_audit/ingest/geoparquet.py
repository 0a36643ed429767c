"""GeoParquet: a Parquet file that says in its footer which column is the geometry, and its CRS.

Of areas the outlines come in as they are. Of rows an exact point stands for the coordinates that
the contract asks for, where the file has no columns for them: points are read here and put in the
CRS of the contract, and what is no point has no place.

Runs in the child process only (`worker.py`).
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from pyproj import Transformer

from cas_audit.ingest.contract import Column
from cas_audit.ingest.faults import Broken
from cas_audit.ingest.names import normalise

__all__ = ["Geometry", "geometry_of", "outlined", "placed", "stands_for"]

ENCODING = "WKB"
WITHOUT_CRS = "OGC:CRS84"  # what a file without the key means: longitude and latitude


class Geometry(NamedTuple):
    """The geometry of a file: its column, and its CRS as text; empty where that is unknown."""

    column: str
    crs: str


def geometry_of(schema: pa.Schema) -> Geometry:
    """Return which column of a file is its geometry.

    Raises:
        Broken: the file does not say, as GeoParquet does, or the geometry is not WKB.
    """
    try:
        content = json.loads((schema.metadata or {})[b"geo"])
        column = content["primary_column"]
        told = content["columns"][column]
        encoding, crs = told["encoding"], told.get("crs", WITHOUT_CRS)
    except (ValueError, KeyError, TypeError, AttributeError):
        what = "no geometry named in its footer"
        raise Broken(what) from None
    if encoding != ENCODING or column not in schema.names:
        what = "a geometry that is not WKB"
        raise Broken(what)
    return Geometry(column, crs if isinstance(crs, str) else json.dumps(crs) if crs else "")


def stands_for(names: list[str], wanted: list[Column]) -> list[Column]:
    """Return the coordinates for which a point stands: both, where no column offers either."""
    places = [one for one in wanted if one.role in {"x", "y"}]
    offered = set(map(normalise, names))
    return [] if any(normalise(one.name) in offered for one in places) else places


def placed(
    tables: Iterator[pa.Table], geometry: Geometry, places: list[Column], crs: str
) -> Iterator[pa.Table]:
    """Put coordinates in the place of points.

    Args:
        tables: admitted columns, with the geometry.
        geometry: of the file.
        places: the columns of the contract that it stands for.
        crs: of the contract.

    Raises:
        Broken: the file does not say in which CRS the points lie.
    """
    if not geometry.crs:
        what = "no CRS in its footer"
        raise Broken(what)
    turn = Transformer.from_crs(geometry.crs, crs, always_xy=True)
    for table in tables:
        points = shapely.from_wkb(_bytes(table, geometry), on_invalid="ignore")
        points[shapely.is_empty(points)] = None
        x, y = turn.transform(shapely.get_x(points), shapely.get_y(points))
        found = table.drop_columns([geometry.column])
        for one in places:
            found = found.append_column(one.name, pa.array(x if one.role == "x" else y))
        yield found


def outlined(tables: Iterator[pa.Table], geometry: Geometry) -> Iterator[pa.Table]:
    """Call the outlines of areas what the other formats call them."""
    for table in tables:
        outlines = pa.array(_bytes(table, geometry), pa.binary())
        yield table.drop_columns([geometry.column]).append_column("geometry", outlines)


def _bytes(table: pa.Table, geometry: Geometry) -> "np.ndarray[Any, Any]":
    column = table.column(geometry.column).combine_chunks()
    plain = column.storage if isinstance(column, pa.ExtensionArray) else column
    return np.array(plain.to_pylist(), dtype=object)
