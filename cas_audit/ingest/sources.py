"""Readers that look at the header first and then read the admitted columns only.

Parquet is projected here: it stores by column. Files that store by row are parsed in a child
process that ends (`reader.py`), so that no refused value is ever in this one.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cas_audit.errors import ContractError, InputError
from cas_audit.ingest.contract import Contract, Dialect
from cas_audit.ingest.reader import Unfit, match_names

__all__ = ["Offered", "read_areas", "read_names", "read_table"]

READER = Path(__file__).with_name("reader.py")
ROWS_A_BATCH = 500_000
BY_ROW = {".csv": "csv", ".geojson": "features", ".json": "features", ".gpkg": "features"}


@dataclass(frozen=True)
class Offered:
    """The columns of a contract that a file offers, and those it offered besides."""

    admitted: list[str]
    refused: list[str]


@contextmanager
def read_table(path: Path, contract: Contract) -> Iterator[tuple[Offered, Iterator[pd.DataFrame]]]:
    """Open the admitted columns of a CSV or Parquet file, batch by batch.

    Columns bear the names of the contract; those of the file may differ in case, accents and
    separators. CSV gives text, with None for an empty field.

    Raises:
        InputError: the file is absent, empty, truncated or of another format.
        ContractError: an admitted column is absent or stands twice.
    """
    _demand_file(path, contract.table, (".csv", ".parquet"))
    if path.suffix == ".parquet":
        yield _open_parquet(path, contract)
        return
    with _opened(path, contract) as (meta, batches):
        offered = Offered([one.name for one in contract.columns], json.loads(meta["refused"]))
        yield offered, (batch.to_pandas() for batch in batches)


def read_names(path: Path) -> list[str]:
    """Return the column names of a file; no row is read.

    Raises:
        InputError: the file is absent, of another format, or has no readable header.
    """
    _demand_file(path, "a draft", (".parquet", *BY_ROW))
    if path.suffix == ".parquet":
        try:
            return list(pq.read_schema(path).names)
        except (pa.ArrowException, OSError) as error:
            raise InputError(_broken(path, type(error).__name__)) from None
    job = {"path": str(path), "format": BY_ROW[path.suffix], "columns": None}
    command = _command({**job, **Dialect().model_dump()})
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own file
    if done.returncode:
        raise InputError(_broken(path, "no readable header"))
    names: list[str] = json.loads(done.stdout)
    return names


def _command(job: dict[str, Any]) -> list[str]:
    return [sys.executable, "-P", str(READER), json.dumps(job)]


def read_areas(path: Path, contract: Contract) -> tuple[Any, Offered]:
    """Read the admitted columns and outlines of a GeoJSON or GeoPackage file.

    Returns:
        A GeoDataFrame in the CRS of the contract, and what was offered.

    Raises:
        InputError: the file is absent, unreadable, empty, or lies in no CRS.
        ContractError: an admitted column is absent or stands twice.
    """
    import geopandas  # noqa: PLC0415, TID251 - loaded only where outlines are read

    _demand_file(path, contract.table, (".geojson", ".json", ".gpkg"))
    with _opened(path, contract) as (meta, batches):
        table = pa.Table.from_batches(batches).to_pandas()
    if not meta["crs"]:
        message = f"{path} names no CRS; expected one, such as {contract.crs}."
        raise InputError(message)
    outlines = geopandas.GeoSeries.from_wkb(table.pop("geometry"), crs=meta["crs"])
    if outlines.isna().any() or outlines.is_empty.any():
        message = f"{path} holds areas without an outline; expected one for each."
        raise InputError(message)
    areas = geopandas.GeoDataFrame(table, geometry=outlines)
    admitted = [one.name for one in contract.columns]
    return areas.to_crs(contract.crs), Offered(admitted, json.loads(meta["refused"]))


def _demand_file(path: Path, table: str, suffixes: tuple[str, ...]) -> None:
    if not path.is_file():
        message = f"{path} does not exist; expected the source of {table}."
        raise InputError(message)
    if path.suffix not in suffixes:
        expected = " or ".join(suffixes)
        message = f"{path}: unknown format {path.suffix or '(none)'}; expected {expected}."
        raise InputError(message)


def _open_parquet(path: Path, contract: Contract) -> tuple[Offered, Iterator[pd.DataFrame]]:
    wanted = [one.name for one in contract.columns]
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        matched = match_names(names, wanted)
    except Unfit as error:
        raise ContractError(_unfit(path, contract, json.loads(str(error)))) from None
    except (pa.ArrowException, OSError) as error:
        raise InputError(_broken(path, type(error).__name__)) from None
    if not file.metadata.num_rows:
        raise InputError(_empty(path))
    offered = Offered(wanted, sorted(set(names) - set(matched.values())))
    return offered, _project(path, file, matched)


def _project(path: Path, file: pq.ParquetFile, matched: dict[str, str]) -> Iterator[pd.DataFrame]:
    names = {offered: wanted for wanted, offered in matched.items()}
    try:
        for batch in file.iter_batches(ROWS_A_BATCH, columns=list(names)):
            yield batch.to_pandas().rename(columns=names)
    except (pa.ArrowException, OSError) as error:
        raise InputError(_broken(path, type(error).__name__)) from None


@contextmanager
def _opened(
    path: Path, contract: Contract
) -> Iterator[tuple[dict[str, str], Iterator[pa.RecordBatch]]]:
    """Give what the child says of the file, and its batches; the child has ended afterwards."""
    job = {
        "path": str(path),
        "format": BY_ROW[path.suffix],
        "columns": [one.name for one in contract.columns],
        **contract.dialect.model_dump(include={"delimiter", "encoding"}),
    }
    with subprocess.Popen(  # noqa: S603 - our own file
        _command(job), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        try:
            stream = pa.ipc.open_stream(child.stdout)
            meta = {key.decode(): value.decode() for key, value in stream.schema.metadata.items()}
            yield meta, _until_the_end(path, contract, child, stream)
        except pa.ArrowException:
            _refuse(path, contract, child)
        finally:
            child.kill()


def _until_the_end(
    path: Path,
    contract: Contract,
    child: "subprocess.Popen[bytes]",
    stream: Any,  # noqa: ANN401
) -> Iterator[pa.RecordBatch]:
    try:
        yield from stream
    except pa.ArrowException:
        _refuse(path, contract, child)
    if child.wait():
        _refuse(path, contract, child)


def _refuse(path: Path, contract: Contract, child: "subprocess.Popen[bytes]") -> None:
    """Raise what the child said went wrong; only its own line is taken, never a library's."""
    said = child.communicate()[1].decode(errors="replace").strip().rpartition("\n")[2]
    try:
        fault = json.loads(said)
    except json.JSONDecodeError:
        fault = {"kind": "broken", "error": f"the reader ended with {child.returncode}"}
    if fault["kind"] == "empty":
        raise InputError(_empty(path)) from None
    if fault["kind"] == "broken":
        raise InputError(_broken(path, fault["error"])) from None
    raise ContractError(_unfit(path, contract, fault)) from None


def _broken(path: Path, error: str) -> str:
    return f"{path} cannot be read as {path.suffix[1:]} ({error})."


def _empty(path: Path) -> str:
    return f"{path} holds no rows; expected at least one."


def _unfit(path: Path, contract: Contract, fault: dict[str, Any]) -> str:
    twice = fault["kind"] == "twice"
    found = "more than one column stands for" if twice else "no column"
    hint = "; one column has a name close to it" if fault["close"] and not twice else ""
    return (
        f"{path}: {found} {fault['column']} among {fault['offered']} columns{hint}; "
        f"expected every column of the contract for {contract.table} once."
    )
