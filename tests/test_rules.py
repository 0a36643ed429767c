"""The rules of the gate where no other test would fail (`benchmarks/broken_rules.py` says so)."""

import io
import json
import sys
from datetime import date
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cas_audit.config import Source
from cas_audit.errors import InputError
from cas_audit.ingest import worker
from cas_audit.ingest.coarse import Counter
from cas_audit.ingest.contract import Contract, load_contract
from cas_audit.ingest.question import Question
from cas_audit.ingest.sources import read_table
from tests.test_sources import CANARY, GROUND, SUSPECTS, read

STOPS = load_contract("stops")


def spoil_column(path: Path, name: str) -> None:
    """Spoil the pages of one column of a Parquet file, of every row group."""
    groups = pq.ParquetFile(path).metadata
    content = bytearray(path.read_bytes())
    for number in range(groups.num_row_groups):
        group = groups.row_group(number)
        columns = [group.column(at) for at in range(group.num_columns)]
        chunk = next(one for one in columns if one.path_in_schema == name)
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        for at in range(start, start + chunk.total_compressed_size):
            content[at] ^= 0xFF
    path.write_bytes(bytes(content))


def write_groups(path: Path) -> None:
    """Write suspects in two row groups, with a refused column."""
    rows = 40
    wide = {"x_rd": [121_000.5] * rows, "y_rd": [487_000.5] * rows, "naam": [CANARY] * rows}
    pq.write_table(pa.table({**wide, "aantal_verdachten": [1] * rows}), path, row_group_size=20)


def test_a_refused_column_of_a_parquet_file_is_not_even_opened(tmp_path: Path) -> None:
    """Its pages can be spoiled: what nobody reads cannot fail."""
    path = tmp_path / "t.parquet"
    write_groups(path)
    spoil_column(path, "naam")

    assert read(path).table["suspects"].to_list() == [40.0]
    with pytest.raises(OSError, match=r".*"):
        pq.read_table(path, columns=["naam"])


def test_a_broken_row_group_is_named_with_its_column(tmp_path: Path) -> None:
    """The place, and no value."""
    path = tmp_path / "t.parquet"
    write_groups(path)
    spoil_column(path, "aantal_verdachten")

    with pytest.raises(InputError, match="at row group 1, column aantal_verdachten"):
        read(path)


def test_an_error_that_quotes_the_source_is_told_by_its_kind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever a library says of a row that it trips over, the child repeats its kind alone."""

    def trip(*_: object) -> NoReturn:
        message = f"cannot convert {CANARY} to a number"
        raise ArithmeticError(message)

    job = {"task": "areas", "contract": STOPS.model_dump(mode="json")}
    request = {"jobs": [job], "progress": None}
    monkeypatch.setattr(worker, "open_table", trip)
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(request).encode() + b"\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(SystemExit):
        worker.main()

    begun, said = capsys.readouterr().err.split(maxsplit=1)

    assert "begun" == begun
    assert {"kind": "broken", "error": "ArithmeticError"} == json.loads(said)


def test_a_name_in_free_text_is_refused(tmp_path: Path) -> None:
    """Only free text is searched for names; a code that is a word is let through."""
    why = {"nl": "nodig om x", "en": "needed for x"}
    plain = load_contract("stops").model_dump(mode="json")
    theme = {**plain["columns"][0], "name": "soort", "role": "theme", "coarsened_to": "none"}
    free = {**theme, "type": "free_text", "why": why, "unmapped": "leave_out"}
    contract = Contract.model_validate({**plain, "columns": [*plain["columns"], free]})
    stop = {"x_rd": "121000.5", "y_rd": "487000.5", "dag": "2025-07-09"}
    rows = [{**stop, "soort": text} for text in ("mevrouw Van den Berg", "te voet", "te voet")]
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)

    assert read(tmp_path / "t.csv", contract).tally.refused["looks_like_name"] == 1


def test_a_shift_is_eight_hours() -> None:
    """Nothing finer leaves the gate."""
    hours = [0, 7, 8, 15, 16, 23]
    moment = np.array([f"2025-01-08T{hour:02d}:59" for hour in hours], dtype="datetime64[m]")
    counter = Counter(["drugs"], ["brought"])
    counter.add(np.arange(6), moment, np.zeros(6, dtype=int), np.zeros(6, dtype=int))

    assert counter.table()["shift"].to_pylist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("year", [1995, 2090])
def test_age_is_measured_against_the_reference_date(tmp_path: Path, year: int) -> None:
    """Whatever the clock says: records of long ago are young in an audit of long ago."""
    days = [f"{year - 2}-06-01", f"{year - 4}-06-01", f"{year - 9}-06-01"]
    stop = {"x_rd": "121000.5", "y_rd": "487000.5"}
    pd.DataFrame([{**stop, "dag": day} for day in days]).to_csv(tmp_path / "t.csv", index=False)
    question = Question(themes=[], channels=[], reference_date=date(year, 1, 5), years=5)
    source = Source(path=str(tmp_path / "t.csv"), contract="stops")
    found = read_table(source, STOPS, question, GROUND)

    assert (found.tally.admitted, found.tally.refused["older_than_retention"]) == (2, 1)


def test_a_refused_column_is_named_on_the_receipt(tmp_path: Path) -> None:
    """Of every format that has columns."""
    write_groups(tmp_path / "t.parquet")

    assert read(tmp_path / "t.parquet", SUSPECTS).offered.refused == ["naam"]
