"""Delimited text (CSV): cut into runs of whole records, which are parsed one after another.

A newline ends a record where the quotes before it are even in number: so a file is cut without
being parsed, a record may hold newlines, and a quote that never ends is noticed. Runs in the child
process only, as all formats do.
"""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from cas_audit.ingest.contract import Dialect
from cas_audit.ingest.faults import Broken

__all__ = ["Header", "parse", "read_header"]

DELIMITERS = ",;\t|"
RUN_BYTES = 1 << 22  # a parser that begins anew costs, and a run is held whole
BLOCK_BYTES = 1 << 20  # its own unit: small enough to stay in the cache
LONGEST_HEADER, LONGEST_RECORD = 1 << 20, 1 << 26
ROW, COLUMN = re.compile(r"Row #(\d+)"), re.compile(r"In CSV column #(\d+)")
QUOTE = ord('"')


class Header(NamedTuple):
    """The first record of a file: its names, and how the rest is written."""

    names: list[str]
    delimiter: str
    newline: bytes
    end: int  # bytes before the first row


def read_header(path: Path, dialect: Dialect) -> Header:
    """Read the first record; no row is looked at."""
    with path.open("rb") as stream:
        start = stream.read(LONGEST_HEADER)
    newline = b"\n" if b"\n" in start else b"\r"
    end = start.find(newline)
    while dialect.quotes and start.count(b'"', 0, end if end >= 0 else None) % 2 and end >= 0:
        end = start.find(newline, end + 1)  # it stood within quotes
    if end < 0 and len(start) == LONGEST_HEADER:
        raise Broken("LongHeader")  # noqa: EM101 - a kind, not a sentence
    record = start if end < 0 else start[: end + 1]
    signed = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    lines = record.decode(signed).splitlines(keepends=True)
    delimiter = dialect.delimiter or max(
        DELIMITERS, key=lambda one: len(_split(lines, one, dialect))
    )
    return Header(_split(lines, delimiter, dialect), delimiter, newline, len(record))


def _split(lines: list[str], delimiter: str, dialect: Dialect) -> list[str]:
    if dialect.quotes:
        return next(csv.reader(lines, delimiter=delimiter), [])
    return next(csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE), [])


def parse(path: Path, dialect: Dialect, header: Header, columns: list[str]) -> Iterator[pa.Table]:
    """Yield the wanted columns as text, run by run, in the order of the file.

    Raises:
        Broken: naming the row, counting the header as the first, and the column where known.
    """
    reader = _reader(dialect, header, columns)
    rows = 1
    for run in filter(bytes.strip, _runs(path, header, quotes=dialect.quotes)):
        try:
            table = reader(run)
        except pa.ArrowException as error:
            raise Broken(type(error).__name__, **_place(str(error), rows)) from None
        rows += table.num_rows
        yield table


def _runs(path: Path, header: Header, *, quotes: bool) -> Iterator[bytes]:
    """Yield whole records, some megabytes at a time."""
    rest = b""
    with path.open("rb", buffering=0) as stream:
        stream.seek(header.end)
        while block := stream.read(RUN_BYTES):
            held = rest + block
            end = _last_end(held, header.newline, quotes=quotes)
            rest = held[end:]
            if len(rest) > LONGEST_RECORD:
                raise Broken("LongRecord")  # noqa: EM101 - a kind, not a sentence
            yield held[:end]
    if quotes and _count_quotes(rest) % 2:  # a parser would swallow what follows it
        raise Broken("OpenQuote")  # noqa: EM101 - a kind, not a sentence
    yield rest


def _last_end(held: bytes, newline: bytes, *, quotes: bool) -> int:
    """Return where the last whole record ends; `held` begins with a record."""
    end = held.rfind(newline)
    if not quotes:
        return end + 1
    odd = (_count_quotes(held) - held.count(b'"', end + 1)) % 2
    while odd and end >= 0:
        before = held.rfind(newline, 0, end)
        odd ^= held.count(b'"', before + 1, end) % 2
        end = before
    return end + 1


def _count_quotes(held: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(held, np.uint8) == QUOTE))


def _reader(dialect: Dialect, header: Header, columns: list[str]) -> Callable[[bytes], pa.Table]:
    from pyarrow import csv as arrow_csv  # noqa: PLC0415 - only the format asked for is loaded

    # By place: two refused columns may share a name.
    places = {str(header.names.index(name)): name for name in columns}
    parsing = arrow_csv.ParseOptions(
        delimiter=header.delimiter,
        quote_char='"' if dialect.quotes else False,
        newlines_in_values=dialect.quotes,
    )
    converting = arrow_csv.ConvertOptions(
        include_columns=list(places),
        column_types=dict.fromkeys(places, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
    )

    reading = arrow_csv.ReadOptions(
        column_names=list(map(str, range(len(header.names)))),
        encoding=dialect.encoding,
        block_size=BLOCK_BYTES,
        use_threads=False,
    )

    def read(run: bytes) -> pa.Table:
        stream = arrow_csv.open_csv(pa.BufferReader(run), reading, parsing, converting)
        return stream.read_all().rename_columns(list(places.values()))

    return read


def _place(said: str, rows: int) -> dict[str, int]:
    """Return row and column of what the parser says: the numbers only, since it quotes the row."""
    found = {"row": (ROW.search(said), rows), "column_number": (COLUMN.search(said), 1)}
    return {key: int(one.group(1)) + first for key, (one, first) in found.items() if one}
