"""Ways to spoil a source: its bytes, and what is written in it.

Each source is small and well formed before it is spoiled, and holds a canary in a refused column.
"""

import base64
import gzip
import io
import json
import os
import random
import sqlite3
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas  # noqa: TID251 - writes what is read
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
import yaml

from cas_audit.rooms import room

CANARY = "KANARIE7351"
ROWS = 40
TABLE = pd.DataFrame(
    {
        "x_rd": [121_000.5] * ROWS,
        "naam": [CANARY] * ROWS,
        "y_rd": [487_000.5] * ROWS,
        "dag": ["2025-07-09"] * ROWS,
    }
)
FIGURES = ("inwoners", "herkomst_nederland", "herkomst_europa", "herkomst_buiten_europa")
NAMES = {
    "csv": "t.csv",
    "parquet": "t.parquet",
    "geojson": "t.geojson",
    "gpkg": "t.gpkg",
    "database": "t.db",
    "contract": "t.yaml",
}
Random = random.Random
Bytes = Callable[[Random, bytes], bytes]
Spoil = Callable[[Random, Path], None]  # of a file that holds the whole source
VALUES: tuple[Any, ...] = (
    None, [], {}, "", " ", -1, 0, 1e308, -1e308, 10**30, True, "x" * 1000, "\u0000", "\ud83d\ude00",
    "1e999", "nan", "NaN", "inf", "-0", "0x10", "1_000", "\u0661", "9999-99-99", "2025-07-09T25:61",
    "0000-00-00", [[[]]], {"a": {"a": 1}}, float("nan"), float("inf"), "é" * 50,
)  # fmt: skip


def whole(folder: Path) -> dict[str, bytes]:
    """Return a well-formed source of each format, and a well-formed contract."""
    TABLE.to_csv(folder / "t.csv", index=False)
    TABLE.to_parquet(folder / "t.parquet", index=False)
    boxes = [shapely.box(4.9 + at / 100, 52.3, 4.91 + at / 100, 52.31) for at in range(5)]
    figures: dict[str, Any] = {name: [10 + at for at in range(5)] for name in FIGURES}
    columns = {"buurtcode": list("abcde"), "naam": CANARY, **figures, "inwoners": 100}
    areas = geopandas.GeoDataFrame(columns, geometry=boxes, crs=4326)
    areas.to_file(folder / "t.geojson")
    areas.to_file(folder / "t.gpkg")
    with closing(sqlite3.connect(folder / "t.db")) as database:
        TABLE.to_sql("stops", database, index=False)
    (folder / "t.yaml").write_bytes(room("expectations", "stops.contract.yaml").read_bytes())
    return {kind: (folder / name).read_bytes() for kind, name in NAMES.items()}


# Bytes, of any format.


def _cut(rng: Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def _flip(rng: Random, content: bytes) -> bytes:
    spoiled = bytearray(content)
    for _ in range(rng.randint(1, 20)):
        spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    return bytes(spoiled)


def _insert(rng: Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    pieces = (b'"', b"\n", b"\x00", b",,,,", b"\xff\xfe", b";", b'"\n"', b"\r", b"x" * 100_000)
    return content[:at] + rng.choice(pieces) + content[at:]


def _drop(rng: Random, content: bytes) -> bytes:
    first, last = sorted(rng.sample(range(len(content)), 2))
    return content[:first] + content[last:]


def _repeat(rng: Random, content: bytes) -> bytes:
    first, last = sorted(rng.sample(range(len(content)), 2))
    return content[:last] + content[first:]


def _recode(rng: Random, content: bytes) -> bytes:
    text = content.decode("latin-1").replace("7", "\u00e9")
    return text.encode(rng.choice(["utf-16", "latin-1", "utf-8", "cp037"]))


def _mix(rng: Random, content: bytes) -> bytes:
    """Write another encoding from somewhere on."""
    at = rng.randrange(len(content))
    text = content[at:].decode("latin-1").replace("a", "\u00e9")
    return content[:at] + text.encode(rng.choice(["utf-16-le", "latin-1", "utf-8"]))


def _head(rng: Random, content: bytes) -> bytes:
    heads = (b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"BZh9", b"PAR1", b"SQLite format 3\x00")
    return rng.choice(heads) + content


def _archive(rng: Random, content: bytes) -> bytes:
    """Put an archive in the place of the file, or an archive of an archive."""
    for _ in range(rng.randint(1, 3)):
        if rng.random() < 0.5:  # noqa: PLR2004 - either
            content = gzip.compress(content)
        else:
            sink = io.BytesIO()
            with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("t.csv", content)
            content = sink.getvalue()
    return content


def _zeros(rng: Random, content: bytes) -> bytes:
    first, last = sorted(rng.sample(range(len(content)), 2))
    return content[:first] + b"\x00" * (last - first) + content[last:]


BYTES: tuple[Bytes, ...] = (
    _cut, _flip, _insert, _drop, _repeat, _recode, _mix, _head, _archive, _zeros,
)  # fmt: skip


def _as_file(change: Bytes) -> Spoil:
    def spoil(rng: Random, path: Path) -> None:
        path.write_bytes(change(rng, path.read_bytes()))

    return spoil


# What stands in the place of a file.


def _folder(rng: Random, path: Path) -> None:
    del rng
    path.unlink()
    path.mkdir()


def _pipe(rng: Random, path: Path) -> None:
    del rng
    path.unlink()
    os.mkfifo(path)


def _link(rng: Random, path: Path) -> None:
    path.unlink()
    path.symlink_to(rng.choice(["/dev/zero", "/nowhere", ".", path.name, "/etc/hostname"]))


def _empty(rng: Random, path: Path) -> None:
    path.write_bytes(b"" if rng.random() < 0.5 else b"\n" * rng.randrange(100_000))  # noqa: PLR2004


def _moving(rng: Random, path: Path) -> None:
    """Let the file shrink and grow while it is read."""
    content = path.read_bytes()
    pauses = [rng.random() / 50 for _ in range(20)]
    ends = [rng.randrange(len(content)) for _ in pauses]

    def move() -> None:
        for pause, end in zip(pauses, ends, strict=True):
            time.sleep(pause)
            if path.exists():
                path.write_bytes(content[:end] if end % 2 else content * 2)

    threading.Thread(target=move, daemon=True).start()


PLACES: tuple[Spoil, ...] = (_folder, _pipe, _link, _empty, _moving)


# CSV.


def _huge_field(rng: Random, content: bytes) -> bytes:
    big = b"x" * (rng.choice([1, 2, 20]) << 20)
    return content.replace(CANARY.encode(), big, 1) if rng.random() < 0.5 else big + content  # noqa: PLR2004


def _many_columns(rng: Random, content: bytes) -> bytes:
    number = rng.choice([1000, 20_000, 100_000])
    lines = content.split(b"\n")
    names = b"".join(b",c%d" % at for at in range(number))
    return b"\n".join([lines[0] + names, *(line + b"," * number for line in lines[1:3])])


def _names_twice(rng: Random, content: bytes) -> bytes:
    head, _, rest = content.partition(b"\n")
    names = head.split(b",")
    names[rng.randrange(len(names))] = rng.choice(names)
    return b",".join(names) + b"\n" + rest


def _no_header(rng: Random, content: bytes) -> bytes:
    del rng
    return content.partition(b"\n")[2]


def _odd_cells(rng: Random, content: bytes) -> bytes:
    lines = [line.split(b",") for line in content.split(b"\n")]
    for _ in range(rng.randint(1, 8)):
        line = rng.choice(lines)
        line[rng.randrange(len(line))] = str(rng.choice(VALUES)).encode("utf-8", "replace")
    return b"\n".join(b",".join(line) for line in lines)


def _quotes(rng: Random, content: bytes) -> bytes:
    spoiled = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        spoiled.insert(rng.randrange(len(spoiled)), ord('"'))
    return bytes(spoiled)


def _ends(rng: Random, content: bytes) -> bytes:
    return content.replace(b"\n", rng.choice([b"\r", b"\r\n", b"\n\n", b"\n\r", b"\x0b", b"\x85"]))


CSV: tuple[Bytes, ...] = (
    _huge_field, _many_columns, _names_twice, _no_header, _odd_cells, _odd_cells, _quotes, _ends,
)  # fmt: skip


# Parquet.


def _lying_footer(rng: Random, content: bytes) -> bytes:
    spoiled = bytearray(content)
    size = int.from_bytes(content[-8:-4], "little")
    for _ in range(rng.randint(1, 4)):
        spoiled[len(content) - 8 - rng.randrange(size) - 1] = rng.choice([0, 0x7F, 0x80, 0xFF, 1])
    return bytes(spoiled)


def _footer_length(rng: Random, content: bytes) -> bytes:
    size = rng.choice([0, 1, len(content), 2**31 - 1, 2**32 - 1, rng.randrange(2**16)])
    return content[:-8] + size.to_bytes(4, "little") + content[-4:]


def _other_types(rng: Random, content: bytes) -> bytes:
    """Give a column another type than it should have."""
    del content
    makers: tuple[Callable[[], pa.Array], ...] = (
        lambda: pa.array([{"a": 1}] * ROWS),
        lambda: pa.array([[1, 2]] * ROWS),
        lambda: pa.array([b"\xff\x00"] * ROWS),
        lambda: pa.nulls(ROWS),
        lambda: pa.array([True] * ROWS),
        lambda: pa.array([2**62] * ROWS),
        lambda: pa.array([2**62] * ROWS, pa.timestamp("us")),
        lambda: pa.array([2**40] * ROWS, pa.timestamp("s", "UTC")),
        lambda: pa.array([1] * ROWS, pa.duration("s")),
        lambda: pa.array([1] * ROWS, pa.time32("s")),
        lambda: pa.array([2**30] * ROWS, pa.date32()),
        lambda: pa.array(["1"] * ROWS).dictionary_encode(),
        lambda: pa.array(["1"] * ROWS, pa.large_string()),
        lambda: pa.array([1.5] * ROWS, pa.float16()),
        lambda: pa.array([float("nan")] * ROWS),
        lambda: pa.array([[1, 2]] * ROWS, pa.list_(pa.int8(), 2)),
    )
    table = pa.Table.from_pandas(TABLE)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(table.num_columns)
        table = table.set_column(at, table.column_names[at], rng.choice(makers)())
    return _parquet(table)


def _names_again(rng: Random, content: bytes) -> bytes:
    del content
    table = pa.Table.from_pandas(TABLE)
    name = rng.choice(table.column_names)
    return _parquet(table.append_column(rng.choice([name, name.upper(), f" {name}"]), table[name]))


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


PARQUET: tuple[Bytes, ...] = (
    _lying_footer, _lying_footer, _lying_footer, _footer_length, _other_types, _other_types,
    _names_again,
)  # fmt: skip


# GeoJSON.


def _odd_json(rng: Random, content: bytes) -> bytes:
    """Put an odd value somewhere in the tree."""
    tree = json.loads(content)
    for _ in range(rng.randint(1, 3)):
        node, key = rng.choice(list(_nodes(tree)))
        node[key] = rng.choice(VALUES)
    return json.dumps(tree).encode("utf-8", "replace")


def _nodes(tree: Any) -> Any:  # noqa: ANN401 - JSON
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from _nodes(tree[key])


def _deep_json(rng: Random, content: bytes) -> bytes:
    depth = rng.choice([30, 500, 1000, 100_000])
    if rng.random() < 0.5:  # noqa: PLR2004 - either
        deep = b"[" * depth + b"]" * depth
        return content.replace(b'"KANARIE7351"', deep, 1)
    deep = b'{"type":"GeometryCollection","geometries":[' * depth + b"]}" * depth
    return content.replace(b'"geometry": {', b'"geometry": ' + deep + b', "g": {', 1)


def _other_crs(rng: Random, content: bytes) -> bytes:
    tree = json.loads(content)
    tree["crs"] = rng.choice(
        [
            {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs"}},
            {"type": "link", "properties": {"href": "file:///etc/hostname"}},
            {"type": "name", "properties": {"name": rng.choice(["EPSG:28992", "EPSG:0", "?", ""])}},
            {"type": "name", "properties": {"name": "/etc/hostname"}},
            None,
            {},
            "EPSG:3857",
        ]
    )
    return json.dumps(tree).encode()


def _other_door(rng: Random, content: bytes) -> bytes:
    """Write what another driver of GDAL would take for its own."""
    del content
    texts = (
        '<OGRVRTDataSource><OGRVRTLayer name="l"><SrcDataSource>/etc/hostname</SrcDataSource>',
        '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read t.geojson"}',
        '{"type": "Topology", "objects": {"a": {"type": "Polygon", "arcs": [[0]]}}, "arcs": []}',
        "buurtcode,inwoners\na,1\n",
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark/></kml>',
        '{"type": "FeatureCollection", "features": []}\n' * 3,
        '{"type": "FeatureCollection"}',
        "[]",
        "null",
    )
    return rng.choice(texts).encode()


def _odd_ring(rng: Random, content: bytes) -> bytes:
    tree = json.loads(content)
    rings = ([], [[]], [[4.9, 52.3]], [[4.9, 52.3], [4.91, 52.3]], [[1e308, -1e308]] * 4,
             [[4.9, 52.3], [4.9, 52.3], [4.9, 52.3], [4.9, 52.3]], [[4.9]] * 4, [[181, 91]] * 4,
             [[4.9, 52.3, 1, 2]] * 5, [[4.9, 52.3], [4.91, 52.31], [4.91, 52.3], [4.9, 52.31]],
             [[52.3, 4.9], [52.4, 4.9], [52.4, 5.0], [52.3, 4.9]])  # fmt: skip
    feature = rng.choice(tree["features"])
    kind = rng.choice(["Polygon", "MultiPolygon", "Point", "LineString", "Circle"])
    feature["geometry"] = {"type": kind, "coordinates": [rng.choice(rings)]}
    return json.dumps(tree).encode()


GEOJSON: tuple[Bytes, ...] = (
    _odd_json, _odd_json, _odd_json, _deep_json, _other_crs, _other_door, _odd_ring, _odd_ring,
)  # fmt: skip


# SQLite, of itself and as a GeoPackage.


def _statements(path: Path, *statements: tuple[str, tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA synchronous = OFF")
        _drop_triggers(database)
        for text, values in statements:
            database.execute(text, values)
        database.commit()


def _drop_triggers(database: sqlite3.Connection) -> None:
    """Triggers of a GeoPackage call functions that only GDAL has."""
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for (name,) in database.execute(query).fetchall():
        database.execute(f'DROP TRIGGER "{name}"')


STORED: tuple[Any, ...] = (
    None, "", "x", b"", b"\xff\x00", -1, 2**63 - 1, 1e308, float("inf"), "1e999", "x" * 1_000_000,
    "9999-99-99", "a\u0000b", 0, "999990019", "2025-07-09T25:00",
)  # fmt: skip


def _odd_values(table: str, columns: tuple[str, ...]) -> Spoil:
    def spoil(rng: Random, path: Path) -> None:
        for _ in range(rng.randint(1, 3)):
            to = f"UPDATE {table} SET {rng.choice(columns)} = ?"  # noqa: S608 - of this file
            part = rng.choice(["", " WHERE rowid % 2 = 0", " WHERE rowid = 3"])
            _statements(path, (to + part, (rng.choice(STORED),)))

    return spoil


def _no_text(rng: Random, path: Path) -> None:
    """Store text that is no text: SQLite does not look."""
    column = rng.choice(["dag", "naam"])
    _statements(path, (f"UPDATE stops SET {column} = CAST(x'ff41' AS TEXT)", ()))  # noqa: S608


def _as_view(rng: Random, path: Path) -> None:
    chosen = rng.choice(["x_rd, y_rd, dag, naam", "x_rd, y_rd, dag", "1 AS x_rd, y_rd, nosuch"])
    make = f"CREATE VIEW stops AS SELECT {chosen} FROM plain"  # noqa: S608 - of this file
    _statements(path, ("ALTER TABLE stops RENAME TO plain", ()), (make, ()))


def _as_nothing(rng: Random, path: Path) -> None:
    make = rng.choice(
        ["CREATE TABLE stops (x_rd)", "CREATE TABLE stops (x_rd, y_rd, dag, naam)",
         "CREATE VIRTUAL TABLE stops USING fts5(x_rd, y_rd, dag, naam)", "SELECT 1"]
    )  # fmt: skip
    _statements(path, ("DROP TABLE stops", ()), (make, ()))


def _schema(rng: Random, path: Path) -> None:
    """Write a schema by hand that fits nothing."""
    text = rng.choice(["", "CREATE TABLE stops (", "CREATE TABLE other (a)", "x" * 10_000])
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET sql = ? WHERE type = 'table'", (text,))
        database.commit()


DATABASE: tuple[Spoil, ...] = (
    _odd_values("stops", ("x_rd", "y_rd", "dag", "naam")), _odd_values("stops", ("dag",)),
    _no_text, _as_view, _as_nothing, _schema,
)  # fmt: skip


def _odd_blob(rng: Random, path: Path) -> None:
    """Spoil an outline as it is stored."""
    with closing(sqlite3.connect(path)) as database:
        [(blob,)] = database.execute("SELECT geom FROM t WHERE rowid = 1").fetchall()
    odd = rng.choice([b"", b"GP", None, base64.b64encode(blob), blob[: len(blob) // 2],
                      _flip(rng, blob), _zeros(rng, blob), blob * 2])  # fmt: skip
    _statements(path, ("UPDATE t SET geom = ? WHERE rowid = 1", (odd,)))


def _run_by_reading(rng: Random, path: Path) -> None:
    """Add a view, a virtual table or a trigger; or put a view in the place of the layer."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    _statements(
        path,
        *rng.choice(
            [
                (("CREATE VIEW other AS SELECT 1", ()),),
                (("CREATE VIRTUAL TABLE other USING fts5(a)", ()),),
                (("CREATE TRIGGER other AFTER INSERT ON t BEGIN DELETE FROM t; END", ()),),
                (
                    ("ALTER TABLE gpkg_contents RENAME TO plain", ()),
                    (f"CREATE VIEW gpkg_contents AS {endless}", ()),
                ),
                (("CREATE TABLE rtree_other (a)", ()), (f"CREATE VIEW v AS {endless}", ())),
            ]
        ),
    )


def _lying_catalogue(rng: Random, path: Path) -> None:
    text = rng.choice(
        ["UPDATE gpkg_contents SET table_name = 'none'", "DELETE FROM gpkg_geometry_columns",
         "UPDATE gpkg_contents SET srs_id = 4711", "DELETE FROM gpkg_spatial_ref_sys",
         "UPDATE gpkg_spatial_ref_sys SET definition = 'x', organization = 'y'",
         "UPDATE gpkg_geometry_columns SET geometry_type_name = 'x'", "DELETE FROM t",
         "UPDATE gpkg_geometry_columns SET column_name = 'naam'", "DELETE FROM gpkg_contents",
         "UPDATE gpkg_geometry_columns SET srs_id = -1", "UPDATE gpkg_contents SET data_type = 'x'"]
    )  # fmt: skip
    _statements(path, ("PRAGMA foreign_keys = OFF", ()), (text, ()))


GPKG: tuple[Spoil, ...] = (
    _odd_blob, _odd_blob, _run_by_reading, _lying_catalogue, _lying_catalogue,
    _odd_values("t", ("buurtcode", *FIGURES)),
)  # fmt: skip


# Contracts.


def _odd_yaml(rng: Random, content: bytes) -> bytes:
    """Change, lose or add a key somewhere in the tree."""
    tree = yaml.safe_load(content)
    for _ in range(rng.randint(1, 3)):
        node, key = rng.choice(list(_nodes(tree)))
        way = rng.choice(["change", "lose", "add"])
        if way == "change":
            node[key] = rng.choice(VALUES)
        elif way == "lose":
            del node[key]
        elif isinstance(node, dict):
            node[rng.choice(["x", "name", "role"])] = rng.choice(VALUES)
    return yaml.safe_dump(tree).encode("utf-8", "replace")


def _bomb(rng: Random, content: bytes) -> bytes:
    width, height = rng.randint(2, 9), rng.randint(2, 20)
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at + 1}: &a{at + 1} [{', '.join([f'*a{at}'] * width)}]" for at in range(height)]
    return "\n".join(lines).encode() + b"\n" + content


def _tags(rng: Random, content: bytes) -> bytes:
    tags = ("!!python/object/apply:os.system [exit 1]", "!!python/name:os.system", "!x y",
            "!!binary x", "!!set {a, b}", "!!timestamp x", "!!omap [a: b]")  # fmt: skip
    return content.replace(b"table: stops", f"table: {rng.choice(tags)}".encode(), 1)


def _keys_twice(rng: Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    return b"\n".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])


def _deep_yaml(rng: Random, content: bytes) -> bytes:
    depth = rng.choice([30, 100, 5000, 100_000])
    opened, closed = rng.choice([(b"[", b"]"), (b"{a: ", b"}"), (b"- ", b"")])
    return content + b"\nx: " + opened * depth + closed * depth


def _long_yaml(rng: Random, content: bytes) -> bytes:
    long = rng.choice([b"9" * 100_000, b"1" + b":59" * 50_000, b"x" * 300_000, b"\n" * 200_000])
    return content + b"\nx: " + long


CONTRACT: tuple[Bytes, ...] = (
    _odd_yaml, _odd_yaml, _odd_yaml, _bomb, _tags, _keys_twice, _deep_yaml, _long_yaml,
)  # fmt: skip

OF_KIND: dict[str, tuple[Spoil, ...]] = {
    "csv": tuple(map(_as_file, CSV)),
    "parquet": tuple(map(_as_file, PARQUET)),
    "geojson": tuple(map(_as_file, GEOJSON)),
    "gpkg": GPKG,
    "database": DATABASE,
    "contract": tuple(map(_as_file, CONTRACT)),
}


def spoil(rng: Random, kind: str, content: bytes) -> Path:
    """Write a spoiled source in a folder of its own; return where it stands."""
    path = Path(tempfile.mkdtemp()) / NAMES[kind]
    path.write_bytes(content)
    way = rng.random()
    if way < 0.05:  # noqa: PLR2004 - these say little more when there are more of them
        rng.choice(PLACES)(rng, path)
    elif way < 0.5:  # noqa: PLR2004 - as many of either
        _as_file(rng.choice(BYTES))(rng, path)
    else:
        rng.choice(OF_KIND[kind])(rng, path)
    return path
