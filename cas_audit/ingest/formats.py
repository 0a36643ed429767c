"""The formats a table can come in: header first, then the admitted columns, piece by piece.

Runs in the child process only (`worker.py`): bytes of a refused column of a row-oriented file pass
through the parser's buffer there, and go down with it.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from cas_audit.ingest.contract import Column, Contract, Dialect
from cas_audit.ingest.faults import Broken
from cas_audit.ingest.names import match_names

__all__ = ["Broken", "Opened", "open_table", "read_header"]

DELIMITERS = ",;\t|"
BLOCK_BYTES = 1 << 20  # the parser's own unit: small enough to stay in the cache
COUNT_BYTES, WINDOW_BYTES = 1 << 20, 1 << 26
ROWS_A_PIECE = 1 << 18
AHEAD = 4
ROW, COLUMN = re.compile(r"Row #(\d+)"), re.compile(r"In CSV column #(\d+)")


class Opened(NamedTuple):
    """A source of which the header was read."""

    names: list[str]
    matched: dict[str, str]
    pieces: Iterator[pa.Table]  # admitted columns under the names of the contract
    crs: str = ""
    content: Any = None  # a running digest of what a database gave; a file has its own

    @property
    def refused(self) -> list[str]:
        """The columns that were offered and are not read."""
        return sorted(set(self.names) - set(self.matched.values()))


def open_table(job: dict[str, Any], contract: Contract) -> Opened:
    """Read the header of a source and get ready to read its admitted columns.

    Raises:
        Unfit: a column of the contract is absent or stands twice.
        Broken: it cannot be read.
    """
    opened = OPENERS[job["format"]](job, contract.dialect, contract.columns)
    return opened._replace(pieces=_ahead(_named(_larger(opened.pieces), opened.matched)))


def read_header(job: dict[str, Any], dialect: Dialect) -> list[str]:
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
    names, delimiter = _read_header(path, dialect)
    matched = match_names(names, [column.name for column in wanted])
    return Opened(names, matched, _parse_csv(path, dialect, delimiter, list(matched.values())))


def _parse_csv(
    path: Path, dialect: Dialect, delimiter: str, columns: list[str]
) -> Iterator[pa.Table]:
    quotes: list[int] = []
    counting = Thread(target=lambda: quotes.append(_count_quotes(path)), daemon=True)
    counting.start()  # beside the parser, which leaves a core free

    def stream(*, threads: bool) -> Iterator[pa.RecordBatch]:
        from pyarrow import csv as arrow_csv  # noqa: PLC0415 - only the format asked for is loaded

        return iter(
            arrow_csv.open_csv(
                path,
                arrow_csv.ReadOptions(
                    encoding=dialect.encoding, block_size=BLOCK_BYTES, use_threads=threads
                ),
                arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                arrow_csv.ConvertOptions(
                    include_columns=columns,
                    column_types=dict.fromkeys(columns, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        )

    fault: Broken | None = None
    try:
        for batch in stream(threads=True):
            yield pa.Table.from_batches([batch])
    except pa.ArrowException as error:
        fault = Broken(type(error).__name__, **_place(lambda: stream(threads=False)))
    counting.join()
    if quotes != [quotes[0] // 2 * 2]:  # the parser swallows what follows an odd one
        fault = Broken("OpenQuote")
    if fault:
        raise fault


def _place(again: Callable[[], Iterator[Any]]) -> dict[str, int]:
    """Parse once more, in order, for the row and column: only the numbers of what is said."""
    try:
        for _ in again():
            pass
    except pa.ArrowException as error:
        said = str(error)
        found = {"row": ROW.search(said), "column_number": COLUMN.search(said)}
        first = {"row": 0, "column_number": 1}  # rows count the header, columns begin at 0
        return {key: int(one.group(1)) + first[key] for key, one in found.items() if one}
    return {}


def _read_header(path: Path, dialect: Dialect) -> tuple[list[str], str]:
    """Return the names in the first record, and the delimiter."""
    signed = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    with path.open("rb") as stream:
        header = stream.readline(BLOCK_BYTES)
        while header.count(b'"') % 2 and len(header) < BLOCK_BYTES:  # a newline within quotes
            more = stream.readline(BLOCK_BYTES)
            if not more:
                break
            header += more
    lines = header.decode(signed).splitlines(keepends=True)
    delimiter = dialect.delimiter or _sniff(lines)
    return next(csv.reader(lines, delimiter=delimiter), []), delimiter


def _sniff(lines: list[str]) -> str:
    return max(DELIMITERS, key=lambda one: len(next(csv.reader(lines, delimiter=one), [])))


def _count_quotes(path: Path) -> int:
    """Count through a window on the file: nothing is copied, and little is held."""
    size = path.stat().st_size
    quotes = 0
    for start in range(0, size, WINDOW_BYTES):
        length = min(WINDOW_BYTES, size - start)
        window = np.memmap(path, np.uint8, "r", offset=start, shape=(length,))
        for at in range(0, length, COUNT_BYTES):
            quotes += int(np.count_nonzero(window[at : at + COUNT_BYTES] == ord('"')))
        del window
    return quotes


def _open_parquet(job: dict[str, Any], dialect: Dialect, wanted: list[Column]) -> Opened:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only the format asked for is loaded

    del dialect  # Parquet has none
    file = pq.ParquetFile(job["path"])
    names = list(file.schema_arrow.names)
    matched = match_names(names, [column.name for column in wanted])
    codes = {column.name for column in wanted if column.type in {"code", "free_text"}}
    text = [offered for name, offered in matched.items() if name in codes]
    text = [name for name in text if _is_text(file.schema_arrow, name)]
    file = pq.ParquetFile(job["path"], read_dictionary=text)
    return Opened(names, matched, _row_groups(file, list(matched.values())))


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
