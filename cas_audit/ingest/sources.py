"""Sources, read in a child process that lets only counts through (`worker.py`).

So no refused value, exact place or exact moment is ever in this process, and a parser that breaks
on a spoiled file takes nothing else down.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from pyproj.exceptions import ProjError

from cas_audit.config import Source
from cas_audit.errors import InputError
from cas_audit.files import demand_plain
from cas_audit.ingest.coarse import plain
from cas_audit.ingest.contract import Contract, Dialect
from cas_audit.ingest.faults import BEGUN, word
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.sieve import Rows, Tally
from cas_audit.progress import watch

__all__ = [
    "Asked",
    "Offered",
    "Read",
    "demand_file",
    "outline",
    "read_areas",
    "read_names",
    "read_table",
    "read_tables",
]

FORMATS = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".geoparquet": "parquet",
    ".geojson": "features",
    ".json": "features",
    ".gpkg": "features",
}
OF_ROWS = (".csv", ".parquet", ".geoparquet")
OF_AREAS = (".geojson", ".json", ".gpkg", ".parquet", ".geoparquet")
OF_ALL = tuple(FORMATS)  # forecasts can stand with the outlines they are about
ENGINE = Path(__file__).parents[2]


class Asked(NamedTuple):
    """A table that is asked for: where it is, what may come in, and what is asked of it."""

    source: Source
    contract: Contract
    question: Question


class Offered(NamedTuple):
    """What a source offered besides what came in."""

    admitted: list[str]
    refused: list[str]
    withheld_names: int = 0  # refused columns whose very name looks like an identifier
    resembling: dict[str, str] = {}  # refused columns named like what should rarely come in
    scanned: dict[str, dict[str, int]] = {}  # per admitted column, rows that look like each kind
    content: str | None = None  # SHA-256 of what a database gave


class Read(NamedTuple):
    """What came in from a table."""

    table: pd.DataFrame
    quality: pd.DataFrame | None
    tally: Tally
    offered: Offered
    moments: pd.DataFrame | None = None


def read_table(
    source: Source, contract: Contract, question: Question, ground: Ground, *, full: bool = True
) -> Read:
    """Read the admitted columns of a CSV file, Parquet file or database table, as counts.

    Forecasts can stand in a file of outlines too; of those only the columns are looked at.

    Args:
        source: where it is.
        contract: what may come in; column names of the source may differ in case, accents and
            separators.
        question: what is asked of it.
        ground: grid and areas.
        full: scan contents and count quality; without it the receipt says less.

    Raises:
        InputError: the source is absent, empty, truncated or of another format.
        ContractError: an admitted column is absent or stands twice.
    """
    [found] = read_tables([Asked(source, contract, question)], ground, full=full)
    return found


def read_tables(asked: list[Asked], ground: Ground, *, full: bool = True) -> list[Read]:
    """Read several tables one after another in one child: to begin a child takes a second or more.

    Args:
        asked: the tables; see `read_table`.
        ground: grid and areas.
        full: scan contents and count quality; without it the receipt says less.

    Raises:
        InputError: one of the sources is absent, empty, truncated or of another format.
        ContractError: an admitted column is absent or stands twice.
    """
    jobs = [_job(one.source, one.contract, _formats(one.contract)) for one in asked]
    for one, job in zip(asked, jobs, strict=True):
        job |= {"task": "rows", "question": one.question.model_dump(mode="json"), "full": full}
    laid = {"grid": asdict(ground.grid), "codes": ground.codes}
    places = [(one.source, one.contract) for one in asked]
    found = _run(places, {"jobs": jobs, **laid}, ground.area.tobytes())
    return [_read(one.contract, tables) for one, tables in zip(asked, found, strict=True)]


def _formats(contract: Contract) -> tuple[str, ...]:
    return OF_ALL if contract.table == "forecasts" else OF_ROWS


def _read(contract: Contract, tables: list[pa.Table]) -> Read:
    first, *rest = tables
    said = _said(first)
    tally = Tally(**said["tally"])
    tally.areas = {int(area): Rows(**rows) for area, rows in said["tally"]["areas"].items()}
    quality, moments = (plain(one) for one in rest) if rest else (None, None)
    offered = _offered(contract, said, tally.scanned)
    return Read(_dated(first), quality, tally, offered, moments)


def read_areas(source: Source, contract: Contract) -> tuple[Any, Offered]:
    """Read the admitted columns and outlines of a GeoJSON, GeoPackage or GeoParquet file.

    Returns:
        A GeoDataFrame in the CRS of the contract, and what was offered.

    Raises:
        InputError: the file is absent, unreadable, empty, or lies in no CRS; see `outline`.
        ContractError: an admitted column is absent or stands twice.
    """
    job = {**_job(source, contract, OF_AREAS), "task": "areas"}
    [[found]] = _run([(source, contract)], {"jobs": [job]})
    said = _said(found)
    return outline(source, contract, found, said["crs"]), _offered(contract, said, said["scanned"])


def outline(source: Source, contract: Contract, found: pa.Table, crs: str) -> Any:  # noqa: ANN401
    """Return a table with outlines as a GeoDataFrame in the CRS of the contract.

    Raises:
        InputError: an outline is absent or cannot be one, or lies in no known CRS.
    """
    import geopandas  # noqa: PLC0415, TID251 - loaded only where outlines are read
    from shapely.errors import ShapelyError  # noqa: PLC0415

    if not crs:
        message = f"{source.shown} names no CRS; expected one, such as {contract.crs}."
        raise InputError(message)
    table = found.to_pandas()
    try:
        with np.errstate(all="ignore"):  # what is no number is found below
            outlines = geopandas.GeoSeries.from_wkb(table.pop("geometry"), crs=crs)
        areas = geopandas.GeoDataFrame(table, geometry=outlines).to_crs(contract.crs)
    except (ShapelyError, ProjError) as error:
        message = f"{source.shown} holds outlines that cannot be read ({type(error).__name__})."
        raise InputError(message) from None
    _demand_outlines(source, areas.geometry)
    return areas


def _demand_outlines(source: Source, outlines: Any) -> None:  # noqa: ANN401 - GeoSeries
    """Refuse areas without an outline that encloses something, here and not nowhere."""
    shaped = outlines.geom_type.isin(["Polygon", "MultiPolygon"]) & ~outlines.is_empty
    here = np.isfinite(outlines.bounds).all(axis=1)
    if not (shaped & here).all():
        number = int((~(shaped & here)).sum())
        message = (
            f"{source.shown} holds {number} of {len(outlines)} areas without an outline; "
            f"expected one polygon for each, within the reach of its CRS."
        )
        raise InputError(message)


def read_names(path: Path) -> list[str]:
    """Return the column names of a file; no row is read.

    Raises:
        InputError: the file is absent, of another format, or has no readable header.
    """
    demand_file(path, "a draft", OF_ALL)
    job = {"path": str(path), "format": FORMATS[path.suffix], "task": "header"}
    done = _start({"jobs": [{**job, "dialect": Dialect().model_dump()}]}, "a header")
    if done.returncode:
        fault = {"kind": "broken", "error": "no readable header"}
        raise word(Source(path=str(path), contract=""), "", fault)
    names: list[str] = json.loads(done.stdout)
    return names


def _job(source: Source, contract: Contract, suffixes: tuple[str, ...]) -> dict[str, Any]:
    said = {"contract": contract.model_dump(mode="json")}
    if source.database:
        return {**said, "format": "database", "database": source.database, "table": source.table}
    path = Path(str(source.path))
    demand_file(path, contract.table, suffixes)
    return {**said, "format": FORMATS[path.suffix], "path": str(path)}


def demand_file(path: Path, table: str, suffixes: tuple[str, ...]) -> None:
    """Refuse what is no plain file of one of these formats, before a child is begun.

    Raises:
        InputError: naming the path.
    """
    try:
        demand_plain(path)
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        message = f"{path} does not exist; expected the source of {table}."
        raise InputError(message) from None
    if path.suffix not in suffixes:
        expected = " or ".join(suffixes)
        message = f"{path}: unknown format {path.suffix or '(none)'}; expected {expected}."
        raise InputError(message)


def _start(
    request: dict[str, Any], label: str, more: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    known = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(ENGINE), *([known] if known else [])])
    with watch(f"reading {label}") as pipe:
        return subprocess.run(
            [sys.executable, "-P", "-m", "cas_audit.ingest.worker"],
            input=json.dumps({**request, "progress": pipe}).encode() + b"\n" + more,
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
            pass_fds=() if pipe is None else (pipe,),
        )


def _run(
    places: list[tuple[Source, Contract]], request: dict[str, Any], more: bytes = b""
) -> list[list[pa.Table]]:
    """Do the jobs in a child; only its own lines are taken of what it says, never a library's."""
    done = _start(request, ", ".join(contract.table for _, contract in places), more)
    if not done.returncode:
        return _tables(done.stdout)
    at, fault = _fault(done)
    raise word(places[at][0], places[at][1].table, fault)


def _fault(done: "subprocess.CompletedProcess[bytes]") -> tuple[int, dict[str, Any]]:
    """Return at which job the child was, and what it said was wrong; it may have said no more."""
    lines = done.stderr.decode(errors="replace").strip().split("\n")
    at = sum(line == BEGUN for line in lines) - 1
    try:
        fault = json.loads(lines[-1])
    except json.JSONDecodeError:
        fault = {"kind": "broken", "error": f"the reader ended with {done.returncode}"}
    return max(at, 0), fault


def _tables(content: bytes) -> list[list[pa.Table]]:
    """Return the tables of each job; the first of each says what the others need not repeat."""
    stream = pa.BufferReader(content)
    jobs: list[list[pa.Table]] = []
    while stream.tell() < stream.size():
        table = pa.ipc.open_stream(stream).read_all()
        if b"said" in (table.schema.metadata or {}):
            jobs.append([])
        jobs[-1].append(table)
    return jobs


def _dated(table: pa.Table) -> pd.DataFrame:
    """Return the table with plain weeks, cells and counts: they come in what is less to send."""
    found: pd.DataFrame = table.to_pandas()
    for name in found.select_dtypes("int32"):
        found[name] = found[name].astype("int64")
    if "week" in found:
        found["week"] = found["week"].astype("datetime64[us]")
    return found


def _said(table: pa.Table) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(table.schema.metadata[b"said"])
    return said


def _offered(
    contract: Contract, said: dict[str, Any], scanned: dict[str, dict[str, int]]
) -> Offered:
    return Offered(
        [one.name for one in contract.columns],
        said["refused"],
        said["withheld_names"],
        said["resembling"],
        scanned,
        said.get("content"),
    )
