"""GeoParquet: points stand for coordinates, outlines for areas; what does not fit is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas  # noqa: TID251 - writes what the reader is tested on
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from cas_audit.config import Source
from cas_audit.errors import ContractError, InputError
from cas_audit.ingest.contract import load_contract
from cas_audit.ingest.sources import read_areas
from tests.test_sources import CANARY, SUSPECTS, TABLE, read

POINTS = [shapely.Point(121_000.5, 487_000.5), shapely.Point(121_001.5, 487_001.5)]


def written(path: Path, shapes: list[BaseGeometry | None], crs: int = 28992) -> Path:
    """Write the suspects with their places as geometry alone."""
    rows = TABLE.drop(columns=["x_rd", "y_rd"])
    geopandas.GeoDataFrame(rows, geometry=shapes, crs=28992).to_crs(crs).to_parquet(path)
    return path


def footer(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change what a file says of its geometry."""
    table = pq.read_table(path)
    told = json.loads(table.schema.metadata[b"geo"])
    change(told)
    metadata = {**table.schema.metadata, b"geo": json.dumps(told).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    return path


@pytest.mark.parametrize("crs", [28992, 4326])
@pytest.mark.parametrize("name", ["t.parquet", "t.geoparquet"])
def test_a_point_is_put_in_a_cell(tmp_path: Path, name: str, crs: int) -> None:
    """Whatever its CRS; only the geometry and the admitted columns are read."""
    found = read(written(tmp_path / name, [*POINTS], crs))

    assert {"cell": [328], "suspects": [3.0]} == found.table.to_dict("list")
    assert ["naam"] == found.offered.refused


def test_without_the_key_a_crs_is_longitude_and_latitude(tmp_path: Path) -> None:
    """As the format has it."""
    path = written(tmp_path / "t.parquet", [*POINTS], 4326)
    footer(path, lambda told: told["columns"]["geometry"].pop("crs"))

    assert {"cell": [328], "suspects": [3.0]} == read(path).table.to_dict("list")


def test_columns_go_before_the_geometry(tmp_path: Path) -> None:
    """Where the file has the coordinates of the contract, its geometry is not read."""
    path = tmp_path / "t.parquet"
    elsewhere = [shapely.Point(0, 0)] * 2
    geopandas.GeoDataFrame(TABLE, geometry=elsewhere, crs=28992).to_parquet(path)
    found = read(path)

    assert {"cell": [328], "suspects": [3.0]} == found.table.to_dict("list")
    assert ["geometry", "naam"] == found.offered.refused


@pytest.mark.parametrize("shape", [None, shapely.Point(), shapely.box(0, 0, 1, 1)])
def test_what_is_no_point_has_no_place(tmp_path: Path, shape: BaseGeometry | None) -> None:
    """It is refused and counted, and lies in no cell by chance."""
    found = read(written(tmp_path / "t.parquet", [POINTS[0], shape]))

    assert {"cell": [328], "suspects": [1.0]} == found.table.to_dict("list")
    assert 2 == found.tally.offered


SPOILED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no CRS": (lambda told: told["columns"]["geometry"].update(crs=None), "no CRS in its footer"),
    "no CRS of this world": (
        lambda told: told["columns"]["geometry"].update(crs=CANARY),
        "CRSError",
    ),
    "another encoding": (
        lambda told: told["columns"]["geometry"].update(encoding="point"),
        "a geometry that is not WKB",
    ),
    "a geometry that is not there": (
        lambda told: told.update(primary_column=CANARY),
        "no geometry named in its footer",
    ),
    "no columns": (lambda told: told.pop("columns"), "no geometry named in its footer"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_footer_is_refused(tmp_path: Path, how: str) -> None:
    """One sentence with the file and the fault; nothing of the file is repeated."""
    change, said = SPOILED[how]
    path = footer(written(tmp_path / "t.parquet", [*POINTS]), change)
    with pytest.raises(
        InputError, match=rf"t\.parquet cannot be read as parquet \({said}"
    ) as error:
        read(path)

    assert CANARY not in str(error.value)


def test_areas_without_outlines_are_refused(tmp_path: Path) -> None:
    """A plain Parquet file, and outlines in no known CRS."""
    contract = load_contract("areas")
    figures = pd.DataFrame([{one.name: 1 for one in contract.columns}])
    figures.to_parquet(tmp_path / "plain.parquet")
    box = [shapely.box(4, 52, 5, 53)]
    geopandas.GeoDataFrame(figures, geometry=box).to_parquet(tmp_path / "nowhere.parquet")

    with pytest.raises(InputError, match=r"plain\.parquet .*no geometry named in its footer"):
        read_areas(Source(path=str(tmp_path / "plain.parquet"), contract=""), contract)
    with pytest.raises(InputError, match=r"nowhere\.parquet names no CRS"):
        read_areas(Source(path=str(tmp_path / "nowhere.parquet"), contract=""), contract)


def test_an_absent_column_is_named(tmp_path: Path) -> None:
    """A geometry stands for no other column than coordinates."""
    path = tmp_path / "t.parquet"
    rows = TABLE[["naam"]]
    geopandas.GeoDataFrame(rows, geometry=[*POINTS], crs=28992).to_parquet(path)

    with pytest.raises(ContractError, match="no column aantal_verdachten"):
        read(path, SUSPECTS)
