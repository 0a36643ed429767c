"""Delimited text (CSV): cut into runs of whole records, which one parser takes for a file.

A newline ends a record where the quotes before it are even in number: so a file is cut without
being parsed, a record may hold newlines, and a quote that never ends is noticed. Runs in the child
process only, as all formats do.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from cas_audit.ingest.contract import Dialect
from cas_audit.ingest.faults import Broken

__all__ = ["Header", "parse", "read_header"]

DELIMITERS = ",;\t|"
RUN_BYTES = 1 << 21
SLICE_BYTES = 1 << 17
LONGEST_HEADER, LONGEST_RECORD = 1 << 20, 1 << 26
ROW, COLUMN = re.compile(r"Row #(\d+)"), re.compile(r"In CSV column #(\d+)")
QUOTE = ord('"')
Run = bytes | bytearray | memoryview


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
    runs = _Runs(path, dialect, header)
    if not runs.any():
        return
    places = {str(header.names.index(name)): name for name in columns}
    try:
        for batch in _open(runs, header, dialect, list(places)):
            yield pa.Table.from_batches([batch]).rename_columns(list(places.values()))
    except pa.ArrowException as error:
        raise Broken(type(error).__name__, **_place(str(error))) from None


class _Runs:
    """Whole records, a run at each call of `read`: what the parser takes for a file.

    The parser reads ahead in a thread of its own, and takes a run of any length as one block.
    """

    closed = False

    def __init__(self, path: Path, dialect: Dialect, header: Header) -> None:
        self._encoding = dialect.encoding
        self._runs = _cut(path, header, quotes=dialect.quotes)
        self._first: Run = b""

    def any(self) -> bool:
        """Say whether there is a record at all: a parser refuses what is blank."""
        self._first = next((run for run in self._runs if bytes(run).strip()), b"")
        return bool(self._first)

    def read(self, size: int) -> Run:
        """Return the next run as UTF-8, whatever the size; nothing at the end."""
        del size
        run, self._first = self._first or next(self._runs, b""), b""
        return run if self._encoding == "utf-8" else str(run, self._encoding).encode()


def _cut(path: Path, header: Header, *, quotes: bool) -> Iterator[Run]:
    """Yield whole records, some megabytes at a time."""
    rest: Run = b""
    with path.open("rb", buffering=0) as stream:
        stream.seek(header.end)
        while held := _read_on(stream, rest):
            end = _last_end(held, header.newline, quotes=quotes)
            rest = held[end:]
            if len(rest) > LONGEST_RECORD:
                raise Broken("LongRecord")  # noqa: EM101 - a kind, not a sentence
            if end:
                yield memoryview(held)[:end]
    if quotes and _count_quotes(rest) % 2:  # a parser would swallow what follows it
        raise Broken("OpenQuote")  # noqa: EM101 - a kind, not a sentence
    yield rest


def _read_on(stream: RawIOBase, rest: Run) -> bytearray:
    """Return what rests and what follows it, in one piece; nothing at the end of the file."""
    held = bytearray(len(rest) + RUN_BYTES)
    held[: len(rest)] = rest
    with memoryview(held)[len(rest) :] as free:
        got = stream.readinto(free)
    del held[len(rest) + got if got else 0 :]
    return held


def _last_end(held: bytearray, newline: bytes, *, quotes: bool) -> int:
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


def _count_quotes(held: Run) -> int:
    """Count quotes a slice at a time, each small enough to stay in the cache."""
    content = np.frombuffer(held, np.uint8)
    slices = range(0, len(content), SLICE_BYTES)
    return sum(int(np.count_nonzero(content[at : at + SLICE_BYTES] == QUOTE)) for at in slices)


def _open(runs: _Runs, header: Header, dialect: Dialect, places: list[str]) -> Iterable[Any]:
    """Open a parser of columns by their place: two refused columns may share a name."""
    from pyarrow import csv as arrow_csv  # noqa: PLC0415 - only the format asked for is loaded

    reading = arrow_csv.ReadOptions(
        column_names=list(map(str, range(len(header.names)))),
        block_size=RUN_BYTES,
        use_threads=False,
    )
    parsing = arrow_csv.ParseOptions(
        delimiter=header.delimiter,
        quote_char='"' if dialect.quotes else False,
        newlines_in_values=False,  # they may be, but a run never ends within a value
    )
    converting = arrow_csv.ConvertOptions(
        include_columns=places,
        column_types=dict.fromkeys(places, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
    )
    reader: Iterable[Any] = arrow_csv.open_csv(
        pa.PythonFile(runs, "r"), reading, parsing, converting
    )
    return reader


def _place(said: str) -> dict[str, int]:
    """Return row and column of what the parser says: the numbers only, since it quotes the row."""
    found = {"row": ROW.search(said), "column_number": COLUMN.search(said)}
    return {key: int(one.group(1)) + 1 for key, one in found.items() if one}
