"""Delimited text is cut where records end, whatever stands in them; Python's csv is the oracle."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cas_audit.ingest import delimited
from cas_audit.ingest.contract import Dialect
from cas_audit.ingest.faults import Broken

FIELD = st.text(alphabet='ab7é",;\n ', max_size=8)
ROWS = st.lists(st.tuples(st.just("1"), FIELD, FIELD), min_size=1, max_size=12)
PLAIN = Dialect()


def parse(path: Path, dialect: Dialect = PLAIN) -> list[tuple[str | None, ...]]:
    """Return the rows of the columns a and c."""
    header = delimited.read_header(path, dialect)
    parts = list(delimited.parse(path, dialect, header, ["a", "c"]))
    return list(zip(*pa.concat_tables(parts).to_pydict().values(), strict=True)) if parts else []


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, run_bytes=st.integers(1, 40), end=st.sampled_from(["\n", "\r\n"]))
def test_cut_anywhere_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, ...]],
    run_bytes: int,
    end: str,
) -> None:
    """Runs of any size never split a record, also where fields hold quotes and newlines."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end)
    writer.writerows([("a", "b", "c"), *rows])
    path = tmp_path_factory.mktemp("cut") / "t.csv"
    path.write_bytes(text.getvalue().encode())
    expected = [(a, c or None) for a, _, c in rows]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "RUN_BYTES", run_bytes)

        assert expected == parse(path)


def test_a_file_of_an_old_mac_is_read(tmp_path: Path) -> None:
    """Records may end with a carriage return alone."""
    (tmp_path / "t.csv").write_bytes(b"a,b,c\r1,x,2\r3,y,4\r")

    assert [("1", "2"), ("3", "4")] == parse(tmp_path / "t.csv")


def test_without_quotes_a_quote_is_a_character(tmp_path: Path) -> None:
    """A system that never quotes may write inches; with quotes the same file is refused."""
    (tmp_path / "t.csv").write_bytes(b'a,b,c\n1,5" pipe,2"\n')

    assert [("1", '2"')] == parse(tmp_path / "t.csv", Dialect(quotes=False))

    (tmp_path / "t.csv").write_bytes(b'a,b,c\n1,5" pipe,2\n')
    with pytest.raises(Broken, match="OpenQuote"):
        parse(tmp_path / "t.csv")


def test_a_fault_names_its_row_in_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are counted over all runs, the header as the first."""
    monkeypatch.setattr(delimited, "RUN_BYTES", 50)
    (tmp_path / "t.csv").write_bytes(b"a,b,c\n" + b"1,2,3\n" * 100 + b"1,2,3,4\n")
    with pytest.raises(Broken) as error:
        parse(tmp_path / "t.csv")

    assert error.value.said["row"] == 102


def test_two_refused_columns_may_share_a_name(tmp_path: Path) -> None:
    """Only what is admitted must be told apart."""
    (tmp_path / "t.csv").write_bytes(b"b,a,b,c\n0,1,0,2\n")

    assert [("1", "2")] == parse(tmp_path / "t.csv")


@pytest.mark.parametrize("what", ["LongHeader", "LongRecord"])
def test_what_never_ends_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A header or record without an end is not held in memory until that is full."""
    limits = {"LongHeader": "LONGEST_HEADER", "LongRecord": "LONGEST_RECORD"}
    monkeypatch.setattr(delimited, limits[what], 1000)
    monkeypatch.setattr(delimited, "RUN_BYTES", 100)
    start = b"a,b,c\n" if what == "LongRecord" else b""
    (tmp_path / "t.csv").write_bytes(start + b"x" * 5000)
    with pytest.raises(Broken, match=what):
        parse(tmp_path / "t.csv")
