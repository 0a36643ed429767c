"""Readers that look at the header first and then read the admitted columns only."""

import difflib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cas_audit.errors import ContractError, InputError
from cas_audit.ingest.contract import Contract

__all__ = ["Offered", "read_areas", "read_table"]

FORMATS = ".csv, .parquet, .geojson or .gpkg"


class Offered:
    """The columns a file offers, and which of them its contract admits."""

    def __init__(self, path: Path, names: list[str], contract: Contract) -> None:
        """Match header and contract.

        Raises:
            ContractError: an admitted column is absent.
        """
        self.admitted = [column.name for column in contract.columns]
        self.refused = sorted(set(names) - set(self.admitted))
        for wanted in self.admitted:
            if wanted not in names:
                near = difflib.get_close_matches(wanted, names, 1)
                hint = "; one column has a name close to it" if near else ""
                message = (
                    f"{path}: no column {wanted} among {len(names)} columns{hint}; "
                    f"expected every column of the contract for {contract.table}."
                )
                raise ContractError(message)


def read_table(path: Path, contract: Contract) -> tuple[pd.DataFrame, Offered]:
    """Read the admitted columns of a CSV or Parquet file.

    Raises:
        InputError: the file is absent, empty, truncated or of another format.
        ContractError: an admitted column is absent.
    """
    if not path.is_file():
        message = f"{path} does not exist; expected the source of {contract.table}."
        raise InputError(message)
    readers = {".csv": _read_csv, ".parquet": _read_parquet}
    if path.suffix not in readers:
        message = f"{path}: unknown format {path.suffix or '(none)'}; expected .csv or .parquet."
        raise InputError(message)
    try:
        table, offered = readers[path.suffix](path, contract)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pa.ArrowException) as error:
        message = f"{path} cannot be read as {path.suffix[1:]} ({type(error).__name__})."
        raise InputError(message) from None
    except (UnicodeDecodeError, OSError) as error:
        message = f"{path} cannot be read ({type(error).__name__}); expected UTF-8 text."
        raise InputError(message) from None
    return _not_empty(table, path), offered


def _read_csv(path: Path, contract: Contract) -> tuple[pd.DataFrame, Offered]:
    header = pd.read_csv(path, nrows=0, index_col=False)
    offered = Offered(path, list(header.columns), contract)
    table = pd.read_csv(path, usecols=offered.admitted, dtype=str, engine="c", on_bad_lines="error")
    return table, offered


def _read_parquet(path: Path, contract: Contract) -> tuple[pd.DataFrame, Offered]:
    offered = Offered(path, pq.read_schema(path).names, contract)
    return pq.read_table(path, columns=offered.admitted).to_pandas(), offered


def read_areas(path: Path, contract: Contract) -> tuple[Any, Offered]:
    """Read the admitted columns and outlines of a GeoJSON or GeoPackage file.

    Returns:
        A GeoDataFrame in the CRS of the file, and what was offered.

    Raises:
        InputError: the file is absent, unreadable, empty, or lies in no CRS.
        ContractError: an admitted column is absent.
    """
    import geopandas  # noqa: PLC0415, TID251 - loaded only where outlines are read
    import pyogrio  # noqa: PLC0415

    if not path.is_file():
        message = f"{path} does not exist; expected the source of {contract.table}."
        raise InputError(message)
    try:
        names = list(pyogrio.read_info(path)["fields"])
        offered = Offered(path, names, contract)
        table = geopandas.read_file(path, columns=offered.admitted)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        message = f"{path} cannot be read as {FORMATS} ({type(error).__name__})."
        raise InputError(message) from None
    return _not_empty(table.to_crs(contract.crs), path), offered


def _not_empty(table: Any, path: Path) -> Any:  # noqa: ANN401 - plain or geographic frame
    if len(table):
        return table
    message = f"{path} holds no rows; expected at least one."
    raise InputError(message)
