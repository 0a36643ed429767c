"""Tables of a database: one query that names the admitted columns, answered piece by piece.

Runs in the child process only (`worker.py`).
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import sqlalchemy as sql

from cas_audit.ingest.contract import Column
from cas_audit.ingest.faults import Broken
from cas_audit.ingest.names import match_names

__all__ = ["Content", "Found", "open_query"]

PATIENCE_S = 10  # to connect; after that a server is absent
BYTEWISE = {"postgresql": "C", "sqlite": "BINARY"}  # collations that are the same everywhere
PLAIN = {int, float, bool, str, date, datetime}


class Content:
    """A digest of rows in whatever order: the SHA-256 of the sorted SHA-256 of each."""

    def __init__(self, columns: list[str]) -> None:
        """Begin with no rows."""
        self.columns = columns
        self.held = bytearray()

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        """Add rows."""
        for row in rows:
            text = json.dumps(row, default=_text)
            self.held += hashlib.sha256(text.encode()).digest()

    def hexdigest(self) -> str:
        """Return the digest of the columns and the rows so far."""
        rows = np.sort(np.frombuffer(bytes(self.held), dtype="S32"))
        return hashlib.sha256(json.dumps(self.columns).encode() + rows.tobytes()).hexdigest()


class Found(NamedTuple):
    """A table of a database: what it offers, what stands for what, and its rows."""

    names: list[str]
    matched: dict[str, str]
    pieces: Iterator[pa.Table]
    content: Content


def open_query(url: str, table: str, wanted: list[Column], most: int) -> Found:
    """Look up the columns of a table, and get ready to ask for the admitted ones.

    Args:
        url: of the database, as SQLAlchemy writes it.
        table: its name, or schema.name.
        wanted: the columns of the contract.
        most: rows in a piece.

    Raises:
        Unfit: a column of the contract is absent or stands twice.
        Broken: the database cannot be reached, or has no such table.
    """
    engine = _engine(url)
    schema, _, name = table.rpartition(".")
    with _connect(engine) as connection:
        columns = sql.inspect(connection).get_columns(name, schema or None)
    names = [str(column["name"]) for column in columns]
    matched = match_names(names, [column.name for column in wanted])
    text = {str(one["name"]) for one in columns if isinstance(one["type"], sql.String)}
    source = sql.table(name, *map(sql.column, names), schema=schema or None)
    chosen = [source.c[one] for one in matched.values()]
    order = [_bytewise(engine, one) if one.name in text else one for one in chosen]
    content = Content(list(matched))
    rows = _rows(engine, sql.select(*chosen).order_by(*order), wanted, content, most)
    return Found(names, matched, rows, content)


def _bytewise(engine: sql.Engine, column: "sql.ColumnElement[Any]") -> "sql.ColumnElement[Any]":
    """Sort text by its bytes: sums of fractions depend on the order, and collations differ."""
    collation = BYTEWISE.get(engine.dialect.name)
    return sql.collate(column, collation) if collation else column


def _engine(url: str) -> sql.Engine:
    try:
        place = sql.make_url(url)
        backend = place.get_backend_name()
        waits = backend == "postgresql" and "connect_timeout" not in place.query
        options = {"connect_timeout": PATIENCE_S} if waits else {}
        engine = sql.create_engine(place, hide_parameters=True, connect_args=options)
    except (sql.exc.ArgumentError, ImportError) as error:
        raise Broken(type(error).__name__, kind="driverless") from None
    if backend == "sqlite" and not Path(place.database or "").is_file():
        raise Broken(
            FileNotFoundError.__name__, kind="unreachable"
        )  # connecting would make the file
    return engine


def _connect(engine: sql.Engine) -> sql.Connection:
    try:
        return engine.connect().execution_options(postgresql_readonly=True)
    except sql.exc.DBAPIError as error:
        raise Broken(type(error).__name__, kind="unreachable") from None


def _rows(
    engine: sql.Engine, query: "sql.Select[Any]", wanted: list[Column], content: Content, most: int
) -> Iterator[pa.Table]:
    """Yield the answer piece by piece: `yield_per` asks the server for a cursor."""
    with _connect(engine).execution_options(yield_per=most) as connection:
        for part in connection.execute(query).partitions():
            rows = [tuple(row) for row in part]
            content.add(rows)
            values = zip(*rows, strict=True)
            arrays = [_array(list(one), column) for one, column in zip(values, wanted, strict=True)]
            yield pa.table(dict(zip(content.columns, arrays, strict=True)))
    engine.dispose()


def _array(values: list[Any], column: Column) -> pa.Array:
    """Return values as the readers of files give them; what fits no kind becomes text."""
    kinds = {type(one) for one in values} - {type(None)}
    if Decimal in kinds and kinds <= {Decimal, int, float} and column.type in {"number", "integer"}:
        return pa.array([one if one is None else float(one) for one in values], from_pandas=True)
    if kinds == {datetime}:
        values = [_universal(one) for one in values]
    try:
        return pa.array(values if kinds <= PLAIN else _texts(values), from_pandas=True)
    except pa.ArrowException:  # of several kinds, or too large for its own
        return pa.array(_texts(values))


def _texts(values: list[Any]) -> list[str | None]:
    return [one if one is None else _text(one) for one in values]


def _text(value: object) -> str:
    return str(_universal(value))


def _universal(value: Any) -> Any:  # noqa: ANN401 - any value of a database
    """Return an instant in universal time: sessions and drivers differ in the zone they give."""
    instant = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(UTC) if instant else value
