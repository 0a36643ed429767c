"""Readers: dialects and formats, names that nearly match, and refused values that never come in."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import geopandas  # noqa: TID251 - writes what the readers are tested on
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
import sqlalchemy

from cas_audit.config import Source
from cas_audit.errors import CasAuditError, ContractError, InputError
from cas_audit.ingest import sources
from cas_audit.ingest.contract import Contract, Dialect, load_contract
from cas_audit.ingest.formats import open_table
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.names import resembles
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.sources import Asked, Read, read_areas, read_table, read_tables

CANARY = "KANARIE"
SUSPECTS = load_contract("suspects")
TABLE = pd.DataFrame(
    {
        "x_rd": ["121000.5", "121001.5"],
        "naam": [f"{CANARY} é", CANARY],
        "y_rd": ["487000.5", "487001.5"],
        "aantal_verdachten": ["1", "2"],
    }
)


GRID = Grid("EPSG:28992", 125.0, 120_000.0, 486_000.0, 40, 40)
GROUND = Ground(GRID, np.zeros(1600, dtype=np.int32), ["BU1"])
QUESTION = Question(
    themes=["home_burglary"],
    channels=["brought"],
    reference_date=date(2026, 1, 5),
    years=5,
)


def read(path: Path, contract: Contract = SUSPECTS, ground: Ground = GROUND) -> Read:
    """Read a whole table."""
    source = Source(path=str(path), contract=contract.table)
    return read_table(source, contract, QUESTION, ground)


def admitted(path: Path, contract: Contract) -> dict[str, list[str]]:
    """Return the admitted columns as the child process reads them."""
    job = {"format": sources.FORMATS[path.suffix], "path": str(path)}
    return pa.concat_tables(open_table(job, contract).pieces).to_pydict()  # type: ignore[no-any-return]


def dialect(**changes: str) -> Contract:
    """Return the contract with another dialect."""
    return SUSPECTS.model_copy(update={"dialect": Dialect.model_validate(changes)})


WRITTEN: dict[str, tuple[Callable[[Path], object], Contract]] = {
    "plain": (lambda p: TABLE.to_csv(p, index=False), SUSPECTS),
    "semicolon": (lambda p: TABLE.to_csv(p, index=False, sep=";"), SUSPECTS),
    "tab": (lambda p: TABLE.to_csv(p, index=False, sep="\t"), SUSPECTS),
    "with BOM": (lambda p: TABLE.to_csv(p, index=False, encoding="utf-8-sig"), SUSPECTS),
    "Windows-1252": (
        lambda p: TABLE.to_csv(p, index=False, encoding="windows-1252", sep=";"),
        dialect(encoding="windows-1252"),
    ),
    "quoted newlines": (
        lambda p: TABLE.assign(naam=f"{CANARY}\n{CANARY}").to_csv(p, index=False),
        SUSPECTS,
    ),
    "other case, spaces and accents": (
        lambda p: TABLE.rename(
            columns={"x_rd": " X-RD ", "y_rd": "Ý RD", "aantal_verdachten": "Aantal verdachten"}
        ).to_csv(p, index=False),
        SUSPECTS,
    ),
    "refused bytes in another encoding": (
        lambda p: p.write_bytes(TABLE.to_csv(index=False).encode("utf-8").replace(b"\xc3", b"")),
        SUSPECTS,
    ),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_every_dialect_gives_the_same_table(tmp_path: Path, how: str) -> None:
    """Only the admitted columns, under the names of the contract, as text."""
    write, contract = WRITTEN[how]
    write(tmp_path / "t.csv")
    found = read(tmp_path / "t.csv", contract)
    plain = TABLE[["x_rd", "y_rd", "aantal_verdachten"]].to_dict("list")

    assert (["naam"], {"naam": "a name"}) == (found.offered.refused, found.offered.resembling)
    assert plain == admitted(tmp_path / "t.csv", contract)
    assert {"cell": [328], "suspects": [3.0]} == found.table.to_dict("list")


def test_a_large_file_comes_in_pieces(tmp_path: Path) -> None:
    """No piece holds the whole; together they hold every row once and in order."""
    rows = 600_000
    wide = pd.DataFrame({"x_rd": np.arange(rows), "y_rd": 1, "aantal_verdachten": 1, "naam": "x"})
    wide.to_csv(tmp_path / "t.csv", index=False)
    wide.to_parquet(tmp_path / "t.parquet", index=False)
    for name in ("t.csv", "t.parquet"):
        job = {"format": name[2:], "path": str(tmp_path / name)}
        parts = [
            piece["x_rd"].cast("int64").to_pylist() for piece in open_table(job, SUSPECTS).pieces
        ]

        assert max(map(len, parts)) < rows
        assert list(range(rows)) == [one for part in parts for one in part]


def test_a_fault_early_in_a_long_file_is_named_while_the_rest_is_read_ahead(tmp_path: Path) -> None:
    """The reader ends at once, so that no thread of its own is cut short with words of its own."""
    path = tmp_path / "t.csv"
    row = f"121000.5,{CANARY},487000.5,1\n"
    header = "x_rd,naam,y_rd,aantal_verdachten\n"
    path.write_text(header + row * 9 + f"{CANARY},1\n" + row * 600_000)
    for _ in range(3):
        with pytest.raises(InputError) as error:
            read(path)

        assert f"{path} cannot be read as csv at row 11 (ArrowInvalid)." == str(error.value)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".geoparquet"])
def test_areas_of_every_format(tmp_path: Path, suffix: str) -> None:
    """Outlines and admitted fields; the rest is named and not read."""
    contract = load_contract("areas")
    figures = {one.name: ["1", "2"] for one in contract.columns}
    outlines = [shapely.box(4.9, 52.3, 5.0, 52.4), shapely.box(5.0, 52.3, 5.1, 52.4)]
    written = geopandas.GeoDataFrame({**figures, "naam": CANARY}, geometry=outlines, crs=4326)
    path = tmp_path / f"a{suffix}"
    written.to_parquet(path) if "parquet" in suffix else written.to_file(path)
    areas, offered = read_areas(
        Source(path=str(tmp_path / f"a{suffix}"), contract="areas"), contract
    )

    assert "naam" in offered.refused
    assert set(figures) | {"geometry"} == set(areas.columns)
    assert outlines == areas.geometry.normalize().tolist() or all(
        one.equals(other) for one, other in zip(outlines, areas.geometry, strict=True)
    )


FIELDS = {one.name: 1 for one in load_contract("areas").columns}
DOORS = {
    "other files": '<OGRVRTDataSource><OGRVRTLayer name="other"><SrcDataSource>other.geojson'
    "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
    "a pipeline": '{"type": "gdal_streamed_alg", '
    '"command_line": "gdal vector pipeline ! read other.geojson"}',
}


@pytest.mark.parametrize("door", DOORS)
def test_areas_open_no_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """A text that GDAL would take for another format is refused, whatever it is called."""
    monkeypatch.chdir(tmp_path)
    other = geopandas.GeoDataFrame([FIELDS], geometry=[shapely.box(4, 52, 5, 53)], crs=4326)
    other.to_file(tmp_path / "other.geojson")
    (tmp_path / "a.geojson").write_text(DOORS[door])

    with pytest.raises(InputError, match=r"a\.geojson cannot be read as geojson"):
        read_areas(Source(path=str(tmp_path / "a.geojson"), contract=""), load_contract("areas"))


class Listener(BaseHTTPRequestHandler):
    """Notes every request."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Note the path."""
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("no_proxy", ["", "*"])
def test_areas_fetch_no_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    """A GeoJSON may name its CRS by a link; nothing is asked for it."""
    monkeypatch.setenv("no_proxy", no_proxy)
    path = tmp_path / "a.geojson"
    areas = geopandas.GeoDataFrame([FIELDS], geometry=[shapely.box(4, 52, 5, 53)])
    tree = json.loads(areas.to_json())
    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        link = {"href": f"http://127.0.0.1:{server.server_port}/crs"}
        path.write_text(json.dumps({**tree, "crs": {"type": "link", "properties": link}}))
        read_areas(Source(path=str(path), contract=""), load_contract("areas"))
        server.shutdown()

    assert [] == Listener.asked


def test_a_geopackage_with_a_view_is_refused(tmp_path: Path) -> None:
    """Reading a view runs what it says, which may be without end."""
    path = tmp_path / "a.gpkg"
    geopandas.GeoDataFrame([FIELDS], geometry=[shapely.box(4, 52, 5, 53)], crs=4326).to_file(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE VIEW other AS SELECT 1")

    with pytest.raises(InputError, match=r"a\.gpkg cannot be read as gpkg \(a view"):
        read_areas(Source(path=str(path), contract=""), load_contract("areas"))


LATE = "2025-07-06T22:30:00"  # Monday half past midnight in Amsterdam


@pytest.mark.parametrize(
    ("moments", "zone", "week"),
    [
        (pd.Series([f"{LATE}Z"]), "Europe/Amsterdam", "2025-07-07"),
        (pd.Series([f"{LATE}+00:00"]), "Europe/Amsterdam", "2025-07-07"),
        (pd.Series([LATE]), "Europe/Amsterdam", "2025-06-30"),
        (pd.to_datetime([f"{LATE}Z"]), "Europe/Amsterdam", "2025-07-07"),
        (pd.to_datetime([f"{LATE}Z"]).tz_convert("Europe/Amsterdam"), None, "2025-07-07"),
        (pd.to_datetime([LATE]), None, "2025-06-30"),
    ],
)
def test_a_moment_is_read_on_the_clock_on_the_spot(
    tmp_path: Path, moments: Any, zone: str | None, week: str
) -> None:
    """What is told in universal time goes by the time zone of the contract."""
    table = STOPS[:1].assign(dag=moments)
    table.to_parquet(tmp_path / "t.parquet", index=False)
    contract = load_contract("stops").model_copy(update={"time_zone": zone})
    found = read(tmp_path / "t.parquet", contract)

    assert [week] == found.table["week"].dt.strftime("%Y-%m-%d").to_list()


def test_universal_time_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    """The shift of an incident would be wrong by an hour or two, unseen."""
    table = STOPS[:1].assign(dag=pd.to_datetime([f"{LATE}Z"]))
    table.to_parquet(tmp_path / "t.parquet", index=False)

    with pytest.raises(ContractError, match=r"t\.parquet: column dag .* time_zone"):
        read(tmp_path / "t.parquet", load_contract("stops"))


SPOILED: dict[str, tuple[bytes, type[CasAuditError], str]] = {
    "empty": (b"", CasAuditError, "t.csv"),
    "header only": (b"x_rd,y_rd,aantal_verdachten,naam\n", InputError, "holds no rows"),
    "a header that is data": (
        f"{CANARY},1,2,3\n1,2,3,4\n".encode(),
        ContractError,
        "no column x_rd",
    ),
    "a column twice": (
        b"X RD,y_rd,x-rd,aantal_verdachten\n1,2,3,4\n",
        ContractError,
        "more than one column stands for x_rd",
    ),
    "a column twice, exactly": (
        b"x_rd,x_rd,y_rd,aantal_verdachten\n1,2,3,4\n",
        ContractError,
        "more than one column stands for x_rd",
    ),
    "a row too long": (
        f"x_rd,y_rd,aantal_verdachten,naam\n1,2,3,4\n1,2,3,{CANARY},{CANARY}\n".encode(),
        InputError,
        r"at row 3 \(ArrowInvalid\)",
    ),
    "a row too long, late": (
        b"x_rd,y_rd,aantal_verdachten,naam\n"
        + b"1,2,3,nobody here at all\n" * 500_000
        + f"1,2,3,{CANARY},{CANARY}\n".encode(),
        InputError,
        r"at row 500002 \(ArrowInvalid\)",
    ),
    "an open quote": (
        f'x_rd,y_rd,aantal_verdachten,naam\n1,2,3,"{CANARY}\n1,2,3,x\n'.encode(),
        InputError,
        "OpenQuote",
    ),
    "not text": (bytes(range(256)) * 20, CasAuditError, "t.csv"),
    "admitted bytes in another encoding": (
        "x_rd,y_rd,aantal_verdachten,naam\né,2,3,x\n".encode("windows-1252"),
        InputError,
        r"at row 2, column 1 \(ArrowInvalid\)",
    ),
}


@pytest.mark.parametrize("how", SPOILED)
def test_spoiled_files_are_refused_whole(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], how: str
) -> None:
    """One sentence with the file and the kind of fault; what the file holds is not repeated."""
    content, kind, said = SPOILED[how]
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(kind, match=said) as error:
        read(path)
    printed = capfd.readouterr()

    assert "t.csv" in str(error.value)
    assert CANARY not in str(error.value) + printed.out + printed.err
    assert error.value.__cause__ is None


def in_memory(path: Path, *looked_for: str) -> list[int]:
    """Read a file in a new process, which then counts texts in all of its own memory."""
    parts = [[text[:3], text[3:]] for text in looked_for]  # the whole text is in no memory of ours
    program = f"""
import json
from datetime import date
from pathlib import Path
import numpy as np
from cas_audit.config import Source
from cas_audit.ingest.contract import load_contract
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.sources import read_table
question = Question(themes=["home_burglary"], channels=["brought"],
                    reference_date=date(2026, 1, 5), years=5)
ground = Ground(Grid("EPSG:28992", 125.0, 120000.0, 486000.0, 40, 40),
                np.zeros(1600, dtype=np.int32), ["BU1"])
read = read_table(Source(path={str(path)!r}, contract="stops"), load_contract("stops"),
                  question, ground)
counts = [int(read.table["count"].sum())]
for part in json.loads({json.dumps(json.dumps(parts))}):
    counts.append(0)
    with open("/proc/self/mem", "rb", 0) as memory:
        for line in Path("/proc/self/maps").read_text().splitlines():
            start, end = (int(one, 16) for one in line.split()[0].split("-"))
            if " rw" not in line or "[v" in line:
                continue
            memory.seek(start)
            try:
                held = memory.read(end - start)
            except OSError:
                continue
            at = held.find(part[0].encode())
            while at >= 0:
                counts[-1] += held[at + 3 : at + 3 + len(part[1])] == part[1].encode()
                at = held.find(part[0].encode(), at + 1)
            del held
print(json.dumps(counts))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    found: list[int] = json.loads(done.stdout)
    return found


def test_no_refused_or_exact_value_is_in_the_memory_of_the_process(tmp_path: Path) -> None:
    """Neither a refused name nor the place and moment of an admitted row ever were in it."""
    rows = 20_000
    wide = pd.DataFrame(
        {
            "x_rd": np.full(rows, "121017.3"),
            "y_rd": "487113.9",
            "dag": "2025-07-09T13:47",
            "naam": [f"{CANARY}-{row}" for row in range(rows)],
        }
    )
    wide.to_csv(tmp_path / "t.csv", index=False)
    found = in_memory(tmp_path / "t.csv", f"{CANARY}-1", "121017.3", "487113.9", "T13:47")

    assert [rows, 0, 0, 0, 0] == found


STOPS = pd.DataFrame(
    {
        "x_rd": [121_000.5] * 7,
        "y_rd": [487_000.5] * 7,
        "dag": ["2025-07-09"] * 4 + ["2018-07-09", "2026-02-01", "mei"],
        "leeftijd": [17, 18, 24, 200, 30, 30, 30],
    }
)


def with_age() -> Contract:
    """Return the contract for stops with the age of the person checked."""
    plain = load_contract("stops")
    age = plain.columns[0].model_copy(update={"name": "leeftijd", "role": "age", "type": "integer"})
    return plain.model_copy(update={"columns": [*plain.columns, age]})


def test_an_age_leaves_as_a_band_and_a_day_as_a_week(tmp_path: Path) -> None:
    """What is too old, too new or impossible is told apart."""
    STOPS.to_csv(tmp_path / "t.csv", index=False)
    found = read(tmp_path / "t.csv", with_age())

    assert {"12-17": 1.0, "18-24": 2.0} == dict(
        zip(found.table["age_band"], found.table["count"], strict=True)
    )
    assert ["2025-07-07"] == found.table["week"].dt.strftime("%Y-%m-%d").unique().tolist()
    assert {
        "outside_the_areas": 0,
        "no_readable_moment": 1,
        "older_than_retention": 1,
        "no_possible_age": 1,
    } == found.tally.refused
    assert found.tally.left_out == {"not_before_the_reference_date": 1}
    assert found.tally.areas[0].offered == 7
    assert found.tally.areas[0].refused["older_than_retention"] == 1
    assert found.tally.areas[0].admitted == 3


def test_a_record_removed_from_use_is_refused(tmp_path: Path) -> None:
    """Wpg 14: what was removed is kept for complaints alone."""
    plain = load_contract("stops")
    day = plain.columns[2].model_copy(update={"name": "verwijderd", "role": "removed"})
    contract = plain.model_copy(update={"columns": [*plain.columns, day]})
    STOPS[:3].assign(verwijderd=["2025-12-01", "2026-12-01", ""]).to_csv(
        tmp_path / "t.csv", index=False
    )
    found = read(tmp_path / "t.csv", contract)

    assert found.tally.refused["removed_from_use"] == 1
    assert found.table["count"].sum() == 2


def in_database(folder: Path, name: str) -> str:
    """Write the stops into a database with a refused column, and return its URL."""
    url = f"sqlite:///{folder / 'police.db'}"
    engine = sqlalchemy.create_engine(url)
    STOPS[:3].assign(naam=CANARY).to_sql(name, engine, index=False)
    engine.dispose()
    return url


def test_a_database_is_asked_for_the_admitted_columns_only(tmp_path: Path) -> None:
    """The query names them; the counts and the digest are those of what it gave."""
    url = in_database(tmp_path, "stops")
    source = Source.model_construct(path=None, database=url, table="stops", contract="stops")
    found = read_table(source, load_contract("stops"), QUESTION, GROUND)
    again = read_table(source, load_contract("stops"), QUESTION, GROUND)
    asked: list[str] = []
    sqlalchemy.event.listen(
        sqlalchemy.Engine, "before_cursor_execute", lambda *told: asked.append(told[2])
    )
    job = {"format": "database", "database": url, "table": "stops"}
    list(open_table(job, load_contract("stops")).pieces)
    asked = [one for one in asked if one.startswith("SELECT")]

    assert ["leeftijd", "naam"] == found.offered.refused
    assert found.table["count"].sum() == 3
    assert len(str(found.offered.content)) == 64
    assert found.offered.content == again.offered.content
    assert 1 == len(asked)
    assert "naam" not in asked[0]


def test_a_database_that_fails_is_named_without_its_url(tmp_path: Path) -> None:
    """A URL can hold a password."""
    url = f"sqlite:///{tmp_path}/secret-{CANARY}/none.db"
    source = Source.model_construct(path=None, database=url, table="stops", contract="stops")

    with pytest.raises(InputError, match="database of table stops cannot be reached") as error:
        read_table(source, load_contract("stops"), QUESTION, GROUND)
    assert CANARY not in str(error.value)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """SQLite would make an empty one."""
    url = f"sqlite:///{tmp_path}/none.db"
    source = Source.model_construct(path=None, database=url, table="stops", contract="stops")

    with pytest.raises(InputError, match="cannot be reached"):
        read_table(source, load_contract("stops"), QUESTION, GROUND)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("B.S.N.", "a citizen service number"),
        ("Burgerservicenumer", "a citizen service number"),
        ("nationaliteyt", "nationality"),
        ("E-Mail", "an e-mail address"),
        ("geb_datum_geboorte", "birth"),
        ("x_rd", None),
        ("buurtcode", None),
        ("pleegmoment", None),
    ],
)
def test_a_near_miss_of_a_forbidden_name_is_seen(name: str, said: str | None) -> None:
    """In whatever spelling."""
    assert said == resembles(name)


def test_a_column_name_that_looks_like_an_identifier_is_withheld(tmp_path: Path) -> None:
    """A header can be data; the receipt can be shown to anyone."""
    TABLE.rename(columns={"naam": "iemand@example.org"}).to_csv(tmp_path / "t.csv", index=False)
    found = read(tmp_path / "t.csv").offered

    assert ([], 1) == (found.refused, found.withheld_names)


def together(*paths: Path) -> list[Read]:
    """Read several tables of suspects in one child."""
    asked = [
        Asked(Source(path=str(path), contract="suspects"), SUSPECTS, QUESTION) for path in paths
    ]
    return read_tables(asked, GROUND)


def test_several_tables_share_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is what it would be alone, in the order asked; one child was begun."""
    TABLE.to_csv(tmp_path / "a.csv", index=False)
    TABLE[:1].to_csv(tmp_path / "b.csv", index=False)
    begun: list[object] = []
    start = subprocess.run

    def count(*args: Any, **more: Any) -> "subprocess.CompletedProcess[bytes]":
        begun.append(args)
        return start(*args, **more)

    monkeypatch.setattr(subprocess, "run", count)
    found = together(tmp_path / "a.csv", tmp_path / "b.csv")

    assert 1 == len(begun)
    assert [3.0, 1.0] == [float(one.table["suspects"].sum()) for one in found]
    assert [2, 1] == [one.tally.offered for one in found]


def test_the_table_that_is_wrong_is_named_among_several(tmp_path: Path) -> None:
    """By its own path, whichever stands before it."""
    TABLE.to_csv(tmp_path / "a.csv", index=False)
    TABLE[:0].to_csv(tmp_path / "b.csv", index=False)

    with pytest.raises(InputError) as error:
        together(tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "a.csv")
    assert f"{tmp_path / 'b.csv'} holds no rows; expected at least one." == str(error.value)


def test_a_child_that_dies_is_known_by_the_table_it_was_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which one it begins; when it says no more, that one is named."""
    paths = [tmp_path / f"{name}.csv" for name in "ab"]
    for path in paths:
        TABLE.to_csv(path, index=False)
    died = subprocess.CompletedProcess([], -9, b"", b"\nbegun\nhm\n\nbegun\nkilled")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: died)

    with pytest.raises(InputError) as error:
        together(*paths)
    assert f"{paths[1]} cannot be read as csv (the reader ended with -9)." == str(error.value)
