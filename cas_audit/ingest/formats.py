"""The formats a table can come in: header first, then the admitted columns, piece by piece.

Runs in the child process only (`worker.py`): bytes of a refused column of a row-oriented file pass
through the parser's buffer there, and go down with it.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pyarrow as pa

from cas_audit.ingest.contract import Column, Contract, Dialect
from cas_audit.ingest.delimited import parse, read_header
from cas_audit.ingest.faults import Broken
from cas_audit.ingest.names import match_names
from cas_audit.ingest.opened import Opened

__all__ = ["open_table", "read_names"]

ROWS_A_PIECE = 1 << 18
AHEAD = 4


def open_table(job: dict[str, Any], contract: Contract) -> Opened:
    """Read the header of a source and get ready to read its admitted columns.

    Raises:
        Unfit: a column of the contract is absent or stands twice.
        Broken: it cannot be read.
    """
    opened = OPENERS[job["format"]](job, contract.dialect, contract.columns)
    return opened._replace(pieces=_ahead(_named(_larger(opened.pieces), opened.matched)))


def read_names(job: dict[str, Any], dialect: Dialect) -> list[str]:
    """Return the column names of a source; no row is read."""
    return OPENERS[job["format"]](job, dialect, []).names


def _named(tables: Iterable[pa.Table], matched: dict[str, str]) -> Iterator[pa.Table]:
    names = {offered: wanted for wanted, offered in matched.items()}
    for table in tables:
        yield table.rename_columns([names.get(name, name) for name in table.column_names])


def _larger(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Join small pieces: each costs a little besides its rows."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(one.num_rows for one in held) >= ROWS_A_PIECE:
            yield pa.concat_tables(held).combine_chunks()
            held = []
    if held:
        yield pa.concat_tables(held).combine_chunks()


def _ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Read in a thread of its own, a few pieces ahead of who counts them."""
    queue: Queue[pa.Table | BaseException | None] = Queue(AHEAD)

    def fill() -> None:
        try:
            for table in tables:
                queue.put(table)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            queue.put(error)
        queue.put(None)

    Thread(target=fill, daemon=True).start()
    while (found := queue.get()) is not None:
        if isinstance(found, BaseException):
            raise found
        yield found


def _open_csv(job: dict[str, Any], dialect: Dialect, wanted: list[Column]) -> Opened:
    path = Path(job["path"])
    header = read_header(path, dialect)
    matched = match_names(header.names, [column.name for column in wanted])
    pieces = parse(path, dialect, header, list(matched.values()))
    return Opened(header.names, matched, pieces)


def _open_parquet(job: dict[str, Any], dialect: Dialect, wanted: list[Column]) -> Opened:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only the format asked for is loaded

    del dialect  # Parquet has none
    schema = pq.ParquetFile(job["path"]).schema_arrow
    names = list(schema.names)
    areas = job.get("task") == "areas"
    if wanted and (areas or b"geo" in (schema.metadata or {})):
        return _open_geoparquet(job, schema, wanted, areas=areas)
    matched = match_names(names, [column.name for column in wanted])
    return Opened(names, matched, _projected(job, schema, wanted, matched))


def _open_geoparquet(
    job: dict[str, Any], schema: pa.Schema, wanted: list[Column], *, areas: bool
) -> Opened:
    from cas_audit.ingest import geoparquet as geo  # noqa: PLC0415 - only what is asked for

    geometry = geo.geometry_of(schema)
    names = [name for name in schema.names if not areas or name != geometry.column]
    places = [] if areas else geo.stands_for(names, wanted)
    matched = match_names(names, [column.name for column in wanted if column not in places])
    if not areas and not places:
        return Opened(names, matched, _projected(job, schema, wanted, matched))
    pieces = _projected(job, schema, wanted, {**matched, "geometry": geometry.column})
    if areas:
        return Opened(names, matched, geo.outlined(pieces, geometry), geometry.crs)
    matched |= {column.name: geometry.column for column in places}
    return Opened(names, matched, geo.placed(pieces, geometry, places, job["contract"]["crs"]))


def _projected(
    job: dict[str, Any], schema: pa.Schema, wanted: list[Column], matched: dict[str, str]
) -> Iterator[pa.Table]:
    """Read some columns and no other, codes as dictionaries."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - only the format asked for is loaded

    codes = {column.name for column in wanted if column.type in {"code", "free_text"}}
    text = [offered for name, offered in matched.items() if name in codes]
    text = [name for name in text if _is_text(schema, name)]
    file = pq.ParquetFile(job["path"], read_dictionary=text)
    return _row_groups(file, list(matched.values()))


def _is_text(schema: pa.Schema, name: str) -> bool:
    kind = schema.field(name).type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _row_groups(file: Any, columns: list[str]) -> Iterator[pa.Table]:  # noqa: ANN401 - untyped
    for group in range(file.num_row_groups):
        try:
            for batch in file.iter_batches(ROWS_A_PIECE, row_groups=[group], columns=columns):
                yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError) as error:
            kind = type(error).__name__
            raise Broken(kind, row_group=group + 1, **_column(file, group, columns)) from None


def _column(file: Any, group: int, columns: list[str]) -> dict[str, str]:  # noqa: ANN401 - untyped
    """Say which column of a row group cannot be read."""
    for name in columns:
        try:
            file.read_row_group(group, columns=[name])
        except (pa.ArrowException, OSError):
            return {"column": name}
    return {}


def _open_features(job: dict[str, Any], dialect: Dialect, wanted: list[Column]) -> Opened:
    from cas_audit.ingest.features import open_features  # noqa: PLC0415 - only what is asked for

    del dialect  # neither GeoJSON nor GeoPackage has one
    found = open_features(Path(job["path"]), wanted)
    return Opened(found.names, found.matched, found.pieces, found.crs)


def _open_database(job: dict[str, Any], dialect: Dialect, wanted: list[Column]) -> Opened:
    from cas_audit.ingest.database import open_query  # noqa: PLC0415 - only what is asked for

    del dialect  # a database has none
    found = open_query(job["database"], job["table"], wanted, ROWS_A_PIECE)
    return Opened(found.names, found.matched, found.pieces, content=found.content)


OPENERS: dict[str, Callable[[dict[str, Any], Dialect, list[Column]], Opened]] = {
    "csv": _open_csv,
    "parquet": _open_parquet,
    "features": _open_features,
    "database": _open_database,
}
