"""PostgreSQL: what a real server is asked, what arrives, and what is said when it is not there.

The server is the one that CAS_AUDIT_POSTGRES names (a URL of a user that may make schemas and
roles), or one that is begun for these tests where its programs are installed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sql

from cas_audit import cli
from cas_audit.config import Source
from cas_audit.demo import prepare
from cas_audit.errors import ContractError, InputError
from cas_audit.files import tree
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.question import Ground, Question
from cas_audit.ingest.sources import Read, read_table

PASSWORD = "geheim-7351"  # noqa: S105 - of a server that lives as long as these tests
READER = "cas_audit_reader"
CANARY = "KANARIE"
GROUND = Ground(
    Grid("EPSG:28992", 125.0, 120_000.0, 486_000.0, 40, 40), np.zeros(1600, dtype=np.int32), ["BU1"]
)
QUESTION = Question.model_validate(
    {"themes": ["a"], "channels": ["brought"], "reference_date": "2026-01-05", "years": 5}
)
STOPS = load_contract("stops")


class Server(NamedTuple):
    """A server with a schema of our own, and its log where we began it ourselves."""

    url: sql.URL
    engine: sql.Engine
    log: Path | None = None
    since: int = 0

    @property
    def reader(self) -> str:
        """The URL of a user that may read what it is granted, and nothing else."""
        url = self.url.set(username=READER, password=PASSWORD)
        return url.render_as_string(hide_password=False)

    def run(self, *statements: str) -> None:
        """Run statements as the owner."""
        with self.engine.begin() as connection:
            for one in statements:
                connection.exec_driver_sql(one)

    def asked(self) -> list[str]:
        """Return the statements of this test, as the server logged them."""
        if not self.log:
            pytest.skip("the log of the server in CAS_AUDIT_POSTGRES is not ours to read")
        text = self.log.read_bytes()[self.since :].decode()
        return re.findall(r"(?:statement|execute [^:]*): (.*?)(?=\n\d{4}-|\Z)", text, re.DOTALL)


def begin(folder: Path) -> sql.URL:
    """Begin a server that listens on a socket in a folder; as root, as the user postgres."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL: set CAS_AUDIT_POSTGRES, or install its server")
    home, as_user = programs[-1].parent, list[str]()
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    secret, data = folder / "secret", folder / "data"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    made = f"{home}/initdb -D {data} -A scram-sha-256 -U owner --no-sync -E UTF8 --locale=C"
    how = f"-c listen_addresses= -k {folder} -c log_statement=all -c fsync=off"
    start = f"{home}/pg_ctl -D {data} -w -l {folder}/log start -o"
    for command in ([*made.split(), f"--pwfile={secret}"], [*start.split(), how]):
        subprocess.run([*as_user, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")
    return sql.URL.create(
        "postgresql+psycopg", "owner", PASSWORD, database="postgres", query={"host": str(folder)}
    )


def end(folder: Path) -> None:
    """End the server of a folder."""
    home = max(Path("/usr/lib/postgresql").glob("*/bin"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    stop = f"{home}/pg_ctl -D {folder}/data -m immediate stop"
    subprocess.run([*as_user, *stop.split()], check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture(scope="module")
def begun() -> Iterator[tuple[sql.URL, Path | None]]:
    """Return a server: that of the environment, or one of our own."""
    pytest.importorskip("psycopg")
    if "CAS_AUDIT_POSTGRES" in os.environ:
        yield sql.make_url(os.environ["CAS_AUDIT_POSTGRES"]), None
        return
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short
    try:
        url = begin(folder)
        try:
            yield url, folder / "log"
        finally:
            end(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(begun: tuple[sql.URL, Path | None]) -> Iterator[Server]:
    """Return a server with an empty schema `police` and a reader without rights on it."""
    url, log = begun
    engine = sql.create_engine(url)
    found = Server(url, engine, log, log.stat().st_size if log else 0)
    drop = "DROP SCHEMA IF EXISTS police CASCADE"
    found.run(
        drop,
        f"DROP ROLE IF EXISTS {READER}",
        f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'",
        "CREATE SCHEMA police",
        f"GRANT USAGE ON SCHEMA police TO {READER}",
    )
    yield found
    found.run(drop, f"DROP ROLE {READER}")
    engine.dispose()


def stops(server: Server, day: str = "date", rows: str = "", *, name: str = "stops") -> None:
    """Make a table of stops, of which the reader may read what the contract admits."""
    given = rows or "(121000.5, 487000.5, '2025-07-09', 'KANARIE')"
    server.run(
        f"CREATE TABLE police.{name} (x_rd numeric(9,1), y_rd double precision, dag {day}, "
        f"naam text)",
        f"INSERT INTO police.{name} VALUES {given}",  # noqa: S608 - of these tests
        f"GRANT SELECT (x_rd, y_rd, dag) ON police.{name} TO {READER}",
    )


def read(url: str, table: str = "police.stops", contract: Contract = STOPS) -> Read:
    """Read a table of a database."""
    source = Source.model_construct(path=None, database=url, table=table, contract="stops")
    return read_table(source, contract, QUESTION, GROUND)


def test_a_refused_column_is_never_asked_for(server: Server) -> None:
    """The reader has no right to it, and the server's log shows that it was not tried."""
    stops(server)
    found = read(server.reader)

    assert ["naam"] == found.offered.refused
    assert {"a name"} == set(found.offered.resembling.values())
    assert 1 == found.table["count"].sum()
    queries = [one for one in server.asked() if "FROM police.stops" in one]
    assert len(queries) == 1
    assert "naam" not in queries[0]


def test_a_table_comes_through_a_cursor_on_the_server(server: Server) -> None:
    """A table larger than memory is never asked for at once."""
    stops(server)
    server.run(
        "INSERT INTO police.stops SELECT 121000.5, 487000.5, '2025-07-09', '' "
        "FROM generate_series(2, 300000)"
    )
    found = read(server.reader)
    asked = server.asked()

    assert 300_000 == found.tally.offered
    assert [True] == ["CURSOR" in one for one in asked if "FROM police.stops" in one]
    assert len([one for one in asked if one.startswith("FETCH FORWARD")]) >= 2


def test_types_arrive_as_those_of_files_do(server: Server) -> None:
    """Numbers, days and nulls; what is not there is refused by its rule."""
    rows = (
        "(121000.5, 487000.5, '2025-07-09', ''), (NULL, 487000.5, '2025-07-09', ''), "
        "(121000.5, 'NaN', '2025-07-09', ''), (121000.5, 487000.5, NULL, '')"
    )
    stops(server, rows=rows)
    found = read(server.reader)

    assert 4 == found.tally.offered
    assert 1 == found.table["count"].sum()
    assert 2 == found.tally.refused["outside_the_areas"]
    assert 1 == found.tally.refused["no_readable_moment"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "2025-07-06T23:30"),
        ("varchar(30)", "2025-07-06 23:30:00"),
        ("timestamp", "2025-07-06 23:30"),
        ("timestamptz", "2025-07-06 21:30+00"),
    ],
)
def test_a_moment_is_read_on_the_clock_on_the_spot(server: Server, kind: str, value: str) -> None:
    """Half an hour before Monday in Amsterdam is Sunday, whatever the zone of the server."""
    late = "2025-07-06 22:30+00" if kind == "timestamptz" else "2025-07-07 00:30"
    stops(server, kind, f"(121000.5, 487000.5, '{value}', ''), (121000.5, 487000.5, '{late}', '')")
    contract = STOPS.model_copy(update={"time_zone": "Europe/Amsterdam"})
    found = read(server.reader, contract=contract)

    assert ["2025-06-30", "2025-07-07"] == found.table["week"].dt.strftime("%Y-%m-%d").to_list()


def test_instants_without_a_time_zone_are_refused(server: Server) -> None:
    """An hour or two off would move an incident to another shift, unseen."""
    stops(server, "timestamptz")

    with pytest.raises(ContractError, match=r"column dag holds moments in universal .* time_zone"):
        read(server.reader)


def test_the_digest_is_of_the_rows_in_whatever_order(server: Server) -> None:
    """Neither the collation, nor the zone of a session, nor the order on disk changes it."""
    days = ["2025-07-09", "2025-07-10", "2025-07-10", "a", "B", "á"]
    rows = [f"(121000.5, 487000.5, '{one}', '')" for one in days]
    for name, collation, given in (
        ("one", "C", rows),
        ("two", "nl-x-icu", rows[::-1]),
        ("three", "C", rows[:-1]),
    ):
        stops(server, f'text COLLATE "{collation}"', ", ".join(given), name=name)
    one, two, three = (
        read(server.reader, f"police.{name}").offered.content for name in ("one", "two", "three")
    )

    assert one == two
    assert one != three


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "niet-dit"}, "cannot be reached"),
        ({"query": {"host": "/nowhere"}}, "cannot be reached"),
        ({"query": {}, "host": "127.0.0.1", "port": 9}, "cannot be reached"),
        ({"drivername": "nosuchthing"}, "driver installed"),
    ],
)
def test_a_server_that_does_not_let_us_in(
    server: Server, change: dict[str, object], said: str
) -> None:
    """One sentence, in which neither URL nor password stands."""
    url = sql.make_url(server.reader).set(**change).render_as_string(hide_password=False)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=said) as error:
        read(url)

    assert "table police.stops" in str(error.value)
    assert not re.search(f"{PASSWORD}|niet-dit|{READER}|/nowhere|127", str(error.value))


def test_a_table_that_is_not_there_is_named(server: Server) -> None:
    """And nothing of where it was looked for."""
    with pytest.raises(InputError, match=r"^table police\.none cannot be read as a table") as error:
        read(server.reader, "police.none")

    assert PASSWORD not in str(error.value)


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """Return a small trial city."""
    prepare(tmp_path / "city", seed=9, side=32)
    (tmp_path / "city/feed/feed.json").unlink()
    return tmp_path / "city"


def move(server: Server, city: Path) -> Path:
    """Move the incidents of a city into the database; return the configuration that says so."""
    table = pd.read_csv(city / "feed/incidents.csv", dtype=str)
    table.to_sql("incidents", server.engine, schema="police", index=False)
    server.run(f"GRANT SELECT ON police.incidents TO {READER}")
    path, other = city / "configs/v2.yaml", city / "configs/database.yaml"
    known = 'database: "${POLICE_DB}", table: police.incidents'
    text = path.read_text().replace("path: ../feed/incidents.csv", known)
    other.write_text(text)
    return other


def test_a_database_gives_the_counts_that_its_file_gives(
    server: Server, city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the command, byte for byte; the password stands in no file that is left."""
    other = move(server, city)
    monkeypatch.setenv("POLICE_DB", server.reader)
    for name, config in (("file", city / "configs/v2.yaml"), ("table", other)):
        with pytest.raises(SystemExit) as ended:
            cli.main(["ingest", str(config), "--out", str(tmp_path / name)])

        assert not ended.value.code
    names = [name for name in tree(tmp_path / "table") if "data/" in name]
    left = [(tmp_path / "table" / name).read_bytes() for name in tree(tmp_path / "table")]

    assert len(names) > 3
    for name in names:
        assert (tmp_path / "file" / name).read_bytes() == (tmp_path / "table" / name).read_bytes()
    assert not [one for one in left if PASSWORD.encode() in one]


def test_a_wrong_password_ends_the_command_with_3(
    server: Server,
    city: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One sentence on the screen, and nothing left behind."""
    other = move(server, city)
    monkeypatch.setenv("POLICE_DB", server.reader.replace(PASSWORD, "verkeerd-99"))
    with pytest.raises(SystemExit) as ended:
        cli.main(["ingest", str(other), "--out", str(tmp_path / "out")])
    said = capfd.readouterr().err.strip()

    assert 3 == ended.value.code
    assert 1 == len(said.splitlines())
    assert "table police.incidents cannot be reached" in said
    assert not re.search(f"verkeerd|{READER}|postgresql", said)
    assert not (tmp_path / "out").exists()
