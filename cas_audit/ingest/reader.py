"""The child process that parses row-oriented files, and ends.

Bytes of a refused column pass through the parser's buffer here, and go down with this process;
only admitted columns are written, as an Arrow stream on stdout. What goes wrong is said on stderr
as one line of JSON that holds kinds and column names of the contract, never a value: a header can
be data too. The file is run by its path and imports nothing of the engine, so it starts quickly.
"""

import csv
import difflib
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa

__all__ = ["match_names", "normalise"]

DELIMITERS = ",;\t|"
BLOCK_BYTES = 8 << 20


class Unfit(Exception):  # noqa: N818 - the header does not fit the contract
    """A column of the contract is absent or stands twice."""


class OpenQuote(Exception):  # noqa: N818 - reads as what is found
    """Quotes in a CSV file do not pair up."""


def normalise(name: str) -> str:
    """Return a column name without case, accents, or difference between its separators.

    >>> normalise(" Aantal inwoners (2024)") == normalise("aantal_inwoners_2024")
    True
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_")


def match_names(offered: list[str], wanted: list[str]) -> dict[str, str]:
    """Return which offered column stands for each wanted one.

    Raises:
        Unfit: none does, or more than one; says which, as JSON.
    """
    found = {}
    for name in wanted:
        exact = [one for one in offered if one == name]
        near = exact or [one for one in offered if normalise(one) == normalise(name)]
        if len(near) != 1:
            said = {"kind": "twice" if near else "absent", "column": name, "offered": len(offered)}
            keys = [normalise(one) for one in offered]
            close = bool(difflib.get_close_matches(normalise(name), keys, 1))
            raise Unfit(json.dumps({**said, "close": close}))
        found[name] = near[0]
    return found


def read_csv(job: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    """Yield the admitted columns of a CSV file as text, block by block."""
    from pyarrow import csv as arrow_csv  # noqa: PLC0415 - only the format asked for is loaded

    encoding = job["encoding"]
    names, delimiter = _read_header(job)
    matched = match_names(names, job["columns"])
    quotes = _count_quotes(Path(job["path"]))
    if quotes % 2:  # the parser would swallow every row after the odd one
        message = "a quote is never closed"
        raise OpenQuote(message)
    blocks = arrow_csv.open_csv(
        job["path"],
        arrow_csv.ReadOptions(encoding=encoding, block_size=BLOCK_BYTES, use_threads=True),
        arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=quotes > 0),
        arrow_csv.ConvertOptions(
            include_columns=list(matched.values()),
            column_types={name: pa.string() for name in matched.values()},
            null_values=[""],
            strings_can_be_null=True,
        ),
    )
    for block in blocks:
        yield _name(block, matched, names, "")


def _read_header(job: dict[str, Any]) -> tuple[list[str], str]:
    """Return the names in the first record, and the delimiter."""
    encoding = job["encoding"]
    signed = "utf-8-sig" if encoding == "utf-8" else encoding
    with Path(job["path"]).open("rb") as stream:
        header = stream.readline()
        while header.count(b'"') % 2 and (more := stream.readline()):  # a newline within quotes
            header += more
    lines = header.decode(signed).splitlines(keepends=True)
    delimiter = job["delimiter"] or _sniff(lines)
    return next(csv.reader(lines, delimiter=delimiter), []), delimiter


def _count_quotes(path: Path) -> int:
    quotes = 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            quotes += block.count(b'"')
    return quotes


def _sniff(lines: list[str]) -> str:
    return max(DELIMITERS, key=lambda one: len(next(csv.reader(lines, delimiter=one), [])))


def read_features(job: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    """Yield the admitted fields of a GeoJSON or GeoPackage file, with outlines as WKB."""
    import pyogrio  # noqa: PLC0415 - only the format asked for is loaded

    names = _read_fields(job)
    matched = match_names(names, job["columns"])
    meta, table = pyogrio.read_arrow(job["path"], columns=list(matched.values()))
    outlines = table.column(meta["geometry_name"] or "wkb_geometry")
    table = table.select(list(matched.values())).append_column("geometry", outlines)
    matched = {**matched, "geometry": "geometry"}
    for block in table.to_batches():
        yield _name(block, matched, names, meta["crs"] or "")


def _read_fields(job: dict[str, Any]) -> list[str]:
    import pyogrio  # noqa: PLC0415 - only the format asked for is loaded

    return [str(name) for name in pyogrio.read_info(job["path"])["fields"]]


def _name(
    block: pa.RecordBatch, matched: dict[str, str], names: list[str], crs: str
) -> pa.RecordBatch:
    """Give the columns the names of the contract; the schema says what else was offered."""
    arrays = [block.column(offered) for offered in matched.values()]
    fields = [pa.field(wanted, one.type) for wanted, one in zip(matched, arrays, strict=True)]
    refused = sorted(set(names) - set(matched.values()))
    meta = {"refused": json.dumps(refused), "crs": crs}
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, metadata=meta))


def main() -> None:
    """Read the job from the arguments, and write the stream."""
    job = json.loads(sys.argv[1])
    is_csv = job["format"] == "csv"
    read = read_csv if is_csv else read_features
    try:
        if job["columns"] is None:  # the header alone
            sys.stdout.write(json.dumps(_read_header(job)[0] if is_csv else _read_fields(job)))
            return
        blocks = read(job)
        first = next(blocks, None)
        if first is None:
            _fail({"kind": "empty"})
        with pa.ipc.new_stream(sys.stdout.buffer, first.schema) as stream:
            stream.write_batch(first)
            for block in blocks:
                stream.write_batch(block)
    except Unfit as error:
        _fail(json.loads(str(error)))
    except BrokenPipeError:
        sys.exit(1)  # nobody listens any more
    except Exception as error:  # noqa: BLE001 - the text of any of them could quote the file
        _fail({"kind": "broken", "error": type(error).__name__})


def _fail(said: dict[str, Any]) -> NoReturn:
    sys.stderr.write("\n" + json.dumps(said) + "\n")
    sys.exit(1)


if __name__ == "__main__":
    main()
